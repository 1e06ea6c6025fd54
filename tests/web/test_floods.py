# SPDX-License-Identifier: Apache-2.0
"""Somebody fills the server's tables with addresses of his IPv6 network. 227,000 requests without a
credential from a /46 filled the default table of counters; whoever came new then shared counters, and
with a window of a day was refused for a day, also after a graceful restart."""

import http.client
import itertools
import json

import pytest

from support.problem import assert_refused

CONF = """
ApiGuardSharedMemory 1M
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Location "/s/open/">
    ApiGuardRateLimit 2/day
</Location>
<Location "/s/keys/">
    AuthType ApiGuard
    AuthName keys
    Require valid-user
    ApiGuardRateLimit 2/day
</Location>
"""
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def web(make_httpd):
    """Its table holds some 4,000 counters."""
    web = make_httpd(CONF, modules=["remoteip"], threads=8)
    web.expect("AG0700: the part of the table of counters that is for IPv6")
    return web


def ask(web, path, clients, **fields):
    """The status of a request of each of them, over one connection."""
    connection = http.client.HTTPConnection(web.client.host, web.port, timeout=10)
    found = []
    for client in clients:
        connection.request("GET", path, headers={"X-Client": client, **fields})
        answer = connection.getresponse()
        answer.read()
        found.append(answer.status)
    connection.close()
    return found


def flood(n):
    """/64s of a /46."""
    return [f"2001:db8:{i % 4:x}:{i // 4:x}::1" for i in range(n)]


def statuses(web, ip, key=None, n=3):
    path = "/s/keys/hello.html" if key else "/s/open/hello.html"
    return [web.get(path, headers={"X-Client": ip}, key=key).status for _ in range(n)]


def told(web, *args):
    return json.loads(web.keys.ctl("--json", *args, "--runtime", web.dir.join("run")).stdout)


EXACT = [200, 200, 429]


def assert_others_are_well(web):
    """Of a table this small one or the other IPv6 network finds even the place of its /48 taken, and is
    counted with its /32, which the flood has used up; all others have a count of their own."""
    unlucky = 0
    for _ in range(20):
        n = next(numbers)
        assert statuses(web, f"198.51.{n}.1") == EXACT
        unlucky += statuses(web, f"2001:db9:{n}::1") != EXACT
        unlucky += statuses(web, f"2001:db8:{n:x}00::1") != EXACT
        key = web.keys.create(client=f"new{n}")
        assert statuses(web, flood(1)[0], key=key) == EXACT
    assert unlucky <= 8


@pytest.mark.slow
def test_a_network_floods_the_counters(web):
    early = web.keys.create(client="early")
    assert statuses(web, "192.0.2.1") == EXACT
    assert statuses(web, "2001:db8:3:ffff::1") == EXACT
    assert statuses(web, "192.0.2.2", key=early) == EXACT
    ask(web, "/s/open/hello.html", flood(12000))
    assert_others_are_well(web)
    assert statuses(web, "192.0.2.1", n=1) == [429]  # who had a counter keeps it
    assert statuses(web, "2001:db8:3:ffff::1", n=1) == [429]
    assert statuses(web, "192.0.2.2", key=early, n=1) == [429]
    web.graceful()
    assert_others_are_well(web)
    assert statuses(web, "192.0.2.1", n=1) == [429]
    assert web.wait_log("AG0700: .* [1-9][0-9]* charges of newcomers", seconds=15)


@pytest.mark.slow
def test_the_tool_says_how_full_it_is_and_whom_others_are_counted_with(web):
    if not told(web, "limit", "show")["table"]["networks"]:
        ask(web, "/s/open/hello.html", flood(12000))
    table = told(web, "limit", "show")["table"]
    assert table["slots"] // 4 == table["kept"]
    assert table["slots"] * 3 // 8 < table["used"] < table["slots"] * 3 // 4
    assert table["kept_used"] < table["kept"] // 10 and table["networks"] > 1000
    shown = web.keys.ctl("limit", "show", "--runtime", web.dir.join("run")).stdout
    assert f"{table['used']} of {table['slots']} places in use (" in shown
    assert f"{table['networks']} counted as their IPv6 network's" in shown


@pytest.mark.slow
def test_a_reset_reaches_a_counter_that_others_share(web):
    """It said "nothing is counted", and the refusals went on."""
    ask(web, "/s/open/hello.html", flood(12000))
    for address in flood(12000)[::-1]:
        window = told(web, "limit", "show", f"ip:{address}")["windows"][0]
        if window.get("with") in ("/56", "/48") and window["remaining"] == 0:
            break
    shown = web.keys.ctl("limit", "show", f"ip:{address}", "--runtime", web.dir.join("run")).stdout
    assert "WITH" in shown.splitlines()[0] and window["with"] in shown
    assert statuses(web, address, n=1) == [429]
    assert told(web, "limit", "reset", f"ip:{address}") == {"reset": 1}
    assert statuses(web, address) == EXACT


# ---- bans -----------------------------------------------------------------------------------------

BANS = """
ApiGuardSharedMemory 1M
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Location "/s/bans/">
    AuthType ApiGuard
    AuthName bans
    Require valid-user
    ApiGuardBan 3/min for=10min
</Location>
"""


def guess(web, ip, n=1):
    """The codes of so many wrong keys."""
    return [web.get("/s/bans/hello.html", headers={"X-Client": ip},
                    key=f"wrong-key-{next(numbers)}-of-nobody").json["code"] for _ in range(n)]


LOOKED_AT = ["key_invalid"] * 3 + ["banned"]


@pytest.mark.slow
def test_a_network_with_many_banned_addresses_is_banned_as_one(own_httpd):
    """Its table has 128 places; they were full of one network's bans, and nobody else was counted. And
    one customer with a /56 could have all of his provider's banned."""
    web = own_httpd(BANS, modules=["remoteip"])
    known, new = web.keys.create(), web.keys.create()
    at = {"X-Client": "2001:db8:1:9999::1"}
    assert web.get("/s/bans/hello.html", headers=at, key=known).status == 200
    for number in range(3):
        assert guess(web, f"2001:db8:1:{number}::1", 3) == LOOKED_AT[:3]
    assert guess(web, "2001:db8:1:ff::1") == ["banned"]
    event = json.loads(web.wait_log(r'AG0141: (\{.*"ip":"2001:db8:1::/56".*\})')[1])
    assert event["addresses"] == 3
    assert [row["address"] for row in told(web, "ban", "list")["bans"]] == ["2001:db8:1::/56"]
    assert told(web, "ban", "clear", "2001:db8:1::/56") == {"cleared": 1}
    for number in range(3):
        assert guess(web, f"2001:db8:1:{number}10::1", 3) == LOOKED_AT[:3]
    event = json.loads(web.wait_log(r'AG0141: (\{.*"ip":"2001:db8:1::/48".*\})')[1])
    assert event["addresses"] == 3 and event["duration"] == 600 and "failures" not in event
    assert [guess(web, f"2001:db8:1:{number:x}::1")[0] for number in range(300, 500)] == ["banned"] * 200
    assert_refused(web.get("/s/bans/hello.html", headers=at, key=new), "banned")
    assert web.get("/s/bans/hello.html", headers=at, key=known).status == 200  # is known to be good
    for ip in ("2001:db8:2:1::1", "198.51.100.7"):
        assert web.get("/s/bans/hello.html", headers={"X-Client": ip}, key=new).status == 200
        assert guess(web, ip, 4) == LOOKED_AT
    bans = told(web, "ban", "list")
    assert sorted(row["address"] for row in bans["bans"]) == [
        "198.51.100.7", "2001:db8:1::/48", "2001:db8:2:1::/64"]
    assert (bans["banned_places"], bans["shared"]) == (3, 0) and bans["places"] > 100
    web.graceful()
    assert guess(web, "2001:db8:1:777::1") == ["banned"]
    assert told(web, "ban", "clear", "2001:db8:1::/48") == {"cleared": 1}
    assert guess(web, "2001:db8:1:777::1", 4) == LOOKED_AT


def test_who_finds_no_place_among_bans_is_counted_all_the_same(own_httpd):
    """With the table full of bans nobody else was ever counted: any further address could go on."""
    web = own_httpd(BANS, modules=["remoteip"])
    web.expect("AG0701: the table of bans is full")
    known, new = web.keys.create(), web.keys.create()
    assert web.get("/s/bans/hello.html", headers={"X-Client": "192.0.2.1"}, key=known).status == 200
    addresses = (f"10.0.{n // 250}.{n % 250}" for n in itertools.count())
    while told(web, "ban", "list")["banned_shared"] < 3:
        for _ in range(40):
            guess(web, next(addresses), 3)
    assert web.wait_log("AG0701: .* [1-9][0-9]* wrong credentials")
    assert len(web.error_log().split("AG0701:")) < 4  # not for each of them
    found = [guess(web, f"172.16.0.{n}", 7)[-1] for n in range(40)]
    assert found == ["banned"] * 40
    assert web.get("/s/bans/hello.html", headers={"X-Client": "172.16.0.1"}, key=known).status == 200
    assert_refused(web.get("/s/bans/hello.html", headers={"X-Client": "172.16.0.1"}, key=new), "banned")
    shown = web.keys.ctl("ban", "list", "--runtime", web.dir.join("run")).stdout
    assert "places hold bans" in shown and "were counted together" in shown
    assert told(web, "ban", "clear", "172.16.0.1")["cleared"] >= 1
    assert web.get("/s/bans/hello.html", headers={"X-Client": "172.16.0.1"}, key=new).status == 200
