# SPDX-License-Identifier: Apache-2.0
"""Client certificates that name clients (ApiGuardCertificate). Each handshake is a real one, and mod_ssl verifies."""

import http.client
import re
import socket
import ssl

import pytest

from support.client import parse, read_all
from support.holders import Holders
from support.ports import LOOPBACK, free_port
from support.problem import assert_refused
from support.tls import TlsClient

HOST = """
Listen 127.0.0.1:{%(port)s}
<VirtualHost 127.0.0.1:{%(port)s}>
    SSLEngine on
    SSLCertificateFile {certificates}/server.pem
    SSLCertificateKeyFile {certificates}/server.key
    SSLCACertificateFile {certificates}/both.pem
    %(lines)s
</VirtualHost>
"""
SECTION = """
<Location "/s/%(name)s/">
    AuthType ApiGuard
    AuthName "%(name)s"
    %(lines)s
</Location>
"""
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
LATE = """
    <Location "/s/only/">
        SSLVerifyClient require
    </Location>"""
FAKE = """
    SSLVerifyClient optional
    SSLOptions +FakeBasicAuth +StdEnvVars
    <Location "/s/basic/">
        AuthType Basic
        AuthName "basic"
        AuthBasicProvider file
        AuthUserFile {root}/htdocs/users
        Require valid-user
    </Location>"""
CONF = "Protocols h2 http/1.1\nSSLSessionCache shmcb:{root}/run/sessions\nRequestHeader set X-Seen \"%{APIGUARD_CLIENT}e\"\n" \
    + HOST % {"port": "tls", "lines": "SSLVerifyClient optional"} \
    + HOST % {"port": "must", "lines": "SSLVerifyClient require"} \
    + HOST % {"port": "unknown", "lines": "SSLVerifyClient optional_no_ca"} \
    + HOST % {"port": "late", "lines": LATE} \
    + HOST % {"port": "fake", "lines": FAKE}
NAMED = {"dn": "CN=joe,O=Test", "san-dns": "joe.example", "san-uri": "spiffe://example/joe", "san-email": "joe@example"}
UNVERIFIED = "The client certificate could not be verified"
RESUMED = "The client certificate is of a resumed session, and nobody can tell whether it was verified"


def section(name, *lines):
    return SECTION % {"name": name, "lines": "\n    ".join(lines)}


def sections(ring):
    rs = f"ApiGuardJWTKey RS256 {ring.path('RS256')}"
    any_user = "Require valid-user"
    return "".join([
        section("only", "ApiGuardProvider cert", "Header always set X-Client %{APIGUARD_CLIENT}e",
                "Header always set X-Kind %{APIGUARD_CREDENTIAL}e", any_user),
        section("both", "ApiGuardCertificate client=cn", any_user),
        section("keys", any_user),
        section("tokens", rs, "ApiGuardProvider jwt cert", any_user),
        section("open", "ApiGuardProvider cert", "ApiGuardAnonymous on", any_user),
        section("ours", "ApiGuardProvider cert", 'ApiGuardCertificate client=cn issuer="CN=ca,O=Test"', any_user),
        section("theirs", "ApiGuardProvider cert", "ApiGuardCertificate issuer=CN=other,O=Test", any_user),
        section("joe", "ApiGuardProvider cert", "Require api-client cert:joe"),
        section("keyjoe", "ApiGuardCertificate client=cn", "Require api-client joe key:joe jwt:joe"),
        section("kind", rs, "ApiGuardProvider key jwt cert", "Require api-credential cert"),
        section("limited", "ApiGuardProvider cert", "ApiGuardRateLimit 2/min by=client", any_user),
        section("basickey", "ApiGuardCertificate client=cn", "ApiGuardKeyFrom basic", any_user),
        *(section(part, "ApiGuardProvider cert", f"ApiGuardCertificate client={part}",
                  "Header always set X-Client %{APIGUARD_CLIENT}e", any_user) for part in NAMED)])


@pytest.fixture(scope="module")
def holders():
    holders = Holders(["joe", "eve", "lone", "admin"], alone=["lone", "admin"])
    holders.make("other", "-addext", "basicConstraints=critical,CA:TRUE")
    holders.make("foreign", "-addext", "basicConstraints=critical,CA:TRUE")
    holders.signed("named", san="DNS:joe.example,URI:spiffe://example/joe,email:joe@example", subject="/O=Test/CN=joe")
    holders.signed("twice", san="DNS:a.example,DNS:b.example", subject="/O=Test/CN=joe/CN=admin")
    holders.signed("nobody", subject="/O=Test")
    holders.signed("anonymous")
    holders.signed("other-joe")
    holders.signed("guest", ca="other", subject="/O=Test/CN=joe")
    holders.signed("stranger", ca="foreign", subject="/O=Test/CN=joe")
    holders.expired("late")
    holders.folder.write("both.pem", "".join(open(holders.file(f"{ca}.pem")).read() for ca in ("ca", "other")))
    holders.ports = {name: free_port() for name in ("must", "unknown", "late", "fake")}
    yield holders
    holders.close()


@pytest.fixture(scope="module")
def web(make_httpd, ring, holders):
    return make_httpd(CONF + sections(ring), modules=("ssl", "http2", "socache_shmcb"),
                      words={**holders.words(), **holders.ports},
                      files={"users": "/O=Test/CN=joe:xxj31ZMTZzkVA\n"})


@pytest.fixture
def client(web, holders):
    """client(NAME) shows NAME's certificate."""
    def make(name=None, port="tls", version=None):
        return TlsClient(holders.holder(name, holders.ports.get(port), version))
    return make


def go(client, name, **kw):
    return client.get(f"/s/{name}/hello.html", **kw)


def told(answer):
    return assert_refused(answer, "certificate_invalid")["detail"]


def let_in(answer):
    assert answer.status == 200, answer
    return answer.header("X-Client")


# ---- who it is ----

def test_a_certificate_names_the_client(web, client):
    answer = go(client("joe"), "only")
    assert (let_in(answer), answer.header("X-Kind")) == ("joe", "cert")
    assert let_in(go(client("eve"), "only")) == "eve"
    assert_refused(go(client(), "only"), "credential_missing")
    assert_refused(go(web, "only"), "credential_missing")  # plain HTTP
    assert re.search(r"joe \"GET /s/only/hello.html", web.named_log("access.log", until="/s/only/"))


@pytest.mark.parametrize("part", NAMED)
def test_each_part(client, part):
    assert let_in(go(client("named"), part)) == NAMED[part]


def test_the_dn_is_mod_ssl_s(web, client):
    """As SSL_CLIENT_S_DN, so that one's rules can be taken over."""
    assert let_in(go(client("joe"), "dn")) == "CN=joe,O=Test"


@pytest.mark.parametrize("name, section, detail", [
    ("twice", "only", "The client certificate has more than one CN, which names the client here"),
    ("twice", "san-dns", "The client certificate has more than one SAN of type DNS, which names the client here"),
    ("nobody", "only", "The client certificate has no CN, which names the client here"),
    ("joe", "san-uri", "The client certificate has no SAN of type URI, which names the client here"),
    ("anonymous", "only", "The client certificate's CN is not a name that can be used here")])
def test_no_name_or_more_than_one(client, name, section, detail):
    for _ in range(2):
        assert told(go(client(name), section)) == detail


def test_issuer(web, client):
    """Two authorities whom mod_ssl trusts may call their clients alike."""
    assert go(client("joe"), "ours").status == 200
    assert go(client("guest"), "only").status == 200
    wrong = "The client certificate is by an issuer that is not accepted here"
    assert told(go(client("guest"), "ours")) == wrong
    assert told(go(client("joe"), "theirs")) == wrong
    assert go(client("guest"), "theirs").status == 200
    assert web.wait_log(r"AG0990: a client certificate is by CN=other,O=Test, and issuer= says CN=ca,O=Test")


# ---- what mod_ssl says ----

@pytest.mark.parametrize("name", ["late", "stranger"])
@pytest.mark.parametrize("port", ["tls", "must"])
def test_what_mod_ssl_refuses_gets_no_connection(client, name, port):
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        go(client(name, port), "only")


def test_required_by_the_host(client):
    assert let_in(go(client("joe", "must"), "only")) == "joe"
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        go(client(None, "must"), "only")


@pytest.mark.parametrize("name", ["lone", "admin", "stranger"])
def test_what_nobody_verified_is_refused(web, client, name):
    """`optional_no_ca` lets it come so far, for tokens that are bound to it."""
    for _ in range(2):
        assert told(go(client(name, "unknown"), "only")) == UNVERIFIED
        assert told(go(client(name, "unknown"), "open")) == UNVERIFIED
    assert let_in(go(client("joe", "unknown"), "only")) == "joe"
    assert web.wait_log("AG0991: a client certificate was not verified: ")


def raw(context, port, session, path="/s/only/hello.html"):
    """One request on a connection that resumes the session; in TLS 1.3 that comes behind the answer."""
    with context.wrap_socket(socket.create_connection((LOOPBACK, port), 15), server_hostname="api.test",
                             session=session) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n".encode())
        answer = parse(read_all(s))
        return answer, s.session, s.session_reused


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize("name, status", [("joe", 200), ("admin", 401), ("stranger", 401)])
def test_a_resumed_session(web, holders, name, status, version):
    """What was not verified at first is not when the session is resumed, either."""
    holder = holders.holder(name, holders.ports["unknown"], version)
    context = holder.context()
    first, session, _ = raw(context, holder.port, None)
    again, _, reused = raw(context, holder.port, session)
    assert (first.status, again.status, reused) == (status, status, True)
    if status == 401:
        assert told(again) in (UNVERIFIED, RESUMED)


def test_a_resumed_session_that_was_never_seen(web, holders):
    """mod_ssl says SUCCESS of it, as of one that it let pass unverified: until it is seen in a whole handshake, nobody
    can tell."""
    holder = holders.holder("other-joe", holders.ports["unknown"], V12)
    context = holder.context()
    session = raw(context, holder.port, None, "/")[1]
    again, _, reused = raw(context, holder.port, session)
    assert told(again) == RESUMED and reused
    first, session, _ = raw(context, holder.port, None)
    assert (first.status, raw(context, holder.port, session)[0].status) == (200, 200)


def test_a_resumed_session_where_all_are_verified(make_httpd, holders):
    port = free_port()
    make_httpd("SSLSessionCache shmcb:{root}/run/sessions\n" + HOST % {"port": "tls", "lines": "SSLVerifyClient optional"}
               + section("only", "ApiGuardProvider cert", "Require valid-user"), modules=("ssl", "socache_shmcb"),
               words={**holders.words(), "tls": port})
    context = holders.holder("joe", port, V12).context()
    session = raw(context, port, None, "/")[1]
    again, _, reused = raw(context, port, session)
    assert (again.status, reused) == (200, True)


@pytest.mark.parametrize("version", [V12, V13])
def test_asked_for_late(client, version):
    """A section's own SSLVerifyClient: by renegotiation, or in TLS 1.3 by authentication after the handshake."""
    assert let_in(go(client("joe", "late", version), "only")) == "joe"
    assert_refused(go(client("joe", "late", version), "joe"), "credential_missing")  # not asked for there


def test_over_http_2(client):
    assert client("joe").h2("/s/only/hello.html").status == 200
    assert_refused(client().h2("/s/only/hello.html"), "credential_missing")
    assert_refused(client("eve").h2("/s/joe/hello.html"), "client_denied")


# ---- beside other credentials ----

def test_a_key_goes_first(web, client):
    key = web.keys.create(client="shop")
    for section, status in (("both", 200), ("keyjoe", 403)):
        assert go(client("joe"), section, key=key).status == status
    assert re.search(r"shop \"GET /s/both/", web.named_log("access.log", until="/s/both/"))
    assert_refused(go(client("joe"), "both", key="wrong-key-of-nobody"), "key_invalid")
    assert go(client("joe"), "both").status == 200
    assert_refused(go(client("joe"), "keys"), "credential_missing")


def test_a_name_is_its_kind_s(client):
    """cert:joe is neither the client joe of a key nor of a token."""
    assert_refused(go(client("joe"), "keyjoe"), "client_denied")
    assert go(client("joe"), "joe").status == 200
    assert_refused(go(client("eve"), "joe"), "client_denied")


def test_a_bound_token_beside_its_certificate(ring, holders, client):
    token = ring.rsa.token(cnf={"x5t#S256": holders.thumbprint("joe")})
    assert go(client("joe"), "tokens", bearer=token).status == 200
    assert_refused(go(client("eve"), "tokens", bearer=token), "token_invalid")
    assert go(client("eve"), "tokens").status == 200
    assert_refused(go(client("joe"), "kind", bearer=token), "credential_denied")
    assert go(client("joe"), "kind").status == 200


def test_the_application_s_own_authorization(web, client):
    """Where certificates alone are taken, nobody reads it."""
    assert let_in(go(client("joe"), "only", headers={"Authorization": "Bearer of-the-application"})) == "joe"
    assert_refused(go(client(), "only", headers={"Authorization": "ClientCertificate SUCCESS"}), "credential_missing")


def test_no_field_is_taken_for_a_certificate(web, holders, client):
    line = "".join(open(holders.file("joe.pem")).read().split("\n")[1:-2])
    for name in ("Client-Cert", "SSL-Client-Cert", "SSL_CLIENT_CERT", "X-SSL-Client-Cert"):
        fields = {name: f":{line}:", "SSL_CLIENT_VERIFY": "SUCCESS", "X-SSL-Client-Verify": "SUCCESS",
                  "SSL_CLIENT_S_DN_CN": "joe"}
        for way in (web, client()):
            assert_refused(go(way, "only", headers=fields), "credential_missing")


def test_anonymous(client):
    assert go(client(), "open").status == 200
    assert go(client("joe"), "open").status == 200


# ---- the answer ----

def test_challenges(client):
    assert go(client(), "only").all("WWW-Authenticate") == ['ClientCertificate realm="only"']
    assert go(client(), "both").all("WWW-Authenticate") == [
        'ApiKey realm="both"', 'Bearer realm="both"', 'ClientCertificate realm="both"']
    detail = assert_refused(go(client(), "both"), "credential_missing")["detail"]
    assert detail.endswith("or a client certificate in the TLS handshake")


def test_limits_by_client(client):
    assert [go(client("joe"), "limited").status for _ in range(3)] == [200, 200, 429]
    assert go(client("eve"), "limited").status == 200


@pytest.mark.parametrize("fields, status", [
    ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 200)])
def test_pages_of_other_origins(client, fields, status):
    """A browser shows the certificate for any page, as it sends cookies."""
    answer = go(client("joe"), "only", headers=fields)
    assert answer.status == status
    if status == 403:
        assert_refused(answer, "origin_denied")


# ---- beside mod_ssl's own use of it ----

def test_beside_fake_basic_auth(web, client):
    assert go(client("joe", "fake"), "only").status == 200
    assert go(client("joe", "fake"), "both").status == 200
    assert go(client("joe", "fake"), "basic").status == 200
    assert go(client("eve", "fake"), "basic").status == 401


# ---- configuration ----

def test_without_mod_ssl(make_httpd):
    for line in ("ApiGuardProvider cert", "ApiGuardCertificate client=cn"):
        good, said = make_httpd(section("x", line, "Require valid-user"), start=False).configtest()
        assert not good and f"{line.split()[0]}: client certificates need mod_ssl" in said, said


def test_nobody_asks_for_it(make_httpd):
    good, said = make_httpd(section("x", "ApiGuardProvider cert", "Require valid-user"), modules=("ssl",),
                            start=False).configtest()
    assert good and "AG0992: ApiGuardProvider: no line SSLVerifyClient" in said, said
