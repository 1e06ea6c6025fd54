# SPDX-License-Identifier: Apache-2.0
"""Limits: what counts, for whom, what a client is told, and that exactly N pass."""

import re
import time

import pytest

from support.fields import limits, statuses
from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused
from support.waiting import at_once

SIGNER = Key("HS256")
ALGORITHMS = ["sliding", "fixed", "bucket"]
# Sections without a guard: the limits alone.
OPEN = {
    "zero": "ApiGuardRateLimit 0/day by=ip",
    "cost": "ApiGuardRateLimit 10/day by=ip cost=3",
    "cost-expr": 'ApiGuardRateLimit 10/day by=ip cost=expr="%{HTTP:X-Cost}"',
    "when": "ApiGuardRateLimit 2/day by=ip when=\"%{REQUEST_METHOD} == 'POST'\"",
    "dryrun": "ApiGuardRateLimit 2/day by=ip dryrun",
    "windows": "ApiGuardRateLimit 5/day 3/h 100/min by=ip",
    "named": "ApiGuardRateLimit 9/day by=ip name=quota",
    "named-two": "ApiGuardRateLimit 9/day 8/h by=ip name=quota2",
    "shared-a": "ApiGuardRateLimit 4/day by=ip name=pot",
    "shared-b": "ApiGuardRateLimit 4/day by=ip name=pot",
    "same-text-a": "ApiGuardRateLimit 2/day by=ip",
    "same-text-b": "ApiGuardRateLimit 2/day by=ip",
    "by-header": "ApiGuardRateLimit 2/day by=header:X-Tenant\nApiGuardRateLimit 90/day by=ip",
    "by-path": "ApiGuardRateLimit 2/day by=path\nApiGuardRateLimit 90/day by=ip",
    "by-global": "ApiGuardRateLimit 2/day by=global",
    "by-expr": 'ApiGuardRateLimit 2/day by=expr="%{HTTP:X-Team}"',
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
    "fields": "ApiGuardRateLimit 50/h by=ip",
    "month": "ApiGuardRateLimit 50/month 60/week 70/day 80/15min 90/30s by=ip",
    "draft-8": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders draft-8",
    "draft-7": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders draft-7",
    "draft-6": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders draft-6",
    "legacy": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders legacy",
    "off": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders off",
    "both": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders draft-10 legacy",
    "outer": "ApiGuardRateLimit 3/day by=ip",
    "outer/inner": "ApiGuardRateLimit 2/day by=ip",
    "cleared": "ApiGuardRateLimit 1/day by=ip",
    "cleared/inner": "ApiGuardRateLimit off",
}
# Sections with a guard.
GUARDED = {
    "client": "ApiGuardRateLimit 3/day",
    "key": "ApiGuardRateLimit 2/day by=key",
    "user": "ApiGuardRateLimit 2/day by=user",
    "claim": "ApiGuardRateLimit 2/day by=claim:org.id",
    "ip": "ApiGuardRateLimit 6/day by=ip",
    "unlimited": "",
    "all-or-nothing": "ApiGuardRateLimit 2/day\nApiGuardRateLimit 50/day by=global\n"
                      "ApiGuardRateLimit 60/day by=ip",
    "own": "ApiGuardRateLimit 5/day\nApiGuardRateLimit 50/day by=ip",
    "401": "ApiGuardRateLimit 3/day by=ip\nApiGuardRateLimit 50/day",
    "403": "ApiGuardRateLimit 3/day\n<RequireAny>\nRequire method PUT\n"
           "Require api-scope nobody-has-it\n</RequireAny>",
    "anonymous": "ApiGuardAnonymous on\nApiGuardRateLimit 3/day",
}
DRY = 'LogFormat "%U|%{APIGUARD_DRYRUN}e|%>s" dry\nCustomLog logs/dry.log dry\n'


def conf():
    text = DRY + "".join(f'<Location "/s/{name}/">\n{lines}\n</Location>\n'
                         for name, lines in OPEN.items())
    for name, lines in GUARDED.items():
        require = "" if "Require" in lines else "Require valid-user"
        text += (f'<Location "/s/{name}/">\nAuthType ApiGuard\nAuthName x\n'
                 f'ApiGuardJWTKey HS256 file:{{keyfile}}\n{lines}\n{require}\n</Location>\n')
    return text


@pytest.fixture(scope="module")
def keyfile():
    folder = Directory("limits")
    yield folder.write("hs256.key", SIGNER.file())
    folder.close()


@pytest.fixture(scope="module")
def web(make_httpd, keyfile):
    return make_httpd(conf(), words={"keyfile": keyfile}, files={"api/inner/hello.html": "hello\n"})


def left(web, section, policy, **kw):
    return limits(web.get(f"/s/{section}/hello.html", **kw))[policy]["r"]


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


def test_by_client_joins_the_keys_of_a_client(web):
    first, second = web.keys.create(client="joint"), web.keys.create(client="joint")
    assert left(web, "client", "3/day", key=first) == 2
    assert left(web, "client", "3/day", key=second) == 1
    assert left(web, "client", "3/day", key=web.keys.create(client="apart")) == 2


def test_a_token_s_client_is_not_a_key_s(web):
    assert left(web, "client", "3/day", key=web.keys.create(client="shop")) == 2
    assert left(web, "client", "3/day", bearer=SIGNER.token(azp="shop")) == 2
    assert left(web, "client", "3/day", bearer=SIGNER.token(azp="shop", iss="https://a")) == 2
    assert left(web, "client", "3/day", bearer=SIGNER.token(azp="shop", sub="bob")) == 1


def test_by_key_parts_the_keys_of_a_client(web):
    first, second = web.keys.create(client="twokeys"), web.keys.create(client="twokeys")
    assert left(web, "key", "2/day", key=first) == 1
    assert left(web, "key", "2/day", key=second) == 1


def test_by_user(web):
    assert left(web, "user", "2/day", bearer=SIGNER.token(sub="anna")) == 1
    assert left(web, "user", "2/day", bearer=SIGNER.token(sub="bert")) == 1
    assert left(web, "user", "2/day", bearer=SIGNER.token(sub="anna", x=1)) == 0


def test_by_claim(web):
    assert left(web, "claim", "2/day", bearer=SIGNER.token(org={"id": 7})) == 1
    assert left(web, "claim", "2/day", bearer=SIGNER.token(org={"id": 8})) == 1
    assert left(web, "claim", "2/day", bearer=SIGNER.token(org={"id": 7}, sub="x")) == 0


def test_by_ip_joins_all_clients(web):
    for n in range(3):
        assert left(web, "ip", "6/day", key=web.keys.create(client=f"ip{n}")) == 5 - n


def test_by_header(web):
    assert statuses(web, "by-header", 3, headers={"X-Tenant": "a"}) == [200, 200, 429]
    assert statuses(web, "by-header", 3, headers={"x-tenant": "b"}) == [200, 200, 429]
    assert statuses(web, "by-header", 3) == [200, 200, 429]


def test_by_path(web):
    assert statuses(web, "by-path", 3) == [200, 200, 429]
    assert web.get("/s/by-path/index.html").status == 200
    assert web.get("/s/by-path/x/..//%68ello.html").status == 429


def test_by_global(web):
    assert statuses(web, "by-global", 3) == [200, 200, 429]


def test_by_expr(web):
    assert statuses(web, "by-expr", 3, headers={"X-Team": "red"}) == [200, 200, 429]
    assert statuses(web, "by-expr", 3, headers={"X-Team": "blue"}) == [200, 200, 429]


def test_a_name_shares_one_count(web):
    assert statuses(web, "shared-a", 3) == [200] * 3
    assert statuses(web, "shared-b", 2) == [200, 429]


def test_the_same_text_in_two_sections_is_two_counts(web):
    assert statuses(web, "same-text-a", 3) == [200, 200, 429]
    assert statuses(web, "same-text-b", 3) == [200, 200, 429]


def test_an_inner_section_adds_limits(web):
    assert statuses(web, "outer/inner", 3) == [200, 200, 429]
    assert statuses(web, "outer", 2) == [200, 429]


def test_off_clears_what_was_inherited(web):
    assert statuses(web, "cleared/inner", 4) == [200] * 4
    assert web.get("/s/cleared/inner/hello.html").header("RateLimit") is None
    assert statuses(web, "cleared", 2) == [200, 429]


def test_a_key_s_own_rate_replaces_the_client_s(web):
    key = web.keys.create(client="booked", rate="2/day")
    answers = [web.get("/s/own/hello.html", key=key) for _ in range(3)]
    assert [a.status for a in answers] == [200, 200, 429]
    assert "5/day" not in limits(answers[0])
    assert limits(answers[0])["50/day"]["r"] <= 49, "the address's limit stays"
    generous = web.keys.create(client="generous", rate="9/day")
    assert statuses(web, "own", 7, key=generous) == [200] * 7


def test_a_key_s_own_rate_holds_where_the_section_has_none(web):
    key = web.keys.create(client="booked2", rate="1/h 2/day")
    assert statuses(web, "unlimited", 2, key=key) == [200, 429]


def test_a_plan_s_rate_is_its_keys_rate(web):
    web.keys.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('small', '2/day')")
    key = web.keys.create(client="planned")
    web.keys.update(key, plan="small")
    assert statuses(web, "own", 3, key=key) == [200, 200, 429]


def test_a_broken_rate_in_the_database_lets_nobody_through(web):
    web.expect("apiguard")
    key = web.keys.create(client="broken")
    web.keys.update(key, rate_limit="lots")
    assert web.get("/s/unlimited/hello.html", key=key).status in (429, 500, 503)


def test_a_401_charges_the_address_and_only_it(web):
    answers = [web.get("/s/401/hello.html", key="unknown-0123456789") for _ in range(4)]
    assert [a.status for a in answers] == [401, 401, 401, 429]
    assert list(limits(answers[0])) == ["3/day"]
    assert [limits(a)["3/day"]["r"] for a in answers] == [2, 1, 0, 0]


def test_a_403_charges_the_client(web):
    key = web.keys.create(client="curious")
    path = "/s/403/hello.html"
    assert statuses(web, "403", 3, key=key) == [403] * 3
    assert_refused(web.request("PUT", path, key=key, body="x"), "rate_exceeded")
    assert web.get(path, key=key).status in (403, 429)


def test_anonymous_counts_by_address(web):
    assert statuses(web, "anonymous", 4) == [200, 200, 200, 429]


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
