# SPDX-License-Identifier: Apache-2.0
"""What got out and what fell over: each test here is a leak, a cache's mix-up, a growth of memory
or an outage that once was."""

import http.client
import json
import re
import time

import pytest

from support.backend import Backend, header_of
from support.problem import assert_refused

CONF = """
LogFormat "%r|%U%q|%>s" queries
CustomLog {root}/logs/queries.log queries
<Location "/s/query/">
    AuthType ApiGuard
    ApiGuardKeyFrom query:apikey
    ApiGuardRateLimit 1/day
</Location>
<Location "/s/query-ip/">
    AuthType ApiGuard
    ApiGuardKeyFrom query:apikey
    ErrorDocument 403 /no.html
    <RequireAll>
        Require ip 192.0.2.1
        Require valid-user
    </RequireAll>
</Location>
<Location "/p/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key bearer basic cookie:sk
    Require valid-user
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/s/guarded/">
    AuthType ApiGuard
    ApiGuardPassHeaders on
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    yield make_httpd(CONF, modules=("proxy", "proxy_http"), words={"backend": backend.port},
                     files={"no.html": "page\n"})


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


# ---- keys in logs --------------------------------------------------------------------------------


def logged(web, mark, key):
    """The line of the log with %r and %q that holds `mark`; no log shows the key."""
    end = time.monotonic() + 3
    lines = []
    while not lines and time.monotonic() < end:
        lines = [line for line in web.named_log("queries.log").splitlines() if mark in line]
        time.sleep(0.02)
    assert lines and key not in web.named_log("queries.log")
    return lines[-1]


def test_a_refused_request_s_query_key_is_masked(web):
    """%q is written from other bytes than %r."""
    key = web.keys.create(client="twice")
    for status in (200, 429):
        assert web.get(f"/s/query/hello.html?apikey={key}&mark=s{status}").status == status
        line = logged(web, f"mark=s{status}", key)
        assert line.startswith("GET /s/query/hello.html?apikey=***&")
        assert line.endswith(f"|{status}")


def test_a_query_key_is_masked_before_an_error_document(web, key):
    answer = web.get(f"/s/query-ip/hello.html?apikey={key}&mark=page")
    assert answer.status == 403
    line = logged(web, "mark=page", key)
    assert line.split("|")[0] == "GET /s/query-ip/hello.html?apikey=***&mark=page HTTP/1.1"


@pytest.mark.parametrize("mark, rest", [
    ("hostless", "HTTP/1.1\r\n\r\n"),
    ("badfield", "HTTP/1.1\r\nHost: a\r\nBad Field: x\r\n\r\n"),
    ("nofield", "HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n")])
def test_a_bad_request_s_query_key_is_masked(web, key, mark, rest):
    answer = web.client.raw(f"GET /s/query/hello.html?mark={mark}&apikey={key} {rest}")
    assert answer.status == 400 and key not in answer.text
    assert logged(web, mark, key).endswith("|400")


def test_a_server_s_query_key_is_masked_where_httpd_itself_complains(own_httpd):
    """The error log's line about a path above the root, and the status page."""
    web = own_httpd("""
        ExtendedStatus On
        ApiGuardKeyFrom query:apikey
        <Location "/status">
            SetHandler server-status
        </Location>
        <Location "/s/guarded/">
            AuthType ApiGuard
            Require valid-user
        </Location>
        """, modules=("status",))
    key = web.keys.create()
    web.expect("AH10244")
    assert web.get(f"/s/guarded/hello.html?apikey={key}").status == 200
    assert web.client.raw_request("GET", f"/s/guarded/../../../x?apikey={key}").status == 400
    assert web.wait_log(r"AH10244.*apikey=\*\*\*")
    status = web.get("/status").text
    assert "/s/guarded/hello.html?apikey=***" in status and key[:20] not in status


# ---- keys at the backend -------------------------------------------------------------------------


@pytest.mark.parametrize("fields, left", [
    (["X-API-Key: KEY", "Authorization: Bearer KEY"], None),
    (["Authorization: Bearer KEY", "Cookie: sk=KEY"], None),
    (["Cookie: a=1", "Cookie: sk=KEY", "Cookie: b=2"], "ab"),
    (["Cookie: a=1;\tsk=KEY"], "a"), (["Cookie: a=1;  sk=KEY;b=2"], "ab"),
    (["Cookie: sk=KEY \t; a=1"], "a")])
def test_one_key_shown_twice_or_oddly_never_arrives(web, key, fields, left):
    answer = web.client.raw_request("GET", "/p/x", [f.replace("KEY", key) for f in fields])
    assert answer.status == 200
    assert key not in json.dumps(answer.json["headers"])
    assert header_of(answer.json, "Authorization") == []
    names = re.findall(r"(\w+)=", " ".join(header_of(answer.json, "Cookie")))
    assert "".join(names) == (left or "")


def test_one_key_as_field_and_basic_password_never_arrives(web, key):
    answer = web.get("/p/x", key=key, basic=("acme", key))
    assert answer.status == 200
    assert header_of(answer.json, "Authorization") == header_of(answer.json, "X-API-Key") == []


# ---- caches --------------------------------------------------------------------------------------


def test_a_404_to_somebody_is_private(web, key):
    """It may be cached as well, and tells what this client may not see."""
    answer = web.get("/s/guarded/no-such-file.html", key=key)
    assert answer.status == 404 and answer.header("Cache-Control") == "private, no-cache"


CACHED = """
CacheQuickHandler off
CacheEnable socache "/c/"
CacheSocache shmcb
CacheHeader on
<Location "/c/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key bearer
    ApiGuardPassHeaders on
    Require valid-user
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/c/open/">
    AuthType None
    Require all granted
    ApiGuardEnforce require
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
"""


@pytest.fixture(scope="module")
def cached(make_httpd):
    backend = Backend()
    web = make_httpd(CACHED, modules=("proxy", "proxy_http", "cache", "cache_socache",
                                      "socache_shmcb"), words={"backend": backend.port})
    web.backend = backend
    yield web
    backend.close()


SAID = ["max-age=60", "public, max-age=60", "s-maxage=60", "max-age=60, must-revalidate",
        'max-age=60, no-cache="private"', 'max-age=60, x="private"']


def test_the_cache_of_these_tests_works(cached):
    cached.backend.extra[:] = [("Cache-Control", "max-age=60")]
    answers = [cached.get("/c/open/x") for _ in range(2)]
    assert "HIT" in answers[1].header("X-Cache")


@pytest.mark.parametrize("shown", ["key", "bearer"])
@pytest.mark.parametrize("said", SAID)
def test_mod_cache_never_serves_one_client_s_answer_to_another(cached, said, shown):
    cached.backend.extra[:] = [("Cache-Control", said)]
    path = f"/c/me-{SAID.index(said)}-{shown}"
    for client in ("alice", "carol", "alice"):
        key = cached.keys.create(client=client)
        answer = cached.get(path, **{shown: key})
        assert answer.status == 200
        assert header_of(answer.json, "X-ApiGuard-Client") == [client]


# ---- memory and time -----------------------------------------------------------------------------


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
    single.get("/s/guarded/hello.html")
    for argument, code in (("apikey=&", "credential_missing"), ("apikey=a&", "credential_ambiguous"),
                           ("a=1;%61pikey[]=a&", "credential_ambiguous")):
        path = "/s/guarded/hello.html?" + argument * (8000 // len(argument))
        answer, size, seconds = grown(single, lambda: single.client.raw_request("GET", path))
        assert_refused(answer, code)
        assert size < 4000 and seconds < 1


def test_a_key_of_many_scopes_is_told_to_the_backend_at_once(single):
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
    single.expect(r"AG04\d\d")
    single.keys.sql("ALTER TABLE api_keys RENAME TO gone")
    try:
        assert storm(single, 500) == {503}
        before = memory(single, "VmRSS")
        assert storm(single, 10000) == {503}
        assert memory(single, "VmRSS") - before < 2500
    finally:
        single.keys.sql("ALTER TABLE gone RENAME TO api_keys")


# ---- restarts ------------------------------------------------------------------------------------

SERVERS = """
<Location "/s/x/">
    AuthType ApiGuard
    Require valid-user
</Location>
""" + "".join(f"<VirtualHost *:{{port}}>\nServerName v{i}.test\n</VirtualHost>\n"
              for i in range(50))


@pytest.mark.slow
def test_edits_and_graceful_restarts_with_many_virtual_hosts_are_survived(own_httpd):
    """Each edit moves every virtual host by a line."""
    web = own_httpd(SERVERS, processes=1)
    web.let_go = lambda: time.sleep(0.02)
    key = web.keys.create()
    assert web.get("/s/x/hello.html", key=key).status == 200
    for edit in range(1, 25):
        web.configure("#\n" * edit + SERVERS)
        web.graceful()
    assert web.get("/s/x/hello.html", key=key).status == 200
    web.keys.revoke(key)
    time.sleep(1.5)
    assert_refused(web.get("/s/x/hello.html", key=key), "key_revoked")
