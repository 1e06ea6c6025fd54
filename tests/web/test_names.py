# SPDX-License-Identifier: Apache-2.0
"""Names, scopes and roles mean the same to everybody who reads them: what httpd decides by is what the
backend is told. And a claim has one spelling in every directive."""

import json
import re
import time

import pytest

from support.backend import header_of
from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused
from support.waiting import wait_until

SIGNER = Key("HS256")

ROLES = "https://login.example/roles"

SECTION = """
<Location "/{name}/">
    ProxyPass "http://127.0.0.1:{backend}/{name}/"
    AuthType ApiGuard
    AuthName "{name}"
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardPassHeaders on
    {lines}
</Location>
"""


def section(name, *lines):
    return SECTION.replace("{name}", name).replace("{lines}", "\n    ".join(lines))


CONF = (
    section("pass", "Require valid-user", "ApiGuardPassClaim note")
    + section("admin", "Require api-role admin")
    + section("literal", "Require api-scope orders:read", "Require api-role staff:x")
    + section("wild", "Require api-scope orders:read", "ApiGuardClaimMap wildcards")
    + section("methods", "Require valid-user", "ApiGuardMethodScopes *=use")
    + section("methods-wild", "Require valid-user", "ApiGuardMethodScopes *=use",
              "ApiGuardClaimMap Wildcards")
    + section("numbers", "Require api-role 7", "ApiGuardClaimMap user=uid client=org.id")
    + section("url-map", "Require api-role boss", f"ApiGuardClaimMap roles={ROLES}")
    + section("url-quoted", "Require api-role boss", f'ApiGuardClaimMap roles="{ROLES}"')
    + section("url-claim", f"Require api-claim {ROLES}:boss")
    + section("url-required", "Require valid-user", f"ApiGuardRequireClaim exp {ROLES}")
    + section("url-pass", "Require valid-user", f"ApiGuardPassClaim {ROLES} org.id",
              f"ApiGuardRateLimit 2/day by=claim:{ROLES}"))


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    folder = Directory("names")
    server = make_httpd(CONF, modules=("proxy", "proxy_http"), words={
        "keyfile": folder.write("hs256.key", SIGNER.file()), "backend": backend.port})
    yield server
    folder.close()


def told(web, name, **credential):
    """What the backend saw of a request that must have passed."""
    answer = web.get(f"/{name}/x", **credential)
    assert answer.status == 200, answer
    return answer.json


# ---- blanks --------------------------------------------------------------------------------------

@pytest.mark.parametrize("roles", [["guest admin"], ["guest", " admin"], ["admin\u00a0"],
                                   ["guest\u3000admin"], ["", "admin "]])
def test_a_role_with_a_blank_is_no_two_roles(web, roles):
    """`roles: ["guest admin"]` was one role for httpd and two for whoever splits X-ApiGuard-Roles."""
    web.expect("AG0640")
    token = SIGNER.token(roles=roles, scope=["read write", "mail"])
    assert_refused(web.get("/admin/x", bearer=token), "role_insufficient")
    seen = told(web, "pass", bearer=token)
    assert "admin" not in " ".join(header_of(seen, "X-ApiGuard-Roles"))
    assert header_of(seen, "X-ApiGuard-Scopes") == ["mail"]


def test_what_is_left_out_is_counted_in_the_log(web):
    """A warning once a second, with how many there were since."""
    web.expect("AG0640")

    def counted():
        told(web, "pass", bearer=SIGNER.token(sub=f"counted{time.time_ns()}", roles=["a b", "c d"]))
        return re.search(r"AG0640: .*user counted\d+: 2 of its scopes or roles hold a blank and are "
                         r"left out; and \d+ more since", web.error_log())

    wait_until(counted)


@pytest.mark.parametrize("claims", [
    {"sub": "joe "}, {"sub": " joe"}, {"sub": "joe\u00a0"}, {"sub": "joe\u2003"}, {"azp": "acme "},
    {"azp": "\ufeffacme"}, {"client_id": " acme"}, {"sub": " "}, {"iss": "https://a.example "}])
def test_a_name_that_trims_to_another_is_refused(web, claims):
    assert_refused(web.get("/pass/x", bearer=SIGNER.token(claims)), "token_invalid")


def test_a_blank_inside_a_name_is_its_own(web):
    seen = told(web, "pass", bearer=SIGNER.token(sub="Anna Lee", azp="Acme Corp"))
    assert header_of(seen, "X-ApiGuard-User") == ["Anna Lee"]
    assert header_of(seen, "X-ApiGuard-Client") == ["Acme Corp"]


@pytest.mark.parametrize("note, passed", [("a b", ["a b"]), (" a", []), ("a ", []), ("", [""]),
                                          (["a "], ['["a "]'])])
def test_a_claim_that_a_field_would_trim_is_not_passed(web, note, passed):
    seen = told(web, "pass", bearer=SIGNER.token(note=note))
    assert header_of(seen, "X-ApiGuard-Claim-note") == passed


def test_roles_and_scopes_of_a_key_with_blanks(web):
    """In SQL they may stand; the tool would not write them."""
    web.expect("AG0641")
    key = web.keys.insert("imported-blanks-0001", client="blanks",
                          roles=json.dumps(["guest admin", "ops"]),
                          permissions='read "write all" mail')
    assert_refused(web.get("/admin/x", key=key), "role_insufficient")
    seen = told(web, "pass", key=key)
    assert header_of(seen, "X-ApiGuard-Roles") == ["ops"]
    assert header_of(seen, "X-ApiGuard-Scopes") == ["read mail"]


@pytest.mark.parametrize("client", ["acme ", " acme", "acme\u00a0"])
def test_a_key_s_client_with_a_blank_at_an_end(web, client):
    web.expect("AG0403")
    key = web.keys.insert(f"imported-ends-{abs(hash(client))}", client=client)
    assert web.get("/pass/x", key=key).status in (401, 503)


# ---- wildcards -----------------------------------------------------------------------------------

@pytest.mark.parametrize("scope", ["*", "orders:*", "o*"])
def test_a_scope_of_a_token_is_a_literal_word(web, scope):
    """RFC 6749 s3.3. Whoever may ask an issuer for any scope would have asked for `*`."""
    token = SIGNER.token(scope=scope, roles=["*", "staff:*"])
    assert_refused(web.get("/literal/x", bearer=token), "scope_insufficient")
    assert told(web, "wild", bearer=token)
    key = web.keys.create(client="wild", scopes=[scope])
    assert told(web, "literal", key=key)


def test_a_scope_of_a_token_and_methods(web):
    token = SIGNER.token(scope="*")
    assert_refused(web.get("/methods/x", bearer=token), "scope_insufficient")
    assert told(web, "methods-wild", bearer=token)
    assert told(web, "methods", bearer=SIGNER.token(scope="use"))
    assert told(web, "methods", key=web.keys.create(client="any", scopes=["u*"]))


# ---- claims --------------------------------------------------------------------------------------

def test_a_whole_number_is_a_name(web):
    seen = told(web, "numbers", bearer=SIGNER.token(uid=4711, org={"id": 12}, roles=[7, 8]))
    assert header_of(seen, "X-ApiGuard-User") == ["4711"]
    assert header_of(seen, "X-ApiGuard-Client") == ["12"]
    assert header_of(seen, "X-ApiGuard-Roles") == ["7 8"]
    assert told(web, "numbers", bearer=SIGNER.token(uid=-1, roles=7))
    for uid in (1.5, True, None, [1], {}):
        token = SIGNER.sign({"alg": "HS256"}, {"uid": uid, "org": {"id": 1}, "exp": 9999999999})
        assert_refused(web.get("/numbers/x", bearer=token), "token_invalid")


@pytest.mark.parametrize("name, code", [("url-map", "role_insufficient"),
                                        ("url-quoted", "role_insufficient"),
                                        ("url-claim", "claim_denied"),
                                        ("url-required", "token_invalid")])
def test_a_claim_named_by_a_url(web, name, code):
    """One spelling in every directive: as it stands first, then as a dotted path."""
    assert told(web, name, bearer=SIGNER.token({ROLES: "boss"}))
    assert told(web, name, bearer=SIGNER.token({ROLES: ["boss"]}))
    assert_refused(web.get(f"/{name}/x", bearer=SIGNER.token()), code)


def test_a_claim_named_by_a_url_is_passed_and_counted(web):
    tokens = [SIGNER.token({ROLES: who, "org": {"id": 7}}, sub="same") for who in ("one", "two")]
    for token in tokens:
        seen = told(web, "url-pass", bearer=token)
        assert header_of(seen, "X-ApiGuard-Claim-https---login-example-roles") != []
        assert header_of(seen, "X-ApiGuard-Claim-org-id") == ["7"]
        told(web, "url-pass", bearer=token)
    assert_refused(web.get("/url-pass/x", bearer=tokens[0]), "rate_exceeded")
