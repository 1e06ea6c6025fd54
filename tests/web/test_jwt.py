# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens made by another implementation, and what forgers make of them."""

import json
import time

import pytest

from support.jwtmaker import Key, b64, hs_sign, unb64
from support.problem import assert_refused
from support.ring import ALGS, Ring, go, now, section


@pytest.fixture(scope="module")
def ring():
    ring = Ring(ALGS)
    yield ring
    ring.dir.close()


@pytest.fixture(scope="module")
def web(make_httpd, ring):
    rs = f"ApiGuardJWTKey RS256 {ring.path('RS256')}"
    conf = "".join(section(alg.lower(), f"ApiGuardJWTKey {alg} {ring.path(alg)}") for alg in ALGS)
    conf += section("ed25519", f"ApiGuardJWTKey Ed25519 {ring.path('EdDSA')}")
    conf += section("issuer", rs, "ApiGuardIssuer https://issuer.example")
    conf += section("audience", rs, "ApiGuardAudience orders billing")
    conf += section("strict-clock", rs, "ApiGuardLeeway 0")
    conf += section("short", rs, "ApiGuardMaxLifetime 600")
    conf += section("any-claims", rs, "ApiGuardRequireClaim none")
    conf += section("more-claims", rs, "ApiGuardRequireClaim exp jti")
    conf += section("kid", f"ApiGuardJWTKey RS256 {ring.path('first')} kid=first",
                    f"ApiGuardJWTKey ES256 {ring.path('second')} kid=second")
    return make_httpd(conf)


@pytest.mark.slow
def test_ed25519_is_a_name_of_eddsa(web, ring):
    """RFC 9864 s2.2: in a token's header, in a key's line and in a key set."""
    claims = {"sub": "alice", "exp": now() + 600}
    key = ring.by_alg["EdDSA"]
    for section in ("eddsa", "ed25519"):
        for name in ("EdDSA", "Ed25519"):
            assert go(web, section, key.sign({"alg": name}, claims)).status == 200
        assert_refused(go(web, section, key.sign({"alg": "Ed448"}, claims)), "token_invalid")


@pytest.mark.parametrize("alg", ALGS)
def test_a_good_token_passes(web, ring, alg):
    answer = go(web, alg.lower(), ring.by_alg[alg].token())
    assert (answer.status, answer.text) == (200, "hello\n")


def test_a_good_token_passes_again_from_the_cache(web, ring):
    token = ring.rsa.token(sub="often")
    assert [go(web, "rs256", token).status for _ in range(6)] == [200] * 6


@pytest.mark.parametrize("alg", ALGS)
def test_another_key_of_the_same_algorithm_does_not(web, alg):
    stranger = Key(alg, secret=b"x" * 64)
    assert_refused(go(web, alg.lower(), stranger.token()), "token_invalid")


@pytest.mark.parametrize("alg", ALGS)
@pytest.mark.parametrize("other", ALGS)
def test_a_key_serves_its_algorithm_only(web, ring, alg, other):
    """RFC 8725 s3.1: the header may say what it likes."""
    if alg == other:
        return
    assert_refused(go(web, alg.lower(), ring.by_alg[other].token()), "token_invalid")


@pytest.mark.parametrize("alg", ALGS)
def test_the_header_does_not_choose_the_algorithm(web, ring, alg):
    """Signed rightly, but announced as something else."""
    claims = {"sub": "alice", "exp": now() + 600}
    for name in ["none", "None", "", "HS256", "RS256", "ES256K", alg.lower(), alg + " "]:
        if name != alg:
            token = ring.by_alg[alg].sign({"alg": name}, claims)
            assert_refused(go(web, alg.lower(), token), "token_invalid")


@pytest.mark.parametrize("alg", [a for a in ALGS if not a.startswith("HS")])
def test_an_hmac_with_the_public_key_is_no_signature(web, ring, alg):
    claims = {"sub": "alice", "exp": now() + 600}
    pem = ring.by_alg[alg].file()
    for secret in (pem, pem.strip(), pem.replace(b"\n", b"\r\n"), b""):
        for hs, digest in (("HS256", "sha256"), ("HS512", "sha512")):
            token = hs_sign(secret, {"alg": hs}, claims, digest)
            assert_refused(go(web, alg.lower(), token), "token_invalid")


@pytest.mark.parametrize("alg", ALGS)
def test_an_unsigned_token_is_refused(web, alg):
    claims = b64({"sub": "alice", "exp": now() + 600})
    for name in ("none", "None", "NONE", "nOnE", alg):
        for signature in ("", "AA", "AAAA" * 20):
            token = f"{b64({'alg': name})}.{claims}.{signature}"
            assert go(web, alg.lower(), token).status == 401


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_a_zero_ecdsa_signature_is_refused(web, ring, alg):
    signed = ring.by_alg[alg].token().rsplit(".", 1)[0]
    size = {"ES256": 64, "ES384": 96, "ES512": 132}[alg]
    assert_refused(go(web, alg.lower(), f"{signed}.{b64(bytes(size))}"), "token_invalid")
    der = bytes([0x30, 6, 2, 1, 1, 2, 1, 1])
    assert_refused(go(web, alg.lower(), f"{signed}.{b64(der)}"), "token_invalid")


@pytest.mark.parametrize("alg", ALGS)
def test_one_changed_bit_is_refused(web, ring, alg):
    head, payload, signature = ring.by_alg[alg].token().split(".")
    raw = bytearray(unb64(signature))
    raw[len(raw) // 2] ^= 1
    assert_refused(go(web, alg.lower(), f"{head}.{payload}.{b64(bytes(raw))}"), "token_invalid")
    claims = json.loads(unb64(payload))
    claims["sub"] = "mallory"
    assert_refused(go(web, alg.lower(), f"{head}.{b64(claims)}.{signature}"), "token_invalid")


def test_a_token_seen_before_with_another_signature_is_refused(web, ring):
    """The cache knows the signature, not only what was signed."""
    token = ring.rsa.token(sub="cached")
    assert go(web, "rs256", token).status == 200
    head, payload, signature = token.split(".")
    forged = f"{head}.{payload}.{signature[:-8]}AAAAAAAA"
    assert_refused(go(web, "rs256", forged), "token_invalid")


@pytest.mark.parametrize("tail", ["=", "==", "!!", ".x", "%3D", "\t", "~", "+", "/"])
def test_a_token_has_one_spelling(web, ring, tail):
    token = ring.rsa.token(sub="spelling")
    assert go(web, "rs256", token).status == 200
    answer = web.client.raw_request("GET", "/s/rs256/hello.html",
                                    [f"Authorization: Bearer {token}{tail}x"])
    assert answer.status in (400, 401)
    answer = web.client.raw_request("GET", "/s/rs256/hello.html",
                                    [f"Authorization: Bearer {token}{tail}"])
    assert answer.status in ((200,) if tail == "\t" else (400, 401))


def test_base64url_with_stray_bits_is_refused(web, ring):
    """The last character of a part may hold bits that decode to nothing; they must be zero."""
    token = ring.by_alg["HS256"].token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(token[-1]) | 1]
    assert last != token[-1]
    assert_refused(go(web, "hs256", token[:-1] + last), "token_invalid")


HEADERS = {
    "crit": {"alg": "RS256", "crit": ["exp"], "exp": 1},
    "crit unknown": {"alg": "RS256", "crit": ["http://example.com/UNDEFINED"],
                     "http://example.com/UNDEFINED": True},
    "crit empty": {"alg": "RS256", "crit": []},
    "b64": {"alg": "RS256", "b64": False, "crit": ["b64"]},
    "alg array": {"alg": ["RS256"]},
    "alg number": {"alg": 256},
    "no alg": {"typ": "JWT"},
    "kid number": {"alg": "RS256", "kid": 7},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_we_cannot_keep_to_is_refused(web, ring, name):
    token = ring.rsa.sign(HEADERS[name], {"sub": "alice", "exp": now() + 600})
    assert_refused(go(web, "rs256", token), "token_invalid")


def test_keys_in_the_header_are_ignored(web, ring):
    """RFC 8725 s3.10: jwk, jku and x5u would let a forger bring a key along."""
    stranger = Key("RS256")
    claims = {"sub": "mallory", "exp": now() + 600}
    for header in ({"jwk": stranger.jwk()}, {"jku": "http://127.0.0.1:1/set.json"},
                   {"x5u": "http://127.0.0.1:1/cert"}, {"x5c": ["MIIB"]}):
        token = stranger.sign({"alg": "RS256", **header}, claims)
        assert_refused(go(web, "rs256", token), "token_invalid")


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "x" * 3000, "\u0000", "\u20ac"])
def test_an_odd_kid_is_only_unknown(web, ring, kid):
    token = ring.first.sign({"alg": "RS256", "kid": kid}, {"sub": "a", "exp": now() + 600})
    assert_refused(go(web, "kid", token), "token_invalid")


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "application/at+jwt", None])
def test_access_tokens_of_rfc_9068_pass(web, ring, typ):
    header = {"alg": "RS256", "typ": typ} if typ else {"alg": "RS256"}
    token = ring.rsa.sign(header, {"sub": "alice", "exp": now() + 600})
    assert go(web, "rs256", token).status == 200


PAYLOADS = {
    "array": b"[1,2]", "text": b'"alice"', "number": b"1", "null": b"null", "empty": b" ",
    "not JSON": b"{sub:alice}", "twice": b'{"sub":"a","exp":9999999999,"exp":9999999999}',
    "trailing": b'{"exp":9999999999}x', "NUL": b'{"sub":"a\\u0000b","exp":9999999999}',
    "UTF-8": b'{"sub":"\xff","exp":9999999999}',
    "deep": b'{"a":' + b"[" * 2100 + b"]" * 2100 + b"}",
    "huge number": b'{"exp":1e400}', "exp text": b'{"exp":"9999999999"}',
    "exp null": b'{"exp":null}', "exp true": b'{"exp":true}', "exp list": b'{"exp":[9999999999]}',
    "exp big": b'{"exp":99999999999999999999999}', "exp negative": b'{"exp":-1}',
    "nbf text": b'{"exp":9999999999,"nbf":"0"}',
    "BOM": b'\xef\xbb\xbf{"exp":9999999999}',
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_that_is_not_claims_is_refused(web, ring, name):
    """Signed rightly, so only the parser stands in between."""
    token = ring.rsa.sign({"alg": "RS256"}, b64(PAYLOADS[name]))
    answer = go(web, "rs256", token)
    assert answer.status == 401, answer
    assert answer.code in ("token_invalid", "token_expired")


def test_a_fractional_exp_is_a_date(web, ring):
    """RFC 7519 s2: NumericDate may have a fraction."""
    good = ring.rsa.sign({"alg": "RS256"}, {"sub": "a", "exp": now() + 600.5})
    old = ring.rsa.sign({"alg": "RS256"}, {"sub": "a", "exp": now() - 600.5})
    assert go(web, "rs256", good).status == 200
    assert_refused(go(web, "rs256", old), "token_expired")


@pytest.mark.parametrize("section, claims, code", [
    ("rs256", {"exp": -31}, "token_expired"),
    ("rs256", {"exp": -10}, None),                # inside the leeway of 30 seconds
    ("strict-clock", {"exp": -2}, "token_expired"),
    ("strict-clock", {"exp": 30}, None),
    ("rs256", {"exp": None}, "token_invalid"),
    ("any-claims", {"exp": None}, None),
    ("any-claims", {"exp": -99}, "token_expired"),
    ("more-claims", {}, "token_invalid"),
    ("more-claims", {"jti": "x1"}, None),
    ("rs256", {"nbf": 99}, "token_invalid"),
    ("rs256", {"nbf": 10}, None),
    ("strict-clock", {"nbf": 5}, "token_invalid"),
    ("rs256", {"iat": 99}, "token_invalid"),
    ("short", {"iat": 0, "exp": 500}, None),
    ("short", {"iat": 0, "exp": 900}, "token_invalid"),
    ("short", {"iat": None, "exp": 900}, "token_invalid"),
    ("issuer", {"iss": "https://issuer.example"}, None),
    ("issuer", {"iss": "https://issuer.example/"}, "token_invalid"),
    ("issuer", {"iss": "https://issuer.example.evil"}, "token_invalid"),
    ("issuer", {"iss": ["https://issuer.example"]}, "token_invalid"),
    ("issuer", {}, "token_invalid"),
    ("audience", {"aud": "orders"}, None),
    ("audience", {"aud": ["mail", "billing"]}, None),
    ("audience", {"aud": "mail"}, "token_invalid"),
    ("audience", {"aud": []}, "token_invalid"),
    ("audience", {"aud": {"orders": 1}}, "token_invalid"),
    ("audience", {"aud": "orders billing"}, "token_invalid"),
    ("audience", {}, "token_invalid"),
    ("rs256", {"aud": "anything", "iss": "anybody"}, None),
])
def test_claims(web, ring, section, claims, code):
    moved = {k: now() + v if k in ("exp", "nbf", "iat") and v is not None else v
             for k, v in claims.items()}
    answer = go(web, section, ring.rsa.token(moved))
    if code:
        assert_refused(answer, code)
    else:
        assert answer.status == 200, answer


@pytest.mark.slow
def test_a_cached_token_expires_in_time(web, ring):
    token = ring.rsa.token(exp=now() + 2)
    assert go(web, "strict-clock", token).status == 200
    assert go(web, "strict-clock", token).status == 200
    time.sleep(2.2)
    assert_refused(go(web, "strict-clock", token), "token_expired")
