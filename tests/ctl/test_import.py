# SPDX-License-Identifier: Apache-2.0
"""Keys from elsewhere, from CSV and JSON."""

import csv
import hmac
import io
import json
import time

import pytest

from support.files import BCRYPT, KEY, OTHER, bad, imported, number, sha256
from support.tool import created, refused, shown

DAY = 86400


# ---- import ---------------------------------------------------------------------------------------


def test_import_csv(db):
    db.ctl("plan", "add", "gold", "--rate", "9/s")
    text = ("key,client_name,client_email,permissions,roles,allowed_ips,allowed_endpoints,"
            "rate_limit,plan,created_at,expires_at,is_active,metadata\r\n"
            f'{KEY},"Müller, Söhne",ops@m.example,read orders:*,admin,10.0.0.0/8 2001:db8::/32,'
            '"[""GET /api/orders/*"", ""/api/me""]",1000/h 20000/day,gold,1700000000,2090-01-31,1,'
            '"{""a"": ""line\nbreak""}"\r\n'.replace("line\nbreak", "x")
            + f"{OTHER},b,,,,,,,,,,0,\r\n")
    done = db.ctl("key", "import", "-", stdin=text)
    assert done.stdout == "2 keys are imported\n" and done.stderr == ""
    row = shown(db, "-", stdin=KEY)
    assert {k: row[k] for k in ("client_name", "client_email", "permissions", "roles",
                                "allowed_ips", "allowed_endpoints", "rate_limit", "plan",
                                "created_at", "expires_at", "is_active", "metadata")} == {
        "client_name": "Müller, Söhne", "client_email": "ops@m.example",
        "permissions": ["read", "orders:*"], "roles": ["admin"],
        "allowed_ips": ["10.0.0.0/8", "2001:db8::/32"],
        "allowed_endpoints": ["GET /api/orders/*", "/api/me"], "rate_limit": "1000/h 20000/day",
        "plan": "gold", "created_at": 1700000000, "expires_at": 3789504000, "is_active": 1,
        "metadata": '{"a": "x"}'}
    assert row["key_prefix"] == "old-..."
    other = shown(db, "-", stdin=OTHER)
    assert (other["status"], other["expires_at"], other["allowed_ips"]) == ("revoked", None, None)
    assert other["created_at"] == pytest.approx(time.time(), abs=60)
    assert db.sql("SELECT key_hash FROM api_keys ORDER BY id")[0][0] == sha256(KEY)
    assert "active" in db.ctl("key", "verify", "-", stdin=KEY).stdout


def test_import_json_lines(db):
    text = "\n".join(json.dumps(o) for o in [
        {"key": KEY, "client_name": "a", "permissions": ["read", "write"], "expires_at": 3789504000,
         "allowed_endpoints": ["GET /x y"], "metadata": {"a": [1]}, "is_active": True},
        {"key": OTHER, "client_name": "b", "permissions": "read", "expires_at": None,
         "allowed_ips": "", "is_active": 0}])
    assert imported(db, text) == {"imported": 2, "dry_run": False, "errors": []}
    row = shown(db, "-", stdin=KEY)
    assert (row["permissions"], row["allowed_endpoints"], row["metadata"], row["is_active"]) == (
        ["read", "write"], ["GET /x y"], '{"a":[1]}', 1)
    row = shown(db, "-", stdin=OTHER)
    assert (row["permissions"], row["allowed_ips"], row["is_active"]) == (["read"], [], 0)


def test_import_from_a_file(db, folder):
    path = folder.write("keys.csv", f"key,client_name\n{KEY},a\n")
    assert "1 key is imported\n" == db.ctl("key", "import", path, "--expires", "30d").stdout
    assert shown(db, "-", stdin=KEY)["expires_at"] == pytest.approx(time.time() + 30 * DAY, abs=60)
    refused(db, "key", "import", folder.join("nothing.csv"), status=2, says="nothing.csv")
    refused(db, "key", "import", status=2, says="FILE is missing")


def test_the_end_must_be_said(db):
    assert "--expires" in bad(db, f"key,client_name\n{KEY},a\n")[(2, "expires_at")]
    imported(db, f"key,client_name\n{KEY},a\n", "--expires", "never")
    assert shown(db, "-", stdin=KEY)["expires_at"] is None
    refused(db, "key", "import", "-", "--expires", "2001-01-01", status=2, stdin="", says="--expires")


def test_import_under_a_pepper(db, folder):
    pepper = "file:" + folder.write("pepper", "salt and pepper, and more\n")
    imported(db, f"key,client_name,expires_at\n{KEY},a,\n", "--pepper", pepper)
    assert db.sql("SELECT key_hash FROM api_keys")[0][0] == hmac.new(
        b"salt and pepper, and more", KEY.encode(), "sha256").hexdigest()
    assert "active" in db.ctl("key", "verify", "-", "--pepper", pepper, stdin=KEY).stdout
    refused(db, "key", "import", "-", "--pepper", "salt", status=2, stdin="", says="--pepper")


@pytest.mark.parametrize("column", ["expires_at", "created_at", "grace_until"])
def test_milliseconds_are_no_seconds(db, column):
    """A key was taken that ends in the year 58885; tokens knew that check."""
    line = {"key": KEY, "client_name": "a", "expires_at": None}
    told = bad(db, json.dumps({**line, column: int(time.time()) * 1000}))
    assert "no milliseconds" in told[(1, column)]
    assert imported(db, json.dumps({**line, column: 253402300799}))["imported"] == 1  # the end of 9999


def test_a_row_with_milliseconds_is_past(db):
    """The server and the tool read a row alike."""
    key = db.create()
    db.update(key, expires_at=int(time.time()) * 1000)
    assert "expired" in db.ctl("key", "list").stdout
    done = db.ctl("key", "verify", "-", stdin=key, check=False)
    assert done.returncode == 1 and "AG0401" in done.stderr and "expired" in done.stdout


def test_no_header_carries_a_comma(db):
    """Such a key was imported without a word; the server takes it for a field that is repeated."""
    text = "key,client_name,expires_at\n" + f'"{KEY},more",a,\n{OTHER},b,\n'
    done = db.ctl("key", "import", "-", stdin=text)
    assert "2 keys are imported" in done.stdout and "1 of them hold a comma" in done.stderr
    assert db.ctl("key", "import", "-", stdin=text.replace(",more", "").replace("0001", "0003")
                  .replace("0002", "0004")).stderr == ""


def test_no_bcrypt_under_a_pepper(db, folder):
    """A server with a pepper looks for no bcrypt hash, since whoever can write to the database could make
    one: so none is imported, and the tool's own reading of a key is the server's."""
    pepper = "file:" + folder.write("pepper", "salt and pepper, and more\n")
    secret, stored = "legacy-1-0123456789", "$2y$04$0123456789abcdefghijkem8A6kYL1feKMMBwk./hOiGRNh39AWYS"
    line = f"key_hash,key_prefix,client_name,expires_at\n{stored},legacy-1,c,\n"
    assert "bcrypt" in bad(db, line, "--pepper", pepper)[(2, "key_hash")]
    imported(db, line)
    assert "active" in db.ctl("key", "verify", "-", stdin=secret).stdout
    refused(db, "key", "verify", "-", "--pepper", pepper, stdin=secret, status=1, says="no such key")
    refused(db, "key", "verify", "legacy-1", "--pepper", pepper, status=1, says="bcrypt")
    refused(db, "key", "find", "--pepper", pepper, stdin=secret, status=1, says="no key")


def test_import_hashes(db):
    text = ("key_hash,key_prefix,client_name,expires_at\n"
            f"{sha256(KEY).upper()},,a,\n{sha256(OTHER)},old-two,b,\n{BCRYPT},legacy-1,c,\n")
    assert imported(db, text)["imported"] == 3
    assert [tuple(r) for r in db.sql("SELECT key_hash, key_prefix FROM api_keys ORDER BY id")] == [
        (sha256(KEY), sha256(KEY)[:8] + "..."), (sha256(OTHER), "old-two"), (BCRYPT, "legacy-1")]


def test_a_long_key_is_fine(db):
    key = "x" * 512
    imported(db, f"key,client_name,expires_at\n{key},a,\n")
    assert db.sql("SELECT key_hash FROM api_keys")[0][0] == sha256(key)
    assert (3, "key") in bad(db, f"key,client_name,expires_at\nok-and-long-enough,a,\n{'y' * 513},a,\n")


def test_our_own_keys_come_along(db):
    """From another installation of ours: a good checksum."""
    key = created(db)
    db.sql("DELETE FROM api_keys")
    imported(db, f"key,client_name,expires_at\n{key['key']},a,\n")
    assert shown(db, "-", stdin=key["key"])["key_prefix"] == key["key_prefix"]


def test_short_keys_are_told(db):
    done = db.ctl("key", "import", "-", stdin="key,client_name,expires_at\nhunter2,a,\n")
    assert done.stdout == "1 key is imported\n" and "1 of them" in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("line,column", [
    ("a.b.c,a,,,,,,,,", "key"),                    # would be taken for a token
    ("two words,a,,,,,,,,", "key"),
    ("schlüssel-zum-haus,a,,,,,,,,", "key"),
    ("TYPO,a,,,,,,,,", "key"),
    (",a,,,,,,,,", None),
    (f"{KEY},,,,,,,,,", "client_name"),
    (f"{KEY},anonymous,,,,,,,,", "client_name"),
    (f"{KEY},key:x,,,,,,,,", "client_name"),
    (f"{KEY}, a,,,,,,,,", "client_name"),
    (f"{KEY},a ,,,,,,,,", "client_name"),
    (f'{KEY},a,,"[""read write""]",,,,,,', "permissions"),
    (f"{KEY},a\x1bb,,,,,,,,", "client_name"),
    (f"{KEY},{'x' * 256},,,,,,,,", "client_name"),
    (f"{KEY},a,nobody,,,,,,,", "client_email"),
    (f'{KEY},a,,"[1]",,,,,,', "permissions"),
    (f'{KEY},a,,"[""a""",,,,,,', "permissions"),
    (f"{KEY},a,,,10.0.0.0/99,,,,,", "allowed_ips"),
    (f"{KEY},a,,,,orders,,,,", "allowed_endpoints"),
    (f"{KEY},a,,,,get /x,,,,", "allowed_endpoints"),
    (f"{KEY},a,,,,,many,,,", "rate_limit"),
    (f"{KEY},a,,,,,,none,,", "plan"),
    (f"{KEY},a,,,,,,,tomorrow,", "expires_at"),
    (f"{KEY},a,,,,,,,-1,", "expires_at"),
    (f"{KEY},a,,,,,,,2090-02-30,", "expires_at"),
    (f"{KEY},a,,,,,,,99999999999999999999,", "expires_at"),
    (f"{KEY},a,,,,,,,,[1]", "metadata"),
    (f"{KEY},a,,,,,,,,x", "metadata"),
    (f"{KEY},a,,,,,,,", None),
    (f"{KEY},a,,,,,,,,,", None),
    (f'"{KEY}" ,a,,,,,,,,', None),
    (f"{KEY}\",a,,,,,,,,", None),
])
def test_bad_lines(db, line, column):
    """One bad line between good ones: it alone is told, nothing is imported, no key is shown."""
    if line.startswith("TYPO"):
        key = created(db)["key"]
        db.sql("DELETE FROM api_keys")
        line = line.replace("TYPO", key[:-1] + ("x" if key[-1] != "x" else "y"))
    text = ("key,client_name,client_email,permissions,allowed_ips,allowed_endpoints,rate_limit,plan,"
            f"expires_at,metadata\ngood-key-number-one,a,,,,,,,,\n{line}\ngood-key-number-two,a,,,,,,,,\n")
    assert list(bad(db, text)) == [(3, column)]
    done = db.ctl("key", "import", "-", stdin=text, check=False)
    secret = line.split(",")[0].strip('" ')
    assert not secret or secret not in done.stderr + done.stdout


@pytest.mark.parametrize("column", ["client_email", "permissions", "roles", "allowed_ips",
                                    "allowed_endpoints", "rate_limit", "plan", "created_at",
                                    "expires_at", "is_active", "metadata"])
def test_a_shifted_column_does_not_show_the_key(db, column):
    """A comma too many, and the key stands where something else should."""
    others = "" if column == "expires_at" else ",expires_at"
    secret = f'"""{KEY}\"' if column in ("permissions", "roles") else KEY
    text = f"key,client_name,{column}{others}\nx-key-of-some-length,a,{secret}{others and ','}\n"
    assert list(bad(db, text)) == [(2, column)]
    done = db.ctl("key", "import", "-", stdin=text, check=False)
    assert KEY not in done.stderr + done.stdout


def test_every_bad_line_is_told(db):
    text = "key,client_name,expires_at\n" + "".join(f"key-of-some-length-{n},,\n" for n in range(50))
    assert set(bad(db, text)) == {(n + 2, "client_name") for n in range(50)}


def test_bad_hashes(db):
    head = "key_hash,key_prefix,client_name,expires_at\n"
    assert list(bad(db, head + f"{sha256(KEY)[:-1]},,a,\n")) == [(2, "key_hash")]
    assert list(bad(db, head + f"{BCRYPT[:-1]},legacy-1,a,\n")) == [(2, "key_hash")]
    assert list(bad(db, head + f"$2x{BCRYPT[3:]},legacy-1,a,\n")) == [(2, "key_hash")]
    assert list(bad(db, head + f"{BCRYPT.replace('$10$', '$15$')},legacy-1,a,\n")) == [
        (2, "key_hash")]
    assert list(bad(db, head + f"{BCRYPT},,a,\n")) == [(2, "key_prefix")]
    assert list(bad(db, head + f"{BCRYPT},legacy-12,a,\n")) == [(2, "key_prefix")]
    assert list(bad(db, f"key,key_hash,client_name,expires_at\n{KEY},{sha256(KEY)},a,\n")) == [
        (2, None)]
    assert list(bad(db, f"key,key_prefix,client_name,expires_at\n{KEY},{KEY[:-2]},a,\n")) == [
        (2, "key")]


def test_eight_bcrypt_keys_that_begin_alike(db):
    """The server tries no more."""
    head = "key_hash,key_prefix,client_name,expires_at\n"
    rows = [f"{BCRYPT[:-1]}{c},legacy-1,a,\n" for c in "abcdefgh"]
    assert imported(db, head + "".join(rows))["imported"] == 8
    assert list(bad(db, f"{head}{BCRYPT[:-1]}i,legacy-1,a,\n")) == [(2, "key_prefix")]
    rows = [f"{c * 64},legacy-2,a,\n" for c in "abcdef01"]  # SHA-256 takes no try
    assert imported(db, head + "".join(rows) + f"{BCRYPT[:-1]}i,legacy-2,a,\n")["imported"] == 9


def test_a_header_is_never_guessed(db):
    """A column with a typing error might be the one that narrows a key."""
    assert (1, None) in bad(db, f"key,client_name,allowed_ip,expires_at\n{KEY},a,10.0.0.0/8,\n")
    assert (1, None) in bad(db, f"key,client_name,key,expires_at\n{KEY},a,{KEY},\n")
    assert (1, None) in bad(db, "")
    said = bad(db, f"{KEY},acme,\n{OTHER},acme,\n")  # no header at all: the first line is a key
    assert list(said) == [(1, None)] and KEY not in said[(1, None)]
    said = bad(db, json.dumps({"key": KEY, "client_name": "a", "expires_at": None, "allowed_ip": "x"}))
    assert list(said) == [(1, None)]


@pytest.mark.parametrize("line,where", [
    ('{"key": "K"', (1, None)), ('["K"]', None), ('{"key": "K", "key": "K"}', (1, None)),
    ('{"key": ["K"], "client_name": "a", "expires_at": 1}', (1, "key")),
    ('{"key": "K", "client_name": {"a": 1}, "expires_at": 1}', (1, "client_name")),
    ('{"key": "K", "client_name": true, "expires_at": 1}', (1, "client_name")),
    ('{"key": "K", "client_name": "a", "expires_at": 1.5}', (1, "expires_at")),
    ('{"key": "K", "client_name": "a", "expires_at": "soon"}', (1, "expires_at")),
    ('{"key": "K", "client_name": "a", "is_active": "yes", "expires_at": 1}', (1, "is_active")),
    ('{"key": "K", "client_name": "a"}', (1, "expires_at")),
    ('{"key": "a\\u0000b", "client_name": "a", "expires_at": 1}', (1, None))])
def test_bad_json(db, line, where):
    said = bad(db, line.replace('"K"', json.dumps(KEY)) + "\n")
    assert list(said) == [where or (1, None)]
    assert KEY not in "".join(said.values())


def test_duplicates_are_named(db):
    db.insert(KEY, client="the shop")
    text = f"key,client_name,expires_at\n{OTHER},a,\n{KEY},a,\n{OTHER},b,\n"
    assert bad(db, text) == {(3, "key"): "the table has this key, number 1 of the shop",
                             (4, "key"): "the same key stands in line 2"}


def test_dry_run(db):
    before = db.sql("SELECT * FROM api_changes")
    text = f"key,client_name,expires_at\n{KEY},a,\n"
    assert imported(db, text, "--dry-run") == {"imported": 1, "dry_run": True, "errors": []}
    assert "would be" in db.ctl("key", "import", "-", "--dry-run", stdin=text).stdout
    assert number(db) == 0 and db.sql("SELECT * FROM api_changes") == before
    assert list(bad(db, text + "x,,\n", "--dry-run")) == [(3, "client_name")]
    assert imported(db, text)["imported"] == 1


def test_the_database_refuses_a_line(db):
    """What only the database knows, in the middle of a file: nothing is left of it."""
    db.sql("ALTER TABLE api_keys ADD CONSTRAINT no_bob CHECK (client_name <> 'bob')"
           if not db.address().startswith("sqlite3") else
           "CREATE TRIGGER no BEFORE INSERT ON api_keys WHEN NEW.client_name = 'bob' "
           "BEGIN SELECT RAISE(ABORT, 'no'); END")
    text = f"key,client_name,expires_at\n{KEY},a,\n{OTHER},bob,\nthird-key-of-length,c,\n"
    done = db.ctl("key", "import", "-", stdin=text, check=False)
    assert done.returncode == 3 and "line 3" in done.stderr and OTHER not in done.stderr
    assert number(db) == 0


def test_many(db):
    text = "key,client_name,expires_at\n" + "".join(
        f"key-of-a-customer-{n:08},client{n % 97},\n" for n in range(3000))
    assert imported(db, text)["imported"] == 3000
    assert number(db) == 3000
    out = db.ctl("key", "export", "--with-hashes").stdout
    assert out.count("\n") == 3001
    assert len({row["key_hash"] for row in csv.DictReader(io.StringIO(out))}) == 3000
