# SPDX-License-Identifier: Apache-2.0
"""apiguardctl key revoke, activate and verify, and what the tables log and catch of every change."""

import hashlib
import json

import pytest

from support.keys import Postgres
from support.tool import created, shown


def verify(db, key):
    done = db.ctl("key", "verify", "-", stdin=key, check=False)
    return done.returncode, done.stdout.split(" is ")[1].split()[0].rstrip(",.;") if done.stdout else done.stderr


def test_revoke_and_activate(db):
    key, other = created(db), created(db)
    assert verify(db, key["key"]) == (0, "active")
    assert "revoked" in db.ctl("key", "revoke", key["key_prefix"]).stdout
    assert verify(db, key["key"]) == (1, "revoked")
    assert verify(db, other["key"]) == (0, "active")
    assert json.loads(db.ctl("key", "activate", str(key["id"]), "--json").stdout)["status"] == "active"
    assert verify(db, key["key"]) == (0, "active")
    db.ctl("key", "revoke", "-", stdin=key["key"])
    assert verify(db, key["key"]) == (1, "revoked")


def test_an_expired_key(db):
    key = created(db)
    db.sql("UPDATE api_keys SET expires_at = 1")
    assert verify(db, key["key"]) == (1, "expired")
    assert shown(db, key["id"])["status"] == "expired"


def test_a_mistyped_key(db):
    key = db.create()
    code, text = verify(db, key[:-1] + ("x" if key[-1] != "x" else "y"))
    assert code == 1 and "mistyped" in text


def test_verify_reads_as_the_server_does(db):
    db.create()
    db.sql("UPDATE api_keys SET allowed_ips = 'nonsense'")
    assert "AG0401" in db.ctl("key", "verify", "1").stderr


def test_every_change_is_logged(db):
    def log():
        return [(int(n), h) for n, h in
                db.sql("SELECT revision, key_hash FROM api_changes ORDER BY revision")]

    key = db.create()
    hashed = hashlib.sha256(key.encode()).hexdigest()
    assert log() == [(1, hashed)]
    db.ctl("key", "revoke", "1")
    assert log() == [(1, hashed), (2, hashed)]
    db.sql(f"UPDATE api_keys SET key_hash = '{'0' * 64}'")
    assert {h for _, h in log()[2:]} == {hashed, "0" * 64}
    db.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('gold', '9/s')")
    db.sql("UPDATE api_keys SET plan = 'gold'")
    before = len(log())
    db.sql("UPDATE api_plans SET rate_limit = '1/s'")
    assert len(log()) == before + 1
    db.sql("DELETE FROM api_keys")
    assert len(log()) == before + 2
    assert [n for n, _ in log()] == list(range(1, before + 3))
    assert int(db.sql("SELECT revision FROM api_schema")[0][0]) == before + 2
    db.sql("UPDATE api_changes SET changed_at = 5")
    db.create()
    assert len(log()) == 1  # older than a day: gone


def test_a_truncated_table_is_logged(postgres):
    db = Postgres(postgres)
    db.create()
    db.create()
    db.sql("TRUNCATE api_keys CASCADE")
    assert db.sql("SELECT revision FROM api_schema") == [("4",)]


@pytest.mark.parametrize("wrong", [
    "key_hash = 'ABC'", "is_active = 2", "client_name = ''", "client_name = 'anonymous'",
    "expires_at = 'tomorrow'", "metadata = 'x'", "key_hash = NULL"])
def test_the_tables_catch_mistakes(db, wrong):
    db.create()
    with pytest.raises(Exception):
        db.sql(f"UPDATE api_keys SET {wrong}")
    assert verify_by_id(db) == 0


def verify_by_id(db):
    return db.ctl("key", "verify", "1", check=False).returncode
