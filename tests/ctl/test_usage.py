# SPDX-License-Identifier: Apache-2.0
"""`usage`: the chart, the totals, whose and since when."""

import json
import os
import subprocess
import time

import pytest

from support.keys import CTL
from support.tool import created, refused

DAY = 86400


def today():
    return int(time.time()) // DAY * DAY


def note(db, key_id, days_ago, requests, denied=0, last=None):
    day = today() - days_ago * DAY
    db.sql("INSERT INTO api_usage (key_id, day, requests, denied, last_used_at) "
           f"VALUES ({key_id}, {day}, {requests}, {denied}, {last or day + 60})")


def date(days_ago):
    return time.strftime("%Y-%m-%d", time.gmtime(today() - days_ago * DAY))


@pytest.fixture
def used(db):
    """Two keys of acme, one of another client."""
    first, second = created(db)["id"], created(db)["id"]
    other = json.loads(db.ctl("--json", "key", "create", "--client", "other").stdout)["id"]
    note(db, first, 0, 100, 10)
    note(db, first, 2, 1000)
    note(db, first, 30, 50000)
    note(db, second, 2, 1, 1)
    note(db, other, 6, 7)
    note(db, other, 7, 8)
    db.first, db.second, db.other = first, second, other
    return db


def usage(db, *args):
    return json.loads(db.ctl("usage", "--json", *args).stdout)


def lines(db, *args, locale="C"):
    env = {**os.environ, "APIGUARD_DB": db.address(), "LC_ALL": locale}
    out = subprocess.run([CTL, "usage", *args], env=env, capture_output=True, timeout=30)
    assert out.returncode == 0, out
    return out.stdout.decode().splitlines()


def test_json(used):
    told = usage(used)
    assert (told["since"], told["until"]) == (date(6), date(0))
    assert (told["requests"], told["denied"]) == (1108, 11)
    assert told["last_used_at"] == today() + 60
    assert told["days"] == [{"day": date(6), "requests": 7, "denied": 0},
                            {"day": date(2), "requests": 1001, "denied": 1},
                            {"day": date(0), "requests": 100, "denied": 10}]
    assert [k["id"] for k in told["keys"]] == [used.first, used.other, used.second]
    assert told["keys"][0]["requests"] == 1100 and told["keys"][0]["client_name"] == "acme"


def test_whose(used):
    assert usage(used, "--client", "acme")["requests"] == 1101
    assert usage(used, "--key", str(used.second))["requests"] == 1
    refused(used, "usage", "--client", "nobody", status=1, says="no key of client")
    refused(used, "usage", "--key", "4711", status=1, says="no such key")
    refused(used, "usage", "--client", "acme", "--key", "1", status=2, says="not both")
    key = used.ctl("key", "create", "--client", "quiet").stdout.strip()
    refused(used, "usage", "--key", key, status=2, says="command line")
    done = used.ctl("usage", "--json", "--key", "-", stdin=key)
    assert json.loads(done.stdout)["requests"] == 0


@pytest.mark.parametrize("since, requests", [
    ("1d", 100), ("1h", 100), ("2d", 100), ("3d", 1101), ("8d", 1116), ("60d", 51116),
])
def test_since(used, since, requests):
    assert usage(used, "--since", since)["requests"] == requests


def test_since_a_date(used):
    told = usage(used, "--since", date(7))
    assert (told["requests"], told["since"]) == (1116, date(7))


@pytest.mark.parametrize("since", ["", "yesterday", "-3d", "2000-13-01", "0001-01-01", "2999-01-01"])
def test_since_when(db, since):
    refused(db, "usage", "--since", since, status=2, says="--since")


def test_the_chart(used):
    out = lines(used)
    assert out[0].split() == ["DAY", "REQUESTS", "DENIED"]
    rows = [line.split() for line in out[1:8]]
    assert [row[0] for row in rows] == [date(n) for n in range(6, -1, -1)]
    assert rows[0][1:] == ["#", "7"]               # not nothing, so one at least
    assert rows[1][1:] == ["0"]
    assert rows[4][1:] == ["#" * 39 + "x", "1,001", "1"]
    assert rows[6][1:] == ["####"[:4 - 1] + "x", "100", "10"]
    assert out[9].startswith("1,108 requests, 11 denied (1.0 %), last used ")
    assert out[11].split()[:3] == ["ID", "KEY", "CLIENT"]
    assert all(len(line) <= 80 for line in out)
    assert all(ord(c) < 128 for line in out for c in line)


def test_the_chart_in_utf_8(used):
    out = lines(used, locale="C.UTF-8")
    assert "█" * 39 + "░" in out[5]
    assert [line.index("1,001") for line in out if "1,001" in line] == [
        line.index("1,001") for line in lines(used) if "1,001" in line]


def test_a_day_of_denials_alone(db):
    note(db, created(db)["id"], 0, 5, 5)
    assert "x" * 40 + " " in lines(db, "--since", "1d")[1]
    assert "5 denied (100.0 %)" in lines(db, "--since", "1d")[3]


def test_many_days_share_a_line(used):
    out = lines(used, "--since", "365d")
    assert out[0] == "A line is 6 days from its date on."
    assert len(out) < 80
    assert "51,116 requests" in "\n".join(out)


def test_one_request(db):
    note(db, created(db)["id"], 0, 1)
    assert lines(db)[-1].startswith("1 request, 0 denied (0 %)")


def test_nothing_yet(db):
    out = lines(db)
    assert out[-1] == "0 requests, 0 denied (0 %)"
    assert usage(db)["last_used_at"] is None


def test_many_keys(db):
    for n in range(13):
        note(db, created(db)["id"], 0, 100 + n)
    out = lines(db)
    assert out[-1] == "and 3 more"
    assert len(usage(db)["keys"]) == 13


def test_a_terminal_cannot_be_steered(db):
    key = created(db)["id"]
    other = created(db)["id"]
    db.sql(f"UPDATE api_keys SET key_prefix = 'a\x1bb' WHERE id = {key}")
    note(db, key, 0, 3)
    note(db, other, 0, 2)
    assert "a?b" in "\n".join(lines(db))


def test_the_list_of_keys_tells_of_it(used):
    shown = {k["id"]: k for k in json.loads(used.ctl("key", "list", "--json").stdout)}
    assert shown[used.first]["last_used_at"] == today() + 60
