# SPDX-License-Identifier: Apache-2.0
"""apiguardctl key list and show: what a row holds, and nothing that steers a terminal."""

import json
import os
import pty
import subprocess

import pytest

from support.keys import CTL, Mariadb, Postgres, Sqlite
from support.tool import created, public, refused, shown


def on_a_terminal(db, *args):
    ours, theirs = pty.openpty()
    subprocess.run([CTL, *args], stdout=theirs, check=True,
                   env={**os.environ, "APIGUARD_DB": db.address()})
    os.close(theirs)
    out = os.read(ours, 65536).decode()
    os.close(ours)
    return out


def test_list(db):
    first, second = created(db, "--scope", "read"), created(db)
    db.ctl("key", "create", "--client", "other")
    lines = db.ctl("key", "list").stdout.splitlines()
    assert len(lines) == 4 and lines[0].split()[:3] == ["ID", "KEY", "CLIENT"]
    assert lines[1].split()[:4] == [str(first["id"]), first["key_prefix"], "acme", "read"]
    of_acme = json.loads(db.ctl("--json", "key", "list", "--client", "acme").stdout)
    assert [row["id"] for row in of_acme] == [first["id"], second["id"]]
    assert first["key"] not in db.ctl("key", "list").stdout


def test_show_by_id_prefix_and_key(db):
    key = created(db)
    rows = [shown(db, key["id"]), shown(db, key["key_prefix"]), shown(db, "-", stdin=key["key"] + "\n")]
    assert rows[0] == rows[1] == rows[2] and rows[0]["client_name"] == "acme"
    text = db.ctl("key", "show", key["key_prefix"]).stdout
    assert "client_name        acme" in text and key["key"] not in text


def test_rows_cannot_steer_the_terminal(db):
    db.insert("some-key", client="evil")
    escape = {Sqlite: "'evil' || char(27)", Postgres: "'evil' || chr(27)",
              Mariadb: "concat('evil', char(27))"}[type(db)]
    db.sql(f"UPDATE api_keys SET client_name = {escape}")
    assert "\x1b" not in db.ctl("key", "list").stdout
    assert "\x1b" not in db.ctl("key", "show", "some").stdout


STEERING = ["\x7f", "\x80", "\x9b2J", "\x9f", "\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a",
            "\u202e", "\u2066", "\u2069"]


@pytest.mark.parametrize("steering", STEERING, ids=ascii)
def test_no_character_of_a_row_steers_the_terminal(db, steering):
    """C1 controls (U+009B begins a sequence by itself) and marks that turn the direction of a line were
    printed as they stood in the table: by tables, JSON, messages and an export to a terminal."""
    key = db.create()
    db.sql(f"UPDATE api_keys SET client_name = 'eé{steering}', permissions = 'a{steering}'")
    name = f"eé?{steering[1:]}"
    assert db.ctl("key", "show", public(key)).stdout.split("client_name")[1].split()[0] == name
    done = db.ctl("key", "verify", public(key), check=False)
    assert done.returncode == 1 and "AG0403" in done.stderr and steering not in done.stderr
    for command in (["list"], ["show", public(key)], ["export"]):
        out = db.ctl("key", *command, "--json").stdout
        assert steering[0] not in out and "é" in out
        row = json.loads(out)
        row = row[0] if isinstance(row, list) else row
        assert row["client_name"] == f"eé{steering}"
    assert steering in db.ctl("key", "export").stdout
    assert steering[0] not in on_a_terminal(db, "key", "export").replace("\r\n", "\n")


@pytest.mark.parametrize("steering", STEERING, ids=ascii)
def test_nothing_that_steers_is_written(db, steering):
    refused(db, "key", "create", "--client", f"a{steering}", status=2, says="--client: ")
    refused(db, "key", "create", "--client", "a", "--email", f"a@b{steering}", status=2, says="--email: ")
    refused(db, "plan", "add", "p", "--rate", "1/s", "--note", steering, status=2, says="--note: ")
    refused(db, "ip", "add", "l", "192.0.2.1", "--note", steering, status=2, says="--note: ")
    done = refused(db, "key", "list", f"--{steering}", status=2)
    assert steering[0] not in done.stderr
    line = json.dumps({"key": "some-old-key-0123456789", "client_name": f"a{steering}", "expires_at": None})
    assert "column client_name" in refused(db, "key", "import", "-", status=1, stdin=line).stderr


def test_an_ambiguous_prefix_lists_them(db):
    db.insert("some-key")
    db.insert("some-other-key")
    for command in ("show", "revoke", "activate", "verify"):
        done = db.ctl("key", command, "some", check=False)
        assert done.returncode == 1 and done.stdout.count("some") == 2 and "2 keys" in done.stderr
    assert {int(n) for (n,) in db.sql("SELECT is_active FROM api_keys")} == {1}


@pytest.mark.parametrize("command", ["show", "revoke", "activate", "verify"])
def test_a_whole_key_is_refused_as_an_argument(db, command):
    key = db.create()
    done = refused(db, "key", command, key, status=2, says=public(key))
    assert key not in done.stderr
    refused(db, "key", command, key[:-1] + ("x" if key[-1] != "x" else "y"), status=2)
    assert "active" in db.ctl("key", "verify", public(key)).stdout


@pytest.mark.parametrize("command", ["show", "revoke", "activate", "verify"])
def test_no_such_key(db, command):
    for name in ("77", "agk_nothing", "99999999999999999999"):
        refused(db, "key", command, name, status=1)
    refused(db, "key", command, "-", status=1, stdin="unknown\n")
    refused(db, "key", command, "-", status=2, stdin="")
    refused(db, "key", command, "-", status=2, stdin="\n")
    refused(db, "key", command, "-", status=2, stdin="x" * 9000)
    refused(db, "key", command, status=2, says="KEY")
    refused(db, "key", command, "1", "2", status=2)
