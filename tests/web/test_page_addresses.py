# SPDX-License-Identifier: Apache-2.0
"""Whose address holds a key tells it in more fields than Referer, and httpd adds Referer to every line of its
error log.

Found from outside: a line written before a section had been found out, or in an open one, ended in
"referer: http://...?apikey=KEY"; HX-Current-URL, Ping-From and what proxies call the address they were asked for
reached the backend as they were sent; ApiGuardHideCredentials none left the raw target in AH01630."""

import pytest

from support.backend import header_of
from support.verdict import secrets

CONF = """
LogLevel debug proxy:info proxy_http:info
LogFormat "%U %f %{Referer}i %{HX-Current-URL}i" told
CustomLog logs/told.log told
<Location "/p/">
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<LocationMatch "^/(p|s)/guarded/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key query:apikey
    Require valid-user
</LocationMatch>
<Location "/s/guarded/denied/">
    <RequireAll>
        Require ip 192.0.2.0/24
        Require valid-user
    </RequireAll>
</Location>
ProxyPass "/raw/" "http://127.0.0.1:{backend}/" nocanon
<Location "/raw/">
    AuthType ApiGuard
    ApiGuardKeyFrom query:apikey
    ApiGuardHideCredentials none
    Require valid-user
</Location>
<Location "/raw/denied/">
    <RequireAll>
        Require ip 192.0.2.0/24
        Require valid-user
    </RequireAll>
</Location>
"""

FIELDS = ["Referer", "HX-Current-URL", "Ping-From", "Ping-To", "X-Original-URL", "X-Original-URI",
          "X-Rewrite-URL", "X-Forwarded-URI", "X-Envoy-Original-Path", "X-Up-Location",
          "Turbolinks-Referrer", "Content-Location", "Destination"]


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    server = make_httpd(CONF, modules=("proxy", "proxy_http"), words={"backend": backend.port})
    server.key = server.keys.create(client="acme")
    secrets.add(server.key)  # the fixture looks for it in the logs after each test
    return server


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("path", ["/p/guarded/x", "/p/open/x"])
def test_no_field_with_an_address_tells_a_key(web, name, path):
    answer = web.get(path, key=web.key if "guarded" in path else None,
                     headers={name: f"http://api.test/page?a=1&apikey={web.key}&b=2#x"})
    assert header_of(answer.json, name) == ["http://api.test/page?a=1&apikey=***&b=2#x"]


def test_another_field_is_left_alone(web):
    sent = "https://partner.test/hook?apikey=of-the-partner"
    answer = web.get("/p/guarded/x", key=web.key, headers={"X-Callback": sent})
    assert header_of(answer.json, "X-Callback") == [sent]


@pytest.mark.parametrize("path", ["/s/guarded/denied/hello.html", "/s/guarded/hello.html", "/s/guarded/none",
                                  "/s/open/hello.html", "/s/open/none", "/%zz"])
def test_no_line_of_the_error_log_tells_the_page(web, path):
    web.expect("AH01630", "AH10244", "AH02811")
    for fields in {}, {"X-API-Key": web.key}:
        web.get(path, headers={**fields, "Referer": f"http://api.test/page?apikey={web.key}"})
    assert "guarded" not in path or web.wait_log(r"referer: http://api.test/page\?apikey=\*\*\*")


def test_where_nothing_is_hidden_logs_show_no_raw_target_either(web):
    web.expect("AH01630")
    assert web.get(f"/raw/denied/x?apikey={web.key}").status == 403
    assert web.wait_log(r"AH01630: .*/denied/x\?apikey=\*\*\*")


def test_and_what_is_let_in_gets_it_as_it_was_sent(web):
    answer = web.get(f"/raw/x?a=1&apikey={web.key}", secret=False)
    assert answer.json["query"] == f"a=1&apikey={web.key}"
    assert web.key not in web.named_log("told.log", "/raw/x proxy:http")


def test_a_query_behind_a_query_is_masked(web):
    """A client that put "?apikey=" behind an address that had arguments is not let in; the log had its key."""
    assert web.get(f"/s/guarded/hello.html?a=1?apikey={web.key}").status == 401
    assert web.wait_log(r"a=1\?apikey=\*\*\*", access=True)
