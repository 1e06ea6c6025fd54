# SPDX-License-Identifier: Apache-2.0
"""Tables of version 3, on each database, are brought to the newest one: by init, and by hand. And what the triggers
write down of revoked tokens, which have kinds from version 4 on."""

import os
import time

import pytest

from ctl.test_schema import FILES, SCHEMAS, SHIPPED, VERSION, key_hash, log, rows, version
from support.keys import Mariadb, Postgres, Sqlite

FILES_OF_3 = {Sqlite: "sqlite-3.sql", Postgres: "pgsql-3.sql", Mariadb: "mariadb-3.sql"}
INSERT = "INSERT INTO api_revoked_tokens (kind, issuer, value, expires_at) VALUES "
REVOKED = "SELECT kind, issuer, value, issued_before, expires_at, note FROM api_revoked_tokens ORDER BY value"


@pytest.fixture
def third(bare):
    """As version 3 made it, with a key and what somebody wrote into the table of tokens."""
    with open(os.path.join(SCHEMAS, FILES_OF_3[type(bare)]), encoding="utf-8") as f:
        bare.script(f.read())
    if isinstance(bare, Sqlite):
        bare.hand_over()
    bare.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name) "
             f"VALUES ('{key_hash(1)}', 'agk_1', 'acme')")
    for token in (key_hash(2), key_hash(3).upper(), "some-id"):
        bare.sql(f"INSERT INTO api_revoked_tokens (token, expires_at) VALUES ('{token}', 4000000000)")
    return bare


MOVED = sorted([("digest", "", key_hash(2), "", "4000000000", ""),
                ("jti", "", key_hash(3).upper(), "", "4000000000", ""),
                ("jti", "", "some-id", "", "4000000000", "")], key=lambda row: row[2])


def test_by_init(third):
    tables = ("api_keys", "api_deprecated_usage", "api_changes")
    before = [rows(third, f"SELECT * FROM {table}") for table in tables]
    assert f"upgraded from version 3 to {VERSION}" in third.ctl("init").stdout
    assert version(third) == VERSION
    assert sorted(rows(third, REVOKED), key=lambda row: row[2]) == MOVED
    assert [rows(third, f"SELECT * FROM {table}") for table in tables] == before
    assert int(rows(third, "SELECT min(created_at) FROM api_revoked_tokens")[0][0]) > 1600000000
    third.sql(INSERT + "('jti', '', 'x', NULL)")
    assert log(third)[-1] == "token:jti  x"


def test_by_hand(third):
    steps = [FILES_OF_3[type(third)].replace("3.sql", f"{n}-to-{n + 1}.sql") for n in range(3, VERSION)]
    for name in (*steps, FILES[type(third)]):
        with open(os.path.join(SHIPPED, name), encoding="utf-8") as f:
            third.script(f.read())
    assert version(third) == VERSION
    assert sorted(rows(third, REVOKED), key=lambda row: row[2]) == MOVED
    assert "upgraded" not in third.ctl("init").stdout


def test_the_upgraded_table_refuses_what_a_new_one_refuses(third):
    third.ctl("init")
    for values in ("('token', '', 'x', NULL)", "('jti', '', '', NULL)", "('jti', 'a b', 'x', NULL)",
                   "('digest', '', 'x', NULL)", f"('digest', '', '{key_hash(9).upper()}', NULL)",
                   "(NULL, '', 'x', NULL)", f"('digest', '', '{key_hash(2)}', NULL)"):
        with pytest.raises(Exception):
            third.sql(INSERT + values)
    assert len(rows(third, REVOKED)) == len(MOVED)


def test_who_reads_keys_reads_revoked_tokens(postgres):
    """A server with rights on single tables would let no token in after the upgrade."""
    db = Postgres(postgres, init=False)
    try:
        with open(os.path.join(SCHEMAS, "pgsql-3.sql"), encoding="utf-8") as f:
            db.script(f.read())
        db.sql('DROP ROLE IF EXISTS "web server"; CREATE ROLE "web server"')
        db.sql('GRANT SELECT ON api_keys TO "web server"')
        db.ctl("init")
        has = "SELECT has_table_privilege('web server', 'api_revoked_tokens', '{}')"
        assert rows(db, has.format("SELECT")) in ([("True",)], [("t",)])
        assert rows(db, has.format("INSERT")) in ([("False",)], [("f",)])
        db.sql('DROP OWNED BY "web server"; DROP ROLE "web server"')
    finally:
        db.close()


def test_mariadb_stopped_half_way(mysql_keys):
    """Outside of transactions each statement stands: wherever the step stopped, init goes on."""
    db = mysql_keys
    with open(os.path.join(SHIPPED, "mariadb-3-to-4.sql"), encoding="utf-8") as f:
        text = "\n".join(line.split("--")[0] for line in f.read().splitlines())
    statements = [one for one in text.split(";") if one.strip()]
    assert len(statements) == 5
    for stop in range(1, len(statements)):
        db.sql("DROP TABLE api_revoked_tokens")
        db.sql("CREATE TABLE api_revoked_tokens (token VARCHAR(700) PRIMARY KEY, expires_at BIGINT NOT NULL)"
               " ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
        db.sql(f"INSERT INTO api_revoked_tokens VALUES ('a', 4000000000), ('{key_hash(1)}', 4000000000)")
        db.sql("UPDATE api_schema SET version = 3")
        for statement in statements[:stop]:
            db.sql(statement)
        db.ctl("init")
        assert {row[:3] for row in rows(db, REVOKED)} == {("jti", "", "a"), ("digest", "", key_hash(1))}, stop


# ---- the change log of revoked tokens ----------------------------------------------------------------

def test_changes_are_logged(db):
    db.sql(INSERT + "('jti', 'https://id', 'a b', NULL)")
    assert log(db) == ["token:jti https://id a b"]
    db.sql("UPDATE api_revoked_tokens SET issued_before = 5")
    assert log(db)[1:] == ["token:jti https://id a b"]
    db.sql("UPDATE api_revoked_tokens SET kind = 'subject'")
    assert sorted(log(db)[2:]) == ["token:jti https://id a b", "token:subject https://id a b"]
    db.sql("DELETE FROM api_revoked_tokens")
    assert log(db)[4:] == ["token:subject https://id a b"]
    assert rows(db, "SELECT revision FROM api_schema") == [("5",)]


def test_the_longest_name_fits_into_the_log(db):
    db.sql(INSERT + f"('client', '{'i' * 255}', '{'ü' * 480}', NULL)")
    assert log(db) == [f"token:client {'i' * 255} {'ü' * 480}"]


def test_what_has_expired_goes_unheard(db):
    """With the next one where the database can, else by the tool; servers ignore it anyway."""
    past = int(time.time()) - 5
    db.sql(INSERT + f"('jti', '', 'old', {past})")
    db.sql(INSERT + f"('jti', '', 'older', {past})")
    db.sql(INSERT + "('jti', '', 'new', 4000000000)")
    if isinstance(db, Mariadb):
        db.sql(f"DELETE FROM api_revoked_tokens WHERE expires_at < {int(time.time())}")
    assert [row[2] for row in rows(db, REVOKED)] == ["new"]
    assert log(db) == ["token:jti  old", "token:jti  older", "token:jti  new"]
    assert rows(db, "SELECT revision FROM api_schema") == [("3",)]


def test_a_truncated_table_is_read_anew(pgsql_keys):
    pgsql_keys.sql(INSERT + "('jti', '', 'a', NULL)")
    pgsql_keys.sql("TRUNCATE api_revoked_tokens")
    assert log(pgsql_keys)[-1] == "token:"
