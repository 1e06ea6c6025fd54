# SPDX-License-Identifier: Apache-2.0
"""ApiGuardTokenType: which tokens of an issuer are meant for an API."""

import pytest

from support.problem import assert_refused
from support.ring import go, now, section


@pytest.fixture(scope="module")
def web(make_httpd, ring):
    rs = f"ApiGuardJWTKey RS256 {ring.path('RS256')}"
    return make_httpd(
        section("usual", rs) + section("access", rs, "ApiGuardTokenType at+jwt")
        + section("jwt", rs, "ApiGuardTokenType jwt") + section("any", rs, "ApiGuardTokenType any")
        + section("any/inner", "ApiGuardTokenType at+jwt"), files={"api/inner/hello.html": "hello\n"})


def token(ring, typ, **claims):
    header = {"alg": "RS256"} if typ is None else {"alg": "RS256", "typ": typ}
    return ring.rsa.sign(header, {"sub": "alice", "exp": now() + 600, **claims})


TAKEN = {
    "at+jwt": ("usual", "access", "any", "any/inner"),
    "application/AT+jwt": ("usual", "access", "any", "any/inner"),
    "JWT": ("usual", "jwt", "any"),
    None: ("usual", "jwt", "any"),
    "logout+jwt": ("any",),
    "dpop+jwt": ("any",),
    "secevent+jwt": ("any",),
    "id+jwt": ("any",),
}


@pytest.mark.parametrize("typ", TAKEN)
def test_a_section_takes_its_types(web, ring, typ):
    """The same token everywhere: what one section has accepted is remembered, and no hit for another."""
    text = token(ring, typ)
    for name in ("any", "usual", "access", "jwt", "any/inner", "any"):
        answer = go(web, name, text)
        if name in TAKEN[typ]:
            assert answer.status == 200, (name, answer)
        else:
            body = assert_refused(answer, "token_invalid")
            assert body["detail"] == ("The token's typ is not accepted here" if typ else
                                      "The token has no typ, which is required here")
            assert body["detail"] in answer.header("WWW-Authenticate")


def test_an_id_token_of_the_same_issuer_is_kept_out(web, ring):
    """RFC 9068 s2.1: an ID token says JWT or nothing."""
    id_token = token(ring, "JWT", iss="https://login.example.com", aud="shop", nonce="n")
    assert go(web, "usual", id_token).status == 200
    assert_refused(go(web, "access", id_token), "token_invalid")
    assert_refused(go(web, "access", token(ring, None)), "token_invalid")


@pytest.mark.parametrize("typ", [7, ["JWT"], {"typ": "JWT"}, None])
def test_a_type_that_is_no_text_is_refused(web, ring, typ):
    text = ring.rsa.sign({"alg": "RS256", "typ": typ}, {"sub": "alice", "exp": now() + 600})
    for name in ("usual", "any"):
        assert_refused(go(web, name, text), "token_invalid")
