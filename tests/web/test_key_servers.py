# SPDX-License-Identifier: Apache-2.0
"""Key servers as bad as any: whatever they answer, the keys that were fetched last stay in force, the log says so
once, and once more when all is well again."""

import pytest

from support.jwtmaker import Key, jwks
from support.keyserver import KeyServer, drips, floods, goes, half, hangs, keys, says
from support.ports import Directory
from support.problem import assert_refused
from support.waiting import at_once, wait_until

SECTION = """
<Location "/s/{name}/">
    AuthType ApiGuard
    AuthName "{name}"
    ApiGuardProvider jwt
    ApiGuardJWKS {url} ca={ca} refresh=1s
    Require valid-user
</Location>
"""


def silent(_):
    """Hears the question and closes."""


BAD = {
    "error": (says("", "500 Internal Server Error"), "it answered 500"),
    "gone": (says("", "404 Not Found"), "it answered 404"),
    "unchanged": (says("", "304 Not Modified"), "it answered 304"),
    "created": (lambda c: says(jwks(Key("RS256", kid="evil")), "203 Else")(c), "it answered 203"),
    "page": (says("<html>Sorry</html>", Content_Type="text/html"), "it is not a JWK set"),
    "list": (says("[]"), "it is not a JWK set"),
    "text": (says('"keys"'), "it is not a JWK set"),
    "twice": (says('{"keys": [], "keys": []}'), "it is not a JWK set"),
    "empty": (says(""), "it is not a JWK set"),
    "binary": (says(b"\0\xff" * 100), "it is not a JWK set"),
    "half": (half, ""),
    "silent": (silent, ""),
    "hangs": (hangs, ""),
    "drips": (drips, ""),
    "floods": (floods, "the answer is too large"),
    "loop": (goes("/loop"), ""),
    "plain": (goes("http://127.0.0.1:{plain}/keys"), ""),
    "file": (goes("file:///etc/passwd"), ""),
}


@pytest.fixture(scope="module")
def place():
    folder = Directory("badkeys")
    server = KeyServer(folder)
    plain = KeyServer(folder, tls=False)
    evil = Key("RS256", kid="evil")
    plain.ways["/keys"] = keys(evil)
    yield server, plain, evil
    server.close()
    plain.close()
    folder.close()


@pytest.fixture(scope="module")
def web(make_httpd, place):
    server, plain, _ = place
    conf = ""
    for name in BAD:
        server.ways["/" + name] = keys(Key("RS256", kid="unused"))
        conf += (SECTION.replace("{name}", name).replace("{url}", server.url("/" + name))
                 .replace("{ca}", server.ca))
    web = make_httpd(conf, database=None)
    return web


def go(web, name, token):
    return web.get(f"/s/{name}/hello.html", bearer=token)


def said(web, number, name):
    return [line for line in web.error_log().splitlines() if number in line and f"/{name} " in line
            or number in line and f"/{name} cannot" in line]


@pytest.mark.slow
def test_bad_servers(web, place):
    """All at once, as one that hangs must not keep the others waiting."""
    server, plain, evil = place
    key = Key("RS256", kid="good")
    for name in BAD:
        server.ways["/" + name] = keys(key)
    at_once(lambda name: wait_until(lambda: go(web, name, key.token()).status == 200, 30), list(BAD))
    for name, (way, _) in BAD.items():
        server.ways["/" + name] = (goes(f"http://127.0.0.1:{plain.port}/keys") if name == "plain" else way)
    at_once(lambda name: wait_until(lambda: said(web, "AG0900", name), 40), list(BAD))
    for name, (_, why) in BAD.items():
        assert go(web, name, key.token()).status == 200, name
        assert_refused(go(web, name, evil.token()), "token_invalid")
        (line,) = said(web, "AG0900", name)
        assert f"cannot be fetched: {why}" in line and "the keys that were fetched last stay in force" in line
        assert "Sorry" not in line and "passwd" not in line  # nothing of what they say
    assert plain.asked == []
    assert len([path for _, path in server.asked if path == "/loop"]) < 60
    newer = Key("RS256", kid="newer")
    for name in BAD:
        server.ways["/" + name] = keys(newer)
    at_once(lambda name: wait_until(lambda: go(web, name, newer.token()).status == 200, 60), list(BAD))
    for name in BAD:
        assert len(said(web, "AG0901", name)) == 1, name


CERTIFICATES = {"another host": {"host": "127.0.0.2"}, "expired": {"days": (-30, -1)}, "early": {"days": (1, 30)}}


@pytest.mark.parametrize("how", CERTIFICATES)
def test_bad_certificates(own_httpd, how):
    folder = Directory("badcert")
    server = KeyServer(folder, **CERTIFICATES[how])
    key = Key("RS256", kid="one")
    server.ways["/keys"] = keys(key)
    web = own_httpd(SECTION.replace("{name}", "a").replace("{url}", server.url()).replace("{ca}", server.ca),
                    database=None)
    assert web.wait_log("AG0900: the key set .* cannot be fetched: .*until it can")
    assert_refused(go(web, "a", key.token()), "keyset_unavailable")
    assert server.asked == []
    server.close()
    folder.close()


def test_the_system_does_not_vouch_for_it(own_httpd, place):
    server, _, _ = place
    key = Key("RS256", kid="one")
    server.ways["/unknown"] = keys(key)
    text = SECTION.replace("{name}", "a").replace("{url}", server.url("/unknown")).replace("ca={ca}", "")
    web = own_httpd(text, database=None)
    assert web.wait_log("AG0900: the key set .* cannot be fetched: .*until it can")
    assert_refused(go(web, "a", key.token()), "keyset_unavailable")
    assert server.times("/unknown") == []
