# SPDX-License-Identifier: Apache-2.0
"""`apiguardctl ban` and `limit` on a running server, by the file it keeps in its runtime directory."""

import glob
import itertools
import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest

from support.keys import CTL, CtlError
from support.problem import assert_refused

CONF = """
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Location "/s/x/">
    AuthType ApiGuard
    AuthName x
    Require valid-user
    ApiGuardBan 2/min for=10min
    ApiGuardRateLimit 5/day 100/month
</Location>
<Location "/s/ip/">
    ApiGuardRateLimit 3/day by=ip
    ApiGuardRateLimit 7/day by=header:X-Tenant
    ApiGuardRateLimit 9/day by=global dryrun
</Location>
"""
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF, modules=["remoteip"], threads=8)


@pytest.fixture
def ip():
    return f"198.51.{next(numbers)}.1"


def go(web, ip, section="x", key=None, **fields):
    return web.get(f"/s/{section}/hello.html", headers={"X-Client": ip, **fields}, key=key)


def ctl(web, *args, check=True):
    return web.keys.ctl(*args, "--runtime", web.dir.join("run"), check=check)


def told(web, *args):
    return json.loads(ctl(web, "--json", *args).stdout)


def refused(web, *args, status=1, says=""):
    done = ctl(web, *args, check=False)
    assert (done.returncode, done.stdout) == (status, ""), done
    assert says in done.stderr


def control_file(web):
    found = glob.glob(web.dir.join("run/apiguard.*.control"))
    assert len(found) == 1, found
    return found[0]


def ban(web, ip):
    for _ in range(2):
        assert_refused(go(web, ip, key=f"wrong-key-{next(numbers)}-of-nobody"), "key_invalid")
    assert_refused(go(web, ip, key="wrong-key-of-nobody"), "banned")


def is_banned(web, ip):
    return ip in [row["address"] for row in told(web, "ban", "list")["bans"]]


# ---- bans -----------------------------------------------------------------------------------------


def test_list_shows_who_is_banned_and_until_when(web, ip):
    before = time.time()
    ban(web, ip)
    row = [row for row in told(web, "ban", "list")["bans"] if row["address"] == ip][0]
    assert row["server"] == "api.test" and row["dryrun"] is False
    assert row["until"] - row["began"] == 600 and before - 2 < row["began"] < before + 30
    table = ctl(web, "ban", "list").stdout.splitlines()
    assert table[0].split() == ["ADDRESS", "SERVER", "BEGAN", "UNTIL", "MODE"]
    assert any(line.startswith(ip + " ") and line.endswith("in force") for line in table)


def test_clear_ends_a_ban_at_once(web, ip):
    other = f"198.51.{next(numbers)}.1"
    ban(web, ip)
    ban(web, other)
    assert ctl(web, "ban", "clear", ip).stdout == "1 ban ended\n"
    assert not is_banned(web, ip) and is_banned(web, other)
    ban(web, ip)  # counted from the beginning


def test_clear_knows_nets_of_ipv6(web):
    ban(web, "2001:db8:5:5::1")
    assert is_banned(web, "2001:db8:5:5::/64")
    assert told(web, "ban", "clear", "2001:db8:5:5::/64") == {"cleared": 1}
    ban(web, "2001:db8:5:5::1")
    assert told(web, "ban", "clear", "2001:db8:5:5::77") == {"cleared": 1}


def test_clear_all(web, ip):
    ban(web, ip)
    assert told(web, "ban", "clear", "--all")["cleared"] >= 1
    assert ctl(web, "ban", "list").stdout == "nobody is banned\n"
    ban(web, ip)


def test_clear_of_nobody(web):
    refused(web, "ban", "clear", "203.0.113.200", says="is not banned")
    refused(web, "ban", "clear", "nobody", status=2, says="not an address")
    refused(web, "ban", "clear", status=2, says="--all")
    refused(web, "ban", "clear", "--all", "203.0.113.200", status=2, says="--all")


def test_a_message_that_nobody_wants_is_not_written_into_the_file(web):
    """`2>&-`: the file was opened under the number of the closed output and got the message. The tool knew it no more,
    and the next reload made bans and counters anew."""
    done = subprocess.run([CTL, "ban", "clear", "203.0.113.200", "--runtime", web.dir.join("run")], timeout=90,
                          stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2))
    assert done.returncode == 1
    refused(web, "ban", "clear", "203.0.113.200", says="is not banned")


# ---- limits ---------------------------------------------------------------------------------------


def windows(web, subject):
    return {w["policy"]: (w["used"], w["remaining"])
            for w in told(web, "limit", "show", subject)["windows"]}


def test_show_a_client(web, ip):
    key = web.keys.create(client="acme")
    for _ in range(3):
        assert go(web, ip, key=key).status == 200
    answer = told(web, "limit", "show", "client:key::acme")
    assert answer["store"] == "shm" and answer["complete"] is True
    assert windows(web, "client:key::acme") == {"5/day": (3, 2), "100/month": (3, 97)}
    window = answer["windows"][0]
    assert window["server"] == "api.test" and "/s/x/" in window["section"]
    assert 0 < window["reset"] <= 86400 and window["dryrun"] is False
    shown = ctl(web, "limit", "show", "client:key::acme").stdout  # for people, it says what is not there
    assert shown.splitlines()[-1] == "(limits of .htaccess files are not known here)"
    assert windows(web, "client:key::acme")["5/day"] == (3, 2)  # to look costs nothing
    assert [go(web, ip, key=key).status for _ in range(3)] == [200, 200, 429]


def test_reset_a_client(web, ip):
    key = web.keys.create(client="zero")
    assert [go(web, ip, key=key).status for _ in range(6)] == [200] * 5 + [429]
    assert ctl(web, "limit", "reset", "client:key::zero").stdout == "2 windows begun anew\n"
    assert windows(web, "client:key::zero")["5/day"] == (0, 5)
    assert [go(web, ip, key=key).status for _ in range(6)] == [200] * 5 + [429]


def test_a_key_s_own_limit(web, ip):
    key = web.keys.create(client="own", rate="4/day")
    assert go(web, ip, key=key).status == 200
    assert windows(web, "client:key::own")["4/day"] == (1, 3)
    assert told(web, "limit", "reset", "client:key::own") == {"reset": 1}
    assert windows(web, "client:key::own")["4/day"] == (0, 4)


def test_addresses_headers_and_all(web, ip):
    assert [go(web, ip, "ip", **{"X-Tenant": "t1"}).status for _ in range(2)] == [200] * 2
    assert windows(web, f"ip:{ip}")["3/day"] == (2, 1)
    assert windows(web, f"ip:::ffff:{ip}")["3/day"] == (2, 1)
    assert windows(web, "header:x-tenant=t1") == {"7/day": (2, 5)}
    assert windows(web, "header:x-tenant=t2") == {"7/day": (0, 7)}
    assert windows(web, "global")["9/day"][0] >= 2
    assert told(web, "limit", "show", "global")["windows"][0]["dryrun"] is True
    assert [go(web, ip, "ip", **{"X-Tenant": "t1"}).status for _ in range(2)] == [200, 429]
    assert ctl(web, "limit", "reset", f"ip:{ip}").returncode == 0
    assert go(web, ip, "ip").status == 200  # by its address in two limits now
    assert windows(web, f"ip:{ip}") == {"3/day": (1, 2), "7/day": (1, 6), }


def test_a_name_or_an_address_alone_will_do(web, ip):
    key = web.keys.create(client=f"shop-{ip}")
    assert go(web, ip, key=key).status == 200
    short, full = (told(web, "limit", "show", name) for name in (f"shop-{ip}", f"client:key::shop-{ip}"))
    for window in short["windows"] + full["windows"]:
        del window["reset"]  # a second may have passed
    assert short == full and short["windows"][0]["used"] == 1
    assert go(web, ip, "ip").status == 200
    assert told(web, "limit", "show", ip)["windows"][0]["used"] == 1
    assert told(web, "limit", "reset", ip)["reset"] >= 1


def test_show_for_people(web, ip):
    go(web, ip, "ip")
    table = ctl(web, "limit", "show", f"ip:{ip}").stdout.splitlines()
    assert table[0].split() == ["POLICY", "USED", "REMAINING", "RESET", "SERVER", "SECTION"]
    assert table[1].split()[:3] == ["3/day", "1", "2"]


def test_what_is_no_subject(web):
    refused(web, "limit", "show", "ip:nowhere", says="ip:192.0.2.1, client:key::acme (or acme), ")
    refused(web, "limit", "reset", "client:key::never-seen", says="nothing is counted of client:key::never-seen; limits of .htaccess")
    refused(web, "limit", "show", "ip:" + "1" * 2000, status=2, says="not a subject")
    refused(web, "limit", "reset", status=2, says="SUBJECT is missing")


def test_a_server_without_limits(own_httpd):
    web = own_httpd("", database=None)
    done = subprocess.run([CTL, "limit", "show", "global", "--runtime", web.dir.join("run")],
                          capture_output=True, text=True, timeout=10)
    assert done.returncode == 1 and "no limits" in done.stderr


def test_an_answer_does_not_take_long(web):
    start = time.monotonic()
    told(web, "limit", "show", "global")
    assert time.monotonic() - start < 2


@pytest.mark.slow
def test_many_tools_at_once(web, ip):
    import concurrent.futures
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        subjects = [f"header:x-tenant=many{i}" for i in range(12)]
        for i, subject in enumerate(subjects):
            for _ in range(i % 3):
                go(web, f"198.51.{next(numbers)}.1", "ip", **{"X-Tenant": f"many{i}"})
        answers = list(pool.map(lambda s: windows(web, s), subjects))
    assert answers == [{"7/day": (i % 3, 7 - i % 3)} for i in range(12)]


# ---- the file -------------------------------------------------------------------------------------


def test_the_file_is_the_owner_s_alone_and_holds_no_secret(web, ip):
    key = web.keys.create(client="secretive")
    assert go(web, ip, key=key).status == 200
    ban(web, ip)
    info = os.stat(control_file(web))
    assert (stat.S_IMODE(info.st_mode), info.st_uid) == (0o600, os.geteuid())
    with open(control_file(web), "rb") as f:
        held = f.read()
    assert len(held) == info.st_size and key.encode() not in held
    assert b"secretive" not in held and b"wrong-key" not in held


def test_it_outlives_a_graceful_restart(web, ip):
    ban(web, ip)
    before = os.stat(control_file(web)).st_ino
    web.graceful()
    assert os.stat(control_file(web)).st_ino == before
    assert is_banned(web, ip)
    assert_refused(go(web, ip, key="wrong-key-of-nobody"), "banned")
    assert told(web, "limit", "show", "global")["windows"]
    assert told(web, "ban", "clear", ip) == {"cleared": 1}
    ban(web, ip)


def test_it_is_gone_with_the_server_and_a_dead_one_s_is_replaced(own_httpd):
    web = own_httpd(CONF, modules=["remoteip"])
    path = control_file(web)
    web.stop()
    assert not os.path.exists(path)
    with open(web.dir.join("run/apiguard.999999999.control"), "wb") as f:
        f.write(b"\0" * 100)
    refused(web, "ban", "list", says="no running server")
    web.start()
    assert control_file(web) != path and told(web, "ban", "list")["bans"] == []


def test_two_servers_in_one_directory(own_httpd):
    web = own_httpd(CONF, modules=["remoteip"])
    other = web.dir.join(f"run/apiguard.{os.getpid()}.control")
    with open(other, "wb") as f:
        f.write(b"\0" * 200000)
    refused(web, "ban", "list", status=2, says="2 servers")
    done = web.keys.ctl("--json", "ban", "list", "--runtime",
                        web.dir.join(f"run/apiguard.{web.process.pid}.control"))
    assert json.loads(done.stdout)["bans"] == []
    with pytest.raises(CtlError) as error:
        web.keys.ctl("ban", "list", "--runtime", other)
    assert error.value.status == 1


def test_without_its_file_bans_work_all_the_same(own_httpd):
    """In /proc nobody can make one, not even root."""
    web = own_httpd("DefaultRuntimeDir /proc\n" + CONF, modules=["remoteip"], start=False)
    web.start()
    assert web.wait_log("AG0180")
    ban(web, "192.0.2.1")


@pytest.mark.parametrize("mpm", ["worker", "prefork"])
def test_other_mpms(own_httpd, mpm):
    web = own_httpd(CONF, modules=["remoteip"], mpm=mpm, processes=2, threads=4)
    assert go(web, "192.0.2.1", "ip").status == 200
    assert windows(web, "ip:192.0.2.1")["3/day"] == (1, 2)
    ban(web, "192.0.2.1")
    assert told(web, "ban", "clear", "192.0.2.1") == {"cleared": 1}


def test_limits_in_memcached_are_said_to_be_there(own_httpd, memcached):
    store = f"ApiGuardCounterStore memcached:{memcached.address} prefix=control timeout=2000\n"
    web = own_httpd(CONF + store, modules=["remoteip"])
    assert go(web, "192.0.2.1", "ip").status == 200
    assert told(web, "limit", "show", "ip:192.0.2.1")["store"] == "memcached"
    assert "memcached" in ctl(web, "limit", "show", "ip:192.0.2.1").stdout
    assert "for all servers" in ctl(web, "limit", "reset", "ip:192.0.2.1").stdout


# ---- what the tool asks --------------------------------------------------------------------------


ODD = """
<Location "/s/flying/">
    ApiGuardConcurrency 2 by=ip
</Location>
<Location "/s/burst/">
    ApiGuardRateLimit 10/min by=ip algorithm=bucket burst=100
</Location>
"""


def test_asking_about_limits_is_nothing_to_requests_in_flight(own_httpd):
    """ApiGuardConcurrency has no period: its count was stepped like a window's, and the child that
    did died of a division by zero, and its successor of the same question."""
    web = own_httpd(ODD)
    children = web.children()
    assert web.get("/s/flying/hello.html").status == 200
    told(web, "limit", "show", "ip:127.0.0.1")
    assert web.children() == children


def test_a_burst_above_the_rate_is_shown_as_it_is(own_httpd):
    """More was left than the rate, so 2^64 - 89 were used, which is no JSON number."""
    web = own_httpd(ODD)
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
    web = own_httpd(CONF, modules=["remoteip"])
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
