# SPDX-License-Identifier: Apache-2.0
"""Signing keys of every algorithm, their public halves on disk, and sections that ask for their tokens."""

import time

from .jwtmaker import Key, jwks
from .ports import Directory

ALGS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
        "ES256", "ES384", "ES512", "EdDSA"]
SECTION = """
<Location "/s/{name}/">
    AuthType ApiGuard
    AuthName "{name}"
    {lines}
    Require valid-user
</Location>
"""


def section(name, *lines):
    return SECTION.replace("{name}", name).replace("{lines}", "\n    ".join(lines))


class Ring:
    """A signing key for each algorithm and some for key sets, and their public halves on disk."""

    def __init__(self, algs):
        self.dir = Directory("jwt")
        self.by_alg = {alg: Key(alg) for alg in algs}
        for alg, key in self.by_alg.items():
            self.dir.write(alg, key.file())
        self.rsa = self.by_alg["RS256"]
        self.other_rsa = Key("RS256")
        self.dir.write("other", self.other_rsa.file())
        self.first = Key("RS256", kid="first")
        self.second = Key("ES256", kid="second")
        self.third = Key("EdDSA", kid="third")
        self.hmac = Key("HS256", kid="hmac")
        self.sealed = Key("RS256", kid="sealed")
        self.bound = Key("RS256", kid="bound")
        self.no_kid = Key("RS256")
        self.dir.write("set.json", jwks(
            self.first, self.second, self.third, self.hmac, self.no_kid,
            self.sealed.jwk(use="enc"), self.bound.jwk(alg="RS256"),
            {"kty": "XYZ", "kid": "unknown-type"},
            {"kty": "RSA", "kid": "other-alg", "alg": "RSA-OAEP", **rsa_numbers(self.rsa)}))
        self.dir.write("first", self.first.file())
        self.dir.write("second", self.second.file())

    def path(self, name):
        return "file:" + self.dir.join(name)


def rsa_numbers(key):
    jwk = key.jwk()
    return {"n": jwk["n"], "e": jwk["e"]}


def go(web, name, token):
    return web.get(f"/s/{name}/hello.html", bearer=token)


def now():
    return int(time.time())
