# SPDX-License-Identifier: Apache-2.0
"""Tokens of a real authorization server (oidc-provider), whose keys are found by discovery: a user's by authorization
code with PKCE, a machine's by client credentials; and its keys are rotated under load."""

import threading

import jwt
import pytest

from support.oidc import MACHINE, Oidc
from support.ports import Directory
from support.problem import assert_refused
from support.waiting import wait_until

NOTES, BILLS = "http://api.test/s/notes/", "https://bills.example/"
OPAQUE = "https://opaque.example/"
RESOURCES = {NOTES: {"scope": "notes:read notes:write"}, BILLS: {"scope": "bills:read"},
             OPAQUE: {"scope": "bills:read", "format": "opaque"}}
CONF = """
<Location "/s/notes/">
    AuthType ApiGuard
    AuthName "notes"
    ApiGuardProvider         jwt
    ApiGuardIssuer           {issuer} discover ca={ca}
    ApiGuardTokenType        at+jwt
    ApiGuardResourceMetadata auto scopes="notes:read notes:write"
    ApiGuardAudience         auto
    ApiGuardPassHeaders      on
    Require api-scope notes:read notes:write
    ApiGuardMethodScopes     GET=notes:read POST=notes:write
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/s/opaque/">
    AuthType ApiGuard
    AuthName "opaque"
    ApiGuardProvider         introspect
    ApiGuardIntrospection    {issuer}/token/introspection client=machine secret=file:{secret} cache=1s negative=1s ca={ca}
    ApiGuardIssuer           {issuer}
    ApiGuardResourceMetadata auto resource=https://opaque.example/
    ApiGuardAudience         auto
    ApiGuardPassHeaders      on
    Require api-scope bills:read
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
"""


@pytest.fixture(scope="module")
def server(certificates):
    server = Oidc(certificates, RESOURCES)
    yield server
    server.close()


@pytest.fixture(scope="module")
def web(make_httpd, server, backend):
    folder = Directory("authorization-server")
    secret = folder.write("secret", MACHINE["client_secret"], 0o600)
    web = make_httpd(CONF, modules=("proxy", "proxy_http"), database=None, words={
        "issuer": server.issuer, "ca": server.ca, "backend": backend.port, "secret": secret})
    until_known(web, server.for_machine(NOTES, "notes:read"))
    yield web
    folder.close()


def until_known(web, token):
    """Whichever child answers: each reads a new set of keys by itself."""
    wait_until(lambda: all(go(web, token).status == 200 for _ in range(12)))


def go(web, token, method="GET", name="notes"):
    return web.request(method, f"/s/{name}/x", bearer=token)


def sent(answer):
    return {name: value for name, value in answer.json["headers"] if name.startswith("X-ApiGuard-")}


def test_discovery(web, server):
    """What the document of the resource names is where the server's own metadata are."""
    (told,) = web.get("/.well-known/oauth-protected-resource").json["authorization_servers"]
    assert told == server.issuer == server.metadata()["issuer"]


def test_a_user(web, server):
    token = server.for_user(NOTES, "notes:read")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == NOTES and jwt.get_unverified_header(token)["typ"] == "at+jwt"
    answer = go(web, token)
    assert answer.status == 200
    told = sent(answer)
    assert (told["X-ApiGuard-Client"], told["X-ApiGuard-User"], told["X-ApiGuard-Scopes"]) == ("app", "joe", "notes:read")
    answer = go(web, token, "POST")
    assert_refused(answer, "scope_insufficient")
    assert 'scope="notes:read notes:write"' in answer.header("WWW-Authenticate")
    assert go(web, server.for_user(NOTES, "notes:read notes:write"), "POST").status == 200


def test_a_machine(web, server):
    answer = go(web, server.for_machine(NOTES, "notes:read"))
    assert answer.status == 200 and sent(answer)["X-ApiGuard-Client"] == "machine"


def test_tokens_for_others(web, server):
    """The same server, the same keys: another resource, and an ID token's kind."""
    body = assert_refused(go(web, server.for_machine(BILLS, "bills:read")), "token_invalid")
    assert "aud" in body["detail"]
    assert_refused(go(web, server.for_user(BILLS, "bills:read")), "token_invalid")


def test_a_code_is_its_client_s(server):
    """PKCE: who has the code and not the verifier gets nothing."""
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636 appendix B
    code = server.code(NOTES, "notes:read", challenge)
    status, answer = server.post("/token", "app", grant_type="authorization_code", code=code,
                                 redirect_uri="https://client.test/back", code_verifier="x" * 43)
    assert status == 400 and answer["error"] == "invalid_grant"


def test_an_opaque_token(web, server):
    """Its issuer is asked about it; revoked there, it ends here when it is asked about next."""
    token = server.for_user(OPAQUE, "bills:read")
    assert "." not in token
    answer = go(web, token, name="opaque")
    assert answer.status == 200
    told = sent(answer)
    assert (told["X-ApiGuard-Client"], told["X-ApiGuard-User"], told["X-ApiGuard-Scopes"]) == ("app", "joe", "bills:read")
    assert server.post("/token/revocation", "app", token=token)[0] == 200
    wait_until(lambda: go(web, token, name="opaque").status == 401, 5)
    assert "not active" in assert_refused(go(web, token, name="opaque"), "token_invalid")["detail"]


def test_an_opaque_token_for_nobody_in_particular(web, server):
    """An access token for the user's own data has no audience; a JWT is another section's."""
    assert_refused(go(web, server.for_user(None, "openid"), name="opaque"), "token_invalid")
    assert_refused(go(web, server.for_machine(NOTES, "notes:read"), name="opaque"), "token_invalid")


@pytest.mark.slow
def test_keys_are_rotated_while_requests_come(web, server):
    """Tokens of the old key are good all the time, those of the new one within seconds, though nobody has told httpd."""
    old, seen, over = server.for_machine(NOTES, "notes:read"), [], threading.Event()

    def ask():
        while not over.wait(0.02):
            seen.append(go(web, old).status)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        assert len(server.tell("rotate")["kids"]) == 2
        new = server.for_machine(NOTES, "notes:read")
        assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
        until_known(web, new)
    finally:
        over.set()
        thread.join()
    assert len(seen) > 20 and set(seen) == {200}
    server.tell("forget")
    assert go(web, new).status == 200
