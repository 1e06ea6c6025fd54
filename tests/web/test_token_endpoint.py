# SPDX-License-Identifier: Apache-2.0
"""SetHandler apiguard-token: what a client gets for its key (RFC 6749 s4.4, RFC 9068)."""

import time

import jwt
import pytest

from support.issuer import FORM, URL, Keys, ask, endpoint, read, token_of
from support.problem import assert_refused

CONF = """
<Location "/s/own/">
    AuthType ApiGuard
    AuthName "own"
    ApiGuardProvider jwt
    ApiGuardJWTKey ES256 file:{public} issuer=https://api.example
    ApiGuardIssuer https://api.example
    ApiGuardAudience https://api.example
    ApiGuardTokenType at+jwt
    <RequireAll>
        Require api-scope orders:read
        Require api-client jwt:shop
    </RequireAll>
</Location>
<Location "/guarded/">
    AuthType ApiGuard
    AuthName "all"
    Require valid-user
</Location>
<Location "/guarded/token">
    SetHandler apiguard-token
    AuthType None
    Require all granted
    ApiGuardMethodScopes POST=tokens
</Location>
<Location "/limited">
    SetHandler apiguard-token
    ApiGuardRateLimit 2/day
</Location>
CustomLog {root}/logs/who.log "%U %u %{APIGUARD_CLIENT}e %>s"
"""


@pytest.fixture(scope="module")
def keys():
    keys = Keys("ES256")
    keys.dir.write("public", keys.by_alg["ES256"].file())
    yield keys
    keys.dir.close()


@pytest.fixture(scope="module")
def web(make_httpd, keys):
    return make_httpd(keys.line("ES256") + endpoint() + CONF, words={"public": keys.dir.join("public")})


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="shop", scopes=["read", "orders:*", "write"], roles=["clerk", "team:*"])


def by_basic(web, key, **form):
    return ask(web, basic=("shop", key), **form)


def by_post(web, key, **form):
    return ask(web, client_id="shop", client_secret=key, **form)


@pytest.mark.parametrize("way", [by_basic, by_post])
def test_a_token_for_a_key(web, key, way):
    """By either way, as RFC 9068 has it, verified by another implementation with the published key."""
    before = int(time.time())
    answer = way(web, key)
    header, claims = read(web, token_of(answer))
    assert header["typ"] == "at+jwt" and header["alg"] == "ES256"
    assert claims["sub"] == claims["client_id"] == "shop"
    assert claims["iss"] == claims["aud"] == "https://api.example"
    assert before <= claims["iat"] <= time.time() and claims["exp"] == claims["iat"] + 900
    assert answer.json["expires_in"] == 900
    assert claims["scope"] == answer.json["scope"] == "read write"
    assert claims["roles"] == ["clerk"]
    assert len(claims["jti"]) == 32


def test_each_token_has_an_id_of_its_own(web, key):
    assert len({read(web, token_of(by_basic(web, key)))[1]["jti"] for _ in range(5)}) == 5


def test_the_client_may_be_named_by_the_key_s_prefix(web, key):
    prefix = web.keys.ctl("key", "list", "--client", "shop").stdout.split("shop")[0].split()[-1]
    assert prefix.startswith("agk_")
    _, claims = read(web, token_of(ask(web, basic=(prefix, key))))
    assert claims["sub"] == claims["client_id"] == "shop"


def test_a_section_accepts_it(web, key):
    """What is asked for, no more; the section knows whose it is."""
    token = token_of(by_post(web, key, scope="orders:read"))
    assert web.get("/s/own/hello.html", bearer=token).status == 200
    token = token_of(by_post(web, key, scope="read"))
    assert_refused(web.get("/s/own/hello.html", bearer=token), "scope_insufficient")
    other = web.keys.create(client="other", scopes=["orders:read"])
    token = token_of(ask(web, basic=("other", other)))
    assert_refused(web.get("/s/own/hello.html", bearer=token), "client_denied")


@pytest.mark.parametrize("scope, granted", [
    ("read", "read"), ("write read", "write read"), ("orders:read orders:write", "orders:read orders:write"),
    ("read  read", "read"), (" read ", "read"), ("orders:", "orders:")])
def test_scope_narrows(web, key, scope, granted):
    answer = by_basic(web, key, scope=scope)
    assert read(web, token_of(answer))[1]["scope"] == answer.json["scope"] == granted


def test_without_any_scope(web):
    """A key that has none, or wildcards alone: the token says nothing of scopes."""
    for client, scopes in (("none", ()), ("wild", ("*", "a:*"))):
        key = web.keys.create(client=client, scopes=scopes)
        answer = ask(web, basic=(client, key))
        assert "scope" not in read(web, token_of(answer))[1] and "scope" not in answer.json
        assert "roles" not in read(web, token_of(answer))[1]


def test_empty_parameters_are_left_out_ones(web, key):
    """RFC 6749 s3.2; what is not known is ignored."""
    answer = ask(web, basic=("shop", key), scope="", client_secret="", resource="https://other.example", foo="bar")
    assert read(web, token_of(answer))[1]["scope"] == "read write"


def test_client_id_may_stand_beside_basic(web, key):
    token_of(ask(web, basic=("shop", key), client_id="shop"))


def test_both_halves_are_form_urlencoded(web):
    """RFC 6749 s2.3.1."""
    secret = "old key+100%:/=?&"
    client = "Shop & Söhne: 100%"
    web.keys.insert("x" + secret.replace(" ", "-"), client=client)
    for form in ({"basic": (client, "x" + secret.replace(" ", "-"))},
                 {"client_id": client, "client_secret": "x" + secret.replace(" ", "-")}):
        assert read(web, token_of(ask(web, **form)))[1]["sub"] == client


def test_the_token_ends_with_the_key(web):
    key = web.keys.create(client="brief", expires="10min")
    answer = ask(web, basic=("brief", key))
    _, claims = read(web, token_of(answer))
    row = web.keys.sql("SELECT expires_at FROM api_keys WHERE client_name = 'brief'")
    assert claims["exp"] == int(row[0][0]) and answer.json["expires_in"] == claims["exp"] - claims["iat"] <= 600


def test_a_body_in_chunks(web, key):
    body = f"grant_type=client_credentials&client_id=shop&client_secret={key}"
    chunks = "".join(f"1\r\n{sign}\r\n" for sign in body) + "0\r\n\r\n"
    answer = web.client.raw_request("POST", "/token", [f"Content-Type: {FORM}; charset=UTF-8",
                                                        "Transfer-Encoding: chunked"], chunks.encode())
    token_of(answer)


def test_limits_count_the_client(web):
    """Not the address: one client that has used its limit up leaves the other's alone."""
    ones = [web.keys.create(client=f"client{i}") for i in range(2)]
    for i, key in enumerate(ones):
        for left in (1, 0):
            answer = ask(web, basic=(f"client{i}", key), path="/limited")
            assert token_of(answer) and f"r={left}" in answer.header("RateLimit")
        body = assert_refused(ask(web, basic=(f"client{i}", key), path="/limited"), "rate_exceeded")
        assert f"client{i}" in body["detail"]


def test_a_refused_request_of_a_known_client_is_counted(web):
    """Whoever asks for scopes that its key lacks, or under another's name, tries no more often than others get tokens."""
    for client, name, wanted in (("greedy", "greedy", "more"), ("posing", "shop", "")):
        key = web.keys.create(client=client)
        for _ in range(2):
            assert ask(web, basic=(name, key), path="/limited", scope=wanted).status in (400, 401)
        assert_refused(ask(web, basic=(client, key), path="/limited"), "rate_exceeded")


def test_a_key_s_own_limit_holds(web):
    key = web.keys.create(client="slow", rate="1/day")
    token_of(ask(web, basic=("slow", key), path="/limited"))
    assert_refused(ask(web, basic=("slow", key), path="/limited"), "rate_exceeded")


def test_the_log_knows_who_it_was(web, key):
    token_of(by_basic(web, key))
    assert "/token shop shop 200" in web.named_log("who.log", "/token shop shop 200")


@pytest.mark.slow
def test_usage_is_counted(web):
    key = web.keys.create(client="counted")
    for _ in range(3):
        token_of(ask(web, basic=("counted", key)))
    ask(web, basic=("counted", key), scope="more")
    end = time.monotonic() + 30
    rows = []
    while not rows and time.monotonic() < end:
        time.sleep(0.1)
        rows = web.keys.sql("SELECT requests, denied FROM api_usage u JOIN api_keys k ON u.key_id = k.id "
                            "WHERE client_name = 'counted'")
    assert rows == [(4, 1)]


def test_which_keys_may_in_a_guarded_place(web):
    """As the howto has it: AuthType None takes the endpoint out of the section around it."""
    answer = ask(web, basic=("reader", web.keys.create(client="reader", scopes=["read"])), path="/guarded/token")
    assert answer.status == 400 and answer.json["error"] == "invalid_scope"
    may = web.keys.create(client="may", scopes=["tokens", "read"])
    assert token_of(ask(web, basic=("may", may), path="/guarded/token", scope="read"))
    assert_refused(web.get("/guarded/x"), "credential_missing")


def test_other_methods(web, key):
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        answer = web.request(method, "/token", basic=("shop", key))
        assert answer.status == 405
        assert set(answer.header("Allow").split(",")) - {"TRACE"} == {"POST"}  # which httpd answers before any handler


@pytest.mark.parametrize("alg", ["HS256", "HS512", "RS256", "RS512", "PS256", "PS512", "ES256", "ES384", "ES512",
                                 "EdDSA"])
def test_algorithms(own_httpd, alg):
    """PyJWT verifies all of them, by the published key where there is one."""
    keys = Keys(alg)
    web = own_httpd(keys.line(alg) + endpoint(), mpm="prefork", threads=2)
    token = token_of(ask(web, basic=("shop", web.keys.create(client="shop"))))
    if keys.by_alg[alg].symmetric:
        claims = jwt.decode(token, keys.by_alg[alg].private, algorithms=[alg], audience=URL)
        assert web.get("/jwks").json == {"keys": []} and "kid" not in jwt.get_unverified_header(token)
    else:
        _, claims = read(web, token)
    assert claims["sub"] == "shop" and jwt.get_unverified_header(token)["typ"] == "at+jwt"
    keys.dir.close()
