# SPDX-License-Identifier: Apache-2.0
"""ApiGuardSecurityHeader, and who has the last word: the application, mod_headers, a cache."""

import shutil

import pytest

from support import httpd
from support.security import API, HELMET, HSTS, WEB, security
from support.tls import HOST, TlsClient

CONF = """
<Location "/pass/">
    ProxyPass "http://127.0.0.1:{backend}/"
    ApiGuardSecurityHeaders web
</Location>
<Location "/off/">
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/lines/">
    ProxyPass "http://127.0.0.1:{backend}/"
    ApiGuardSecurityHeaders web
    ApiGuardSecurityHeader X-Frame-Options DENY
    ApiGuardSecurityHeader Referrer-Policy origin force
    ApiGuardSecurityHeader X-Download-Options unset
    ApiGuardSecurityHeader X-Powered-By unset
    ApiGuardSecurityHeader X-XSS-Protection unset force
    ApiGuardSecurityHeader X-Generator unset force
    ApiGuardSecurityHeader Permissions-Policy "camera=(), microphone=()"
</Location>
<Location "/lines/inner/">
    ApiGuardSecurityHeader X-Frame-Options unset
    ApiGuardSecurityHeader Referrer-Policy no-referrer
</Location>
<Location "/alone/">
    ProxyPass "http://127.0.0.1:{backend}/"
    ApiGuardSecurityHeader X-Frame-Options DENY
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    server = make_httpd(CONF, modules=("proxy", "proxy_http"), words={"backend": backend.port})
    server.backend = backend
    return server


@pytest.fixture
def says(web):
    """Fields that the application behind the proxy says."""
    yield web.backend.extra
    web.backend.extra.clear()


MADE_BY = [("X-Powered-By", "Express"), ("X-AspNet-Version", "4.0"), ("X-AspNetMvc-Version", "5.2"),
           ("Server", "Kestrel")]


def test_what_an_application_tells_of_its_making_is_gone(web, says):
    says += MADE_BY
    answer = web.get("/pass/x")
    assert security(answer) == WEB and "Kestrel" not in answer.header("Server")
    shown = web.get("/off/x")
    assert security(shown) == dict(MADE_BY[:3]) and shown.header("Server") == "Kestrel"


@pytest.mark.parametrize("name", WEB)
def test_the_application_s_own_word_stands(web, says, name):
    says.append((name.lower(), "mine"))
    fields = {**WEB, name.lower(): "mine"}
    del fields[name]
    assert security(web.get("/pass/x")) == fields


LINES = {**WEB, "X-Frame-Options": "DENY", "Referrer-Policy": "origin",
         "Permissions-Policy": "camera=(), microphone=()"}
del LINES["X-Download-Options"], LINES["X-XSS-Protection"]


def test_lines_change_fields(web, says):
    assert security(web.get("/lines/x")) == LINES
    inner = {**LINES, "Referrer-Policy": "no-referrer"}
    del inner["X-Frame-Options"]
    assert security(web.get("/lines/inner/x")) == inner
    assert security(web.get("/alone/x")) == {"X-Frame-Options": "DENY"}


def test_force_takes_the_application_s_place(web, says):
    mine = ["X-Frame-Options", "X-Download-Options", "X-Powered-By", "Permissions-Policy"]
    says += [(name, "mine") for name in mine]
    says += [("Referrer-Policy", "mine"), ("Referrer-Policy", "mine too"), ("X-XSS-Protection", "1"),
             ("X-Generator", "mine")]
    assert security(web.get("/lines/x")) == {**LINES, **{name: "mine" for name in mine}}


# ---- .htaccess ----

TENANT = """
<Directory "{root}/htdocs/tenant">
    AllowOverride AuthConfig
    ApiGuardSecurityHeaders web
    ApiGuardSecurityHeader X-Frame-Options DENY force
    ApiGuardSecurityHeader X-Mine outer
</Directory>
"""


def test_a_tenant_chooses_and_switches_nothing_off(own_httpd):
    web = own_httpd(TENANT, files={"tenant/hello.html": "hello\n"})
    web.put("tenant/.htaccess", "ApiGuardSecurityHeaders api\nApiGuardSecurityHeader X-Mine inner\n"
            "ApiGuardSecurityHeader X-Frame-Options SAMEORIGIN force\n")
    assert security(web.get("/tenant/hello.html")) == {**API, "X-Frame-Options": "DENY", "X-Mine": "inner"}
    web.expect(r"\.htaccess")
    for line in "ApiGuardSecurityHeaders off", "ApiGuardSecurityHeader X-Mine unset", \
                "ApiGuardSecurityHeader X-Mine unset force":
        web.put("tenant/.htaccess", line + "\n")
        assert web.get("/tenant/hello.html").status == 500
        assert web.wait_log(rf"\.htaccess: {line.split()[0]}: .* not allowed in .htaccess")


# ---- mod_headers ----

HEADERS = """
{load}
<Location "/s/set/">
    ApiGuardSecurityHeaders web
    ApiGuardSecurityHeader Referrer-Policy origin force
    Header set X-Frame-Options DENY
    Header always set X-Content-Type-Options mine
    Header always set Referrer-Policy mine
</Location>
<Location "/s/guarded/">
    AuthType ApiGuard
    AuthName "guarded"
    Header always set X-Content-Type-Options mine
    Header set Cache-Control "max-age=60"
    Require valid-user
</Location>
"""


@pytest.mark.parametrize("first", ["headers", "apiguard"])
def test_what_mod_headers_sets_is_said(own_httpd, monkeypatch, first):
    """Whichever module is loaded first: on Debian that is the alphabet's affair. One field each, also where `always`
    has it in another table."""
    load = ""
    if first == "apiguard":
        monkeypatch.setattr(httpd, "BASE_MODULES", tuple(m for m in httpd.BASE_MODULES if m != "headers"))
        load = httpd.load_lines(["headers"])
    web = own_httpd(HEADERS, words={"load": load})
    always = {**WEB, "X-Content-Type-Options": "mine", "Referrer-Policy": "origin"}
    assert security(web.get("/s/set/hello.html")) == {**always, "X-Frame-Options": "DENY"}
    assert security(web.get("/s/set/no-such.html")) == always
    for path, given in ("x", None), ("no-such.html", web.keys.create()):
        assert security(web.get("/s/guarded/" + path, key=given)) == {**API, "X-Content-Type-Options": "mine"}
    answer = web.get("/s/guarded/hello.html", key=web.keys.create())
    assert answer.header("Cache-Control") == "max-age=60, private"


# ---- mod_cache ----

CACHED = """
CacheQuickHandler {quick}
CacheEnable disk /
CacheRoot {root}/cache
CacheDefaultExpire 600
CacheIgnoreNoLastMod On
CacheHeader on
<Location "/s/web/">
    ApiGuardSecurityHeaders web
    Header set Cache-Control "max-age=60"
</Location>
"""


@pytest.mark.parametrize("quick", ["on", "off"])
def test_what_a_cache_keeps_has_them_once(own_httpd, quick):
    web = own_httpd(CACHED, words={"quick": quick}, modules=("cache", "cache_disk"), start=False)
    web.dir.mkdir("cache")
    if web.user:
        shutil.chown(web.dir.join("cache"), *web.user)
    web.start()
    answers = [web.get("/s/web/hello.html") for _ in range(3)]
    assert [answer.header("X-Cache").split()[0] for answer in answers] == ["MISS", "HIT", "HIT"]
    assert [security(answer) for answer in answers] == [WEB] * 3
    etag = {"If-None-Match": answers[0].header("ETag")}
    for more in {}, {"Cache-Control": "max-age=0"}:
        answer = web.get("/s/web/hello.html", headers={**etag, **more})
        assert answer.status == 304 and security(answer) == WEB


# ---- TLS ----

OVER_TLS = "Protocols h2 h2c http/1.1\n" + HOST + """
RemoteIPHeader X-Forwarded-For
RemoteIPTrustedProxy 127.0.0.1
Redirect "/s/web/moved" "/s/web/hello.html"
<Location "/s/web/">
    ApiGuardSecurityHeaders web
</Location>
<Location "/s/line/">
    ApiGuardSecurityHeader Strict-Transport-Security max-age=5 force
    Header set X-Reached yes
    Header set Strict-Transport-Security mine
</Location>
<Location "/s/behind/">
    ApiGuardSecurityHeaders web
    ApiGuardTLS redirect proto=X-Forwarded-Proto
</Location>
<Location "/s/guarded/">
    AuthType ApiGuard
    AuthName "guarded"
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def both(make_httpd, certificates):
    web = make_httpd(OVER_TLS, modules=("ssl", "http2", "remoteip", "socache_shmcb"), words=certificates.words())
    web.tls = TlsClient(certificates)
    return web


@pytest.mark.parametrize("path, status", [("web/hello.html", 200), ("web/no-such.html", 404), ("web/moved", 302)])
def test_over_tls_there_are_all_of_helmet_s_and_in_clear_all_but_one(both, path, status):
    """Byte for byte what helmet prints, whatever the protocol."""
    secure = both.tls.get("/s/" + path)
    assert secure.status == status and security(secure) == HELMET
    assert security(both.tls.h2("/s/" + path)) == {name.lower(): value for name, value in HELMET.items()}
    clear = both.get("/s/" + path)
    assert clear.status == status and security(clear) == WEB


def test_a_refusal_over_tls_says_so_too(both):
    assert security(both.tls.get("/s/guarded/x")) == {**API, HSTS: HELMET[HSTS]}


def test_whatever_the_line_nothing_goes_in_clear(both):
    assert security(both.tls.get("/s/line/hello.html")) == {HSTS: "max-age=5", "X-Reached": "yes"}
    assert security(both.get("/s/line/hello.html")) == {"X-Reached": "yes"}


@pytest.mark.parametrize("proto, fields", [("https", HELMET), ("http", WEB), (None, WEB)])
def test_behind_a_proxy_its_word_counts(both, proto, fields):
    sent = {"X-Forwarded-For": "192.0.2.1", **({"X-Forwarded-Proto": proto} if proto else {})}
    for path, status in ("hello.html", 200), ("no-such.html", 404):
        answer = both.get("/s/behind/" + path, headers=sent)
        assert security(answer) == fields and answer.status == (status if fields is HELMET else 308)
    assert security(both.get("/s/behind/hello.html", headers={"X-Forwarded-Proto": "https"})) == WEB
