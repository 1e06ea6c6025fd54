# SPDX-License-Identifier: Apache-2.0
"""Keys in queries, masked wherever httpd itself writes them down."""

import time

import pytest

CONF = """
LogFormat "%r|%f|%U%q|%>s" queries
CustomLog {root}/logs/queries.log queries
RewriteEngine On
RewriteRule "^/moved/(.*)" "/s/query/$1" [R]
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
<Location "/s/guarded/">
    AuthType ApiGuard
    ApiGuardPassHeaders on
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    yield make_httpd(CONF, modules=("proxy", "proxy_http", "rewrite"), words={"backend": backend.port},
                     files={"no.html": "page\n"})


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


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
    """The page is a request of its own, with the first one's line."""
    answer = web.get(f"/s/query-ip/hello.html?apikey={key}&mark=page")
    assert answer.status == 403
    line = logged(web, "mark=page", key)
    assert line.split("|")[0] == "GET /s/query-ip/hello.html?apikey=***&mark=page HTTP/1.1"


def test_where_a_client_is_sent_is_masked(web, key):
    """mod_rewrite keeps it in the place of the file's name, which %f shows."""
    assert web.get(f"/moved/hello.html?mark=moved&apikey={key}").status == 302
    assert logged(web, "mark=moved", key)


@pytest.mark.parametrize("mark, rest", [
    ("hostless", "HTTP/1.1\r\n\r\n"),
    ("badfield", "HTTP/1.1\r\nHost: a\r\nBad Field: x\r\n\r\n"),
    ("nofield", "HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n")])
def test_a_bad_request_s_query_key_is_masked(web, key, mark, rest):
    """httpd answers it before any section is found."""
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
