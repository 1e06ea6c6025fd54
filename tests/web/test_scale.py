# SPDX-License-Identifier: Apache-2.0
"""Many keys: a look-up is a search in an index on every database, never a walk through the table."""

import hashlib
import os
import re

import pytest

SOURCE = os.path.join(os.path.dirname(__file__), "..", "..", "src", "keys", "keys_dbd.c")
KEYS = 4000


def statements():
    """The queries for a key by its hash and, for bcrypt, by its prefix, as the server asks them."""
    with open(SOURCE, encoding="utf-8") as f:
        source = f.read()
    select = "".join(re.findall(r'"([^"]*)"', re.search(r"#define SELECT_KEY((.*\\\n)+.*)",
                                                        source)[1]))
    found = re.findall(r'sql_\w+\[\] =\s+SELECT_KEY "([^"]*)"', source)
    assert len(found) == 2, found
    return [select + rest for rest in found]


@pytest.fixture
def keys(any_keys):
    rows = [f"('{hashlib.sha256(b'%d' % n).hexdigest()}', 'key_{n:06}', 'client{n % 100}')"
            for n in range(KEYS)]
    for at in range(0, KEYS, 500):
        any_keys.sql("INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES "
                     + ", ".join(rows[at:at + 500]))
    any_keys.sql("ANALYZE TABLE api_keys" if any_keys.dbd()[0] == "mysql" else "ANALYZE")
    return any_keys


def plan(keys, statement, value):
    explain = "EXPLAIN QUERY PLAN " if keys.dbd()[0] == "sqlite3" else "EXPLAIN "
    return keys.sql(explain + statement.replace("%s", f"'{value}'"))


def steps_on_keys(keys, rows):
    """[(how, index)] of the steps that read api_keys."""
    driver = keys.dbd()[0]
    text = "\n".join(" ".join(str(cell) for cell in row) for row in rows)
    if driver == "sqlite3":
        found = re.findall(r"\b(SEARCH|SCAN) k\b(?: USING (?:COVERING )?INDEX (\S+))?", text)
        return [(how == "SEARCH", index) for how, index in found]
    if driver == "pgsql":
        found = re.findall(r"(Index Scan|Bitmap Index Scan|Seq Scan)(?: using| on) (\S+)", text)
        return [(how != "Seq Scan", index) for how, index in found
                if "api_keys" in index]
    return [(row[3] in ("const", "ref", "eq_ref"), row[5]) for row in rows if row[2] == "k"]


@pytest.mark.parametrize("n, value", [(0, hashlib.sha256(b"77").hexdigest()), (1, "key_000077")],
                         ids=["hash", "prefix"])
def test_a_cold_look_up_is_one_search_in_an_index(keys, n, value):
    rows = plan(keys, statements()[n], value)
    steps = steps_on_keys(keys, rows)
    assert steps and all(searched and index for searched, index in steps), rows


def test_a_walk_through_the_table_would_be_seen(keys):
    rows = plan(keys, statements()[0].replace("k.key_hash =", "k.client_email ="), "x")
    steps = steps_on_keys(keys, rows)
    assert steps and not all(searched and index for searched, index in steps), rows
