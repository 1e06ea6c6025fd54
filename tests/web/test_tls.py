# SPDX-License-Identifier: Apache-2.0
"""ApiGuardTLS: what comes over plain HTTP where it should not. A credential is refused and told of, never
passed on; what carries none may be sent to https. TLS here is a real handshake."""

import json
import re

import pytest

from support import h2client
from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused
from support.tls import HOST, TlsClient

SIGNER = Key("HS256")
CONF = "Protocols h2 h2c http/1.1\n" + HOST + r"""
LogFormat "%U|%>s|%{APIGUARD_DECISION}e|%{APIGUARD_KEY_ID}e|%{X-API-Key}i|%{COPY}e" vars
CustomLog {root}/logs/vars.log vars
SetEnvIf X-API-Key "(.+)" COPY=$1
SetEnvIf Authorization "(.+)" TOKEN=$1

<Location "/s/must/">
    ApiGuardTLS require
    AuthType ApiGuard
    AuthName "must"
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardKeyFrom header:X-API-Key bearer query:apikey cookie:session_key
    Require valid-user
</Location>
<Location "/s/moved/">
    ApiGuardTLS redirect
    AuthType ApiGuard
    AuthName "moved"
    ApiGuardKeyFrom header:X-API-Key bearer query:apikey
    Require valid-user
</Location>
<Location "/pass/">
    ApiGuardTLS require
    ProxyPass "http://127.0.0.1:{backend}/pass/"
</Location>
<Location "/s/unguarded/">
    ApiGuardTLS redirect port=8443
</Location>
<Location "/s/basic/">
    ApiGuardTLS require
    AuthType Basic
    AuthName "basic"
    AuthBasicProvider file
    AuthUserFile {root}/htdocs/users
    Require valid-user
</Location>
<Location "/s/any/">
    ApiGuardTLS require
    AuthType Basic
    AuthName "any"
    AuthBasicProvider file
    AuthUserFile {root}/htdocs/users
    Require valid-user
    Satisfy Any
    Order allow,deny
    Deny from all
</Location>
<Location "/s/granted/">
    ApiGuardTLS redirect
    Satisfy Any
    Require all granted
</Location>
<Location "/s/counted/">
    ApiGuardTLS require
    AuthType ApiGuard
    AuthName "counted"
    ApiGuardBan 2/min
    ApiGuardRateLimit 2/day by=ip
    Require valid-user
</Location>
<Location "/s/inner/">
    ApiGuardTLS off
</Location>
<Location "/s/must/relaxed/">
    ApiGuardTLS redirect
</Location>
<Location "/s/must/open/">
    ApiGuardTLS off
</Location>
<Location "/s/httpd/">
    ApiGuardTLS require
    ApiGuardErrors httpd
    ApiGuardHideCredentials none
    ApiGuardKeyFrom header:X-API-Key query:apikey
    ErrorDocument 403 /told/
</Location>
<Location "/s/elsewhere/">
    ErrorDocument 404 /s/moved/hello.html
</Location>
<Directory "{root}/htdocs/listed">
    ErrorDocument 403 /told/
    <Files "index.html">
        ApiGuardTLS require
        ApiGuardErrors httpd
        ApiGuardHideCredentials none
        ApiGuardKeyFrom header:X-API-Key query:apikey
    </Files>
</Directory>
<Location "/told/">
    ProxyPass "http://127.0.0.1:{backend}/told/"
    RequestHeader set X-Copy "%{COPY}e and %{REDIRECT_COPY}e"
    RequestHeader set X-Token "%{TOKEN}e and %{REDIRECT_TOKEN}e"
</Location>
"""
MODULES = ("ssl", "http2", "proxy", "proxy_http", "access_compat")
HERE = "https://127.0.0.1"  # what the client calls the server
USERS = "u:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"  # secret


@pytest.fixture(scope="module")
def web(make_httpd, backend, certificates):
    folder = Directory("tls-keys")
    words = {"keyfile": folder.write("hs256.key", SIGNER.file()), "backend": backend.port, **certificates.words()}
    server = make_httpd(CONF, modules=MODULES, words=words, files={"users": USERS, "listed/index.html": "an index\n"})
    server.tls = TlsClient(certificates)
    server.backend = backend
    yield server
    folder.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


def lines(web):
    return [json.loads(text) for text in
            re.findall(r'(\{"event":"denied".*?\})(?:$|, referer)', web.verdict.error.peek(), re.M)]


# ---- over TLS ---------------------------------------------------------------------------------------

def test_over_tls_all_is_as_without(web, key):
    assert web.tls.get("/s/must/hello.html", key=key).text == "hello\n"
    assert web.tls.get("/s/must/hello.html", bearer=SIGNER.token(sub="u")).status == 200
    assert_refused(web.tls.get("/s/must/hello.html"), "credential_missing")
    assert web.tls.get("/s/moved/hello.html", key=key).status == 200
    assert web.tls.get("/s/unguarded/hello.html").status == 200
    assert web.tls.get("/s/basic/hello.html", basic=("u", "secret")).status == 200


def test_over_http2(web, key):
    """A stream has a connection of its own in httpd; its TLS is the one around it."""
    fields = [("X-API-Key", key)]
    assert web.tls.h2("/s/must/hello.html", fields).text == "hello\n"
    assert web.tls.h2("/s/unguarded/hello.html").status == 200
    assert_refused(h2client.request(web.port, "GET", "/s/must/hello.html", fields), "tls_required")
    moved = h2client.request(web.port, "GET", "/s/moved/hello.html")
    assert (moved.status, moved.header("Location")) == (308, "https://api.test/s/moved/hello.html")


def test_tls_that_began_with_the_request_is_none(web, key):
    """RFC 2817, as httpd up to 2.4.63 did it: the request came in clear, and TLS began with its answer."""
    assert_refused(web.tls.get("/s/must/hello.html", key=key, headers={"Upgrade": "TLS/1.0, HTTP/1.1"}),
                   "tls_required")
    assert web.tls.get("/s/must/hello.html", key=key, headers={"Upgrade": "websocket"}).status == 200


# ---- a credential over plain HTTP --------------------------------------------------------------------

PLACES = ["field", "spelled", "bearer", "query", "cookie", "digest", "negotiate", "proxy", "unread", "plain"]


def sent(place, key):
    token = SIGNER.token(sub="u")
    return {
        "field": {"key": key}, "bearer": {"bearer": token},
        "spelled": {"headers": {"X_API_Key": key}},
        "query": {"query": f"?a=1&apikey={key}"},
        "cookie": {"headers": {"Cookie": f"a=b; session_key={key}"}},
        "digest": {"headers": {"Authorization": 'Digest username="u", response="0123456789abcdef"'}},
        "negotiate": {"headers": {"Authorization": "Negotiate YIIFsAYGKwYBBQUCoIIFp"}},
        "proxy": {"headers": {"Proxy-Authorization": "Basic dXNlcjpzZWNyZXRzZWNyZXQ="}},
        "unread": {"headers": {"Authorization": "Something 0123456789abcdef"}},
        "plain": {"headers": {"Authorization": key}},
    }[place]


@pytest.mark.parametrize("section, place", [
    *(("must", place) for place in PLACES), *(("moved", place) for place in PLACES if place != "cookie")])
def test_a_credential_is_refused(web, key, section, place):
    """Wherever it stands, in both modes: a redirect would hide that it leaked."""
    request = sent(place, key)
    answer = web.get(f"/s/{section}/hello.html" + request.pop("query", ""), **request)
    body = assert_refused(answer, "tls_required")
    assert "replace it" in body["detail"]
    assert answer.header("Location") is None and answer.header("WWW-Authenticate") is None
    (line,) = lines(web)
    assert line["code"] == "tls_required" and line["request_id"] == body["request_id"]
    ours = place in ("field", "spelled", "query", "cookie", "plain")
    assert line.get("key_id") == (key[:12] if ours else None)
    assert line.get("credential") == ("key" if ours else "jwt" if place == "bearer" else None)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_with_any_method(web, key, method):
    assert web.request(method, "/s/must/hello.html", key=key, body="x").status == 403
    assert web.request(method, "/s/moved/hello.html", key=key, body="x").status == 403
    assert web.request(method, "/s/must/hello.html", body="x").status == 403
    answer = web.request(method, "/s/moved/hello.html", body="x")
    assert (answer.status, answer.header("Location")) == (308, HERE + "/s/moved/hello.html")


def test_nobody_looks_it_up(web):
    """A key that is good and one that is not get the same answer."""
    key = web.keys.create(client="bystander")
    answers = [web.get("/s/must/hello.html", key=k) for k in (key, key[:-8] + "00000000", "wrong")]
    told = [{**a.json, "request_id": 0} for a in answers]
    assert told[0] == told[1] == told[2]
    assert [line.get("key_id") for line in lines(web)] == [key[:12], None, None]
    assert all(line.get("client") is None for line in lines(web))


def test_it_counts_for_no_ban_and_no_limit(web, key):
    """Who has not looked at a key does not know whether it was a guess; and a ban hides no key that leaks."""
    for wrong in (key[:-8] + "00000000", "wrong-key-0123456789", None) * 3:
        assert_refused(web.get("/s/counted/hello.html", key=wrong), "tls_required")
    assert web.tls.get("/s/counted/hello.html", key=key).status == 200
    assert_refused(web.tls.get("/s/counted/hello.html", key="wrong-key-0123456789"), "key_invalid")
    assert_refused(web.tls.get("/s/counted/hello.html"), "rate_exceeded")
    assert_refused(web.get("/s/counted/hello.html", key=key), "tls_required")


def test_nothing_reaches_a_backend(web, key):
    del web.backend.seen[:]
    assert_refused(web.get("/pass/x", key=key), "tls_required")
    assert_refused(web.get("/pass/x", basic=("u", "long enough a password")), "tls_required")
    assert_refused(web.get("/pass/x"), "tls_required")
    assert web.backend.seen == []
    assert web.tls.get("/pass/x", key=key).json["path"] == "/pass/x"


def test_whatever_the_authtype(web):
    web.expect("AH01797")  # mod_access_compat, whom Satisfy Any asks
    for section in ("basic", "any"):
        assert_refused(web.get(f"/s/{section}/hello.html", basic=("u", "secret")), "tls_required")
        wrong = web.get(f"/s/{section}/hello.html", basic=("u", "wrong password"))
        assert_refused(wrong, "tls_required")
        assert wrong.header("WWW-Authenticate") is None  # asked for by nobody
        assert_refused(web.get(f"/s/{section}/hello.html"), "tls_required")
        assert web.tls.get(f"/s/{section}/hello.html", basic=("u", "secret")).status == 200
        assert web.tls.get(f"/s/{section}/hello.html").status == 401
    for line in lines(web):
        assert "credential" not in line and "key_id" not in line  # a password is no key


def test_satisfy_any_opens_nothing(web, key):
    """mod_access_compat drops a refusal that came before."""
    assert_refused(web.get("/s/granted/hello.html", key=key), "tls_required")
    assert web.get("/s/granted/hello.html").header("Location") == HERE + "/s/granted/hello.html"
    assert web.tls.get("/s/granted/hello.html").status == 200


def test_an_error_document_does_not_see_it(web, key):
    """Whatever ApiGuardHideCredentials says, in a section of no AuthType of ours, and no copy of it either."""
    told(web, "/s/httpd/hello.html", key)


def test_nor_does_that_of_an_index(web, key):
    """mod_dir looked at it by a sub-request; the client's request is refused for that."""
    told(web, "/listed/", key)


def told(web, path, key):
    secrets = [key, "0123456789abcdef.0123.456", "cDpzZWNyZXRzZWNyZXRzZWNyZXQ="]
    answer = web.get(f"{path}?apikey={key}", key=key, headers=[
        ("Authorization", f"Bearer {secrets[1]}"), ("Proxy-Authorization", f"Basic {secrets[2]}"),
        ("Accept", "*/*")])
    assert answer.json["path"] == "/told/"
    names = [name.lower() for name, _ in answer.json["headers"]]
    assert "accept" in names and "x-copy" in names and "x-token" in names
    for secret in secrets:
        assert secret not in answer.text


def test_sections_inside(web, key):
    """`redirect` may take the place of `require`; `off` lets pass, where the administrator says so."""
    assert_refused(web.get("/s/must/relaxed/hello.html", key=key), "tls_required")
    assert web.get("/s/must/relaxed/hello.html").status == 308
    assert_refused(web.get("/s/must/open/hello.html"), "credential_missing")


def test_a_variable_says_why(web, key):
    web.get("/s/must/hello.html?variables", key=key)
    assert f"/s/must/hello.html|403|tls_required|{key[:12]}|-|***\n" in \
        web.named_log("vars.log", f"|403|tls_required|{key[:12]}")


def test_a_log_of_fields_does_not_show_it(web, key):
    """In a section of another AuthType, and of none."""
    for path in ("/s/basic/logged.html", "/s/unguarded/logged.html"):
        assert_refused(web.get(path, key=key), "tls_required")
        assert f"{path}|403|tls_required|{key[:12]}|-|***\n" in web.named_log("vars.log", path)


# ---- redirects ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("target", [
    "/s/moved/hello.html", "/s/moved/hello.html?a=1&b=%20x", "/s/moved/a%20b/%2e%2e/hello.html",
    "/s/moved/?", "/s/moved/hello.html?x=//other.test/", "/s/moved//hello.html", "/s/moved/%C3%A9?q=%C3%A9",
    "/s/moved/hello.html?apikey=", "/s/moved/hello.html?apikey=&x=1"])
def test_path_and_query_are_kept(web, target):
    """As they were sent, byte by byte; an empty key is none, and is not masked for the client."""
    answer = web.get(target)
    assert (answer.status, answer.header("Location")) == (308, HERE + target)
    assert answer.header("Cache-Control") == "no-store"
    assert lines(web) == []
    assert "tls_required" not in web.verdict.error.peek()


def test_another_port(web):
    assert web.get("/s/unguarded/x?y").header("Location") == HERE + ":8443/s/unguarded/x?y"


@pytest.mark.parametrize("host, said", [
    ("other.example", "other.example"), ("other.example:8080", "other.example"), ("[2001:db8::1]", "[2001:db8::1]"),
    ("[2001:db8::1]:8080", "[2001:db8::1]"), ("192.0.2.1", "192.0.2.1"), ("UPPER.example", "upper.example")])
def test_the_host_is_what_the_client_said(web, host, said):
    answer = web.get("/s/moved/x", headers={"Host": host})
    assert answer.header("Location") == f"https://{said}/s/moved/x"


def test_without_a_host_it_is_the_server_s_name(web):
    answer = web.client.raw("GET /s/moved/x HTTP/1.0\r\n\r\n")
    assert answer.header("Location") == "https://api.test/s/moved/x"


def test_an_absolute_target(web):
    answer = web.client.raw("GET http://abs.example:99/s/moved/x?y HTTP/1.1\r\nHost: api.test\r\n"
                            "Connection: close\r\n\r\n")
    assert answer.header("Location") == "https://abs.example/s/moved/x?y"


def test_an_error_page_is_not_moved(web):
    """The client asked for something else, which is not there."""
    answer = web.get("/s/elsewhere/nowhere")
    assert answer.status == 404 and answer.header("Location") is None
    assert [line["code"] for line in lines(web)] == ["tls_required"]  # refused, and told like any refusal


@pytest.mark.parametrize("modules, warned", [((), True), (("ssl",), False)])
def test_a_server_that_cannot_speak_tls_is_told_of_at_the_start(make_httpd, modules, warned):
    web = make_httpd('<Location "/x/">\n    ApiGuardTLS require\n</Location>', modules=modules, start=False)
    good, said = web.configtest()
    assert good, said
    assert ("AG0995" in said) == warned, said
