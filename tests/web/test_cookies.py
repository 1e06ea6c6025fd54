# SPDX-License-Identifier: Apache-2.0
"""A key in a cookie: the browser sends it with whatever any page asks for, so a request from a page of another
origin is refused unless CORS lets that page use credentials."""

import pytest

from support.problem import assert_refused

HOST = "api.test"
OWN = {"Host": HOST, "Origin": f"http://{HOST}"}
FOREIGN = {"Host": HOST, "Origin": "https://evil.test"}
LISTED = {"Host": HOST, "Origin": "https://app.example"}

CONF = """
<Location "/s/">
    AuthType ApiGuard
    AuthName cookies
    ApiGuardKeyFrom header:X-API-Key cookie:session query:apikey bearer
    Require valid-user
</Location>
<Location "/s/cors/">
    ApiGuardCORS origin=https://app.example credentials
</Location>
<Location "/s/read/">
    ApiGuardCORS origin=https://app.example
</Location>
<Location "/s/guest/">
    ApiGuardAnonymous on
</Location>
<Location "/s/ban/">
    ApiGuardBan 3/min
</Location>
<Location "/s/limit/">
    ApiGuardRateLimit 2/day
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF)


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="joe")


def ask(web, path, key, fields, method="GET"):
    return web.request(method, path, headers={"Cookie": f"a=b; session={key}", **fields})


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "DELETE", "OPTIONS"])
def test_a_foreign_page_uses_no_cookie(web, key, method):
    """Whatever the method: a GET may change something, too."""
    answer = ask(web, "/s/x/hello.html", key, FOREIGN, method)
    assert answer.status == 403
    if method != "HEAD":
        body = assert_refused(answer, "origin_denied")
        assert "https://evil.test" in body["detail"]
    assert web.wait_log(r'AG0140: .*origin_denied.*"credential":"key"')


@pytest.mark.parametrize("fields", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "cross-site", **OWN},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://www.api.test"}, {"Origin": "null"},
    {"Origin": f"http://{HOST}.evil.test"}, {"Origin": "x" * 4000}])
def test_what_is_foreign(web, key, fields):
    assert_refused(ask(web, "/s/x/hello.html", key, {"Host": HOST, **fields}), "origin_denied")


@pytest.mark.parametrize("fields", [
    {}, OWN, {"Origin": f"https://{HOST}"}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://shown.example"}])
def test_what_is_ours(web, key, fields):
    assert ask(web, "/s/x/hello.html", key, {"Host": HOST, **fields}).status == 200


def test_a_port_is_part_of_it(web, key):
    """Two ports of one machine are two origins, and share their cookies."""
    host = f"127.0.0.1:{web.port}"
    assert ask(web, "/s/x/hello.html", key, {"Host": host, "Origin": f"http://{host}"}).status == 200
    assert_refused(ask(web, "/s/x/hello.html", key, {"Host": host, "Origin": "http://127.0.0.1:1"}), "origin_denied")


def test_where_cors_lists_it(web, key):
    answer = ask(web, "/s/cors/hello.html", key, LISTED)
    assert answer.status == 200
    assert answer.header("Access-Control-Allow-Credentials") == "true"
    assert_refused(ask(web, "/s/cors/hello.html", key, FOREIGN), "origin_denied")
    assert_refused(ask(web, "/s/read/hello.html", key, LISTED), "origin_denied")


def test_what_a_page_must_say_itself_it_may_say(web, key):
    """A field or a query argument is no cookie: who knows the key sends it."""
    assert web.get("/s/x/hello.html", key=key, headers=FOREIGN).status == 200
    assert web.get(f"/s/x/hello.html?apikey={key}", headers=FOREIGN).status == 200
    assert web.get("/s/x/hello.html", bearer=key, headers=FOREIGN).status == 200
    assert web.get("/s/x/hello.html", key=key, headers={**FOREIGN, "Cookie": f"session={key}"}).status == 200


def test_another_places_emptiness_is_no_way_round(web, key):
    for more in ({"X-API-Key": ""}, {"Authorization": "Bearer "}):
        assert_refused(ask(web, "/s/x/hello.html?apikey=", key, {**FOREIGN, **more}), "origin_denied")


def test_a_websocket(web, key):
    """The browser sends Origin and cookies with its handshake, and asks nobody first."""
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert_refused(ask(web, "/s/x/hello.html", key, {**FOREIGN, **handshake}), "origin_denied")
    assert ask(web, "/s/x/hello.html", key, {**OWN, **handshake}).status == 200


def test_nobody_is_let_in_instead(web, key):
    assert_refused(ask(web, "/s/guest/hello.html", key, FOREIGN), "origin_denied")
    assert web.get("/s/guest/hello.html", headers=FOREIGN).status == 200


def test_it_is_no_guess(web, key):
    """A foreign page could have its readers banned, who have an old cookie. It is not looked at, so nothing can
    be guessed by it."""
    for _ in range(5):
        assert_refused(ask(web, "/s/ban/hello.html", "wrong-key-0123456789", FOREIGN), "origin_denied")
    assert_refused(ask(web, "/s/ban/hello.html", "wrong-key-0123456789", OWN), "key_invalid")
    assert ask(web, "/s/ban/hello.html", key, OWN).status == 200


def test_it_is_charged_to_nobody(web):
    key = web.keys.create(client="limited")
    for _ in range(3):
        assert_refused(ask(web, "/s/limit/hello.html", key, FOREIGN), "origin_denied")
    assert ask(web, "/s/limit/hello.html", key, OWN).status == 200
