# SPDX-License-Identifier: Apache-2.0
"""QUERY (RFC 10008), a GET with a body: httpd 2.4 does not know it, the module tells it."""

import json

import pytest

from support.backend import Backend
from support.fields import limits
from support.problem import assert_refused

OURS = "AuthType ApiGuard\nAuthName q\n"
SECTIONS = {
    "valid": OURS + "Require valid-user",
    "only": OURS + "<RequireAll>\nRequire valid-user\nRequire method QUERY\n</RequireAll>",
    "limit": OURS + "<Limit QUERY>\nRequire api-scope search\n</Limit>\n"
                    "<LimitExcept QUERY>\nRequire api-scope other\n</LimitExcept>",
    "scopes": OURS + "ApiGuardMethodScopes QUERY=search GET=read\nRequire valid-user",
    "star": OURS + "ApiGuardMethodScopes GET=read *=admin\nRequire valid-user",
    "rate": OURS + "ApiGuardRateLimit 2/day\nRequire valid-user",
    "when": "ApiGuardRateLimit 1/day by=ip \"when=%{REQUEST_METHOD} == 'QUERY'\"",
}
CONF = "".join(f'<Location "/{name}/">\n{lines}\nProxyPass "http://127.0.0.1:{{backend}}/"\n</Location>\n'
               for name, lines in SECTIONS.items()) + '<Location "/s/file/">\n' + SECTIONS["valid"] + "\n</Location>\n"
BODY = json.dumps({"select": ["a", "b"], "limit": 5})


@pytest.fixture(scope="module")
def web(make_httpd):
    backend = Backend()
    server = make_httpd(CONF, modules=("proxy", "proxy_http"), words={"backend": backend.port})
    server.backend = backend
    yield server
    backend.close()


@pytest.fixture(scope="module")
def keys(web):
    return {scope: web.keys.create(client=scope, scopes=[scope]) for scope in ("search", "other", "read", "admin")}


def query(web, path, key=None, body=BODY):
    return web.request("QUERY", path, key=key, body=body, headers={"Content-Type": "application/json"})


def test_it_reaches_the_backend_with_its_body(web, keys):
    answer = query(web, "/valid/items", keys["search"])
    assert answer.status == 200
    assert (answer.json["method"], answer.json["body"]) == ("QUERY", BODY)
    assert_refused(query(web, "/valid/items"), "credential_missing")


def test_require_method(web, keys):
    assert query(web, "/only/items", keys["search"]).status == 200
    assert_refused(web.get("/only/items", key=keys["search"]), "access_denied")


def test_limit_and_limit_except(web, keys):
    assert query(web, "/limit/items", keys["search"]).status == 200
    assert_refused(query(web, "/limit/items", keys["other"]), "scope_insufficient")
    assert web.get("/limit/items", key=keys["other"]).status == 200
    assert_refused(web.get("/limit/items", key=keys["search"]), "scope_insufficient")


def test_method_scopes(web, keys):
    """Like any method it is allowed by name, or by the star: what may GET may not QUERY."""
    assert query(web, "/scopes/items", keys["search"]).status == 200
    answer = query(web, "/scopes/items", keys["read"])
    assert assert_refused(answer, "scope_insufficient")["detail"] == "The key or token does not allow QUERY"
    assert web.get("/scopes/items", key=keys["read"]).status == 200
    assert_refused(web.get("/scopes/items", key=keys["search"]), "scope_insufficient")
    assert query(web, "/star/items", keys["admin"]).status == 200
    assert_refused(query(web, "/star/items", keys["read"]), "scope_insufficient")


def test_endpoints_of_a_key(web):
    key = web.keys.create(endpoints=["QUERY /valid/items", "GET /valid/other"])
    assert query(web, "/valid/items", key).status == 200
    assert_refused(web.get("/valid/items", key=key), "endpoint_denied")
    assert_refused(query(web, "/valid/other", key), "endpoint_denied")


def test_limits(web, keys):
    key = web.keys.create(client="counted")
    assert limits(query(web, "/rate/items", key))["2/day"]["r"] == 1
    assert limits(web.get("/rate/items", key=key))["2/day"]["r"] == 0
    assert_refused(query(web, "/rate/items", key), "rate_exceeded")
    assert web.get("/when/items").status == query(web, "/when/items").status == 200
    assert_refused(query(web, "/when/items"), "rate_exceeded")
    assert web.get("/when/items").status == 200


def test_a_file_has_no_use_for_it(web, keys):
    """httpd's own handler reads files; it says what it allows."""
    answer = query(web, "/s/file/hello.html", keys["search"])
    assert answer.status == 405 and "GET" in answer.header("Allow")


def test_after_a_reload(web, keys):
    web.graceful()
    assert query(web, "/only/items", keys["search"]).status == 200
