# SPDX-License-Identifier: Apache-2.0
"""Memory and time of requests that are made to take much of them."""

import http.client
import json
import re
import time

import pytest

from support.problem import assert_refused

CONF = """
LogFormat "%r|%U%q|%>s" queries
CustomLog {root}/logs/queries.log queries
<Location "/s/query/">
    AuthType ApiGuard
    ApiGuardKeyFrom query:apikey
    ApiGuardRateLimit 1/day
</Location>
<Location "/s/guarded/">
    AuthType ApiGuard
    ApiGuardPassHeaders on
    Require valid-user
</Location>
"""


def memory(server, field):
    """VmHWM or VmRSS of the child with most of it, in kB."""
    found = []
    for child in server.children():
        with open(f"/proc/{child}/status") as f:
            found.append(int(re.search(rf"{field}:\s+(\d+)", f.read()).group(1)))
    return max(found)


@pytest.fixture(scope="module")
def single(make_httpd):
    """A server of one child, so that one child's memory is the server's."""
    return make_httpd("MaxKeepAliveRequests 0\nKeepAliveTimeout 10\n"
                      "ApiGuardKeyFrom query:apikey header:X-API-Key\n" + CONF,
                      modules=("proxy", "proxy_http"), words={"backend": 9},
                      processes=1)


def grown(server, ask):
    """(the answer, how many kB the child grew at most, seconds) of one request."""
    before, start = memory(server, "VmHWM"), time.monotonic()
    answer = ask()
    return answer, memory(server, "VmHWM") - before, time.monotonic() - start


def test_a_query_of_a_thousand_empty_keys_is_answered_at_once(single):
    """Neither time nor memory grows with the square of how many there are."""
    single.get("/s/guarded/hello.html")
    for argument, code in (("apikey=&", "credential_missing"), ("apikey=a&", "credential_ambiguous"),
                           ("a=1;%61pikey[]=a&", "credential_ambiguous")):
        path = "/s/guarded/hello.html?" + argument * (8000 // len(argument))
        answer, size, seconds = grown(single, lambda: single.client.raw_request("GET", path))
        assert_refused(answer, code)
        assert size < 4000 and seconds < 1


def test_a_key_of_many_scopes_is_told_to_the_backend_at_once(single):
    """Neither time nor memory grows with the square of how many there are."""
    few = single.keys.insert("imported-few-0123456789", permissions='["a"]')
    many = single.keys.insert("imported-many-0123456789", permissions=json.dumps(["a"] * 16000))
    assert single.get("/s/guarded/hello.html", key=few).status == 200
    answer, size, seconds = grown(single, lambda: single.get("/s/guarded/hello.html", key=many))
    assert answer.status == 200
    assert size < 12000 and seconds < 1


def storm(server, n):
    connection = http.client.HTTPConnection(server.client.host, server.port, timeout=10)
    statuses = set()
    for i in range(n):
        connection.request("GET", "/s/guarded/hello.html",
                           headers={"X-API-Key": f"unknown-{i:012}"})
        answer = connection.getresponse()
        answer.read()
        statuses.add(answer.status)
    connection.close()
    return statuses


@pytest.mark.slow
def test_a_statement_that_fails_leaves_nothing_behind(single):
    """Each failure left something in the memory of its connection."""
    single.expect(r"AG04\d\d")
    single.keys.sql("ALTER TABLE api_keys RENAME TO gone")
    try:
        assert storm(single, 500) == {503}
        before = memory(single, "VmRSS")
        assert storm(single, 10000) == {503}
        assert memory(single, "VmRSS") - before < 2500
    finally:
        single.keys.sql("ALTER TABLE gone RENAME TO api_keys")
