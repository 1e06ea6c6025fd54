# SPDX-License-Identifier: Apache-2.0
"""`usage --deprecated`: who still calls what is deprecated, and since when."""

import json
import time

import pytest

from support.tool import refused

DAY = 86400
V1 = 'www.example.org <Location "/v1/">'


def today():
    return int(time.time()) // DAY * DAY


def note(db, client, days_ago, requests, denied=0, kind="key", section=V1):
    day = today() - days_ago * DAY
    db.sql("INSERT INTO api_deprecated_usage (section, kind, client, day, requests, refused, last_used_at) "
           f"VALUES ('{section}', '{kind}', '{client}', {day}, {requests}, {denied}, {day + 60})")


@pytest.fixture
def called(db):
    note(db, "acme", 0, 100, 10)
    note(db, "acme", 2, 1000)
    note(db, "acme", 2, 3, section="www.example.org")
    note(db, "acme", 3, 7, kind="jwt")
    note(db, "anonymous", 6, 2000, 2000, kind="anonymous")
    note(db, "old", 30, 50000)
    return db


def callers(db, *args):
    told = json.loads(db.ctl("usage", "--deprecated", "--json", *args).stdout)
    return [(c["kind"], c["client_name"], c["section"], c["requests"], c["refused"], c["last_used_at"] - today())
            for c in told["callers"]]


ACME = [("key", "acme", V1, 1100, 10, 60), ("jwt", "acme", V1, 7, 0, 60 - 3 * DAY),
        ("key", "acme", "www.example.org", 3, 0, 60 - 2 * DAY)]


def test_who_calls_most_comes_first(called):
    assert callers(called) == [("anonymous", "anonymous", V1, 2000, 2000, 60 - 6 * DAY), *ACME]
    told = json.loads(called.ctl("usage", "--deprecated", "--json").stdout)
    assert told["since"] == time.strftime("%Y-%m-%d", time.gmtime(today() - 6 * DAY))


def test_one_client(called):
    assert callers(called, "--client", "acme") == ACME
    assert callers(called, "--client", "nobody") == []
    assert callers(called, "--client", "anonymous")[0][3] == 2000


@pytest.mark.parametrize("since, who", [
    ("1d", ["acme"]), ("3d", ["acme", "acme"]), ("60d", ["old", "anonymous", "acme", "acme", "acme"])])
def test_since(called, since, who):
    assert [c[1] for c in callers(called, "--since", since)] == who


def test_the_list(called):
    out = called.ctl("usage", "--deprecated", "--client", "acme").stdout.splitlines()
    assert out[0].split() == ["KIND", "CLIENT", "SECTION", "REQUESTS", "REFUSED", "LAST", "USED"]
    assert out[1].split()[:2] == ["key", "acme"] and V1 in out[1] and "1100" in out[1]


def test_nobody(db):
    out = db.ctl("usage", "--deprecated").stdout
    assert out.startswith("since ") and "nothing that is deprecated was called" in out
    assert "by nobody" in db.ctl("usage", "--deprecated", "--client", "nobody").stdout
    assert callers(db) == []


def test_mistakes(db):
    refused(db, "usage", "--deprecated", "--key", "1", status=2, says="--client, not --key")
    refused(db, "usage", "--deprecated", "--since", "soon", status=2, says="--since")


def test_a_terminal_cannot_be_steered(db):
    note(db, "a\x1bb", 0, 3)
    assert "a?b" in db.ctl("usage", "--deprecated").stdout
