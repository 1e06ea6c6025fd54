# SPDX-License-Identifier: Apache-2.0
"""Limits in a memcached that is killed, hung, flushed or not there at the start."""

import time

import pytest

from support.fields import statuses
from support.problem import assert_refused

AWAY = """
ApiGuardCounterStore memcached:{address} prefix=away{port} timeout=300
<Location "/s/local/">
    ApiGuardRateLimit 6/day by=ip algorithm=fixed
</Location>
<Location "/s/quarter/">
    ApiGuardRateLimit 8/day by=ip algorithm=fixed
    ApiGuardStoreFailure local/4
</Location>
<Location "/s/allow/">
    ApiGuardRateLimit 2/day by=ip algorithm=fixed
    ApiGuardStoreFailure allow
</Location>
<Location "/s/deny/">
    ApiGuardRateLimit 100/day by=ip algorithm=fixed
    ApiGuardStoreFailure deny
</Location>
"""


@pytest.fixture(params=["killed", "hung"])
def away(request, own_httpd, own_memcached):
    """A server whose memcached worked and then went away."""
    web = own_httpd(AWAY, words={"address": own_memcached.address}, processes=2, threads=8)
    web.memcached = own_memcached
    web.kind = request.param
    web.gone = own_memcached.kill if request.param == "killed" else own_memcached.hang
    web.again_there = own_memcached.start if request.param == "killed" else own_memcached.resume
    web.expect(r"apiguard.*memcached")
    return web


def test_local_counts_go_on(away):
    assert statuses(away, "local", 2) == [200, 200]
    away.gone()
    seen = statuses(away, "local", 12)
    assert 200 in seen, "local: nobody is refused just because memcached is away"
    assert seen[-1] == 429, "and nobody is without a limit"
    assert seen.count(200) <= 6


def test_local_with_nodes_counts_a_part(away):
    away.gone()
    assert statuses(away, "quarter", 5).count(200) == 2


def test_allow_lets_through(away):
    away.gone()
    assert statuses(away, "allow", 6) == [200] * 6


def test_deny_is_counters_unavailable(away):
    assert statuses(away, "deny", 1) == [200]
    away.gone()
    answer = away.get("/s/deny/hello.html")
    body = assert_refused(answer, "counters_unavailable")
    assert body["retry_after"] >= 1
    head = away.request("HEAD", "/s/deny/hello.html")
    assert (head.status, head.body) == (503, b"")


def test_the_breaker_keeps_requests_fast(away):
    away.gone()
    statuses(away, "allow", 10)
    start = time.monotonic()
    statuses(away, "allow", 20)
    assert time.monotonic() - start < 3, "every request waits for memcached"


def test_no_request_waits_long(away):
    away.gone()
    for section in ("local", "deny", "allow"):
        start = time.monotonic()
        away.get(f"/s/{section}/hello.html")
        assert time.monotonic() - start < 1


@pytest.mark.slow
def test_it_comes_back_by_itself(away):
    assert statuses(away, "deny", 1) == [200]
    away.gone()
    assert 503 in statuses(away, "deny", 4)
    away.again_there()
    end = time.monotonic() + 15
    while 503 in statuses(away, "deny", 8):  # every process has a connection of its own to mend
        assert time.monotonic() < end, "memcached is back and was not noticed"
        time.sleep(0.2)


def test_memcached_away_at_start(own_httpd, own_memcached):
    own_memcached.kill()
    web = own_httpd(AWAY, words={"address": own_memcached.address})
    web.expect(r"apiguard.*memcached")
    assert statuses(web, "local", 8) == [200] * 6 + [429] * 2
    assert_refused(web.get("/s/deny/hello.html"), "counters_unavailable")


def test_a_flushed_memcached_forgets_and_goes_on(own_httpd, own_memcached):
    web = own_httpd(AWAY, words={"address": own_memcached.address})
    assert 429 in statuses(web, "local", 8)
    own_memcached.command("flush_all")
    assert web.get("/s/local/hello.html").status in (200, 429)


def test_nothing_readable_is_stored_in_memcached(own_httpd, own_memcached):
    """Keys are digests with a TTL: no client, no credential, nothing that stays for ever."""
    web = own_httpd(AWAY.replace("by=ip", "by=header:X-Tenant"),
                    words={"address": own_memcached.address})
    web.get("/s/local/hello.html", headers={"X-Tenant": "very-secret-tenant"})
    assert int(own_memcached.stat("curr_items")) >= 1
    lines = own_memcached.items()
    assert lines
    for line in lines:
        assert "very-secret-tenant" not in line and "127.0.0.1" not in line
        words = dict(word.split("=", 1) for word in line.split())
        assert words["key"].startswith(f"away{web.port}") or "ag1" in words["key"], line
        assert len(words["key"]) <= 250
        assert int(words["exp"]) > 0, "a counter that never expires"
