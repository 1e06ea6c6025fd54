# SPDX-License-Identifier: Apache-2.0
"""ApiGuardSecurityHeaders: what a section says of its answers, whoever writes them. Lines of
ApiGuardSecurityHeader are test_hardening_lines'."""

import pytest

from support import h2client
from support.ports import LOOPBACK
from support.security import API, WEB, security

CONF = """
Protocols h2c http/1.1
Redirect "/s/web/moved" "/s/web/hello.html"
Redirect "/s/plain/moved" "/s/plain/hello.html"
<LocationMatch "^/s/(web|plain)/denied.html">
    Require all denied
</LocationMatch>
<LocationMatch "^/s/(web|plain)/basic.html">
    AuthType Basic
    AuthName "basic"
    AuthBasicProvider file
    AuthUserFile {root}/none
    Require valid-user
</LocationMatch>
<Location "/s/web/">
    ApiGuardSecurityHeaders web
</Location>
<Location "/s/plain/">
    ApiGuardSecurityHeaders off
</Location>
<Location "/s/guarded/">
    AuthType ApiGuard
    AuthName "guarded"
    Require valid-user
</Location>
<Location "/s/few/">
    AuthType ApiGuard
    AuthName "few"
    ApiGuardSecurityHeaders web
    ApiGuardRateLimit 1/day
    Require valid-user
</Location>
<Location "/s/unguarded/">
    AuthType ApiGuard
    AuthName "unguarded"
    ApiGuardSecurityHeaders off
    Require valid-user
</Location>
<Location "/s/httpd/">
    AuthType ApiGuard
    AuthName "httpd"
    ApiGuardErrors httpd
    Require valid-user
</Location>
<LocationMatch "^/s/(guarded|unguarded|httpd)/denied.html">
    Require all denied
</LocationMatch>
<LocationMatch "^/s/[^/]+/page.shtml">
    Options +Includes
    SetOutputFilter INCLUDES
</LocationMatch>
<Location "/down/">
    ApiGuardSecurityHeaders web
    ProxyPass "http://127.0.0.1:1/"
</Location>
"""
PAGES = {"api/page.shtml": '<!--#include virtual="/s/guarded/open.txt" -->\n', "api/open.txt": "part\n"}


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF, modules=("http2", "include", "proxy", "proxy_http"), files=PAGES)


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create()


@pytest.mark.parametrize("method, path, status", [
    ("GET", "hello.html", 200), ("HEAD", "hello.html", 200), ("OPTIONS", "hello.html", 200),
    ("GET", "moved", 302), ("GET", "no-such.html", 404),
    ("GET", "denied.html", 403), ("GET", "basic.html", 401), ("GET", "", 200)])
def test_nobody_need_check_a_request(web, method, path, status):
    """Rows of answers.def have their say where no section of ours saw the request, too."""
    answer = web.request(method, "/s/web/" + path)
    assert answer.status == status and security(answer) == WEB
    assert security(web.request(method, "/s/plain/" + path)) == {}
    assert security(h2client.request(web.port, method, "/s/web/" + path)) == \
        {name.lower(): value for name, value in WEB.items()}


def test_a_proxy_s_own_error_has_them(web):
    web.expect("AH00957", "AH01114")
    answer = web.get("/down/x")
    assert answer.status == 503 and security(answer) == WEB


def test_not_modified_has_them(web):
    etag = web.get("/s/web/hello.html").header("ETag")
    answer = web.get("/s/web/hello.html", headers={"If-None-Match": etag})
    assert answer.status == 304 and security(answer) == WEB


def test_what_is_guarded_has_those_for_json(web, key):
    for path, given, status in [("hello.html", key, 200), ("no-such.html", key, 404),
                                ("hello.html", None, 401), ("denied.html", key, 403),
                                ("hello.html", "wrong", 401)]:
        for section, fields in ("guarded", API), ("unguarded", {}), ("httpd", API):
            answer = web.get(f"/s/{section}/{path}", key=given)
            assert answer.status == status and security(answer) == fields, (section, path)


def test_a_refusal_by_a_limit_has_them(web, key):
    answers = [web.get("/s/few/hello.html", key=key) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 429]
    assert [security(answer) for answer in answers] == [WEB, WEB]
    assert answers[1].header("RateLimit") and answers[1].header("Cache-Control") == "no-store"


def test_pages_of_others_stay_theirs(own_httpd, backend):
    """A guarded forward proxy brings pages that need their styles and scripts; it may still be told to say more."""
    web = own_httpd("""
        ProxyRequests On
        <Proxy "*">
            AuthType ApiGuard
            Require valid-user
        </Proxy>
        <Proxy "http://localhost:*">
            ApiGuardSecurityHeaders web
        </Proxy>
        """, modules=("proxy", "proxy_http"))
    sent = [f"Proxy-Authorization: Bearer {web.keys.create()}"]
    for host, fields in (LOOPBACK, {}), ("localhost", WEB):
        answer = web.client.raw_request("GET", f"http://{host}:{backend.port}/x", sent)
        assert answer.status == 200 and security(answer) == fields, host


def test_a_part_of_a_page_says_nothing(web):
    """A sub-request's section is guarded, the page's own is not."""
    web.expect("unable to include")
    assert security(web.get("/s/web/page.shtml")) == WEB
    assert security(web.get("/s/plain/page.shtml")) == {}


def test_what_is_no_request_has_what_stands_outside_of_sections(own_httpd):
    """No section is known of a line that is none, and of a path that no file can have."""
    web = own_httpd('ApiGuardSecurityHeaders web\n<Location "/s/plain/">\nApiGuardSecurityHeaders off\n</Location>')
    for data, status in [(b"GET /s/plain/x\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
                         (b"GET /s/plain/x HTTP/1.1\r\n\r\n", 400),
                         (b"GET /s/plain/%00 HTTP/1.1\r\nHost: a\r\n\r\n", 404)]:
        answer = web.client.raw(data)
        assert answer.status == status and security(answer) == WEB, data
    assert security(web.get("/s/plain/hello.html")) == {}


def test_elsewhere_nothing_is_said(web):
    for path in "/index.html", "/no-such.html":
        assert security(web.get(path)) == {}


# ---- ErrorDocument ----

DOCUMENTS = """
ErrorDocument 404 /s/page/error.html
ErrorDocument 401 /s/page/error.html
ErrorDocument 403 /s/page/no-such.html
Header always set X-Frame-Options DENY
<Location "/s/page/">
    ApiGuardSecurityHeaders {page}
</Location>
<Location "/s/asked/">
    ApiGuardSecurityHeaders {asked}
</Location>
<Location "/s/asked/denied.html">
    Require all denied
</Location>
<Location "/s/asked/guarded/">
    AuthType ApiGuard
    AuthName "guarded"
    ApiGuardErrors httpd
    Require valid-user
</Location>
"""


@pytest.mark.parametrize("page, asked, fields", [
    ("off", "web", {**WEB, "X-Frame-Options": "DENY"}), ("web", "off", {"X-Frame-Options": "DENY"}),
    ("api", "web", {**WEB, "X-Frame-Options": "DENY"})])
def test_an_error_document_has_what_was_asked_for_has(own_httpd, page, asked, fields):
    web = own_httpd(DOCUMENTS, words={"page": page, "asked": asked}, files={"api/error.html": "no\n"})
    for path, status in [("no-such.html", 404), ("guarded/x", 401), ("denied.html", 403)]:
        answer = web.get("/s/asked/" + path)
        assert answer.status == status and security(answer) == fields, path


# ---- one section in another ----

def test_the_inner_section_replaces(own_httpd):
    web = own_httpd("""
ApiGuardSecurityHeaders web
<Location "/s/inner/">
    ApiGuardSecurityHeaders api
</Location>
<Location "/s/guarded/">
    AuthType ApiGuard
    Require valid-user
</Location>
<Location "/s/none/">
    ApiGuardSecurityHeaders off
</Location>
""")
    for path, fields in [("/index.html", WEB), ("/s/inner/hello.html", API), ("/s/guarded/x", WEB),
                         ("/s/none/hello.html", {})]:
        assert security(web.get(path)) == fields, path


def test_where_a_request_is_sent_on_the_last_section_speaks(own_httpd):
    """mod_dir's index and mod_rewrite's target."""
    web = own_httpd("""
<Location "/s/inner/">
    ApiGuardSecurityHeaders api
</Location>
<Directory "{root}/htdocs/rewritten">
    RewriteEngine on
    RewriteRule ^ /s/inner/hello.html [L]
</Directory>
<Location "/rewritten/">
    ApiGuardSecurityHeaders web
</Location>
""", modules=("rewrite",), files={"rewritten/x.html": "x\n"})
    answer = web.get("/rewritten/x.html")
    assert answer.text == "hello\n" and security(answer) == API
    assert security(web.get("/rewritten/")) == API
