# SPDX-License-Identifier: Apache-2.0
"""ApiGuardCORS on answers: whoever writes them, a page of an origin that is listed may read them, and no other one."""

import pytest

from support import h2client
from support.backend import Backend
from support.problem import assert_refused

APP = "https://app.example"
FROM_APP = {"Origin": APP}
LISTED = {"allow-origin": APP, "expose-headers": "RateLimit-Policy, RateLimit, Retry-After"}
OWN = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Origin", APP),
       ("Access-Control-Allow-Credentials", "true"), ("Access-Control-Expose-Headers", "X-Own"),
       ("Access-Control-Allow-Methods", "PUT"), ("Vary", "Accept")]

CONF = """
Protocols h2c http/1.1
Redirect "/s/plain/moved" "/s/plain/hello.html"
<Location "/s/plain/">
    ApiGuardCORS origin=https://app.example,https://*.example.org
</Location>
<Location "/s/plain/denied.html">
    Require all denied
</Location>
<Location "/s/plain/basic.html">
    AuthType Basic
    AuthName "basic"
    AuthUserFile {root}/none
    Require valid-user
</Location>
<Location "/s/page/">
    ErrorDocument 404 /page.html
    ErrorDocument 401 /page.html
    ErrorDocument 403 /page.html
    ApiGuardErrors httpd
    ApiGuardCORS origin=https://app.example
</Location>
<Location "/s/page/key.html">
    AuthType ApiGuard
    Require valid-user
</Location>
<Location "/s/key/">
    AuthType ApiGuard
    AuthName key
    Require valid-user
    ApiGuardCORS origin=https://app.example credentials expose=ETag
</Location>
<Location "/s/key/scope.html">
    Require api-scope other
</Location>
<Location "/s/key/limit/">
    ApiGuardRateLimit 1/day by=ip
    ApiGuardCORS origin=https://app.example
</Location>
<Location "/s/open/">
    ApiGuardCORS origin=*
</Location>
<Location "/s/forms/">
    ApiGuardRateHeaders draft-6 legacy
    ApiGuardCORS origin=*
</Location>
<Location "/s/none/">
    Require all granted
</Location>
<Location "/s/set/">
    Header set Access-Control-Allow-Origin "https://set.example"
    Header always set Access-Control-Allow-Credentials "true"
    Header onsuccess set Access-Control-Max-Age "5"
    ApiGuardCORS origin=https://app.example
</Location>
ProxyPass "/p/" "http://127.0.0.1:{backend}/"
ProxyPass "/listed/" "http://127.0.0.1:{backend}/"
<Location "/listed/">
    ApiGuardCORS origin=https://app.example
</Location>
<Location "/listed/off/">
    ApiGuardCORS off
</Location>
RewriteEngine on
RewriteRule "^/early/(.*)" "/s/plain/$1" [PT]
<Directory "{root}/htdocs/front">
    AllowOverride FileInfo AuthConfig
</Directory>
"""
FILES = {"page.html": "page\n", "front/index.html": "front\n", "api/key.html": "key\n", "api/limit/hello.html": "hello\n",
         "front/.htaccess": "RewriteEngine on\nRewriteRule ^api/ /elsewhere.html\nApiGuardCORS origin=https://app.example\n",
         "elsewhere.html": "elsewhere\n"}


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    server = make_httpd(CONF, modules=("rewrite", "proxy", "proxy_http", "http2"), files=FILES,
                        words={"backend": backend.port})
    server.backend = backend
    return server


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="joe")


def cors(answer):
    """The fields, each once."""
    found = [(k.lower()[15:], v) for k, v in answer.headers if k.lower().startswith("access-control-")]
    assert len(dict(found)) == len(found), found
    return dict(found)


def vary(answer):
    words = [word.strip().lower() for word in (answer.header("Vary") or "").split(",")]
    assert len(set(words)) == len(words), words
    return set(words) - {""}


@pytest.mark.parametrize("path, status", [
    ("hello.html", 200), ("moved", 302), ("no-such.html", 404), ("denied.html", 403), ("basic.html", 401)])
def test_whoever_writes_the_answer(web, path, status):
    answer = web.get("/s/plain/" + path, headers=FROM_APP)
    assert (answer.status, cors(answer)) == (status, LISTED)
    assert "origin" in vary(answer)
    for origin in ("https://evil.test", "null", "", "https://app.example.evil.test", f"{APP}, {APP}"):
        answer = web.get("/s/plain/" + path, headers={"Origin": origin})
        assert (answer.status, cors(answer)) == (status, {})
        assert "origin" in vary(answer)


def test_without_an_origin_it_varies_as_well(web):
    """A cache would give the answer without the fields to the page that needs them."""
    answer = web.get("/s/plain/hello.html")
    assert cors(answer) == {} and vary(answer) == {"origin"}


def test_one_label_in_front(web):
    origin = "https://a.example.org"
    assert cors(web.get("/s/plain/hello.html", headers={"Origin": origin}))["allow-origin"] == origin


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_methods(web, method):
    assert cors(web.request(method, "/s/plain/hello.html", headers=FROM_APP)) == LISTED


def test_not_modified(web):
    tag = web.get("/s/plain/hello.html").header("ETag")
    answer = web.get("/s/plain/hello.html", headers={**FROM_APP, "If-None-Match": tag})
    assert answer.status == 304 and "origin" in vary(answer)
    assert cors(answer).get("allow-origin", APP) == APP


def test_http_2(web):
    answer = h2client.request(web.port, "GET", "/s/plain/hello.html", [("Origin", APP)])
    assert (answer.status, cors(answer)) == (200, LISTED)
    answer = h2client.request(web.port, "OPTIONS", "/s/plain/hello.html",
                              [("Origin", APP), ("Access-Control-Request-Method", "PUT")])
    assert (answer.status, cors(answer)["allow-origin"]) == (204, APP)


def test_an_error_document(web, key):
    """Its own section says nothing of CORS; that of the address that was asked for does."""
    for path, kw in (("no-such.html", {}), ("key.html", {}), ("key.html", {"key": "wrong-key-0123456789"})):
        answer = web.get("/s/page/" + path, headers=FROM_APP, **kw)
        assert (answer.status, answer.text) == (401 if "key" in path else 404, "page\n")
        assert cors(answer) == LISTED and "origin" in vary(answer)
    assert cors(web.get("/page.html", headers=FROM_APP)) == {}


def test_where_the_request_is_sent_on(web):
    answer = web.get("/front/api/x", headers=FROM_APP)
    assert (answer.text, cors(answer)) == ("elsewhere\n", LISTED)
    answer = web.get("/early/hello.html", headers=FROM_APP)
    assert (answer.text, cors(answer)) == ("hello\n", LISTED)
    assert cors(web.get("/front/", headers=FROM_APP)) == LISTED
    assert cors(web.get("/elsewhere.html", headers=FROM_APP)) == {}


def test_refusals_of_ours(web, key):
    """Or the page could not read why."""
    fields = {"allow-origin": APP, "allow-credentials": "true", "expose-headers": "ETag"}
    for path, code, kw in [("hello.html", "credential_missing", {}),
                           ("hello.html", "key_invalid", {"key": "wrong-key-0123456789"}),
                           ("scope.html", "scope_insufficient", {"key": key})]:
        answer = web.get("/s/key/" + path, headers=FROM_APP, **kw)
        assert_refused(answer, code)
        assert cors(answer) == fields and "origin" in vary(answer)
        assert cors(web.get("/s/key/" + path, headers={"Origin": "https://evil.test"}, **kw)) == {}
    assert cors(web.get("/s/key/hello.html", key=key, headers=FROM_APP)) == fields


def test_what_a_page_may_read_of_a_limit(web, key):
    web.get("/s/key/limit/hello.html", key=key)
    answer = web.get("/s/key/limit/hello.html", key=key, headers=FROM_APP)
    assert_refused(answer, "rate_exceeded")
    assert cors(answer) == LISTED
    for name in LISTED["expose-headers"].split(", "):
        assert answer.header(name)


def test_everybody(web):
    for fields in ({}, FROM_APP, {"Origin": "null"}):
        answer = web.get("/s/open/hello.html", headers=fields)
        assert cors(answer) == {**LISTED, "allow-origin": "*"} and vary(answer) == set()


def test_other_forms_of_rate_limit_fields(web):
    exposed = cors(web.get("/s/forms/hello.html"))["expose-headers"]
    assert exposed == ("RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-RateLimit-Limit, "
                       "X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After")


@pytest.fixture
def own(web):
    web.backend.extra[:] = OWN
    yield web
    web.backend.extra.clear()


def test_an_application_s_own(own):
    answer = own.get("/listed/x", headers=FROM_APP)
    assert (answer.status, cors(answer)) == (200, LISTED)
    assert vary(answer) == {"accept", "origin"}
    for fields in ({}, {"Origin": "https://evil.test"}):
        answer = own.get("/listed/x", headers=fields)
        assert cors(answer) == {} and vary(answer) == {"accept", "origin"}


def test_where_it_is_off_the_application_speaks(own):
    for path in ("/p/x", "/listed/off/x"):
        answer = own.get(path, headers=FROM_APP)
        assert answer.all("Access-Control-Allow-Origin") == ["*", APP] and vary(answer) == {"accept"}
    assert vary(own.get("/s/none/hello.html", headers=FROM_APP)) == set()


def test_what_mod_headers_says_is_not_doubled(web):
    for fields, said in ((FROM_APP, LISTED), ({}, {}), ({"Origin": "https://set.example"}, {})):
        for path in ("hello.html", "no-such.html"):
            assert cors(web.get("/s/set/" + path, headers=fields)) == said, (path, fields)


CACHED = """
CacheEnable socache "/"
CacheSocache shmcb
CacheQuickHandler {quick}
CacheIgnoreNoLastMod on
CacheHeader on
ProxyPass "/c/" "http://127.0.0.1:{backend}/"
<Location "/c/">
    Require all granted
    ApiGuardCORS origin=https://app.example,https://b.example
</Location>
<Location "/c/all/">
    ApiGuardCORS origin=*
</Location>
"""


@pytest.mark.parametrize("quick", ["on", "off"])
def test_mod_cache_keeps_an_answer_for_each_origin(make_httpd, quick):
    backend = Backend()
    backend.extra[:] = [("Cache-Control", "max-age=60"), *OWN]
    web = make_httpd(CACHED, modules=("proxy", "proxy_http", "cache", "cache_socache", "socache_shmcb"),
                     words={"backend": backend.port, "quick": quick})
    for _ in range(3):
        for origin in (APP, "https://b.example", "https://evil.test", None):
            answer = web.get("/c/x", headers={"Origin": origin} if origin else {})
            assert cors(answer).get("allow-origin") == (origin if origin != "https://evil.test" else None)
            assert vary(answer) == {"accept", "origin"}
            assert cors(web.get("/c/all/x", headers={"Origin": origin} if origin else {}))["allow-origin"] == "*"
    assert len(backend.seen) == 5, "a copy for each origin, and one for everybody"
    backend.close()
