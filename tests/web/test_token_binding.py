# SPDX-License-Identifier: Apache-2.0
"""Tokens that are bound to a client certificate (RFC 8705): worth nothing to who has not its key. Each handshake
is a real one. What the claim `cnf` may say, tests/unit/test_token_binding.c asks."""

import socket
import ssl

import pytest

from support.client import parse, read_all
from support.holders import Holders
from support.ports import LOOPBACK, free_port
from support.problem import assert_refused
from support.ring import go, now, section
from support.tls import TlsClient

HOST = """
Listen 127.0.0.1:{%(port)s}
<VirtualHost 127.0.0.1:{%(port)s}>
    SSLEngine on
    SSLCertificateFile {certificates}/server.pem
    SSLCertificateKeyFile {certificates}/server.key
    SSLCACertificateFile {certificates}/ca.pem
    %(lines)s
</VirtualHost>
"""
CONF = "Protocols h2 http/1.1\n" \
    + HOST % {"port": "tls", "lines": "SSLVerifyClient optional"} \
    + HOST % {"port": "unknown", "lines": "SSLVerifyClient optional_no_ca"} \
    + HOST % {"port": "late", "lines": """
    <Location "/s/on/">
        SSLVerifyClient require
    </Location>"""}
NONE = "The token's cnf binds it to a client certificate, and none was shown"
OTHER = "The token's cnf binds it to another client certificate than the one that was shown"
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="module")
def holders():
    holders = Holders(["joe", "eve", "lone"], alone=["lone"])
    holders.ports = {"unknown": free_port(), "late": free_port()}
    yield holders
    holders.close()


@pytest.fixture(scope="module")
def web(make_httpd, ring, holders):
    rs = f"ApiGuardJWTKey RS256 {ring.path('RS256')}"
    return make_httpd(CONF + section("on", rs) + section("must", rs, "ApiGuardTokenBinding require")
                      + section("must/inner", "ApiGuardTokenBinding on"),
                      modules=("ssl", "http2"), words={**holders.words(), **holders.ports},
                      files={"api/inner/hello.html": "hello\n"})


@pytest.fixture
def client(web, holders):
    """client(NAME) shows NAME's certificate."""
    def make(name=None, port="tls", version=None):
        return TlsClient(holders.holder(name, holders.ports.get(port), version))
    return make


def bound(ring, cnf, **claims):
    return ring.rsa.token(cnf=cnf, **claims)


def bound_to(ring, holders, name, **claims):
    return bound(ring, {"x5t#S256": holders.thumbprint(name)}, **claims)


def told(answer):
    detail = assert_refused(answer, "token_invalid")["detail"]
    assert f'error="invalid_token", error_description="{detail}"' in answer.header("WWW-Authenticate")
    return detail


def test_a_bound_token_needs_its_certificate(web, ring, holders, client):
    """Before it was accepted anywhere, and when it is remembered."""
    token = bound_to(ring, holders, "joe", jti="both")
    for _ in range(2):
        assert told(go(client(), "on", token)) == NONE
        assert told(go(client("eve"), "on", token)) == OTHER
        assert told(go(web, "on", token)) == NONE  # plain HTTP
        assert go(client("joe"), "on", token).status == 200


def test_over_http_2(web, ring, holders, client):
    fields = [("Authorization", f"Bearer {bound_to(ring, holders, 'joe', jti='h2')}")]
    for _ in range(2):
        assert told(client().h2("/s/on/hello.html", fields)) == NONE
        assert told(client("eve").h2("/s/on/hello.html", fields)) == OTHER
        assert client("joe").h2("/s/on/hello.html", fields).status == 200


@pytest.mark.parametrize("version", [V12, V13])
def test_each_version_of_tls(ring, holders, client, web, version):
    token = bound_to(ring, holders, "joe", jti=version.name)
    assert go(client("joe", version=version), "on", token).status == 200
    assert told(go(client("eve", version=version), "on", token)) == OTHER


def test_a_certificate_that_nobody_signed(web, ring, holders, client):
    """RFC 8705 s3: what counts is that the client has its key; `optional_no_ca` lets it come so far."""
    token = bound_to(ring, holders, "lone")
    assert go(client("lone", "unknown"), "on", token).status == 200
    assert told(go(client("joe", "unknown"), "on", token)) == OTHER
    assert told(go(client(None, "unknown"), "on", token)) == NONE


@pytest.mark.parametrize("version", [V12, V13])
def test_a_certificate_that_is_asked_for_late(web, ring, holders, client, version):
    """A section's own SSLVerifyClient: by renegotiation, or in TLS 1.3 by authentication after the handshake."""
    token = bound_to(ring, holders, "joe", jti=f"late{version.name}")
    assert go(client("joe", "late", version), "on", token).status == 200
    assert told(go(client("eve", "late", version), "on", token)) == OTHER
    assert told(go(client("joe", "late", version), "must/inner", token)) == NONE  # not asked for there


def raw(holder, session, token):
    """One request on a connection that resumes the session."""
    with holder.context().wrap_socket(socket.create_connection((LOOPBACK, holder.port), 15),
                                      server_hostname="api.test", session=session) as s:
        s.sendall(f"GET /s/on/hello.html HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n"
                  f"Authorization: Bearer {token}\r\n\r\n".encode())
        answer = parse(read_all(s))
        return answer, s.session, s.session_reused


def test_a_resumed_session_has_its_certificate(web, ring, holders):
    token = bound_to(ring, holders, "joe", jti="resumed")
    holder = holders.holder("joe", version=V12)
    context = holder.context()
    holder.context = lambda protocol=None: context
    first, session, _ = raw(holder, None, token)
    again, _, reused = raw(holder, session, token)
    assert (first.status, again.status, reused) == (200, 200, True)


@pytest.mark.parametrize("cnf", [
    {"jkt": "x" * 43}, {"jwk": {"kty": "oct", "k": "AAAA"}}, {"kid": "k"}, {}, {"x5t": "x" * 27}])
def test_other_confirmations_are_refused(web, ring, holders, client, cnf):
    """RFC 9449's `jkt` until its proof is asked for; and what nobody knows."""
    for name in ("on", "must"):
        assert told(go(client("joe"), name, bound(ring, cnf))) == "The token's cnf is of a method that is not supported"


def test_a_second_confirmation_is_not_passed_over(web, ring, holders, client):
    both = {"x5t#S256": holders.thumbprint("joe"), "jkt": "x" * 43}
    assert told(go(client("joe"), "on", bound(ring, both))).endswith("is not supported")


@pytest.mark.parametrize("cnf", [None, "x", ["x5t#S256"], {"x5t#S256": None}, {"x5t#S256": "x"}])
def test_a_confirmation_of_another_form(web, ring, holders, client, cnf):
    token = ring.rsa.sign({"alg": "RS256"}, {"sub": "alice", "exp": now() + 600, "cnf": cnf})
    assert told(go(client("joe"), "on", token)) == "The token's cnf is malformed"


def test_require_refuses_what_is_not_bound(web, ring, holders, client):
    token = ring.rsa.token(jti="loose")
    mine = bound_to(ring, holders, "joe", jti="mine")
    for _ in range(2):
        assert go(client("joe"), "on", token).status == 200
        assert told(go(client("joe"), "must", token)) == "The token has no cnf, which is required here"
        assert go(client("joe"), "must", mine).status == 200
        assert go(client("joe"), "must/inner", token).status == 200
    assert go(web, "on", token).status == 200  # and needs no TLS


def test_no_field_is_taken_for_a_certificate(web, ring, holders, client):
    """What a proxy in front may say (RFC 9440) is not believed."""
    pem = open(holders.file("joe.pem")).read()
    token = bound_to(ring, holders, "joe", jti="field")
    line = "".join(pem.split("\n")[1:-2])
    for name in ("Client-Cert", "SSL-Client-Cert", "X-SSL-Client-Cert", "SSL_CLIENT_CERT"):
        answer = client().request("GET", "/s/on/hello.html", {name: f":{line}:"}, bearer=token)
        assert told(answer) == NONE
