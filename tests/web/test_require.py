# SPDX-License-Identifier: Apache-2.0
"""Require: our rules alone, among each other and beside httpd's own; 403 with the right reason."""

import pytest

from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused

SIGNER = Key("HS256")

RULES = {
    "client": "Require api-client acme",
    "client-kind": "Require api-client key:acme",
    "client-jwt": "Require api-client jwt:acme",
    "client-wild": "Require api-client ac*",
    "client-several": "Require api-client other acme",
    "scope": "Require api-scope orders:read",
    "scope-several": "Require api-scope orders:write orders:read",
    "role": "Require api-role admin boss",
    "claim": "Require api-claim tenant:acme",
    "claim-path": "Require api-claim org.unit.id:7",
    "claim-quoted": 'Require api-claim "https://x.example/roles":admin',
    "claim-url": "Require api-claim https://x.example/roles:admin",
    "claim-dot": r"Require api-claim a\.b:yes",
    "claim-regex": "Require api-claim email~[a-z]+@example[.]org",
    "claim-words": 'Require api-claim name:"Anna Lee" level:9',
    "ip-in": "Require api-ip 127.0.0.0/8 ::1",
    "ip-out": "Require api-ip 192.0.2.0/24 2001:db8::/32",
    "ip-short": "Require api-ip 127.0",
    "ip-mask": "Require api-ip 127.0.0.0/255.0.0.0",
    "ip-all": "Require api-ip 0.0.0.0/0",
    "ip-mapped": 'Require api-ip "::ffff:127.0.0.1"',
    "ip-file": "Require api-ip file:{folder}/good.txt",
    "ip-file-empty": "Require api-ip file:{folder}/empty.txt",
    "kind-key": "Require api-credential key",
    "kind-jwt": "Require api-credential jwt",
    "kind-both": "Require api-credential key jwt",
    "all-scope-ip": "<RequireAll>\nRequire api-scope orders:read\nRequire api-ip 192.0.2.1\n"
                    "</RequireAll>",
    "all-scope-role": "<RequireAll>\nRequire api-scope orders:read\nRequire api-role boss\n"
                      "</RequireAll>",
    "any-scope-role": "<RequireAny>\nRequire api-scope admin\nRequire api-role boss\n</RequireAny>",
    "any-grants": "<RequireAny>\nRequire api-scope admin\nRequire api-client acme\n</RequireAny>",
    "any-late": "<RequireAny>\n<RequireAll>\nRequire api-scope admin\nRequire api-ip 192.0.2.1\n"
                "</RequireAll>\nRequire user somebody\n</RequireAny>",
    "all-ip": "<RequireAll>\nRequire ip 127.0.0.1\nRequire api-scope orders:read\n</RequireAll>",
    "all-ip-out": "<RequireAll>\nRequire ip 192.0.2.1\nRequire api-scope orders:read\n"
                  "</RequireAll>",
    "all-method": "<RequireAll>\nRequire method GET HEAD\nRequire api-scope orders:read\n"
                  "</RequireAll>",
    "all-expr": "<RequireAll>\nRequire expr %{HTTP:X-Team} == 'blue'\nRequire valid-user\n"
                "</RequireAll>",
    "any-expr": "<RequireAny>\nRequire expr %{HTTP:X-Team} == 'blue'\nRequire api-scope admin\n"
                "</RequireAny>",
    "by-method": "<RequireAny>\n<RequireAll>\nRequire method GET\nRequire api-scope orders:read\n"
                 "</RequireAll>\n<RequireAll>\nRequire method POST\n"
                 "Require api-scope orders:write\n</RequireAll>\n</RequireAny>",
    "user": "Require user acme",
    "user-other": "Require user somebody",
    "not-client": "<RequireAll>\nRequire valid-user\nRequire not api-client acme\n</RequireAll>",
    "not-scope": "<RequireAll>\nRequire valid-user\nRequire not api-scope orders:read\n"
                 "</RequireAll>",
    "not-ip": "<RequireAll>\nRequire valid-user\nRequire not api-ip 127.0.0.0/8\n</RequireAll>",
    "not-other": "<RequireAll>\nRequire valid-user\nRequire not api-client mallory\n</RequireAll>",
    "none": "<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire api-client acme\n"
            "Require api-role boss\n</RequireNone>\n</RequireAll>",
    "none-other": "<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire api-client mallory\n"
                  "</RequireNone>\n</RequireAll>",
    "deny": "Require all denied",
    "nested": "<RequireAll>\nRequire api-client acme\n<RequireAny>\nRequire api-scope admin\n"
              "Require api-ip 127.0.0.1\n</RequireAny>\n</RequireAll>",
}

SECTION = """
<Location "/s/{name}/">
    AuthType ApiGuard
    AuthName "{name}"
    ApiGuardJWTKey HS256 file:{keyfile}
    {rule}
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    folder = Directory("require")
    words = {"keyfile": folder.write("hs256.key", SIGNER.file()), "folder": folder.path}
    folder.write("good.txt", "# ours\n192.0.2.0/24\n\n127.0.0.0/8  # loopback\n2001:db8::/32\n")
    folder.write("empty.txt", "# nobody\n")
    conf = "".join(SECTION.replace("{name}", name).replace("{rule}", rule)
                   for name, rule in RULES.items())
    yield make_httpd(conf, words=words)
    folder.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme", scopes=["orders:read", "mail:*"])


KEY_CASES = [
    ("client", None), ("client-kind", None), ("client-jwt", "client_denied"),
    ("client-wild", None), ("client-several", None),
    ("scope", None), ("scope-several", None), ("role", "role_insufficient"),
    ("claim", "claim_denied"),
    ("ip-in", None), ("ip-out", "ip_denied"), ("ip-short", None), ("ip-mask", None),
    ("ip-all", None), ("ip-mapped", None), ("ip-file", None), ("ip-file-empty", "ip_denied"),
    ("kind-key", None), ("kind-jwt", "credential_denied"), ("kind-both", None),
    ("all-scope-ip", "ip_denied"), ("all-scope-role", "role_insufficient"), ("any-grants", None),
    ("any-late", "scope_insufficient"), ("all-ip", None),
    ("all-ip-out", "access_denied"), ("all-method", None),
    ("all-expr", "access_denied"), ("any-expr", "scope_insufficient"), ("by-method", None),
    ("user", None), ("user-other", "access_denied"),
    ("not-client", "access_denied"), ("not-scope", "access_denied"), ("not-ip", "access_denied"),
    ("not-other", None), ("none", "access_denied"), ("none-other", None),
    ("deny", "access_denied"), ("nested", None),
]


@pytest.mark.parametrize("name, code", KEY_CASES, ids=[case[0] for case in KEY_CASES])
def test_a_key(web, key, name, code):
    answer = web.get(f"/s/{name}/hello.html", key=key)
    if code:
        assert_refused(answer, code)
    else:
        assert answer.status == 200, answer


def test_a_key_gets_one_of_two_reasons(web, key):
    answer = web.get("/s/any-scope-role/hello.html", key=key)
    assert answer.status == 403
    assert answer.code in ("scope_insufficient", "role_insufficient")


TOKEN_CASES = [
    ("client", {"azp": "acme"}, "client_denied"),  # plain `acme` is a key's client
    ("client-kind", {"azp": "acme"}, "client_denied"),
    ("client-jwt", {"azp": "acme"}, None),
    ("client-jwt", {"client_id": "acme"}, None),
    ("client-jwt", {"azp": "other", "client_id": "acme"}, "client_denied"),
    ("client-wild", {"azp": "acme"}, "client_denied"),
    ("role", {"roles": ["clerk", "boss"]}, None),
    ("role", {"roles": ["Boss"]}, "role_insufficient"),
    ("claim", {"tenant": "acme"}, None),
    ("claim", {"tenant": ["other", "acme"]}, None),
    ("claim", {"tenant": "acme2"}, "claim_denied"),
    ("claim", {"tenant": {"acme": 1}}, "claim_denied"),
    ("claim", {}, "claim_denied"),
    ("claim-path", {"org": {"unit": {"id": 7}}}, None),
    ("claim-path", {"org": {"unit": {"id": 70}}}, "claim_denied"),
    ("claim-path", {"org.unit.id": 7}, None),  # as it stands first
    ("claim-path", {"org.unit.id": 8, "org": {"unit": {"id": 7}}}, "claim_denied"),
    ("claim-quoted", {"https://x.example/roles": ["admin"]}, None),
    ("claim-quoted", {"https://x": {"example/roles": ["admin"]}}, None),  # then as a path
    ("claim-url", {"https://x.example/roles": ["admin"]}, None),
    ("claim-url", {"https://x.example/roles": ["boss"]}, "claim_denied"),
    ("claim-dot", {"a.b": "yes"}, None),
    ("claim-dot", {"a": {"b": "yes"}}, "claim_denied"),
    ("claim-regex", {"email": "anna@example.org"}, None),
    ("claim-regex", {"email": "anna@example.org.evil"}, "claim_denied"),
    ("claim-regex", {"email": "xx anna@example.org"}, "claim_denied"),
    ("claim-regex", {"email": "anna@example.org\n"}, "claim_denied"),
    ("claim-words", {"name": "Anna Lee"}, None),
    ("claim-words", {"level": 9}, None),
    ("claim-words", {"name": "Anna"}, "claim_denied"),
    ("kind-key", {}, "credential_denied"),
    ("kind-jwt", {}, None),
    ("scope", {"scope": "orders:read"}, None),
    ("scope", {"scope": ["orders:read"]}, None),
    ("scope", {"scope": "orders"}, "scope_insufficient"),
    ("scope", {"scope": "*"}, "scope_insufficient"),  # a word like others (RFC 6749 s3.3)
    ("scope", {"scope": "ORDERS:READ"}, "scope_insufficient"),
]


@pytest.mark.parametrize("name, claims, code", TOKEN_CASES)
def test_a_token(web, name, claims, code):
    answer = web.get(f"/s/{name}/hello.html", bearer=SIGNER.token(claims))
    if code:
        assert_refused(answer, code)
    else:
        assert answer.status == 200, answer


def test_method_beside_scope(web, key):
    answer = web.request("POST", "/s/all-method/hello.html", key=key, body="x")
    assert_refused(answer, "access_denied")
    answer = web.request("POST", "/s/by-method/hello.html", key=key, body="x")
    assert_refused(answer, "scope_insufficient")
    assert web.get("/s/by-method/hello.html", key=key).status == 200


def test_expr_beside_valid_user(web, key):
    team = {"X-Team": "blue"}
    assert web.get("/s/all-expr/hello.html", key=key, headers=team).status == 200
    assert_refused(web.get("/s/all-expr/hello.html", headers=team), "credential_missing")
    assert_refused(web.get("/s/any-expr/hello.html", headers=team), "credential_missing")
    assert web.get("/s/any-expr/hello.html", key=key, headers=team).status == 200


def test_an_address_is_refused_before_a_credential_is_asked_for(web):
    answer = web.get("/s/ip-out/hello.html")
    assert_refused(answer, "ip_denied")
    assert not answer.all("WWW-Authenticate")
    assert_refused(web.get("/s/ip-in/hello.html"), "credential_missing")


@pytest.mark.parametrize("name", ["scope", "client", "any-scope-role", "none", "not-client"])
def test_without_a_credential_it_is_401_not_403(web, name):
    assert_refused(web.get(f"/s/{name}/hello.html"), "credential_missing")


def test_a_refusal_names_no_rule_to_the_client(web, key):
    """What would be needed is told for scopes (RFC 6750), not which clients or addresses."""
    for name, words in (("client-jwt", "jwt:acme"), ("ip-out", "192.0.2"), ("not-client", "not")):
        body = web.get(f"/s/{name}/hello.html", key=key).text
        assert words not in body


def test_the_key_s_own_addresses(web):
    key = web.keys.create(ips=["10.0.0.0/8"])
    assert_refused(web.get("/s/ip-in/hello.html", key=key), "ip_denied")
    key = web.keys.create(ips=["10.0.0.0/8", "127.0.0.1"])
    assert web.get("/s/ip-in/hello.html", key=key).status == 200


@pytest.mark.parametrize("text", ["nonsense", "127.0.0.1 nonsense", "[]", "[1]", "300.1.1.1",
                                  "[\""])
def test_a_broken_address_list_in_the_database_holds_nobody(web, text):
    key = web.keys.create()
    web.keys.update(key, allowed_ips=text)
    web.expect("apiguard")
    assert_refused(web.get("/s/ip-in/hello.html", key=key), "ip_denied")


def test_an_address_list_may_be_a_json_array(web):
    key = web.keys.create()
    web.keys.update(key, allowed_ips='["192.0.2.1", "127.0.0.0/8"]')
    assert web.get("/s/ip-in/hello.html", key=key).status == 200


ENDPOINTS = [
    ("GET /s/ip-in/*", "GET", "/s/ip-in/hello.html", 200),
    ("GET /s/ip-in/*", "POST", "/s/ip-in/hello.html", 403),
    ("GET /s/other/*", "GET", "/s/ip-in/hello.html", 403),
    ("GET /s/ip-in/hello.html", "GET", "/s/ip-in/hello.html?x=1", 200),
    ("GET /s/ip-in/hello.html", "GET", "/s/ip-in/index.html", 403),
    ("GET /s/ip-in/hello.html", "GET", "/s/ip-in/x/../index.html", 403),
    ("GET /s/ip-in/h*", "GET", "/s/ip-in/%68ello.html", 200),
    ("GET /s/ip-in/h*", "GET", "//s//ip-in//hello.html", 200),
    ("GET /s/x/*", "GET", "/s/x/../ip-in/hello.html", 403),
    ('["GET /s/x/*", "GET /s/ip-in/*"]', "GET", "/s/ip-in/hello.html", 200),
]


@pytest.mark.parametrize("endpoints, method, path, status", ENDPOINTS)
def test_the_key_s_own_endpoints(web, endpoints, method, path, status):
    if endpoints.startswith("["):
        key = web.keys.create()
        web.keys.update(key, allowed_endpoints=endpoints)
    else:
        key = web.keys.create(endpoints=[endpoints])
    answer = web.client.raw_request(method, path, [f"X-API-Key: {key}", "Content-Length: 0"])
    if status == 403:
        assert_refused(answer, "endpoint_denied")
    else:
        assert answer.status == status, answer


def test_scopes_in_the_database_may_be_a_json_array(web):
    key = web.keys.create()
    web.keys.update(key, permissions='["mail", "orders:read"]')
    assert web.get("/s/scope/hello.html", key=key).status == 200
