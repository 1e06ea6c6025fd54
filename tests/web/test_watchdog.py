# SPDX-License-Identifier: Apache-2.0
"""The watchdog's thread: it reads the change log so that no request has to, lives on when the child
that runs it ends, and keeps no server from stopping."""

import signal
import subprocess
import time

import pytest

from support.keys import Sqlite
from support.waiting import at_once, kill

CONF = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
LogLevel info apiguard:debug watchdog:debug
"""

MPMS = ["event", "prefork"]
STARTED = r"AH02972.*\(_apiguard_\)"  # "Singleton Watchdog (_apiguard_) running"


def go(web, key):
    return web.get("/s/x/hello.html", key=key).status


def noticed_after(web, key, seconds=5):
    """How long after its revocation a request with that key was still sent that got in."""
    start = last = time.monotonic()
    while True:
        sent = time.monotonic()
        if go(web, key) == 401:
            return last - start
        assert sent - start < seconds, "the revocation is not noticed"
        last = sent
        time.sleep(0.01)


def owner(web):
    """The child whose watchdog runs."""
    match = web.wait_log(r"\[watchdog:debug\] \[pid (\d+)[^\]]*\] .*?" + STARTED, 12)
    assert match, web.error_log()
    return int(match[1])


def serve(own_httpd, mpm):
    return own_httpd(CONF, mpm=mpm, processes=3, threads=4)


@pytest.fixture(params=MPMS)
def web(request, own_httpd):
    return serve(own_httpd, request.param)


@pytest.mark.slow
def test_one_child_reads_the_log(web):
    key = web.keys.create()
    assert go(web, key) == 200
    assert owner(web) in web.children()
    time.sleep(1.5)
    assert len(web.error_log().split("Watchdog (_apiguard_) running")) == 2
    web.keys.revoke(key)
    assert noticed_after(web, key) < 1


@pytest.mark.slow
def test_nobody_asks_and_it_is_read_all_the_same(web):
    """After a rest the first request is told what the watchdog knows."""
    key = web.keys.create()
    assert go(web, key) == 200
    web.keys.revoke(key)
    time.sleep(1)
    assert go(web, key) == 401


@pytest.mark.slow
def test_the_child_that_runs_it_is_killed(own_httpd):
    """Requests read the log until another child has taken over."""
    def end_it(web):
        key = web.keys.create()
        assert go(web, key) == 200
        web.expect(r"AH00051|AH00052|AH00045")
        pid = owner(web)
        kill(pid)
        for _ in range(3):
            assert go(web, key) == 200
            web.keys.revoke(key)
            assert noticed_after(web, key) < 1.2
            key = web.keys.create()
        end = time.monotonic() + 25
        while len(web.error_log().split("Watchdog (_apiguard_) running")) < 3:
            web.expect(r"AH00051|AH00052|AH00045")
            assert time.monotonic() < end, "nobody takes over"
            time.sleep(0.1)
        assert go(web, key) == 200
        web.keys.revoke(key)
        assert noticed_after(web, key) < 1

    at_once(end_it, [serve(own_httpd, mpm) for mpm in MPMS])


@pytest.mark.slow
def test_it_lives_through_graceful_restarts(web):
    key = web.keys.create()
    assert go(web, key) == 200
    for _ in range(2):
        web.graceful()
        assert go(web, key) == 200
        web.keys.revoke(key)
        assert noticed_after(web, key) < 1
        key = web.keys.create()


@pytest.mark.slow
def test_stopping_takes_no_time(web):
    assert go(web, web.keys.create()) == 200
    time.sleep(0.7)
    start = time.monotonic()
    web.stop()
    assert time.monotonic() - start < 3


def test_without_keys_there_is_no_thread(own_httpd):
    web = own_httpd("LogLevel info watchdog:debug", database=None)
    assert web.get("/index.html").status == 200
    assert "_apiguard_" not in web.error_log()


@pytest.mark.slow
def test_two_virtual_hosts_with_databases_of_their_own(own_httpd):
    """Each store is polled."""
    other = Sqlite()
    conf = CONF + """
<VirtualHost *:{port}>
    ServerName one.test
</VirtualHost>
<VirtualHost *:{port}>
    ServerName two.test
    DBDriver sqlite3
    DBDParams """ + other.path + """
</VirtualHost>
"""
    web = own_httpd(conf)
    first, second = web.keys.create(), other.create()

    def at(host, key):
        return web.get("/s/x/hello.html", key=key, headers={"Host": host}).status

    try:
        assert (at("one.test", first), at("two.test", second)) == (200, 200)
        assert (at("one.test", second), at("two.test", first)) == (401, 401)
        web.keys.revoke(first)
        other.revoke(second)
        time.sleep(1)
        assert (at("one.test", first), at("two.test", second)) == (401, 401)
    finally:
        web.stop()
        other.close()


@pytest.mark.slow
def test_stopping_while_the_database_hangs(own_httpd, pgsql_keys, postgres):
    """The reading of the log hangs in the database; httpd waits for the child that runs it no longer
    than for any other that is busy, and kills it."""
    web = own_httpd(CONF, database=pgsql_keys, processes=2, threads=4)
    assert go(web, pgsql_keys.create()) == 200
    web.expect(r"AH00045|AH00046|AH00049|AH0063[0-9]|dbd")
    session = subprocess.Popen(
        [f"{postgres.bin}/psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(postgres.port), "-U",
         postgres.role, "-d", pgsql_keys.name, "-c",
         "BEGIN; LOCK TABLE api_changes IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(25); COMMIT"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.5)
        start = time.monotonic()
        web.process.send_signal(signal.SIGTERM)
        web.process.wait(20)
        assert time.monotonic() - start < 15
    finally:
        session.terminate()
        session.wait()
