# SPDX-License-Identifier: Apache-2.0
"""Limits: what counts, for whom, what a client is told, and that exactly N pass."""

import http.client
import os
import re
import signal
import time
from email.utils import formatdate

import pytest

from support.fields import limits, parse_list
from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused
from support.waiting import kill

SIGNER = Key("HS256")

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


def statuses(web, section, n, **kw):
    return [web.get(f"/s/{section}/hello.html", **kw).status for _ in range(n)]


def left(web, section, policy, **kw):
    return limits(web.get(f"/s/{section}/hello.html", **kw))[policy]["r"]


# ---- how many ------------------------------------------------------------------------------------

@pytest.mark.parametrize("algorithm", ["sliding", "fixed", "bucket"])
def test_exactly_n_pass(web, algorithm):
    answers = [web.get(f"/s/{algorithm}/hello.html") for _ in range(8)]
    assert [a.status for a in answers] == [200] * 5 + [429] * 3
    assert [limits(a)["5/day"]["r"] for a in answers] == [4, 3, 2, 1, 0, 0, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["sliding", "fixed", "bucket"])
def test_who_waits_as_told_is_let_in(web, algorithm):
    """Retry-After is a promise: after so many seconds one request passes."""
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
@pytest.mark.parametrize("algorithm", ["sliding", "fixed", "bucket"])
def test_who_obeys_r_and_t_is_never_refused(web, algorithm):
    """It goes on while every r is above 0, else it waits the longest t of those that are 0."""
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


# ---- whose ---------------------------------------------------------------------------------------

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


# ---- what is told --------------------------------------------------------------------------------

def test_the_fields_of_draft_10(web):
    answer = web.get("/s/fields/hello.html")
    assert parse_list(answer.header("RateLimit-Policy")) == [("50/h", {"q": 50, "w": 3600})]
    (name, values), = parse_list(answer.header("RateLimit"))
    assert name == "50/h"
    assert set(values) == {"r", "t"}
    assert values["r"] <= 49
    assert 0 < values["t"] <= 3600
    assert answer.header("Retry-After") is None


def test_every_period_has_its_seconds(web):
    answer = web.get("/s/month/hello.html")
    policy = limits(answer, "RateLimit-Policy")
    assert {name: v["w"] for name, v in policy.items() if name != "50/month"} == {
        "60/week": 604800, "70/day": 86400, "80/15min": 900, "90/30s": 30}
    assert 28 * 86400 <= policy["50/month"]["w"] <= 31 * 86400
    for name, values in limits(answer).items():
        assert 0 < values["t"] <= policy[name]["w"]


def test_a_window_s_end_is_utc_s(web):
    """Fixed windows of a day end at midnight UTC, of half a minute at :00 and :30."""
    values = limits(web.get("/s/fixed/hello.html"))
    rest = 86400 - time.time() % 86400
    assert abs(values["5/day"]["t"] - rest) <= 2


def test_refused_the_fields_and_retry_after_agree(web):
    statuses(web, "same-text-a", 3)
    answer = web.get("/s/same-text-a/hello.html")
    body = assert_refused(answer, "rate_exceeded")
    values = limits(answer)["2/day"]
    assert values["r"] == 0
    assert values["t"] == int(answer.header("Retry-After"))
    assert body["retry_after"] == int(answer.header("Retry-After"))


def test_names_of_policies(web):
    assert list(limits(web.get("/s/named/hello.html"))) == ["quota"]
    policy = limits(web.get("/s/named-two/hello.html"), "RateLimit-Policy")
    assert set(policy) == {"quota2:9/day", "quota2:8/h"}


def test_draft_8(web):
    answer = web.get("/s/draft-8/hello.html")
    (name, values), = parse_list(answer.header("RateLimit"))
    assert (name, values["r"]) == ("50/h", 49)
    (name, values), = parse_list(answer.header("RateLimit-Policy"))
    assert (values["q"], values["w"]) == (50, 3600)
    assert isinstance(values["pk"], bytes)


def test_draft_7(web):
    answer = web.get("/s/draft-7/hello.html")
    assert answer.header("RateLimit-Policy") == "50;w=3600"
    words = dict(part.split("=") for part in answer.header("RateLimit").split(", "))
    assert (words["limit"], words["remaining"]) == ("50", "49")
    assert 0 < int(words["reset"]) <= 3600


def test_draft_6(web):
    answer = web.get("/s/draft-6/hello.html")
    assert answer.header("RateLimit-Policy") == "50;w=3600"
    assert answer.header("RateLimit-Limit") == "50"
    assert answer.header("RateLimit-Remaining") == "49"
    assert 0 < int(answer.header("RateLimit-Reset")) <= 3600
    assert answer.header("RateLimit") is None


def test_legacy(web):
    answer = web.get("/s/legacy/hello.html")
    assert answer.header("X-RateLimit-Limit") == "50"
    assert answer.header("X-RateLimit-Remaining") == "49"
    assert 0 <= int(answer.header("X-RateLimit-Reset")) - time.time() <= 3601
    assert answer.header("RateLimit") is None


def test_headers_off(web):
    answer = web.get("/s/off/hello.html")
    assert not [k for k, _ in answer.headers if "ratelimit" in k.lower()]


def test_two_forms_at_once(web):
    answer = web.get("/s/both/hello.html")
    assert limits(answer)["50/h"]["r"] == 49
    assert answer.header("X-RateLimit-Remaining") == "49"


def test_fields_stand_on_304_and_404(web):
    later = {"If-Modified-Since": formatdate(time.time(), usegmt=True)}
    answer = web.get("/s/fields/hello.html", headers=later)
    assert answer.status == 304
    assert "50/h" in limits(answer)
    missing = web.get("/s/fields/nothing-here")
    assert missing.status == 404
    assert limits(missing)["50/h"]["r"] == limits(answer)["50/h"]["r"] - 1


# ---- many at once --------------------------------------------------------------------------------

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
