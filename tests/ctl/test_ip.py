# SPDX-License-Identifier: Apache-2.0
"""apiguardctl ip: address lists."""

import json
import time

import pytest

from support.tool import refused

DAY = 86400


def entries(db, name="partners"):
    return json.loads(db.ctl("ip", "list", name, "--json").stdout)


def cidrs(db, name="partners"):
    return [entry["cidr"] for entry in entries(db, name)]


def change(db, cidr, **columns):
    sets = ", ".join(f"{column} = {value}" for column, value in columns.items())
    db.sql(f"UPDATE api_ip_lists SET {sets} WHERE cidr = '{cidr}'")


def matched(db, cidr, when):
    db.sql(f"INSERT INTO api_ip_matches (list, cidr, last_match_at) VALUES ('partners', '{cidr}', {when})")


def test_add_list_remove(db):
    done = db.ctl("ip", "add", "partners", "192.0.2.0/24", "2001:DB8::/32", "::ffff:10.0.0.1",
                  "--note", "Acme, Zürich", "--expires", "90d")
    assert "Acme, Zürich" in done.stdout and "192.0.2.0/24" in done.stdout
    assert cidrs(db) == ["10.0.0.1", "192.0.2.0/24", "2001:db8::/32"]
    entry = entries(db)[0]
    assert entry["note"] == "Acme, Zürich" and entry["status"] == "active"
    assert abs(entry["expires_at"] - time.time() - 90 * DAY) < 60
    assert abs(entry["created_at"] - time.time()) < 60
    db.ctl("ip", "add", "blocked", "198.51.100.7")
    lists = json.loads(db.ctl("ip", "list", "--json").stdout)
    assert [(row["list"], row["entries"], row["expired"]) for row in lists] == \
        [("blocked", 1, 0), ("partners", 3, 0)]
    db.ctl("ip", "remove", "partners", "192.0.2.0/24", "10.0.0.1/32")
    assert cidrs(db) == ["2001:db8::/32"]
    assert cidrs(db, "blocked") == ["198.51.100.7"]


def test_every_change_is_in_the_log(db):
    def noted():
        return [row[0] for row in db.sql("SELECT key_hash FROM api_changes ORDER BY revision")]
    db.ctl("ip", "add", "partners", "192.0.2.1")
    assert noted() == ["list:partners"]
    db.ctl("ip", "add", "partners", "192.0.2.1", "--expires", "1d")
    db.ctl("ip", "remove", "partners", "192.0.2.1")
    assert set(noted()) == {"list:partners"} and len(noted()) >= 3


def test_add_again_changes(db):
    db.ctl("ip", "add", "partners", "192.0.2.1", "--note", "first", "--expires", "1d")
    db.ctl("ip", "add", "partners", "192.0.2.1")
    (entry,) = entries(db)
    assert entry["note"] == "first" and entry["expires_at"] is None


def test_host_bits(db):
    done = db.ctl("ip", "add", "partners", "192.0.2.77/24", "10.1")
    assert '"192.0.2.77/24" has bits behind its mask; it is 192.0.2.0/24' in done.stderr
    assert '"10.1"' not in done.stderr
    assert cidrs(db) == ["10.1.0.0/16", "192.0.2.0/24"]
    db.ctl("ip", "remove", "partners", "192.0.2.99/24")
    assert cidrs(db) == ["10.1.0.0/16"]


def test_a_row_made_by_hand(db):
    db.sql("INSERT INTO api_ip_lists (list, cidr) VALUES ('partners', '10.1.2.3/8')")
    db.ctl("ip", "reviewed", "partners", "10.1.2.3/8")
    assert entries(db)[0]["reviewed_at"]
    db.ctl("ip", "remove", "partners", "10.1.2.3/8")
    assert cidrs(db) == []


@pytest.mark.parametrize("args,status,says", [
    (["add", "partners"], 2, "NETWORK... is missing"),
    (["add", "partners", "192.0.2.300"], 2, "is not an address or network"),
    (["add", "a b", "192.0.2.1"], 2, "a list's name"),
    (["add", "partners", "192.0.2.1", "--expires", "yesterday"], 2, "--expires"),
    (["add", "partners", "192.0.2.1", "--note", "a\nb"], 2, "--note"),
    (["remove", "partners", "192.0.2.1"], 1, "is not in the list"),
    (["reviewed", "partners", "192.0.2.1"], 1, "is not in the list"),
    (["review", "--older", "soon"], 2, "--older"),
    (["import", "partners", "/no/such/file"], 2, "cannot be read"),
])
def test_mistakes(db, args, status, says):
    refused(db, "ip", *args, status=status, says=says)


def test_all_or_nothing(db):
    db.ctl("ip", "add", "partners", "192.0.2.1")
    refused(db, "ip", "add", "partners", "192.0.2.2", "rubbish", status=2, says="rubbish")
    refused(db, "ip", "remove", "partners", "192.0.2.1", "192.0.2.9", status=1, says="nothing was")
    assert cidrs(db) == ["192.0.2.1"]


# ---- review --------------------------------------------------------------------------------------

def test_review(db):
    now = int(time.time())
    old = now - 100 * DAY
    for last in range(1, 7):
        db.ctl("ip", "add", "partners", f"192.0.2.{last}")
        change(db, f"192.0.2.{last}", created_at=old, reviewed_at=now)
        matched(db, f"192.0.2.{last}", now)
    done = db.ctl("ip", "review", "--older", "90d")
    assert done.stdout == ""  # cron keeps silent
    change(db, "192.0.2.1", expires_at=now - 1)
    change(db, "192.0.2.2", reviewed_at=now - 91 * DAY)
    change(db, "192.0.2.3", reviewed_at="NULL")
    db.sql(f"UPDATE api_ip_matches SET last_match_at = {now - 91 * DAY} WHERE cidr = '192.0.2.4'")
    db.sql("DELETE FROM api_ip_matches WHERE cidr = '192.0.2.5'")
    done = db.ctl("ip", "review", "--older", "90d", "--json", check=False)
    assert done.returncode == 1
    assert [(row["cidr"], row["why"]) for row in json.loads(done.stdout)] == [
        ("192.0.2.1", "expired"), ("192.0.2.2", "not reviewed"), ("192.0.2.3", "not reviewed"),
        ("192.0.2.4", "not matched"), ("192.0.2.5", "not matched")]
    assert db.ctl("ip", "review", "others").returncode == 0
    done = db.ctl("ip", "review", "partners", "--older", "101d", "--json", check=False)
    assert [row["cidr"] for row in json.loads(done.stdout)] == ["192.0.2.1"]
    db.ctl("ip", "reviewed", "partners", "192.0.2.2", "192.0.2.3")
    done = db.ctl("ip", "review", check=False)
    assert "192.0.2.2" not in done.stdout and "192.0.2.4" in done.stdout


# ---- import --------------------------------------------------------------------------------------

def test_import(db, tmp_path):
    text = "# head\n192.0.2.0/24  # Acme\n\n 2001:db8::/32\r\n10.1 # Zürich # 2\n10.0.0.1"
    done = db.ctl("ip", "import", "partners", "--note", "batch 7", stdin=text)
    assert "4 entries read" in done.stdout
    assert {e["cidr"]: e["note"] for e in entries(db)} == {
        "192.0.2.0/24": "Acme", "2001:db8::/32": "batch 7", "10.1.0.0/16": "Zürich # 2",
        "10.0.0.1": "batch 7"}
    path = tmp_path / "list"
    path.write_text("192.0.2.0/24\n172.16.0.0/12\n")
    done = db.ctl("ip", "import", "partners", str(path), "--replace", "--expires", "7d", "--json")
    assert json.loads(done.stdout) == {"list": "partners", "entries": 2, "removed": 3}
    assert cidrs(db) == ["172.16.0.0/12", "192.0.2.0/24"]
    assert entries(db)[1]["note"] == "Acme" and entries(db)[1]["expires_at"]


def test_import_tells_each_bad_line_and_changes_nothing(db):
    db.ctl("ip", "add", "partners", "192.0.2.1")
    text = "10.0.0.0/8\nrubbish\n10.0.0.0/8 10.1.0.0/16\n" + "1" * 600 + "\n172.16.0.0/33\n10.1 1 # x\n"
    done = db.ctl("ip", "import", "partners", "--replace", stdin=text, check=False)
    assert done.returncode == 1
    for number in (2, 3, 4, 5, 6):
        assert f"line {number}: " in done.stderr
    assert "line 1:" not in done.stderr and "bad lines: 5; nothing was changed" in done.stderr
    assert cidrs(db) == ["192.0.2.1"]
    done = db.ctl("ip", "import", "partners", "--replace", stdin="", check=False)
    assert done.returncode == 1 and cidrs(db) == ["192.0.2.1"]


def test_import_of_many(db):
    text = "".join(f"10.{i >> 8 & 255}.{i & 255}.0/24\n" for i in range(3000))
    assert "3000 entries read" in db.ctl("ip", "import", "big", stdin=text).stdout
    assert len(entries(db, "big")) == 3000
