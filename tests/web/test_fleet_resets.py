# SPDX-License-Identifier: Apache-2.0
"""`apiguardctl limit` where a fleet counts in memcached: what all servers together have counted, and
a reset on one of them that holds on all."""

import json
import time

import pytest

CONF = """
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
ApiGuardCounterStore memcached:{address} prefix=desk timeout=1000
<Location "/s/x/">
    AuthType ApiGuard
    AuthName x
    Require valid-user
    ApiGuardRateLimit 8/day 100/month
</Location>
<Location "/s/ip/">
    ApiGuardRateLimit 40/day by=ip algorithm={algorithm}
</Location>
<Location "/s/flight/">
    ApiGuardConcurrency 3 by=ip
</Location>
"""
EACH = "".join(f'<Location "/s/{algorithm}/">\nApiGuardRateLimit 40/day by=ip algorithm={algorithm}\n</Location>\n'
               for algorithm in ("sliding", "fixed", "bucket"))
SOON = 3.5  # seconds: three are promised


def make_fleet(own_httpd, memcached, n=2, algorithm="sliding", conf=CONF):
    words = {"address": memcached.address, "algorithm": algorithm}
    return [own_httpd(conf, words=words, modules=["remoteip"], processes=2, threads=8)
            for _ in range(n)]


def ctl(web, *args, check=True):
    return web.keys.ctl(*args, "--runtime", web.dir.join("run"), check=check)


def told(web, *args):
    return json.loads(ctl(web, "--json", *args).stdout)


def windows(web, subject):
    return {w["policy"]: w for w in told(web, "limit", "show", subject)["windows"]}


def go(web, ip, n=1, section="ip"):
    return [web.get(f"/s/{section}/hello.html", headers={"X-Client": ip}).status for _ in range(n)]


def within(seconds, condition, start=None):
    """After `start`, or now."""
    end = (start or time.monotonic()) + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.slow
def test_show_tells_what_all_servers_counted(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached)
    assert go(nodes[0], "192.0.2.1", 5) + go(nodes[1], "192.0.2.1", 4) == [200] * 9
    for node, other in (nodes, nodes[::-1]):
        held = windows(other, "ip:192.0.2.1")["40/day"]["reserved"]
        row = windows(node, "ip:192.0.2.1")["40/day"]
        still = windows(other, "ip:192.0.2.1")["40/day"]["reserved"]  # it may have been given back
        assert 9 + still <= row["used"] <= 9 + held and row["remaining"] == 40 - row["used"]
        assert (row["alone"], row["asked"], row["reserved"] <= 5) == (0, 0, True)
    answer = told(nodes[0], "limit", "show", "ip:::ffff:192.0.2.1")
    assert (answer["store"], answer["reachable"]) == ("memcached", True)
    assert answer["windows"][0]["used"] >= 9, "an address in another of its forms"
    table = ctl(nodes[0], "limit", "show", "ip:192.0.2.1").stdout.splitlines()
    assert "for all servers" in table[0]
    assert table[2].split() == ["POLICY", "USED", "REMAINING", "RESET", "HELD", "ALONE", "SERVER",
                                "SECTION"]
    assert windows(nodes[0], "ip:192.0.2.2")["40/day"]["used"] == 0
    assert go(nodes[1], "192.0.2.1", 31).count(200) <= 31, "to look took nothing away"


def test_a_client_of_a_key_is_found_in_memcached(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached, n=1)
    key = nodes[0].keys.create(client="acme")
    assert nodes[0].get("/s/x/hello.html", key=key).status == 200
    rows = windows(nodes[0], "client:key::acme")
    assert {name: row["used"] for name, row in rows.items()} == {"8/day": 1, "100/month": 1}
    assert told(nodes[0], "limit", "reset", "client:key::acme") == {"reset": 2}
    assert windows(nodes[0], "client:key::acme")["8/day"]["used"] == 0


@pytest.mark.slow
def test_reset_holds_on_all_servers(own_httpd, own_memcached):
    """All have seen it used up, and more than once: alone they would not ask again for long. A client
    for each algorithm."""
    nodes = make_fleet(own_httpd, own_memcached, n=3, conf=CONF + EACH)
    clients = {"sliding": "192.0.2.9", "fixed": "192.0.2.10", "bucket": "192.0.2.11"}

    def ask(algorithm):
        return [go(node, clients[algorithm], section=algorithm)[0] for node in nodes]

    for algorithm in clients:
        while 429 not in ask(algorithm):
            pass
    for _ in range(14):  # asked in vain after 2, 4 and 8 seconds; the next would be after 16
        time.sleep(1)
        for algorithm in clients:
            ask(algorithm)
    begun = {}
    for algorithm, ip in clients.items():
        assert ask(algorithm) == [429] * 3
        assert ctl(nodes[0], "limit", "reset", f"ip:{ip}").stdout == (
            "1 window begun anew, for all servers within three seconds\n")
        begun[algorithm] = time.monotonic()
    for algorithm, ip in clients.items():
        for node in nodes:
            within(SOON, lambda: go(node, ip, section=algorithm) == [200], begun[algorithm])
        passed = 3 + sum(ask(algorithm).count(200) for _ in range(30))
        assert 38 <= passed <= 40, "begun anew, and exact again"


def test_what_is_in_doubt_is_not_restored(own_httpd, own_memcached):
    """A server that never heard of the reset does not bring back what it had seen."""
    nodes = make_fleet(own_httpd, own_memcached, algorithm="fixed")
    ip = "192.0.2.20"
    assert go(nodes[0], ip, 10) + go(nodes[1], ip, 5) == [200] * 15
    assert ctl(nodes[0], "limit", "reset", f"ip:{ip}").returncode == 0
    assert go(nodes[1], ip, 12).count(200) == 12
    row = windows(nodes[0], f"ip:{ip}")["40/day"]
    assert row["used"] <= 12 + 5


def test_reset_of_somebody_nobody_knows(own_httpd, own_memcached):
    (node,) = make_fleet(own_httpd, own_memcached, n=1)
    done = ctl(node, "limit", "reset", "ip:192.0.2.77", check=False)
    assert done.returncode == 1 and "nothing is counted" in done.stderr
    before = int(own_memcached.stat("curr_items"))
    assert told(node, "limit", "show", "ip:192.0.2.77")["windows"]
    assert int(own_memcached.stat("curr_items")) == before, "to look writes nothing"


@pytest.mark.slow
def test_memcached_is_away(own_httpd, own_memcached):
    (node,) = make_fleet(own_httpd, own_memcached, n=1, algorithm="fixed")
    node.expect(r"apiguard.*memcached")
    ip = "192.0.2.30"
    assert go(node, ip, 3) == [200] * 3
    own_memcached.kill()
    go(node, "192.0.2.31", 3)  # finds out
    assert go(node, ip, 32)[-1] == 200
    assert go(node, ip, 8)[-1] == 429, "it went on from the three it had seen"
    answer = told(node, "limit", "show", f"ip:{ip}")
    (row,) = answer["windows"]
    assert answer["reachable"] is False and row["alone"] > 30 and row["used"] >= 2
    assert "cannot be reached" in ctl(node, "limit", "show", f"ip:{ip}").stdout
    done = ctl(node, "limit", "reset", f"ip:{ip}", check=False)
    assert (done.returncode, done.stdout) == (1, "") and "cannot be reached" in done.stderr
    assert told(node, "limit", "show", f"ip:{ip}")["windows"][0]["alone"] == 0
    assert go(node, ip, 40) == [200] * 40, "and from nothing when that was to be forgotten"
    unknown = told(node, "limit", "show", "ip:192.0.2.32")["windows"]
    assert "used" not in unknown[0] and "asked" not in unknown[0]
    assert "?" in ctl(node, "limit", "show", "ip:192.0.2.32").stdout
    own_memcached.start()
    within(SOON, lambda: ctl(node, "limit", "reset", f"ip:{ip}", check=False).returncode == 0
           or told(node, "limit", "show", f"ip:{ip}")["reachable"])


def test_requests_in_flight_are_no_window(own_httpd, own_memcached):
    (node,) = make_fleet(own_httpd, own_memcached, n=1)
    assert node.get("/s/flight/hello.html", headers={"X-Client": "192.0.2.40"}).status in (200, 404)
    assert set(windows(node, "ip:192.0.2.40")) == {"40/day"}
