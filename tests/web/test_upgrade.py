# SPDX-License-Identifier: Apache-2.0
"""Upgrade: h2c, by which a request of HTTP/1.1 becomes the first one of HTTP/2. httpd makes that one anew from
what is left of the request when all sections have been asked.

Found from outside: the key had been hidden by then, so a good one got 401; a token was charged twice."""

import pytest

from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused

UPGRADE = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
TOKENS = Key("HS256")

CONF = """
Protocols h2c http/1.1
<Location "/guarded/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key query:apikey
    ApiGuardJWTKey HS256 file:{folder}/key
    Require valid-user
</Location>
<Location "/guarded/once/">
    ApiGuardRateLimit 1/day by=user
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    folder = Directory("upgrade")
    folder.write("key", TOKENS.file())
    server = make_httpd(CONF, modules=("http2",), words={"folder": folder.path},
                        files={"guarded/x": "x", "guarded/once/x": "x", "open/x": "x"})
    yield server
    folder.close()


@pytest.mark.parametrize("how", ["field", "query"])
def test_a_good_key_is_answered_in_http_1(web, how):
    key = web.keys.create()
    query, fields = {"field": ("", {"X-API-Key": key}), "query": (f"?apikey={key}", {})}[how]
    assert web.get(f"/guarded/x{query}", headers={**UPGRADE, **fields}).status == 200


def test_a_token_is_charged_once(web):
    token = TOKENS.token(sub="once")
    assert web.get("/guarded/once/x", bearer=token, headers=UPGRADE).status == 200
    assert_refused(web.get("/guarded/once/x", bearer=token, headers=UPGRADE), "rate_exceeded")


def test_a_wrong_key_is_refused(web):
    assert_refused(web.get("/guarded/x", key="nobody-knows-this-key", headers=UPGRADE), "key_invalid")


def test_what_nobody_guards_is_upgraded(web):
    assert web.get("/open/x", headers=UPGRADE).status == 101
