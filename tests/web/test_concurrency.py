# SPDX-License-Identifier: Apache-2.0
"""ApiGuardConcurrency: how many requests are in flight, counted over all processes, given back by
those that end and by those that are killed."""

import os
import signal
import threading
import time

import pytest

from support.backend import Backend
from support.fields import limits
from support.problem import assert_refused

SECTION = """
<Location "/{name}/">
    {lines}
    ProxyPass "http://127.0.0.1:{{backend}}/"
</Location>
"""
OURS = 'AuthType ApiGuard\nAuthName c\nRequire valid-user\n'
SECTIONS = {
    "two": OURS + "ApiGuardConcurrency 2",
    "two/inner": "ApiGuardConcurrency 1 by=global",
    "two/free": "ApiGuardConcurrency off",
    "limited": OURS + "ApiGuardConcurrency 1\nApiGuardRateLimit 3/day",
    "ip": "ApiGuardConcurrency 2 by=ip",
    "when": "ApiGuardConcurrency 1 by=ip \"when=%{REQUEST_METHOD} == 'POST'\"",
    "dry": "ApiGuardConcurrency 1 by=ip dryrun",
    "told": OURS + "ApiGuardConcurrency 3 name=jobs\nApiGuardRateLimit 2/day",
    "told/old": "ApiGuardRateHeaders draft-8 draft-6",
    "told/off": "ApiGuardRateHeaders off",
    "told/when": "ApiGuardConcurrency 9 by=global \"when=%{REQUEST_METHOD} == 'POST'\"",
    "none": "ApiGuardConcurrency 0 by=ip",
    "early": "ApiGuardConcurrency 0 by=global\nApiGuardRateLimit 3/day by=ip",
    "shared-a": "ApiGuardConcurrency 1 by=ip name=both",
    "shared-b": "ApiGuardConcurrency 1 by=ip name=both",
}
TWO = '"2 concurrent";q=2;qu="concurrent-requests"'
CONF = ('LogFormat "%U|%{APIGUARD_DRYRUN}e|%>s" dry\nCustomLog logs/dry.log dry\n'
        + "".join(SECTION.format(name=name, lines=lines) for name, lines in SECTIONS.items()))


@pytest.fixture(scope="module", params=["event", "prefork"])
def web(request, make_httpd):
    backend = Backend()
    server = make_httpd(CONF, mpm=request.param, modules=("proxy", "proxy_http"),
                        words={"backend": backend.port}, processes=8 if request.param == "prefork" else 4)
    server.backend = backend
    yield server
    backend.close()


class Held:
    """Requests that wait in the backend, until the block ends."""

    def __init__(self, web, *requests, method="GET", **kw):
        self.web, self.requests, self.method, self.kw = web, requests, method, kw
        self.answers, self.threads = [], []

    def __enter__(self):
        before = len(self.web.backend.seen)
        self.web.backend.gate.clear()
        for path in self.requests:
            self.threads.append(threading.Thread(target=self.send, args=(path,)))
            self.threads[-1].start()
        end = time.monotonic() + 20
        while len(self.web.backend.seen) < before + len(self.requests):
            assert time.monotonic() < end, "the backend did not get them"
            time.sleep(0.005)
        return self

    def send(self, path):
        try:
            self.answers.append(self.web.request(self.method, path, **self.kw).status)
        except OSError:
            self.answers.append(0)

    def __exit__(self, *exc):
        self.web.backend.gate.set()
        for thread in self.threads:
            thread.join()


def released(web, path, **kw):
    """A count is given back when the answer is through, a moment after the client has it."""
    end = time.monotonic() + 10
    while True:
        answer = web.get(path, **kw)
        if "concurrency_exceeded" not in answer.text or time.monotonic() > end:
            return answer
        time.sleep(0.01)


def test_two_at_a_time(web):
    key, other = web.keys.create(client="acme"), web.keys.create(client="other")
    with Held(web, "/two/a", "/two/b", key=key) as held:
        answer = web.get("/two/c", key=key)
        assert_refused(answer, "concurrency_exceeded")
        assert answer.status == 429 and answer.header("Retry-After") == "1"
        assert answer.json["detail"] == "No more than 2 at a time"
        assert answer.json["violated-policies"] == ["2 concurrent"]
        assert answer.all("RateLimit-Policy") == [TWO] and answer.header("RateLimit") is None
        with Held(web, "/two/d", key=other):
            pass
    assert held.answers == [200, 200]
    assert released(web, "/two/e", key=key).status == 200


def test_inner_sections_add_and_clear(web):
    key, other = web.keys.create(client="inner-1"), web.keys.create(client="inner-2")
    with Held(web, "/two/inner/a", key=key):
        assert_refused(web.get("/two/inner/b", key=other), "concurrency_exceeded")
        with Held(web, "/two/b", key=key):
            assert_refused(web.get("/two/c", key=key), "concurrency_exceeded")
            with Held(web, "/two/free/a", "/two/free/b", "/two/free/c", key=key):
                pass


def test_who_is_refused_is_not_charged(web):
    key = web.keys.create(client="limited")
    with Held(web, "/limited/a", key=key):
        for _ in range(5):
            assert_refused(web.get("/limited/b", key=key), "concurrency_exceeded")
    assert [released(web, "/limited/c", key=key).status for _ in range(2)] == [200, 200]
    assert_refused(released(web, "/limited/d", key=key), "rate_exceeded")


def test_nor_by_a_limit_that_was_asked_before(web):
    """Limits by address are taken before anything else is looked at, and were kept."""
    for _ in range(5):
        answer = web.get("/early/a")
        assert_refused(answer, "concurrency_exceeded")
        assert limits(answer)["3/day"]["r"] == 3


def test_the_policy_is_told(web):
    """Wherever it was evaluated: on what passes, on a 404, and where a rate limit refuses; how many are left is
    over before a client reads it, so RateLimit does not say."""
    key = web.keys.create(client="told")
    jobs = {"q": 3, "qu": "concurrent-requests"}
    answer = web.get("/told/a", key=key)
    assert limits(answer, "RateLimit-Policy") == {"2/day": {"q": 2, "w": 86400}, "jobs": jobs}
    assert list(limits(answer)) == ["2/day"]
    web.get("/told/b", key=key)
    answer = web.get("/told/c", key=key)
    assert_refused(answer, "rate_exceeded")
    assert answer.json["violated-policies"] == ["2/day"]
    assert limits(answer, "RateLimit-Policy")["jobs"] == jobs
    assert web.get("/two/nowhere", key=key).all("RateLimit-Policy") == [TWO]
    assert web.get("/dry/nowhere").all("RateLimit-Policy") == ['"1 concurrent";q=1;qu="concurrent-requests"']


def test_and_nowhere_else(web):
    """Not where nobody got so far, not where when= says no, not in the older forms, which have no word for it."""
    fresh = {name: web.keys.create(client=name) for name in ("fresh-1", "fresh-2", "fresh-3", "fresh-4")}
    assert web.get("/told/a").header("RateLimit-Policy") is None
    assert "concurrent" not in web.get("/told/old/a", key=fresh["fresh-1"]).header("RateLimit-Policy")
    assert web.get("/told/off/a", key=fresh["fresh-2"]).header("RateLimit-Policy") is None
    assert set(limits(web.get("/told/when/a", key=fresh["fresh-3"]), "RateLimit-Policy")) == {"2/day", "jobs"}
    assert set(limits(web.request("POST", "/told/when/a", key=fresh["fresh-4"]), "RateLimit-Policy")) == {
        "2/day", "jobs", "9 concurrent"}


def test_by_address_when_and_none(web):
    with Held(web, "/ip/a", "/ip/b"):
        assert_refused(web.get("/ip/c"), "concurrency_exceeded")
    with Held(web, "/when/a", "/when/b"):
        pass
    with Held(web, "/when/a", method="POST"):
        assert_refused(web.request("POST", "/when/b"), "concurrency_exceeded")
    assert_refused(web.get("/none/a"), "concurrency_exceeded")


def test_one_name_one_count(web):
    with Held(web, "/shared-a/a"):
        assert_refused(web.get("/shared-b/b"), "concurrency_exceeded")
    assert released(web, "/shared-b/c").status == 200


def test_a_dry_run_refuses_nobody(web):
    web.expect("AG0505: ApiGuardConcurrency 1 by=ip dryrun would have refused")
    with Held(web, "/dry/one"), Held(web, "/dry/two") as second:
        pass
    assert second.answers == [200]
    log = web.named_log("dry.log", until="/dry/two")
    assert "/dry/two|concurrency_exceeded|200" in log
    assert "/dry/one|-|200" in web.named_log("dry.log", until="/dry/one|")


def test_never_more_than_two_of_many(web):
    """64 clients at once, a backend that answers at its own pace."""
    key = web.keys.create(client="many")
    with Held(web, "/two/a", "/two/b", key=key):
        seen = web.client.burst(20, "/two/x", [("X-API-Key", key)])
        assert set(seen) == {429}
    assert released(web, "/two/y", key=key).status == 200


@pytest.mark.slow
def test_a_killed_process_gives_back(web):
    """Within a second of the first one that would be refused."""
    web.expect(r"AH00052: child pid \d+ exit signal Killed")
    key = web.keys.create(client="killed")
    with Held(web, "/two/a", "/two/b", key=key):
        assert_refused(web.get("/two/c", key=key), "concurrency_exceeded")
        for pid in web.children():
            os.kill(pid, signal.SIGKILL)
        time.sleep(1.1)
        web.backend.gate.set()
        assert released(web, "/two/d", key=key).status == 200
    with Held(web, "/two/a", "/two/b", key=key):
        assert_refused(web.get("/two/c", key=key), "concurrency_exceeded")


@pytest.mark.slow
def test_a_graceful_restart_keeps_the_count(web):
    key = web.keys.create(client="graceful")
    with Held(web, "/two/a", "/two/b", key=key) as held:
        web.graceful(seconds=1)  # the old children wait for these two
        assert_refused(web.get("/two/c", key=key), "concurrency_exceeded")
    assert held.answers == [200, 200]
    assert released(web, "/two/d", key=key).status == 200


def test_processes_without_room_for_requests_in_flight_say_so(own_httpd):
    """They refused all requests, each as one too many, and nobody was told why."""
    conf = """
        ApiGuardSharedMemory 1M
        <Location "/s/x/">
            ApiGuardConcurrency 100 by=ip
        </Location>
    """
    web = own_httpd(conf, mpm="prefork", processes=4, threads=45)
    web.expect("AG0113:", "AG0140:")
    assert web.wait_log("AG0113: ApiGuardSharedMemory has no room for so many processes")
