# SPDX-License-Identifier: Apache-2.0
"""apiguardctl key create."""

import base64
import hashlib
import json
import os
import pty
import re
import subprocess
import time
import zlib

import pytest

from support.keys import CTL, SCHEMA_VERSION, Sqlite
from support.tool import created, public, refused, shown

DAY = 86400


def test_create_prints_the_key_alone(db):
    done = db.ctl("key", "create", "--client", "acme")
    assert re.fullmatch(r"agk_[0-9A-Za-z]{49}\n", done.stdout)
    assert done.stderr == ""


def test_the_checksum_is_crc32(db):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    key = db.create()
    number = 0
    for c in key[-6:]:
        number = number * 62 + digits.index(c)
    assert number == zlib.crc32(key[:-6].encode())


def test_on_a_terminal_words_go_with_it(db):
    ours, theirs = pty.openpty()
    done = subprocess.run([CTL, "key", "create", "--client", "acme"], stdout=theirs,
                          stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "APIGUARD_DB": db.address()})
    os.close(theirs)
    out = os.read(ours, 4096).decode()
    os.close(ours)
    assert done.returncode == 0 and out.strip().startswith("agk_")
    assert "this once" in done.stderr and out.strip() not in done.stderr


def test_only_the_hash_is_stored(db):
    key = db.create()
    assert tuple(db.sql("SELECT key_hash, key_prefix, is_active FROM api_keys")[0][:2]) == (
        hashlib.sha256(key.encode()).hexdigest(), public(key))
    row = db.sql("SELECT * FROM api_keys")[0]
    assert not any(key[12:] in str(cell) for cell in row)


def test_create_with_everything(db):
    db.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('gold', '9/s')")
    key = created(db, "--email", "ops@acme.example", "--scope", "orders:read", "--scope=orders:*",
                  "--role", "admin", "--ip", "10.0.0.0/8", "--ip", "2001:db8::/32", "--endpoint",
                  "GET /api/orders/*", "--endpoint", "/api/me", "--rate", "100/min", "--rate",
                  "1000/day", "--plan", "gold", "--expires", "30d", "--prefix", "sk_live",
                  "--metadata", '{"a": "ü"}')
    assert key["key"].startswith("sk_live_") and key["key_prefix"] == public(key["key"])
    row = shown(db, key["id"])
    assert abs(row.pop("expires_at") - time.time() - 30 * DAY) < 60
    assert abs(row.pop("ends_at") - time.time() - 30 * DAY) < 60
    assert abs(row.pop("created_at") - time.time()) < 60
    assert row == {
        "id": key["id"], "key_prefix": key["key_prefix"], "client_name": "acme",
        "client_email": "ops@acme.example", "permissions": ["orders:read", "orders:*"],
        "roles": ["admin"], "allowed_ips": ["10.0.0.0/8", "2001:db8::/32"],
        "allowed_endpoints": ["GET /api/orders/*", "/api/me"], "rate_limit": "100/min 1000/day",
        "plan": "gold", "grace_until": None, "is_active": 1, "rotated_to": None,
        "metadata": '{"a": "ü"}', "requests": 0, "denied": 0, "last_used_at": None,
        "status": "active"}
    assert "active" in db.ctl("key", "verify", "-", stdin=key["key"]).stdout


def test_default_expiry_and_never(db):
    assert abs(created(db)["expires_at"] - time.time() - 90 * DAY) < 60
    key = created(db, "--expires", "never")
    assert key["expires_at"] is None and shown(db, key["id"])["expires_at"] is None
    assert created(db, "--expires", "2090-01-31")["expires_at"] == 3789504000
    assert created(db, "--expires", "2090-01-31T00:00:01Z")["expires_at"] == 3789504001


@pytest.mark.parametrize("args", [
    [],
    ["--client", ""],
    ["--client", "anonymous"],
    ["--client", "jwt:acme"],
    ["--client", "a\nb"],
    ["--client", " acme"],
    ["--client", "acme "],
    ["--client", "acme\u00a0"],
    ["--client", "a\x1b[31m"],
    ["--client", b"\xff\xfe"],
    ["--client", "x" * 256],
    ["--client", "a", "--client", "b"],
    ["--client", "a", "--scope"],
    ["--client", "a", "--scope", "two words"],
    ["--client", "a", "--scope", '["a"]'],
    ["--client", "a", "--scope", ""],
    ["--client", "a", "--role", 'x"y'],
    ["--client", "a", "--ip", "10.0.0.0/33"],
    ["--client", "a", "--ip", "example.org"],
    ["--client", "a", "--ip", ""],
    ["--client", "a", "--endpoint", "orders"],
    ["--client", "a", "--endpoint", "get /x"],
    ["--client", "a", "--endpoint", ""],
    ["--client", "a", "--rate", "many"],
    ["--client", "a", "--rate", "10"],
    ["--client", "a", "--rate", ""],
    ["--client", "a", "--rate", "1/s 2/s 3/s 4/s 5/s 6/s 7/s 8/s 9/s"],
    ["--client", "a", "--expires", "0"],
    ["--client", "a", "--expires", "2001-01-01"],
    ["--client", "a", "--expires", "2090-02-30"],
    ["--client", "a", "--expires", "tomorrow"],
    ["--client", "a", "--prefix", "a"],
    ["--client", "a", "--prefix", "1abc"],
    ["--client", "a", "--metadata", "[1]"],
    ["--client", "a", "--metadata", "{"],
    ["--client", "a", "--email", "nobody"],
    ["--client", "a", "--pepper", "secret"],
    ["--client", "a", "--pepper", "file:/nowhere/at/all"],
    ["--client", "a", "--pepper", "file:/dev/null"],
    ["--client", "a", "--colour", "red"],
    ["--client", "a", "word"],
])
def test_create_refuses(args):
    db = Sqlite()
    try:
        refused(db, "key", "create", *args, status=2)
        assert db.sql("SELECT count(*) FROM api_keys") == [(0,)]
    finally:
        db.close()


def test_create_refuses_an_unknown_plan(db):
    refused(db, "key", "create", "--client", "a", "--plan", "x' OR '1'='1", status=1, says="plan")


def test_values_are_bound(db):
    name = "Robert'); DROP TABLE api_keys; --"
    db.ctl("key", "create", "--client", name)
    assert json.loads(db.ctl("key", "list", "--json", "--client", name).stdout)[0]["client_name"] == name
    assert json.loads(db.ctl("key", "list", "--json", "--client", "' OR '1'='1").stdout) == []


def test_pepper(db, folder):
    pepper = "file:" + folder.write("pepper", "salt and pepper, and more\n")
    key = db.ctl("key", "create", "--client", "acme", "--pepper", pepper).stdout.strip()
    assert "active" in db.ctl("key", "verify", "-", "--pepper", pepper, stdin=key).stdout
    assert "with this pepper" in db.ctl("key", "verify", "-", "--pepper", pepper, stdin=key).stdout
    refused(db, "key", "verify", "-", status=1, stdin=key)
    refused(db, "key", "verify", public(key), "--pepper", pepper, status=2, says="pass -")
    plain = db.create()
    refused(db, "key", "verify", "-", "--pepper", pepper, status=1, stdin=plain)
    assert "without ApiGuardKeyPepper" in db.ctl("key", "verify", "-", stdin=plain).stdout


def test_a_pepper_is_what_the_server_takes(db, folder, monkeypatch):
    """The server refuses a pepper of less than 16 bytes and reads base64: and env:; the tool once took the
    first and refused the others."""
    short = "file:" + folder.write("short", "salt and more\n")
    refused(db, "key", "create", "--client", "a", "--pepper", short, status=2, says="at least 16 bytes")
    encoded = "base64:" + folder.write("encoded", base64.b64encode(b"salt and pepper, and more") + b"\n")
    key = db.ctl("key", "create", "--client", "acme", "--pepper", encoded).stdout.strip()
    monkeypatch.setenv("THE_PEPPER", "salt and pepper, and more")
    assert "active" in db.ctl("key", "verify", "-", "--pepper", "env:THE_PEPPER", stdin=key).stdout
    monkeypatch.chdir(folder.path)
    assert "active" in db.ctl("key", "verify", "-", "--pepper", "base64:encoded", stdin=key).stdout


def test_version():
    plain = subprocess.run([CTL, "version"], capture_output=True, text=True, check=True).stdout
    told = json.loads(subprocess.run([CTL, "version", "--json"], capture_output=True, text=True,
                                     check=True).stdout)
    assert plain == f"apiguardctl {told['version']}\n" and told["schema"] == SCHEMA_VERSION
    assert told["db"] == "sqlite3:/var/lib/apiguard/keys.db"
