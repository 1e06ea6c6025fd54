# SPDX-License-Identifier: Apache-2.0
"""Databases that hang, are locked, cut connections or are set up in odd ways, and tables that are
upgraded under a running server. It recovers from each without a restart."""

import concurrent.futures
import os
import time

import pytest

from support.databases import Lock, new_database
from support.keys import Mariadb, Sqlite
from support.mariadb import MariadbServer
from support.problem import assert_refused

CONF = """
{cache}
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
"""

DATABASE_GONE = (r"AH0063[0-9]", r"dbd", r"apiguard")
SCHEMAS = os.path.join(os.path.dirname(__file__), "..", "support", "schema")

# What docs/howto/databases.md says bounds a query.
PGSQL_BOUND = " connect_timeout=2 options='-c statement_timeout=1000'"


def conf(cache=""):
    return CONF.replace("{cache}", cache)


def go(web, key):
    return web.get("/s/x/hello.html", key=key)


def until(web, key, status, seconds):
    start = time.monotonic()
    while go(web, key).status != status:
        if time.monotonic() - start > seconds:
            return None
        time.sleep(0.05)
    return time.monotonic() - start


def timed(function, *args):
    start = time.monotonic()
    return function(*args), time.monotonic() - start


# ---- broken ----------------------------------------------------------------------------------------

def test_a_fault_is_told_once_a_second(own_httpd, sqlite_keys):
    """Each request with a key that is not cached found it out anew, and told it: whoever sends such keys
    filled the log, while all that an administrator wants to know stands in one line."""
    web = own_httpd(conf(), database=sqlite_keys)
    sqlite_keys.sql("ALTER TABLE api_keys RENAME TO elsewhere")
    web.expect(r"AG0411", r"AG0170")
    began = time.monotonic()
    for n in range(60):
        assert_refused(go(web, f"no-such-key-{n}-0123456789"), "keystore_unavailable")
    took = time.monotonic() - began
    told = web.error_log().count("AG0411")
    assert 1 <= told <= took + 2, (told, took)
    sqlite_keys.sql("ALTER TABLE elsewhere RENAME TO api_keys")
    assert go(web, sqlite_keys.create()).status == 200


# ---- slow ------------------------------------------------------------------------------------------

@pytest.fixture
def bounded(server_keys):
    """Each query may take a second."""
    if isinstance(server_keys, Mariadb):
        server_keys.server.sql(f"ALTER USER {server_keys.server.role} WITH MAX_STATEMENT_TIME 1")
        yield server_keys
        server_keys.server.sql(f"ALTER USER {server_keys.server.role} WITH MAX_STATEMENT_TIME 0")
    else:
        server_keys.more = PGSQL_BOUND
        yield server_keys


@pytest.mark.slow
def test_a_bounded_query_is_given_up(own_httpd, bounded):
    web = own_httpd(conf(), database=bounded)
    cached, fresh = bounded.create(client="cached"), bounded.create(client="fresh")
    assert go(web, cached).status == 200
    web.expect(*DATABASE_GONE)
    lock = Lock(bounded)
    try:
        answer, took = timed(go, web, fresh)
        assert assert_refused(answer, "keystore_unavailable")["retry_after"] >= 1
        assert 0.5 < took < 5
        for _ in range(5):
            answer, took = timed(go, web, cached)
            assert answer.status == 200 and took < 1
            time.sleep(0.5)
    finally:
        lock.release()
    assert until(web, fresh, 200, 5) is not None
    bounded.revoke(cached)
    assert until(web, cached, 401, 2.5) is not None


@pytest.mark.slow
def test_a_slow_query_without_a_bound_gets_its_answer(own_httpd, server_keys):
    web = own_httpd(conf(), database=server_keys)
    fresh = server_keys.create()
    assert_refused(go(web, "unknown-0123456789"), "key_invalid")
    lock = Lock(server_keys)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(timed, go, web, fresh)
        time.sleep(1.5)
        lock.release()
        answer, took = waiting.result(10)
    assert answer.status == 200 and took >= 1.4


# ---- hung ------------------------------------------------------------------------------------------

@pytest.mark.slow
def test_a_hung_server(own_httpd, server_keys):
    """It takes connections and says nothing, as one that is stopped or swaps itself to death. Cached
    keys work; now and then one request tries whether it is back, and waits for the connection."""
    web = own_httpd(conf(), database=server_keys, threads=8)
    cached, fresh = server_keys.create(client="cached"), server_keys.create(client="fresh")
    assert go(web, cached).status == 200
    web.expect(*DATABASE_GONE)
    server_keys.pause()
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            waiting = pool.submit(go, web, fresh)
            times = []
            for _ in range(8):
                answer, took = timed(go, web, cached)
                times.append(took)
                assert answer.status == 200
                time.sleep(0.5)
            server_keys.resume()
            assert waiting.result(30).status in (200, 503)
        assert max(times) < 8 and sorted(times)[4] < 0.5, times
    finally:
        server_keys.resume()
    assert until(web, fresh, 200, 10) is not None
    server_keys.revoke(cached)
    assert until(web, cached, 401, 3) is not None


# ---- cut -------------------------------------------------------------------------------------------

def cut(keys):
    """The server ends all connections of the module's, as its own idle time does."""
    if isinstance(keys, Mariadb):
        for (number,) in keys.sql("SELECT id FROM information_schema.processlist "
                                  f"WHERE db = '{keys.name}' AND user = '{keys.server.role}'"):
            keys.sql(f"KILL {number}")
    else:
        keys.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                 "WHERE datname = current_database() AND pid <> pg_backend_pid()")


@pytest.mark.slow
def test_connections_that_were_cut(own_httpd, server_keys):
    web = own_httpd(conf(), database=server_keys, threads=8)
    keys = [server_keys.create(client=f"cut{n}") for n in range(12)]
    assert set(web.client.burst(8, "/s/x/hello.html", [("X-API-Key", keys[0])])) == {200}
    web.expect(*DATABASE_GONE)
    for n in range(1, 12):
        cut(server_keys)
        assert go(web, keys[n]).status == 200
    server_keys.revoke(keys[0])
    assert until(web, keys[0], 401, 2.5) is not None


# ---- set up oddly ----------------------------------------------------------------------------------

@pytest.fixture
def without_autocommit(lent):
    server = MariadbServer("--autocommit=0")
    lent.append(server)
    return Mariadb(server)


@pytest.mark.slow
def test_mariadb_without_autocommit(own_httpd, without_autocommit):
    """A connection would go on seeing what it saw first, for weeks."""
    keys = without_autocommit
    web = own_httpd(conf("ApiGuardKeyCache ttl=1 negative=1"), database=keys, threads=1)
    key = keys.create()
    assert go(web, key).status == 200
    assert_refused(go(web, "unknown-0123456789"), "key_invalid")
    keys.ctl("key", "revoke", "-", stdin=key)
    assert until(web, key, 401, 2.5) is not None
    keys.sql("UPDATE api_keys SET is_active = 1; COMMIT")
    assert until(web, key, 200, 3.5) is not None
    assert go(web, keys.create()).status == 200


# ---- upgraded --------------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "pgsql"])
def test_an_upgrade_under_a_running_server(own_httpd, lent, request, kind):
    """The server, which found its database away when it started, meets tables of version 1."""
    keys = new_database(request, kind, init=False)
    lent.append(keys)
    with open(os.path.join(SCHEMAS, f"{kind}-1.sql"), encoding="utf-8") as f:
        keys.script(f.read())
    if isinstance(keys, Sqlite):
        keys.hand_over()
    old = [f"imported-key-number-{n}" for n in range(8)]
    for key in old:
        keys.insert(key)
    keys.away()
    web = own_httpd(conf(), database=keys, start=False, processes=3, threads=4)
    web.expect(*DATABASE_GONE)
    web.start()
    keys.back()
    assert until(web, old[0], 200, 10) is not None
    assert set(web.client.burst(24, "/s/x/hello.html", [("X-API-Key", old[1])])) == {200}
    assert "from version 1" in keys.ctl("init").stdout
    for key in old:
        assert set(web.client.burst(6, "/s/x/hello.html", [("X-API-Key", key)])) == {200}
    assert go(web, keys.create()).status == 200
    assert_refused(go(web, "unknown-0123456789"), "key_invalid")
    keys.ctl("key", "revoke", "-", stdin=old[1])
    time.sleep(2.2)
    assert set(web.client.burst(24, "/s/x/hello.html", [("X-API-Key", old[1])])) == {401}


def test_init_again_under_a_running_server(own_httpd, any_keys):
    web = own_httpd(conf(), database=any_keys, processes=3, threads=4)
    first, second = any_keys.create(), any_keys.create()
    assert set(web.client.burst(12, "/s/x/hello.html", [("X-API-Key", first)])) == {200}
    any_keys.ctl("init")
    assert set(web.client.burst(12, "/s/x/hello.html", [("X-API-Key", second)])) == {200}
    any_keys.revoke(first)
    assert until(web, first, 401, 2.5) is not None
