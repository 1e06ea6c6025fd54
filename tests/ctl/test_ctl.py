# SPDX-License-Identifier: Apache-2.0
"""apiguardctl on SQLite, and on PostgreSQL and MariaDB servers of the tests' own."""

import base64
import grp
import hashlib
import json
import os
import pty
import pwd
import re
import stat
import subprocess
import time
import zlib

import jwt
import pytest

from support.keys import CTL, Mariadb, Postgres, Sqlite
from support.ports import is_root, unprivileged
from support.tool import created, public, refused, shown

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
                  "api_nodes", "api_revoked_tokens", "api_usage",
                  "api_changes", "api_keys_overview"):
        assert db.sql(f"SELECT count(*) FROM {table}")[0][0] in (0, "0")
    assert [int(n) for n in db.sql("SELECT version, revision FROM api_schema")[0]] == [2, 0]


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


# ---- key create -----------------------------------------------------------------------------------

def test_create_prints_the_key_alone(db):
    done = db.ctl("key", "create", "--client", "acme")
    assert re.fullmatch(r"agk_[0-9A-Za-z]{49}\n", done.stdout)
    assert done.stderr == ""


def test_the_checksum_is_crc32(db):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    key = db.create()
    number = 0
    for c in key[-6:]:
        number = number * 62 + digits.index(c)
    assert number == zlib.crc32(key[:-6].encode())


def on_a_terminal(db, *args):
    ours, theirs = pty.openpty()
    subprocess.run([CTL, *args], stdout=theirs, check=True,
                   env={**os.environ, "APIGUARD_DB": db.address()})
    os.close(theirs)
    out = os.read(ours, 65536).decode()
    os.close(ours)
    return out


def test_on_a_terminal_words_go_with_it(db):
    ours, theirs = pty.openpty()
    done = subprocess.run([CTL, "key", "create", "--client", "acme"], stdout=theirs,
                          stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "APIGUARD_DB": db.address()})
    os.close(theirs)
    out = os.read(ours, 4096).decode()
    os.close(ours)
    assert done.returncode == 0 and out.strip().startswith("agk_")
    assert "this once" in done.stderr and out.strip() not in done.stderr


def test_only_the_hash_is_stored(db):
    key = db.create()
    assert tuple(db.sql("SELECT key_hash, key_prefix, is_active FROM api_keys")[0][:2]) == (
        hashlib.sha256(key.encode()).hexdigest(), public(key))
    row = db.sql("SELECT * FROM api_keys")[0]
    assert not any(key[12:] in str(cell) for cell in row)


def test_create_with_everything(db):
    db.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('gold', '9/s')")
    key = created(db, "--email", "ops@acme.example", "--scope", "orders:read", "--scope=orders:*",
                  "--role", "admin", "--ip", "10.0.0.0/8", "--ip", "2001:db8::/32", "--endpoint",
                  "GET /api/orders/*", "--endpoint", "/api/me", "--rate", "100/min", "--rate",
                  "1000/day", "--plan", "gold", "--expires", "30d", "--prefix", "sk_live",
                  "--metadata", '{"a": "ü"}')
    assert key["key"].startswith("sk_live_") and key["key_prefix"] == public(key["key"])
    row = shown(db, key["id"])
    assert abs(row.pop("expires_at") - time.time() - 30 * DAY) < 60
    assert abs(row.pop("ends_at") - time.time() - 30 * DAY) < 60
    assert abs(row.pop("created_at") - time.time()) < 60
    assert row == {
        "id": key["id"], "key_prefix": key["key_prefix"], "client_name": "acme",
        "client_email": "ops@acme.example", "permissions": ["orders:read", "orders:*"],
        "roles": ["admin"], "allowed_ips": ["10.0.0.0/8", "2001:db8::/32"],
        "allowed_endpoints": ["GET /api/orders/*", "/api/me"], "rate_limit": "100/min 1000/day",
        "plan": "gold", "grace_until": None, "is_active": 1, "rotated_to": None,
        "metadata": '{"a": "ü"}', "requests": 0, "denied": 0, "last_used_at": None,
        "status": "active"}
    assert "active" in db.ctl("key", "verify", "-", stdin=key["key"]).stdout


def test_default_expiry_and_never(db):
    assert abs(created(db)["expires_at"] - time.time() - 90 * DAY) < 60
    key = created(db, "--expires", "never")
    assert key["expires_at"] is None and shown(db, key["id"])["expires_at"] is None
    assert created(db, "--expires", "2090-01-31")["expires_at"] == 3789504000
    assert created(db, "--expires", "2090-01-31T00:00:01Z")["expires_at"] == 3789504001


@pytest.mark.parametrize("args", [
    [],
    ["--client", ""],
    ["--client", "anonymous"],
    ["--client", "jwt:acme"],
    ["--client", "a\nb"],
    ["--client", " acme"],
    ["--client", "acme "],
    ["--client", "acme\u00a0"],
    ["--client", "a\x1b[31m"],
    ["--client", b"\xff\xfe"],
    ["--client", "x" * 256],
    ["--client", "a", "--client", "b"],
    ["--client", "a", "--scope"],
    ["--client", "a", "--scope", "two words"],
    ["--client", "a", "--scope", '["a"]'],
    ["--client", "a", "--scope", ""],
    ["--client", "a", "--role", 'x"y'],
    ["--client", "a", "--ip", "10.0.0.0/33"],
    ["--client", "a", "--ip", "example.org"],
    ["--client", "a", "--ip", ""],
    ["--client", "a", "--endpoint", "orders"],
    ["--client", "a", "--endpoint", "get /x"],
    ["--client", "a", "--endpoint", ""],
    ["--client", "a", "--rate", "many"],
    ["--client", "a", "--rate", "10"],
    ["--client", "a", "--rate", ""],
    ["--client", "a", "--rate", "1/s 2/s 3/s 4/s 5/s 6/s 7/s 8/s 9/s"],
    ["--client", "a", "--expires", "0"],
    ["--client", "a", "--expires", "2001-01-01"],
    ["--client", "a", "--expires", "2090-02-30"],
    ["--client", "a", "--expires", "tomorrow"],
    ["--client", "a", "--prefix", "a"],
    ["--client", "a", "--prefix", "1abc"],
    ["--client", "a", "--metadata", "[1]"],
    ["--client", "a", "--metadata", "{"],
    ["--client", "a", "--email", "nobody"],
    ["--client", "a", "--pepper", "secret"],
    ["--client", "a", "--pepper", "file:/nowhere/at/all"],
    ["--client", "a", "--pepper", "file:/dev/null"],
    ["--client", "a", "--colour", "red"],
    ["--client", "a", "word"],
])
def test_create_refuses(args):
    db = Sqlite()
    try:
        refused(db, "key", "create", *args, status=2)
        assert db.sql("SELECT count(*) FROM api_keys") == [(0,)]
    finally:
        db.close()


def test_create_refuses_an_unknown_plan(db):
    refused(db, "key", "create", "--client", "a", "--plan", "x' OR '1'='1", status=1, says="plan")


def test_values_are_bound(db):
    name = "Robert'); DROP TABLE api_keys; --"
    db.ctl("key", "create", "--client", name)
    assert json.loads(db.ctl("key", "list", "--json", "--client", name).stdout)[0]["client_name"] == name
    assert json.loads(db.ctl("key", "list", "--json", "--client", "' OR '1'='1").stdout) == []


def test_pepper(db, folder):
    pepper = "file:" + folder.write("pepper", "salt and pepper, and more\n")
    key = db.ctl("key", "create", "--client", "acme", "--pepper", pepper).stdout.strip()
    assert "active" in db.ctl("key", "verify", "-", "--pepper", pepper, stdin=key).stdout
    assert "with this pepper" in db.ctl("key", "verify", "-", "--pepper", pepper, stdin=key).stdout
    refused(db, "key", "verify", "-", status=1, stdin=key)
    refused(db, "key", "verify", public(key), "--pepper", pepper, status=2, says="pass -")
    plain = db.create()
    refused(db, "key", "verify", "-", "--pepper", pepper, status=1, stdin=plain)
    assert "without ApiGuardKeyPepper" in db.ctl("key", "verify", "-", stdin=plain).stdout


def test_a_pepper_is_what_the_server_takes(db, folder, monkeypatch):
    """The server refuses a pepper of less than 16 bytes and reads base64: and env:; the tool once took the
    first and refused the others."""
    short = "file:" + folder.write("short", "salt and more\n")
    refused(db, "key", "create", "--client", "a", "--pepper", short, status=2, says="at least 16 bytes")
    encoded = "base64:" + folder.write("encoded", base64.b64encode(b"salt and pepper, and more") + b"\n")
    key = db.ctl("key", "create", "--client", "acme", "--pepper", encoded).stdout.strip()
    monkeypatch.setenv("THE_PEPPER", "salt and pepper, and more")
    assert "active" in db.ctl("key", "verify", "-", "--pepper", "env:THE_PEPPER", stdin=key).stdout
    monkeypatch.chdir(folder.path)
    assert "active" in db.ctl("key", "verify", "-", "--pepper", "base64:encoded", stdin=key).stdout


def test_version():
    plain = subprocess.run([CTL, "version"], capture_output=True, text=True, check=True).stdout
    told = json.loads(subprocess.run([CTL, "version", "--json"], capture_output=True, text=True,
                                     check=True).stdout)
    assert plain == f"apiguardctl {told['version']}\n" and told["schema"] == 2
    assert told["db"] == "sqlite3:/var/lib/apiguard/keys.db"


# ---- list and show --------------------------------------------------------------------------------

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


# ---- revoke, activate, verify ---------------------------------------------------------------------

def verify(db, key):
    done = db.ctl("key", "verify", "-", stdin=key, check=False)
    return done.returncode, done.stdout.split(" is ")[1].split()[0].rstrip(",.;") if done.stdout else done.stderr


def test_revoke_and_activate(db):
    key, other = created(db), created(db)
    assert verify(db, key["key"]) == (0, "active")
    assert "revoked" in db.ctl("key", "revoke", key["key_prefix"]).stdout
    assert verify(db, key["key"]) == (1, "revoked")
    assert verify(db, other["key"]) == (0, "active")
    assert json.loads(db.ctl("key", "activate", str(key["id"]), "--json").stdout)["status"] == "active"
    assert verify(db, key["key"]) == (0, "active")
    db.ctl("key", "revoke", "-", stdin=key["key"])
    assert verify(db, key["key"]) == (1, "revoked")


def test_an_expired_key(db):
    key = created(db)
    db.sql("UPDATE api_keys SET expires_at = 1")
    assert verify(db, key["key"]) == (1, "expired")
    assert shown(db, key["id"])["status"] == "expired"


def test_a_mistyped_key(db):
    key = db.create()
    code, text = verify(db, key[:-1] + ("x" if key[-1] != "x" else "y"))
    assert code == 1 and "mistyped" in text


def test_verify_reads_as_the_server_does(db):
    db.create()
    db.sql("UPDATE api_keys SET allowed_ips = 'nonsense'")
    assert "AG0401" in db.ctl("key", "verify", "1").stderr


def test_every_change_is_logged(db):
    def log():
        return [(int(n), h) for n, h in
                db.sql("SELECT revision, key_hash FROM api_changes ORDER BY revision")]

    key = db.create()
    hashed = hashlib.sha256(key.encode()).hexdigest()
    assert log() == [(1, hashed)]
    db.ctl("key", "revoke", "1")
    assert log() == [(1, hashed), (2, hashed)]
    db.sql(f"UPDATE api_keys SET key_hash = '{'0' * 64}'")
    assert {h for _, h in log()[2:]} == {hashed, "0" * 64}
    db.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('gold', '9/s')")
    db.sql("UPDATE api_keys SET plan = 'gold'")
    before = len(log())
    db.sql("UPDATE api_plans SET rate_limit = '1/s'")
    assert len(log()) == before + 1
    db.sql("DELETE FROM api_keys")
    assert len(log()) == before + 2
    assert [n for n, _ in log()] == list(range(1, before + 3))
    assert int(db.sql("SELECT revision FROM api_schema")[0][0]) == before + 2
    db.sql("UPDATE api_changes SET changed_at = 5")
    db.create()
    assert len(log()) == 1  # older than a day: gone


def test_a_truncated_table_is_logged(postgres):
    db = Postgres(postgres)
    db.create()
    db.create()
    db.sql("TRUNCATE api_keys CASCADE")
    assert db.sql("SELECT revision FROM api_schema") == [("4",)]


@pytest.mark.parametrize("wrong", [
    "key_hash = 'ABC'", "is_active = 2", "client_name = ''", "client_name = 'anonymous'",
    "expires_at = 'tomorrow'", "metadata = 'x'", "key_hash = NULL"])
def test_the_tables_catch_mistakes(db, wrong):
    db.create()
    with pytest.raises(Exception):
        db.sql(f"UPDATE api_keys SET {wrong}")
    assert verify_by_id(db) == 0


def verify_by_id(db):
    return db.ctl("key", "verify", "1", check=False).returncode


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


# ---- help -------------------------------------------------------------------------------------------

def run(*args):
    return subprocess.run([CTL, *args], capture_output=True, text=True)


def test_help_names_every_command():
    out = run("help").stdout
    for name in ("init", "key create", "key list", "key show", "key revoke", "key activate",
                 "key verify", "token issue"):
        assert name in out
        assert run("help", *name.split()).stdout.startswith(f"apiguardctl {name}")
        assert run(*name.split(), "--help").returncode == 0
    assert run("version").stdout.startswith("apiguardctl ") and run("--version").returncode == 0


@pytest.mark.parametrize("args", [[], ["key"], ["keys", "list"], ["help", "nothing"], ["key", "list", "x"],
                                  ["--json"], ["--db"], ["key", "list", "--json=1"]])
def test_wrong_usage(args):
    done = run(*args)
    assert done.returncode == 2 and done.stdout == "" and "apiguardctl" in done.stderr


# ---- token issue ------------------------------------------------------------------------------------

SECRET = "0123456789abcdef0123456789abcdef"


def test_issue_hs256(folder):
    path = folder.write("secret", SECRET + "\n")
    done = run("token", "issue", "--alg", "HS256", "--key", f"file:{path}", "--kid", "k1", "--sub", "joe",
               "--client", "acme", "--scope", "read", "--scope", "write", "--aud", "api", "--iss",
               "https://issuer.example", "--ttl", "10min")
    token = done.stdout.strip()
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="api",
                        issuer="https://issuer.example")
    assert jwt.get_unverified_header(token)["kid"] == "k1"
    assert (claims["sub"], claims["azp"], claims["scope"]) == ("joe", "acme", "read write")
    assert claims["exp"] - claims["iat"] == 600 and len(claims["jti"]) == 32


@pytest.mark.parametrize("alg,make", [
    ("RS256", ["genrsa", "-out"]),
    ("ES256", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out"]),
    ("ES512", ["ecparam", "-name", "secp521r1", "-genkey", "-noout", "-out"])])
def test_issue_by_private_key(folder, alg, make):
    path, public_path = folder.join("key.pem"), folder.join("public.pem")
    subprocess.run(["openssl", *make, path], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-out", public_path], check=True)
    out = json.loads(run("token", "issue", "--alg", alg, "--key", f"file:{path}", "--sub", "x", "--aud",
                         "a", "--aud", "b", "--json").stdout)
    with open(public_path) as f:
        claims = jwt.decode(out["token"], f.read(), algorithms=[alg], audience="b")
    assert out["expires_in"] == 3600 and claims["aud"] == ["a", "b"]


@pytest.mark.parametrize("args", [
    [], ["--alg", "none"], ["--alg", "hs256"], ["--alg", "HS256", "--key", "secret"],
    ["--alg", "HS512"], ["--alg", "RS256"], ["--alg", "HS256", "--ttl", "0"],
    ["--alg", "HS256", "--ttl", "long"], ["--alg", "HS256", "--scope", "a b"],
    ["--alg", "HS256", "--sub", "a\nb"], ["--alg", "HS256", "--sub", "a "],
    ["--alg", "HS256", "--client", " a"], ["--alg", "HS256", "--iss", "https://a "]])
def test_issue_refuses(folder, args):
    path = folder.write("secret", SECRET)
    if args and "--key" not in args:
        args = [*args, "--key", f"file:{path}"]
    done = run("token", "issue", *args)
    assert done.returncode == 2 and done.stdout == "" and SECRET not in done.stderr
