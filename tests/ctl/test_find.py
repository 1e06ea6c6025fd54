# SPDX-License-Identifier: Apache-2.0
"""A leaked string: is it ours? And the regular expression for scanners that the documentation gives."""

import json
import os
import re
import subprocess

import pytest

from support.tool import created, refused, shown

HOWTO = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "howto", "keys.md")
FOREIGN = "Zm9vYmFyLWFuLW9sZC1rZXk="


def find(db, text, *args, status=0):
    done = db.ctl("key", "find", "--json", *args, stdin=text, check=False)
    assert done.returncode == status, done
    return json.loads(done.stdout), done.stderr


def ids(db, text, *args, status=0):
    return [key["id"] for key in find(db, text, *args, status=status)[0]["keys"]]


@pytest.fixture
def keys(db):
    return [created(db), created(db, "--prefix", "sk_live"), created(db)]


def test_find(db, keys):
    first, second, _ = keys
    done = db.ctl("key", "find", stdin=first["key"])
    assert first["key_prefix"] in done.stdout and "acme" in done.stdout and "active" in done.stdout
    assert first["key"] not in done.stdout + done.stderr
    assert ids(db, second["key"] + "\n") == [second["id"]]
    refused(db, "key", "find", status=1, stdin="nothing of ours\n", says="no key")
    refused(db, "key", "find", status=1, stdin="")
    refused(db, "key", "find", first["key"], status=2, stdin="")  # never as an argument


@pytest.mark.parametrize("around", [
    "{}", "  {}  \n", "X-API-Key: {}\r\n", "Authorization: Bearer {}\n", 'key="{}";', "'{}'",
    "https://api.example/x?apikey={}&y=1", "a line\nwith {} in the middle\nof it", "API_KEY={}",
    "<key>{}</key>", '{{"key":"{}"}}', "my_{}", "x{}x", "{}{{}}", "ü{}ü", "\x00{}\x00", "agk_{}",
    "_{}_", "git diff\n+const KEY = `{}`\n"])
def test_find_in_a_text(db, keys, around):
    for key in keys[:2]:
        assert ids(db, around.format(key["key"])) == [key["id"]]


@pytest.mark.parametrize("around", [
    "{}", "  {}  \n", "X-API-Key: {}\r\n", 'key="{}";', "?apikey={}&y=1", "a line\nwith {} in it"])
def test_find_a_key_of_another_shape(db, around):
    db.insert(FOREIGN)
    assert ids(db, around.format(FOREIGN)) == [1]
    assert ids(db, around.format(FOREIGN[1:]), status=1) == []


def test_find_several(db, keys):
    db.insert(FOREIGN)
    text = f"{keys[0]['key']} and {FOREIGN},{keys[1]['key']}\nand {keys[0]['key']} again"
    assert sorted(ids(db, text)) == sorted([keys[0]["id"], keys[1]["id"], 4])


def test_a_key_of_somebody_else(db, keys):
    """Our shape and checksum, but not in the table: it is said, and not found."""
    key = keys[0]
    db.sql(f"DELETE FROM api_keys WHERE id = {key['id']}")
    said, stderr = find(db, f"x {key['key']} y", status=1)
    assert said == {"keys": [], "unknown": [key["key_prefix"]]} and key["key_prefix"] in stderr
    assert key["key"] not in stderr


def test_a_mistyped_one_is_none(db, keys):
    key = keys[0]["key"]
    said, _ = find(db, key[:-1] + ("x" if key[-1] != "x" else "y"), status=1)
    assert said == {"keys": [], "unknown": []}


def test_find_and_revoke(db, keys):
    text = f"{keys[0]['key']}\n{keys[1]['key']}\n"
    said, _ = find(db, text, "--revoke")
    assert [key["status"] for key in said["keys"]] == ["revoked", "revoked"]
    assert [shown(db, key["id"])["status"] for key in keys] == ["revoked", "revoked", "active"]
    assert "revoked" in db.ctl("key", "find", stdin=text).stdout  # it tells so later, too
    assert ids(db, "nothing", "--revoke", status=1) == []


def test_find_under_a_pepper(db, folder):
    pepper = "file:" + folder.write("pepper", "salt and pepper, and more\n")
    key = created(db, "--pepper", pepper)
    assert ids(db, key["key"], "--pepper", pepper) == [key["id"]]
    assert ids(db, key["key"], status=1) == []
    refused(db, "key", "find", "--pepper", "salt", status=2, stdin="", says="--pepper")


def bcrypt(key):
    """By the program httpd ships."""
    done = subprocess.run(["htpasswd", "-bnBC", "5", "x", key], capture_output=True, text=True,
                          check=True)
    return done.stdout.split(":", 1)[1].strip()


def test_a_bcrypt_key(db):
    key, other = "legacy-1-of-a-customer", "legacy-1-of-somebody-else"
    for k in (key, other):
        db.insert(k, key_hash=bcrypt(k), key_prefix="legacy-1")
    assert ids(db, f"here: {key}\n") == [1] and ids(db, other) == [2]
    assert ids(db, key + "x", status=1) == []
    assert shown(db, "-", stdin=other)["id"] == 2
    assert "active" in db.ctl("key", "verify", "-", stdin=key).stdout
    db.ctl("key", "revoke", "-", stdin=key)
    assert [shown(db, n)["status"] for n in (1, 2)] == ["revoked", "active"]


def test_bcrypt_and_the_73rd_byte(db):
    """bcrypt looks at 72 bytes: what is longer is not the same key."""
    key = "legacy-2" + "x" * 64
    db.insert(key, key_hash=bcrypt(key), key_prefix="legacy-2")
    assert ids(db, key) == [1]
    assert ids(db, key + "y", status=1) == []


def test_a_large_text(db, keys):
    text = "".join(f"2026-01-01 line {n} of some log with words\n" for n in range(2000))
    assert ids(db, text + keys[0]["key"] + "\n" + text) == [keys[0]["id"]]


# ---- the expression for scanners ------------------------------------------------------------------

def expressions():
    """The one on a line of its own, for all keys, and the one for the usual prefix."""
    with open(HOWTO, encoding="utf-8") as f:
        text = f.read()
    return re.findall(r"^(\\b.*\\b)$", text, re.M), re.findall(r"`(\\b.*?\\b)`", text)


def test_the_documented_expression(db):
    whole, usual = expressions()
    assert len(whole) == 1 and len(usual) == 1
    keys = [created(db, "--prefix", prefix)["key"] for prefix in
            ("agk", "sk_live", "ab", "A1234567890123_x", "x__y") for _ in range(3)]
    for key in keys:
        for text in (key, f"key={key};", f'"{key}"', f"\n{key}\n", f"?k={key}&x"):
            assert re.search(whole[0], text).group(0) == key
        assert bool(re.search(usual[0], key)) == key.startswith("agk_")
    for text in ("agk_short", "agk_" + "x" * 48, "agk_" + "x" * 50, "1gk_" + "x" * 49,
                 "https://example.org/a_" + "b" * 48, "deadbeef" * 20):
        assert not re.search(whole[0], text), text
