# SPDX-License-Identifier: Apache-2.0
"""key list: which keys, in which order, how many; and how long it takes."""

import json
import resource
import time

import pytest

from support.keys import Sqlite
from support.tool import created, refused

DAY = 86400
NOW = int(time.time())


def listed(db, *args):
    return [key["id"] for key in json.loads(db.ctl("key", "list", "--json", *args).stdout)]


@pytest.fixture
def keys(db):
    """Five keys: active, rotated, expired, revoked, and one that never ends."""
    ids = [created(db, "--expires", "40d")["id"] for _ in range(4)]
    ids.append(created(db, "--expires", "never")["id"])
    active, rotated, expired, revoked, eternal = ids
    for change in (f"rotated_to = {active}, grace_until = {NOW + DAY} WHERE id = {rotated}",
                   f"expires_at = {NOW - DAY}, client_name = 'zeta' WHERE id = {expired}",
                   f"is_active = 0, expires_at = {NOW - DAY} WHERE id = {revoked}",
                   f"client_name = 'beta', created_at = {NOW - DAY} WHERE id = {eternal}"):
        db.sql(f"UPDATE api_keys SET {change}")
    for key, requests, day in ((active, 7, 1), (rotated, 700, 2), (expired, 70, 3)):
        db.sql("INSERT INTO api_usage (key_id, day, requests, denied, last_used_at) "
               f"VALUES ({key}, 0, {requests}, 0, {day})")
    db.ids = ids
    return db


def test_by_status(keys):
    active, rotated, expired, revoked, eternal = keys.ids
    assert listed(keys, "--status", "active") == [active, eternal]
    assert listed(keys, "--status", "rotated") == [rotated]
    assert listed(keys, "--status", "expired") == [expired]
    assert listed(keys, "--status", "revoked") == [revoked]
    assert listed(keys, "--status", "active", "--client", "beta") == [eternal]
    assert keys.ctl("key", "list", "--status", "rotated").stdout.count("\n") == 2
    refused(keys, "key", "list", "--status", "good", status=2, says="--status: active, ")


def test_by_order(keys):
    active, rotated, expired, revoked, eternal = keys.ids
    assert listed(keys) == listed(keys, "--sort", "id") == keys.ids
    assert listed(keys, "--sort", "-id") == keys.ids[::-1]
    assert listed(keys, "--sort", "client") == [active, rotated, revoked, eternal, expired]
    assert listed(keys, "--sort", "created")[0] == eternal
    assert listed(keys, "--sort", "ends") == [expired, revoked, rotated, active, eternal]
    assert listed(keys, "--sort", "-ends") == [eternal, active, rotated, expired, revoked]
    assert listed(keys, "--sort", "used") == [revoked, eternal, active, rotated, expired]
    assert listed(keys, "--sort", "-requests")[:3] == [rotated, expired, active]
    refused(keys, "key", "list", "--sort", "name", status=2, says="--sort: id, ")


def test_so_many(keys):
    assert listed(keys, "--limit", "2") == keys.ids[:2]
    assert listed(keys, "--limit", "1", "--sort", "-id") == keys.ids[-1:]
    assert listed(keys, "--limit", "1", "--sort", "-requests") == [keys.ids[1]]
    assert listed(keys, "--limit", "1", "--status", "revoked") == [keys.ids[3]]
    assert listed(keys, "--limit", "99") == keys.ids
    for wrong in ("0", "-1", "x", "9999999999"):
        refused(keys, "key", "list", "--limit", wrong, status=2, says="--limit: ")


def test_expiring_and_status(keys):
    """The status of the command says whether there are any, of those that were asked for."""
    assert keys.ctl("key", "list", "--expiring", "60d", check=False).returncode == 1
    assert keys.ctl("key", "list", "--expiring", "60d", "--status", "revoked").stdout == ""


def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_many_keys_take_no_time():
    """SQLite's driver walks to a row by its number, so 40,000 keys took 19 seconds and 200,000 ten
    minutes. What is measured is the processor's time: other tests run beside this one."""
    db = Sqlite()
    try:
        db.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
               "INSERT INTO api_keys (key_hash, key_prefix, client_name, created_at) "
               "SELECT printf('%064x', i), 'k' || i, 'acme', 1 FROM n")
        before = cpu()
        assert db.ctl("key", "list").stdout.count("\n") == 60001
        assert listed(db, "--sort", "-requests", "--limit", "1") == [1]
        assert cpu() - before < 4  # 0.5 on a machine where it took over 90
    finally:
        db.close()
