# SPDX-License-Identifier: Apache-2.0
"""What apiguardctl does to keys, as a running server sees it: rotated, ended, imported, found."""

import json
import time

import pytest

from support.problem import assert_refused
from support.verdict import secrets

CONF = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
<Location "/s/three/">
    AuthType ApiGuard
    AuthName "three"
    ApiGuardRateLimit 3/day
    Require valid-user
</Location>
"""


@pytest.fixture
def web(own_httpd, any_keys):
    return own_httpd(CONF, database=any_keys)


def go(web, key, section="x"):
    return web.get(f"/s/{section}/hello.html", key=key)


def rotate(web, key, *args):
    out = json.loads(web.keys.ctl("key", "rotate", "-", "--json", *args, stdin=key).stdout)
    secrets.add(out["key"])
    return out["key"]


@pytest.mark.slow
def test_both_keys_work_until_the_grace_ends(own_httpd, all_keys):
    rotated = []
    for keys in all_keys:
        web, old = own_httpd(CONF, database=keys), keys.create(scopes=["read"])
        assert go(web, old).status == 200
        new = rotate(web, old, "--grace", "3s")
        assert go(web, old).status == 200 and go(web, new).status == 200
        rotated.append((web, old, new))
    time.sleep(3.1)
    for web, old, new in rotated:
        assert_refused(go(web, old), "key_expired")
        assert go(web, new).status == 200


def test_both_keys_are_one_client(web):
    old = web.keys.create()
    assert [go(web, old, "three").status for _ in range(2)] == [200, 200]
    new = rotate(web, old)
    assert go(web, new, "three").status == 200
    assert_refused(go(web, new, "three"), "rate_exceeded")
    assert_refused(go(web, old, "three"), "rate_exceeded")


def test_no_grace(web):
    old = web.keys.create()
    assert go(web, old).status == 200
    new = rotate(web, old, "--grace", "0")
    assert_refused(go(web, old), "key_expired")
    assert go(web, new).status == 200


def test_a_key_is_ended_and_given_more_time(web):
    key = web.keys.create()
    assert go(web, key).status == 200
    web.keys.ctl("key", "expire", "-", stdin=key)
    assert_refused(go(web, key), "key_expired")
    web.keys.ctl("key", "expire", "-", "--at", "1d", stdin=key)
    assert go(web, key).status == 200


def test_an_imported_key_works_and_a_found_one_does_not(web):
    key = "old-key-of-the-shop-0001"
    secrets.add(key)
    assert_refused(go(web, key), "key_invalid")
    web.keys.ctl("key", "import", "-", stdin=f"key,client_name,expires_at\n{key},shop,\n")
    assert go(web, key).status == 200
    web.keys.ctl("key", "find", "--revoke", stdin=f"leaked: {key}\n")
    assert_refused(go(web, key), "key_revoked")


def test_a_plan_is_changed_under_way(web):
    web.keys.ctl("plan", "add", "small", "--rate", "1/day")
    key = web.keys.ctl("key", "create", "--client", "planned", "--plan", "small").stdout.strip()
    secrets.add(key)
    assert go(web, key).status == 200
    assert_refused(go(web, key), "rate_exceeded")
    web.keys.ctl("plan", "change", "small", "--rate", "100/day")
    assert go(web, key).status == 200
