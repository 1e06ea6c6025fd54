# SPDX-License-Identifier: Apache-2.0
"""Keys as files: export, import of what was exported, and the documented files."""

import csv
import io
import json
import os
import re

import pytest

from support.files import BCRYPT, KEY, OTHER, bad, imported, rows, sha256
from support.tool import created, shown


def test_export_without_secrets(db):
    key = created(db, "--scope", "read", "--metadata", '{"a": "x,y"}')
    db.ctl("key", "create", "--client", "other")
    out = db.ctl("key", "export").stdout
    got = list(csv.DictReader(io.StringIO(out, newline="")))
    assert [row["client_name"] for row in got] == ["acme", "other"]
    assert got[0]["metadata"] == '{"a": "x,y"}' and got[0]["permissions"] == "read"
    assert "key_hash" not in out and sha256(key["key"]) not in out and key["key"] not in out
    lines = db.ctl("key", "export", "--json", "--client", "acme").stdout.splitlines()
    assert len(lines) == 1 and json.loads(lines[0])["key_prefix"] == key["key_prefix"]
    assert "key_hash" not in json.loads(lines[0])
    assert json.loads(db.ctl("key", "export", "--json", "--with-hashes").stdout.splitlines()[0])[
        "key_hash"] == sha256(key["key"])
    assert db.ctl("key", "export", "--client", "nobody").stdout.count("\n") == 1
    assert bad(db, out)  # and so it is nothing to import


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_there_and_back(db, form):
    db.ctl("plan", "add", "gold", "--rate", "9/s")
    full = created(db, "--email", "o@a.example", "--scope", "a", "--scope", "b:*", "--role", "r",
                   "--ip", "10.0.0.0/8", "--endpoint", "GET /x", "--rate", "1/s", "--plan", "gold",
                   "--metadata", '{"a": "x,\\"y\\""}')
    revoked = created(db, "--expires", "never")
    db.ctl("key", "revoke", str(revoked["id"]))
    new = json.loads(db.ctl("key", "rotate", str(full["id"]), "--json").stdout)
    db.insert("nobodys-key", client='He said "hi",\nor so', allowed_ips="", allowed_endpoints="",
              permissions="")
    db.sql("UPDATE api_keys SET client_name = 'He said \"hi\", or so' WHERE key_prefix = 'nobo'")
    db.sql(f"UPDATE api_keys SET key_hash = '{BCRYPT}', key_prefix = 'legacy-1' "
           f"WHERE id = {revoked['id']}")
    out = db.ctl("key", "export", "--with-hashes", *form).stdout
    before = rows(db)
    db.sql("UPDATE api_keys SET rotated_to = NULL")
    db.sql("DELETE FROM api_keys")
    assert "4 keys" in db.ctl("key", "import", "-", stdin=out).stdout
    assert rows(db) == before
    assert before[-1]["allowed_ips"] == "" and before[0]["roles"] == "r"
    assert before[1]["allowed_ips"] is None
    old = shown(db, "-", stdin=full["key"])
    assert old["rotated_to"] == shown(db, "-", stdin=new["key"])["id"] and old["status"] == "rotated"


def test_a_successor_that_is_not_in_the_file(db):
    text = ("id,key,client_name,rotated_to,expires_at\n"
            f"1,{KEY},a,2,\n")
    assert list(bad(db, text)) == [(2, "rotated_to")]
    assert imported(db, text + f"2,{OTHER},a,,\n")["imported"] == 2
    assert shown(db, "-", stdin=KEY)["rotated_to"] == shown(db, "-", stdin=OTHER)["id"]


# ---- the documentation ----------------------------------------------------------------------------


def test_the_documented_files(db):
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "howto", "import.md"),
              encoding="utf-8") as f:
        text = f.read()
    table = re.search(r"^```csv\n(.*?)^```", text, re.M | re.S).group(1)
    lines = re.search(r"^```json\n(.*?)^```", text, re.M | re.S).group(1)
    said = re.search(r"^apiguardctl: line 3, column key: (.*)$", text, re.M).group(1)
    db.ctl("plan", "add", "gold", "--rate", "9/s")
    assert bad(db, table) == {(3, "key"): said}
    assert imported(db, "".join(table.splitlines(True)[:2]))["imported"] == 1
    db.sql("DELETE FROM api_keys")
    assert imported(db, lines)["imported"] == 1
