# SPDX-License-Identifier: Apache-2.0
"""Limits over many processes and their lives: exactly N pass however many come at once, and neither
a restart nor a killed child nor a full table loses a count."""

import http.client
import os
import signal

import pytest

from support.fields import statuses
from support.waiting import kill

STORM = """
ApiGuardCounterStore {store}
<Location "/s/sliding/">
    ApiGuardRateLimit 100/day by=global algorithm=sliding
</Location>
<Location "/s/fixed/">
    ApiGuardRateLimit 100/day by=global algorithm=fixed
</Location>
<Location "/s/bucket/">
    ApiGuardRateLimit 100/day by=global algorithm=bucket
</Location>
<Location "/s/two-windows/">
    ApiGuardRateLimit 100/day 120/h by=global
</Location>
<Location "/s/key/">
    AuthType ApiGuard
    AuthName "storm"
    ApiGuardRateLimit 100/day
    ApiGuardRateLimit 350/day by=ip
    Require valid-user
</Location>
"""


def store(memcached, kind, prefix="storm"):
    if kind == "shm":
        return "shm"
    return f"memcached:{memcached.address} prefix={prefix} timeout=2000"


@pytest.fixture(scope="module", params=["shm", "memcached"])
def many(request, make_httpd, memcached):
    """Eight processes."""
    prefix = f"storm{os.getpid()}"
    return make_httpd(STORM, words={"store": store(memcached, request.param, prefix)},
                      processes=8, threads=52)


@pytest.mark.parametrize("section", ["sliding", "fixed", "bucket", "two-windows"])
def test_exactly_100_of_400_pass(many, section):
    seen = many.client.storm(8, 50, f"/s/{section}/hello.html")
    assert len(seen) == 400
    assert (seen.count(200), seen.count(429)) == (100, 300)


def test_exactly_100_of_400_pass_with_a_key_and_two_limits(many):
    key = many.keys.create(client="storm")
    seen = many.client.storm(8, 50, "/s/key/hello.html", [("X-API-Key", key)])
    assert (seen.count(200), seen.count(429)) == (100, 300)


@pytest.mark.slow
def test_two_nodes_share_one_count(own_httpd, memcached):
    words = {"store": store(memcached, "memcached", "fleet")}
    nodes = [own_httpd(STORM, words=words, processes=4, threads=52) for _ in range(2)]
    seen = [status for node in nodes for status in node.client.storm(4, 40, "/s/fixed/hello.html")]
    assert len(seen) == 320
    assert seen.count(200) == 100


# ---- lives and deaths ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_graceful_restart_keeps_the_counts(own_httpd):
    web = own_httpd('<Location "/s/x/">\nApiGuardRateLimit 5/day by=ip\n</Location>')
    assert statuses(web, "x", 3) == [200] * 3
    for _ in range(2):
        web.graceful()
    assert statuses(web, "x", 3) == [200, 200, 429]


def test_after_a_restart_the_limit_holds(own_httpd):
    web = own_httpd('<Location "/s/x/">\nApiGuardRateLimit 5/day by=ip\n</Location>')
    assert statuses(web, "x", 3) == [200] * 3
    web.restart()
    seen = statuses(web, "x", 7)
    assert 200 in seen and seen.count(200) <= 5 and seen[-1] == 429


@pytest.mark.slow
def test_a_changed_limit_is_obeyed_after_a_graceful_restart(own_httpd):
    text = '<Location "/s/x/">\nApiGuardRateLimit %s by=ip\n</Location>'
    web = own_httpd(text % "2/day")
    assert statuses(web, "x", 3) == [200, 200, 429]
    web.configure(text % "4/day")
    web.graceful()
    seen = statuses(web, "x", 5)
    assert 2 <= seen.count(200) <= 4 and seen[-1] == 429


@pytest.mark.slow
def test_a_killed_child_loses_no_count_and_holds_no_lock(own_httpd):
    web = own_httpd(STORM, words={"store": "shm"}, processes=4, threads=52)
    web.expect(r"AH00052: child pid \d+ exit signal Killed")
    before = web.client.storm(2, 20, "/s/fixed/hello.html")
    assert before.count(200) == 40
    kill(web.children()[0])
    after = web.client.storm(4, 40, "/s/fixed/hello.html")
    assert before.count(200) + after.count(200) == 100


def test_children_killed_in_the_storm_do_not_stop_the_others(own_httpd):
    web = own_httpd(STORM, words={"store": "shm"}, processes=6, threads=20)
    web.expect(r"AH00052: child pid \d+ exit signal Killed")
    passed = 0
    for _ in range(4):
        child = os.fork()
        if child == 0:
            web.client.burst(60, "/s/sliding/hello.html")
            os._exit(0)
        for pid in web.children()[:2]:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(child, 0)
        passed += web.client.burst(20, "/s/sliding/hello.html").count(200)
        assert web.get("/s/sliding/hello.html", timeout=5).status in (200, 429)
    assert passed <= 100


# ---- memcached away ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_full_table_is_told(own_httpd):
    """Four thousand counters fit into the smallest memory; newcomers share one then, and nobody who
    is out of quota gets more."""
    web = own_httpd('ApiGuardSharedMemory 1M\n<Location "/s/full/">\n'
                    "ApiGuardRateLimit 2/day by=header:X-Tenant\n</Location>\n")
    web.expect("AG0164: the table of counters is full", "AG0133|by=header")
    known = {"X-Tenant": "known"}
    assert [web.get("/s/full/hello.html", headers=known).status for _ in range(3)] == [200, 200, 429]
    connection = http.client.HTTPConnection(web.client.host, web.port, timeout=10)
    for number in range(6000):
        connection.request("GET", "/s/full/hello.html", headers={"X-Tenant": str(number)})
        connection.getresponse().read()
    connection.close()
    assert web.wait_log("AG0164: .* [1-9][0-9]* charges of newcomers", seconds=15)
    assert web.get("/s/full/hello.html", headers=known).status == 429


SLOW = """
ApiGuardKeyQuery "SELECT key_hash, client_name, is_active FROM api_keys WHERE key_hash = %s AND (SELECT count(*) \
    FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9000000) SELECT i FROM n)) > 0"
<Location "/slow/">
    AuthType ApiGuard
    AuthName slow
    Require valid-user
    ApiGuardRateLimit 1/2s
</Location>
"""


@pytest.mark.slow
def test_a_request_counts_from_when_it_is_let_in(own_httpd):
    """Its key's first look-up took longer than the window; it was counted as of when it had come, and the
    next one passed at once."""
    web = own_httpd(SLOW, files={"slow/x.html": "x"})
    key = web.keys.create(client="acme")
    assert [web.get("/slow/x.html", key=key).status for _ in range(2)] == [200, 429]
