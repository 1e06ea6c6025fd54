# SPDX-License-Identifier: Apache-2.0
"""apiguardctl token issue and token inspect."""

import json
import re
import subprocess
import time

import jwt
import pytest

from support.jwtmaker import Key, b64, hs_sign, jwks
from support.keys import CTL


def run(*args):
    return subprocess.run([CTL, *args], capture_output=True, text=True)


SECRET = "0123456789abcdef0123456789abcdef"


def test_issue_hs256(folder):
    path = folder.write("secret", SECRET + "\n")
    done = run("token", "issue", "--alg", "HS256", "--key", f"file:{path}", "--kid", "k1", "--sub", "joe",
               "--client", "acme", "--scope", "read", "--scope", "write", "--aud", "api", "--iss",
               "https://issuer.example", "--ttl", "10min")
    token = done.stdout.strip()
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="api",
                        issuer="https://issuer.example")
    assert jwt.get_unverified_header(token)["kid"] == "k1"
    assert (claims["sub"], claims["azp"], claims["scope"]) == ("joe", "acme", "read write")
    assert claims["exp"] - claims["iat"] == 600 and len(claims["jti"]) == 32


@pytest.mark.parametrize("alg,make", [
    ("RS256", ["genrsa", "-out"]),
    ("PS256", ["genrsa", "-out"]),
    ("EdDSA", ["genpkey", "-algorithm", "ED25519", "-out"]),
    ("ES256", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out"]),
    ("ES512", ["ecparam", "-name", "secp521r1", "-genkey", "-noout", "-out"])])
def test_issue_by_private_key(folder, alg, make):
    path, public_path = folder.join("key.pem"), folder.join("public.pem")
    subprocess.run(["openssl", *make, path], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-out", public_path], check=True)
    out = json.loads(run("token", "issue", "--alg", alg, "--key", f"file:{path}", "--sub", "x", "--aud",
                         "a", "--aud", "b", "--json").stdout)
    with open(public_path) as f:
        claims = jwt.decode(out["token"], f.read(), algorithms=[alg], audience="b")
    assert out["expires_in"] == 3600 and claims["aud"] == ["a", "b"]


def test_issue_an_access_token(folder):
    """RFC 9068: its type, and the client by the name it has there."""
    path = folder.write("secret", SECRET)
    token = run("token", "issue", "--alg", "HS256", "--key", f"file:{path}", "--client", "acme", "--typ",
                "at+jwt").stdout.strip()
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert claims["client_id"] == "acme" and "azp" not in claims


@pytest.mark.parametrize("args", [
    [], ["--alg", "none"], ["--alg", "hs256"], ["--alg", "HS256", "--key", "secret"],
    ["--alg", "HS512"], ["--alg", "RS256"], ["--alg", "HS256", "--ttl", "0"],
    ["--alg", "HS256", "--ttl", "long"], ["--alg", "HS256", "--scope", "a b"],
    ["--alg", "HS256", "--typ", "id+jwt"], ["--alg", "HS256", "--sub", "a\nb"], ["--alg", "HS256", "--sub", "a "],
    ["--alg", "HS256", "--client", " a"], ["--alg", "HS256", "--iss", "https://a "]])
def test_issue_refuses(folder, args):
    path = folder.write("secret", SECRET)
    if args and "--key" not in args:
        args = [*args, "--key", f"file:{path}"]
    done = run("token", "issue", *args)
    assert done.returncode == 2 and done.stdout == "" and SECRET not in done.stderr


# ---- token inspect ------------------------------------------------------------------------------

KEY = Key("ES256", kid="k1")


def inspect(token, *args):
    return subprocess.run([CTL, "token", "inspect", *args], capture_output=True, text=True, input=token)


def told(token, *args):
    done = inspect(token, "--json", *args)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def public(folder):
    return "file:" + folder.write("public.pem", KEY.file().decode())


def test_inspect(folder, public):
    """Without a key nothing is called valid."""
    now = int(time.time())
    token = KEY.token(iat=now - 200, exp=now + 901, aud=["a", "b"], iss="https://a.example")
    code, said = told(token)
    assert code == 0 and said["wrong"] is None and said["verdict"].startswith("not checked")
    assert said["header"] == {"alg": "ES256", "kid": "k1", "typ": "JWT"}
    assert said["claims"]["aud"] == ["a", "b"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, in (14|15) minutes", said["times"]["exp"])
    assert said["times"]["iat"].endswith("3 minutes ago")
    text = inspect(f"  bearer {token}\n").stdout
    assert '  kid: "k1"\n' in text and f'  exp: {now + 901} (20' in text and "verdict: not checked" in text


def test_inspect_with_a_key(folder, public):
    token = KEY.token()
    key = ("--alg", "ES256", "--key", public)
    # A second may end between the two, which tell how old the token is: then once more.
    assert any(told(token, *key) == (0, {**told(token)[1], "verdict": "valid"}) for _ in range(2))
    for set_of in (jwks(KEY), jwks(Key("RS256"), KEY)):
        assert told(token, "--keyset", "file:" + folder.write("set", set_of))[1]["verdict"] == "valid"
    others = [("--keyset", "file:" + folder.write("other", jwks(Key("ES256", kid="k1")))),
              ("--keyset", "file:" + folder.write("renamed", jwks(KEY.jwk(kid="k2")))),
              ("--alg", "ES256", "--key", "file:" + folder.write("other.pem", Key("ES256").file().decode()))]
    for args in others:
        code, said = told(token, *args)
        assert (code, said["verdict"]) == (1, "not signed by this key")
    forged = hs_sign(KEY.file(), {"alg": "HS256"}, {"sub": "x"})
    assert told(forged, *key)[1]["verdict"] == "not signed by this key"


def test_inspect_times(public):
    now = int(time.time())
    key = ("--alg", "ES256", "--key", public)
    for claims, verdict in (({"exp": now - 5}, "expired"), ({"nbf": now + 99999}, "not good yet"),
                            ({"exp": now - 5.5}, "expired"), ({"exp": "soon"}, "valid"), ({"exp": 10**15}, "valid")):
        token = KEY.sign({"alg": "ES256"}, {"sub": "x", **claims})
        code, said = told(token, *key)
        assert (code, said["verdict"]) == (0 if verdict == "valid" else 1, verdict), claims
        assert told(token)[0] == code


@pytest.mark.parametrize("token, header, claims", [
    ("abc", None, None), ("a.b.c", None, None), ("e30.e30", {}, {}), ("e30.e30.", {}, {}),
    (b64({"alg": "none"}) + "." + b64({"a": 1}) + ".", {"alg": "none"}, {"a": 1}),
    (b64({"alg": "HS256"}) + ".W10.AAAA", {"alg": "HS256"}, None),
    (b64({"alg": "HS256", "crit": ["x"]}) + ".e30.AAAA", {"alg": "HS256", "crit": ["x"]}, {})])
def test_inspect_what_is_malformed(token, header, claims):
    code, said = told(token)
    assert (code, said["verdict"]) == (1, "malformed") and said["wrong"]
    assert (said["header"], said["claims"]) == (header, claims)
    assert "form: " in inspect(token).stdout and inspect(token).returncode == 1


def test_inspect_steers_no_terminal():
    token = KEY.sign({"alg": "ES256"}, {"sub": "a\x1b[31m\u202e\x7f", "\x1b]0;x\x07": "\u009b"})
    for out in (inspect(token).stdout, inspect(token, "--json").stdout):
        assert all(" " <= sign <= "~" or sign == "\n" for sign in out), ascii(out)


@pytest.mark.parametrize("args", [["--alg", "ES256"], ["--key", "file:/dev/null"], ["--alg", "none", "--key", "file:x"],
                                  ["--keyset", "file:/no/such/file"], ["--alg", "ES256", "--key", "secret"], ["word"]])
def test_inspect_refuses(args):
    done = inspect(KEY.token(), *args)
    assert done.returncode == 2 and done.stdout == ""
    assert inspect("").returncode == inspect(" \n").returncode == 2
