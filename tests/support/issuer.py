# SPDX-License-Identifier: Apache-2.0
"""A server that gives tokens: its private keys on disk, its configuration, and how a client asks it."""

import json
from urllib.parse import quote_plus, urlencode

import jwt

from .jwtmaker import Key
from .ports import Directory
from .verdict import secrets

FORM = "application/x-www-form-urlencoded"
URL = "https://api.example"
GRANT = {"grant_type": "client_credentials"}

ENDPOINT = """
<Location "/token">
    SetHandler apiguard-token
    {lines}
</Location>
<Location "/jwks">
    SetHandler apiguard-jwks
</Location>
"""


class Keys:
    """Private keys of these algorithms, as files."""

    def __init__(self, *algs):
        self.dir = Directory("issuer")
        self.by_alg = {alg: Key(alg) for alg in algs}
        for alg, key in self.by_alg.items():
            self.dir.write(alg, key.private if key.symmetric else key.private_pem())

    def line(self, alg, *options, issuer=URL):
        return " ".join(["ApiGuardTokenSign", alg, "file:" + self.dir.join(alg), f"issuer={issuer}", *options])


def endpoint(*lines):
    return ENDPOINT.replace("{lines}", "\n    ".join(lines))


def ask(web, form=None, basic=None, path="/token", headers=None, **more):
    """A request for a token. `form`: a dict, pairs or the body itself; `basic`: (client_id, client_secret)."""
    fields = {**GRANT, **(form or {}), **more} if form is None or isinstance(form, dict) else form
    if isinstance(fields, (dict, list)):
        for name, value in fields.items() if isinstance(fields, dict) else fields:
            if name == "client_secret":
                secrets.add(value)
        fields = urlencode(fields)
    if basic:
        basic = tuple(quote_plus(half) for half in basic)
    return web.request("POST", path, body=fields, basic=basic,
                       headers={"Content-Type": FORM, **(headers or {})})


def token_of(answer):
    """The token of a good answer (RFC 6749 s5.1)."""
    assert answer.status == 200, answer
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Cache-Control") == "no-store" and answer.header("Pragma") == "no-cache"
    body = answer.json
    assert body["token_type"] == "Bearer" and body["expires_in"] > 0
    secrets.add(body["access_token"])
    return body["access_token"]


def read(web, token, audience=URL, issuer=URL):
    """The claims of a token that PyJWT has verified by the published keys."""
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(web.get("/jwks").json).keys}
    header = jwt.get_unverified_header(token)
    key = keys[header["kid"]]
    claims = jwt.decode(token, key.key, algorithms=[header["alg"]], audience=audience, issuer=issuer)
    return header, claims


def assert_denied(answer, error, code, status=None):
    """The answer is an error of RFC 6749 s5.2. Returns its body."""
    wanted = status or (401 if error == "invalid_client" else 400)
    assert answer.status == wanted, answer
    assert answer.header("Content-Type") == "application/json", answer
    assert answer.header("Cache-Control") == "no-store"
    body = json.loads(answer.body)
    assert (body["error"], body["code"]) == (error, code), body
    text = body["error_description"]
    assert text and all(" " <= sign <= "~" and sign not in '"\\' for sign in text)
    assert (answer.header("WWW-Authenticate") or "").startswith("Basic realm=") == (wanted == 401)
    return body
