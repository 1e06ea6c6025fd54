# SPDX-License-Identifier: Apache-2.0
"""Files of keys: how many there are, and what an import of a text says."""

import hashlib
import json

KEY = "old-key-of-the-shop-0001"
OTHER = "old-key-of-the-shop-0002"
BCRYPT = "$2y$10$" + "./0123456789abcdefghijABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi"[:53]


def sha256(key):
    return hashlib.sha256(key.encode()).hexdigest()


def number(db):
    return int(db.sql("SELECT count(*) FROM api_keys")[0][0])


def imported(db, text, *args):
    return json.loads(db.ctl("key", "import", "-", "--json", *args, stdin=text).stdout)


def bad(db, text, *args):
    """The report of a file with bad lines, of which nothing is imported: (line, column) -> text."""
    before = number(db)
    done = db.ctl("key", "import", "-", *args, "--json", stdin=text, check=False)
    assert done.returncode == 1, done
    said = json.loads(done.stdout)
    assert said["imported"] == 0 and number(db) == before
    plain = db.ctl("key", "import", "-", *args, stdin=text, check=False)
    assert plain.returncode == 1 and plain.stdout == ""
    for e in said["errors"]:
        where = f"line {e['line']}" + (f", column {e['column']}" if e["column"] else "")
        assert f"apiguardctl: {where}: {e['error']}\n" in plain.stderr
    assert f"nothing is imported; bad lines: {len(said['errors'])}" in plain.stderr
    return {(e["line"], e["column"]): e["error"] for e in said["errors"]}


def rows(db):
    """The table with hashes, without the numbers that a new table gives anew. As JSON, which tells
    NULL and the empty text apart."""
    out = db.ctl("key", "export", "--with-hashes", "--json").stdout
    return [{k: v for k, v in json.loads(line).items() if k not in ("id", "rotated_to")}
            for line in out.splitlines()]
