# SPDX-License-Identifier: Apache-2.0
"""What got past a limit, fell over one or was told wrong of one: each test here is a bug that was."""

import json

import pytest

from support.problem import assert_refused

CONF = """
<Location "/s/flying/">
    ApiGuardConcurrency 2 by=ip
</Location>
<Location "/s/burst/">
    ApiGuardRateLimit 10/min by=ip algorithm=bucket burst=100
</Location>
<Location "/s/cost/">
    ApiGuardRateLimit 10/day by=ip "cost=expr=%{HTTP:X-Cost}"
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    yield make_httpd(CONF)


def told(web, *args):
    return json.loads(web.keys.ctl("--json", *args, "--runtime", web.dir.join("run")).stdout)


# ---- what the tool asks --------------------------------------------------------------------------


def test_asking_about_limits_is_nothing_to_requests_in_flight(web):
    """ApiGuardConcurrency has no period: its count was stepped like a window's, and the child that
    did died of a division by zero, and its successor of the same question."""
    children = web.children()
    assert web.get("/s/flying/hello.html").status == 200
    told(web, "limit", "show", "ip:127.0.0.1")
    assert web.children() == children


def test_a_burst_above_the_rate_is_shown_as_it_is(web):
    """More was left than the rate, so 2^64 - 89 were used, which is no JSON number."""
    assert web.get("/s/burst/hello.html").status == 200
    row, = [row for row in told(web, "limit", "show", "ip:127.0.0.1")["windows"]
            if "burst" in row["section"]]
    assert (row["used"], row["remaining"]) == (1, 99)


# ---- what a client says of itself ----------------------------------------------------------------


@pytest.mark.parametrize("cost", [10**12 + 1, 10**17, 10**25])
def test_a_cost_too_large_is_no_cost_of_one(web, cost):
    assert_refused(web.get("/s/cost/hello.html", headers={"X-Cost": str(cost)}), "rate_exceeded")
