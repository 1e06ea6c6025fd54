# SPDX-License-Identifier: Apache-2.0
"""A refused token's answer says which claim is wrong, in `detail` and in error_description alike. The texts are
those of src/cred/jwt_causes.def; that each is said of the right token, tests/unit/test_jwt_cause.c shows."""

import re

import pytest

from support.jwtmaker import Key
from support.problem import assert_refused
from support.ring import go, now, section

DESCRIPTION = re.compile(r'error="invalid_token", error_description="([\x20-\x21\x23-\x5b\x5d-\x7e]*)"')  # RFC 6750 s3


@pytest.fixture(scope="module")
def web(make_httpd, ring):
    rs = f"ApiGuardJWTKey RS256 {ring.path('RS256')}"
    return make_httpd(
        section("all", rs, "ApiGuardIssuer https://login.example.com", "ApiGuardAudience orders",
                "ApiGuardMaxLifetime 1h", 'ApiGuardRequireClaim exp tenant.id https://example\\.com/x')
        + section("odd", rs, 'ApiGuardRequireClaim "r\\"\u00f6le"')
        + section("mapped", rs, "ApiGuardClaimMap user=person.name scope=rights"))


def claims(**changed):
    return {"iss": "https://login.example.com", "aud": "orders", "tenant": {"id": 1}, "iat": now(),
            "https://example.com/x": 1, **changed}


def told(answer, code="token_invalid"):
    """The detail, as the body and the challenge tell it."""
    detail = assert_refused(answer, code)["detail"]
    assert DESCRIPTION.search(answer.header("WWW-Authenticate")).group(1) == detail
    return detail


@pytest.mark.parametrize("changed, detail", [
    ({"iss": "https://other"}, "The token's iss is an issuer that is not accepted here"),
    ({"iss": None}, "The token has no iss, which is required here"),
    ({"aud": "mail"}, "The token's aud names another audience"),
    ({"aud": None}, "The token has no aud, which is required here"),
    ({"aud": 7}, "The token's aud is malformed"),
    ({"tenant": {}}, "The token has no tenant.id, which is required here"),
    ({"https://example.com/x": None}, "The token has no https://example.com/x, which is required here"),
    ({"exp": None}, "The token has no exp, which is required here"),
    ({"exp": "soon"}, "The token's exp is not a time in seconds"),
    ({"nbf": "soon"}, "The token's nbf is not a time in seconds"),
    ({"nbf": +99}, "The token's nbf is in the future: it is not valid yet"),
    ({"iat": +99}, "The token's iat is in the future"),
    ({"exp": +9999}, "The token's exp is too far away: it is valid for longer than is allowed here"),
    ({"sub": ""}, "The token's sub is not a name that can be used here"),
    ({"azp": "anonymous"}, "The token's azp is not a name that can be used here"),
    ({"roles": ["a\n"]}, "The token's roles holds a control character"),
])
def test_a_refusal_names_the_claim(web, ring, changed, detail):
    moved = {k: now() + v if k in ("exp", "nbf", "iat") and isinstance(v, int) else v for k, v in changed.items()}
    payload = {k: v for k, v in {"sub": "alice", "exp": now() + 600, **claims(**moved)}.items() if v is not None}
    assert told(go(web, "all", ring.rsa.sign({"alg": "RS256"}, payload))) == detail


def test_an_expired_token_says_so(web, ring):
    assert told(go(web, "odd", ring.rsa.token({"exp": now() - 99, 'r"\u00f6le': 1})), "token_expired") \
        == "The token has expired"


def test_what_is_said_may_be_said(web, ring):
    """A claim's name may hold what no error_description may."""
    assert told(go(web, "odd", ring.rsa.token())) == "The token has no r???le, which is required here"


def test_the_map_says_which_claim_it_is(web, ring):
    assert told(go(web, "mapped", ring.rsa.token({"person": {"name": ""}}))) \
        == "The token's person.name is not a name that can be used here"
    assert told(go(web, "mapped", ring.rsa.token({"person": {"name": "x"}, "rights": "a\x01"}))) \
        == "The token's rights holds a control character"


def test_an_unknown_key_and_a_wrong_signature_are_told_alike(web, ring):
    """And whatever else is wrong with such a token, is not told."""
    good = ring.rsa.token(claims())
    unknown = Key("RS256", kid="nobody").token(claims(aud="mail", exp=1))
    forged = good[:-6] + ("AAAAAA" if good[-6:] != "AAAAAA" else "BBBBBB")
    assert {told(go(web, "all", text)) for text in (unknown, forged)} \
        == {"The token's signature could not be verified"}
