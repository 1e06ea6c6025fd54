# SPDX-License-Identifier: Apache-2.0
"""Tokens that their issuer is asked about (RFC 7662): what lets in, what is refused, and what is remembered. What a bad
endpoint does, test_introspection_faults.py tries."""

import hashlib
import time
from pathlib import Path

import pytest

from support.fetched import lines_of
from support.holders import Holders
from support.introspector import CLIENT, SECRET, Introspector, active, go, says_of
from support.jwtmaker import Key
from support.ports import Directory, free_port
from support.problem import assert_refused
from support.tls import HOST, TlsClient
from support.waiting import wait_until

SHOWN = """
ApiGuardPassClaim tenant
Header always set X-Seen "%{APIGUARD_CREDENTIAL}e|%{APIGUARD_CLIENT}e|%{APIGUARD_SCOPES}e|%{APIGUARD_CLAIM_tenant}e"
Header always set X-User "expr=%{REMOTE_USER}"
"""
ASKED_FOR = """
<RequireAll>
    Require api-credential introspect
    Require api-client introspect:shop
    Require api-scope write
    Require api-claim tenant.name:blue
</RequireAll>
"""
CONF = """
RemoteIPHeader X-Client
"""
KEY = Key("RS256")


@pytest.fixture(scope="module")
def issuer():
    folder = Directory("introspection")
    folder.write("rsa", KEY.file())
    server = Introspector(folder)
    server.folder = folder
    yield server
    server.close()
    folder.close()


def sections(issuer):
    jwt = f"ApiGuardJWTKey RS256 file:{issuer.folder.join('rsa')}"
    return "\n".join([
        issuer.section("a", more=SHOWN),
        issuer.section("post", "auth=post"),
        issuer.section("brief", "cache=1s negative=1s"),
        issuer.section("asked", more=ASKED_FOR).replace("    Require valid-user\n", ""),
        issuer.section("must", more="ApiGuardRequireClaim exp"),
        issuer.section("names", more="ApiGuardIssuer https://id.example\nApiGuardAudience api"),
        issuer.section("user", more="ApiGuardClaimMap user=username\n" + SHOWN),
        issuer.section("short", more="ApiGuardMaxLifetime 5min"),
        issuer.section("both", provider="introspect jwt", more=jwt + SHOWN),
        issuer.section("alone", more=jwt + SHOWN),
        issuer.section("banned", more="ApiGuardBan 3/min for=1h"),
        issuer.section("outer"),
        '<Location "/s/outer/inner/">\nApiGuardIntrospection none\n</Location>',
    ])


@pytest.fixture(scope="module")
def web(make_httpd, issuer):
    return make_httpd(CONF + sections(issuer), database=None, modules=["remoteip"],
                      files={"api/inner/hello.html": "hello\n"})


def detail(answer, code="token_invalid"):
    said = assert_refused(answer, code)["detail"]
    assert f'error="invalid_token", error_description="{said}"' in answer.header("WWW-Authenticate")
    return said


def test_an_active_token_lets_in(web, issuer):
    """Asked once, by whichever process; then it is remembered, with its names and claims."""
    issuer.tokens["opaque-token-1"] = active(tenant="blue")
    for _ in range(10):
        answer = go(web, "opaque-token-1")
        assert answer.status == 200
        assert answer.header("X-Seen") == "introspect|shop|read write|blue" and answer.header("X-User") == "alice"
    assert issuer.asked_for("opaque-token-1") == 1
    form, credentials = issuer.questions[-1]
    assert form == {"token": "opaque-token-1", "token_type_hint": "access_token"}
    assert credentials == (CLIENT, SECRET)


def test_by_post(web, issuer):
    issuer.tokens["opaque+token/3=="] = active()
    assert go(web, "opaque+token/3==", "post").status == 200
    assert issuer.questions[-1] == ({"token": "opaque+token/3==", "token_type_hint": "access_token",
                                     "client_id": CLIENT, "client_secret": SECRET}, None)


def test_an_inactive_token(web, issuer):
    """It is nobody's: refused, and remembered apart for negative=."""
    for _ in range(3):
        assert detail(go(web, "opaque-unknown-1")).startswith("The token is not active")
    assert issuer.asked_for("opaque-unknown-1") == 1


@pytest.mark.slow
def test_nothing_is_remembered_for_longer(web, issuer):
    issuer.tokens["opaque-brief"] = active()
    assert go(web, "opaque-brief", "brief").status == 200
    issuer.tokens["opaque-brief"] = says_of('{"active": false}')
    wait_until(lambda: go(web, "opaque-brief", "brief").status == 401, 3)
    issuer.tokens["opaque-brief"] = active()
    wait_until(lambda: go(web, "opaque-brief", "brief").status == 200, 3)


@pytest.mark.slow
def test_times_on_each_request(web, issuer):
    """An answer is remembered for a minute, and this token is good for a second: leeway is 30, so it ended before."""
    now = int(time.time())
    issuer.tokens["opaque-ends"] = active(exp=now - 28)
    assert go(web, "opaque-ends").status == 200
    wait_until(lambda: go(web, "opaque-ends").status == 401, 4)
    assert detail(go(web, "opaque-ends"), "token_expired") == "The token has expired"
    assert issuer.asked_for("opaque-ends") == 1
    issuer.tokens["opaque-early"] = active(nbf=now + 600)
    assert detail(go(web, "opaque-early")).startswith("The token's nbf is in the future")


def test_rules(web, issuer):
    issuer.tokens["opaque-rules"] = active(tenant={"name": "blue"})
    issuer.tokens["opaque-other"] = active(tenant={"name": "red"})
    issuer.tokens["opaque-reads"] = active(tenant={"name": "blue"}, scope="read")
    for _ in range(2):
        assert go(web, "opaque-rules", "asked").status == 200
        assert_refused(go(web, "opaque-other", "asked"), "claim_denied")
        assert_refused(go(web, "opaque-reads", "asked"), "scope_insufficient")


def test_an_answer_without_exp(web, issuer):
    """It need not have one (RFC 7662 s2.2), unless the section itself says so; that one accepted it is nothing to the
    other."""
    issuer.tokens["opaque-endless"] = active(exp=None)
    for _ in range(2):
        assert go(web, "opaque-endless").status == 200
        assert detail(go(web, "opaque-endless", "must")) == "The token has no exp, which is required here"
        assert detail(go(web, "opaque-endless", "short")) == "The token has no exp, which is required here"
    issuer.tokens["opaque-long"] = active()
    assert "valid for longer than is allowed" in detail(go(web, "opaque-long", "short"))


@pytest.mark.parametrize("claims, said", [
    ({"iss": "https://id.example", "aud": ["api", "other"]}, None),
    ({"aud": "api"}, None),  # the section has one issuer: it is that one's
    ({"iss": "https://other.example", "aud": "api"}, "The token's iss is an issuer that is not accepted here"),
    ({"iss": "https://id.example/", "aud": "api"}, "The token's iss is an issuer that is not accepted here"),
    ({"iss": "https://id.example", "aud": "apis"}, "The token's aud names another audience"),
    ({"iss": "https://id.example"}, "The token has no aud, which is required here"),
])
def test_issuer_and_audience(web, issuer, claims, said):
    token = "opaque-" + hashlib.sha256(repr(claims).encode()).hexdigest()
    issuer.tokens[token] = active(**claims)
    for _ in range(2):
        if said:
            assert detail(go(web, token, "names")) == said
        else:
            assert go(web, token, "names").status == 200
    assert issuer.asked_for(token) == 1


def test_user_by_another_name(web, issuer):
    issuer.tokens["opaque-user"] = active(username="joe")
    assert go(web, "opaque-user", "user").header("X-User") == "joe"
    assert go(web, "opaque-user").header("X-User") == "alice"


def test_a_token_of_the_form_of_a_jwt(web, issuer):
    """Where the section takes such tokens itself, nobody is asked about one; else it is a token as any."""
    token = KEY.token(client_id="own")
    issuer.tokens[token] = active()
    assert go(web, token, "both").header("X-Seen").startswith("jwt|own|")
    assert issuer.asked_for(token) == 0
    assert detail(go(web, Key("RS256").token(), "both")) == "The token's signature could not be verified"
    assert go(web, token, "alone").header("X-Seen").startswith("introspect|shop|")
    issuer.tokens["opaque-both"] = active()
    assert go(web, "opaque-both", "both").header("X-Seen").startswith("introspect|shop|")


def test_off_again(web, issuer):
    issuer.tokens["opaque-off"] = active()
    assert go(web, "opaque-off", "outer").status == 200
    assert_refused(go(web, "opaque-off", "outer/inner"), "introspection_unavailable")


def test_guesses_are_counted(web, issuer):
    """And a banned address asks about no more tokens, but about those that were good."""
    mine, other = [("X-Client", "192.0.2.1")], [("X-Client", "192.0.2.2")]
    issuer.tokens["opaque-mine"] = active()
    assert go(web, "opaque-mine", "banned", headers=mine).status == 200
    for n in range(2):
        assert_refused(go(web, f"opaque-guess-{n}", "banned", headers=mine), "token_invalid")
    answer = go(web, "opaque-guess-2", "banned", headers=mine)
    assert answer.status in (401, 429)
    issuer.tokens["opaque-new"] = active()
    assert_refused(go(web, "opaque-new", "banned", headers=mine), "banned")
    assert issuer.asked_for("opaque-new") == 0
    assert go(web, "opaque-mine", "banned", headers=mine).status == 200
    assert go(web, "opaque-new", "banned", headers=other).status == 200


@pytest.mark.slow
def test_who_was_good_guesses_nothing(web, issuer):
    """A client whose token was revoked at its issuer is refused as often as it likes."""
    mine = [("X-Client", "192.0.2.9")]
    issuer.tokens["opaque-was-good"] = active()
    assert go(web, "opaque-was-good", "brief", headers=mine).status == 200
    issuer.tokens["opaque-was-good"] = says_of('{"active": false}')
    wait_until(lambda: go(web, "opaque-was-good", "brief", headers=mine).status == 401, 3)
    for _ in range(8):
        assert_refused(go(web, "opaque-was-good", "brief", headers=mine), "token_invalid")
        time.sleep(0.2)  # over several answers of the issuer


def test_too_long_to_be_kept(web, issuer):
    issuer.tokens["opaque-huge"] = active(pad="x" * 5000, tenant="blue")
    for _ in range(3):
        assert go(web, "opaque-huge").header("X-Seen") == "introspect|shop|read write|blue"
    assert issuer.asked_for("opaque-huge") == 3
    assert len(lines_of(web, "AG0947")) == 1


@pytest.mark.slow
def test_kept_over_a_graceful_restart(own_httpd, issuer):
    issuer.tokens["opaque-kept"] = active()
    web = own_httpd(issuer.section("a", more=SHOWN), database=None)
    assert go(web, "opaque-kept").status == 200
    web.graceful()
    for _ in range(5):
        assert go(web, "opaque-kept").header("X-Seen").startswith("introspect|shop|")
    assert issuer.asked_for("opaque-kept") == 1


def test_bound_to_a_certificate(own_httpd, issuer):
    """RFC 8705 s3.2; also when it is remembered."""
    holders = Holders(["joe", "eve"])
    web = own_httpd(HOST.replace("</VirtualHost>", "SSLCACertificateFile {certificates}/ca.pem\n"
                                 "SSLVerifyClient optional\n</VirtualHost>") + issuer.section("a"),
                    database=None, modules=["ssl"], words=holders.words())
    issuer.tokens["opaque-bound"] = active(cnf={"x5t#S256": holders.thumbprint("joe")})
    issuer.tokens["opaque-dpop"] = active(cnf={"jkt": "x" * 43}, token_type="DPoP")
    for _ in range(2):
        assert "none was shown" in detail(go(web, "opaque-bound"))
        assert "another client certificate" in detail(go(TlsClient(holders.holder("eve")), "opaque-bound"))
        assert go(TlsClient(holders.holder("joe")), "opaque-bound").status == 200
        assert "not supported" in detail(go(web, "opaque-dpop"))
    assert issuer.asked_for("opaque-bound") == 1
    web.stop()
    holders.close()


def test_revoked_in_the_database(own_httpd, issuer):
    """What is revoked here is refused, whatever its issuer says, and also while it is remembered."""
    web = own_httpd(issuer.section("a", "cache=1h"))
    issuer.tokens["opaque-jti"] = active(jti="id-1", iss="https://id.example")
    issuer.tokens["opaque-bob"] = active(sub="bob", iat=int(time.time()) - 60)
    assert go(web, "opaque-jti").status == go(web, "opaque-bob").status == 200
    web.keys.sql("INSERT INTO api_revoked_tokens (kind, issuer, value) VALUES ('jti', 'https://id.example', 'id-1')")
    web.keys.sql("INSERT INTO api_revoked_tokens (kind, issuer, value) VALUES ('subject', '', 'bob')")
    wait_until(lambda: go(web, "opaque-jti").status == go(web, "opaque-bob").status == 401, 3)
    assert_refused(go(web, "opaque-jti"), "token_revoked")
    assert_refused(go(web, "opaque-bob"), "token_revoked")
    issuer.tokens["opaque-alice"] = active()
    assert go(web, "opaque-alice").status == 200


def test_revoked_by_digest(own_httpd, issuer):
    """What follows the last dot is a signature in a JWT alone: of another token with two dots it may be all that tells it
    from the next one. And an issuer that takes a JWT with padding as well gives nobody a second token."""
    web = own_httpd(issuer.section("a"))
    jwt = KEY.token(iss=None, jti=None, sub="digest")
    mine, another = "v4.local.mine", "v4.local.another"
    issuer.tokens.update({token: active() for token in (jwt, jwt + "=", mine, another)})
    for token in (jwt, mine):
        assert go(web, token).status == 200
        web.keys.ctl("token", "revoke", "-", stdin=token)
        assert_refused(go(web, token), "token_revoked")
    assert_refused(go(web, jwt + "="), "token_revoked")
    assert go(web, another).status == 200


def test_an_answer_is_for_who_asked(own_httpd, issuer):
    """Another endpoint, another client and other authorities are asked anew, and what a section demands is."""
    second = Directory("introspection")
    other = Introspector(second)
    web = own_httpd("\n".join([
        issuer.section("a"), issuer.section("client", client="guard:2"), other.section("other"),
        issuer.section("ca").replace(str(issuer.ca), str(second.write("both", Path(issuer.ca).read_text() + Path(other.ca).read_text()))),
        issuer.section("aud", more="ApiGuardAudience api"), issuer.section("again", "timeout=3s")]), database=None)
    issuer.tokens["opaque-whose"] = active()
    asked = []
    for name, status in (("a", 200), ("again", 200), ("client", 200), ("ca", 200), ("other", 401), ("aud", 401)):
        assert go(web, "opaque-whose", name).status == status
        asked.append(issuer.asked_for("opaque-whose"))
    assert asked == [1, 1, 2, 3, 3, 4]
    assert other.asked_for("opaque-whose") == 1
    web.stop()
    other.close()
    second.close()


def test_keys_first(own_httpd, issuer):
    """A token that looks like nothing is for the first kind that reads the place: where keys are read from Bearer, too,
    that is a key. The start says so."""
    issuer.tokens["opaque-first"] = active()
    usual = issuer.section("a").replace("ApiGuardProvider introspect\n", "")
    web = own_httpd(usual)
    assert_refused(go(web, "opaque-first"), "key_invalid")
    key = web.keys.create(client="acme")
    assert go(web, key).status == 200
    token = KEY.token(jti="no-key")  # no key has the form of a JWT
    issuer.tokens[token] = active()
    assert go(web, token).status == 200 and issuer.asked_for(token) == 1
    assert "AG0949" in web.error_log()
    web.configure(usual.replace("Require", "ApiGuardKeyFrom header:X-API-Key\nRequire"))
    web.graceful()
    assert go(web, "opaque-first").status == 200
    assert web.get("/s/a/hello.html", headers=[("X-API-Key", key)]).status == 200
    assert issuer.asked_for(key) == 0


def test_the_endpoint_is_away(own_httpd, issuer):
    """503 without a ban, said once."""
    web = own_httpd(issuer.section("a").replace(str(issuer.port), str(free_port())), database=None)
    web.expect("AG0945")
    for n in range(3):
        answer = go(web, f"opaque-away-{n}")
        assert_refused(answer, "introspection_unavailable")
        assert answer.header("Retry-After") == "1"
    assert len(lines_of(web, "AG0945")) == 1


def test_the_challenge(web):
    answer = web.get("/s/both/hello.html")
    said = assert_refused(answer, "credential_missing")["detail"]
    assert said.count("a token as Authorization: Bearer") == 1
    assert answer.header("WWW-Authenticate").startswith("Bearer ")
