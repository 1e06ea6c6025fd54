# SPDX-License-Identifier: Apache-2.0
"""The core on each of httpd's process models."""

import os
import time

import pytest

from support.fields import limits
from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused
from support.waiting import kill

SIGNER = Key("ES256")

CONF = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    ApiGuardJWTKey ES256 file:{keyfile}
    ApiGuardRateLimit 500/day
    Require valid-user
</Location>
<Location "/s/scope/">
    AuthType ApiGuard
    AuthName "scope"
    Require api-scope write
</Location>
<Location "/s/hundred/">
    ApiGuardRateLimit 100/day by=global
</Location>
<Location "/s/kept/">
    ApiGuardRateLimit 5/day by=ip
</Location>
"""


@pytest.fixture(scope="module", params=["event", "worker", "prefork"])
def web(request, make_httpd):
    folder = Directory("mpm")
    keyfile = folder.write("es256.pem", SIGNER.file())
    yield make_httpd(CONF, mpm=request.param, processes=4, threads=8, words={"keyfile": keyfile})
    folder.close()


def test_it_runs_on_that_mpm(web):
    with open(web.conf_path) as f:
        assert f"mpm_{web.settings['mpm']}_module" in f.read()
    assert len(web.children()) >= 4


def test_keys_and_tokens(web):
    key = web.keys.create(client="acme")
    for _ in range(8):
        assert web.get("/s/x/hello.html", key=key).status == 200
        assert web.get("/s/x/hello.html", bearer=SIGNER.token()).status == 200
        assert_refused(web.get("/s/x/hello.html"), "credential_missing")
        assert_refused(web.get("/s/x/hello.html", key="unknown-0123456789"), "key_invalid")
        assert_refused(web.get("/s/scope/hello.html", key=key), "scope_insufficient")


def test_counts_are_shared_by_all_processes(web):
    key = web.keys.create(client="counted")
    rest = [limits(web.get("/s/x/hello.html", key=key))["500/day"]["r"] for _ in range(20)]
    assert rest == list(range(499, 479, -1))


def test_exactly_100_pass(web):
    seen = web.client.storm(8, 25, "/s/hundred/hello.html")
    assert (seen.count(200), seen.count(429)) == (100, 100)


@pytest.mark.slow
def test_a_revocation_reaches_all_processes(web):
    key = web.keys.create()
    headers = [("X-API-Key", key)]
    assert set(web.client.burst(30, "/s/x/hello.html", headers)) == {200}
    web.keys.revoke(key)
    time.sleep(2.2)
    assert set(web.client.burst(30, "/s/x/hello.html", headers)) == {401}


def test_a_killed_child_is_replaced(web):
    web.expect(r"AH00052: child pid \d+ exit signal Killed")
    kill(web.children()[0])
    key = web.keys.create()
    for _ in range(20):
        assert web.get("/s/x/hello.html", key=key).status == 200
        time.sleep(0.02)


def test_graceful_and_restart(web):
    path = "/s/kept/hello.html"
    key = web.keys.create()
    assert [web.get(path).status for _ in range(3)] == [200] * 3
    web.graceful()
    assert [web.get(path).status for _ in range(3)] == [200, 200, 429]
    assert web.get("/s/x/hello.html", key=key).status == 200
    web.restart()
    assert web.get("/s/x/hello.html", key=key).status == 200
    assert_refused(web.get("/s/x/hello.html"), "credential_missing")


@pytest.mark.slow
def test_requests_during_graceful_restarts_are_all_answered(web):
    key = web.keys.create()
    child = os.fork()
    if child == 0:
        bad = 0
        for _ in range(100):
            try:
                bad += web.get("/s/x/hello.html", key=key).status != 200
            except OSError:
                bad += 1
        os._exit(min(bad, 100))
    for _ in range(3):
        web.graceful()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
