# SPDX-License-Identifier: Apache-2.0
"""ApiGuardParam: arguments and fields that are not what a section expects do not reach the application; what it has a default
for, the application is told wherever it may look."""

import pytest

from support.backend import Backend, header_of
from support.problem import assert_refused

LINES = """
ApiGuardParam page type=integer min=1 max=50 default=1
ApiGuardParam state list enum=open,paid
ApiGuardParam q length=1..5
ApiGuardParam X-Tenant in=header type=uuid
ApiGuardParam X-Mode in=header default=fast
"""
SECTIONS = {
    "proxy": LINES,
    "strict": LINES + "ApiGuardParam * refuse",
    "needs": "ApiGuardParam id required type=integer",
    "keyed": "AuthType ApiGuard\nRequire valid-user\nApiGuardKeyFrom query:apikey\nApiGuardParam * refuse",
    "dear": "ApiGuardRateLimit 2/day by=ip\nApiGuardParam id type=integer",
    "slow": r"ApiGuardParam id pattern=(b?)(?:a|aa)+\1c",
}
CONF = "".join(f'<Location "/{name}/">\n{lines}\nProxyPass "http://127.0.0.1:{{backend}}/"\n</Location>\n'
               for name, lines in SECTIONS.items()) + r"""
ScriptAlias "/cgi/" "{root}/htdocs/cgi/"
<Location "/cgi/">
""" + LINES + r"""
    Require all granted
</Location>
<Location "/raw/">
    ApiGuardParam page default="1 & 2"
    ProxyPass "http://127.0.0.1:{backend}/" nocanon
</Location>
RewriteEngine On
RewriteRule "^/ne/(.*)" "http://127.0.0.1:{backend}/$1" [P,NE]
RewriteRule "^/rewritten/(.*)" "http://127.0.0.1:{backend}/$1" [P]
<LocationMatch "^/(ne|rewritten)/">
    ApiGuardParam page default="1 & 2"
</LocationMatch>
<Directory "{root}/htdocs/front">
    ApiGuardParam page type=integer default=1
    RewriteEngine On
    RewriteCond "%{QUERY_STRING}" "page=1$"
    RewriteRule "^a$" "/proxy/first" [PT]
    FallbackResource "/cgi/env"
</Directory>
<Location "/owned/">
    ErrorDocument 404 /owned/err.html?from=server
    ApiGuardParam id required
    ApiGuardParam * refuse
</Location>
<Directory "{root}/htdocs/tenant">
    AllowOverride AuthConfig
    ApiGuardParam page type=integer
</Directory>
"""
SCRIPT = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n%s\\n%s\\n' "$QUERY_STRING" "$HTTP_X_MODE"
"""
TENANT = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


@pytest.fixture(scope="module")
def web(make_httpd):
    backend = Backend()
    server = make_httpd(CONF, modules=("proxy", "proxy_http", "rewrite", "cgi"), words={"backend": backend.port},
                        files={"owned/err.html": "my page\n", "front/x.txt": "x", "tenant/x.txt": "x"})
    server.put("cgi/env", SCRIPT, 0o755)
    server.backend = backend
    yield server
    backend.close()


def passes(web, path, **kw):
    answer = web.get(path, **kw)
    assert answer.status == 200, answer
    return answer.json


def refused(web, code, path, **kw):
    before = len(web.backend.seen)
    body = assert_refused(web.get(path, **kw), code)
    assert len(web.backend.seen) == before, "the backend was asked"
    return body


@pytest.mark.parametrize("args", ["page=1", "page=50", "page=%35", "page=2&state=open,paid&state=paid", "page=2&q=%C3%A4%C3%A4",
                                  "page=2&other=%zz;%00&x[]=1", "page=2&q=a%3Bb"])
def test_what_passes_reaches_the_backend_as_it_was_sent(web, args):
    assert passes(web, f"/proxy/x?{args}", headers={"X-Tenant": TENANT})["query"] == args


@pytest.mark.parametrize("args, name, keyword", [
    ("page=0", "page", "min"), ("page=51", "page", "max"), ("page=1.0", "page", "type"), ("page=", "page", "type"),
    ("page", "page", "type"), ("state=open,sold", "state", "enum"), ("state=open&state=sold", "state", "enum"),
    ("q=abcdef", "q", "length"), ("q=", "q", "length"),
])
def test_what_is_not_expected_is_refused(web, args, name, keyword):
    errors = refused(web, "input_rejected", f"/proxy/x?{args}")["errors"]
    assert [(e["in"], e["name"], e["keyword"]) for e in errors] == [("query", name, keyword)]
    assert "pointer" not in errors[0]


@pytest.mark.parametrize("args, keyword", [
    ("page=1&page=1", "list"), ("page=1;q=2", "encoding"), ("page=%zz", "encoding"), ("q=%ff", "encoding"), ("q=%00", "encoding"),
    ("page[]=1", "name"), ("page%5B%5D=1", "name"), ("page.x=1", "name"), ("+page=1", "name"), ("page%00=1", "name"),
    ("PAGE=1", "name"), ("x=1;page=2", "name"), ("page[a][b]=1", "name"), ("?page=1", "name"),
])
def test_what_backends_read_differently_is_refused(web, args, keyword):
    errors = refused(web, "input_invalid", f"/proxy/x?{args}")["errors"]
    assert [e["keyword"] for e in errors] == [keyword]


def test_all_findings_are_told_and_no_value(web):
    body = refused(web, "input_rejected", "/strict/x?page=secret1&state=secret2&secret3=secret4", headers={"X-Tenant": "secret5"})
    assert [(e["in"], e.get("name"), e["keyword"]) for e in body["errors"]] == [
        ("query", "page", "type"), ("query", "state", "enum"), ("query", None, "unknown"), ("header", "X-Tenant", "type")]
    assert "secret" not in str(body)
    assert "secret" not in [line for line in web.error_log().splitlines() if "AG0140" in line][-1].partition("\"detail\"")[2]


def test_an_unknown_argument_is_refused_where_that_is_said(web):
    passes(web, "/proxy/x?other=1")
    refused(web, "input_rejected", "/strict/x?other=1")
    passes(web, "/strict/x?page=1")
    passes(web, "/strict/x")


def test_a_key_in_an_argument_is_known(web):
    key = web.keys.create(client="acme")
    assert passes(web, f"/keyed/x?apikey={key}")["query"] == ""
    refused(web, "input_rejected", f"/keyed/x?apikey={key}&other=1")


def test_a_required_argument(web):
    passes(web, "/needs/x?id=1")
    for args in ("", "?", "?id", "?id=", "?x=id"):
        errors = refused(web, "input_rejected", f"/needs/x{args}")["errors"]
        assert errors[0]["keyword"] == "required"


@pytest.mark.parametrize("fields, code", [
    ([("X-Tenant", TENANT)], None), ([("x-tenant", TENANT)], None), ([("X-Tenant", "1")], "input_rejected"),
    ([("X_Tenant", TENANT)], "input_invalid"), ([("X-Tenant", TENANT), ("X_Tenant", TENANT)], "input_invalid"),
    ([("X-Tenant", TENANT), ("X-Tenant", TENANT)], "input_rejected"),
])
def test_a_field(web, fields, code):
    if code:
        refused(web, code, "/proxy/x", headers=fields)
    else:
        passes(web, "/proxy/x", headers=fields)


def test_more_than_a_thousand_arguments_are_refused(web):
    passes(web, "/proxy/x?" + "&".join(["a"] * 1000))
    assert "1000" in refused(web, "input_invalid", "/proxy/x?" + "&".join(["a"] * 1001))["detail"]


def test_a_refused_request_was_work(web):
    """Reading took work, so the limit has counted it."""
    refused(web, "input_rejected", "/dear/x?id=a")
    refused(web, "input_rejected", "/dear/x?id=a")
    assert_refused(web.get("/dear/x?id=1"), "rate_exceeded")


def test_a_pattern_that_explodes_is_stopped(web):
    body = refused(web, "input_rejected", "/slow/x?id=" + "a" * 60 + "dc")
    assert "takes too long" in body["errors"][0]["detail"]
    assert "AG1010: ApiGuardParam id: " in web.error_log()


# ---- defaults ------------------------------------------------------------------------------------


@pytest.mark.parametrize("args, told", [
    ("", "page=1"), ("?", "page=1"), ("?q=a", "q=a&page=1"), ("?q=a+b%26", "q=a+b%26&page=1"), ("?page=2", "page=2"),
])
def test_a_backend_is_told_the_default(web, args, told):
    request = passes(web, f"/proxy/x{args}")
    assert request["query"] == told
    assert header_of(request, "X-Mode") == ["fast"]
    script = web.get(f"/cgi/env{args}")
    assert script.text.splitlines() == [told, "fast"], script


def test_a_field_that_is_sent_needs_no_default(web):
    assert header_of(passes(web, "/proxy/x", headers={"X-Mode": "slow"}), "X-Mode") == ["slow"]


@pytest.mark.parametrize("place", ["raw", "ne", "rewritten"])
def test_a_target_that_was_made_before_has_the_default_too(web, place):
    """nocanon, [P,NE] and [P] take their target from the request before it is checked."""
    assert passes(web, f"/{place}/x")["query"] == "page=1+%26+2"
    assert passes(web, f"/{place}/x?a=1")["query"] == "a=1&page=1+%26+2"
    assert passes(web, f"/{place}/x?page=3")["query"] == "page=3"


def test_later_phases_and_redirects_have_the_default(web):
    """A per-directory RewriteRule reads it in %{QUERY_STRING}; what a fallback is asked keeps it, and is told once."""
    assert passes(web, "/front/a")["query"] == "page=1"
    assert web.get("/front/nothing").text.splitlines()[0] == "page=1"
    assert web.get("/front/nothing?page=3").text.splitlines()[0] == "page=3"


def test_an_error_document_has_no_arguments_of_the_client(web):
    """Without the client's arguments it was refused where one is required: no page, and a refusal in the log that was none."""
    answer = web.get("/owned/nothing?id=1")
    assert (answer.status, answer.text) == (404, "my page\n")
    assert_refused(web.get("/owned/nothing"), "input_rejected")


# ---- .htaccess -----------------------------------------------------------------------------------


def test_htaccess_narrows(web):
    web.put("tenant/.htaccess", "ApiGuardParam page enum=1,a\nApiGuardParam id required\n")
    assert web.get("/tenant/x.txt?page=1&id=x").status == 200
    refused(web, "input_rejected", "/tenant/x.txt?page=a&id=x")
    refused(web, "input_rejected", "/tenant/x.txt?page=2&id=x")
    refused(web, "input_rejected", "/tenant/x.txt?page=1")
    web.expect(r"\.htaccess")
    web.put("tenant/.htaccess", "ApiGuardParam page off\n")
    assert web.get("/tenant/x.txt?page=1").status == 500
