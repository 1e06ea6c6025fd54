# SPDX-License-Identifier: Apache-2.0
"""What got past a limit, fell over one or was told wrong of one: each test here is a bug that was."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from support.keys import CTL
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
<Location "/s/ban/">
    AuthType ApiGuard
    AuthName "bans"
    ApiGuardBan 1/min for=10min
    Require valid-user
</Location>
<Location "/s/dry-ban/">
    AuthType ApiGuard
    AuthName "bans"
    ApiGuardBan 1/min for=10min dryrun
    Require valid-user
</Location>
<Directory {root}/htdocs/index>
    DirectoryIndex refused.html next.html
    <Files "*.html">
        ApiGuardRateLimit 1/day by=ip
    </Files>
    <Files "refused.html">
        ApiGuardRateLimit 0/day by=global
    </Files>
</Directory>
<Directory {root}/htdocs/above>
    ApiGuardRateLimit 5/day by=ip
    <Files "index.html">
        ApiGuardRateLimit 1/day by=global
    </Files>
</Directory>
<Location "/s/back/">
    ApiGuardRateLimit 100/day by=ip
    ApiGuardRateLimit 1/day by=header:X-Tenant
</Location>
<Location "/s/tried/">
    ApiGuardRateHeaders draft-7
    ApiGuardRateLimit 1/day by=ip dryrun
    ApiGuardRateLimit 100/day by=ip
</Location>
<Location "/s/denied/">
    Require all denied
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    yield make_httpd(CONF, files={"above/index.html": "index\n", "above/x.html": "x\n",
                                  "index/refused.html": "no\n", "index/next.html": "yes\n"})


def told(web, *args):
    return json.loads(web.keys.ctl("--json", *args, "--runtime", web.dir.join("run")).stdout)


# ---- tenants -------------------------------------------------------------------------------------


@pytest.mark.parametrize("section", ['Files "*.html"', 'If "true"'])
def test_two_folders_with_the_same_lines_are_two_counts(own_httpd, section):
    """Inside of <Files> and <If> .htaccess files shared counts, so a tenant could use up another's."""
    lines = f"<{section}>\nApiGuardRateLimit 1/day by=global\n</{section.split()[0]}>\n"
    web = own_httpd("""
        <Directory {root}/htdocs>
            AllowOverride All
        </Directory>
    """, files={f"{tenant}/{name}": text for tenant in "ab"
                for name, text in ((".htaccess", lines), ("x.html", "x"))})
    assert [web.get(f"/{tenant}/x.html").status for tenant in "aabb"] == [200, 429, 200, 429]


def test_a_folder_that_is_gone_names_no_field_of_the_next(own_httpd):
    """The name of a hidden field lay in the memory of a sub-request that had ended, and became that
    of the next one's: what one folder reads in X-Key-A was taken for X-Key-B."""
    web = own_httpd("""
        <Directory {root}/htdocs>
            AllowOverride AuthConfig
        </Directory>
        <Directory {root}/htdocs/pages>
            DirectoryIndex /a/none.html /a/none.html /b/x.html
        </Directory>
    """, files={
        "pages/x.html": "x", "a/x.html": "this is a", "b/x.html": "this is b",
        **{f"{folder}/.htaccess": "AuthType ApiGuard\nAuthName x\nRequire valid-user\n"
                                  f"ApiGuardKeyFrom header:X-Key-{folder.upper()}\n"
           for folder in "ab"}})
    answer = web.get("/pages/", headers={"X-Key-A": web.keys.create()})
    assert_refused(answer, "credential_missing")


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


def user_of(process):
    """The user ids of a process, once it has become somebody else; "" when it never does."""
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
            ids = set(re.search(r"^Uid:\s+(.*)", f.read(), re.M)[1].split())
        if ids != {"0"}:
            return ids
        time.sleep(0.02)
    return ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root's rights")
def test_the_tool_is_not_root_when_it_reads_what_children_write(own_httpd):
    """A child that was taken over could have had root's tool write anywhere: a mutex in shared
    memory holds pointers."""
    web = own_httpd(CONF)
    children = web.children()
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    asking = subprocess.Popen([CTL, "limit", "show", "global", "--runtime", web.dir.join("run")],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ids = user_of(asking)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGCONT)
        asking.wait(20)
    assert ids and "0" not in ids


# ---- what a client says of itself ----------------------------------------------------------------


@pytest.mark.parametrize("cost", [10**12 + 1, 10**17, 10**25])
def test_a_cost_too_large_is_no_cost_of_one(web, cost):
    assert_refused(web.get("/s/cost/hello.html", headers={"X-Cost": str(cost)}), "rate_exceeded")


# ---- sub-requests --------------------------------------------------------------------------------


def test_what_a_refused_sub_request_gave_back_is_charged_to_the_next(web):
    """mod_dir tries one index after another; the count that the first gave back was taken for paid
    by the second, any number of times."""
    assert web.get("/index/").text == "yes\n"
    assert web.get("/index/").status == 429


def test_a_request_refused_for_its_index_stays_charged(web):
    """It was given back, and with it what an index before that had looked at: a password, perhaps."""
    assert [web.get("/above/").status for _ in range(4)] == [200, 429, 429, 429]
    assert '"5/day";r=0;' in web.get("/above/x.html").header("RateLimit")


# ---- fields --------------------------------------------------------------------------------------


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


# ---- the configuration ---------------------------------------------------------------------------


def test_a_month_and_31_days_do_not_share_a_name(own_httpd):
    """They did not share a count either, and nobody was told."""
    web = own_httpd("""
        <Location "/a/">
            ApiGuardRateLimit 10/month name=x
        </Location>
        <Location "/b/">
            ApiGuardRateLimit 10/31day name=x
        </Location>
    """, start=False)
    good, said = web.configtest()
    assert not good and "share a name and differ" in said


@pytest.mark.parametrize("lines, warned", [
    ("ApiGuardConcurrency 5 by=header:X-T", True),
    ("ApiGuardConcurrency 5 by=header:X-T\nApiGuardConcurrency 9 by=ip", False),
    ("ApiGuardRateLimit 5/s by=header:X-T\nApiGuardRateLimit 9/s by=ip dryrun", True),
    ("ApiGuardRateLimit 5/s by=header:X-T\nApiGuardRateLimit 9/s by=ip", False),
    ("ApiGuardRateLimit 5/s by=path\nApiGuardRateLimit 9/s by=ip \"when=%{REQUEST_METHOD} == 'POST'\"", True),
    ("ApiGuardRateLimit 5/s by=ip/128", True),
    ("ApiGuardRateLimit 5/s by=ip/56", False),
    ("ApiGuardConcurrency 5 by=ip/96", True),
    ("ApiGuardRateLimit 5/s by=path when=true\nApiGuardRateLimit 9/s by=ip when=true", False),
])
def test_what_a_field_alone_limits_is_told(own_httpd, lines, warned):
    """Of requests in flight it was not; and a dry run, which limits nobody, was enough, or a limit of some
    requests only. So is a limit by more of an IPv6 address than whoever has it was given."""
    web = own_httpd(f'<Location "/x/">\n{lines}\n</Location>', start=False)
    assert ("AG0133: " in web.configtest()[1]) == warned


def test_a_cache_that_answers_uncounted_is_told(own_httpd):
    """It was where keys are asked for; limits are passed by as well."""
    web = own_httpd("""
        CacheEnable disk "/x/"
        CacheRoot "{root}/run"
        ApiGuardRateLimit 1/day by=ip
    """, modules=("cache", "cache_disk"), start=False)
    assert "AG0134: " in web.configtest()[1]
    web.configure("""
        CacheQuickHandler off
        CacheEnable disk "/x/"
        CacheRoot "{root}/run"
        ApiGuardRateLimit 1/day by=ip
    """)
    assert "AG0134: " not in web.configtest()[1]


# ---- no room -------------------------------------------------------------------------------------


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


# ---- what the documentation says -----------------------------------------------------------------


def fail2ban():
    """The pattern in the documentation; fail2ban cuts the time out of the line."""
    guide = os.path.join(os.path.dirname(__file__), "../../docs/howto/brute-force.md")
    with open(guide, encoding="utf-8") as f:
        pattern, = re.findall("failregex = (.*)", f.read())
    return re.compile(pattern.replace("<HOST>", r"(?P<host>[0-9a-f.:]+)"))


def shut_out(lines):
    found = [fail2ban().search(re.sub(r"^\[[^\]]*\]", "[]", line)) for line in lines.splitlines()]
    return [one["host"] for one in found if one]


def test_nobody_has_others_shut_out_by_what_he_sends(own_httpd):
    """The pattern for fail2ban found its line anywhere, so also in a path that httpd logs."""
    web = own_httpd(CONF)
    line = 'AG0141: {"event":"ban","code":"banned","ip":"203.0.113.9","mode":"soft"}'
    web.expect("AH01630: client denied by server configuration")
    web.get("/s/denied/" + line.replace(" ", "%20").replace('"', "%22"))
    web.get("/s/denied/x", headers={"Referer": "] " + line})
    web.get("/s/dry-ban/hello.html", key="wrong-key-of-nobody")
    assert line in web.error_log() and '"mode":"dryrun"' in web.error_log()
    assert shut_out(web.error_log()) == []
    web.get("/s/ban/hello.html", key="wrong-key-of-nobody")
    assert shut_out(web.error_log()) == ["127.0.0.1"]
    assert shut_out('[x] [apiguard:warn] [pid 1:tid 2] [client 2001:db8::1:5] AG0141: '
                    '{"event":"ban","code":"banned","ip":"2001:db8::/64","mode":"hard"}') \
        == ["2001:db8::"]
