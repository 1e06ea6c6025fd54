# SPDX-License-Identifier: Apache-2.0
"""The five-line configuration, and the places where a key may stand."""

import pytest

from support.fields import challenges, limits
from support.problem import assert_refused

CONF = """
<Location "/api/">
    AuthType   ApiGuard
    AuthName   "Acme API"
    ApiGuardRateLimit 100/min 1000/day
    Require    valid-user
</Location>

<Location "/s/basic/">
    AuthType ApiGuard
    AuthName "basic"
    ApiGuardKeyFrom basic
    Require valid-user
</Location>
<Location "/s/query/">
    AuthType ApiGuard
    AuthName "query"
    ApiGuardKeyFrom query:apikey
    Require valid-user
</Location>
<Location "/s/cookie/">
    AuthType ApiGuard
    AuthName "cookie"
    ApiGuardKeyFrom cookie:session_key
    Require valid-user
</Location>
<Location "/s/header/">
    AuthType ApiGuard
    AuthName "header"
    ApiGuardKeyFrom header:Api-Key
    Require valid-user
</Location>
<Location "/s/all/">
    AuthType ApiGuard
    AuthName "all"
    ApiGuardKeyFrom header:X-API-Key bearer basic query:apikey cookie:session_key
    Require valid-user
</Location>
<Location "/s/provider/">
    AuthType Basic
    AuthName "classic"
    AuthBasicProvider apiguard
    Require valid-user
</Location>
<Location "/s/anonymous/">
    AuthType ApiGuard
    AuthName "anonymous"
    ApiGuardAnonymous on
    ApiGuardRateLimit 5/day
    Require valid-user
</Location>
<Location "/s/limited-only/">
    ApiGuardRateLimit 3/day by=ip
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF)


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


def test_a_key_in_x_api_key_opens(web, key):
    answer = web.get("/api/hello.html", key=key)
    assert (answer.status, answer.text) == (200, "hello\n")


def test_a_key_as_bearer_opens(web, key):
    assert web.get("/api/hello.html", bearer=key).status == 200


def test_without_a_key_it_stays_shut(web):
    answer = web.get("/api/hello.html")
    assert_refused(answer, "credential_missing")
    assert "hello" not in answer.text
    schemes = [(scheme, values.get("realm")) for scheme, values in challenges(answer)]
    assert ("apikey", "Acme API") in schemes
    assert ("bearer", "Acme API") in schemes


def test_with_an_unknown_key_it_stays_shut(web):
    assert_refused(web.get("/api/hello.html", key="some-unknown-key-0123456789"), "key_invalid")


def test_what_is_not_in_the_section_is_open(web):
    assert web.get("/index.html").text == "top\n"


def test_the_client_is_the_user(web, key):
    web.get("/api/hello.html?who", key=key)
    assert web.wait_log(r' acme "GET /api/hello\.html\?who', access=True)


def test_both_windows_are_told(web, key):
    first = limits(web.get("/api/hello.html", key=key))
    second = limits(web.get("/api/hello.html", key=key))
    assert "100/min" in first or "1000/day" in first
    for name in first:
        assert second[name]["r"] == first[name]["r"] - 1
    policy = limits(web.get("/api/hello.html", key=key), "RateLimit-Policy")
    assert policy["100/min"] == {"q": 100, "w": 60}
    assert policy["1000/day"] == {"q": 1000, "w": 86400}


def test_basic_carries_a_key(web, key):
    assert web.get("/s/basic/hello.html", basic=("acme", key)).status == 200
    assert_refused(web.get("/s/basic/hello.html", basic=("acme", "wrong-0123456789")),
                   "key_invalid")


def test_basic_is_challenged_where_it_is_read(web):
    answer = web.get("/s/basic/hello.html")
    assert_refused(answer, "credential_missing")
    assert "basic" in [scheme for scheme, _ in challenges(answer)]


def test_a_query_argument_carries_a_key(web, key):
    assert web.get(f"/s/query/hello.html?a=1&apikey={key}&b=2").status == 200
    assert_refused(web.get("/s/query/hello.html?apikey=wrong-0123456789"), "key_invalid")
    assert_refused(web.get("/s/query/hello.html?xapikey=wrong-012345678"), "credential_missing")


def test_an_encoded_query_argument_carries_a_key(web, key):
    encoded = "".join(f"%{ord(c):02X}" for c in key[:4]) + key[4:]
    assert web.get(f"/s/query/hello.html?apikey={encoded}", secret=False).status == 200


def test_a_cookie_carries_a_key(web, key):
    cookie = {"Cookie": f"theme=dark; session_key={key}; lang=de"}
    assert web.get("/s/cookie/hello.html", headers=cookie).status == 200
    other = {"Cookie": "xsession_key=wrong-0123456789"}
    assert_refused(web.get("/s/cookie/hello.html", headers=other), "credential_missing")


def test_a_header_of_any_name_carries_a_key(web, key):
    assert web.get("/s/header/hello.html", headers={"api-KEY": key}).status == 200


@pytest.mark.parametrize("where", [{"bearer": "KEY"}, {"basic": ("acme", "KEY")}])
def test_what_the_section_does_not_read_is_no_credential(web, key, where):
    """Only Api-Key is read there: what stands elsewhere opens nothing and confuses nothing."""
    sent = {k: tuple(x.replace("KEY", key) for x in v) if isinstance(v, tuple) else key
            for k, v in where.items()}
    assert_refused(web.get("/s/header/hello.html", **sent), "credential_missing")
    assert web.get("/s/header/hello.html", headers={"Api-Key": key}, **sent).status == 200


def test_the_same_key_in_two_places_is_one_key(web, key):
    answer = web.get(f"/s/all/hello.html?apikey={key}", key=key, bearer=key)
    assert answer.status == 200


def test_two_different_keys_are_ambiguous(web, key):
    other = web.keys.create(client="other")
    assert_refused(web.get("/s/all/hello.html", key=key, bearer=other), "credential_ambiguous")
    assert_refused(web.get(f"/s/all/hello.html?apikey={other}", key=key), "credential_ambiguous")


def test_httpd_s_own_basic_asks_us_for_keys(web, key):
    assert web.get("/s/provider/hello.html", basic=("acme", key)).status == 200
    assert web.get("/s/provider/hello.html", basic=("acme", "wrong-0123456789")).status == 401
    assert web.get("/s/provider/hello.html").status == 401


def test_httpd_s_own_basic_refuses_a_revoked_key(web):
    key = web.keys.create(client="gone")
    web.keys.revoke(key)
    assert web.get("/s/provider/hello.html", basic=("gone", key)).status == 401


def test_anonymous_lets_in_who_shows_nothing(web):
    answer = web.get("/s/anonymous/hello.html?nobody")
    assert answer.status == 200
    assert web.wait_log(r' anonymous "GET /s/anonymous/hello\.html\?nobody', access=True)


def test_anonymous_never_lets_in_a_wrong_key(web):
    assert_refused(web.get("/s/anonymous/hello.html", key="wrong-0123456789abcdef"), "key_invalid")


def test_anonymous_is_limited_and_keys_have_their_own_count(web, key):
    statuses = [web.get("/s/anonymous/hello.html").status for _ in range(6)]
    assert statuses[-1] == 429
    assert web.get("/s/anonymous/hello.html", key=key).status == 200


def test_a_public_api_can_be_limited(web):
    statuses = [web.get("/s/limited-only/hello.html").status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
