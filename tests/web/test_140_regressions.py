# SPDX-License-Identifier: Apache-2.0
"""Who gets in and what it costs: each test here is a hole that once was open, or a door that once
stayed shut for no reason. What leaks, grows or falls over is in test_141_regressions.py."""

import base64
import hashlib
import re
import socket
import time

import pytest

from support.jwtmaker import Key
from support.ports import LOOPBACK, Directory
from support.problem import assert_refused

SIGNER = Key("HS256")

CONF = """
ApiGuardRateHeaders legacy
AllowEncodedSlashes NoDecode
<Location "/s/scopes/">
    AuthType ApiGuard
    Require api-scope dummy
</Location>
<AuthzProviderAlias api-role boss boss>
</AuthzProviderAlias>
<Location "/s/alias/">
    AuthType ApiGuard
    Require boss
</Location>
<AuthzProviderAlias api-ip elsewhere "192.0.2.0/24">
</AuthzProviderAlias>
<Location "/s/alias-ip/">
    AuthType ApiGuard
    <RequireAll>
        Require elsewhere
        Require valid-user
    </RequireAll>
</Location>
<Location "/s/guarded/">
    AuthType ApiGuard
    Require valid-user
</Location>
<Location "/api/">
    AuthType ApiGuard
    Require valid-user
</Location>
<Directory "{root}/htdocs/tenant">
    AllowOverride AuthConfig
    AuthType ApiGuard
    Require valid-user
</Directory>
<Directory "{root}/htdocs/pages">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    AddType text/html .shtml
    ApiGuardRateLimit 3/day by=ip
</Directory>
<Location "/s/inner/">
    ApiGuardRateLimit 1/day by=global
</Location>
<Location "/s/force/">
    AuthType ApiGuard
    AuthzSendForbiddenOnFailure On
    ApiGuardRateLimit 3/day
    Require api-scope admin
</Location>
<Location "/s/force-page/">
    AuthType ApiGuard
    AuthzSendForbiddenOnFailure On
    ErrorDocument 403 /no.html
    ApiGuardRateLimit 3/day
    Require api-scope admin
</Location>
<Location "/b/">
    AuthType Basic
    AuthName "b"
    AuthBasicProvider apiguard file
    AuthUserFile {users}
    Require valid-user
</Location>
<Directory "{root}/htdocs/b">
    RewriteEngine On
    RewriteRule ^go$ /b/sub/x.html
</Directory>
<Location "/s/named/">
    ApiGuardRateLimit 6/day by=ip name=shared
</Location>
<Location "/s/named/hello.html">
    ApiGuardRateLimit 6/day by=ip name=shared
</Location>
<Location "/s/no-keys/">
    AuthType ApiGuard
    ApiGuardJWTKey HS256 file:{keyfile}
    <RequireAll>
        Require valid-user
        Require not api-credential Key
    </RequireAll>
</Location>
<Location "/s/ops/">
    AuthType ApiGuard
    Require api-role ops:read
</Location>
<Location "/claims/">
    AuthType ApiGuard
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardPassHeaders on
    ApiGuardPassClaim https://x/role org\\.unit
    Require valid-user
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
"""
# A user of mod_authn_file, in the oldest of its forms.
FILE_USER = "fileuser:{SHA}" + base64.b64encode(hashlib.sha1(b"file-password").digest()).decode()


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    folder = Directory("regressions")
    words = {"keyfile": folder.write("key", SIGNER.file()), "backend": backend.port,
             "users": folder.write("users", FILE_USER + "\n")}
    yield make_httpd(CONF, modules=("include", "rewrite", "proxy", "proxy_http"), words=words,
                     files={"tenant/hello.html": "hello\n", "api/orders/7.html": "seven\n",
                            "pages/x.shtml": '<!--#include virtual="/s/inner/hello.html" -->\n',
                            "b/index.html": "index\n", "b/sub/x.html": "sub\n",
                            "no.html": "page\n"})
    folder.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


def remaining(answer):
    return int(answer.header("X-RateLimit-Remaining"))


# ---- rules ---------------------------------------------------------------------------------------


def test_an_alias_of_a_rule_asks_its_own_question(web, key):
    """Not that of the rule which an earlier section happened to name."""
    for columns, status in (({"roles": ["boss"]}, 200), ({"scopes": ["boss"]}, 403)):
        assert web.get("/s/alias/hello.html", key=web.keys.create(**columns)).status == status
    assert_refused(web.get("/s/alias-ip/hello.html", key=key), "ip_denied")


def test_the_kind_of_a_credential_is_compared_in_any_case(web, key):
    assert web.get("/s/no-keys/hello.html", key=key).status == 403
    assert web.get("/s/no-keys/hello.html", bearer=SIGNER.token()).status == 200


def test_a_held_role_with_a_star_covers_what_begins_so(web):
    for role, status in (("ops:*", 200), ("ops", 403), ("dev:*", 403)):
        assert web.get("/s/ops/hello.html", key=web.keys.create(roles=[role])).status == status


REFUSED = [
    ("Require api-role guest*", "guest*"), ("Require not api-scope admin:*", "admin:*"),
    ('Require api-scope ""', '""'), ("Require api-credential token", "token"),
    ('ApiGuardRequireClaim ""', "ApiGuardRequireClaim"), ('ApiGuardIssuer ""', "ApiGuardIssuer"),
    ('ApiGuardAudience ""', "ApiGuardAudience"),
    ("ApiGuardMaxLifetime 0", "ApiGuardMaxLifetime"),
]
METHODS = [
    "<Limit GET>\nApiGuardAnonymous on\n</Limit>", "<Limit GET>\nApiGuardRateLimit off\n</Limit>",
    "<LimitExcept POST>\nApiGuardEnforce require\n</LimitExcept>",
    "<LimitExcept POST>\nApiGuardKeyFrom bearer\n</LimitExcept>",
]


@pytest.fixture(scope="module")
def unstarted(make_httpd):
    return make_httpd(start=False)


def configtest(server, line):
    server.configure(f"<Location \"/s/x/\">\nAuthType ApiGuard\n<RequireAll>\nRequire valid-user\n"
                     f"{line if line.startswith('Require ') else ''}\n</RequireAll>\n"
                     f"{'' if line.startswith('Require ') else line}\n</Location>\n")
    return server.configtest()


@pytest.mark.parametrize("line, named", REFUSED)
def test_a_word_that_could_never_fit_is_refused(unstarted, line, named):
    good, said = configtest(unstarted, line)
    assert not good and named in said, said


@pytest.mark.parametrize("line", METHODS)
def test_a_directive_for_some_methods_only_is_refused(unstarted, line):
    """httpd would apply it to all methods."""
    good, said = configtest(unstarted, line)
    assert not good and "within <Limit" in said, said


# ---- .htaccess -----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [
    "ApiGuardHideCredentials none", "ApiGuardHideCredentials key", "ApiGuardIssuer https://evil",
    "ApiGuardAudience mine", "ApiGuardRequireClaim sub", "ApiGuardClaimMap scope=sub",
    "ApiGuardLeeway 600", "ApiGuardMaxLifetime none"])
def test_htaccess_may_not_say_what_a_token_must_be_or_what_is_hidden(web, key, line):
    web.expect(r"\.htaccess")
    assert web.get("/tenant/hello.html", key=key).status == 200
    web.put("tenant/.htaccess", line + "\n")
    answer = web.get("/tenant/hello.html", key=key)
    web.put("tenant/.htaccess", "")
    assert answer.status == 500
    assert web.wait_log(rf"\.htaccess: {line.split()[0]} not allowed")


def test_a_guard_that_stands_only_in_htaccess_finds_its_keys(own_httpd):
    web = own_httpd("<Directory \"{root}/htdocs/only\">\nAllowOverride AuthConfig\n</Directory>",
                    files={"only/x.html": "x\n", "only/.htaccess":
                           "AuthType ApiGuard\nAuthName only\nRequire valid-user\n"})
    assert web.get("/only/x.html", key=web.keys.create()).status == 200
    assert_refused(web.get("/only/x.html"), "credential_missing")


def test_the_default_provider_works_beside_a_section_of_tokens(own_httpd):
    folder = Directory("beside")
    web = own_httpd(f"""
        <Location "/s/tokens/">
            AuthType ApiGuard
            ApiGuardProvider jwt
            ApiGuardJWTKey HS256 file:{folder.write("key", SIGNER.file())}
            Require valid-user
        </Location>
        <Location "/s/keys/">
            AuthType ApiGuard
            Require valid-user
        </Location>
        """)
    assert web.get("/s/keys/hello.html", key=web.keys.create()).status == 200
    assert web.get("/s/tokens/hello.html", bearer=SIGNER.token()).status == 200
    folder.close()


# ---- AuthType Basic ------------------------------------------------------------------------------


@pytest.mark.parametrize("path, text", [("/b/sub/x.html", "sub\n"), ("/b/", "index\n"),
                                        ("/b/go", "sub\n")])
def test_a_key_as_basic_password_survives_an_index_and_a_rewrite(web, key, path, text):
    answer = web.get(path, basic=("acme", key))
    assert (answer.status, answer.text) == (200, text)
    assert web.get(path).status == 401
    assert web.get(path, basic=("other", key)).status == 401


def test_the_next_basic_provider_is_asked_about_users_unknown_to_us(web):
    assert web.get("/b/sub/x.html", basic=("fileuser", "file-password")).status == 200
    assert web.get("/b/sub/x.html", basic=("fileuser", "other-password")).status == 401


# ---- what a request costs ------------------------------------------------------------------------


def test_a_refused_include_gives_nothing_back(web):
    """The page was served; that the section of its include is used up is no reason to refund it."""
    web.expect("unable to include")
    statuses = [web.get("/pages/x.shtml").status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


@pytest.mark.parametrize("section", ["force", "force-page"])
def test_a_403_of_authzsendforbiddenonfailure_is_charged_and_audited(web, section):
    key = web.keys.create(client="low-" + section)
    for left in (2, 1, 0):
        answer = web.get(f"/s/{section}/hello.html", key=key)
        assert_refused(answer, "scope_insufficient")
        assert remaining(answer) == left
    admin = web.keys.create(client="low-" + section, scopes=["admin"])
    assert_refused(web.get(f"/s/{section}/hello.html", key=admin), "rate_exceeded")
    audited = re.findall(r'"code":"(\w+)"', web.verdict.error.peek())
    assert audited == ["scope_insufficient"] * 3 + ["rate_exceeded"]


def test_one_name_in_an_outer_and_an_inner_section_is_charged_once(web):
    answers = [web.get("/s/named/hello.html") for _ in range(7)]
    assert [answer.status for answer in answers] == [200] * 6 + [429]
    assert remaining(answers[0]) == 5


# ---- time, protocols, paths ----------------------------------------------------------------------


@pytest.mark.slow
def test_a_slowly_sent_request_is_judged_when_its_header_is_complete(web):
    key = web.keys.create(client="slow")
    web.keys.update(key, expires_at=int(time.time()) + 2)
    with socket.create_connection((LOOPBACK, web.port), 5) as s:
        s.sendall(b"GET /s/guarded/hello.html HTTP/1.1\r\n")
        assert web.get("/s/guarded/hello.html", key=key).status == 200
        time.sleep(2.2)
        s.sendall(f"Host: a\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n".encode())
        assert s.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_a_407_asks_as_a_proxy_does(own_httpd, backend):
    web = own_httpd("""
        ProxyRequests On
        <Proxy "*">
            AuthType ApiGuard
            ApiGuardKeyFrom header:X-API-Key bearer
            Require valid-user
        </Proxy>
        """, modules=("proxy", "proxy_http"))
    answer = web.client.raw_request("GET", f"http://{LOOPBACK}:{backend.port}/x")
    assert answer.status == 407 and answer.header("WWW-Authenticate") is None
    assert any(value.startswith("Bearer ") for value in answer.all("Proxy-Authenticate"))


def test_a_claim_s_name_cannot_make_a_field_of_another_name(web):
    token = SIGNER.token({"https://x/role": "admin", "org.unit": "u7"})
    answer = web.get("/claims/x", bearer=token)
    told = {name: value for name, value in answer.json["headers"] if "claim" in name.lower()}
    assert told == {"X-ApiGuard-Claim-https---x-role": "admin", "X-ApiGuard-Claim-org--unit": "u7"}


def test_an_encoded_slash_climbs_out_of_no_endpoint(web):
    key = web.keys.create(endpoints=["GET /api/orders/*"])
    assert web.get("/api/orders/7.html", key=key).status == 200
    assert_refused(web.get("/api/hello.html", key=key), "endpoint_denied")
    for path in ("/api/orders/..%2fadmin", "/api/orders/..%2Fhello.html", "/api/orders/a%2fb"):
        assert_refused(web.client.raw_request("GET", path, [f"X-API-Key: {key}"]),
                       "endpoint_denied")
