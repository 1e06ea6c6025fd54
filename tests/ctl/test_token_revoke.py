# SPDX-License-Identifier: Apache-2.0
"""apiguardctl token revoke, unrevoke and list, on each database."""

import hashlib
import json
import os
import socket
import time

import pytest

from support.jwtmaker import Key
from support.tool import refused

KEY = Key("HS256")
ISSUER = "https://id.example"
HEX = "0123456789abcdef" * 4


@pytest.fixture
def sqlite(sqlite_keys):
    return sqlite_keys


def listed(db):
    return json.loads(db.ctl("token", "list", "--json").stdout)


def brief(db):
    return [(row["kind"], row["issuer"], row["value"]) for row in listed(db)]


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_token(db):
    """By its digest, in case its issuer is asked about it, and by its id; until it has expired everywhere."""
    token = KEY.token(iss=ISSUER, jti="17", exp=4000000000)
    said = json.loads(db.ctl("token", "revoke", "-", "--note", "stolen", "--json", stdin=token).stdout)
    by_digest = ("digest", "", digest(token.rpartition(".")[0]))
    assert [(row["kind"], row["issuer"], row["value"]) for row in said] == [by_digest, ("jti", ISSUER, "17")]
    assert brief(db) == [by_digest, ("jti", ISSUER, "17")]
    for row in listed(db):
        assert (row["issued_before"], row["status"], row["note"]) == (None, "active", "stolen")
        assert row["expires_at"] == 4000000000 + 601
    assert "stolen" in db.ctl("token", "list").stdout
    db.ctl("token", "unrevoke", "-", stdin=token)
    assert listed(db) == []
    refused(db, "token", "unrevoke", "-", stdin=token, status=1, says="nothing is revoked")


@pytest.mark.parametrize("make", [lambda: "opaque-token", lambda: KEY.token(jti="1"), lambda: KEY.token(iss=ISSUER),
                                  lambda: KEY.token(iss="https://id .example", jti="1"), lambda: "v4.local.secret"])
def test_a_token_without_id_and_issuer(sqlite, make):
    token = make()
    sqlite.ctl("token", "revoke", "-", stdin=token)
    signed = token.rpartition(".")[0] if token.startswith("eyJ") else token
    assert brief(sqlite) == [("digest", "", digest(signed))]


def test_an_expired_token(sqlite):
    token = KEY.token(exp=int(time.time()) - 700)
    refused(sqlite, "token", "revoke", "-", stdin=token, status=1, says="has expired")
    sqlite.ctl("token", "revoke", "-", stdin=KEY.token(exp=int(time.time()) - 500))
    assert len(listed(sqlite)) == 1


def test_a_token_is_no_operand(sqlite):
    """Others on the machine would see it."""
    token = KEY.token()
    done = refused(sqlite, "token", "revoke", token, status=2, says="say -")
    assert token not in done.stderr
    for text in ("", "\n"):
        assert sqlite.ctl("token", "revoke", "-", stdin=text, check=False).returncode == 2


def test_by_name(db):
    before = int(time.time())
    db.ctl("token", "revoke", "--subject", "Jörg", "--keep", "1d")
    db.ctl("token", "revoke", "--client", "shop", "--issuer", ISSUER, "--before", "2024-02-03")
    db.ctl("token", "revoke", "--jti", "a b")
    db.ctl("token", "revoke", "--digest", HEX.upper(), "--before", "any")
    rows = {row["kind"]: row for row in listed(db)}
    assert {kind: (row["issuer"], row["value"]) for kind, row in rows.items()} == {
        "subject": ("", "Jörg"), "client": (ISSUER, "shop"), "jti": ("", "a b"), "digest": ("", HEX)}
    # whoever signs in again gets on, but not with a token of this very second
    assert before < rows["subject"]["issued_before"] <= time.time() + 1
    assert before + 86400 <= rows["subject"]["expires_at"] <= time.time() + 86400
    assert rows["client"]["issued_before"] == 1706918400
    for kind in ("jti", "digest"):
        assert rows[kind]["issued_before"] is None and rows[kind]["expires_at"] is None
    db.ctl("token", "unrevoke", "--subject", "Jörg")
    refused(db, "token", "unrevoke", "--client", "shop", status=1, says="--issuer")
    db.ctl("token", "unrevoke", "--client", "shop", "--issuer", ISSUER)
    assert sorted(row["kind"] for row in listed(db)) == ["digest", "jti"]


def test_twice(db):
    """What is revoked already is not less so."""
    def times(*args):
        db.ctl("token", "revoke", "--subject", "joe", *args)
        row = listed(db)[0]
        return tuple(value and time.gmtime(value).tm_year for value in (row["issued_before"], row["expires_at"])
                     ) + (row["note"],)

    assert times("--before", "2024-01-01", "--keep", "2090-01-01") == (2024, 2090, None)
    assert times("--before", "2023-01-01", "--keep", "2080-01-01", "--note", "left") == (2024, 2090, "left")
    assert times("--before", "2025-01-01", "--keep", "2091-01-01") == (2025, 2091, "left")
    assert times("--before", "any", "--keep", "never") == (None, None, "left")
    assert times("--before", "2026-01-01", "--keep", "2091-01-01") == (None, None, "left")
    assert len(listed(db)) == 1


def test_expired_rows_go(db):
    """An old row does not widen a new one of the same name."""
    past = int(time.time()) - 5
    for kind, value in (("subject", "joe"), ("jti", "x")):
        db.sql("INSERT INTO api_revoked_tokens (kind, value, expires_at) VALUES "
               f"('{kind}', '{value}', {int(time.time()) + 900})")
    db.sql(f"UPDATE api_revoked_tokens SET expires_at = {past}")
    assert [row["status"] for row in listed(db)] == ["expired"] * 2
    db.ctl("token", "revoke", "--subject", "joe", "--before", "2024-01-01")
    assert [(row["value"], row["issued_before"]) for row in listed(db)] == [("joe", 1704067200)]


@pytest.mark.parametrize("args", [
    [], ["--jti", "a", "--subject", "b"], ["-", "--jti", "a"], ["-", "--issuer", ISSUER], ["-", "--before", "now"],
    ["--jti", ""], ["--jti", "a\nb"], ["--jti", "a" * 481], ["--jti", "a", "--issuer", "a b"],
    ["--jti", "a", "--issuer", "i" * 256], ["--digest", HEX[1:]], ["--digest", "g" + HEX[1:]],
    ["--jti", "a", "--before", "soon"], ["--jti", "a", "--keep", "2020-01-01"], ["--jti", "a", "--note", "\x1b"]])
def test_refused(sqlite, args):
    refused(sqlite, "token", "revoke", *args, status=2, stdin=KEY.token())
    assert listed(sqlite) == []


def test_a_token_that_steers_no_terminal(sqlite):
    token = KEY.token(iss=ISSUER, jti="\x1b[31m")
    sqlite.ctl("token", "revoke", "-", stdin=token)
    assert [row[0] for row in brief(sqlite)] == ["digest"]


def test_tables_of_an_earlier_version(sqlite):
    sqlite.sql("UPDATE api_schema SET version = 3")
    refused(sqlite, "token", "revoke", "--jti", "1", status=3, says="apiguardctl init")


def test_the_file_of_nobody_is_told(sqlite):
    """As with keys: done, but a server of this machine could not be told (status 4)."""
    sqlite.sql(f"INSERT INTO api_nodes (host, notice, seen_at) VALUES ('{socket.gethostname()}', "
               f"'/nowhere/apiguard.{os.getpid()}.signal#0', {int(time.time())})")
    done = sqlite.ctl("token", "revoke", "--jti", "1", check=False)
    assert done.returncode == 4 and "notices within a second" in done.stderr
    assert len(listed(sqlite)) == 1
