# SPDX-License-Identifier: Apache-2.0
"""A fleet: several servers, one memcached. Exactly N pass on all of them together, memcached is
seldom asked, and when it is in trouble nobody waits for it."""

import bisect
import threading
import time

import pytest

from support.fields import limits
from support.fleet import make_fleet, storm, use_up

pytestmark = pytest.mark.alone


@pytest.mark.slow
def test_exactly_n_pass_on_four_servers(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached.address)
    for algorithm in ("sliding", "fixed", "bucket"):
        path = f"/s/{algorithm}/hello.html"
        seen = storm(nodes, 80, path)
        assert len(seen) == 640
        assert set(seen) <= {200, 429}
        # Of sliding and bucket the last bit is left to gather for a while.
        use_up(nodes, path, seen.count(200), 200 if algorithm == "fixed" else 197)


def asked_for(memcached):
    """How often what exists was read or written: once a second each node also looks for resets, and
    finds none, and for memcached's mark."""
    return int(memcached.stat("get_hits")) + int(memcached.stat("cmd_set"))


@pytest.mark.slow
def test_refused_requests_ask_nobody(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached.address)
    path = "/s/fixed/hello.html"
    use_up(nodes, path, storm(nodes, 80, path).count(200))
    before, start = asked_for(own_memcached), time.monotonic()
    seen = storm(nodes, 100, path)
    asked, seconds = asked_for(own_memcached) - before, time.monotonic() - start
    doubts, marks = 1 + int(seconds / 2), 1 + int(seconds)
    assert seen == [429] * 800
    assert asked <= 4 * (doubts + marks), "a node may ask after 2, 4, 8 ... seconds, and no more"


@pytest.mark.slow
def test_a_busy_fleet_seldom_asks(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached.address)
    before, start = own_memcached.trips(), time.monotonic()
    seen = [status for _ in range(20) for status in storm(nodes, 50, "/s/wide/hello.html")]
    asked, seconds = own_memcached.trips() - before, time.monotonic() - start
    assert seen == [200] * 8000
    print(f"{asked} round trips for {len(seen)} requests in {seconds:.1f} s")
    # A lease lasts a second, whatever comes: so at 1,000 requests a second a twentieth, and as
    # much again once, while the batches grow.
    assert asked <= 50 * seconds + 4 * 40


@pytest.mark.slow
def test_what_is_told_is_left(own_httpd, own_memcached):
    """Each of four servers is asked steadily. None tells that more is left than all that was answered
    anywhere before leaves; nor much less."""
    nodes = make_fleet(own_httpd, own_memcached.address)
    answers, end = [], time.monotonic() + 5

    def ask(node):
        while time.monotonic() < end:
            start = time.monotonic()
            answer = node.get("/s/told/hello.html")
            answers.append((start, time.monotonic(), limits(answer)["100000/day"]["r"]))

    threads = [threading.Thread(target=ask, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ends = sorted(end for _, end, _ in answers)
    left = [(100000 - 1 - bisect.bisect_left(ends, start), r) for start, _, r in answers
            if start > ends[0] + 1.5]
    too_much = sum(r > most for most, r in left)
    print(f"{len(left)} answers, {too_much} told too much, at the worst too little by "
          f"{max(most - r for most, r in left)}")
    assert len(left) > 300
    assert too_much <= len(left) // 100
    assert all(r > most - 3 * len(answers) for most, r in left)


@pytest.mark.slow
def test_what_a_server_holds_is_given_back(own_httpd, own_memcached):
    """One server answers much, then all requests go to another one."""
    nodes = make_fleet(own_httpd, own_memcached.address, n=2)
    assert storm(nodes[:1], 60, "/s/fixed/hello.html") == [200] * 120
    use_up(nodes[1:], "/s/fixed/hello.html", 120)
