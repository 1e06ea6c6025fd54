# SPDX-License-Identifier: Apache-2.0
"""SetHandler apiguard-token: who gets no token, and in which words (RFC 6749 s5.2)."""

import base64
import json
import re
import time
from urllib.parse import urlencode

import pytest

from support.issuer import FORM, GRANT, Keys, ask, assert_denied, endpoint, token_of
from support.keys import Sqlite
from support.problem import assert_refused

CONF = """
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Location "/banned">
    SetHandler apiguard-token
    ApiGuardBan 3/day for=10min
</Location>
<Location "/safe">
    SetHandler apiguard-token
    ApiGuardTLS require
</Location>
<Location "/httpd">
    SetHandler apiguard-token
    ApiGuardErrors httpd
    ApiGuardInvalidKeyStatus 403
    ErrorDocument 401 "another page"
    ErrorDocument 400 /api/hello.html
</Location>
<Location "/inside">
    SetHandler apiguard-token
    Require api-ip 192.0.2.0/24
</Location>
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
<Location "/passed">
    SetHandler apiguard-token
    ProxyPass "http://127.0.0.1:{backend}/passed"
</Location>
<Directory "{root}/htdocs/late">
    RewriteEngine On
    RewriteRule token$ - [H=apiguard-token]
</Directory>
<Location "/late/guarded/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
"""
MODULES = ("remoteip", "rewrite", "proxy", "proxy_http")
GONE = ("AG04", r"\[dbd:error\]")


@pytest.fixture(scope="module")
def keys():
    keys = Keys("ES256")
    yield keys
    keys.dir.close()


@pytest.fixture(scope="module")
def web(make_httpd, keys, backend):
    return make_httpd(keys.line("ES256") + endpoint() + CONF, modules=MODULES,
                      files={"late/token": "x", "late/guarded/token": "x"}, words={"backend": backend.port})


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="shop", scopes=["read", "orders:*"])


def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


# ---- invalid_request ---------------------------------------------------------------------------

GOOD = {**GRANT, "client_id": "shop", "client_secret": "KEY"}


@pytest.mark.parametrize("body, headers, says", [
    ({**GOOD, "grant_type": ""}, {}, "grant_type is missing"),
    ("", {}, "grant_type is missing"),
    (GOOD, {"Content-Type": "application/json"}, "application/x-www-form-urlencoded"),
    (GOOD, {"Content-Type": FORM + "x"}, "application/x-www-form-urlencoded"),
    (GOOD, basic("shop:KEY"), "an Authorization field"),
    (GOOD, {"Authorization": "Bearer abc"}, "an Authorization field"),
    ({**GRANT, "client_id": "other"}, basic("shop:KEY"), "client_id in the body"),
    (GRANT, basic("shop"), "does not hold client_id"),
    (GRANT, basic("shop%zz:KEY"), "not application/x-www-form-urlencoded"),
    (GRANT, {"Authorization": "Basic ###"}, "does not hold client_id"),
    (GRANT, basic("shop\0:KEY"), "does not hold client_id"),
    (urlencode(GOOD) + "&grant_type=client_credentials", {}, "twice"),
    (urlencode(GOOD) + "&client_id=shop", {}, "twice"),
    (urlencode(GOOD) + "&client%5Fsecret=", {}, "twice"),
    (urlencode(GOOD) + "&scope=read&scope=read", {}, "twice"),
    (urlencode(GOOD) + "&foo=1&foo=2", {}, "twice"),
    (urlencode(GOOD) + "&scope=%zz", {}, "x-www-form-urlencoded"),
    (urlencode(GOOD) + "&scope=%00", {}, "x-www-form-urlencoded"),
    (urlencode(GOOD) + "&scope=a\0b", {}, "x-www-form-urlencoded"),
    (urlencode(GOOD) + "".join(f"&p{i}=x" for i in range(40)), {}, "too many"),
    (urlencode(GOOD) + "&scope=" + "x" * 8192, {}, "8192"),
], ids=lambda value: None if isinstance(value, (dict, str)) and len(str(value)) > 40 else value)
def test_invalid_request(web, key, body, headers, says):
    if isinstance(body, dict):
        body = urlencode(body)
    headers = dict(headers)
    if "Basic " in headers.get("Authorization", "") and "#" not in headers["Authorization"]:
        text = base64.b64decode(headers["Authorization"][6:]).decode().replace("KEY", key)
        headers.update(basic(text))
    answer = web.request("POST", "/token", body=body.replace("KEY", key), headers={"Content-Type": FORM, **headers})
    assert says in assert_denied(answer, "invalid_request", "token_request_invalid")["error_description"]


def test_8192_bytes_are_read(web, key):
    body = urlencode({**GOOD, "client_secret": key, "foo": ""})
    answer = web.request("POST", "/token", body=body + "x" * (8192 - len(body)), headers={"Content-Type": FORM})
    token_of(answer)


def test_nothing_in_the_query(web, key):
    answer = ask(web, basic=("shop", key), path="/token?foo=bar")
    assert "query" in assert_denied(answer, "invalid_request", "token_request_invalid")["error_description"]


def test_a_secret_in_the_query_is_in_no_log(web, key):
    """RFC 6749 s2.3.1 forbids it there. It stood in the access log, of requests that no section sees, too."""
    for path in ("/token", "/safe", "/nowhere"):
        ask(web, path=f"{path}?client_id=shop&client_secret={key}")
        web.get(f"{path}?client%5Fsecret={key}")
    assert web.wait_log(r"GET /nowhere\?client%5Fsecret=\*\*\* ", access=True)
    assert key not in web.access_log()


def test_a_body_that_breaks_off(web, key):
    body = f"grant_type=client_credentials&client_id=shop&client_secret={key}"
    answer = web.client.raw_request("POST", "/token", [f"Content-Type: {FORM}", f"Content-Length: {len(body) + 5}"],
                                    body.encode())
    assert answer is None or answer.status == 400


@pytest.mark.parametrize("grant", ["password", "authorization_code", "CLIENT_CREDENTIALS", "refresh_token",
                                   "urn:ietf:params:oauth:grant-type:jwt-bearer"])
def test_other_grants(web, key, grant):
    answer = ask(web, basic=("shop", key), grant_type=grant)
    assert_denied(answer, "unsupported_grant_type", "grant_unsupported")


# ---- invalid_client ----------------------------------------------------------------------------

@pytest.mark.parametrize("form", [{}, {"client_id": "shop"}, {"client_secret": "x" * 20},
                                  {"client_id": "shop", "client_secret": ""}])
def test_no_client(web, form):
    assert_denied(ask(web, **form), "invalid_client", "credential_missing")


def test_another_scheme(web):
    answer = ask(web, headers={"Authorization": "Bearer abcdefgh"})
    assert_denied(answer, "invalid_client", "credential_missing")


@pytest.mark.parametrize("way", ["basic", "post"])
def test_a_wrong_secret(web, way):
    for secret in ("agk_" + "0" * 49, "no-key-of-anybody"):
        answer = (ask(web, basic=("shop", secret)) if way == "basic"
                  else ask(web, client_id="shop", client_secret=secret))
        assert_denied(answer, "invalid_client", "key_invalid")
    assert re.search(r'"code": ?"key_invalid", ?"status": ?401', web.verdict.error.peek())


def test_a_key_of_somebody_else(web, key):
    for name in ("other", "SHOP", "agk_00000000"):
        assert_denied(ask(web, basic=(name, key)), "invalid_client", "key_invalid")


def test_revoked_and_expired(web):
    keys = [web.keys.create(client="gone") for _ in range(2)]
    for key in keys:
        token_of(ask(web, basic=("gone", key)))
    web.keys.ctl("key", "revoke", "-", stdin=keys[0])
    assert_denied(ask(web, basic=("gone", keys[0])), "invalid_client", "key_revoked")
    web.keys.update(keys[1], expires_at=int(time.time()) - 1)
    end = time.monotonic() + 1.5
    while ask(web, basic=("gone", keys[1])).status == 200:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert_denied(ask(web, basic=("gone", keys[1])), "invalid_client", "key_expired")


def test_a_wrong_secret_counts_for_a_ban(web, key):
    """A good key that is known passes all the same, as everywhere."""
    client = {"X-Client": "192.0.2.77"}
    token_of(ask(web, basic=("shop", key), path="/banned", headers=client))
    for _ in range(3):
        assert_denied(ask(web, basic=("shop", "x" * 30), path="/banned", headers=client), "invalid_client", "key_invalid")
    body = assert_refused(ask(web, basic=("shop", "x" * 30), path="/banned", headers=client), "banned")
    assert body["retry_after"] > 500
    token_of(ask(web, basic=("shop", key), path="/banned", headers=client))


# ---- what the key may not ----------------------------------------------------------------------

@pytest.mark.parametrize("scope", ["write", "read write", "orders", "order:read", "reader", "rea"])
def test_scopes_that_the_key_lacks(web, key, scope):
    assert_denied(ask(web, basic=("shop", key), scope=scope), "invalid_scope", "scope_insufficient")


@pytest.mark.parametrize("scope", ["orders:*", "orders:re*", "*", 'orders:"', "orders:\\", "orders:\u00e4",
                                   "orders:\tx", "orders:\x7f"])
def test_words_that_no_token_says(web, key, scope):
    """In a token a scope is a literal word: a key's wildcard cannot be handed on."""
    assert_denied(ask(web, basic=("shop", key), scope=scope), "invalid_scope", "scope_insufficient")


def test_the_key_s_addresses_and_endpoints(web):
    here = web.keys.create(client="here", ips=["192.0.2.1"])
    token_of(ask(web, basic=("here", here), headers={"X-Client": "192.0.2.1"}))
    assert_denied(ask(web, basic=("here", here), headers={"X-Client": "192.0.2.2"}), "unauthorized_client", "ip_denied")
    orders = web.keys.create(client="orders", endpoints=["GET /api/*"])
    assert_denied(ask(web, basic=("orders", orders)), "unauthorized_client", "endpoint_denied")
    both = web.keys.create(client="both", endpoints=["GET /api/*", "POST /token"])
    token_of(ask(web, basic=("both", both)))
    assert_denied(ask(web, basic=("both", both), path="/banned"), "unauthorized_client", "endpoint_denied")


# ---- what is no word of OAuth ------------------------------------------------------------------

def test_without_the_database_there_is_no_token(own_httpd, keys, pgsql_keys):
    """Nor for a key that was looked up a moment ago, with which requests go on."""
    web = own_httpd(keys.line("ES256") + endpoint() + CONF, modules=MODULES,
                    database=pgsql_keys, words={"backend": 9})
    key = pgsql_keys.create(client="shop")
    token_of(ask(web, basic=("shop", key)))
    assert web.get("/s/x/hello.html", key=key).status == 200
    web.expect(*GONE)
    pgsql_keys.away()
    try:
        end = time.monotonic() + 4
        while ask(web, basic=("shop", key)).status == 200:
            assert time.monotonic() < end
            time.sleep(0.1)
        answer = ask(web, basic=("shop", key))
        assert assert_refused(answer, "keystore_unavailable")["retry_after"] >= 1
        assert web.get("/s/x/hello.html", key=key).status == 200
    finally:
        pgsql_keys.back()


def test_own_table_without_its_database(own_httpd, keys):
    """A table of one's own has no change log: what is cached counts for its time to live, and not when the database
    cannot be asked then."""
    database = Sqlite()
    query = 'ApiGuardKeyQuery "SELECT client_name, key_hash FROM api_keys WHERE key_hash = %s"\nApiGuardKeyCache ttl=0\n'
    web = own_httpd(query + keys.line("ES256") + endpoint() + CONF, modules=MODULES,
                    database=database, words={"backend": 9})
    key = database.create(client="shop")
    token_of(ask(web, basic=("shop", key)))
    web.expect(*GONE)
    database.sql("ALTER TABLE api_keys RENAME TO gone")
    assert_refused(ask(web, basic=("shop", key)), "keystore_unavailable")
    assert web.get("/s/x/hello.html", key=key).status == 200
    database.close()


def test_tls(web, key):
    assert_refused(ask(web, basic=("shop", key), path="/safe"), "tls_required")
    assert_refused(ask(web, client_id="shop", client_secret=key, path="/safe"), "tls_required")


def test_addresses_of_the_section(web, key):
    token_of(ask(web, basic=("shop", key), path="/inside", headers={"X-Client": "192.0.2.9"}))
    answer = ask(web, basic=("shop", key), path="/inside", headers={"X-Client": "198.51.100.9"})
    assert answer.status in (401, 403) and "access_token" not in answer.text


def test_the_words_are_oauth_s_whatever_the_section_says(web, key):
    """ApiGuardErrors httpd, ApiGuardInvalidKeyStatus and ErrorDocument are for people; a client reads RFC 6749."""
    assert_denied(ask(web, basic=("shop", "x" * 30), path="/httpd"), "invalid_client", "key_invalid")
    assert_denied(ask(web, basic=("shop", key), path="/httpd", scope="more"), "invalid_scope", "scope_insufficient")
    answer = ask(web, basic=("shop", "x" * 30), headers={"Accept": "text/html"})
    assert_denied(answer, "invalid_client", "key_invalid")


def test_a_handler_that_is_named_too_late(web, key):
    """mod_rewrite names it when the request has been checked: nobody was asked for a key, or not for one in the form."""
    web.expect("AG0972")
    for path, headers in (("/late/token", {}), ("/late/guarded/token", {"X-API-Key": key})):
        answer = ask(web, client_id="shop", client_secret=key, path=path, headers=headers)
        assert answer.status == 500 and "access_token" not in answer.text


def test_where_a_proxy_would_answer(web, backend, key):
    """mod_proxy asks the backend whatever SetHandler says: with the form read, and the key in Authorization."""
    web.expect("AG0996")
    for kw in ({"basic": ("shop", key)}, {"client_id": "shop", "client_secret": key}):
        assert_refused(ask(web, path="/passed", **kw), "internal_error")
    assert backend.seen == []


def test_a_server_that_signs_nothing(own_httpd, keys):
    other = """<VirtualHost *:{port}>
    ServerName other.test
    </VirtualHost>
    <VirtualHost *:{port}>
    ServerName signs.test
    %s
    </VirtualHost>
    """ % keys.line("ES256")
    web = own_httpd(endpoint() + other)
    key = web.keys.create(client="shop")
    web.expect("AG0970")
    assert_refused(ask(web, basic=("shop", key), headers={"Host": "other.test"}), "internal_error")
    assert web.get("/jwks", headers={"Host": "other.test"}).status == 404
    token_of(ask(web, basic=("shop", key), headers={"Host": "signs.test"}))


def test_the_secret_is_in_no_log(web, key):
    """Every test's verdict looks for it; here is what an audit line holds instead."""
    ask(web, client_id="shop", client_secret=key, scope="more")
    line = json.loads(re.findall(r"AG0140: (\{.*\})", web.verdict.error.all())[-1])
    assert (line["code"], line["status"], line["client"], line["credential"]) == ("scope_insufficient", 400, "shop", "key")
