# SPDX-License-Identifier: Apache-2.0
"""MergeTrailers makes request fields of what comes behind a body. Whoever reads the body, whenever, in
HTTP/1.1 and HTTP/2: no trailer forges an identity, and none is a credential that a backend sees.

Found from outside: the filter was put in only where a request had Transfer-Encoding, so HTTP/2 with a
Content-Length went by it; and only before the handler, so what mod_security2 or mod_auth_form had read
went by it, too."""

import pytest

from support import h2client
from support.fcgi import FastCgi

FORGED = "root-of-all-evil"
OTHER_KEY = "another-key-of-somebody"
TRAILERS = [("X-ApiGuard-Client", FORGED), ("X_ApiGuard_User", FORGED), ("X.ApiGuard.Roles", FORGED),
            ("X-API-Key", OTHER_KEY), ("X-Other", OTHER_KEY), ("Cookie", OTHER_KEY),
            ("Authorization", "Bearer " + OTHER_KEY)]

CONF = """
MergeTrailers On
Protocols h2c http/1.1
<Location "/fcgi/">
    ProxyPass "fcgi://127.0.0.1:{fcgi}/"
    CGIPassAuth On
</Location>
<Location "/fcgi/pass/">
    AuthType ApiGuard
    ApiGuardPassHeaders on
    Require valid-user
</Location>
<Location "/fcgi/quiet/">
    AuthType ApiGuard
    Require valid-user
</Location>
<Location "/http/pass/">
    ProxyPass "http://127.0.0.1:{backend}/"
    AuthType ApiGuard
    ApiGuardPassHeaders on
    Require valid-user
</Location>
<Location "/http/open/">
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/elsewhere/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-Other
    Require valid-user
</Location>
"""

# Each reads the whole body before any handler is asked.
SECURITY = """
SecRuleEngine On
SecRequestBodyAccess On
SecTmpDir {root}/run
SecDataDir {root}/run
"""
FORM = """
<Location "/fcgi/form/">
    AuthType form
    AuthName form
    AuthFormProvider file
    AuthUserFile {root}/htdocs/users
    Require valid-user
</Location>
"""
USER = "bob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"  # password

READERS = {
    "nobody": ((), ""),
    "security2": (("unique_id", "security2"), SECURITY),
}
PATHS = ["/fcgi/pass/", "/fcgi/quiet/", "/fcgi/open/", "/http/pass/", "/http/open/"]


@pytest.fixture(scope="module")
def fcgi():
    server = FastCgi()
    yield server
    server.close()


@pytest.fixture(scope="module", params=READERS)
def web(request, make_httpd, backend, fcgi):
    modules, conf = READERS[request.param]
    server = make_httpd(CONF + conf, modules=("proxy", "proxy_http", "proxy_fcgi", "http2", *modules),
                        words={"backend": backend.port, "fcgi": fcgi.port})
    server.key = server.keys.create(client="acme", scopes=["read"])
    return server


def over_http1(web, path, how):
    trailers = "".join(f"{name}: {value}\r\n" for name, value in TRAILERS)
    assert how == "chunked"
    return web.client.raw_request("POST", path, [
        f"X-API-Key: {web.key}", "Transfer-Encoding: chunked",
        "Content-Type: application/x-www-form-urlencoded"],
        f"3\r\na=b\r\n0\r\n{trailers}\r\n".encode())


def over_http2(web, path, how, body=b"a=b"):
    fields = [("X-API-Key", web.key), ("Content-Type", "application/x-www-form-urlencoded")]
    fields += [("Content-Length", str(len(body)))] * (how == "length")
    return h2client.request(web.port, "POST", path, fields, body, TRAILERS)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("send, how", [(over_http1, "chunked"), (over_http2, "length"),
                                       (over_http2, "chunked")])
def test_no_trailer_tells_a_backend_who_the_client_is(web, path, send, how):
    answer = send(web, path + "x", how)
    assert answer.status == 200, answer
    assert FORGED not in answer.text and OTHER_KEY not in answer.text, answer.text
    if "pass" in path:
        assert '"acme"' in answer.text


@pytest.mark.parametrize("how", ["length", "chunked"])
def test_nor_where_the_body_is_a_login_form(own_httpd, fcgi, backend, how):
    web = own_httpd(CONF + FORM, modules=("proxy", "proxy_http", "proxy_fcgi", "http2", "auth_form",
                                          "request", "session"), files={"users": USER},
                    words={"backend": backend.port, "fcgi": fcgi.port})
    web.key = "none"
    answer = over_http2(web, "/fcgi/form/x", how, b"httpd_username=bob&httpd_password=password")
    assert answer.status == 200 and answer.json["REMOTE_USER"] == "bob", answer
    assert FORGED not in answer.text and OTHER_KEY not in answer.text, answer.text


def test_other_trailers_are_merged_as_ever(web):
    answer = h2client.request(web.port, "POST", "/fcgi/quiet/x", [("X-API-Key", web.key),
                              ("Content-Length", "3")], b"a=b", [("X-Checksum", "abc123")])
    assert answer.json["HTTP_X_CHECKSUM"] == "abc123", answer


def test_a_trailer_is_no_credential(web):
    """Neither for a section that no credential reached before the body was read."""
    answer = h2client.request(web.port, "POST", "/fcgi/quiet/x", [("Content-Length", "3")], b"a=b",
                              [("X-API-Key", web.key)])
    assert answer.status == 401, answer


def test_a_body_of_known_length_is_streamed_to_the_backend_with_its_length(web, backend):
    """mod_proxy spools what any content filter might change; ours is none."""
    assert web.request("POST", "/http/pass/x", key=web.key, body="x" * 100000).status == 200
    fields = {k.lower(): v for k, v in backend.seen[-1]["headers"]}
    assert fields["content-length"] == "100000" and "transfer-encoding" not in fields


def test_a_redirect_keeps_the_filter(own_httpd, fcgi):
    """The body is read only after an internal redirect, by a request that is not the client's."""
    web = own_httpd("MergeTrailers On\nRewriteEngine On\n<Location \"/fcgi/\">\n"
                    "ProxyPass \"fcgi://127.0.0.1:{fcgi}/\"\n</Location>\n"
                    "<Directory {root}/htdocs>\nRewriteEngine On\n"
                    "RewriteRule \"^go/(.*)\" \"/fcgi/$1\"\n</Directory>",
                    modules=("proxy", "proxy_fcgi", "rewrite"), words={"fcgi": fcgi.port})
    answer = web.client.raw_request("POST", "/go/x", ["Transfer-Encoding: chunked"],
                                    f"3\r\na=b\r\n0\r\nX-ApiGuard-Client: {FORGED}\r\n\r\n".encode())
    assert answer.status == 200 and "REQUEST_METHOD" in answer.text, answer
    assert FORGED not in answer.text
