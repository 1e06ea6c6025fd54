# SPDX-License-Identifier: Apache-2.0
"""How often a key set is fetched, and what counts as a change of it."""

import pytest

from support.fetched import key_server, lines_of, rsa, section, until_good
from support.jwtmaker import jwks
from support.keyserver import keys, says
from support.waiting import wait_until


@pytest.fixture
def server():
    with key_server() as server:
        yield server


@pytest.mark.slow
def test_how_often(own_httpd, server):
    """refresh= is the longest; a shorter max-age counts, if it is no less than a minute."""
    key = rsa("one")
    server.ways["/quick"] = keys(key, Cache_Control="max-age=3600")
    server.ways["/slow"] = keys(key, Cache_Control="max-age=0")
    web = own_httpd(section("a", server, "/quick", "refresh=1s") + section("b", server, "/slow"), database=None)
    until_good(web, key.token())
    until_good(web, key.token(), "b")
    wait_until(lambda: len(server.times("/quick")) >= 4)
    times = server.times("/quick")
    assert all(0.85 < b - a < 8 for a, b in zip(times, times[1:])), times
    assert len(server.times("/slow")) == 1
    assert len(lines_of(web, "AG0902")) == 2  # nothing has changed


@pytest.mark.slow
def test_refresh_that_a_reload_shortens(own_httpd, server):
    """It holds at once: the shared page kept the time that the longer one had planned, up to a day ahead."""
    key = rsa("one")
    server.ways["/keys"] = keys(key, Cache_Control="max-age=86400")
    web = own_httpd(section("a", server), database=None)
    until_good(web, key.token())
    web.configure(section("a", server, more="refresh=1s"))
    web.graceful()
    wait_until(lambda: len(server.asked) >= 3)


@pytest.mark.slow
def test_the_same_set_is_no_change(own_httpd, server):
    """However many newlines end it: one of them was lost between the answer and the file, so that each fetch was told
    as a change, and read by all children."""
    key = rsa("one")
    server.ways["/keys"] = says(jwks(key) + "\n\r\n\n\n")
    web = own_httpd(section("a", server, more="refresh=1s"), database=None)
    until_good(web, key.token())
    wait_until(lambda: len(server.asked) >= 4)
    assert len(lines_of(web, "AG0902")) == 1


@pytest.mark.slow
def test_a_set_that_stays_without_a_key(own_httpd, server):
    """It is asked for ever more seldom, like one that cannot be fetched, and the log is not told each time: it was
    every two seconds, each with a notice (AG0901) that all was well."""
    key = rsa("one")
    server.ways["/keys"] = keys()
    web = own_httpd(section("a", server), database=None)
    web.expect("AG0904")
    wait_until(lambda: len(server.asked) >= 4, 30)
    times = server.times()
    assert times[3] - times[0] > 11, times
    assert lines_of(web, "AG0901") == [] and len(lines_of(web, "AG0904")) == 1
    server.ways["/keys"] = keys(key)
    until_good(web, key.token(), seconds=40)
    assert len(lines_of(web, "AG0901")) == 1
