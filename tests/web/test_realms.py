# SPDX-License-Identifier: Apache-2.0
"""Caches know their realm: what was accepted under one configuration is no hit under another."""

import hashlib
import hmac
import time

import pytest

from support.fields import limits
from support.jwtmaker import Key
from support.keys import Sqlite
from support.ports import Directory
from support.problem import assert_refused

SIGNER, OTHER = Key("RS256"), Key("RS256")
PEPPER = b"pepper-of-the-second-host-0123456789"

CONF = """
<Location "/s/orders/">
    AuthType ApiGuard
    AuthName "orders"
    ApiGuardJWTKey RS256 file:{folder}/signer
    ApiGuardAudience orders
    Require valid-user
</Location>
<Location "/s/billing/">
    AuthType ApiGuard
    AuthName "billing"
    ApiGuardJWTKey RS256 file:{folder}/signer
    ApiGuardAudience billing
    Require valid-user
</Location>
<Location "/s/anyone/">
    AuthType ApiGuard
    AuthName "anyone"
    ApiGuardJWTKey RS256 file:{folder}/signer
    Require valid-user
</Location>
<Location "/s/other-key/">
    AuthType ApiGuard
    AuthName "other key"
    ApiGuardJWTKey RS256 file:{folder}/other
    Require valid-user
</Location>
<Location "/s/issuer/">
    AuthType ApiGuard
    AuthName "issuer"
    ApiGuardJWTKey RS256 file:{folder}/signer
    ApiGuardIssuer https://issuer.example
    Require valid-user
</Location>
<Location "/s/short/">
    AuthType ApiGuard
    AuthName "short"
    ApiGuardJWTKey RS256 file:{folder}/signer
    ApiGuardMaxLifetime 60
    Require valid-user
</Location>
<Location "/s/mapped/">
    AuthType ApiGuard
    AuthName "mapped"
    ApiGuardJWTKey RS256 file:{folder}/signer
    ApiGuardClaimMap scope=power
    Require api-scope admin
</Location>
<Location "/s/unmapped/">
    AuthType ApiGuard
    AuthName "unmapped"
    ApiGuardJWTKey RS256 file:{folder}/signer
    Require api-scope admin
</Location>
<Location "/s/plain/">
    AuthType ApiGuard
    AuthName "plain"
    ApiGuardRateLimit 10/day
    Require valid-user
</Location>
<Directory "{root}/htdocs/doors">
    RewriteEngine On
    RewriteRule ^orders$ /s/orders/hello.html
</Directory>
<Location "/doors/">
    AuthType ApiGuard
    AuthName "doors"
    ApiGuardJWTKey RS256 file:{folder}/signer
    Require valid-user
</Location>

<VirtualHost *:{port}>
    ServerName first.test
    RewriteEngine Off
    <Location "/s/host/">
        AuthType ApiGuard
        AuthName "host"
        ApiGuardRateLimit 10/day
        Require valid-user
    </Location>
</VirtualHost>
<VirtualHost *:{port}>
    ServerName second.test
    DBDriver sqlite3
    DBDParams "{second}"
    <Location "/s/host/">
        AuthType ApiGuard
        AuthName "host"
        ApiGuardRateLimit 10/day
        Require valid-user
    </Location>
</VirtualHost>
<VirtualHost *:{port}>
    ServerName peppered.test
    ApiGuardKeyPepper file:{folder}/pepper
</VirtualHost>
"""

FIRST, SECOND, PEPPERED = ({"Host": f"{name}.test"} for name in ("first", "second", "peppered"))


@pytest.fixture(scope="module")
def web(make_httpd):
    folder = Directory("realms")
    folder.write("signer", SIGNER.file())
    folder.write("other", OTHER.file())
    folder.write("pepper", PEPPER)
    second = Sqlite()
    make_httpd.made.append(second)
    server = make_httpd(CONF, modules=("rewrite",), files={"doors/x.html": "x"},
                        words={"folder": folder.path, "second": second.path})
    server.second = second
    yield server
    folder.close()


def go(web, section, token):
    return web.get(f"/s/{section}/hello.html", bearer=token, headers=FIRST)


@pytest.mark.parametrize("accepts, refuses, claims", [
    ("orders", "billing", {"aud": "orders"}),
    ("billing", "orders", {"aud": "billing"}),
    ("anyone", "orders", {}),
    ("anyone", "other-key", {}),
    ("anyone", "issuer", {"iss": "https://elsewhere.example"}),
    ("anyone", "short", {}),
])
def test_a_token_accepted_here_is_not_accepted_there(web, accepts, refuses, claims):
    token = SIGNER.token({**claims, "jti": accepts + refuses})
    for _ in range(4):  # every process has seen it
        assert go(web, accepts, token).status == 200
        assert_refused(go(web, refuses, token), "token_invalid")
        assert go(web, accepts, token).status == 200


def test_a_claim_map_is_part_of_the_realm(web):
    token = SIGNER.token(power="admin")
    for _ in range(3):
        assert go(web, "mapped", token).status == 200
        assert_refused(go(web, "unmapped", token), "scope_insufficient")


def test_a_redirect_into_a_stricter_section_decides_anew(web):
    token = SIGNER.token(jti="door")
    assert go(web, "anyone", token).status == 200
    answer = web.get("/doors/orders", bearer=token, headers=FIRST)
    assert_refused(answer, "token_invalid")
    assert "hello" not in answer.text
    good = SIGNER.token(jti="door", aud="orders")
    assert web.get("/doors/orders", bearer=good, headers=FIRST).text == "hello\n"


def test_a_key_belongs_to_its_database(web):
    first, second = web.keys.create(client="one"), web.second.create(client="two")
    for _ in range(4):
        assert web.get("/s/plain/hello.html", key=first, headers=FIRST).status == 200
        assert web.get("/s/plain/hello.html", key=second, headers=SECOND).status == 200
        assert_refused(web.get("/s/plain/hello.html", key=first, headers=SECOND), "key_invalid")
        assert_refused(web.get("/s/plain/hello.html", key=second, headers=FIRST), "key_invalid")


def test_a_refusal_in_one_database_is_none_in_the_other(web):
    """The cache of unknown keys has realms too."""
    key = web.keys.create(client="late")
    for _ in range(4):
        assert_refused(web.get("/s/plain/hello.html", key=key, headers=SECOND), "key_invalid")
    for _ in range(4):
        assert web.get("/s/plain/hello.html", key=key, headers=FIRST).status == 200


def test_a_pepper_is_part_of_the_realm(web):
    key = "imported-and-peppered-0123456789"
    mac = hmac.new(PEPPER, key.encode(), hashlib.sha256).hexdigest()
    web.keys.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name, created_at, is_active)"
                 f" VALUES ('{mac}', 'impo', 'salty', 1, 1)")
    plain = web.keys.create(client="plain")
    for _ in range(3):
        assert web.get("/s/plain/hello.html", key=key, headers=PEPPERED).status == 200
        assert_refused(web.get("/s/plain/hello.html", key=key, headers=FIRST), "key_invalid")
        assert_refused(web.get("/s/plain/hello.html", key=plain, headers=PEPPERED), "key_invalid")
        assert web.get("/s/plain/hello.html", key=plain, headers=FIRST).status == 200


def test_a_stored_hash_is_no_key(web):
    """Who reads the table cannot log in with what stands there."""
    key = web.keys.create(client="hashed")
    stored = hashlib.sha256(key.encode()).hexdigest()
    assert_refused(web.get("/s/plain/hello.html", key=stored, headers=FIRST), "key_invalid")


def test_limits_of_two_hosts_are_two(web):
    """The same section with the same text, written in each of two hosts."""
    first, second = web.keys.create(client="same"), web.second.create(client="same")
    for _ in range(3):
        one = limits(web.get("/s/host/hello.html", key=first, headers=FIRST))["10/day"]["r"]
        two = limits(web.get("/s/host/hello.html", key=second, headers=SECOND))["10/day"]["r"]
    assert (one, two) == (7, 7)


def test_an_unknown_key_that_is_made_later_works_soon(web):
    key = "imported-later-0123456789"
    assert_refused(web.get("/s/plain/hello.html", key=key, headers=FIRST), "key_invalid")
    web.keys.insert(key, client="later")
    end = time.monotonic() + 3
    while web.get("/s/plain/hello.html", key=key, headers=FIRST).status != 200:
        assert time.monotonic() < end, "a new key is not noticed"
        time.sleep(0.1)
