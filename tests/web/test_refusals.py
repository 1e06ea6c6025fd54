# SPDX-License-Identifier: Apache-2.0
"""What a client sees when it is refused: one test for each reason, and what all refusals share.
keystore_unavailable, keyset_unavailable and counters_unavailable need something to be away: see
the tests of database faults, tokens and limits in memcached."""

import re
import time

import pytest

from support.fields import challenges, limits
from support.jwtmaker import Key
from support.ports import Directory
from support.problem import REASONS, assert_refused

CONF = """
<Location "/s/plain/">
    AuthType ApiGuard
    AuthName "plain"
    Require valid-user
</Location>
<Location "/s/token/">
    AuthType ApiGuard
    AuthName "token"
    ApiGuardJWTKey HS256 file:{keyfile}
    Require valid-user
</Location>
<Location "/s/scope/">
    AuthType ApiGuard
    AuthName "scope"
    ApiGuardJWTKey HS256 file:{keyfile}
    Require api-scope orders:write
</Location>
<Location "/s/role/">
    AuthType ApiGuard
    AuthName "role"
    Require api-role boss
</Location>
<Location "/s/client/">
    AuthType ApiGuard
    AuthName "client"
    Require api-client friend
</Location>
<Location "/s/claim/">
    AuthType ApiGuard
    AuthName "claim"
    ApiGuardJWTKey HS256 file:{keyfile}
    Require api-claim tenant:acme
</Location>
<Location "/s/kind/">
    AuthType ApiGuard
    AuthName "kind"
    ApiGuardJWTKey HS256 file:{keyfile}
    Require api-credential jwt
</Location>
<Location "/s/address/">
    AuthType ApiGuard
    AuthName "address"
    Require api-ip 192.0.2.0/24
</Location>
<Location "/s/not/">
    AuthType ApiGuard
    AuthName "not"
    <RequireAll>
        Require valid-user
        Require not api-client acme
    </RequireAll>
</Location>
<Location "/s/rate/">
    AuthType ApiGuard
    AuthName "rate"
    ApiGuardRateLimit 2/day
    Require valid-user
</Location>
<Location "/s/forbidden/">
    AuthType ApiGuard
    AuthName "forbidden"
    ApiGuardInvalidKeyStatus 403
    Require valid-user
</Location>
<Location "/s/httpd/">
    AuthType ApiGuard
    AuthName "httpd"
    ApiGuardErrors httpd
    Require valid-user
</Location>
<Location "/s/quote/">
    AuthType ApiGuard
    AuthName "a \\"quoted\\" realm"
    Require valid-user
</Location>
"""

SIGNER = Key("HS256")


@pytest.fixture(scope="module")
def web(make_httpd):
    folder = Directory("keys")
    path = folder.write("hs256.key", SIGNER.file())
    yield make_httpd(CONF, words={"keyfile": path})
    folder.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme", scopes=["read"])


def key_with(column, value):
    def make(web):
        key = web.keys.create(client="acme")
        web.keys.update(key, **{column: value})
        return key
    return make


CASES = [
    # code, path, what is sent
    ("credential_missing", "plain", lambda web, key: {}),
    ("credential_ambiguous", "plain", lambda web, key: {"key": key, "bearer": "other-0123456789"}),
    ("key_invalid", "plain", lambda web, key: {"key": "unknown-0123456789"}),
    ("key_revoked", "plain", lambda web, key: {"key": key_with("is_active", 0)(web)}),
    ("key_expired", "plain", lambda web, key: {"key": key_with("expires_at", 1000)(web)}),
    ("token_invalid", "token", lambda web, key: {"bearer": SIGNER.token()[:-4] + "AAAA"}),
    ("token_expired", "token",
     lambda web, key: {"bearer": SIGNER.token(exp=int(time.time()) - 99)}),
    ("scope_insufficient", "scope", lambda web, key: {"key": key}),
    ("role_insufficient", "role", lambda web, key: {"key": key}),
    ("client_denied", "client", lambda web, key: {"key": key}),
    ("claim_denied", "claim", lambda web, key: {"bearer": SIGNER.token(tenant="other")}),
    ("credential_denied", "kind", lambda web, key: {"key": key}),
    ("ip_denied", "address", lambda web, key: {"key": key}),
    ("endpoint_denied", "plain",
     lambda web, key: {"key": key_with("allowed_endpoints", "POST /elsewhere/*")(web)}),
    ("access_denied", "not", lambda web, key: {"key": key}),
]
IDS = [case[0] for case in CASES]


@pytest.mark.parametrize("code, section, sent", CASES, ids=IDS)
def test_refusal(web, key, code, section, sent):
    answer = web.get(f"/s/{section}/hello.html", **sent(web, key))
    assert_refused(answer, code)
    assert "hello" not in answer.text


@pytest.mark.parametrize("code, section, sent", CASES, ids=IDS)
def test_head_has_the_same_head_and_no_body(web, key, code, section, sent):
    answer = web.request("HEAD", f"/s/{section}/hello.html", **sent(web, key))
    assert answer.status == REASONS[code].status
    assert answer.body == b""
    assert answer.header("Content-Type") == "application/problem+json"
    assert int(answer.header("Content-Length")) > 150, "as long as the body of a GET"
    assert "no-store" in answer.header("Cache-Control")
    assert bool(answer.all("WWW-Authenticate")) or answer.status != 401


def test_rate_exceeded(web, key):
    for _ in range(2):
        assert web.get("/s/rate/hello.html", key=key).status == 200
    answer = web.get("/s/rate/hello.html", key=key)
    body = assert_refused(answer, "rate_exceeded")
    assert body["violated-policies"] == ["2/day"]
    assert "acme" in body["detail"]
    assert limits(answer)["2/day"]["r"] == 0
    head = web.request("HEAD", "/s/rate/hello.html", key=key)
    assert (head.status, head.body) == (429, b"")
    assert int(head.header("Retry-After")) >= 1


def test_internal_error_is_a_refusal_too(own_httpd):
    """More windows on one request than can be charged in one step: refused, not let through."""
    windows = " ".join(f"1000/{n}min" for n in range(1, 60))
    web = own_httpd(f'''
    <Location "/s/broken/">
        AuthType ApiGuard
        AuthName "broken"
        ApiGuardRateLimit {windows}
        Require valid-user
    </Location>''')
    web.expect("apiguard")
    answer = web.get("/s/broken/hello.html", key=web.keys.create())
    assert_refused(answer, "internal_error")
    assert "hello" not in answer.text


@pytest.mark.parametrize("bad", [
    "agk_" + "0" * 43 + "000000",  # our shape, wrong checksum
    "agk_short", "x", "imported-key-that-nobody-knows",
])
def test_unknown_and_malformed_keys_get_the_same_answer(web, bad):
    answer = web.get("/s/plain/hello.html", key=bad)
    body = assert_refused(answer, "key_invalid")
    other = web.get("/s/plain/hello.html", key="another-unknown-key").json
    assert {k: v for k, v in body.items() if k != "request_id"} == \
           {k: v for k, v in other.items() if k != "request_id"}


def test_invalid_keys_can_be_403(web, key):
    answer = web.get("/s/forbidden/hello.html", key="unknown-0123456789")
    assert (answer.status, answer.code) == (403, "key_invalid")
    assert answer.json["status"] == 403
    assert_refused(web.get("/s/forbidden/hello.html"), "credential_missing")
    assert web.get("/s/forbidden/hello.html", key=key).status == 200


def test_a_missing_credential_names_no_error(web):
    for _, values in challenges(web.get("/s/token/hello.html")):
        assert "error" not in values


@pytest.mark.parametrize("claims, words", [({"exp": 1000}, "expired"), ({"nbf": 1 << 40}, "")])
def test_a_bad_token_is_told_by_rfc_6750(web, claims, words):
    answer = web.get("/s/token/hello.html", bearer=SIGNER.token(claims))
    bearer = dict(challenges(answer))["bearer"]
    assert bearer["realm"] == "token"
    assert bearer["error"] == "invalid_token"
    assert words in bearer["error_description"]


def test_error_stands_on_bearer_only(web):
    answer = web.get("/s/token/hello.html", bearer=SIGNER.token(exp=1000))
    for scheme, values in challenges(answer):
        assert scheme == "bearer" or "error" not in values


def test_a_missing_scope_is_named_to_a_token(web):
    answer = web.get("/s/scope/hello.html", bearer=SIGNER.token(scope="orders:read"))
    assert_refused(answer, "scope_insufficient")
    bearer = dict(challenges(answer))["bearer"]
    assert bearer["error"] == "insufficient_scope"
    assert bearer["scope"] == "orders:write"


def test_a_realm_with_quotes_is_escaped(web):
    answer = web.get("/s/quote/hello.html")
    assert all(values["realm"] == 'a "quoted" realm' for _, values in challenges(answer))


def test_request_ids_differ(web):
    """More of them than a thread draws at once."""
    ids = {web.get("/s/plain/hello.html").json["request_id"] for _ in range(500)}
    assert len(ids) == 500
    assert all(re.fullmatch("[0-9a-f]{16}", i) for i in ids)


def test_errors_httpd_leaves_the_page_to_httpd(web):
    answer = web.get("/s/httpd/hello.html")
    assert answer.status == 401
    assert answer.header("Content-Type").startswith("text/html")
    assert answer.all("WWW-Authenticate")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_every_method_is_refused_alike(web, method):
    answer = web.request(method, "/s/plain/hello.html", body="x" if method != "GET" else None)
    assert_refused(answer, "credential_missing")


def test_every_reason_is_tested_somewhere():
    elsewhere = """keystore_unavailable keyset_unavailable counters_unavailable rate_exceeded
                   internal_error list_unavailable banned concurrency_exceeded issuer_denied
                   tls_required origin_denied gone token_revoked revocations_unavailable
                   introspection_unavailable certificate_invalid token_request_invalid grant_unsupported
                   input_invalid endpoint_unknown method_not_allowed body_too_large media_type_unsupported input_rejected"""
    assert set(REASONS) == set(IDS) | set(elsewhere.split())
