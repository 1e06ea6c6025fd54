# SPDX-License-Identifier: Apache-2.0
"""Sections whose key set is fetched, and what their tests ask."""

import contextlib

from .jwtmaker import Key
from .keyserver import KeyServer
from .ports import Directory
from .waiting import wait_until

SECTION = """
<Location "/s/{name}/">
    AuthType ApiGuard
    AuthName "{name}"
    ApiGuardProvider jwt
    ApiGuardJWKS {url} ca={ca} {more}
    Require valid-user
</Location>
"""


def section(name, server, path="/keys", more=""):
    text = SECTION
    for word, value in {"name": name, "url": server.url(path), "ca": server.ca, "more": more}.items():
        text = text.replace("{%s}" % word, value)
    return text


def go(web, token, name="a", **kw):
    return web.get(f"/s/{name}/hello.html", bearer=token, **kw)


def rsa(kid):
    return Key("RS256", kid=kid)


def until_good(web, token, name="a", seconds=20):
    """Whichever child answers: each reads a new set by itself, within half a second."""
    wait_until(lambda: all(go(web, token, name).status == 200 for _ in range(12)), seconds)


def lines_of(web, number):
    return [line for line in web.error_log().splitlines() if number in line]


@contextlib.contextmanager
def key_server():
    folder = Directory("fetched")
    server = KeyServer(folder)
    server.folder = folder
    yield server
    server.close()
    folder.close()
