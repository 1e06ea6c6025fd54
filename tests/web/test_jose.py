# SPDX-License-Identifier: Apache-2.0
"""Tokens and key sets that another implementation makes, jose: each algorithm that both know."""

import json

import pytest

from support.node import Node
from support.ports import Directory
from support.problem import assert_refused
from support.verdict import secrets

ALGS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CONF = """
<Location "/s/jose/">
    AuthType ApiGuard
    AuthName "jose"
    ApiGuardProvider  jwt
    ApiGuardJWKS      file:{set}
    ApiGuardIssuer    https://id.example
    ApiGuardTokenType at+jwt
    Require api-scope read
</Location>
"""


@pytest.fixture(scope="module")
def made():
    node = Node("tokens.mjs", {"algs": ALGS, "claims": {"iss": "https://id.example", "sub": "joe", "scope": "read"}})
    made = node.ask(aud="any")
    for token in made["tokens"].values():
        secrets.add(token)
    yield made
    node.close()


@pytest.fixture(scope="module")
def web(make_httpd, made):
    folder = Directory("jose")
    yield make_httpd(CONF, words={"set": folder.write("set", json.dumps(made["set"]))}, database=None)
    folder.close()


@pytest.mark.slow
def test_each_algorithm(web, made):
    for alg in ALGS:
        token = made["tokens"][alg]
        assert web.get("/s/jose/hello.html", bearer=token).status == 200, alg
        head, claims, signature = token.split(".")
        other = made["tokens"][ALGS[ALGS.index(alg) - 1]].split(".")
        for wrong in ((head, other[1], signature), (other[0], claims, signature), (head, claims, other[2])):
            if wrong != (head, claims, signature):
                assert_refused(web.get("/s/jose/hello.html", bearer=".".join(wrong)), "token_invalid")
