# SPDX-License-Identifier: Apache-2.0
"""What a client can make happen thousands of times is a warning once a second, with how often it
happened; nothing else is left out, and LogLevel apiguard:info leaves out nothing."""

import json
import re
import time

import pytest

from support.problem import assert_refused

SECTIONS = {
    "limit": "ApiGuardRateLimit 1/day by=ip",
    "two": "ApiGuardRateLimit 1/day\nApiGuardRateLimit 2/day by=ip",
    "other-a": "ApiGuardRateLimit 1/day by=ip",
    "other-b": "ApiGuardRateLimit 1/day by=ip",
    "dry": "ApiGuardRateLimit 1/day by=ip dryrun",
    "all": "ApiGuardRateLimit 1/day by=ip\nLogLevel apiguard:info",
    "quiet": "ApiGuardRateLimit 1/day by=ip\nLogLevel apiguard:error",
    "loud": "ApiGuardRateLimit 1/day by=ip name=both",
    "mute": "ApiGuardRateLimit 1/day by=ip name=both\nLogLevel apiguard:error",
    "ban": "AuthType ApiGuard\nAuthName x\nRequire valid-user\nApiGuardBan 5/day for=1h",
    "denied": "AuthType ApiGuard\nAuthName x\nRequire valid-user\nApiGuardBan off",
}


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd("LogLevel info apiguard:warn\n" + "".join(
        f'<Location "/s/{name}/">\n{lines}\n</Location>\n' for name, lines in SECTIONS.items()))


def flood(web, section, n, code="rate_exceeded", **kw):
    """So many refusals, and one more when the second in which the last came is over."""
    began = time.time()
    for _ in range(n - 1):
        assert_refused(web.get(f"/s/{section}/hello.html", **kw), code)
    took = time.time() - began
    time.sleep(1.1)
    assert_refused(web.get(f"/s/{section}/hello.html", **kw), code)
    return took


def lines(web, section, pattern=r"\[apiguard:(\w+)\].*AG0140: (\{.*\})"):
    found = [(level, json.loads(line)) for level, line in re.findall(pattern, web.error_log())]
    return [(level, line) for level, line in found if line["path"].startswith(f"/s/{section}/")]


@pytest.mark.slow
def test_one_line_a_second_counts_all(web):
    web.get("/s/limit/hello.html")
    took = flood(web, "limit", 400)
    told = lines(web, "limit")
    assert sum(1 + line.get("repeats", 0) for _, line in told) == 400
    assert 2 <= len(told) <= took + 3
    assert {level for level, _ in told} == {"warn"}
    assert "repeats" not in told[0][1], "the first is told at once"
    assert told[-1][1]["repeats"] > 0


@pytest.mark.slow
def test_another_limit_is_told_for_itself(web):
    """Also within the second in which the first one was; unless both share a word, one in 1,024."""
    for name in ("two", "two", "other-a", "other-b"):
        web.get(f"/s/{name}/hello.html")
    time.sleep(1.1)
    for name in ("two", "other-a", "other-b") * 3:
        assert_refused(web.get(f"/s/{name}/hello.html"), "rate_exceeded")
    told = [len(lines(web, name)) for name in ("two", "other-a", "other-b")]
    assert sum(n > 0 for n in told) >= 2 and sum(told) <= 6


@pytest.mark.slow
def test_dry_runs_are_told_likewise(web):
    for _ in range(200):
        assert web.get("/s/dry/hello.html").status == 200
    time.sleep(1.1)
    web.get("/s/dry/hello.html")
    told = re.findall(r"\[apiguard:warn\].*AG0506: ApiGuardRateLimit 1/day by=ip dryrun would have "
                      r"refused(?:; and (\d+) more since this was last told)?", web.error_log())
    assert sum(1 + int(more or 0) for more in told) == 200
    assert len(told) < 20


@pytest.mark.slow
def test_info_tells_each(web):
    web.get("/s/all/hello.html")
    flood(web, "all", 50)
    told = lines(web, "all")
    assert len(told) == 50
    assert {level for level, _ in told} == {"warn", "info"}
    assert len({line["request_id"] for _, line in told}) == 50


@pytest.mark.slow
def test_error_tells_none(web):
    web.get("/s/quiet/hello.html")
    flood(web, "quiet", 20)
    assert lines(web, "quiet") == []


@pytest.mark.slow
def test_a_silent_section_uses_up_no_other_s_line(web):
    web.get("/s/mute/hello.html")
    for _ in range(8):
        time.sleep(0.3)
        for _ in range(20):
            assert_refused(web.get("/s/mute/hello.html"), "rate_exceeded")
        assert_refused(web.get("/s/loud/hello.html"), "rate_exceeded")
    told = lines(web, "loud")
    assert len(told) >= 2
    assert sum(1 + line.get("repeats", 0) for _, line in told) <= 8


@pytest.mark.slow
def test_a_virtual_host_tells_of_its_own(own_httpd):
    """Each has a log of its own, in which nobody else's line would be found."""
    section = ("AuthType ApiGuard\nAuthName x\nRequire valid-user\nApiGuardBan 3/min for=1h")
    web = own_httpd("LogLevel info apiguard:warn\n" + "".join(
        f"<VirtualHost *:{{port}}>\nServerName {name}.test\nErrorLog logs/{name}.log\n"
        f'<Location "/api/">\n{section}\n</Location>\n</VirtualHost>\n' for name in "ab"))

    def ask(host):
        return web.get("/api/hello.html", headers={"Host": f"{host}.test"}, key=f"wrong-key-{time.time()}")

    for host in "aaabbb":
        assert ask(host).status == 401
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        for host in "aaaaaaaaab":
            assert_refused(ask(host), "banned")
    for name in "ab":
        assert len(re.findall('"code":"banned","status":429', web.named_log(f"{name}.log"))) >= 2


@pytest.mark.slow
def test_a_ban_too(web):
    # keys of no shape of ours, so that each is looked for
    for n in range(5):
        assert web.get("/s/ban/hello.html", key=f"wrong-key-{n}-{time.time()}").status == 401
    took = flood(web, "ban", 100, "banned", key=f"wrong-key-{time.time()}")
    told = [line for _, line in lines(web, "ban") if line["code"] == "banned"]
    assert sum(1 + line.get("repeats", 0) for line in told) == 100
    assert len(told) <= took + 3


def test_every_other_refusal_is_told(web):
    """Who tries keys or roams about is to be seen whole."""
    for _ in range(30):
        assert_refused(web.get("/s/denied/hello.html"), "credential_missing")
    for n in range(30):
        assert_refused(web.get("/s/denied/hello.html", key=f"wrong-key-{n}"), "key_invalid")
    told = lines(web, "denied")
    assert len(told) == 60
    assert not any("repeats" in line for _, line in told)
