# SPDX-License-Identifier: Apache-2.0
"""SetHandler apiguard-jwks: what is published of the keys that sign, and how they are rotated."""

import base64
import hashlib
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from support.issuer import Keys, ask, endpoint, read, token_of
from support.jwtmaker import Key
from support.ports import Directory

PUBLIC = {"RSA": {"n", "e"}, "EC": {"crv", "x", "y"}, "OKP": {"crv", "x"}}
SECTION = """
<Location "/s/own/">
    AuthType ApiGuard
    AuthName "own"
    ApiGuardProvider jwt
    ApiGuardJWKS file:{set}
    ApiGuardIssuer https://api.example
    Require valid-user
</Location>
"""

# Lines, and what the message must hold.
MISTAKES = [
    ("ApiGuardTokenSign RS256 file:x issuer=https://a?x", ["issuer=https://a?x", "query"]),
    ('ApiGuardTokenSign RS256 file:x "issuer=https://a b"', ["issuer=", "blanks"]),
    ('ApiGuardTokenSign RS256 file:x issuer=https://a "audience=a b"', ["audience=", "blanks"]),
    ('ApiGuardTokenSign RS256 file:x issuer=https://a "kid=a b"', ["kid=", "256"]),
    ("ApiGuardTokenSign RS256 file:x issuer=https://a lifetime=0", ["lifetime=0", "1s", "366d"]),
    ("ApiGuardTokenSign RS256 file:x issuer=https://a lifetime=400d", ["lifetime=400d", "366d"]),
    ("ApiGuardTokenSign RS256 file:x issuer=https://a lifetime=soon", ["soon"]),
    ("ApiGuardTokenSign RS256 file:x issuer=https://a colour=red", ["colour=red", "lifetime="]),
    ("ApiGuardTokenSign RS256 file:x issuer=https://a\nApiGuardTokenSign RS256 file:y issuer=https://b",
     ["issuer=https://b", "https://a"]),
    ("ApiGuardTokenSign RS256 file:{folder}/no-such-file issuer=https://a", ["no-such-file", "cannot be read"]),
    ("ApiGuardTokenSign RS256 file:{folder}/empty issuer=https://a", ["empty", "no private key"]),
    ("ApiGuardTokenSign RS256 file:{folder}/rsa2048 issuer=https://a", ["rsa2048", "no private key"]),
    ("ApiGuardTokenSign RS256 file:{folder}/sealed issuer=https://a", ["sealed", "no private key", "password"]),
    ("ApiGuardTokenSign RS256 file:{folder}/small-private issuer=https://a", ["small-private", "1024", "2048"]),
    ("ApiGuardTokenSign ES256 file:{folder}/private issuer=https://a", ["private", "P-256"]),
    ("ApiGuardTokenSign EdDSA file:{folder}/private issuer=https://a", ["private", "Ed25519"]),
    ("ApiGuardTokenSign HS256 file:{folder}/short issuer=https://a", ["short", "32"]),
    ("ApiGuardTokenSign HS256 file:{folder}/private issuer=https://a", ["private", "PEM"]),
    ("ApiGuardTokenSign RS256 file:{folder}/private issuer=https://a\n"
     "ApiGuardTokenSign PS256 file:{folder}/private issuer=https://a", ["two keys", "kid"]),
]


@pytest.fixture(scope="module")
def keys():
    keys = Keys("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "HS256")
    yield keys
    keys.dir.close()


@pytest.fixture(scope="module")
def web(make_httpd, keys):
    lines = [keys.line(alg) for alg in keys.by_alg]
    lines[2] += " kid=third"
    return make_httpd("\n".join(lines) + endpoint())


def thumbprint(jwk):
    """RFC 7638."""
    members = {name: jwk[name] for name in sorted({"kty"} | PUBLIC[jwk["kty"]])}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_public_keys_alone(web, keys):
    """Every member is one that verifying needs, as Python's cryptography writes it; a secret is not published."""
    published = web.get("/jwks").json["keys"]
    assert [key["alg"] for key in published] == ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"]
    for key in published:
        own = keys.by_alg[key["alg"]].jwk()
        assert {name: key[name] for name in own} == own
        assert set(key) == {"kty", "use", "alg", "kid"} | PUBLIC[key["kty"]]
        assert key["use"] == "sig" and key["kid"] == ("third" if key["alg"] == "ES256" else thumbprint(key))


def test_the_answer(web):
    answer = web.get("/jwks")
    assert answer.header("Content-Type") == "application/jwk-set+json"
    assert "public" in answer.header("Cache-Control") and "max-age=" in answer.header("Cache-Control")
    again = web.get("/jwks", headers={"If-None-Match": answer.header("ETag")})
    assert (again.status, again.body) == (304, b"")
    head = web.request("HEAD", "/jwks")
    assert (head.status, head.body, head.header("Content-Length")) == (200, b"", str(len(answer.body)))
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        refused = web.request(method, "/jwks", body="x")
        assert refused.status == 405
        assert set(refused.header("Allow").split(",")) - {"TRACE"} == {"GET", "HEAD"}  # which httpd itself answers


def test_the_first_line_signs(web):
    """All others are published alone."""
    key = web.keys.create(client="shop")
    header, _ = read(web, token_of(ask(web, basic=("shop", key))))
    assert header["alg"] == "RS256" and header["kid"] == web.get("/jwks").json["keys"][0]["kid"]


def test_rotation(own_httpd, keys):
    """The new line comes second, then the two change places, then the old one goes; no token is refused meanwhile."""
    old, new = keys.line("ES256", "lifetime=1h"), keys.line("RS256", "lifetime=1h")
    seen = []
    path = keys.dir.write("set.json", "{}")
    web = own_httpd(old + endpoint())
    key = web.keys.create(client="shop")
    for lines in ([old], [old, new], [new, old], [new]):
        web.configure("\n".join(lines) + endpoint())
        web.graceful()
        published = web.get("/jwks").text
        with open(path, "w", encoding="ascii") as f:
            f.write(published)
        web.configure("\n".join(lines) + endpoint() + SECTION.replace("{set}", path))
        web.graceful()
        token = token_of(ask(web, basic=("shop", key)))
        seen.append(jwt.get_unverified_header(token)["alg"])
        assert web.get("/s/own/hello.html", bearer=token).status == 200
        assert len(json.loads(published)["keys"]) == len(lines)
    assert seen == ["ES256", "ES256", "RS256", "RS256"]


def test_what_the_line_says(own_httpd, keys):
    line = keys.line("ES256", "kid=k1", "audience=orders", "lifetime=30s", issuer="https://api.example/oauth")
    web = own_httpd(line + endpoint())
    key = web.keys.create(client="shop")
    answer = ask(web, basic=("shop", key))
    header, claims = read(web, token_of(answer), audience="orders", issuer="https://api.example/oauth")
    assert header["kid"] == "k1" and claims["exp"] - claims["iat"] == answer.json["expires_in"] == 30


def test_another_host_has_other_keys(own_httpd, keys):
    hosts = "".join("<VirtualHost *:{port}>\nServerName %s.test\n%s\n</VirtualHost>\n" % (name, line) for name, line in (
        ("a", keys.line("ES256", issuer="https://a.test")), ("b", keys.line("EdDSA", issuer="https://b.test")),
        ("c", "")))
    web = own_httpd(keys.line("RS256", issuer="https://main.test") + endpoint() + hosts)
    key = web.keys.create(client="shop")
    for name, alg, issuer in (("a", "ES256", "a"), ("b", "EdDSA", "b"), ("c", "RS256", "main")):
        token = token_of(ask(web, basic=("shop", key), headers={"Host": f"{name}.test"}))
        claims = jwt.decode(token, options={"verify_signature": False})
        assert jwt.get_unverified_header(token)["alg"] == alg and claims["iss"] == f"https://{issuer}.test"
        assert [k["alg"] for k in web.get("/jwks", headers={"Host": f"{name}.test"}).json["keys"]] == [alg]


# ---- mistakes ----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def folder():
    folder = Directory("signing")
    rsa, small = Key("RS256"), Key("RS256", bits=1024)
    for name, text in {
            "empty": "", "short": "x" * 31, "rsa2048": rsa.file(), "private": rsa.private_pem(),
            "small-private": small.private_pem(),
            "sealed": rsa.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                serialization.BestAvailableEncryption(b"password"))}.items():
        folder.write(name, text)
    yield folder
    folder.close()


@pytest.fixture(scope="module")
def unstarted(make_httpd):
    return make_httpd(start=False)


@pytest.mark.parametrize("line, words", MISTAKES, ids=[line for line, _ in MISTAKES])
def test_what_stops_the_start(unstarted, folder, line, words):
    unstarted.configure(line.replace("{folder}", folder.path))
    good, said = unstarted.configtest()
    assert not good and all(word in said for word in ("ApiGuardTokenSign", *words)), said
    assert "BEGIN" not in said and "xxxxx" not in said
