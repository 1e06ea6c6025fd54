# SPDX-License-Identifier: Apache-2.0
"""apiguardctl token issue."""

import json
import subprocess

import jwt
import pytest

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


@pytest.mark.parametrize("args", [
    [], ["--alg", "none"], ["--alg", "hs256"], ["--alg", "HS256", "--key", "secret"],
    ["--alg", "HS512"], ["--alg", "RS256"], ["--alg", "HS256", "--ttl", "0"],
    ["--alg", "HS256", "--ttl", "long"], ["--alg", "HS256", "--scope", "a b"],
    ["--alg", "HS256", "--sub", "a\nb"], ["--alg", "HS256", "--sub", "a "],
    ["--alg", "HS256", "--client", " a"], ["--alg", "HS256", "--iss", "https://a "]])
def test_issue_refuses(folder, args):
    path = folder.write("secret", SECRET)
    if args and "--key" not in args:
        args = [*args, "--key", f"file:{path}"]
    done = run("token", "issue", *args)
    assert done.returncode == 2 and done.stdout == "" and SECRET not in done.stderr
