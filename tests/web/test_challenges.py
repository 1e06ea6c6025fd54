# SPDX-License-Identifier: Apache-2.0
"""What a client is told about how to authenticate: every 401 has a challenge, what it offers is
taken, and the detail says where a key goes."""

import json

import pytest

from support.backend import header_of
from support.fields import challenges
from support.jwtmaker import Key
from support.ports import LOOPBACK, Directory
from support.problem import assert_refused

SIGNER = Key("HS256")

CONF = """
ErrorDocument 401 /page.html
<Location "/s/role/">
    AuthType ApiGuard
    AuthName "roles"
    ApiGuardErrors httpd
    Require api-role boss
</Location>
<Location "/s/plain-role/">
    AuthType ApiGuard
    ApiGuardErrors httpd
    ErrorDocument 401 default
    Require api-role boss
</Location>
<Location "/s/ban/">
    AuthType ApiGuard
    ApiGuardErrors httpd
    ErrorDocument 401 /api/limited.html
    Require api-role boss
</Location>
<Location "/api/limited.html">
    ApiGuardRateLimit 0/day by=ip
    ApiGuardErrors httpd
    AuthType ApiGuard
    Require all granted
</Location>
<Location "/p/">
    AuthType ApiGuard
    ApiGuardPassHeaders on
    Require valid-user
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/s/bearer/">
    AuthType ApiGuard
    ApiGuardKeyFrom bearer
    Require valid-user
</Location>
<Location "/s/query/">
    AuthType ApiGuard
    ApiGuardKeyFrom query:apikey basic
    Require valid-user
</Location>
<Location "/s/token/">
    AuthType ApiGuard
    ApiGuardProvider jwt
    ApiGuardJWTKey HS256 file:{keyfile}
    Require valid-user
</Location>
<Location "/s/both/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key
    ApiGuardJWTKey HS256 file:{keyfile}
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    folder = Directory("challenges")
    yield make_httpd(CONF, modules=("proxy", "proxy_http"), files={"page.html": "page\n",
                                                                  "api/limited.html": "limited\n"},
                     words={"backend": backend.port, "keyfile": folder.write("k", SIGNER.file())})
    folder.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme", roles=["guest"])


def offered(answer):
    return [scheme for scheme, _ in challenges(answer)]


def test_a_page_for_401_comes_with_the_challenge(web, key):
    """A key that lacks the role: httpd says 401 and sends the page, and the field was gone."""
    for kw in ({"key": key}, {"bearer": key}, {}):
        answer = web.get("/s/role/hello.html", **kw)
        assert (answer.status, answer.text) == (401, "page\n"), kw
        assert offered(answer) == ["apikey", "bearer"], kw
        assert "no-store" in answer.header("Cache-Control")


def test_without_a_page_it_is_403_and_asks_for_nothing(web, key):
    answer = web.get("/s/plain-role/hello.html", key=key)
    assert answer.status == 403 and offered(answer) == []
    ((scheme, told),) = challenges(web.get("/s/plain-role/hello.html", bearer=key))
    assert scheme == "bearer" and told["error"] == "insufficient_scope"


def test_a_page_that_is_refused_itself_keeps_the_challenge(web, key):
    """httpd sends the first error then; the second refusal had taken its field away."""
    answer = web.get("/s/ban/hello.html")
    assert answer.status == 401 and offered(answer) == ["apikey", "bearer"]
    answer = web.get("/s/ban/hello.html", key=key)
    assert answer.status == 403 and offered(answer) == []


@pytest.mark.parametrize("scheme", ["ApiKey", "apikey", "APIKEY "])
def test_what_the_challenge_offers_is_taken(web, key, scheme):
    assert "apikey" in offered(web.get("/p/x"))
    answer = web.get("/p/x", headers={"Authorization": f"{scheme} {key}"})
    assert answer.status == 200
    assert key not in json.dumps(answer.json) and header_of(answer.json, "Authorization") == []
    assert header_of(answer.json, "X-ApiGuard-Client") == ["acme"]


def test_a_wrong_one_of_that_scheme_is_a_wrong_key(web, key):
    other = web.keys.create(client="other")
    assert_refused(web.get("/p/x", headers={"Authorization": "ApiKey wrong-0123456789"}),
                   "key_invalid")
    assert_refused(web.get("/p/x", key=key, headers={"Authorization": f"ApiKey {other}"}),
                   "credential_ambiguous")
    assert web.get("/p/x", key=key, headers={"Authorization": f"ApiKey {key}"}).status == 200


def test_what_is_not_offered_is_not_taken(web, key):
    for section in ("bearer", "token"):
        answer = web.get(f"/s/{section}/hello.html", headers={"Authorization": f"ApiKey {key}"})
        assert_refused(answer, "credential_missing")
        assert offered(answer) == ["bearer"]


@pytest.mark.parametrize("path, detail", [
    ("/p/x", "Send the key in the X-API-Key field or as Authorization: Bearer"),
    ("/s/bearer/hello.html", "Send the key as Authorization: Bearer"),
    ("/s/query/hello.html",
     "Send the key in the apikey argument or as the password of Authorization: Basic"),
    ("/s/token/hello.html", "Send a token as Authorization: Bearer"),
    ("/s/both/hello.html",
     "Send the key in the X-API-Key field, or a token as Authorization: Bearer")])
def test_the_detail_says_where_a_key_goes(web, path, detail):
    body = assert_refused(web.get(path), "credential_missing")
    assert body["detail"] == body["message"] == detail


def test_a_forward_proxy_takes_what_it_asks_for(own_httpd, backend):
    """It asked with Proxy-Authenticate and then read Authorization, which is the origin's."""
    web = own_httpd("""
        ProxyRequests On
        <Proxy "*">
            AuthType ApiGuard
            <RequireAny>
                Require api-role boss
                Require api-client acme
            </RequireAny>
        </Proxy>
        """, modules=("proxy", "proxy_http"))
    key, other = web.keys.create(client="acme"), web.keys.create(client="other")
    url = f"http://{LOOPBACK}:{backend.port}/x"
    answer = web.client.raw_request("GET", url, [f"Proxy-Authorization: Bearer {key}",
                                                 "Authorization: Bearer of-the-origin"])
    assert answer.status == 200 and key not in json.dumps(answer.json)
    assert header_of(answer.json, "Authorization") == ["Bearer of-the-origin"]
    answer = web.client.raw_request("GET", url, [f"Proxy-Authorization: ApiKey {other}"])
    assert answer.status == 403, "a 407 without a challenge"
    answer = web.client.raw_request("GET", url, [f"Authorization: Bearer {key}"])
    assert answer.status == 407 and len(answer.all("Proxy-Authenticate")) == 2
