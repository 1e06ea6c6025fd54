# SPDX-License-Identifier: Apache-2.0
"""Preflights: a browser's question whether a page of another origin may send a request."""

import pytest

from support.problem import assert_refused

APP = "https://app.example"
METHODS = "GET, HEAD, PUT, PATCH, POST, DELETE, QUERY"

CONF = """
ApiGuardBan 2/min
<Location "/s/key/">
    AuthType ApiGuard
    AuthName cors
    Require valid-user
    ApiGuardCORS origin=https://app.example,https://*.example.org
</Location>
<Location "/s/limit/">
    AuthType ApiGuard
    AuthName cors
    Require valid-user
    ApiGuardRateLimit 1/day by=ip
    ApiGuardCORS origin=https://app.example
</Location>
<Location "/s/key/inner/">
    ApiGuardCORS origin=https://other.example credentials methods=GET headers=X-A max-age=5 private-network
</Location>
<Location "/s/key/off/">
    ApiGuardCORS off
</Location>
<Location "/s/open/">
    ApiGuardCORS origin=* headers=*
</Location>
<Location "/s/tls/">
    ApiGuardTLS require
    ApiGuardCORS origin=https://app.example
</Location>
<Location "/s/denied/">
    Require all denied
    ApiGuardCORS origin=https://app.example
</Location>
<Location "/s/basic/">
    AuthType Basic
    AuthName basic
    AuthUserFile {root}/none
    Require valid-user
    ApiGuardCORS origin=https://app.example
</Location>
<Location "/s/httpd/">
    ErrorDocument 403 /page.html
    ApiGuardErrors httpd
    ApiGuardCORS origin=https://app.example
</Location>
<Location "/s/moved/">
    RewriteEngine on
    RewriteRule ^ https://elsewhere.example/ [R=301,L]
    ApiGuardCORS origin=https://app.example
</Location>
<Location "/s/sent-on/">
    RewriteEngine on
    RewriteRule ^ /s/key/hello.html [L]
</Location>
RewriteEngine on
RewriteRule ^/early/ https://elsewhere.example/ [R=301,L]
RewriteCond %{REQUEST_METHOD} !=OPTIONS
RewriteRule ^/late/ https://elsewhere.example/ [R=301,L]
<Location ~ "^/(early|late)/">
    ApiGuardCORS origin=https://app.example
</Location>
Redirect "/redirected/" "https://elsewhere.example/"
<Location "/redirected/">
    ApiGuardCORS origin=https://app.example
</Location>
<Directory {root}/htdocs/files>
    AllowOverride AuthConfig
</Directory>
<Location "/api/">
    AuthType ApiGuard
    Require valid-user
</Location>
"""
HTACCESS = "ApiGuardCORS origin=https://app.example\n"


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF, modules=("rewrite",), ban="", files={
        "page.html": "page\n", "files/.htaccess": HTACCESS, "files/x.html": "x\n",
        "files/off/.htaccess": "ApiGuardCORS off\n", "files/off/x.html": "x\n"})


def preflight(web, path, origin=APP, method="GET", **more):
    fields = {"Origin": origin, "Access-Control-Request-Method": method, **more}
    return web.request("OPTIONS", path, headers=fields)


def cors(answer):
    return {k.lower()[15:]: v for k, v in answer.headers if k.lower().startswith("access-control-")}


def vary(answer):
    return {word.strip().lower() for word in (answer.header("Vary") or "").split(",")}


def test_an_origin_that_is_listed(web):
    answer = preflight(web, "/s/key/hello.html", method="DELETE")
    assert (answer.status, answer.body) == (204, b"")
    assert cors(answer) == {"allow-origin": APP, "allow-methods": METHODS, "max-age": "600",
                            "allow-headers": "Authorization, Content-Type, X-API-Key"}
    assert vary(answer) == {"origin", "access-control-request-method"}
    assert answer.header("Content-Type") is None and answer.header("WWW-Authenticate") is None


def test_one_label_in_front(web):
    assert cors(preflight(web, "/s/key/x", "https://a.example.org"))["allow-origin"] == "https://a.example.org"


@pytest.mark.parametrize("origin", [
    "https://evil.test", "null", "", "https://a.b.example.org", "https://example.org", "http://app.example",
    "https://app.example:8443", "https://app.example, https://app.example", "https://app.example.evil.test",
    "https://app.example/", "https://APP.example", "x" * 6000], ids=range(12))
def test_an_origin_that_is_not(web, origin):
    answer = preflight(web, "/s/key/hello.html", origin)
    assert_refused(answer, "origin_denied")
    assert cors(answer) == {}
    assert "origin" in vary(answer)
    assert web.wait_log(r'AG0140: .*"origin_denied"')


def test_two_fields(web):
    answer = web.client.raw_request("OPTIONS", "/s/key/x", [f"Origin: {APP}", f"Origin: {APP}",
                                                            "Access-Control-Request-Method: GET"])
    assert answer.status == 403 and cors(answer) == {}


def test_what_is_not_in_the_lists_the_browser_refuses(web):
    """It compares by itself, and tells the author of the page which method or field it was."""
    answer = preflight(web, "/s/key/inner/x", "https://other.example", "PUT",
                       **{"Access-Control-Request-Headers": "x-b"})
    assert answer.status == 204
    assert cors(answer) == {"allow-origin": "https://other.example", "allow-credentials": "true",
                            "allow-methods": "GET", "allow-headers": "X-A", "max-age": "5"}


def test_the_inner_line_is_the_only_one(web):
    assert_refused(preflight(web, "/s/key/inner/x"), "origin_denied")


def test_a_private_network(web):
    field = {"Access-Control-Request-Private-Network": "true"}
    answer = preflight(web, "/s/key/inner/x", "https://other.example", **field)
    assert cors(answer)["allow-private-network"] == "true"
    assert "allow-private-network" not in cors(preflight(web, "/s/key/x", **field))
    field = {"Access-Control-Request-Private-Network": "false"}
    assert "allow-private-network" not in cors(preflight(web, "/s/key/inner/x", "https://other.example", **field))


def test_everybody(web):
    for origin in ("https://anyone.example", "null"):
        answer = preflight(web, "/s/open/x", origin)
        assert answer.status == 204
        assert cors(answer)["allow-origin"] == "*"
        assert cors(answer)["allow-headers"] == "*, Authorization"
        assert vary(answer) == {"access-control-request-method"}
    assert preflight(web, "/s/open/x", "https://a.example, https://b.example").status == 403


@pytest.mark.parametrize("path", ["/s/denied/x", "/s/tls/x", "/s/basic/x", "/s/key/no-such-file", "/files/x.html"])
def test_it_comes_before_all_that_could_refuse_it(web, path):
    assert preflight(web, path).status == 204


def test_htaccess(web):
    assert_refused(preflight(web, "/files/x.html", "https://evil.test"), "origin_denied")
    assert "allow-origin" not in cors(preflight(web, "/files/off/x.html"))


def test_it_counts_nowhere(web, own_httpd):
    """Neither by a limit of one request a day, nor by a ban."""
    web = own_httpd(CONF, modules=("rewrite",), ban="")
    for _ in range(5):
        assert preflight(web, "/s/limit/hello.html").status == 204
    key = web.keys.create()
    assert web.get("/s/limit/hello.html", key=key).status == 200
    assert web.get("/s/limit/hello.html", key=key).status == 429
    assert preflight(web, "/s/limit/hello.html").status == 204
    for _ in range(3):
        web.get("/api/hello.html", key="wrong-key-0123456789")
    assert_refused(web.get("/api/hello.html", key="wrong-key-0123456789"), "banned")
    assert preflight(web, "/s/limit/hello.html").status == 204
    assert "OPTIONS" not in web.error_log()


def test_where_it_is_off(web):
    for path in ("/s/key/off/hello.html", "/api/hello.html"):
        assert_refused(preflight(web, path), "credential_missing")


@pytest.mark.parametrize("fields", [
    {}, {"Origin": APP}, {"Access-Control-Request-Method": "GET"}])
def test_another_options_is_the_applications(web, fields):
    assert_refused(web.request("OPTIONS", "/s/key/hello.html", headers=fields), "credential_missing")


def test_another_method_is_none(web):
    answer = web.get("/s/key/hello.html", headers={"Origin": "https://evil.test",
                                                   "Access-Control-Request-Method": "GET"})
    assert_refused(answer, "credential_missing")


def test_an_error_document_of_httpds(web):
    answer = preflight(web, "/s/httpd/x", "https://evil.test")
    assert (answer.status, answer.text) == (403, "page\n")
    assert cors(answer) == {}
    assert preflight(web, "/s/httpd/x").status == 204


def test_rewriting(web):
    """A section's rules come later; the server's come first, and need a condition."""
    assert preflight(web, "/s/moved/x").status == 204
    assert preflight(web, "/early/x").status == 301
    assert preflight(web, "/late/x").status == 204
    assert preflight(web, "/redirected/x").status == 302


def test_where_the_request_is_sent_on(web):
    """The section of the address that was asked for has no CORS, and its answers have none."""
    answer = preflight(web, "/s/sent-on/x")
    assert_refused(answer, "credential_missing")
    assert cors(answer) == {} == cors(web.get("/s/sent-on/x", headers={"Origin": APP}))


def test_a_body_does_not_become_the_next_request(web):
    data = (f"OPTIONS /s/key/x HTTP/1.1\r\nHost: api.test\r\nOrigin: {APP}\r\nAccess-Control-Request-Method: GET\r\n"
            "Content-Length: 4\r\n\r\nGET GET /s/open/hello.html HTTP/1.1\r\nHost: api.test\r\n"
            "Connection: close\r\n\r\n")
    answer = web.client.raw(data)
    assert answer.status == 204
    assert answer.body.startswith(b"HTTP/1.1 200 OK")
