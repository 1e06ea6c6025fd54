# SPDX-License-Identifier: Apache-2.0
"""What a backend, a log and a shared cache see: who it is, and never with what it was proved."""

import json
import re

import pytest

from support.backend import header_of
from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused

SIGNER = Key("HS256")

CONF = r"""
LogFormat "%r|client=%{APIGUARD_CLIENT}e|key=%{APIGUARD_KEY_ID}e|kind=%{APIGUARD_CREDENTIAL}e|\
scopes=%{APIGUARD_SCOPES}e|decision=%{APIGUARD_DECISION}e|limit=%{APIGUARD_LIMIT}e|\
claim=%{APIGUARD_CLAIM_tenant}e|%>s" vars
CustomLog {root}/logs/vars.log vars
ProxyPreserveHost On
<Location "/open/">
    ProxyPass "http://127.0.0.1:{backend}/open/"
</Location>
<Location "/pass/">
    ProxyPass "http://127.0.0.1:{backend}/pass/"
    AuthType ApiGuard
    AuthName "pass"
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardPassHeaders on
    ApiGuardPassClaim tenant org.unit
    ApiGuardRateLimit 10000/day
    ApiGuardKeyFrom header:X-API-Key bearer basic query:apikey cookie:session_key
    Require valid-user
</Location>
<Location "/quiet/">
    ProxyPass "http://127.0.0.1:{backend}/quiet/"
    AuthType ApiGuard
    AuthName "quiet"
    Require valid-user
    RequestHeader set X-From-Env "%{APIGUARD_CLIENT}e"
</Location>
<Location "/none/">
    ProxyPass "http://127.0.0.1:{backend}/none/"
    AuthType ApiGuard
    AuthName "none"
    ApiGuardHideCredentials none
    ApiGuardKeyFrom header:X-API-Key query:apikey
    Require valid-user
</Location>
<Location "/all/">
    ProxyPass "http://127.0.0.1:{backend}/all/"
    AuthType ApiGuard
    AuthName "all"
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardHideCredentials all
    Require valid-user
</Location>
<Location "/anonymous/">
    ProxyPass "http://127.0.0.1:{backend}/anonymous/"
    AuthType ApiGuard
    AuthName "anonymous"
    ApiGuardAnonymous on
    ApiGuardPassHeaders on
    Require valid-user
</Location>
<Directory "{root}/htdocs/front">
    RewriteEngine On
    RewriteRule ^(.*)$ /pass/$1 [PT]
</Directory>
<Directory "{root}/htdocs/fallback">
    FallbackResource /pass/fallback
</Directory>
<Location "/s/file/">
    AuthType ApiGuard
    AuthName "file"
    ApiGuardKeyFrom header:X-API-Key bearer query:apikey
    Require valid-user
</Location>
<Location "/s/own-caching/">
    AuthType ApiGuard
    AuthName "own"
    Require valid-user
    Header set Cache-Control "public, max-age=60"
</Location>
<Location "/s/quiet/">
    AuthType ApiGuard
    LogLevel apiguard:error
    Require valid-user
</Location>
<Location "/s/rate/">
    AuthType ApiGuard
    AuthName "rate"
    ApiGuardRateLimit 1/day
    Require valid-user
</Location>
"""

MODULES = ("proxy", "proxy_http", "rewrite")


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    folder = Directory("headers")
    words = {"keyfile": folder.write("hs256.key", SIGNER.file()), "backend": backend.port}
    server = make_httpd(CONF, modules=MODULES, words=words,
                        files={"front/x.txt": "x", "fallback/x.txt": "x"})
    server.backend = backend
    yield server
    folder.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme", scopes=["orders:read", "mail"], roles=["clerk"])


def seen(web, path, method="GET", **kw):
    """What the backend saw of a request that must have passed."""
    answer = web.request(method, path, **kw)
    assert answer.status == 200, answer
    return answer.json


def headers_like(request, prefix):
    return {k: v for k, v in request["headers"]
            if re.sub(r"[^a-z]", "-", k.lower()).startswith(prefix)}


# ---- identity ------------------------------------------------------------------------------------

def test_the_backend_is_told_who_it_is(web, key):
    request = seen(web, "/pass/x", key=key)
    assert header_of(request, "X-ApiGuard-Client") == ["acme"]
    assert header_of(request, "X-ApiGuard-Credential") == ["key"]
    assert header_of(request, "X-ApiGuard-Scopes") == ["orders:read mail"]
    assert header_of(request, "X-ApiGuard-Roles") == ["clerk"]
    (public,) = header_of(request, "X-ApiGuard-Key-Id")
    assert key.startswith(public) and len(public) < 20


def test_the_backend_is_told_a_token_s_user_and_claims(web):
    token = SIGNER.token(sub="alice", azp="shop", tenant="blue", org={"unit": 7}, scope="a b")
    request = seen(web, "/pass/x", bearer=token)
    assert header_of(request, "X-ApiGuard-User") == ["alice"]
    assert header_of(request, "X-ApiGuard-Client") == ["shop"]
    assert header_of(request, "X-ApiGuard-Credential") == ["jwt"]
    assert header_of(request, "X-ApiGuard-Scopes") == ["a b"]
    assert header_of(request, "X-ApiGuard-Claim-tenant") == ["blue"]
    assert "7" in headers_like(request, "x-apiguard-claim-org").values()


def test_without_pass_headers_it_is_told_nothing(web, key):
    request = seen(web, "/quiet/x", key=key)
    assert headers_like(request, "x-apiguard") == {}
    assert header_of(request, "X-From-Env") == ["acme"]


SPELLINGS = ["X-ApiGuard-Client", "x-apiguard-client", "X_ApiGuard_Client", "X.ApiGuard.Client",
             "X-ApiGuard_Client", "X_APIGUARD-CLIENT", "X-ApiGuard-Claim-role", "X-ApiGuard-",
             "X-APIGUARD-ANYTHING", "x_apiguard.user", "X-ApiGuard.Scopes"]


@pytest.mark.parametrize("path", ["/pass/x", "/quiet/x", "/open/x", "/anonymous/x"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_forged_identity_never_arrives(web, key, path, spelling):
    sent = [(spelling, "root-of-all-evil")]
    credential = {} if path.startswith(("/open", "/anonymous")) else {"key": key}
    request = seen(web, path, headers=sent, **credential)
    assert "root-of-all-evil" not in json.dumps(request)


@pytest.mark.parametrize("connection", [
    "X-ApiGuard-Client", "close, x-apiguard-client, X-ApiGuard-Scopes",
    "X-ApiGuard-Client, X-ApiGuard-User, X-ApiGuard-Credential, keep-alive",
])
def test_connection_cannot_remove_our_identity(web, key, connection):
    request = seen(web, "/pass/x", key=key, headers=[("Connection", connection)])
    assert header_of(request, "X-ApiGuard-Client") == ["acme"]
    assert header_of(request, "X-ApiGuard-Credential") == ["key"]
    assert header_of(request, "X-ApiGuard-Scopes") == ["orders:read mail"]


def test_connection_cannot_hide_a_credential_from_us_or_smuggle_it_on(web, key):
    request = seen(web, "/pass/x", key=key, headers=[("Connection", "X-API-Key")])
    assert header_of(request, "X-API-Key") == []


@pytest.mark.parametrize("claim", ["a\r\nX-Evil: 1", "a\nb", "a\x00b", "\u20ac uro", "x" * 5000,
                                   {"not": "text"}, ["a", "b\r\n"]])
def test_a_claim_cannot_break_a_header(web, claim):
    answer = web.get("/pass/x", bearer=SIGNER.token(tenant=claim, azp="shop"))
    assert answer.status in (200, 401), answer
    if answer.status == 200:
        assert header_of(answer.json, "X-Evil") == []
        for _, value in answer.json["headers"]:
            assert "\n" not in value and "\x00" not in value


@pytest.mark.parametrize("claim", ["scope", "azp", "roles"])
def test_a_name_cannot_break_a_header(web, claim):
    value = "x\r\nX-Evil: 1"
    token = SIGNER.token({claim: [value] if claim == "roles" else value})
    answer = web.get("/pass/x", bearer=token)
    assert answer.status in (200, 401)
    if answer.status == 200:
        assert header_of(answer.json, "X-Evil") == []


def test_anonymous_has_its_name(web):
    request = seen(web, "/anonymous/x")
    assert header_of(request, "X-ApiGuard-Client") in (["anonymous"], [])
    assert header_of(request, "X-ApiGuard-Key-Id") == []


def test_who_is_refused_never_reaches_the_backend(web):
    before = len(web.backend.seen)
    for kw in ({}, {"key": "unknown-0123456789"}, {"bearer": SIGNER.token(exp=1000)}):
        assert web.get("/pass/refused", **kw).status == 401
    assert len(web.backend.seen) == before


# ---- hidden credentials --------------------------------------------------------------------------

def test_the_key_is_hidden_wherever_it_stood(web, key):
    for kw in ({"key": key}, {"bearer": key}, {"basic": ("acme", key)},
               {"headers": {"Cookie": f"a=1; session_key={key}; b=2"}}):
        request = seen(web, "/pass/x", **kw)
        assert key not in json.dumps(request), kw
        assert header_of(request, "Authorization") == []


def test_the_other_cookies_stay(web, key):
    request = seen(web, "/pass/x", headers={"Cookie": f"a=1; session_key={key}; b=2"})
    (cookie,) = header_of(request, "Cookie")
    assert re.split(r";\s*", cookie) == ["a=1", "b=2"]
    request = seen(web, "/pass/x", headers={"Cookie": f"session_key={key}"})
    assert header_of(request, "Cookie") == []


@pytest.mark.parametrize("query, left", [
    ("apikey=KEY", ""), ("a=1&apikey=KEY", "a=1"), ("apikey=KEY&b=2", "b=2"),
    ("a=1&apikey=KEY&b=2&c=%26x", "a=1&b=2&c=%26x"), ("a=1&apikey=KEY&b=", "a=1&b="),
    ("xapikey=1&apikey=KEY&apikeyx=2", "xapikey=1&apikeyx=2"),
])
def test_a_key_in_the_query_is_cut_out(web, key, query, left):
    request = seen(web, "/pass/x?" + query.replace("KEY", key))
    assert request["query"] == left
    assert key not in json.dumps(request)


def test_a_key_in_the_query_is_hidden_in_the_log(web, key):
    assert web.get(f"/s/file/hello.html?a=1&apikey={key}&mark=cut").status == 200
    line = web.wait_log(r"GET \S*mark=cut\S*", access=True).group()
    assert "apikey=***" in line and "a=1" in line
    assert key not in web.access_log()


def test_a_wrong_key_in_the_query_is_hidden_in_the_log_too(web, key):
    """What is nearly a key, or a key of another place, is a secret as well."""
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert web.get(f"/s/file/hello.html?apikey={wrong}&mark=wrong").status == 401
    web.wait_log(r"GET \S*mark=wrong\S*", access=True)
    assert wrong not in web.access_log() + web.error_log()


def test_hide_key_leaves_a_token_to_the_backend(web):
    token = SIGNER.token(azp="shop")
    assert header_of(seen(web, "/pass/x", bearer=token), "Authorization") == [f"Bearer {token}"]


def test_hide_all_hides_a_token_too(web, key):
    assert header_of(seen(web, "/all/x", bearer=SIGNER.token()), "Authorization") == []
    assert header_of(seen(web, "/all/x", key=key), "X-API-Key") == []


def test_hide_none_hides_nothing(web, key):
    web.verdict.allow_secrets_in_access_log()
    assert header_of(seen(web, "/none/x", key=key), "X-API-Key") == [key]
    assert seen(web, f"/none/x?apikey={key}")["query"] == f"apikey={key}"


def test_an_unguarded_path_is_left_alone(web):
    sent = {"X-API-Key": "for-the-backend-0123456789", "Authorization": "Basic YTpi"}
    request = seen(web, "/open/x?apikey=for-the-backend-01234", headers=sent, secret=False)
    assert header_of(request, "X-API-Key") == ["for-the-backend-0123456789"]
    assert header_of(request, "Authorization") == ["Basic YTpi"]
    assert request["query"] == "apikey=for-the-backend-01234"


# ---- bodies through redirects --------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/front/x", "/fallback/x", "/pass/x"])
@pytest.mark.parametrize("encoding", ["length", "chunked"])
def test_a_body_survives_a_redirect(web, key, path, encoding):
    if encoding == "length":
        request = seen(web, path, "POST", key=key, body="the whole body")
    else:
        fields = [f"X-API-Key: {key}", "Transfer-Encoding: chunked"]
        answer = web.client.raw_request("POST", path, fields, b"e\r\nthe whole body\r\n0\r\n\r\n")
        assert answer.status == 200, answer
        request = answer.json
    assert request["body"] == "the whole body"
    assert header_of(request, "X-API-Key") == []
    assert header_of(request, "X-ApiGuard-Client") == ["acme"]


def test_a_redirect_hides_a_query_key_too(web, key):
    request = seen(web, f"/front/x?a=1&apikey={key}")
    assert key not in json.dumps(request)


# ---- caches --------------------------------------------------------------------------------------

def test_an_answer_to_somebody_is_private(web, key):
    """Also from the next user of the same browser: its cache asks again each time."""
    answer = web.get("/s/file/hello.html", key=key)
    assert answer.header("Cache-Control") == "private, no-cache"
    again = web.get("/s/file/hello.html", key=key,
                    headers={"If-None-Match": answer.header("ETag")})
    assert again.status == 304 and again.header("Cache-Control") == "private, no-cache"
    assert web.get("/s/file/hello.html",
                   headers={"If-None-Match": answer.header("ETag")}).status == 401


def test_the_application_s_caching_stands(web, key):
    assert web.get("/s/own-caching/hello.html", key=key).header("Cache-Control") == \
        "public, max-age=60"


@pytest.mark.parametrize("said, sent", [
    ("public, max-age=5", "public, max-age=5"), ("s-maxage=5", "s-maxage=5"),
    ("no-store", "no-store"), ("private", "private"),
    ("max-age=5", "max-age=5, private")])
def test_a_backend_s_caching_stands(web, key, said, sent):
    """How long is the backend's word; for whom too, where it says so. A cache behind us cannot see
    the credential, which is hidden by then."""
    web.backend.extra.append(("Cache-Control", said))
    try:
        answer = web.get("/pass/x", key=key)
    finally:
        web.backend.extra.clear()
    assert answer.header("Cache-Control") == sent
    vary = [word.strip().lower() for word in answer.header("Vary").split(",")]
    assert "x-api-key" in vary and "authorization" in vary


def test_a_backend_s_expiry_is_its_client_s(web, key):
    web.backend.extra.append(("Expires", "Fri, 01 Jan 2100 00:00:00 GMT"))
    try:
        answer = web.get("/pass/x", key=key)
    finally:
        web.backend.extra.clear()
    assert answer.header("Cache-Control") == "private"
    assert "x-api-key" in answer.header("Vary").lower()


def test_unguarded_answers_are_not_touched(web):
    answer = web.get("/index.html")
    assert answer.header("Cache-Control") is None
    assert answer.header("Vary") is None


# ---- logs ----------------------------------------------------------------------------------------

def audit_lines(web):
    """The audit lines since this test began, parsed."""
    return [json.loads(found) for found in
            re.findall(r'(\{"event":"denied".*?\})(?:$|, referer)', web.verdict.error.peek(), re.M)]


def test_every_refusal_leaves_one_audit_line(web, key):
    requests = [({"key": "unknown-0123456789"}, "key_invalid"), ({}, "credential_missing"),
                ({"bearer": SIGNER.token(exp=1000)}, "token_expired")]
    for sent, code in requests:
        answer = web.get("/pass/audited", **sent)
        assert_refused(answer, code)
        (line,) = [x for x in audit_lines(web) if x["request_id"] == answer.json["request_id"]]
        assert line["code"] == code
        assert line["status"] == 401
        assert line["ip"] == "127.0.0.1"
        assert line["method"] == "GET"
        assert line["path"] == "/pass/audited"


def test_the_audit_names_an_identified_client(web, key):
    assert web.get("/s/rate/hello.html", key=key).status == 200
    assert web.get("/s/rate/hello.html", key=key).status == 429
    (line,) = audit_lines(web)
    assert line["client"] == "acme" and line["code"] == "rate_exceeded"
    assert key.startswith(line["key_id"]) and len(line["key_id"]) < 20


def test_the_audit_names_a_revoked_key_s_client(web):
    key = web.keys.create(client="former")
    web.keys.revoke(key)
    assert web.get("/s/file/hello.html", key=key).status == 401
    (line,) = audit_lines(web)
    assert (line["code"], line["client"]) == ("key_revoked", "former")


def test_a_section_without_audit_lines(web):
    answer = web.get("/s/quiet/hello.html")
    assert_refused(answer, "credential_missing")
    assert re.fullmatch("[0-9a-f]{16}", answer.json["request_id"])
    assert audit_lines(web) == []


def test_who_passes_leaves_no_audit_line(web, key):
    assert web.get("/s/file/hello.html", key=key).status == 200
    assert audit_lines(web) == []


@pytest.mark.parametrize("path", ['/s/file/"quote', "/s/file/%22%5c", "/s/file/%0d%0aX",
                                  "/s/file/%c3%a9", "/s/file/" + "long/" * 600, "/s/file/%ff%01"])
def test_an_audit_line_is_json_whatever_the_path(web, path):
    answer = web.client.raw_request("GET", path)
    assert answer.status in (400, 401, 403, 404)
    if answer.status == 401:
        (line,) = audit_lines(web)
        assert line["code"] == "credential_missing"


def test_a_referer_does_not_break_the_audit_line(web):
    web.get("/s/file/hello.html", headers={"Referer": 'http://x/"}'})
    assert len(audit_lines(web)) == 1


def test_variables_for_log_format(web, key):
    web.get("/pass/vars", key=key)
    web.get("/pass/vars-refused", key="unknown-0123456789")
    web.get("/pass/vars-token", bearer=SIGNER.token(azp="shop", tenant="blue"))
    lines = {}
    for line in web.named_log("vars.log", until="/pass/vars-token").splitlines():
        request, *parts, _ = line.split("|")
        lines[request.split()[1]] = dict(part.split("=", 1) for part in parts)
    assert lines["/pass/vars"]["client"] == "acme"
    assert key.startswith(lines["/pass/vars"]["key"])
    assert lines["/pass/vars"]["kind"] == "key"
    assert lines["/pass/vars"]["scopes"] == "orders:read mail"
    assert lines["/pass/vars"]["limit"] != "-"
    assert lines["/pass/vars"]["decision"] not in ("-", lines["/pass/vars-refused"]["decision"])
    assert lines["/pass/vars-refused"]["decision"] == "key_invalid"
    assert lines["/pass/vars-refused"]["client"] == "-"
    assert lines["/pass/vars-token"]["claim"] == "blue"
    assert lines["/pass/vars-token"]["kind"] == "jwt"


def test_debug_logging_shows_no_secret(own_httpd, backend):
    """At the module's most talkative level, with good and bad credentials of every kind. The
    verdict on the logs does the looking."""
    folder = Directory("debug")
    words = {"keyfile": folder.write("hs256.key", SIGNER.file()), "backend": backend.port}
    web = own_httpd("LogLevel apiguard:trace8\n" + CONF, modules=MODULES, words=words)
    key = web.keys.create(client="acme")
    web.verdict.shown = False
    for good in ({"key": key}, {"bearer": key}, {"basic": ("acme", key)},
                 {"headers": {"Cookie": f"session_key={key}"}}, {"bearer": SIGNER.token()}):
        assert web.get("/pass/x", **good).status == 200
    for bad in ({"key": "wrong-but-secret-0123456789"}, {"bearer": "wrong-but-secret-0123456789"},
                {"basic": ("acme", "wrong-but-secret-0123456789")},
                {"bearer": SIGNER.token(exp=1000)}, {"bearer": SIGNER.token()[:-5]},
                {"key": key, "bearer": "another-one-0123456789"}):
        assert web.get("/pass/x", **bad).status in (400, 401)
    web.get(f"/pass/x?apikey={key}")
    web.get("/pass/x?apikey=wrong-but-secret-0123456789")
    folder.close()
