# SPDX-License-Identifier: Apache-2.0
"""ApiGuardTLS proto=: a proxy in front ends TLS and says so in a field, which anybody can write. It counts where
mod_remoteip says that a proxy it trusts brought the request. The proxy is 127.0.0.1, everybody else 127.0.0.2."""

import http.client
import socket

import pytest

from support.client import Client, parse, read_all
from support.ports import LOOPBACK, free_port
from support.problem import assert_refused
from support.tls import HOST, TlsClient

CONF = HOST + """
RemoteIPHeader X-Forwarded-For
RemoteIPTrustedProxy 127.0.0.1
ServerName https://api.test
UseCanonicalName On

<Location "/s/must/">
    ApiGuardTLS require proto=X-Forwarded-Proto
    AuthType ApiGuard
    AuthName "must"
    Require valid-user
</Location>
<Location "/s/must/inner/">
    ApiGuardTLS redirect
</Location>
<Location "/s/must/inner/other/">
    ApiGuardTLS redirect proto=X-Scheme port=444
</Location>
<Location "/s/strict/">
    ApiGuardTLS redirect proto=X-Forwarded-Proto
    ApiGuardSecurityHeaders api
    ErrorDocument 404 /s/page/hello.html
</Location>
<Location "/s/banned/">
    ApiGuardTLS require proto=X-Forwarded-Proto
    AuthType ApiGuard
    AuthName "banned"
    ApiGuardBan 2/day hard
    Require valid-user
</Location>
<Location "/s/own/">
    ApiGuardTLS require
</Location>
<Location "/s/sent-on/must/">
    RewriteEngine on
    RewriteRule "^" "/s/must/hello.html" [L]
</Location>
<Location "/s/sent-on/strict/">
    RewriteEngine on
    RewriteRule "^" "/s/strict/hello.html" [L]
</Location>
"""
BY_PROXY = [("X-Forwarded-For", "192.0.2.1")]
HTTPS = [*BY_PROXY, ("X-Forwarded-Proto", "https")]


class Stranger(Client):
    """Who comes from another address than the proxy."""

    def connect(self, timeout):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout, source_address=("127.0.0.2", 0))


@pytest.fixture(scope="module")
def web(make_httpd, certificates):
    server = make_httpd(CONF, modules=("ssl", "remoteip", "rewrite"), words=certificates.words())
    server.tls = TlsClient(certificates)
    server.stranger = Stranger(LOOPBACK, server.port)
    return server


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


def test_a_trusted_proxy_is_believed(web, key):
    assert web.get("/s/must/hello.html", key=key, headers=HTTPS).status == 200
    assert_refused(web.get("/s/must/hello.html", headers=HTTPS), "credential_missing")
    assert web.get("/s/must/inner/hello.html", headers=HTTPS).status == 401


@pytest.mark.parametrize("said, secure", [
    (["HTTPS"], True), (["https, https"], True), (["https", "https"], True), (["https", ""], True),
    (["http"], False), (["https, http"], False), (["http, https"], False), (["http", "https"], False),
    (["https", "http"], False), ([], False), ([""], False), (["on"], False), (["wss"], False),
    (["https;x"], False), (["https https"], False), (['"https"'], False)])
def test_each_proxy_on_the_way_must_say_it(web, key, said, secure):
    """One of them adds its word to what it was sent."""
    fields = [*BY_PROXY, *(("X-Forwarded-Proto", text) for text in said)]
    answer = web.get("/s/must/hello.html", key=key, headers=fields)
    if secure:
        assert answer.status == 200
    else:
        assert_refused(answer, "tls_required")


@pytest.mark.parametrize("fields", [
    HTTPS, [("X-Forwarded-Proto", "https")], [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "https")],
    [("X-Forwarded-For", "127.0.0.1, 192.0.2.1"), ("X-Forwarded-Proto", "https")]])
def test_nobody_else_is(web, key, fields):
    assert_refused(web.stranger.request("GET", "/s/must/hello.html", key=key, headers=fields), "tls_required")
    moved = web.stranger.request("GET", "/s/must/inner/hello.html", headers=fields)
    assert (moved.status, moved.header("Location")) == (308, "https://api.test/s/must/inner/hello.html")


@pytest.mark.parametrize("fields", [
    [("X-Forwarded-Proto", "https")],                                        # the proxy names no client
    [("X-Forwarded-For", ""), ("X-Forwarded-Proto", "https")],
    [("X-Forwarded-For", "nonsense"), ("X-Forwarded-Proto", "https")],
    [("X-Forwarded-For", "10.1.2.3"), ("X-Forwarded-Proto", "https")],       # a private one, of a public proxy
    [*BY_PROXY, ("X-Scheme", "https"), ("Forwarded", "proto=https")],        # another field
    [*BY_PROXY, ("X_Forwarded_Proto", "https")]])
def test_what_mod_remoteip_does_not_take_counts_for_nothing(web, key, fields):
    """It leaves no note then, so nobody knows who brought the request."""
    assert_refused(web.get("/s/must/hello.html", key=key, headers=fields), "tls_required")


def test_the_field_counts_for_tls_to_us_too(web, key):
    """The proxy speaks TLS to us; what the client spoke to it, it says."""
    assert web.tls.get("/s/must/hello.html", key=key, headers=HTTPS).status == 200
    for said in ("http", ""):
        assert_refused(web.tls.get("/s/must/hello.html", key=key, headers=[*BY_PROXY, ("X-Forwarded-Proto", said)]),
                       "tls_required")
    assert_refused(web.tls.get("/s/must/hello.html", key=key), "tls_required")


def test_without_proto_the_connection_counts(web, key):
    """Neither a proxy's word nor how the server is called (ServerName https://...)."""
    assert_refused(web.get("/s/own/hello.html", key=key, headers=HTTPS), "tls_required")
    assert web.tls.get("/s/own/hello.html", key=key).status == 200


def test_a_banned_address_hears_of_its_leak_first(web, key):
    client = [("X-Forwarded-For", "192.0.2.77")]
    secure = [*client, ("X-Forwarded-Proto", "https")]
    refused = [web.get("/s/banned/hello.html", key=f"wrong-key-0123456789-{n}", headers=secure).code for n in range(3)]
    assert refused == ["key_invalid", "key_invalid", "banned"]
    assert_refused(web.get("/s/banned/hello.html", key=key, headers=client), "tls_required")


def test_strict_transport_security_follows_it(web):
    """A browser that came to the proxy over TLS is told to stay there; also by a page of errors from elsewhere."""
    for page, status in (("hello.html", 200), ("nowhere", 404)):
        answer = web.get(f"/s/strict/{page}", headers=HTTPS)
        assert answer.status == status and answer.header("Strict-Transport-Security")
    moved = web.get("/s/strict/hello.html", headers=BY_PROXY)
    assert moved.status == 308 and not moved.header("Strict-Transport-Security")


def test_where_the_request_is_sent_on(web, key):
    """The field that counts is that of the section it is sent to; who brought it, the client's request knows."""
    assert web.get("/s/sent-on/must/x", key=key, headers=HTTPS).text == "hello\n"
    for client in (web, web.tls):
        assert_refused(client.get("/s/sent-on/must/x", key=key, headers=BY_PROXY), "tls_required")
    assert web.get("/s/sent-on/strict/x", headers=HTTPS).header("Strict-Transport-Security")


def test_an_inner_section_inherits_the_field(web):
    assert web.get("/s/must/inner/x", headers=BY_PROXY).header("Location") == "https://api.test/s/must/inner/x"
    assert web.get("/s/must/inner/other/x", headers=HTTPS).header("Location") == \
        "https://api.test:444/s/must/inner/other/x"
    assert web.get("/s/must/inner/other/x", headers=[*BY_PROXY, ("X-Scheme", "https")]).status == 401


INTERNAL = """
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.1
Listen 127.0.0.1:{proxied}
<VirtualHost 127.0.0.1:{proxied}>
    RemoteIPProxyProtocol On
</VirtualHost>
<Location "/s/must/">
    ApiGuardTLS require proto=X-Forwarded-Proto
</Location>
"""


@pytest.fixture(scope="module")
def internal(make_httpd):
    port = free_port()
    server = make_httpd(INTERNAL, modules=("remoteip",), words={"proxied": port}, database=None)
    server.stranger = Stranger(LOOPBACK, server.port)
    server.proxied = port
    return server


def test_an_internal_proxy_is_believed(internal):
    """mod_remoteip leaves no note of it; the client's address is another one than the connection's."""
    fields = [("X-Forwarded-For", "10.1.2.3"), ("X-Forwarded-Proto", "https")]
    assert internal.get("/s/must/hello.html", headers=fields, key="x" * 20).status == 200
    assert_refused(internal.stranger.request("GET", "/s/must/hello.html", headers=fields), "tls_required")
    assert_refused(internal.get("/s/must/hello.html", headers=fields[1:]), "tls_required")


def test_the_proxy_protocol_tells_no_scheme(internal):
    """What speaks it passes on the request as the client sent it, that field too."""
    with socket.create_connection((LOOPBACK, internal.proxied), 15) as s:
        s.sendall(b"PROXY TCP4 192.0.2.1 127.0.0.1 1234 80\r\nGET /s/must/hello.html HTTP/1.1\r\nHost: x\r\n"
                  b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n")
        assert_refused(parse(read_all(s)), "tls_required")


# ---- the start ------------------------------------------------------------------------------------------

SECTION = '<Location "/s/">\n    ApiGuardTLS require\n</Location>\n' \
          '<Location "/s/x/">\n    ApiGuardTLS require proto=X-Forwarded-Proto\n</Location>\n'
LIST = "RemoteIPTrustedProxyList {root}/htdocs/proxies\n"
OTHER = "<VirtualHost 127.0.0.1:81>\n%s</VirtualHost>\n"
HEADER, PROXY = "RemoteIPHeader X-Forwarded-For\n", "RemoteIPTrustedProxy 192.0.2.1\n"


@pytest.mark.parametrize("modules, conf, wrong", [
    ((), "", "needs mod_remoteip"),
    (("remoteip",), "", "RemoteIPHeader"),
    (("remoteip",), PROXY, "RemoteIPHeader"),
    (("remoteip",), HEADER, "believes everybody"),
    (("remoteip",), HEADER + LIST, "believes everybody"),
    (("remoteip",), HEADER + OTHER % PROXY, "believes everybody"),
    (("remoteip",), OTHER % HEADER + "<VirtualHost 127.0.0.1:82>\n" + PROXY + "</VirtualHost>\n", "believes everybody"),
    (("remoteip",), HEADER + PROXY, None),
    (("remoteip",), HEADER + LIST + PROXY, None),
    (("remoteip",), OTHER % HEADER + PROXY, None),
    (("remoteip",), OTHER % (HEADER + PROXY), None),
    (("remoteip",), "<IfModule mod_remoteip.c>\n" + HEADER + PROXY + "</IfModule>\n", None)])
def test_who_is_to_be_believed(own_httpd, modules, conf, wrong):
    """Without a line that names proxies, mod_remoteip trusts whoever sends the field; so it does with an empty
    list."""
    web = own_httpd(conf + SECTION, modules=modules, database=None, start=False, files={"proxies": "# none\n"})
    good, said = web.configtest()
    assert good == (wrong is None), said
    if wrong:
        assert "ApiGuardTLS" in said and "X-Forwarded-Proto" in said and wrong in said
