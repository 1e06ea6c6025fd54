# SPDX-License-Identifier: Apache-2.0
"""Limits: what counts, and that exactly N pass."""

import re
import time

import pytest

from support.fields import limits, statuses
from support.problem import assert_refused
from support.waiting import at_once

ALGORITHMS = ["sliding", "fixed", "bucket"]

# Sections without a guard: the limits alone.
OPEN = {
    "zero": "ApiGuardRateLimit 0/day by=ip",
    "cost": "ApiGuardRateLimit 10/day by=ip cost=3",
    "cost-expr": 'ApiGuardRateLimit 10/day by=ip cost=expr="%{HTTP:X-Cost}"',
    "when": "ApiGuardRateLimit 2/day by=ip when=\"%{REQUEST_METHOD} == 'POST'\"",
    "dryrun": "ApiGuardRateLimit 2/day by=ip dryrun",
    "windows": "ApiGuardRateLimit 5/day 3/h 100/min by=ip",
    "sliding": "ApiGuardRateLimit 5/day by=ip algorithm=sliding",
    "fixed": "ApiGuardRateLimit 5/day by=ip algorithm=fixed",
    "bucket": "ApiGuardRateLimit 5/day by=ip algorithm=bucket",
    "monotone": "ApiGuardRateLimit 100/min by=ip algorithm=fixed",
    "true-sliding": "ApiGuardRateLimit 5/s 12/3s by=ip algorithm=sliding",
    "true-fixed": "ApiGuardRateLimit 5/s 12/3s by=ip algorithm=fixed",
    "true-bucket": "ApiGuardRateLimit 5/s 12/3s by=ip algorithm=bucket burst=4",
    "obey-sliding": "ApiGuardRateLimit 3/2s by=ip algorithm=sliding",
    "whole-hour": "ApiGuardRateLimit 5/h by=ip",
    "one-hour": "ApiGuardRateLimit 1/h by=ip",
    "small": "ApiGuardRateLimit 1/2s by=ip",
    "obey-fixed": "ApiGuardRateLimit 3/2s by=ip algorithm=fixed",
    "obey-bucket": "ApiGuardRateLimit 3/2s by=ip algorithm=bucket",
    "burst": "ApiGuardRateLimit 60/min by=ip algorithm=bucket burst=3",
}

CONF = """
LogFormat "%U|%{APIGUARD_DRYRUN}e|%>s" dry
CustomLog logs/dry.log dry
<Location "/s/all-or-nothing/">
    AuthType ApiGuard
    ApiGuardRateLimit 2/day
    ApiGuardRateLimit 50/day by=global
    ApiGuardRateLimit 60/day by=ip
    Require valid-user
</Location>
""" + "".join(f'<Location "/s/{name}/">\n{lines}\n</Location>\n' for name, lines in OPEN.items())


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_exactly_n_pass(web, algorithm):
    answers = [web.get(f"/s/{algorithm}/hello.html") for _ in range(8)]
    assert [a.status for a in answers] == [200] * 5 + [429] * 3
    assert [limits(a)["5/day"]["r"] for a in answers] == [4, 3, 2, 1, 0, 0, 0, 0]


@pytest.mark.slow
def test_who_waits_as_told_is_let_in(web):
    """Retry-After is a promise: after so many seconds one request passes."""
    def wait(algorithm):
        path = f"/s/obey-{algorithm}/hello.html"
        for _ in range(3):
            for _ in range(20):
                answer = web.get(path)
                if answer.status == 429:
                    break
            assert_refused(answer, "rate_exceeded")
            assert int(answer.header("Retry-After")) <= 2, "more than the window"
            time.sleep(int(answer.header("Retry-After")))
            assert web.get(path).status == 200

    at_once(wait, ALGORITHMS)


@pytest.mark.parametrize("section, policy", [("whole-hour", "5/h"), ("one-hour", "1/h")])
def test_no_wait_is_longer_than_the_window(web, section, policy):
    """5/min used up at its start once told 72 seconds, 1/h 7,120."""
    answers = [web.get(f"/s/{section}/hello.html") for _ in range(7)]
    assert [a.status for a in answers].count(429) == 7 - int(policy[0])
    assert all(0 < limits(a)[policy]["t"] <= 3600 for a in answers)
    assert 0 < int(answers[-1].header("Retry-After")) <= 3600


@pytest.mark.slow
def test_one_in_two_seconds_is_one_in_two_seconds(web):
    """1/4s once let 3 pass in 16 seconds."""
    end, passed = time.monotonic() + 8.3, []
    while time.monotonic() < end:
        begun = time.monotonic()
        if web.get("/s/small/hello.html").status == 200:
            passed.append((begun, time.monotonic()))
        time.sleep(0.02)
    assert all(second[1] - first[0] >= 2 for first, second in zip(passed, passed[1:]))
    assert len(passed) >= 4, "of 5"


@pytest.mark.slow
def test_who_obeys_r_and_t_is_never_refused(web):
    """It goes on while every r is above 0, else it waits the longest t of those that are 0."""
    def obey(algorithm):
        end = time.monotonic() + 6
        sent, waited = 0, 0
        while time.monotonic() < end:
            answer = web.get(f"/s/true-{algorithm}/hello.html")
            assert answer.status == 200
            sent += 1
            empty = [told["t"] for told in limits(answer).values() if told["r"] == 0]
            if empty:
                waited += 1
                time.sleep(max(empty))
        assert sent >= 12 and waited >= 2

    at_once(obey, ALGORITHMS)


@pytest.mark.slow
def test_what_is_left_falls_by_one_until_the_window_ends(web):
    time.sleep(3 - time.time() % 3 + 0.02)
    answers = [limits(web.get("/s/monotone/hello.html")) for _ in range(30)]
    assert [told["100/min"]["r"] for told in answers] == list(range(99, 69, -1))
    times = [told["100/min"]["t"] for told in answers]
    assert times == sorted(times, reverse=True) and 0 < times[0] <= 60


@pytest.mark.slow
def test_never_more_than_n_in_a_fixed_window(web):
    time.sleep(2 - time.time() % 2 + 0.02)
    seen = statuses(web, "obey-fixed", 6)
    assert time.time() % 2 < 1.5, "the machine was too slow for this test"
    assert seen == [200] * 3 + [429] * 3


@pytest.mark.slow
def test_a_bucket_holds_its_burst_and_fills_slowly(web):
    assert statuses(web, "burst", 4) == [200, 200, 200, 429]
    time.sleep(1.05)
    assert statuses(web, "burst", 2) == [200, 429]


def test_zero_refuses_all(web):
    answer = web.get("/s/zero/hello.html")
    assert_refused(answer, "rate_exceeded")
    assert limits(answer)["0/day"]["r"] == 0


def test_a_request_can_cost_more(web):
    answers = [web.get("/s/cost/hello.html") for _ in range(5)]
    assert [a.status for a in answers] == [200, 200, 200, 429, 429]
    assert [limits(a)["10/day"]["r"] for a in answers[:3]] == [7, 4, 1]


def test_a_request_s_cost_can_be_an_expression(web):
    def cost(n):
        return web.get("/s/cost-expr/hello.html", headers={"X-Cost": str(n)})
    assert limits(cost(4))["10/day"]["r"] == 6
    assert_refused(cost(7), "rate_exceeded")
    assert limits(cost(5))["10/day"]["r"] == 1
    assert limits(cost("nonsense"))["10/day"]["r"] == 0, "never for nothing"
    for bad in ("-1", "1e3", "", "9" * 30):
        assert_refused(cost(bad), "rate_exceeded")


def test_when_says_which_requests_count(web):
    assert statuses(web, "when", 4) == [200] * 4
    posts = [web.request("POST", "/s/when/hello.html", body="x").status for _ in range(3)]
    assert posts[-1] == 429 and 429 not in posts[:2]
    assert statuses(web, "when", 2) == [200] * 2


def test_a_dry_run_refuses_nobody(web):
    assert statuses(web, "dryrun", 4) == [200] * 4
    assert len(re.findall("AG0506: ApiGuardRateLimit 2/day by=ip dryrun would have refused",
                          web.error_log())) == 2
    log = web.named_log("dry.log", until="/s/dryrun/hello.html|rate_exceeded|200\n" * 2)
    assert log.count("/s/dryrun/hello.html|-|200") == 2


def test_several_windows_hold_together(web):
    answers = [web.get("/s/windows/hello.html") for _ in range(5)]
    assert [a.status for a in answers] == [200, 200, 200, 429, 429]
    body = assert_refused(answers[-1], "rate_exceeded")
    assert body["violated-policies"] == ["3/h"]
    fields = limits(answers[-1])
    assert fields["3/h"]["r"] == 0
    assert fields.get("5/day", {"r": 2})["r"] == 2, "a refused request consumes nothing"
    assert fields.get("100/min", {"r": 97})["r"] == 97


def test_all_or_nothing_across_limits(web):
    """The client's limit refuses; then neither the global one nor the address's has counted."""
    eager, other = web.keys.create(client="eager"), web.keys.create(client="other")
    section = "all-or-nothing"
    assert statuses(web, section, 8, key=eager) == [200] * 2 + [429] * 6
    fields = limits(web.get(f"/s/{section}/hello.html", key=other))
    assert fields["50/day"]["r"] == 50 - 3
    assert fields["60/day"]["r"] == 60 - 3


@pytest.mark.parametrize("lines", [("dryrun", ""), ("", "dryrun")])
@pytest.mark.parametrize("way", ["one section", "a redirect"])
def test_a_dry_run_does_not_stand_for_the_limit_of_its_name(own_httpd, lines, way):
    """A count is charged once, and who came first decided for both: a dry run of the same name made
    the limit refuse nobody."""
    first, second = (f"ApiGuardRateLimit 1/day by=ip name=shared {word}" for word in lines)
    if way == "one section":
        sections = f"<Location /s/>\n{first}\n{second}\n</Location>"
    else:
        sections = (f"<Location /s/a/>\nRewriteEngine on\nRewriteRule .* /s/b/hello.html [L]\n"
                    f"{first}\n</Location>\n<Location /s/b/>\n{second}\n</Location>")
    web = own_httpd(sections, modules=("rewrite",))
    assert [web.get("/s/a/hello.html").status for _ in range(3)] == [200, 429, 429]


@pytest.mark.parametrize("cost", [10**12 + 1, 10**17, 10**25])
def test_a_cost_too_large_is_no_cost_of_one(web, cost):
    assert_refused(web.get("/s/cost-expr/hello.html", headers={"X-Cost": str(cost)}), "rate_exceeded")
