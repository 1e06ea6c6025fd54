# SPDX-License-Identifier: Apache-2.0
"""Tables of version 2, on each database, are brought to the newest one: by init, and by hand."""

import os

import pytest

from ctl.test_schema import FILES, SCHEMAS, SHIPPED, VERSION, key_hash, rows, version
from support.keys import Mariadb, Postgres, Sqlite

FILES_OF_2 = {Sqlite: "sqlite-2.sql", Postgres: "pgsql-2.sql", Mariadb: "mariadb-2.sql"}


@pytest.fixture
def second(bare):
    """As version 2 made it, with a key and its usage."""
    with open(os.path.join(SCHEMAS, FILES_OF_2[type(bare)]), encoding="utf-8") as f:
        bare.script(f.read())
    if isinstance(bare, Sqlite):
        bare.hand_over()
    bare.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name) "
             f"VALUES ('{key_hash(1)}', 'agk_1', 'acme')")
    bare.sql("INSERT INTO api_usage (key_id, day, requests) VALUES (1, 86400, 5)")
    return bare


def test_by_init(second):
    """Who calls what is deprecated is counted from version 3 on; all else stays as it is."""
    tables = ("api_keys", "api_usage", "api_changes")
    before = [rows(second, f"SELECT * FROM {table}") for table in tables]
    assert version(second) == 2
    assert f"upgraded from version 2 to {VERSION}" in second.ctl("init").stdout
    assert version(second) == VERSION
    assert [rows(second, f"SELECT * FROM {table}") for table in tables] == before
    assert rows(second, "SELECT count(*) FROM api_deprecated_usage") == [("0",)]
    assert "upgraded" not in second.ctl("init").stdout


def test_by_hand(second):
    steps = [FILES_OF_2[type(second)].replace("2.sql", f"{n}-to-{n + 1}.sql") for n in range(2, VERSION)]
    for name in (*steps, FILES[type(second)]):
        with open(os.path.join(SHIPPED, name), encoding="utf-8") as f:
            second.script(f.read())
    assert version(second) == VERSION
    assert second.ctl("usage", "--deprecated").returncode == 0
