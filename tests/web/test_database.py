# SPDX-License-Identifier: Apache-2.0
"""The database: away, back, changed by others; and revocation that is noticed."""

import os
import shutil
import time

import pytest

from support.databases import SERVERS, new_database
from support.keys import Sqlite, sha256
from support.problem import assert_refused

CONF = """
{cache}
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
<Location "/s/scope/">
    AuthType ApiGuard
    AuthName "scope"
    Require api-scope write
</Location>
<Location "/s/provider/">
    AuthType Basic
    AuthName "classic"
    AuthBasicProvider apiguard
    Require valid-user
</Location>
"""

DATABASE_GONE = (r"AH0063[0-9]", r"dbd", r"apiguard")


def conf(cache=""):
    return CONF.replace("{cache}", cache)


def go(web, key, section="x"):
    return web.get(f"/s/{section}/hello.html", key=key)


def until(web, key, status, seconds, section="x"):
    """How long it took until that status came."""
    start = time.monotonic()
    while go(web, key, section).status != status:
        if time.monotonic() - start > seconds:
            return None
        time.sleep(0.05)
    return time.monotonic() - start


@pytest.fixture
def keys(any_keys):
    return any_keys


@pytest.fixture
def web(own_httpd, keys):
    return own_httpd(conf(), database=keys)


@pytest.mark.slow
def test_keys_work(web, keys):
    assert go(web, keys.create()).status == 200
    assert_refused(go(web, "unknown-0123456789"), "key_invalid")
    quote = "x'; DROP TABLE api_keys; --"
    assert_refused(go(web, quote), "key_invalid")
    assert go(web, keys.create()).status == 200


# ---- changes are noticed -------------------------------------------------------------------------

CHANGES = [
    ("revoked", {"is_active": 0}, "key_revoked"),
    ("expired", {"expires_at": 1000}, "key_expired"),
    ("address", {"allowed_ips": "192.0.2.1"}, "ip_denied"),
    ("endpoint", {"allowed_endpoints": "GET /elsewhere"}, "endpoint_denied"),
]


@pytest.mark.parametrize("name, columns, code", CHANGES, ids=[c[0] for c in CHANGES])
def test_a_change_by_hand_is_noticed_within_two_seconds(web, keys, name, columns, code):
    key = keys.create()
    assert go(web, key).status == 200
    keys.update(key, **columns)
    status = 403 if code.endswith("denied") else 401
    assert until(web, key, status, 2.5) is not None
    for _ in range(8):
        assert_refused(go(web, key), code)


def test_a_deleted_key_is_noticed(web, keys):
    key = keys.create(client="deleted")
    assert go(web, key).status == 200
    keys.sql("DELETE FROM api_keys WHERE client_name = 'deleted'")
    assert until(web, key, 401, 2.5) is not None
    assert_refused(go(web, key), "key_invalid")


def test_a_revived_key_is_noticed(web, keys):
    key = keys.create()
    keys.revoke(key)
    assert_refused(go(web, key), "key_revoked")
    keys.update(key, is_active=1)
    assert until(web, key, 200, 2.5) is not None


def test_a_new_scope_is_noticed(web, keys):
    key = keys.create(scopes=["read"])
    assert_refused(go(web, key, "scope"), "scope_insufficient")
    keys.update(key, permissions="read write")
    assert until(web, key, 200, 2.5, "scope") is not None


@pytest.mark.slow
def test_the_tool_s_revocation_is_noticed_by_all_processes(own_httpd, keys):
    web = own_httpd(conf(), database=keys, processes=6, threads=4)
    key = keys.create()
    assert set(web.client.burst(24, "/s/x/hello.html", [("X-API-Key", key)])) == {200}
    keys.ctl("key", "revoke", "-", stdin=key)
    time.sleep(2.2)
    assert set(web.client.burst(24, "/s/x/hello.html", [("X-API-Key", key)])) == {401}


@pytest.mark.slow
def test_a_revocation_drops_only_its_key(web, keys):
    """Other keys stay in the cache: nothing is asked for them again while the database is away."""
    if isinstance(keys, Sqlite):
        pytest.skip("an open SQLite file cannot be taken away")
    good, bad = keys.create(client="good"), keys.create(client="bad")
    assert go(web, good).status == go(web, bad).status == 200
    keys.revoke(bad)
    assert until(web, bad, 401, 2.5) is not None
    web.expect(*DATABASE_GONE)
    keys.away()
    assert go(web, good).status == 200


@pytest.mark.slow
def test_a_cached_key_expires_in_time(own_httpd, all_keys):
    webs = [(own_httpd(conf(), database=keys), keys.create()) for keys in all_keys]
    end = int(time.time()) + 5
    for web, key in webs:
        web.keys.update(key, expires_at=end)
        assert go(web, key).status == 200
        assert go(web, key).status == 200
    time.sleep(end + 0.1 - time.time())
    for web, key in webs:
        assert_refused(go(web, key), "key_expired")


# ---- away and back -------------------------------------------------------------------------------

def test_down_at_start_it_runs_refuses_and_recovers(own_httpd, keys):
    key = keys.create()
    keys.away()
    web = own_httpd(conf(), database=keys, start=False)
    web.expect(*DATABASE_GONE)
    web.start()
    try:
        answer = go(web, key)
        body = assert_refused(answer, "keystore_unavailable")
        assert body["retry_after"] >= 1
        assert_refused(go(web, "unknown-0123456789"), "keystore_unavailable")
        assert_refused(web.get("/s/x/hello.html"), "credential_missing")
        head = web.request("HEAD", "/s/x/hello.html", key=key)
        assert (head.status, head.body) == (503, b"")
        assert web.get("/index.html").status == 200
        assert web.get("/s/provider/hello.html", basic=("acme", key)).status in (500, 503)
    finally:
        keys.back()
    assert until(web, key, 200, 10) is not None
    assert_refused(go(web, "unknown-0123456789"), "key_invalid")


def test_a_key_of_a_wrong_shape_needs_no_database(own_httpd, keys):
    """A wrong checksum is refused without a look-up."""
    keys.away()
    web = own_httpd(conf(), database=keys, start=False)
    web.expect(*DATABASE_GONE)
    web.start()
    try:
        assert_refused(go(web, "agk_" + "0" * 43 + "zzzzzz"), "key_invalid")
    finally:
        keys.back()


@pytest.mark.slow
def test_down_later_cached_keys_go_on(own_httpd, server_keys):
    web = own_httpd(conf(), database=server_keys)
    cached, fresh = server_keys.create(client="cached"), server_keys.create(client="fresh")
    assert go(web, cached).status == 200
    web.expect(*DATABASE_GONE)
    server_keys.away()
    for _ in range(3):
        assert go(web, cached).status == 200
        assert_refused(go(web, fresh), "keystore_unavailable")
        assert_refused(go(web, "unknown-0123456789"), "keystore_unavailable")
        time.sleep(0.8)
    server_keys.back()
    assert until(web, fresh, 200, 10) is not None
    assert go(web, cached).status == 200


@pytest.mark.slow
def test_down_an_unknown_key_is_not_known_to_be_unknown(own_httpd, server_keys):
    """It may have been made since; so 503, never 401."""
    web = own_httpd(conf(), database=server_keys)
    assert_refused(go(web, "unknown-0123456789"), "key_invalid")
    web.expect(*DATABASE_GONE)
    server_keys.away()
    assert until(web, "unknown-0123456789", 503, 3) is not None
    assert_refused(go(web, "unknown-0123456789"), "keystore_unavailable")
    server_keys.back()
    assert until(web, "unknown-0123456789", 401, 5) is not None


@pytest.mark.slow
def test_a_key_revoked_while_the_database_was_down_is_noticed(own_httpd, server_keys):
    web = own_httpd(conf(), database=server_keys)
    key = server_keys.create()
    assert go(web, key).status == 200
    web.expect(*DATABASE_GONE)
    server_keys.away()
    assert go(web, key).status == 200
    time.sleep(1)
    server_keys.back()
    server_keys.revoke(key)
    assert until(web, key, 401, 5) is not None


@pytest.mark.slow
def test_stale_keys_end(own_httpd, all_keys):
    servers = all_keys[1:]  # an open SQLite file cannot be taken away
    webs = [(own_httpd(conf("ApiGuardKeyCache ttl=1 stale=5"), database=keys), keys.create()) for keys in servers]
    starts = []
    for web, key in webs:
        starts.append(time.monotonic())
        assert go(web, key).status == 200
        web.expect(*DATABASE_GONE)
        web.keys.away()
    time.sleep(max(0, starts[-1] + 1.2 - time.monotonic()))
    for web, key in webs:
        assert go(web, key).status == 200, "after its ttl a key lives on its stale time"
    for (web, key), start in zip(webs, starts):
        assert until(web, key, 503, 15) is not None
        assert 5 < time.monotonic() - start < 10
        assert_refused(go(web, key), "keystore_unavailable")
    for keys in servers:
        keys.back()


def test_a_cached_revoked_key_stays_revoked_while_the_database_is_down(own_httpd, server_keys):
    web = own_httpd(conf(), database=server_keys)
    key = server_keys.create()
    server_keys.revoke(key)
    assert_refused(go(web, key), "key_revoked")
    web.expect(*DATABASE_GONE)
    server_keys.away()
    assert go(web, key).status in (401, 503)
    server_keys.back()


def test_a_restart_while_idle(own_httpd, server_keys):
    """The connection is reset by the driver, and with it prepared statements are gone."""
    web = own_httpd(conf(), database=server_keys)
    keys = [server_keys.create(client=f"idle{n}") for n in range(6)]
    assert [go(web, k).status for k in keys[:3]] == [200] * 3
    web.expect(*DATABASE_GONE)
    server_keys.restart()
    assert [go(web, k).status for k in keys[3:]] == [200] * 3
    assert_refused(go(web, "unknown-0123456789"), "key_invalid")


def test_a_schema_change_by_another_process(web, keys):
    made = [keys.create(client=f"alter{n}") for n in range(6)]
    assert [go(web, k).status for k in made[:3]] == [200] * 3
    web.expect(*DATABASE_GONE)
    keys.sql("ALTER TABLE api_keys ADD COLUMN remark VARCHAR(20)")
    keys.sql("CREATE INDEX more ON api_keys (client_name, remark)")
    assert [go(web, k).status for k in made[3:]] == [200] * 3
    assert_refused(go(web, "unknown-0123456789"), "key_invalid")


@pytest.mark.parametrize("kind", SERVERS)
def test_a_database_without_our_schema_stops_the_start(own_httpd, kind, request):
    web = own_httpd(conf(), database=new_database(request, kind, init=False), start=False)
    started, said = web.try_start()
    assert not started
    assert "apiguardctl init" in said


def test_an_sqlite_file_without_our_schema_stops_the_start(own_httpd):
    database = Sqlite(init=False)
    database.sql("CREATE TABLE something_else (x)")
    if database.owner:
        shutil.chown(database.path, *database.owner)
    os.chmod(database.path, 0o660)
    web = own_httpd(conf(), database=database, start=False)
    started, said = web.try_start()
    assert not started
    assert "apiguardctl init" in said
    database.close()


def test_a_missing_sqlite_file_lets_nobody_in(own_httpd):
    database = Sqlite(init=False)
    web = own_httpd(conf(), database=database, start=False)
    web.expect(*DATABASE_GONE)
    started, said = web.try_start()
    if started:
        assert_refused(go(web, "some-key-0123456789"), "keystore_unavailable")
    else:
        assert "apiguardctl init" in said
    database.close()


def test_an_own_query_finds_keys_in_an_existing_table(own_httpd):
    database = Sqlite()
    database.sql("CREATE TABLE customers (token_sha TEXT, name TEXT, live INTEGER)")
    query = ("SELECT token_sha AS key_hash, name AS client_name, live AS is_active "
             "FROM customers WHERE token_sha = %s")
    web = own_httpd(conf(f'ApiGuardKeyQuery "{query}"'), database=database)
    for key, live in (("customer-key-0123456789", 1), ("former-customer-0123456789", 0)):
        database.sql(f"INSERT INTO customers VALUES ('{sha256(key)}', 'old-shop', {live})")
    assert go(web, "customer-key-0123456789").status == 200
    assert_refused(go(web, "former-customer-0123456789"), "key_revoked")
    assert_refused(go(web, "no-customer-0123456789"), "key_invalid")
    database.close()
