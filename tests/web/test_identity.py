# SPDX-License-Identifier: Apache-2.0
"""What a backend is told of a client: who it is, whatever the client says of itself."""

import json
import re

import pytest

from support.backend import header_of, seen
from support.passing import ALL, CLIENT, FILE, OPEN, PASS, QUIET, SIGNER, SILENT, serving

CONF = OPEN + PASS + QUIET + ALL + FILE + SILENT + r"""
<Location "/anonymous/">
    ProxyPass "http://127.0.0.1:{backend}/anonymous/"
    AuthType ApiGuard
    AuthName "anonymous"
    ApiGuardAnonymous on
    ApiGuardPassHeaders on
    Require valid-user
</Location>
<Location "/claims/">
    AuthType ApiGuard
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardPassHeaders on
    ApiGuardPassClaim https://x/role org\.unit
    Require valid-user
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    yield from serving("identity", make_httpd, backend, CONF, modules=("proxy", "proxy_http"))


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(**CLIENT)


def headers_like(request, prefix):
    return {k: v for k, v in request["headers"]
            if re.sub(r"[^a-z]", "-", k.lower()).startswith(prefix)}


def test_the_backend_is_told_who_it_is(web, key):
    request = seen(web, "/pass/x", key=key)
    assert header_of(request, "X-ApiGuard-Client") == ["acme"]
    assert header_of(request, "X-ApiGuard-Credential") == ["key"]
    assert header_of(request, "X-ApiGuard-Scopes") == ["orders:read mail"]
    assert header_of(request, "X-ApiGuard-Roles") == ["clerk"]
    (public,) = header_of(request, "X-ApiGuard-Key-Id")
    assert key.startswith(public) and len(public) < 20


def test_the_backend_is_told_a_token_s_user_and_claims(web):
    token = SIGNER.token(sub="alice", azp="shop", tenant="blue", org={"unit": 7}, scope="a b")
    request = seen(web, "/pass/x", bearer=token)
    assert header_of(request, "X-ApiGuard-User") == ["alice"]
    assert header_of(request, "X-ApiGuard-Client") == ["shop"]
    assert header_of(request, "X-ApiGuard-Credential") == ["jwt"]
    assert header_of(request, "X-ApiGuard-Scopes") == ["a b"]
    assert header_of(request, "X-ApiGuard-Claim-tenant") == ["blue"]
    assert "7" in headers_like(request, "x-apiguard-claim-org").values()


def test_without_pass_headers_it_is_told_nothing(web, key):
    request = seen(web, "/quiet/x", key=key)
    assert headers_like(request, "x-apiguard") == {}
    assert header_of(request, "X-From-Env") == ["acme"]


SPELLINGS = ["X-ApiGuard-Client", "x-apiguard-client", "X_ApiGuard_Client", "X.ApiGuard.Client",
             "X-ApiGuard_Client", "X_APIGUARD-CLIENT", "X-ApiGuard-Claim-role", "X-ApiGuard-",
             "X-APIGUARD-ANYTHING", "x_apiguard.user", "X-ApiGuard.Scopes"]


@pytest.mark.parametrize("path", ["/pass/x", "/quiet/x", "/open/x", "/anonymous/x"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_forged_identity_never_arrives(web, key, path, spelling):
    sent = [(spelling, "root-of-all-evil")]
    credential = {} if path.startswith(("/open", "/anonymous")) else {"key": key}
    request = seen(web, path, headers=sent, **credential)
    assert "root-of-all-evil" not in json.dumps(request)


@pytest.mark.parametrize("connection", [
    "X-ApiGuard-Client", "close, x-apiguard-client, X-ApiGuard-Scopes",
    "X-ApiGuard-Client, X-ApiGuard-User, X-ApiGuard-Credential, keep-alive",
])
def test_connection_cannot_remove_our_identity(web, key, connection):
    request = seen(web, "/pass/x", key=key, headers=[("Connection", connection)])
    assert header_of(request, "X-ApiGuard-Client") == ["acme"]
    assert header_of(request, "X-ApiGuard-Credential") == ["key"]
    assert header_of(request, "X-ApiGuard-Scopes") == ["orders:read mail"]


def test_connection_cannot_hide_a_credential_from_us_or_smuggle_it_on(web, key):
    request = seen(web, "/pass/x", key=key, headers=[("Connection", "X-API-Key")])
    assert header_of(request, "X-API-Key") == []


@pytest.mark.parametrize("claim", ["a\r\nX-Evil: 1", "a\nb", "a\x00b", "\u20ac uro", "x" * 5000,
                                   {"not": "text"}, ["a", "b\r\n"]])
def test_a_claim_cannot_break_a_header(web, claim):
    answer = web.get("/pass/x", bearer=SIGNER.token(tenant=claim, azp="shop"))
    assert answer.status in (200, 401), answer
    if answer.status == 200:
        assert header_of(answer.json, "X-Evil") == []
        for _, value in answer.json["headers"]:
            assert "\n" not in value and "\x00" not in value


@pytest.mark.parametrize("claim", ["scope", "azp", "roles"])
def test_a_name_cannot_break_a_header(web, claim):
    value = "x\r\nX-Evil: 1"
    token = SIGNER.token({claim: [value] if claim == "roles" else value})
    answer = web.get("/pass/x", bearer=token)
    assert answer.status in (200, 401)
    if answer.status == 200:
        assert header_of(answer.json, "X-Evil") == []


def test_anonymous_has_its_name(web):
    request = seen(web, "/anonymous/x")
    assert header_of(request, "X-ApiGuard-Client") in (["anonymous"], [])
    assert header_of(request, "X-ApiGuard-Key-Id") == []


def test_who_is_refused_never_reaches_the_backend(web):
    before = len(web.backend.seen)
    for kw in ({}, {"key": "unknown-0123456789"}, {"bearer": SIGNER.token(exp=1000)}):
        assert web.get("/pass/refused", **kw).status == 401
    assert len(web.backend.seen) == before


def test_a_claim_s_name_cannot_make_a_field_of_another_name(web):
    """Whatever the claim is called, the field is ours and its name a token (RFC 9110 s5.1)."""
    token = SIGNER.token({"https://x/role": "admin", "org.unit": "u7"})
    answer = web.get("/claims/x", bearer=token)
    told = {name: value for name, value in answer.json["headers"] if "claim" in name.lower()}
    assert told == {"X-ApiGuard-Claim-https---x-role": "admin", "X-ApiGuard-Claim-org--unit": "u7"}
