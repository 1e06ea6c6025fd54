# SPDX-License-Identifier: Apache-2.0
""".htaccess: what a tenant may say there, and what of it stays in his folder."""

import pytest

from support.problem import assert_refused

CONF = """
<Directory "{root}/htdocs/tenant">
    AllowOverride AuthConfig
</Directory>
<Directory "{root}/htdocs/kept">
    AllowOverride AuthConfig
    AuthType ApiGuard
    AuthName "kept"
    ApiGuardRateLimit 1/day by=ip
    Require valid-user
</Directory>
<Directory "{root}/htdocs/owned">
    AllowOverride AuthConfig
    AuthType ApiGuard
    Require valid-user
</Directory>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF, files={f"{name}/hello.html": f"hello {name}\n"
                                   for name in ("tenant", "kept", "owned")})


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


def test_htaccess_guards(web, key):
    web.put("tenant/.htaccess", "AuthType ApiGuard\nAuthName tenant\nRequire valid-user\n"
            "ApiGuardRateLimit 1000/day 3/day by=ip\n")
    assert_refused(web.get("/tenant/hello.html"), "credential_missing")
    assert web.get("/tenant/hello.html", key=key).status == 200
    assert web.get("/tenant/hello.html", key=key).status == 200
    assert_refused(web.get("/tenant/hello.html", key=key), "rate_exceeded")


TENANT = "AuthType ApiGuard\nAuthName tenant\nRequire valid-user\n"


@pytest.mark.parametrize("line", [
    "ApiGuardJWTKey HS256 file:/etc/hostname",
    "ApiGuardJWTKey HS256 env:PATH",
    "ApiGuardJWTKey HS256 base64:/etc/hostname",
    "ApiGuardJWKS file:/etc/hostname",
    "Require api-ip file:/etc/hostname",
    "ApiGuardKeyQuery \"SELECT 1\"",
    "ApiGuardKeyPepper file:/etc/hostname",
    "ApiGuardCounterStore memcached:127.0.0.1:11211",
    "ApiGuardSharedMemory 1M",
    "ApiGuardKeyCache ttl=5",
    "ApiGuardAuditLog \"|/bin/cat\"",
])
def test_htaccess_may_open_nothing(web, line):
    web.expect(r"\.htaccess")
    web.put("tenant/.htaccess", TENANT + line + "\n")
    answer = web.get("/tenant/hello.html")
    assert answer.status == 500
    directive = line.split()[0]
    assert web.wait_log(rf"\.htaccess: .*{directive}|{directive} not allowed")


@pytest.mark.parametrize("line", ["ApiGuardRateLimit off", "ApiGuardEnforce require",
                                  "ApiGuardAnonymous on"])
def test_htaccess_may_not_lift_an_inherited_protection(web, line):
    web.expect(r"\.htaccess")
    web.put("kept/.htaccess", line + "\nRequire all granted\n")
    for _ in range(3):
        answer = web.get("/kept/hello.html")
        assert answer.status in (401, 429, 500), answer
    web.put("kept/.htaccess", "")


def test_htaccess_expressions_are_restricted(web, key):
    """What a tenant writes may not read files: httpd's restricted expressions."""
    web.expect(r"\.htaccess")
    web.put("tenant/.htaccess", TENANT + "ApiGuardRateLimit 5/day "
            "by=\"expr=%{file:/etc/hostname}\"\n")
    assert web.get("/tenant/hello.html", key=key).status == 500


@pytest.mark.parametrize("line", [
    "ApiGuardHideCredentials none", "ApiGuardHideCredentials key", "ApiGuardIssuer https://evil",
    "ApiGuardAudience mine", "ApiGuardRequireClaim sub", "ApiGuardClaimMap scope=sub",
    "ApiGuardLeeway 600", "ApiGuardMaxLifetime none", "ApiGuardTokenType any",
    "ApiGuardTokenBinding on"])
def test_htaccess_may_not_say_what_a_token_must_be_or_what_is_hidden(web, key, line):
    """A tenant would say whose tokens are good, and read the keys of others."""
    web.expect(r"\.htaccess")
    assert web.get("/owned/hello.html", key=key).status == 200
    web.put("owned/.htaccess", line + "\n")
    answer = web.get("/owned/hello.html", key=key)
    web.put("owned/.htaccess", "")
    assert answer.status == 500
    assert web.wait_log(rf"\.htaccess: {line.split()[0]} not allowed")


def test_a_guard_that_stands_only_in_htaccess_finds_its_keys(own_httpd):
    """No section of the server's own configuration asks for a database there."""
    web = own_httpd("<Directory \"{root}/htdocs/only\">\nAllowOverride AuthConfig\n</Directory>",
                    files={"only/x.html": "x\n", "only/.htaccess":
                           "AuthType ApiGuard\nAuthName only\nRequire valid-user\n"})
    assert web.get("/only/x.html", key=web.keys.create()).status == 200
    assert_refused(web.get("/only/x.html"), "credential_missing")


@pytest.mark.parametrize("section", ['Files "*.html"', 'If "true"'])
def test_two_folders_with_the_same_lines_are_two_counts(own_httpd, section):
    """Inside of <Files> and <If> .htaccess files shared counts, so a tenant could use up another's."""
    lines = f"<{section}>\nApiGuardRateLimit 1/day by=global\n</{section.split()[0]}>\n"
    web = own_httpd("""
        <Directory {root}/htdocs>
            AllowOverride All
        </Directory>
    """, files={f"{tenant}/{name}": text for tenant in "ab"
                for name, text in ((".htaccess", lines), ("x.html", "x"))})
    assert [web.get(f"/{tenant}/x.html").status for tenant in "aabb"] == [200, 429, 200, 429]


def test_a_folder_that_is_gone_names_no_field_of_the_next(own_httpd):
    """The name of a hidden field lay in the memory of a sub-request that had ended, and became that
    of the next one's: what one folder reads in X-Key-A was taken for X-Key-B."""
    web = own_httpd("""
        <Directory {root}/htdocs>
            AllowOverride AuthConfig
        </Directory>
        <Directory {root}/htdocs/pages>
            DirectoryIndex /a/none.html /a/none.html /b/x.html
        </Directory>
    """, files={
        "pages/x.html": "x", "a/x.html": "this is a", "b/x.html": "this is b",
        **{f"{folder}/.htaccess": "AuthType ApiGuard\nAuthName x\nRequire valid-user\n"
                                  f"ApiGuardKeyFrom header:X-Key-{folder.upper()}\n"
           for folder in "ab"}})
    answer = web.get("/pages/", headers={"X-Key-A": web.keys.create()})
    assert_refused(answer, "credential_missing")
