# SPDX-License-Identifier: Apache-2.0
"""What a client is told of limits: the RateLimit fields in every form, and Retry-After."""

import re
import time
from email.utils import formatdate

import pytest

from support.fields import limits, parse_list, statuses
from support.problem import assert_refused

# Sections without a guard: the limits alone.
SECTIONS = {
    "fixed": "ApiGuardRateLimit 5/day by=ip algorithm=fixed",
    "costly-sliding": "ApiGuardRateLimit 5/min by=ip cost=3",
    "costly-fixed": "ApiGuardRateLimit 5/min by=ip cost=3 algorithm=fixed",
    "costly-bucket": "ApiGuardRateLimit 5/min by=ip cost=3 algorithm=bucket",
    "costly-two": "ApiGuardRateLimit 5/min 5/h 100/day by=ip cost=3",
    "few": "ApiGuardRateLimit 2/day by=ip",
    "named": "ApiGuardRateLimit 9/day by=ip name=quota",
    "named-two": "ApiGuardRateLimit 9/day 8/h by=ip name=quota2",
    "fields": "ApiGuardRateLimit 50/h by=ip",
    "month": "ApiGuardRateLimit 50/month 60/week 70/day 80/15min 90/30s by=ip",
    "draft-8": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders draft-8",
    "draft-7": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders draft-7",
    "draft-6": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders draft-6",
    "legacy": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders legacy",
    "off": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders off",
    "both": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders draft-11 legacy",
    "draft-10": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders draft-10",
    "twice": "ApiGuardRateLimit 50/h by=ip\nApiGuardRateHeaders draft-10 draft-11",
    "back": "ApiGuardRateLimit 100/day by=ip\nApiGuardRateLimit 1/day by=header:X-Tenant",
    "tried": "ApiGuardRateHeaders draft-7\nApiGuardRateLimit 1/day by=ip dryrun\n"
             "ApiGuardRateLimit 100/day by=ip",
}


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd("".join(f'<Location "/s/{name}/">\n{lines}\n</Location>\n'
                              for name, lines in SECTIONS.items()))


def test_the_fields_of_draft_11(web):
    answer = web.get("/s/fields/hello.html")
    assert parse_list(answer.header("RateLimit-Policy")) == [("50/h", {"q": 50, "w": 3600})]
    (name, values), = parse_list(answer.header("RateLimit"))
    assert name == "50/h"
    assert set(values) == {"r", "t"}
    assert values["r"] <= 49
    assert 0 < values["t"] <= 3600
    assert answer.header("Retry-After") is None


@pytest.mark.parametrize("section", ["draft-10", "twice"])
def test_draft_10_is_another_name_of_it(web, section):
    answer = web.get(f"/s/{section}/hello.html")
    assert answer.all("RateLimit-Policy") == ['"50/h";q=50;w=3600']
    assert [list(limits(answer)), len(answer.all("RateLimit"))] == [["50/h"], 1]


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
    statuses(web, "few", 3)
    answer = web.get("/s/few/hello.html")
    body = assert_refused(answer, "rate_exceeded")
    values = limits(answer)["2/day"]
    assert values["r"] == 0
    assert values["t"] == int(answer.header("Retry-After"))
    assert body["retry_after"] == int(answer.header("Retry-After"))


@pytest.mark.parametrize("section", ["sliding", "fixed", "bucket", "two"])
def test_retry_after_is_never_before_t(web, section):
    """Of any limit that refused (draft-11 s6); a request that costs three leaves something over."""
    statuses(web, f"costly-{section}", 1)
    answer = web.get(f"/s/costly-{section}/hello.html")
    body = assert_refused(answer, "rate_exceeded")
    assert body["violated-policies"]
    for name in body["violated-policies"]:
        assert 0 < limits(answer)[name]["t"] <= int(answer.header("Retry-After")), name


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


def test_a_refused_request_is_told_what_is_left_without_it(web):
    """What had been taken for the address was told as used, though it was given back."""
    told = [web.get("/s/back/hello.html", headers={"X-Tenant": "a"}).header("RateLimit")
            for _ in range(3)]
    assert [re.search(r'"100/day";r=(\d+)', value)[1] for value in told] == ["99"] * 3


def test_a_dry_run_is_not_told_in_a_limit_s_place(web):
    """Where there is room for one limit it was the one that never refuses."""
    told = [web.get("/s/tried/hello.html").header("RateLimit") for _ in range(3)]
    assert ["limit=100, remaining=%d" % left in value
            for left, value in zip((99, 98, 97), told)] == [True] * 3
