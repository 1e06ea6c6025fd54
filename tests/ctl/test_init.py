# SPDX-License-Identifier: Apache-2.0
"""apiguardctl init, and databases that it cannot work with."""

import grp
import json
import os
import pwd
import stat
import subprocess
import time

import pytest

from support.keys import CTL, SCHEMA_VERSION
from support.ports import is_root, unprivileged
from support.tool import created, refused, shown

DAY = 86400


# ---- init -----------------------------------------------------------------------------------------


def test_without_tables(bare):
    refused(bare, "key", "list", status=3, says="apiguardctl init")


def test_init_twice_keeps_the_keys(bare):
    assert "ready" in bare.ctl("init").stdout
    key = bare.create()
    assert json.loads(bare.ctl("init", "--json").stdout)["ready"] is True
    assert "active" in bare.ctl("key", "verify", "-", stdin=key).stdout


def test_init_makes_the_whole_schema(db):
    for table in ("api_keys", "api_plans", "api_templates", "api_ip_lists", "api_ip_matches",
                  "api_nodes", "api_revoked_tokens", "api_usage", "api_deprecated_usage",
                  "api_changes", "api_keys_overview"):
        assert db.sql(f"SELECT count(*) FROM {table}")[0][0] in (0, "0")
    assert [int(n) for n in db.sql("SELECT version, revision FROM api_schema")[0]] == [SCHEMA_VERSION, 0]


def test_the_last_use_is_shown(db):
    key = created(db)
    now = int(time.time())
    db.sql(f"INSERT INTO api_usage (key_id, day, requests, denied, last_used_at) "
           f"VALUES ({key['id']}, {now // DAY * DAY}, 5, 1, {now})")
    db.sql(f"INSERT INTO api_usage (key_id, day, requests, denied, last_used_at) "
           f"VALUES ({key['id']}, 0, 2, 0, 7)")
    row = shown(db, key["id"])
    assert (row["last_used_at"], row["requests"], row["denied"]) == (now, 7, 1)
    db.sql("DELETE FROM api_usage WHERE day = 0")
    row = db.sql("SELECT key_prefix, requests, denied, last_used_at FROM api_keys_overview")[0]
    assert [str(cell) for cell in row] == [key["key_prefix"], "5", "1", str(now)]


@pytest.mark.skipif(not is_root(), reason="only root gives files away")
def test_init_for_the_servers_user(folder):
    user, group = unprivileged()
    path = folder.join("new", "keys.db")
    subprocess.run([CTL, "init", "--db", f"sqlite3:{path}", "--owner", user], check=True,
                   capture_output=True)
    for name, mode in ((path, 0o660), (folder.join("new"), 0o2770)):
        info = os.stat(name)
        assert stat.S_IMODE(info.st_mode) == mode
        assert (pwd.getpwuid(info.st_uid).pw_name, grp.getgrgid(info.st_gid).gr_name) == (user, group)
    subprocess.run([CTL, "key", "list", "--db", f"sqlite3:{path}"], check=True, user=user,
                   group=group, capture_output=True)


def test_init_leaves_an_old_directory_alone(folder):
    before = os.stat(folder.path)
    subprocess.run([CTL, "init", "--db", f"sqlite3:{folder.join('keys.db')}"], check=True,
                   capture_output=True)
    after = os.stat(folder.path)
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)


def test_init_does_not_follow_a_link(folder):
    target = folder.write("target", "")
    os.symlink(target, folder.join("keys.db"))
    done = subprocess.run([CTL, "init", "--db", f"sqlite3:{folder.join('keys.db')}"],
                          capture_output=True, text=True)
    assert done.returncode == 3 and os.path.getsize(target) == 0


def test_a_misspelled_path_makes_no_file(folder):
    path = folder.join("kyes.db")
    done = subprocess.run([CTL, "key", "list", "--db", f"sqlite3:{path}"], capture_output=True)
    assert done.returncode == 3 and not os.path.exists(path)


@pytest.mark.parametrize("address,status", [
    ("sqlite3:", 2), ("keys.db", 2), (":x", 2), ("nodriver:x", 3), ("pgsql:host=127.0.0.1 port=1", 3)])
def test_wrong_addresses(address, status):
    done = subprocess.run([CTL, "key", "list", "--db", address], capture_output=True, text=True)
    assert done.returncode == status and done.stdout == ""


# ---- revoke, activate, verify ---------------------------------------------------------------------


def verify(db, key):
    done = db.ctl("key", "verify", "-", stdin=key, check=False)
    return done.returncode, done.stdout.split(" is ")[1].split()[0].rstrip(",.;") if done.stdout else done.stderr


# ---- the database -----------------------------------------------------------------------------------


def test_the_database_is_away(server_keys):
    key = server_keys.create()
    server_keys.away()
    refused(server_keys, "key", "verify", "-", status=3, stdin=key)
    server_keys.back()
    assert verify(server_keys, key) == (0, "active")


def test_not_our_database(folder):
    path = folder.write("keys.db", "this is no database, and it is long enough to be read as one" * 20)
    done = subprocess.run([CTL, "key", "list", "--db", f"sqlite3:{path}"], capture_output=True)
    assert done.returncode == 3


@pytest.mark.parametrize("kind,word", [("pgsql", "password"), ("mysql", "pass")])
def test_no_password_in_messages(kind, word, postgres, mariadb):
    port = {"pgsql": postgres, "mysql": mariadb}[kind].port
    address = f"{kind}:host=127.0.0.1 port={port} dbname=nowhere user=x {word}=geheim"
    done = subprocess.run([CTL, "key", "list", "--db", address], capture_output=True, text=True)
    assert done.returncode == 3 and "geheim" not in done.stdout + done.stderr
