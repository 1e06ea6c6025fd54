# SPDX-License-Identifier: Apache-2.0
"""A key's life: rotated, ended, about to end."""

import concurrent.futures
import json
import os
import subprocess
import time

import pytest

from support.keys import CTL, CtlError, Sqlite
from support.tool import created, public, refused, shown

DAY = 86400


def verify(db, key):
    done = db.ctl("key", "verify", "-", stdin=key, check=False)
    return done.returncode, (done.stdout.split(" is ")[1].split()[0].rstrip(",") if done.stdout
                             else done.stderr)


def rotated(db, name, *args, stdin=None):
    return json.loads(db.ctl("key", "rotate", str(name), "--json", *args, stdin=stdin).stdout)


def soon(seconds):
    return pytest.approx(time.time() + seconds, abs=60)


# ---- rotate ---------------------------------------------------------------------------------------

def test_rotate(db):
    db.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('gold', '9/s')")
    old = created(db, "--email", "ops@acme.example", "--scope", "orders:*", "--role", "admin", "--ip",
                  "10.0.0.0/8", "--endpoint", "GET /api/*", "--rate", "5/s", "--plan", "gold",
                  "--prefix", "sk_live", "--metadata", '{"a": 1}', "--expires", "30d")
    before = shown(db, old["id"])
    new = rotated(db, old["id"])
    assert new["key"].startswith("sk_live_") and new["key"] != old["key"]
    assert new["rotated"] == {"id": old["id"], "key_prefix": old["key_prefix"],
                              "grace_until": soon(7 * DAY)}
    assert new["expires_at"] == soon(90 * DAY)
    after = shown(db, new["id"])
    for name in ("client_name", "client_email", "permissions", "roles", "allowed_ips",
                 "allowed_endpoints", "rate_limit", "plan", "metadata"):
        assert after[name] == before[name], name
    assert (after["rotated_to"], after["grace_until"], after["status"]) == (None, None, "active")
    now_old = shown(db, old["id"])
    assert (now_old["rotated_to"], now_old["status"]) == (new["id"], "rotated")
    assert now_old["grace_until"] == soon(7 * DAY) and now_old["expires_at"] == before["expires_at"]
    assert verify(db, old["key"]) == (0, "rotated")
    assert verify(db, new["key"]) == (0, "active")


def test_rotate_prints_the_key_alone(db):
    old = created(db)
    done = db.ctl("key", "rotate", old["key_prefix"])
    assert done.stdout.startswith("agk_") and done.stdout.count("\n") == 1 and done.stderr == ""
    assert verify(db, done.stdout.strip()) == (0, "active")


def test_rotate_by_the_key_itself(db):
    old = created(db)
    assert rotated(db, "-", stdin=old["key"])["rotated"]["id"] == old["id"]


def test_the_grace(db):
    old = created(db)
    assert rotated(db, old["id"], "--grace", "1h")["rotated"]["grace_until"] == soon(3600)
    gone = created(db)
    rotated(db, gone["id"], "--grace", "0")
    assert verify(db, gone["key"]) == (1, "expired")


def test_the_grace_never_outlasts_the_key(db):
    old = created(db, "--expires", "1d")
    assert rotated(db, old["id"], "--grace", "7d")["rotated"]["grace_until"] == soon(DAY)
    held = created(db)
    db.sql(f"UPDATE api_keys SET grace_until = {int(time.time()) + 100} WHERE id = {held['id']}")
    assert rotated(db, held["id"])["rotated"]["grace_until"] == soon(100)


def test_rotate_expiry_and_prefix(db):
    assert rotated(db, created(db)["id"], "--expires", "never")["expires_at"] is None
    assert rotated(db, created(db, "--expires", "never")["id"])["expires_at"] == soon(90 * DAY)
    assert rotated(db, created(db)["id"], "--prefix", "new_one")["key"].startswith("new_one_")
    db.insert("some-old-key-of-ours", key_prefix="some...")
    assert rotated(db, "some...")["key"].startswith("agk_")


def test_rotate_under_a_pepper(db, folder):
    pepper = "file:" + folder.write("pepper", "salt and pepper, and more\n")
    old = created(db, "--pepper", pepper)
    new = rotated(db, old["id"], "--pepper", pepper)
    assert db.ctl("key", "verify", "-", "--pepper", pepper, stdin=new["key"]).returncode == 0
    assert verify(db, new["key"])[0] == 1


def test_what_is_not_rotated(db):
    revoked, expired, twice = created(db), created(db), created(db)
    db.ctl("key", "revoke", str(revoked["id"]))
    db.ctl("key", "expire", str(expired["id"]))
    rotated(db, twice["id"])
    before = db.sql("SELECT * FROM api_keys ORDER BY id")
    refused(db, "key", "rotate", str(revoked["id"]), status=1, says="revoked")
    refused(db, "key", "rotate", str(expired["id"]), status=1, says="expired")
    refused(db, "key", "rotate", str(twice["id"]), status=1, says="rotated already")
    refused(db, "key", "rotate", "99", status=1, says="no such key")
    for wrong in (["--grace", "long"], ["--grace", "-1"], ["--expires", "2001-01-01"]):
        refused(db, "key", "rotate", str(revoked["id"]), *wrong, status=2, says=wrong[0])
    refused(db, "key", "rotate", status=2, says="KEY is missing")
    assert db.sql("SELECT * FROM api_keys ORDER BY id") == before


def test_a_rotation_is_whole_or_nothing(db):
    """The new row cannot be written: the old one has not changed."""
    key = created(db, "--prefix", "old")
    before = db.sql("SELECT * FROM api_keys")
    if isinstance(db, Sqlite):
        db.sql("CREATE TRIGGER no BEFORE INSERT ON api_keys BEGIN SELECT RAISE(ABORT, 'no'); END")
    else:
        db.sql("ALTER TABLE api_keys ADD CONSTRAINT no_new CHECK (key_prefix LIKE 'old%')")
    refused(db, "key", "rotate", str(key["id"]), "--prefix", "young", status=3, says="database")
    refused(db, "key", "rotate", str(key["id"]), "--prefix", "9x", status=2, says="--prefix")
    assert db.sql("SELECT * FROM api_keys") == before
    assert verify(db, key["key"]) == (0, "active")


def test_one_successor_whoever_asks(db):
    """Eight at once: one key is handed out, the others are told so, or that SQLite is locked."""
    key = created(db)

    def ask(_):
        return db.ctl("key", "rotate", str(key["id"]), check=False)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(ask, range(8)))
    codes = [d.returncode for d in done]
    assert codes.count(0) == 1 and set(codes) <= {0, 1, 3}, done
    assert all("locked" in d.stderr or "busy" in d.stderr for d in done if d.returncode == 3), done
    assert len(db.sql("SELECT id FROM api_keys")) == 2
    assert shown(db, key["id"])["rotated_to"] is not None


# ---- expire ---------------------------------------------------------------------------------------

def test_expire(db):
    key = created(db)
    assert "is expired" in db.ctl("key", "expire", key["key_prefix"]).stdout
    assert verify(db, key["key"]) == (1, "expired")
    out = db.ctl("key", "expire", "-", "--at", "2090-01-31", stdin=key["key"]).stdout
    assert "is active until 2090-01-31T00:00:00Z" in out
    assert json.loads(db.ctl("key", "expire", str(key["id"]), "--at", "30d", "--json").stdout)[
        "expires_at"] == soon(30 * DAY)
    db.ctl("key", "expire", str(key["id"]), "--at", "never")
    assert shown(db, key["id"])["expires_at"] is None
    db.ctl("key", "expire", str(key["id"]), "--at", "now")
    assert verify(db, key["key"]) == (1, "expired")


@pytest.mark.parametrize("at", ["yesterday", "2001-01-01", "0", ""])
def test_expire_refuses(db, at):
    key = created(db)
    refused(db, "key", "expire", str(key["id"]), "--at", at, status=2, says="--at")
    refused(db, "key", "expire", "99", "--at", "1d", status=1)
    assert verify(db, key["key"]) == (0, "active")


def test_twice_is_once(db):
    key = created(db)
    for _ in range(2):
        assert "revoked" in db.ctl("key", "revoke", str(key["id"])).stdout
    for _ in range(2):
        assert "active" in db.ctl("key", "activate", str(key["id"])).stdout


# ---- what ends soon -------------------------------------------------------------------------------

def test_list_expiring_for_cron(db):
    done = db.ctl("key", "list", "--expiring", "14d")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    created(db)  # 90 days
    created(db, "--expires", "never")
    soon_over, other = created(db, "--expires", "13d"), created(db, "--expires", "1d")
    revoked, expired, replaced = (created(db, "--expires", "5d") for _ in range(3))
    db.ctl("key", "revoke", str(revoked["id"]))
    db.ctl("key", "expire", str(expired["id"]))
    rotated(db, replaced["id"])
    done = db.ctl("key", "list", "--expiring", "14d", check=False)
    assert done.returncode == 1 and done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == [
        str(soon_over["id"]), str(other["id"])]
    done = db.ctl("key", "list", "--expiring", "2d", "--client", "acme", "--json", check=False)
    assert done.returncode == 1 and [row["id"] for row in json.loads(done.stdout)] == [other["id"]]
    done = db.ctl("key", "list", "--expiring", "14d", "--client", "nobody", "--json")
    assert done.returncode == 0 and json.loads(done.stdout) == []


@pytest.mark.parametrize("value", ["never", "soon", "0", "2001-01-01"])
def test_list_expiring_refuses(db, value):
    refused(db, "key", "list", "--expiring", value, status=2, says="--expiring")


def test_the_list_shows_the_earlier_end(db):
    key = created(db, "--expires", "2090-01-31")
    rotated(db, key["id"], "--grace", "2d")
    line = db.ctl("key", "list").stdout.splitlines()[1]
    assert "2090" not in line and line.endswith("rotated")
    assert public(key["key"]) in line


def test_a_failed_command_of_the_fixture_is_seen(db):
    with pytest.raises(CtlError):
        db.ctl("key", "rotate", "99")


# ---- nobody got it --------------------------------------------------------------------------------

def full():
    return open("/dev/full", "wb")  # noqa: SIM115


def unread():
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "wb")


def in_vain(db, output, *args):
    with output() as file:
        return subprocess.run([CTL, *args], stdout=file, stderr=subprocess.PIPE, text=True, timeout=90,
                              env={**os.environ, "APIGUARD_DB": db.address()})


@pytest.mark.parametrize("json_too", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("output", [full, unread])
def test_a_key_that_could_not_be_printed_is_taken_away(db, output, json_too):
    """It stood in the database, good for 90 days, and nobody had ever seen it."""
    done = in_vain(db, output, "key", "create", "--client", "acme", *json_too)
    assert done.returncode == 1 and "the new key was taken away again" in done.stderr, done
    assert done.stderr.count("could not be written") == 1
    assert json.loads(db.ctl("key", "list", "--json").stdout) == []


def test_a_key_for_an_output_that_is_closed_is_taken_away(db):
    """The connection to the database had the output's number: the key was sent there, which ended the connection, and
    stayed in the table unseen."""
    done = subprocess.run([CTL, "key", "create", "--client", "acme"], stderr=subprocess.PIPE, text=True, timeout=90,
                          preexec_fn=lambda: os.close(1), env={**os.environ, "APIGUARD_DB": db.address()})
    assert done.returncode == 1 and "the new key was taken away again" in done.stderr, done
    assert json.loads(db.ctl("key", "list", "--json").stdout) == []


@pytest.mark.parametrize("output", [full, unread])
def test_a_rotation_that_could_not_be_printed_is_undone(db, output):
    """The old key ended after its grace, and nobody had the new one."""
    old = created(db)
    before = shown(db, old["id"])
    done = in_vain(db, output, "key", "rotate", str(old["id"]), "--grace", "0")
    assert done.returncode == 1 and "the old one works as before" in done.stderr, done
    assert [key["id"] for key in json.loads(db.ctl("key", "list", "--json").stdout)] == [old["id"]]
    assert shown(db, old["id"]) == before
    assert verify(db, old["key"]) == (0, "active")
    assert verify(db, rotated(db, old["id"])["key"]) == (0, "active")
