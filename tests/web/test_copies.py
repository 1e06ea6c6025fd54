# SPDX-License-Identifier: Apache-2.0
"""Copies of a credential: httpd and its modules make them before the original is hidden, and pass them on
to backends, scripts, logs and error pages.

Found from outside: "nocanon" and RewriteRule's [P,NE] kept a query key in the proxied URL; the script of
an ErrorDocument saw a refused request's key in HTTP_X_API_KEY, HTTP_COOKIE and REDIRECT_QUERY_STRING;
and variables that SetEnvIf or mod_rewrite had filled from a field kept it."""

import base64
import os
import re

import pytest

from support.backend import header_of
from support.fcgi import FastCgi
from support.verdict import secrets

CONF = """
RewriteEngine On
RewriteRule "^/rewritten/(.*)" "http://127.0.0.1:{backend}/$1" [P,NE]
RewriteCond "%{QUERY_STRING}" "apikey=([^&]+)"
RewriteRule "^/env/" "-" [E=FROM_VALUE:%1,NE]
RewriteRule "^/denied/rewritten/(.*)" "http://127.0.0.1:{backend}/$1" [P,NE]
RewriteRule "^/env/" "-" [E=FROM_REWRITE:%{HTTP:X-API-Key},E=FROM_QUERY:%{QUERY_STRING},NE]
RewriteRule "^/guarded/go/(.*)" "/env/$1" [PT]
RewriteCond "%{QUERY_STRING}" "(?:apikey=([^&]+))?$"
RewriteRule "^/orig/(.*)" "/made/$1?orig=%1&%{QUERY_STRING}" [PT,NE]
RewriteRule "^/added/(.*)" "/made/$1?q=%{HTTP:X-API-Key}" [PT,QSA]
RewriteRule "^/into/(.*)" "http://127.0.0.1:{backend}/$1/%{HTTP:X-API-Key}%{QUERY_STRING}" [P]
RequestHeader set X-Copy "expr=<%{HTTP:X-API-Key}>" early
RequestHeader set X-Cookies "expr=%{HTTP:Cookie}" early
SetEnvIf X-API-Key "(.+)" FROM_FIELD=<$1> WHOLE=$1
SetEnvIf Authorization "(.+)" FROM_AUTHORIZATION=$1 HTTP_AUTHORIZATION=$1
SetEnvIf Cookie "session=([^;]+)" FROM_COOKIE=$1
SetEnvIf X-API-Key "^([^,]+)" FIRST_OF_FIELD=$1
SetEnvIf Authorization "(?:Bearer|Basic) ([^,]+)" FIRST_OF_AUTHORIZATION=$1
SetEnvIf X-Other "(.+)" OTHER=$1
SetEnv APP_ENV production
CustomLog logs/env.log "%{FROM_FIELD}e %{FROM_REWRITE}e %{REDIRECT_FROM_FIELD}e %{Referer}i %{X-API-Key}i"
LogFormat "combined %{Referer}i" refered
CustomLog logs/referer.log refered
ProxyRequests On
<Proxy "balancer://crew">
    BalancerMember "http://127.0.0.1:{backend}"
</Proxy>
ProxyPass "/raw/" "http://127.0.0.1:{backend}/" nocanon
ProxyPass "/balanced/" "balancer://crew/" nocanon
ProxyPass "/denied/raw/" "http://127.0.0.1:{backend}/" nocanon
ProxyPass "/socket/" "ws://127.0.0.1:{backend}/" nocanon
ProxyPass "/refused/" "http://127.0.0.1:{backend}/"
ProxyPass "/forbidden/" "http://127.0.0.1:{backend}/"
ProxyPass "/env/" "fcgi://127.0.0.1:{fcgi}/"
ProxyPass "/made/" "http://127.0.0.1:{backend}/"
ProxyPass "/kept/" "http://127.0.0.1:{backend}/" nocanon
<LocationMatch "^/(raw|balanced|socket|rewritten|made|into|env|refused|forbidden|kept)/|^http://proxied/|^proxy:">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key bearer basic query:apikey cookie:session
    ApiGuardErrors httpd
    Require valid-user
</LocationMatch>
<Proxy "*">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key query:apikey
    Require valid-user
</Proxy>
<Location "/files/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key bearer basic query:apikey cookie:session
    ApiGuardErrors httpd
    Require valid-user
</Location>
<Directory "{root}/htdocs/files">
    Options -FollowSymLinks
</Directory>
<Files "secret.html">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key bearer basic query:apikey cookie:session
    ApiGuardErrors httpd
    Require valid-user
</Files>
<Directory "{root}/htdocs/index">
    DirectoryIndex secret.html
</Directory>
<Directory "{root}/htdocs/index/deeper">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-Outer-Key
    ApiGuardErrors httpd
    Require valid-user
</Directory>
<Directory "{root}/htdocs">
    RewriteEngine On
    RewriteRule "^go/(.*)" "/env/$1" [NE]
    RewriteRule "gone$" "-" [G]
</Directory>
<Location "/denied/">
    AuthType ApiGuard
    ApiGuardKeyFrom query:apikey
    <RequireAll>
        Require ip 192.0.2.0/24
        Require valid-user
    </RequireAll>
</Location>
<Location "/password/">
    AuthType Basic
    AuthName password
    AuthBasicProvider apiguard
    Require api-role boss
</Location>
<Location "/kept/">
    ApiGuardHideCredentials none
</Location>
<Location "/forbidden/">
    Require method DELETE
    Require all denied
</Location>
<Location "/error/">
    AuthType None
    ProxyPass "fcgi://127.0.0.1:{fcgi}/"
    CGIPassAuth On
    QualifyRedirectURL On
    ApiGuardEnforce require
    Require all granted
</Location>
ErrorDocument 400 /error/x
ErrorDocument 401 /error/x
ErrorDocument 403 /error/x
ErrorDocument 404 /error/x
ErrorDocument 410 /error/x
"""

FORWARD = """
ProxyRequests On
<Proxy "*">
    AuthType ApiGuard
    ApiGuardKeyFrom query:apikey
    Require api-role boss
</Proxy>
"""

WRONG = "a-key-that-nobody-knows"


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    fcgi = FastCgi()
    server = make_httpd(CONF, modules=("proxy", "proxy_http", "proxy_fcgi", "proxy_wstunnel",
                                       "proxy_balancer", "slotmem_shm", "lbmethod_byrequests", "rewrite", "headers"),
                        words={"backend": backend.port, "fcgi": fcgi.port})
    server.put("files/x", "x")
    server.put("index/secret.html", "x")
    server.put("index/deeper/secret.html", "x")
    os.symlink(server.dir.join("htdocs/api"), server.dir.join("htdocs/files/link"))
    server.key = server.keys.create(client="acme")
    server.boss = server.keys.create(client="acme", roles=["boss"])
    yield server
    fcgi.close()


@pytest.mark.parametrize("path", ["/raw/", "/balanced/", "/rewritten/"])
@pytest.mark.parametrize("query, left", [("apikey={}", ""), ("a=1&apikey={}&b=%2F", "a=1&b=%2F"),
                                         ("apikey={}&apikey={}", "")])
def test_no_raw_target_keeps_the_argument(web, path, query, left):
    answer = web.get(f"{path}x?{query.replace('{}', web.key)}")
    if query.count("{}") == 1:
        assert answer.status == 200, answer
        assert answer.json["query"] == left and answer.json["path"] == "/x", answer
    assert web.key not in answer.text


def test_nor_that_of_a_websocket(web, backend):
    web.expect("AH02445|AH0")
    web.get(f"/socket/x?a=1&apikey={web.key}", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    assert backend.seen[-1]["target"] == "/x?a=1"


def test_nor_that_of_a_forward_proxy(web, backend):
    target = f"http://127.0.0.1:{backend.port}/x?a=1&apikey={web.key}"
    answer = web.client.raw(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{backend.port}\r\n"
                            "Connection: close\r\n\r\n")
    assert answer.status == 200, answer
    assert answer.json["query"] == "a=1", answer


@pytest.mark.parametrize("path", ["/denied/raw/x", "/denied/rewritten/x"])
def test_no_message_of_a_refusal_tells_a_raw_target(web, path):
    """The fixture reads the log: "client denied by server configuration: proxy:http://...?apikey=KEY"."""
    web.expect("AH01630")
    assert web.get(f"{path}?apikey={web.key}").status == 403


@pytest.mark.parametrize("good", [True, False])
def test_nor_that_of_a_forward_proxy_nor_our_audit_line(own_httpd, backend, good):
    """There r->uri holds the arguments as well: AH01631, AG0140."""
    web = own_httpd(FORWARD, modules=("proxy", "proxy_http"))
    web.expect("AH01630", "AH01631")
    key = web.keys.create(client="acme") if good else WRONG
    secrets.add(key)
    answer = web.client.raw_request("GET", f"http://127.0.0.1:{backend.port}/x?a=1&apikey={key}")
    assert answer.status == (403 if good else 407), answer
    assert web.wait_log('AG0140.*"path":"http://127.0.0.1:[0-9]+/x.a=1"')


@pytest.mark.parametrize("known", [True, False])
def test_no_error_document_sees_a_password_that_is_a_key(web, backend, known):
    """AuthBasicProvider apiguard: known and not let in, or unknown."""
    web.expect("AH01631", "AH01618", "AH01617")
    key = web.key if known else WRONG
    answer = web.get("/password/x", basic=("acme", key), headers={"X-Other": "something else"})
    assert answer.status == 401 and "REDIRECT_STATUS" in answer.text, answer
    assert "HTTP_AUTHORIZATION" not in answer.json and "YWNtZT" not in answer.text, answer.text
    assert answer.json["HTTP_X_OTHER"] == "something else"


def test_where_nothing_is_hidden_the_backend_gets_it_as_it_was_sent(web):
    answer = web.get(f"/kept/x?a=1&apikey={web.key}")
    assert answer.json["query"] == f"a=1&apikey={web.key}"


def basic(key):
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def encoded(key):
    return "".join(f"%{ord(c):02x}" for c in key)


SENT = {
    "field": lambda key: ("", {"X-API-Key": key}),
    "bearer": lambda key: ("", {"Authorization": f"Bearer {key}"}),
    "basic": lambda key: ("", {"Authorization": basic(key)}),
    "query": lambda key: (f"?a=1&apikey={key}", {}),
    "encoded": lambda key: (f"?a=1&apikey={encoded(key)}", {}),
    "behind ;": lambda key: (f"?a=1;apikey={encoded(key)}", {}),
    "cookie": lambda key: ("", {"Cookie": f"a=1; session={key}; b=2"}),
}


def holds(text, key):
    return [word for word in (key, basic(key)[6:], encoded(key)) if word in text]


@pytest.mark.parametrize("how", SENT)
@pytest.mark.parametrize("path", ["/env/x", "/guarded/go/x"])
def test_no_variable_keeps_what_it_was_filled_with(web, how, path):
    query, fields = SENT[how](web.key)
    answer = web.get(path + query, headers={**fields, "X-Other": "something else"})
    assert answer.status == 200, answer
    assert not holds(answer.text, web.key), answer.text
    seen = answer.json
    assert seen["OTHER"] == "something else" and seen["APP_ENV"] == "production"
    if how == "field":
        assert seen["FROM_FIELD"] == "<***>" and seen["WHOLE"] == "***"
    if how == "cookie":
        assert seen["HTTP_COOKIE"] == "a=1; b=2"


@pytest.mark.parametrize("path", ["/orig/x", "/added/x", "/into/x", "/made/x"])
@pytest.mark.parametrize("how", ["field", "query", "encoded", "cookie"])
def test_no_backend_sees_what_an_administrator_s_line_copied(web, path, how):
    """Found from outside: mod_rewrite into another argument or the path, mod_headers into another field."""
    query, fields = SENT[how](web.key)
    answer = web.get(path + query, headers={**fields, "X-Other": "something else"})
    assert answer.status == 200, answer
    assert not holds(answer.text, web.key), answer.text
    assert header_of(answer.json, "X-Other") == ["something else"]
    if how == "field":
        assert header_of(answer.json, "X-Copy") == ["<***>"]
    if how == "cookie":
        assert header_of(answer.json, "Cookie") == ["a=1; b=2"]


def test_a_cookie_that_is_no_key_stays(web):
    answer = web.get("/made/x?other=long-argument", key=web.key, headers={"Cookie": "long=cookie; b=2"})
    assert header_of(answer.json, "Cookie") == ["long=cookie; b=2"] and answer.json["query"] == "other=long-argument"


def refused_by(web, how):
    """Our own refusal (no such key), and httpd's (the key is good, no Require lets it in)."""
    for path, key in ("/refused/x", WRONG), ("/forbidden/x", web.key):
        query, fields = SENT[how](key)
        yield key, web.get(path + query, headers={**fields, "X-Other": "something else"})


@pytest.mark.parametrize("how", SENT)
def test_no_error_document_sees_a_refused_credential(web, how):
    for key, answer in refused_by(web, how):
        assert answer.status in (401, 403) and "REDIRECT_STATUS" in answer.text, answer
        assert not holds(answer.text, key), answer.text
        assert answer.json["HTTP_X_OTHER"] == "something else"


@pytest.mark.parametrize("how", SENT)
def test_nor_one_that_was_refused_for_an_index(web, how):
    """The directory is open, the file that mod_dir finds there is not."""
    query, fields = SENT[how](WRONG)
    answer = web.get("/index/" + query, headers={**fields, "X-Other": "something else"})
    assert answer.status == 401 and "REDIRECT_STATUS" in answer.text, answer
    assert not holds(answer.text, WRONG), answer.text
    assert answer.json["HTTP_X_OTHER"] == "something else"


@pytest.mark.parametrize("how", SENT)
def test_nor_where_the_directory_had_let_it_in_by_another_key(web, how):
    query, fields = SENT[how](WRONG)
    answer = web.get("/index/deeper/" + query, headers={**fields, "X-Outer-Key": web.key})
    assert answer.status == 401 and "REDIRECT_STATUS" in answer.text, answer
    assert not holds(answer.text, WRONG) and web.key not in answer.text, answer.text


def test_nor_a_password_of_a_request_that_was_let_in_and_had_no_handler(web):
    answer = web.get("/password/gone", basic=("acme", web.boss))
    assert answer.status == 410 and "REDIRECT_STATUS" in answer.text, answer
    assert "HTTP_AUTHORIZATION" not in answer.json and "YWNtZT" not in answer.text, answer.text


@pytest.mark.parametrize("how", SENT)
@pytest.mark.parametrize("path", ["/refused/%zz", "/a%2fb", "/files/link/x"])
def test_nor_one_that_httpd_refused_before_any_section_was_found(web, how, path):
    """For its path, or by a directory's Options, before sections of locations are merged again."""
    web.expect("AH10244", "AH00037")
    query, fields = SENT[how](web.key)
    answer = web.get(path + query, headers=fields)
    assert answer.status in (400, 403, 404) and "REDIRECT_STATUS" in answer.text, answer
    assert not holds(answer.text, web.key), answer.text


@pytest.mark.parametrize("how", SENT)
def test_a_redirect_into_a_section_leaves_none_behind(web, how):
    query, fields = SENT[how](web.key)
    answer = web.get(f"/go/x{query}", headers=fields)
    assert answer.status == 200 and answer.json["REDIRECT_URL"].endswith("/go/x"), answer
    assert not holds(answer.text, web.key), answer.text


def test_an_open_application_gets_what_is_its_own_with_its_errors(web):
    answer = web.get("/nothing-there?apikey=1", key="of its own", secret=False)
    assert answer.status == 404 and answer.json["HTTP_X_API_KEY"] == "of its own", answer
    assert answer.json["REDIRECT_QUERY_STRING"] == "apikey=1"


def test_two_credentials_are_both_hidden(web):
    answer = web.get(f"/refused/x?apikey={WRONG}", headers={"X-API-Key": WRONG + "1", "Cookie":
                     f"session={WRONG}2", "Authorization": f"Bearer {WRONG}3"})
    assert answer.status == 400 and "REDIRECT_STATUS" in answer.text, answer
    assert WRONG not in answer.text, answer.text


REPEATED = [["X-API-Key: {a}", "X-API-Key: {b}"], ["X-API-Key: {a}", "X-API-Key: {a}"],
            ["Cookie: session={a}; session={b}"], ["Cookie: session={a}", "Cookie: session={b}"],
            ["Authorization: Bearer {a}", "Authorization: Bearer {b}"],
            ["Authorization: Digest x=1, Bearer {a}"], ["Authorization: Basic {a}, Bearer {b}"],
            ["Authorization: Negotiate {b}", "Authorization: Bearer {a}"]]


@pytest.mark.parametrize("lines", REPEATED)
def test_no_part_of_a_repeated_credential_is_shown(web, lines):
    """Only the whole field was looked for in variables, and of several schemes none was hidden."""
    words = {"a": WRONG + "1", "b": WRONG + "2"}
    secrets.add(*words.values())
    answer = web.client.raw_request("GET", "/refused/x", [line.format(**words) for line in lines])
    assert answer.status == 400 and "REDIRECT_STATUS" in answer.text, answer
    assert WRONG not in answer.text, answer.text


def test_logs_of_variables_show_none(web):
    for path in "/env/x", "/refused/x", "/forbidden/x":
        web.get(path, key=web.key, headers={"X-Other": "y"})
    web.get("/refused/x", key=WRONG)
    text = web.named_log("env.log", lambda text: text.count("\n") >= 4)
    assert web.key not in text and WRONG not in text, text


def test_the_page_a_request_came_from_is_a_copy_too(web):
    """A browser tells the address of a page with all that the page shows."""
    sent = f"https://api.test/page?a=1&apikey={web.key}&b=2"
    answer = web.get(f"/raw/x?apikey={web.key}", headers={"Referer": sent})
    assert answer.status == 200 and web.key not in answer.text
    assert "https://api.test/page?a=1&apikey=***&b=2" in answer.text
    web.get("/index.html", headers={"Referer": sent})
    assert web.key not in web.named_log("referer.log", "apikey=***")


def test_a_short_wrong_key_blots_out_nothing(web):
    answer = web.get("/refused/x", key="y", headers={"X-Other": "y"})
    assert answer.status == 401 and answer.json["REDIRECT_OTHER"] == "y", answer


def test_what_was_redirected_from_is_told_without_it(web):
    """Also by the address of the request that was redirected (QualifyRedirectURL)."""
    answer = web.get(f"/refused/x?apikey={WRONG}&a=1")
    told = answer.json
    assert told["REDIRECT_URL"].endswith("/refused/x?a=1"), told
    assert told.get("REDIRECT_QUERY_STRING") == "a=1", told
    assert re.search(r"apikey=\*\*\*", told["REQUEST_URI"])
