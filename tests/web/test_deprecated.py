# SPDX-License-Identifier: Apache-2.0
"""ApiGuardDeprecated: Deprecation, Sunset and Link on answers of every kind, and 410 after the sunset."""

import shutil
import time
from email.utils import formatdate

import pytest

from support.backend import Backend
from support.fields import limits
from support.problem import assert_refused

SUNSET = "Tue, 31 Dec 2069 00:00:00 GMT"
ENDED = "Tue, 31 Dec 2024 00:00:00 GMT"
LINK = ('</docs>; rel="deprecation", </docs>; rel="sunset", '
        '<https://api.example.org/v2>; rel="successor-version"')
LATER = "ApiGuardDeprecated since=2026-07-01 sunset=2069-12-31 link=/docs successor=https://api.example.org/v2\n"
PAST = "ApiGuardDeprecated since=2024-07-01 sunset=2024-12-31 link=/docs successor=https://api.example.org/v2\n"
GUARD = "AuthType ApiGuard\nAuthName x\nRequire valid-user\n"
SECTIONS = {
    "plain": LATER,
    "plain/inner": "ApiGuardDeprecated since=2025-01-01",
    "plain/off": "ApiGuardDeprecated off",
    "quiet": "ApiGuardDeprecated since=2025-01-01\nRedirect /s/quiet/moved http://elsewhere.example/",
    "quiet/basic": 'AuthType Basic\nAuthName x\nAuthUserFile "{root}/users"\nRequire valid-user',
    "quiet/denied": "Require all denied",
    "guarded": LATER + GUARD,
    "limited": LATER + "ApiGuardRateLimit 1/day by=ip",
    "app": LATER + 'Header onsuccess set Deprecation "true"\nHeader always set Sunset "never"\n'
                   'Header onsuccess add Link "</style.css>; rel=preload"',
    "moved": LATER + 'Redirect permanent "/s/moved/" "http://elsewhere.example/"',
    "page": LATER + "ErrorDocument 404 /s/page/hello.html",
    "httpd": LATER + GUARD + "ApiGuardErrors httpd\nErrorDocument 401 /s/plain/hello.html",
    "gone": PAST,
    "gone/back": "ApiGuardDeprecated off",
    "first-second": "ApiGuardDeprecated since=1970-01-01 sunset=1970-01-01",
    "gone-guarded": PAST + GUARD + "ApiGuardRateLimit 0/day",
    "gone-scope": PAST + GUARD.replace("valid-user", "api-scope admin"),
    "gone-any": PAST + GUARD + "Satisfy Any\nRequire all granted",
    "gone-basic": PAST + 'AuthType Basic\nAuthName x\nAuthUserFile "{root}/users"\nRequire valid-user',
    "gone-early": PAST + "ApiGuardRateLimit 1/day by=ip\nApiGuardConcurrency 1 by=ip",
    "gone-httpd": PAST + "ApiGuardErrors httpd\nErrorDocument 410 /ended.html",
}
PROXIED = "".join(f'<Location "/p/{name}/">\n{lines}\nProxyPass "http://127.0.0.1:{{backend}}/"\n</Location>\n'
                  for name, lines in (("later", LATER), ("gone", PAST)))
CONF = ("".join(f'<Location "/s/{name}/">\n{lines}\n</Location>\n' for name, lines in SECTIONS.items()) + PROXIED
        + '<Directory "{root}/htdocs/tenant">\nAllowOverride AuthConfig\n</Directory>\n'
        + f'<Directory "{{root}}/htdocs/ends">\nAllowOverride AuthConfig\n{LATER}</Directory>\n')


@pytest.fixture(scope="module")
def web(make_httpd):
    backend = Backend()
    server = make_httpd(CONF, modules=("proxy", "proxy_http", "headers", "alias", "auth_basic", "authn_file",
                                       "access_compat"),
                        words={"backend": backend.port},
                        files={**{f"api/{name}/hello.html": "hello\n" for name in ("inner", "off", "back")},
                               "ended.html": "ended\n", "tenant/hello.html": "hello\n", "ends/hello.html": "hello\n"})
    server.backend = backend
    yield server
    backend.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


def fields(answer):
    return {name: answer.all(name) for name in ("Deprecation", "Sunset", "Link")}


def told(answer, sunset=SUNSET):
    """All three fields, once each."""
    since = {SUNSET: "@1782864000", ENDED: "@1719792000"}[sunset]
    assert fields(answer) == {"Deprecation": [since], "Sunset": [sunset], "Link": [LINK]}, answer
    return answer


def gone(answer):
    body = assert_refused(told(answer, ENDED), "gone")
    assert body["detail"] == (f"It ended on {ENDED}; its successor is https://api.example.org/v2; see /docs")
    return answer


def nothing(answer):
    assert fields(answer) == {"Deprecation": [], "Sunset": [], "Link": []}, answer
    return answer


def test_the_fields(web):
    assert told(web.get("/s/plain/hello.html")).status == 200
    assert told(web.request("HEAD", "/s/plain/hello.html")).status == 200
    assert nothing(web.get("/hello.html")).status in (200, 404)


def test_an_inner_section_replaces_it(web):
    assert fields(web.get("/s/plain/inner/hello.html")) == {"Deprecation": ["@1735689600"], "Sunset": [], "Link": []}
    assert nothing(web.get("/s/plain/off/hello.html")).status == 200
    assert nothing(web.get("/s/gone/back/hello.html")).status == 200


def test_refusals_tell_it(web, key):
    assert_refused(told(web.get("/s/guarded/hello.html")), "credential_missing")
    assert_refused(told(web.get("/s/guarded/hello.html", key="no-key")), "key_invalid")
    assert told(web.get("/s/guarded/hello.html", key=key)).status == 200
    assert told(web.get("/s/limited/hello.html")).status == 200
    assert_refused(told(web.get("/s/limited/hello.html")), "rate_exceeded")


@pytest.mark.parametrize("path, status", [
    ("/s/plain/no-such-file", 404), ("/s/moved/x", 301), ("/s/page/no-such-file", 404), ("/s/httpd/x", 401)])
def test_httpd_s_own_errors_tell_it(web, path, status):
    """Also where an ErrorDocument of a deprecated section answers: each field once."""
    assert told(web.get(path)).status == status


@pytest.mark.parametrize("path, status", [("no-such-file", 404), ("moved", 302), ("basic/x", 401), ("denied/x", 403)])
def test_errors_where_nothing_is_checked(web, path, status):
    """By modules of httpd's own, in a section that has no end."""
    answer = web.get("/s/quiet/" + path)
    assert (answer.status, answer.all("Deprecation")) == (status, ["@1735689600"])


def test_what_the_application_says(web):
    """Its dates are replaced, its links are its own."""
    answer = web.get("/s/app/hello.html")
    assert answer.all("Deprecation") == ["@1782864000"]
    assert answer.all("Sunset") == [SUNSET]
    assert sorted(answer.all("Link")) == sorted([LINK, "</style.css>; rel=preload"])


def test_an_answer_that_has_not_changed(web):
    tag = web.get("/s/plain/hello.html").header("ETag")
    assert told(web.get("/s/plain/hello.html", headers={"If-None-Match": tag})).status == 304


def test_a_proxied_answer(web):
    assert told(web.get("/p/later/hello")).status == 200


CACHED = """
CacheQuickHandler off
CacheEnable disk /
CacheRoot {root}/cache
CacheHeader on
<Location "/p/">
    ProxyPass "http://127.0.0.1:{backend}/"
""" + LATER + "</Location>\n"


def test_a_cache_tells_it_once(own_httpd, backend):
    """Regression: in a 304 from the cache the link stood twice."""
    backend.extra[:] = [("Cache-Control", "max-age=60"), ("ETag", '"1"')]
    web = own_httpd(CACHED, modules=("proxy", "proxy_http", "cache", "cache_disk"), words={"backend": backend.port},
                    start=False)
    web.dir.mkdir("cache")
    if web.user:
        shutil.chown(web.dir.join("cache"), *web.user)
    web.start()
    for held, status, by in (None, 200, "MISS"), (None, 200, "HIT"), ('"1"', 304, "HIT"):
        answer = told(web.get("/p/x", headers={"If-None-Match": held} if held else {}))
        assert answer.status == status and answer.header("X-Cache").startswith(by)


def test_after_the_sunset(web):
    gone(web.get("/s/gone/hello.html"))
    gone(web.get("/s/gone/no-such-file"))
    gone(web.request("POST", "/s/gone/hello.html", body="x"))
    head = told(web.request("HEAD", "/s/gone/hello.html"), ENDED)
    assert (head.status, head.text) == (410, "")


def test_no_end_is_too_early(web):
    """Regression: the first second of all was taken for no end."""
    assert_refused(web.get("/s/first-second/hello.html"), "gone")


def test_the_application_never_sees_it(web):
    before = len(web.backend.seen)
    gone(web.get("/p/gone/hello"))
    assert len(web.backend.seen) == before


def test_who_asks_is_known_first(web, key):
    assert_refused(told(web.get("/s/gone-guarded/hello.html"), ENDED), "credential_missing")
    assert_refused(told(web.get("/s/gone-guarded/hello.html", key="no-key"), ENDED), "key_invalid")
    assert_refused(told(web.get("/s/gone-scope/hello.html", key=key), ENDED), "scope_insufficient")
    gone(web.get("/s/gone-guarded/hello.html", key=key))
    assert web.wait_log(r'"code":"gone".*"client":"acme"|"client":"acme".*"code":"gone"')


def test_satisfy_any_and_granted_open_nothing(web, key):
    gone(web.get("/s/gone-any/hello.html", key=key))
    assert web.get("/s/gone-any/hello.html").status in (401, 410)


def test_another_module_s_guard(web):
    assert web.get("/s/gone-basic/hello.html").status == 401


def test_nobody_is_charged(web, key):
    for _ in range(4):
        gone(web.get("/s/gone-guarded/hello.html", key=key))
    for _ in range(3):
        answer = gone(web.get("/s/gone-early/hello.html"))
        assert limits(answer)["1/day"]["r"] == 1


def test_errors_httpd_has_its_page(web):
    answer = told(web.get("/s/gone-httpd/hello.html"), ENDED)
    assert (answer.status, answer.text) == (410, "ended\n")


def test_the_moment(own_httpd):
    """Without a reload: each request looks at the clock."""
    at = int(time.time()) + 3
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    web = own_httpd(f'<Location "/s/x/">\nApiGuardDeprecated since=2024-07-01 sunset={stamp}\n</Location>\n')
    first = web.get("/s/x/hello.html")
    if time.time() < at:
        assert first.status == 200
    while time.time() < at + 0.05:
        time.sleep(0.05)
    answer = web.get("/s/x/hello.html")
    assert_refused(answer, "gone")
    assert answer.header("Sunset") == formatdate(at, usegmt=True)


def test_htaccess(web):
    web.put("tenant/.htaccess", "ApiGuardDeprecated since=2025-01-01 sunset=2025-06-30\n")
    answer = web.get("/tenant/hello.html")
    assert_refused(answer, "gone")
    assert answer.header("Deprecation") == "@1735689600"
    web.put("tenant/.htaccess", "ApiGuardDeprecated since=2025-01-01\n")
    assert web.get("/tenant/hello.html").header("Deprecation") == "@1735689600"


def test_htaccess_puts_no_end_off(web):
    for line in ("since=2025-01-01", "since=2025-01-01 sunset=2070-01-01"):
        web.put("ends/.htaccess", f"ApiGuardDeprecated {line}\n")
        assert told(web.get("/ends/hello.html")).status == 200
    web.put("ends/.htaccess", "ApiGuardDeprecated since=2025-01-01 sunset=2025-06-30\n")
    assert_refused(web.get("/ends/hello.html"), "gone")
    web.put("ends/.htaccess", "ApiGuardDeprecated off\n")
    web.expect(r"\.htaccess")
    assert web.get("/ends/hello.html").status == 500
    assert web.wait_log("off is not allowed in .htaccess")


def test_a_directory_s_index(own_httpd):
    """mod_dir looks for it by a sub-request, whose .htaccess and memory end before the refusal is told."""
    web = own_httpd('<Directory "{root}/htdocs/tenant">\nAllowOverride AuthConfig\n</Directory>\n', modules=("dir",),
                    files={"tenant/index.html": "hello\n", "tenant/.htaccess": PAST})
    gone(web.get("/tenant/"))
