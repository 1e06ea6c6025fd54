# SPDX-License-Identifier: Apache-2.0
"""One request, two readers: a credential in a spelling that we overlooked and a backend reads, and
an empty one that we took for a wrong one."""

import json
import re

import pytest

from support.backend import header_of
from support.problem import assert_refused

CONF = """
LogFormat "%r|%U%q" queries
CustomLog {root}/logs/queries.log queries
<Location "/p/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key bearer basic query:apikey cookie:session_key
    Require valid-user
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/anonymous/">
    AuthType ApiGuard
    ApiGuardAnonymous on
    ApiGuardPassHeaders on
    ApiGuardKeyFrom header:X-API-Key bearer query:apikey
    Require valid-user
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/either/">
    AuthType ApiGuard
    ApiGuardEnforce require
    <RequireAny>
        Require ip 127.0.0.1
        Require valid-user
    </RequireAny>
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/s/public/">
    AuthType ApiGuard
    Require valid-user
    Header set Cache-Control "public, max-age=60"
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    web = make_httpd(CONF, modules=("proxy", "proxy_http"), words={"backend": backend.port})
    web.backend = backend
    return web


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


@pytest.fixture(scope="module")
def other(web):
    return web.keys.create(client="other")


NAMES = ["%61pikey", "api%6Bey", "APIKEY", "ApiKey", "apikey[]",
         "apikey%5B0%5D", "+apikey", "%20apikey", "apikey%00x", "%u0061pikey",
         "[apikey]", "%5Bapikey%5D", "[[apikey", "]apikey]", "apikey]",  # Rack; qs reads the first two
         "apikey%00;", "apikey%00;x", "apikey[;]", "apikey[?]"]  # PHP; the last one was not masked
FIELDS = ["X_API_Key", "X.API.Key", "x_api.key", "X-API_KEY", "X~API-Key"]
COOKIES = ["session.key", "session%5fkey", "SESSION_KEY", "session_key[]", "session_key ",
           "[session_key]",
           "a=1; session-key", "%73ession_key"]


def fields(name, key, value):
    return [f"X-API-Key: {key}", f"{name}: {value}"]


def sent(web, target, *lines):
    """The answer, and whether the backend saw anything."""
    before = len(web.backend.seen)
    answer = web.client.raw_request("GET", target, list(lines))
    return answer, len(web.backend.seen) > before


@pytest.mark.parametrize("name", NAMES)
def test_a_second_argument_in_another_spelling_is_seen(web, key, other, name):
    """?apikey=A&%6Bey=B: we read A, the application B."""
    for target, lines in ((f"/p/x?apikey={key}&{name}={other}", ()),
                          (f"/p/x?{name}={other}&apikey={key}", ()),
                          (f"/p/x?a=1;{name}={other}", (f"X-API-Key: {key}",)),
                          (f"/p/x?a=1&{name}={other}&b=2", (f"X-API-Key: {key}",))):
        answer, arrived = sent(web, target, *lines)
        assert_refused(answer, "credential_ambiguous")
        assert not arrived


@pytest.mark.parametrize("name", NAMES)
def test_an_argument_in_another_spelling_is_hidden_and_masked(web, key, name):
    """It stood in full in the access log."""
    mark = f"n{NAMES.index(name)}"
    for target, left in ((f"/p/x?a=1&{name}={key}&mark={mark}", f"a=1&mark={mark}"),
                         (f"/p/x?a=1;{name}={key}&mark={mark}", f"a=1&mark={mark}")):
        answer = web.client.raw_request("GET", target, [f"X-API-Key: {key}"])
        assert answer.status == 200 and answer.json["query"] == left
        assert key not in json.dumps(answer.json)
        assert web.client.raw_request("GET", target).status == 200  # alone it is the key
    assert web.wait_log(f"mark={mark}", access=True) and key not in web.access_log()
    text = web.named_log("queries.log", until=lambda text: text.count(f"mark={mark}") >= 8)
    assert key not in text and f"{name}=***" in text


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_in_another_spelling_is_the_same_field(web, key, other, name):
    answer, arrived = sent(web, "/p/x", *fields(name, key, other))
    assert_refused(answer, "credential_ambiguous")
    assert not arrived
    for lines in (fields(name, key, key), [f"{name}: {key}"], fields(name, key, "")):
        answer, _ = sent(web, "/p/x", *lines)
        assert answer.status == 200 and key not in json.dumps(answer.json)
        assert not [k for k, _ in answer.json["headers"] if re.sub(r"\W|_", "", k.lower()) == "xapikey"]


@pytest.mark.parametrize("name", COOKIES)
def test_a_cookie_in_another_spelling_is_the_same_cookie(web, key, other, name):
    """PHP reads session.key as session_key, and read percent signs in names until 7.4.11."""
    answer, arrived = sent(web, "/p/x", f"Cookie: session_key={key}; {name}={other}")
    assert_refused(answer, "credential_ambiguous")
    assert not arrived
    answer, _ = sent(web, "/p/x", f"X-API-Key: {key}", f"Cookie: {name}={key}; b=2")
    assert answer.status == 200 and key not in json.dumps(answer.json)
    assert header_of(answer.json, "Cookie")[0].endswith("b=2")


@pytest.mark.parametrize("value", ["Negotiate x, Bearer OTHER", "Bearer\tOTHER", "Digest a=1, Basic x"])
def test_an_authorization_of_two_schemes_is_read(web, key, other, value):
    """The field was repeated, and a backend that takes the last one read what we did not."""
    answer, arrived = sent(web, "/p/x", f"X-API-Key: {key}",
                           f"Authorization: {value}".replace("OTHER", other))
    assert_refused(answer, "credential_ambiguous")
    assert not arrived


def test_where_nobody_is_asked_the_key_is_hidden_all_the_same(web, key):
    """Require ip holds, so nobody looked for a credential: Authorization went through."""
    for kw in ({"bearer": key}, {"key": key}, {"headers": {"Authorization": f"ApiKey {key}"}}):
        answer = web.get("/either/x", **kw)
        assert answer.status == 200 and key not in json.dumps(answer.json), kw
    answer = web.get("/either/x", headers={"Authorization": "Digest a=1"})
    assert header_of(answer.json, "Authorization") == ["Digest a=1"]


def test_no_cache_takes_an_odd_field_for_no_field(web, key):
    """An application's own public answer varies on X-API-Key, which this request did not have."""
    vary = web.get("/s/public/hello.html", key=key).header("Vary")
    assert re.split(r",\s*", vary) == ["Authorization", "X-API-Key"]
    answer = web.get("/s/public/hello.html", headers={"X_API_Key": key})
    assert answer.status == 200 and answer.header("Vary") == "*"


# ---- nothing is not a wrong credential -----------------------------------------------------------

EMPTY = [["X-API-Key:"], ["X-API-Key:  "], ["X_API_Key:"], ["Authorization: Bearer"],
         ["Authorization: Bearer "], ["Authorization: ApiKey"], ["Authorization: Basic"],
         ["Authorization: Basic Og=="], ["Cookie: session_key="], ["Cookie: session_key=\"\""],
         ["X-API-Key:", "X-API-Key:"], ["X-API-Key:", "Authorization: Bearer"], ["Authorization:"]]
EMPTY_QUERIES = ["apikey=", "apikey=+", "apikey=%20%09", "apikey", "apikey=&apikey=", "%61pikey="]


@pytest.mark.parametrize("lines", EMPTY)
def test_an_empty_field_is_no_credential(web, key, lines):
    answer, _ = sent(web, "/p/x", *lines)
    assert_refused(answer, "credential_missing")
    goods = [f"X-API-Key: {key}", f"Cookie: session_key={key}"]
    if lines != ["Authorization: Basic Og=="]:  # not blank, so two of Authorization are two
        goods.append(f"Authorization: Bearer {key}")
    for good in goods:
        for all_lines in ([good, *lines], [*lines, good]):
            answer, _ = sent(web, "/p/x", *all_lines)
            assert answer.status == 200, (all_lines, answer)
            assert key not in json.dumps(answer.json)
            assert header_of(answer.json, "Authorization") in ([], [""])
            assert header_of(answer.json, "X-API-Key") == []


@pytest.mark.parametrize("query", EMPTY_QUERIES)
def test_an_empty_argument_is_no_credential(web, key, query):
    assert_refused(web.get(f"/p/x?{query}"), "credential_missing")
    answer = web.get(f"/p/x?b=2&{query}", key=key)
    assert answer.status == 200 and answer.json["query"] in ("b=2", "b=2&apikey")
    assert web.get(f"/p/x?{query}&apikey={key}").status == 200


@pytest.mark.parametrize("lines", EMPTY[:6])
def test_anonymous_takes_an_empty_field_for_none(web, lines):
    """A form of a client that leaves the field empty was refused as a wrong key."""
    answer, _ = sent(web, "/anonymous/x?apikey=", *lines)
    assert answer.status == 200
    assert header_of(answer.json, "X-ApiGuard-Client") == ["anonymous"]
    assert header_of(answer.json, "X-API-Key") == header_of(answer.json, "Authorization") == []
    assert_refused(web.get("/anonymous/x", key="wrong-0123456789"), "key_invalid")


def test_empty_credentials_ban_nobody(own_httpd):
    """Twenty of them did."""
    web = own_httpd("""
        <Location "/s/x/">
            AuthType ApiGuard
            ApiGuardKeyFrom header:X-API-Key bearer basic query:apikey
            ApiGuardBan 3/min for=10min hard
            Require valid-user
        </Location>
        <Location "/s/basic/">
            AuthType Basic
            AuthName basic
            AuthBasicProvider apiguard
            ApiGuardBan 3/min for=10min hard
            Require valid-user
        </Location>
        """)
    key = web.keys.create(client="acme")
    for _ in range(5):
        for lines in EMPTY:
            assert web.client.raw_request("GET", "/s/x/hello.html", lines).status == 401
        assert web.get("/s/x/hello.html?apikey=").status == 401
        assert web.get("/s/basic/hello.html", basic=("acme", "")).status == 401
    assert web.get("/s/x/hello.html", key=key).status == 200
    assert web.get("/s/basic/hello.html", basic=("acme", key)).status == 200
    for _ in range(4):
        web.get("/s/x/hello.html", key="wrong-0123456789")
    assert web.get("/s/x/hello.html", key=key).status == 429
