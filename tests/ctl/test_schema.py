# SPDX-License-Identifier: Apache-2.0
"""The tables: made, upgraded from each older version, and what their triggers write down."""

import concurrent.futures
import hashlib
import json
import os
import subprocess

import pytest

from support.keys import CTL, SCHEMA_VERSION as VERSION, Mariadb, Postgres, Sqlite

SCHEMAS = os.path.join(os.path.dirname(__file__), "..", "support", "schema")
SHIPPED = os.path.join(os.path.dirname(__file__), "..", "..", "conf", "schema")
BCRYPT = "$2y$10$" + "./0123456789abcdefghijABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi"[:53]


def key_hash(n):
    return hashlib.sha256(str(n).encode()).hexdigest()


class OldSqlite(Sqlite):
    """A file as version 1 made it."""
    def __init__(self):
        super().__init__(init=False)
        with open(os.path.join(SCHEMAS, "sqlite-1.sql"), encoding="utf-8") as f:
            self.script(f.read())
        self.hand_over()


class OldPostgres(Postgres):
    def __init__(self, server):
        super().__init__(server, init=False)
        with open(os.path.join(SCHEMAS, "pgsql-1.sql"), encoding="utf-8") as f:
            self.sql(f.read())


def fill(db):
    """Three keys, one deleted again, one rotated; a plan, a list, usage; and what people add."""
    db.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('gold', '9/s')")
    for n in (1, 2, 3):
        db.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name, plan, expires_at, metadata) "
               f"VALUES ('{key_hash(n)}', 'agk_{n}', 'client{n}', 'gold', 4000000000, '{{}}')")
    db.sql("UPDATE api_keys SET rotated_to = 2, grace_until = 3900000000 WHERE id = 1")
    db.sql("DELETE FROM api_keys WHERE id = 3")
    db.sql("INSERT INTO api_usage (key_id, day, requests) VALUES (1, 86400, 5)")
    db.sql("INSERT INTO api_ip_lists (list, cidr, note) VALUES ('office', '192.0.2.0/24', 'ours')")
    db.sql("ALTER TABLE api_keys ADD COLUMN remark TEXT")
    db.sql("UPDATE api_keys SET remark = 'mine' WHERE id = 2")
    db.sql("CREATE INDEX remarks ON api_keys (remark)")


@pytest.fixture(params=["sqlite", "pgsql"])
def old(request):
    db = OldSqlite() if request.param == "sqlite" else OldPostgres(
        request.getfixturevalue("postgres"))
    fill(db)
    yield db
    db.close()


def rows(db, query):
    return [tuple("" if cell is None else str(cell) for cell in row) for row in db.sql(query)]


def version(db):
    return int(rows(db, "SELECT version FROM api_schema")[0][0])


def log(db):
    return [what for (what,) in rows(db, "SELECT key_hash FROM api_changes ORDER BY revision")]


KEPT = {
    "api_keys": "id, key_hash, key_prefix, client_name, plan, created_at, expires_at, is_active, "
                "rotated_to, grace_until, metadata, remark",
    "api_plans": "name, rate_limit", "api_usage": "key_id, day, requests",
    "api_changes": "revision, key_hash, changed_at", "api_ip_lists": "list, cidr, note",
    "api_keys_overview": "id, client_name, requests"}


def content(db):
    return {table: sorted(rows(db, f"SELECT {columns} FROM {table}"))
            for table, columns in KEPT.items()}


# ---- a new one ------------------------------------------------------------------------------------

FILES = {Sqlite: "sqlite.sql", Postgres: "pgsql.sql", Mariadb: "mariadb.sql"}


def test_the_file_of_the_documentation_does_the_same(bare):
    """Run by the database's own client, twice; and init finds nothing to do."""
    with open(os.path.join(SHIPPED, FILES[type(bare)]), encoding="utf-8") as f:
        text = f.read()
    for _ in range(2):
        bare.script(text)
    if isinstance(bare, Sqlite):
        bare.hand_over()
    key = bare.create()
    said = json.loads(bare.ctl("init", "--json").stdout)
    assert (said["version_before"], said["version"]) == (VERSION, VERSION)
    assert len(log(bare)) == 1 and "active" in bare.ctl("key", "verify", "-", stdin=key).stdout


def test_many_inits_at_once(bare):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: bare.ctl("init", check=False), range(6)))
    assert [d.returncode for d in done] == [0] * 6, done
    bare.create()
    assert len(log(bare)) == 1


def test_texts_are_compared_byte_by_byte(db):
    for name in ("gold", "Gold", "gold ", "göld", "go\u0308ld"):
        db.sql(f"INSERT INTO api_plans (name, rate_limit) VALUES ('{name}', '1/s')")
    assert rows(db, "SELECT count(*) FROM api_plans WHERE name = 'gold'") == [("1",)]
    db.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name, plan) "
           f"VALUES ('{key_hash(1)}', 'Abc', 'x', 'gold ')")
    assert rows(db, "SELECT count(*) FROM api_keys WHERE key_prefix = 'abc' OR plan = 'gold'") == [("0",)]


def test_mariadb_stopped_half_way(mysql_keys):
    """No version, no service; init goes on from there."""
    mysql_keys.sql("DROP TABLE api_nodes; DROP TRIGGER api_keys_deleted; DELETE FROM api_schema")
    assert mysql_keys.ctl("key", "list", check=False).returncode == 3
    mysql_keys.ctl("init")
    mysql_keys.create()
    mysql_keys.sql("DELETE FROM api_keys")
    assert len(log(mysql_keys)) == 2 and rows(mysql_keys, "SELECT count(*) FROM api_nodes") == [("0",)]


def test_mariadb_truncates_no_keys(mysql_keys):
    """It would tell no trigger."""
    mysql_keys.create()
    for table in ("api_keys", "api_plans"):
        with pytest.raises(Exception, match="foreign key"):
            mysql_keys.sql(f"TRUNCATE TABLE {table}")
    before = len(log(mysql_keys))
    mysql_keys.ctl("ip", "add", "office", "192.0.2.1")
    mysql_keys.sql("TRUNCATE TABLE api_ip_lists")
    assert len(log(mysql_keys)) == before + 1, "what databases.md says of it is out of date"


# ---- from version 1 --------------------------------------------------------------------------------

def test_an_old_database_says_what_to_do(old):
    done = old.ctl("key", "list", check=False)
    assert done.returncode == 3 and "apiguardctl init" in done.stderr and "version is 1" in done.stderr


def test_an_upgrade_keeps_everything(old):
    before, revision = content(old), rows(old, "SELECT revision FROM api_schema")
    assert f"from version 1 to {VERSION}" in old.ctl("init").stdout
    assert version(old) == VERSION
    assert content(old) == before and rows(old, "SELECT revision FROM api_schema") == revision
    assert [int(n) > 1600000000 for (n,) in rows(old, "SELECT created_at FROM api_ip_lists")] == [True]
    assert int(json.loads(old.ctl("--json", "key", "create", "--client", "new").stdout)["id"]) == 4
    assert len(log(old)) == len(before["api_changes"]) + 1, "the triggers work on"


def test_an_upgrade_keeps_what_people_made_of_the_lists(old):
    old.sql("ALTER TABLE api_ip_lists ADD COLUMN ticket TEXT DEFAULT 'T1'")
    old.sql("CREATE INDEX tickets ON api_ip_lists (ticket)")
    old.sql("CREATE VIEW offices AS SELECT cidr, ticket FROM api_ip_lists WHERE list = 'office'")
    if isinstance(old, Sqlite):
        old.sql("CREATE TRIGGER no_plan AFTER DELETE ON api_plans BEGIN"
                " DELETE FROM api_ip_lists WHERE list = OLD.name; END")
    old.ctl("init")
    assert rows(old, "SELECT * FROM offices") == [("192.0.2.0/24", "T1")]
    old.ctl("ip", "add", "office", "192.0.2.1")
    assert rows(old, "SELECT count(*) FROM offices") == [("2",)]
    assert [int(n) > 1600000000 for (n,) in rows(old, "SELECT created_at FROM api_ip_lists")] == [True] * 2
    old.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('spare', '1/s')")
    old.sql("DELETE FROM api_plans WHERE name = 'spare'")
    old.sql("DROP INDEX tickets")


def test_an_upgraded_database_is_like_a_new_one(old):
    old.ctl("init")
    new = Sqlite() if isinstance(old, Sqlite) else Postgres(old.server)
    if isinstance(old, Sqlite):
        query = "SELECT type, name FROM sqlite_schema WHERE name <> 'remarks' ORDER BY 1, 2"
        details = "SELECT type, name, replace(sql, char(10), ' ') FROM sqlite_schema " \
                  "WHERE type IN ('trigger', 'view') ORDER BY 1, 2"
    else:
        query = ("SELECT table_name, column_name, data_type, is_nullable, column_default FROM "
                 "information_schema.columns WHERE table_schema = 'public' AND column_name <> "
                 "'remark' ORDER BY 1, 2")
        details = ("SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM "
                   "pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2")
    try:
        assert rows(old, query) == rows(new, query)
        assert rows(old, details) == rows(new, details)
    finally:
        new.close()


def test_an_upgrade_twice_changes_nothing(old):
    old.ctl("init")
    before = content(old)
    said = json.loads(old.ctl("init", "--json").stdout)
    assert (said["version_before"], said["version"]) == (VERSION, VERSION)
    assert content(old) == before


def test_many_upgrades_at_once(old):
    before = content(old)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: old.ctl("init", check=False), range(6)))
    assert [d.returncode for d in done] == [0] * 6, done
    assert sorted("upgraded" in d.stdout for d in done) == [False] * 5 + [True]
    assert version(old) == VERSION and content(old) == before


def test_an_upgrade_that_fails_changes_nothing(old):
    """Here by something in the way, after the keys' table was dealt with."""
    before = content(old)
    if isinstance(old, Sqlite):
        old.sql("CREATE INDEX api_templates ON api_plans (note)")
    else:
        old.sql("CREATE FUNCTION api_note_list(name text) RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    done = old.ctl("init", check=False)
    assert done.returncode == 3 and done.stdout == "", done
    assert version(old) == 1 and content(old) == before


def test_an_sqlite_table_of_another_make_is_left_alone():
    db = OldSqlite()
    try:
        db.sql("DROP TABLE api_keys")
        db.sql("CREATE TABLE api_keys (id INTEGER PRIMARY KEY, key_hash TEXT, plan TEXT)")
        assert db.ctl("init", check=False).returncode == 3
        assert version(db) == 1
    finally:
        db.close()


def test_a_newer_version_is_refused(db):
    db.sql(f"UPDATE api_schema SET version = {VERSION + 1}")
    done = db.ctl("init", check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"version {VERSION + 1}" in done.stderr and "newer" in done.stderr
    assert version(db) == VERSION + 1


def test_no_schema_for_an_unknown_driver():
    done = subprocess.run([CTL, "init", "--db", "odbc:x"], capture_output=True, text=True)
    assert done.returncode == 2 and "sqlite3, pgsql, mysql" in done.stderr


# ---- what may be stored ----------------------------------------------------------------------------

@pytest.mark.parametrize("good", [key_hash(1), BCRYPT, BCRYPT.replace("$2y", "$2a"),
                                  BCRYPT.replace("$2y", "$2b")])
def test_a_hash(db, good):
    db.sql(f"INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES ('{good}', 'x', 'a')")
    assert rows(db, "SELECT key_hash FROM api_keys") == [(good,)]


@pytest.mark.parametrize("bad", [
    "", key_hash(1).upper(), key_hash(1)[1:], key_hash(1) + "0", key_hash(1)[1:] + "\n",
    key_hash(1) + "\n", BCRYPT + "x", BCRYPT[:-1], BCRYPT[:-1] + "\n", BCRYPT + "\n", BCRYPT + " ",
    BCRYPT.replace("$2y", "$2x"), BCRYPT.replace("$2y", "$1y"), BCRYPT.replace("$10", "$1a"),
    BCRYPT[:-1] + "$", BCRYPT[:-1] + "'", "x" * 60, "plain-key"])
def test_no_hash(db, bad):
    value = bad.replace("'", "''")
    with pytest.raises(Exception):
        db.sql(f"INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES ('{value}', 'x', 'a')")
    assert rows(db, "SELECT count(*) FROM api_keys") == [("0",)]


def test_an_upgraded_table_takes_the_same(old):
    old.ctl("init")
    insert = "INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES ('{}', 'x', 'a')"
    old.sql(insert.format(BCRYPT))
    for bad in (BCRYPT + "x", "plain-key", BCRYPT[:-1] + "$"):
        with pytest.raises(Exception):
            old.sql(insert.format(bad))


# ---- the change log --------------------------------------------------------------------------------

def test_list_changes_are_logged(db):
    db.sql("INSERT INTO api_ip_lists (list, cidr) VALUES ('a', '10.0.0.0/8')")
    assert log(db) == ["list:a"]
    db.sql("UPDATE api_ip_lists SET expires_at = 5")
    assert log(db) == ["list:a"] * 2
    db.sql("UPDATE api_ip_lists SET list = 'b'")
    assert sorted(log(db)[2:]) == ["list:a", "list:b"]
    db.sql("DELETE FROM api_ip_lists")
    assert log(db)[4:] == ["list:b"]
    assert rows(db, "SELECT revision FROM api_schema") == [("5",)]


def test_a_plan_s_keys_are_logged_one_by_one(db):
    db.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('gold', '9/s'), ('tin', '1/s')")
    for n in range(3):
        db.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name, plan) VALUES "
               f"('{key_hash(n)}', 'x', 'a', '{'tin' if n == 2 else 'gold'}')")
    gold = {key_hash(0), key_hash(1)}
    db.sql("UPDATE api_plans SET rate_limit = '8/s' WHERE name = 'gold'")
    assert set(log(db)[3:]) == gold and len(log(db)) == 5
    db.sql("UPDATE api_plans SET note = 'x' WHERE name = 'nowhere'")
    assert len(log(db)) == 5
    assert rows(db, "SELECT revision FROM api_schema") == [("5",)]
    assert [int(n) for (n,) in rows(db, "SELECT revision FROM api_changes ORDER BY revision")] == [
        1, 2, 3, 4, 5]


def test_a_renamed_plan_is_logged(server_keys):
    """SQLite refuses to rename one that is in use only when asked to watch over references."""
    db = server_keys
    db.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('gold', '9/s')")
    db.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name, plan) "
           f"VALUES ('{key_hash(1)}', 'x', 'a', 'gold')")
    db.sql("UPDATE api_plans SET name = 'silver'")
    assert rows(db, "SELECT plan FROM api_keys") == [("silver",)]
    assert set(log(db)) == {key_hash(1)} and len(log(db)) >= 2


def test_numbers_come_in_the_order_of_commits(server_keys):
    """Many at once: no number is missing, and none was given out twice."""
    db = server_keys
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: db.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name) "
                                       f"VALUES ('{key_hash(n)}', 'x', 'a')"), range(40)))
    assert [int(n) for (n,) in rows(db, "SELECT revision FROM api_changes ORDER BY revision")] == list(
        range(1, 41))
    assert rows(db, "SELECT revision FROM api_schema") == [("40",)]


def test_a_transaction_counts_what_it_did(server_keys):
    """Each change has a number of its own, none for what was taken back."""
    db = server_keys
    insert = "INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES ('{}', 'x', 'a'); "
    db.sql("BEGIN; " + "".join(insert.format(key_hash(n)) for n in range(3)) + "COMMIT")
    db.sql("BEGIN; " + insert.format(key_hash(3)) + "ROLLBACK")
    db.sql("BEGIN; " + insert.format(key_hash(4)) + "SAVEPOINT s; " + insert.format(key_hash(5))
           + f"ROLLBACK TO SAVEPOINT s; UPDATE api_keys SET is_active = 0 WHERE key_hash = '{key_hash(0)}'; "
           "COMMIT")
    assert log(db) == [key_hash(n) for n in (0, 1, 2, 4, 0)]
    assert rows(db, "SELECT revision FROM api_schema") == [("5",)]
    assert [int(n) for (n,) in rows(db, "SELECT revision FROM api_changes ORDER BY revision")] == [
        1, 2, 3, 4, 5]


def test_the_log_goes_on_when_it_was_emptied(db):
    db.create()
    db.create()
    db.sql("DELETE FROM api_changes")
    db.create()
    assert [int(n) for (n,) in rows(db, "SELECT revision FROM api_changes")] == [3]
    assert rows(db, "SELECT revision FROM api_schema") == [("3",)]


def test_no_change_without_a_number(server_keys):
    """A table that was not made to the end: the change is refused, not lost."""
    server_keys.sql("DELETE FROM api_schema")
    with pytest.raises(Exception):
        server_keys.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name) "
                        f"VALUES ('{key_hash(1)}', 'x', 'a')")
    assert rows(server_keys, "SELECT count(*) FROM api_keys") == [("0",)]


def test_a_list_filled_in_one_transaction(postgres):
    """PostgreSQL notes it once; many rows in many transactions are noted each."""
    db = Postgres(postgres)
    db.sql("INSERT INTO api_ip_lists (list, cidr) SELECT 'a', '10.0.' || n || '.0/24' "
           "FROM generate_series(1, 200) n")
    assert log(db) == ["list:a"]
    db.sql("BEGIN; INSERT INTO api_ip_lists (list, cidr) VALUES ('a', 'x'); "
           "INSERT INTO api_ip_lists (list, cidr) VALUES ('a', 'y'); "
           "INSERT INTO api_ip_lists (list, cidr) VALUES ('b', 'y'); COMMIT")
    assert log(db)[1:] == ["list:a", "list:b"]
    db.sql("DELETE FROM api_ip_lists WHERE cidr = 'y' AND list = 'b'")
    assert log(db)[3:] == ["list:b"]
    db.sql("BEGIN; SAVEPOINT s; INSERT INTO api_ip_lists (list, cidr) VALUES ('a', 'z'); "
           "ROLLBACK TO s; DELETE FROM api_ip_lists WHERE cidr = 'x'; COMMIT")
    assert log(db)[4:] == ["list:a"]
    db.sql("TRUNCATE api_ip_lists")
    assert log(db)[5:] == ["list:a"]


def test_what_is_not_logged(db):
    db.sql("INSERT INTO api_ip_matches (list, cidr, last_match_at) VALUES ('a', 'b', 1)")
    db.sql("INSERT INTO api_nodes (host, notice, seen_at) VALUES ('a', '/b', 1)")
    db.sql("INSERT INTO api_templates (name, permissions) VALUES ('monitoring', 'read')")
    assert log(db) == []
