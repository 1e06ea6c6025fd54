# SPDX-License-Identifier: Apache-2.0
"""Usage: every request of a key is counted once, denied ones among them, and gets into the database
behind the requests' backs: over graceful restarts, a stop, a database that is away, two servers."""

import os
import re
import signal
import sqlite3
import time

import pytest

from support.jwtmaker import Key
from support.keys import Sqlite, sha256
from support.ports import Directory

SIGNER = Key("HS256")

CONF = """
{more}
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
<Location "/s/scope/">
    AuthType ApiGuard
    Require api-scope write
</Location>
<Location "/s/limited/">
    AuthType ApiGuard
    ApiGuardRateLimit 3/day
    Require valid-user
</Location>
<Location "/s/both/">
    AuthType ApiGuard
    ApiGuardProvider key jwt
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardAnonymous on
    Require valid-user
</Location>
<Location "/s/page/">
    AuthType ApiGuard
    ApiGuardErrors httpd
    ErrorDocument 403 /s/x/hello.html
    Require api-scope write
</Location>
<Directory "{root}/htdocs/front">
    RewriteEngine On
    RewriteRule ^(.*)$ /s/scope/hello.html [PT]
    AuthType ApiGuard
    Require valid-user
</Directory>
"""

DATABASE_GONE = (r"AH0063[0-9]", r"dbd", r"apiguard")
WRITTEN = 30  # seconds a test waits for a batch


@pytest.fixture
def keys(any_keys):
    return any_keys


@pytest.fixture(scope="module")
def keyfile():
    folder = Directory("usage")
    yield folder.write("hs256.key", SIGNER.file())
    folder.close()


@pytest.fixture
def serve(own_httpd, keyfile):
    def make(keys, more="", **kw):
        kw.setdefault("modules", ("rewrite", "autoindex"))
        return own_httpd(CONF.replace("{more}", more), database=keys, words={"keyfile": keyfile},
                         files={"front/x.txt": "x", "api/list/a.txt": "a", "api/list/b.txt": "b"},
                         **kw)
    return make


def usage(keys, key=None):
    """(requests, denied) of all days."""
    where = f" WHERE k.key_hash = '{sha256(key)}'" if key else ""
    (row,) = keys.sql("SELECT coalesce(sum(requests), 0), coalesce(sum(denied), 0) "
                      "FROM api_usage u JOIN api_keys k ON k.id = u.key_id" + where)
    return tuple(int(n) for n in row)


def wait_for(expected, keys, key=None, seconds=WRITTEN):
    """It becomes exactly that and stays so for another round of the writer."""
    end = time.monotonic() + seconds
    while usage(keys, key) != expected and time.monotonic() < end:
        time.sleep(0.1)
    assert usage(keys, key) == expected
    time.sleep(0.2)
    assert usage(keys, key) == expected


def go(web, key, section="x", n=1):
    return [web.get(f"/s/{section}/hello.html", key=key).status for _ in range(n)]


# ---- what counts ---------------------------------------------------------------------------------

@pytest.mark.slow
def test_requests_and_denials_are_counted_exactly(serve, keys):
    web = serve(keys, processes=3)
    good, bad = keys.create(client="good", scopes=["write"]), keys.create(client="bad")
    before = int(time.time())
    assert go(web, good, n=7) == [200] * 7
    assert go(web, good, "scope", 2) == [200] * 2
    assert go(web, bad, n=3) == [200] * 3
    assert go(web, bad, "scope", 4) == [403] * 4
    assert go(web, bad, "limited", 5) == [200] * 3 + [429] * 2
    keys.revoke(bad)
    time.sleep(1.1)
    assert go(web, bad, n=2) == [401] * 2
    wait_for((9, 0), keys, good)
    wait_for((14, 8), keys, bad)
    (row,) = keys.sql("SELECT day, last_used_at FROM api_usage u JOIN api_keys k ON k.id = u.key_id"
                      f" WHERE k.key_hash = '{sha256(good)}'")
    day, last = (int(n) for n in row)
    assert day == before // 86400 * 86400
    assert before <= last <= time.time() + 1
    shown = keys.ctl("key", "list", "--json").stdout
    assert str(last) in shown


def test_a_denial_of_httpd_s_own_and_a_404_of_a_known_key(serve, keys):
    web = serve(keys)
    key = keys.create(ips=["192.0.2.1"])
    assert go(web, key) == [403]
    other = keys.create()
    assert web.get("/s/x/nothing.html", key=other).status == 404
    assert web.request("HEAD", "/s/x/hello.html", key=other).status == 200
    web.stop()
    assert usage(keys, key) == (1, 1)
    assert usage(keys, other) == (2, 0)


def test_redirects_and_sub_requests_count_once(serve, keys):
    web = serve(keys)
    key = keys.create()
    full = keys.create(client="full", scopes=["write"])
    assert go(web, key, "page") == [403]                       # an ErrorDocument that is guarded
    assert web.get("/front/x.txt", key=key).status == 403      # refused where the rewrite leads
    assert web.get("/front/x.txt", key=full).status == 200
    assert web.get("/s/x/", key=full).status == 200            # mod_dir's index
    web.stop()
    assert usage(keys, key) == (2, 2)
    assert usage(keys, full) == (2, 0)


def test_who_has_no_key_is_not_counted(serve, keys):
    web = serve(keys)
    assert go(web, "unknown-0123456789") == [401]
    assert web.get("/s/x/hello.html").status == 401
    assert web.get("/s/both/hello.html").status == 200
    assert web.get("/s/both/hello.html", bearer=SIGNER.token(azp="shop")).status == 200
    key = keys.create()
    assert go(web, key, "both") == [200]
    web.stop()
    assert usage(keys) == (1, 0)
    assert len(keys.sql("SELECT * FROM api_usage")) == 1


# ---- nothing is lost -----------------------------------------------------------------------------

@pytest.mark.slow
def test_a_graceful_restart_loses_nothing(serve, keys):
    web = serve(keys)
    key = keys.create()
    for n in range(3):
        assert go(web, key, n=10) == [200] * 10
        web.graceful()
    assert go(web, key) == [200]
    wait_for((31, 0), keys, key)


@pytest.mark.parametrize("mpm", ["event", "prefork"])
def test_a_stop_writes_the_rest(serve, keys, mpm):
    web = serve(keys, mpm=mpm, threads=4)
    key = keys.create()
    assert go(web, key, n=10) == [200] * 10
    web.stop()
    assert usage(keys, key) == (10, 0)


@pytest.mark.slow
def test_a_killed_child_loses_nothing(serve, keys):
    web = serve(keys, processes=3)
    web.expect(r"AH00052")
    key = keys.create()
    assert go(web, key, n=20) == [200] * 20
    web.named_log("access.log", lambda log: log.count("/s/x/hello.html") >= 20)
    time.sleep(0.2)  # a request is counted when its answer is through
    for pid in web.children():
        os.kill(pid, signal.SIGKILL)
    time.sleep(1)
    assert go(web, key) == [200]
    web.stop()
    assert usage(keys, key) == (21, 0)


@pytest.mark.slow
def test_two_servers_add_up(serve, keys):
    webs = [serve(keys), serve(keys)]
    made = [keys.create(client=f"c{n}") for n in range(3)]
    for _ in range(4):
        for web in webs:
            for key in made:
                statuses = web.client.storm(2, 10, "/s/x/hello.html", [("X-API-Key", key)])
                assert statuses == [200] * 20
    for key in made:
        wait_for((160, 0), keys, key)


@pytest.mark.slow
def test_the_database_is_away_meanwhile(serve, all_keys):
    servers = [(serve(keys), keys, keys.create()) for keys in all_keys[1:]]
    for web, keys, key in servers:
        assert go(web, key, n=3) == [200] * 3
    for web, keys, key in servers:
        wait_for((3, 0), keys, key)
        web.expect(*DATABASE_GONE)
        keys.away()
        assert go(web, key, n=5) == [200] * 5
    time.sleep(4.5)
    for web, keys, key in servers:
        assert go(web, key, "scope", 5) == [403] * 5
        keys.back()
    for web, keys, key in servers:
        wait_for((13, 5), keys, key)


@pytest.mark.slow
def test_somebody_writes_to_sqlite_for_a_while(serve):
    keys = Sqlite()
    web = serve(keys)
    key = keys.create()
    assert go(web, key) == [200]
    other = sqlite3.connect(keys.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    while time.monotonic() - start < 6:
        before = time.monotonic()
        assert go(web, key) == [200]
        assert time.monotonic() - before < 1
        time.sleep(0.3)
    other.execute("ROLLBACK")
    other.close()
    web.stop()
    n = web.access_log().count("/s/x/hello.html")
    assert usage(keys, key) == (n, 0)
    keys.close()


class Reader:
    """The same database for httpd, by a role that may only read."""

    def __init__(self, keys, role):
        driver, params = keys.dbd()
        self.params = driver, params.replace(f"user={keys.server.role}", f"user={role}")

    def dbd(self):
        return self.params


@pytest.mark.slow
def test_an_account_that_may_not_write(serve, pgsql_keys):
    keys = pgsql_keys
    role = f"reader_{keys.name}"
    keys.sql(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    web = serve(Reader(keys, role))
    key = keys.create()
    start = time.monotonic()
    n = 0
    while time.monotonic() - start < 30 and not web.wait_log("AG0170", 0.5):
        assert go(web, key) == [200]
        n += 1
    assert web.wait_log("AG0170.*permission denied", 0)
    assert usage(keys) == (0, 0)
    keys.sql(f"GRANT INSERT, UPDATE ON api_usage TO {role}")
    wait_for((n, 0), keys, key)
    assert web.wait_log("AG0171")
    assert web.error_log().count("AG0170") == 1


@pytest.mark.slow
def test_a_full_table_is_told_and_refuses_nobody(serve):
    keys = Sqlite()
    web = serve(keys, "ApiGuardSharedMemory 1M")
    made = [f"imported-key-number-{n:06}" for n in range(1500)]
    for key in made[:1]:
        keys.insert(key, client="many")
    rows = ", ".join(f"('{sha256(key)}', 'impo', 'many')" for key in made[1:])
    keys.sql(f"INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES {rows}")
    other = sqlite3.connect(keys.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # or the slots would be free again in no time
    assert {status for key in made for status in go(web, key)} == {200}
    assert web.wait_log(r"AG0172.*usage of \d+ requests", 90)
    other.execute("ROLLBACK")
    other.close()
    web.stop()
    counted, _ = usage(keys)
    lost = int(re.findall(r"AG0172.*?of (\d+) requests", web.error_log())[-1])
    assert counted > 400 and counted + lost == len(made)
    keys.close()


# ---- a table of one's own ------------------------------------------------------------------------

OWN = "SELECT {id}token_sha AS key_hash, name AS client_name FROM customers WHERE token_sha = %s"


@pytest.mark.parametrize("column, counted", [("", 0), ("number AS id, ", 3), ("name AS id, ", 0)])
def test_an_own_query(serve, column, counted):
    keys = Sqlite()
    keys.sql("CREATE TABLE customers (number INTEGER, token_sha TEXT, name TEXT)")
    keys.sql(f"INSERT INTO customers VALUES (4711, '{sha256('customer-key-0123456789')}', 'shop')")
    web = serve(keys, 'ApiGuardKeyQuery "%s"' % OWN.replace("{id}", column))
    assert go(web, "customer-key-0123456789", n=3) == [200] * 3
    web.stop()
    rows = keys.sql("SELECT key_id, requests FROM api_usage")
    assert rows == ([(4711, 3)] if counted else [])
    keys.close()
