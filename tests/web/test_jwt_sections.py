# SPDX-License-Identifier: Apache-2.0
"""Tokens, and what a section says of them: key sets, issuers, claims, providers."""

import pytest

from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused
from support.ring import Ring, go, now, section

MAPPED = """<RequireAll>
        Require api-scope w
        Require api-role boss
        Require api-client jwt:shop
    </RequireAll>"""

TENANT = """
<Directory "{root}/htdocs/tenant">
    AllowOverride AuthConfig
</Directory>
"""


@pytest.fixture(scope="module")
def ring():
    ring = Ring(["HS256", "RS256"])
    yield ring
    ring.dir.close()


@pytest.fixture(scope="module")
def web(make_httpd, ring):
    rs = f"ApiGuardJWTKey RS256 {ring.path('RS256')}"
    conf = section("rs256", rs)
    conf += section("kid", f"ApiGuardJWTKey RS256 {ring.path('first')} kid=first",
                    f"ApiGuardJWTKey ES256 {ring.path('second')} kid=second")
    conf += section("jwks", f"ApiGuardJWKS {ring.path('set.json')}")
    conf += section("two", "ApiGuardIssuer https://a.example https://b.example",
                    f"ApiGuardJWTKey RS256 {ring.path('RS256')} issuer=https://a.example",
                    f"ApiGuardJWTKey RS256 {ring.path('other')} issuer=https://b.example "
                    "audience=only-b")
    conf += section("tokens-only", rs, "ApiGuardProvider jwt")
    conf += section("keys-only", rs, "ApiGuardProvider key")
    conf += section("scopes", rs).replace("Require valid-user", "Require api-scope orders:read")
    conf += section("map", rs, "ApiGuardClaimMap user=email scope=perm.list "
                    "roles=realm_access.roles client=app").replace("Require valid-user", MAPPED)
    return make_httpd(conf + TENANT, files={
        "tenant/hello.html": "hello\n",
        "tenant/.htaccess": "AuthType ApiGuard\nAuthName tenant\nApiGuardProvider jwt\n"
                            "Require valid-user\n"})


def test_kid_chooses_among_configured_keys(web, ring):
    assert go(web, "kid", ring.first.token()).status == 200
    assert go(web, "kid", ring.second.token()).status == 200
    claims = {"sub": "a", "exp": now() + 600}
    crossed = ring.first.sign({"alg": "RS256", "kid": "second"}, claims)
    assert_refused(go(web, "kid", crossed), "token_invalid")
    unknown = ring.first.sign({"alg": "RS256", "kid": "nobody"}, claims)
    assert_refused(go(web, "kid", unknown), "token_invalid")
    without = ring.first.sign({"alg": "RS256"}, claims)
    assert go(web, "kid", without).status == 200


def test_a_key_set_serves_its_keys(web, ring):
    for key in (ring.first, ring.second, ring.third, ring.bound, ring.no_kid):
        assert go(web, "jwks", key.token()).status == 200, key.kid


def test_a_secret_among_public_keys_serves_nothing(web, ring):
    """A set that is published has published its secret."""
    assert_refused(go(web, "jwks", ring.hmac.token()), "token_invalid")


def test_a_key_for_encryption_verifies_nothing(web, ring):
    assert_refused(go(web, "jwks", ring.sealed.token()), "token_invalid")
    claims = {"sub": "a", "exp": now() + 600}
    other = ring.rsa.sign({"alg": "RS256", "kid": "other-alg"}, claims)
    assert_refused(go(web, "jwks", other), "token_invalid")


def test_a_jwk_without_alg_serves_what_its_type_serves(web, ring):
    """RSA: RS256 and PS256; a JWK with alg: that one."""
    claims = {"sub": "a", "exp": now() + 600}
    pss = Key("PS256")
    for key, status in ((ring.first, 200), (ring.bound, 401)):
        pss.private, pss.kid = key.private, key.kid
        assert go(web, "jwks", pss.token(claims)).status == status
    rs512 = Key("RS512")
    rs512.private, rs512.kid = ring.first.private, "first"
    assert_refused(go(web, "jwks", rs512.token(claims)), "token_invalid")


def test_a_key_signs_for_its_issuer_only(web, ring):
    a, b = "https://a.example", "https://b.example"
    assert go(web, "two", ring.rsa.token(iss=a)).status == 200
    assert go(web, "two", ring.other_rsa.token(iss=b, aud="only-b")).status == 200
    assert_refused(go(web, "two", ring.rsa.token(iss=b, aud="only-b")), "token_invalid")
    assert_refused(go(web, "two", ring.other_rsa.token(iss=a)), "token_invalid")
    assert_refused(go(web, "two", ring.other_rsa.token(iss=b, aud="else")), "token_invalid")
    assert_refused(go(web, "two", ring.rsa.token(iss="https://c.example")), "token_invalid")
    assert_refused(go(web, "two", ring.rsa.token()), "token_invalid")


def test_a_token_s_scopes_count(web, ring):
    assert go(web, "scopes", ring.rsa.token(scope="mail orders:read")).status == 200
    assert go(web, "scopes", ring.rsa.token(scp=["orders:read"])).status == 200
    assert_refused(go(web, "scopes", ring.rsa.token(scope="orders:*")), "scope_insufficient")
    assert_refused(go(web, "scopes", ring.rsa.token(scope="orders:reader")), "scope_insufficient")
    assert_refused(go(web, "scopes", ring.rsa.token()), "scope_insufficient")


def test_claims_can_have_other_names(web, ring):
    claims = {"email": "a@example.org", "perm": {"list": ["r", "w"]}, "app": "shop",
              "realm_access": {"roles": ["boss"]}}
    assert go(web, "map", ring.rsa.token(claims)).status == 200
    assert go(web, "map", ring.rsa.token({**claims, "app": "other"})).status == 403
    assert go(web, "map", ring.rsa.token({**claims, "perm": "w"})).status == 403
    assert go(web, "map", ring.rsa.token({**claims, "realm_access": ["boss"]})).status == 403


def test_a_secret_from_the_environment(own_httpd, ring):
    """It is read again at every restart, so reading it must not use it up."""
    web = own_httpd(section("env", "ApiGuardJWTKey HS256 env:APIGUARD_TEST_SECRET"), start=False)
    key = ring.by_alg["HS256"]
    web.start(env={"APIGUARD_TEST_SECRET": key.file().decode()})
    for again in (web.graceful, web.restart, lambda: None):
        assert go(web, "env", key.token()).status == 200
        assert_refused(go(web, "env", Key("HS256", secret=b"y" * 64).token()), "token_invalid")
        again()


def test_providers_read_what_is_theirs(web, ring):
    key = web.keys.create()
    token = ring.rsa.token()
    assert go(web, "tokens-only", token).status == 200
    assert go(web, "tokens-only", key).status == 401
    assert web.get("/s/tokens-only/hello.html", key=key).status == 401
    assert go(web, "keys-only", token).status == 401
    assert go(web, "keys-only", key).status == 200
    assert go(web, "rs256", key).status == 200


def test_a_key_and_a_token_at_once_are_ambiguous(web, ring):
    key = web.keys.create()
    answer = web.get("/s/rs256/hello.html", key=key, bearer=ring.rsa.token())
    assert_refused(answer, "credential_ambiguous")


def test_nobody_may_be_called_anonymous(web, ring):
    assert_refused(go(web, "rs256", ring.rsa.token(sub="anonymous")), "token_invalid")


def test_a_token_just_under_the_size_of_a_header_works(web, ring):
    assert go(web, "rs256", ring.rsa.token(pad="x" * 4500)).status == 200
    answer = go(web, "rs256", ring.rsa.token(pad="x" * 9000))
    assert 400 <= answer.status < 500


def test_tokens_where_no_key_set_is_there_are_neither_good_nor_bad(web, ring):
    """A tenant asks for tokens, and the server has no keys to check them with."""
    answer = web.get("/tenant/hello.html", bearer=ring.rsa.token())
    assert_refused(answer, "keyset_unavailable")
    assert_refused(web.get("/tenant/hello.html"), "credential_missing")


SIGNER = Key("HS256")


def test_the_default_provider_works_beside_a_section_of_tokens(own_httpd):
    """What one section names takes nothing from the others."""
    folder = Directory("beside")
    web = own_httpd(f"""
        <Location "/s/tokens/">
            AuthType ApiGuard
            ApiGuardProvider jwt
            ApiGuardJWTKey HS256 file:{folder.write("key", SIGNER.file())}
            Require valid-user
        </Location>
        <Location "/s/keys/">
            AuthType ApiGuard
            Require valid-user
        </Location>
        """)
    assert web.get("/s/keys/hello.html", key=web.keys.create()).status == 200
    assert web.get("/s/tokens/hello.html", bearer=SIGNER.token()).status == 200
    folder.close()
