# SPDX-License-Identifier: Apache-2.0
"""Imported keys of which only a bcrypt hash is known."""

import time
import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it goes with Python 3.13
    import crypt

from support.problem import assert_refused
from support.verdict import secrets

CONF = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
"""

SALT = "0123456789abcdefghijke"


def import_key(keys, key, kind="y", cost=4, client="imported"):
    secrets.add(key)
    stored = crypt.crypt(key, f"$2{kind}${cost:02d}${SALT}")
    assert stored and len(stored) == 60
    keys.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name, created_at) "
             f"VALUES ('{stored}', '{key[:8]}', '{client}', {int(time.time())})")


def go(web, key):
    return web.get("/s/x/hello.html", key=key)


@pytest.fixture
def keys(any_keys):
    return any_keys


@pytest.fixture
def web(own_httpd, keys):
    return own_httpd(CONF, database=keys)


@pytest.mark.slow
@pytest.mark.parametrize("kind", "aby")
def test_it_works_and_is_revoked_like_any_other(web, keys, kind):
    key = f"partner{kind}-0123456789-secret"
    import_key(keys, key, kind)
    assert go(web, key).status == 200
    assert_refused(go(web, key + "x"), "key_invalid")
    assert_refused(go(web, key[:-1]), "key_invalid")
    assert_refused(go(web, key[:8]), "key_invalid")
    assert go(web, key).status == 200
    keys.sql(f"UPDATE api_keys SET is_active = 0 WHERE key_prefix = '{key[:8]}'")
    time.sleep(1)
    assert_refused(go(web, key), "key_revoked")


def test_a_pepper_lets_none_in(own_httpd, keys, tmp_path):
    """A pepper promises that nobody gets in by writing to the database. A bcrypt hash is made without it,
    so a row with one was enough."""
    pepper = tmp_path / "pepper"
    pepper.write_text("salt and pepper, and more\n")
    web = own_httpd(f"ApiGuardKeyPepper file:{pepper}\n" + CONF, database=keys)
    key = "partner1-0123456789-secret"
    import_key(keys, key)
    assert_refused(go(web, key), "key_invalid")
    made = keys.ctl("key", "create", "--client", "acme", "--pepper", f"file:{pepper}").stdout.strip()
    secrets.add(made)
    assert go(web, made).status == 200


def test_the_tool_revokes_it_at_once(web, keys):
    key = "partner1-0123456789-secret"
    import_key(keys, key)
    assert go(web, key).status == 200
    keys.ctl("key", "revoke", key[:8])
    assert_refused(go(web, key), "key_revoked")


@pytest.mark.slow
def test_its_cost_is_paid_once(web, keys):
    key = "partner1-0123456789-secret"
    import_key(keys, key, cost=13)
    start = time.monotonic()
    assert go(web, key).status == 200
    first = time.monotonic() - start
    start = time.monotonic()
    for _ in range(10):
        assert go(web, key).status == 200
    assert (time.monotonic() - start) / 10 < first / 5


def test_a_longer_key_is_refused_and_not_cut(web, keys):
    key = "longest-" + "k" * 64
    import_key(keys, key)
    assert go(web, key).status == 200
    assert_refused(go(web, key + "k"), "key_invalid")


@pytest.mark.slow
def test_who_guesses_gets_503(own_httpd, all_keys):
    """On all databases at once, since the budget's windows are ten seconds long."""
    webs = [own_httpd(CONF, database=keys) for keys in all_keys]
    key = "partner1-0123456789-secret"
    other = "partner2-0123456789-secret"
    for web in webs:
        import_key(web.keys, key)
        import_key(web.keys, other)
        assert go(web, other).status == 200
    time.sleep(10 - time.time() % 10)  # the budget's window begins
    for web in webs:
        statuses = [go(web, f"partner1-guess-{n:09d}").status for n in range(24)]
        assert statuses == [401] * 16 + [503] * 8
        assert_refused(go(web, key), "keystore_unavailable")
        assert go(web, other).status == 200
        assert web.error_log().count("AG0422") == 1
    time.sleep(10.1 - time.time() % 10)
    for web in webs:
        assert go(web, key).status == 200
