# SPDX-License-Identifier: Apache-2.0
"""A request that mod_rewrite refuses before its directory's section is known: the script of its ErrorDocument
sees no credential.

Found from outside: it did wherever a <Location> matched, since that made the request look as if all its
sections had been merged; and below a guarded <Location>, whose own places alone were hidden, it saw what a
<Directory> behind it takes for a key."""

import pytest

from support.fcgi import FastCgi

CONF = """
RewriteEngine On
RewriteRule "^/(app|both)/forbidden" "-" [F]
RewriteRule "^/(app|both)/gone" "-" [G]
SetEnvIf Authorization "(.+)" HTTP_AUTHORIZATION=$1
<Location "/app/">
    SetEnv SOME thing
</Location>
<Directory "{root}/htdocs/app">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-Inner-Key bearer query:apikey cookie:session
    ApiGuardErrors httpd
    Require valid-user
</Directory>
<Location "/both/">
    AuthType ApiGuard
    ApiGuardErrors httpd
    Require valid-user
</Location>
<Directory "{root}/htdocs/both">
    ApiGuardKeyFrom header:X-Inner-Key bearer basic query:apikey cookie:session
</Directory>
<Location "/error/">
    ProxyPass "fcgi://127.0.0.1:{fcgi}/"
</Location>
ErrorDocument 403 /error/x
ErrorDocument 410 /error/x
"""

LOGGED = """
CustomLog {root}/logs/probe.log "%{X-Inner-Key}i|%{Cookie}i|%q|%r|%{Authorization}i|%{FROM}e|%U"
SetEnvIf X-Inner-Key "(.+)" FROM=$1
RewriteEngine On
RewriteRule "^/(app|loc|both)/forbidden" "-" [F]
RewriteRule "^/(app|loc|both)/missing" "-" [R=404]
Redirect gone /app/old
Redirect gone /loc/old
Redirect gone /both/old
Redirect 302 /loc/away http://elsewhere.example/
Redirect 302 /app/away http://elsewhere.example/
Redirect 302 /both/away http://elsewhere.example/
<Directory "{root}/htdocs/app">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-Inner-Key bearer query:apikey cookie:session
    Require valid-user
</Directory>
<Location "/both/">
    AuthType ApiGuard
    Require valid-user
</Location>
<Directory "{root}/htdocs/both">
    ApiGuardKeyFrom header:X-Inner-Key bearer query:apikey cookie:session
</Directory>
<Location "/loc/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-Inner-Key bearer query:apikey cookie:session
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    fcgi = FastCgi()
    server = make_httpd(CONF, modules=("rewrite", "proxy", "proxy_fcgi"), words={"fcgi": fcgi.port})
    server.key = server.keys.create()
    yield server
    fcgi.close()


@pytest.mark.parametrize("path, status", [("/app/forbidden", 403), ("/app/gone", 410),
                                          ("/both/forbidden", 403), ("/both/gone", 410)])
@pytest.mark.parametrize("how", ["field", "query", "cookie", "bearer"])
def test_its_error_document_sees_no_credential(web, path, status, how):
    query = f"?apikey={web.key}" if how == "query" else ""
    headers = {"field": {"X-Inner-Key": web.key}, "cookie": {"Cookie": f"session={web.key}"},
               "bearer": {"Authorization": f"Bearer {web.key}"}}.get(how, {})
    answer = web.get(path + query, headers=headers)
    assert answer.status == status and "REDIRECT_STATUS" in answer.text, answer.text[:300]
    assert web.key not in answer.text, answer.text


@pytest.fixture(scope="module")
def logged(make_httpd):
    server = make_httpd(LOGGED, modules=("rewrite",), files={"app/x.html": "x", "loc/x.html": "x", "both/x.html": "x"})
    server.key = server.keys.create()
    return server


@pytest.mark.parametrize("path", [f"/{place}/{how}" for place in ("app", "loc", "both")
                                  for how in ("forbidden", "missing", "old", "away", "a%2fb", "%zz", "nothing")])
@pytest.mark.parametrize("how", ["field", "query", "cookie", "bearer"])
def test_no_log_shows_it(logged, path, how):
    """Fields of what ended before the gate stood in logs as they were sent."""
    logged.expect("AH0", "AH1")
    query = f"?apikey={logged.key}" if how == "query" else ""
    headers = {"field": {"X-Inner-Key": logged.key}, "cookie": {"Cookie": f"session={logged.key}"},
               "bearer": {"Authorization": f"Bearer {logged.key}"}}.get(how, {})
    lines = len(logged.named_log("probe.log").splitlines())
    assert logged.get(path + query, headers=headers).status != 200
    log = logged.named_log("probe.log", lambda text: len(text.splitlines()) > lines)
    assert logged.key not in log
