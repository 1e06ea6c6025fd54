# SPDX-License-Identifier: Apache-2.0
"""Malformed requests: a 4xx, never a 5xx, never a crash, and the server goes on."""

import random
import re
import socket

import pytest

from support.jwtmaker import Key, b64
from support.ports import Directory
from support.problem import assert_refused

SIGNER = Key("HS256")

CONF = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardKeyFrom header:X-API-Key bearer basic query:apikey cookie:session_key
    ApiGuardRateLimit 1000000/day
    ApiGuardRateLimit 1000000/day by=ip
    Require valid-user
</Location>
<Location "/s/wide/">
    AuthType ApiGuard
    AuthName "wide"
    ApiGuardJWTKey HS256 file:{keyfile}
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    folder = Directory("malformed")
    keyfile = folder.write("hs256.key", SIGNER.file())
    yield make_httpd(CONF + "LimitRequestFieldSize 200000\nLimitRequestLine 200000\n",
                     words={"keyfile": keyfile})
    folder.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


@pytest.fixture(autouse=True)
def still_there(web, key):
    """Whatever was sent: the same children go on, and a good key still works."""
    before = web.children()
    yield
    assert web.get("/s/x/hello.html", key=key).status == 200
    assert web.children() == before


def is_4xx(answer):
    assert answer is not None, "the server hung up without an answer"
    assert 400 <= answer.status < 500, answer


FIELDS = {
    "empty key": [b"X-API-Key:"],
    "blank key": [b"X-API-Key:    "],
    "key of 8 KB": [b"X-API-Key: " + b"k" * 8192],
    "key of 64 KB": [b"X-API-Key: " + b"k" * 65536],
    "key of 190 KB": [b"X-API-Key: " + b"k" * 190000],
    "non-ASCII key": [b"X-API-Key: sch\xc3\xbcssel-0123456789"],
    "8-bit key": [b"X-API-Key: " + bytes(range(128, 256))],
    "control characters": [b"X-API-Key: a\x01b\x7fc"],
    "NUL in a key": [b"X-API-Key: abc\x00def"],
    "tabs": [b"X-API-Key: a\tb\tc"],
    "comma": [b"X-API-Key: a,b"],
    "quotes": [b"X-API-Key: \"a\""],
    "percent": [b"X-API-Key: %s%n%x%00"],
    "almost our key": [b"X-API-Key: agk_" + b"0" * 49],
    "our shape, too long": [b"X-API-Key: agk_" + b"0" * 5000],
    "prefix only": [b"X-API-Key: agk_"],
    "underscores": [b"X-API-Key: " + b"_" * 60],
    "bearer alone": [b"Authorization: Bearer"],
    "bearer blank": [b"Authorization: Bearer  "],
    "bearer of 8 KB": [b"Authorization: Bearer " + b"b" * 8192],
    "bearer of 190 KB": [b"Authorization: Bearer " + b"b" * 190000],
    "bearer two words": [b"Authorization: Bearer a b"],
    "bearer dots": [b"Authorization: Bearer .."],
    "bearer many dots": [b"Authorization: Bearer " + b"." * 5000],
    "bearer non-ASCII": [b"Authorization: Bearer \xff\xfe.\xff.\xff"],
    "bearer NUL": [b"Authorization: Bearer a\x00.b.c"],
    "bearer token of 100 KB": [b"Authorization: Bearer " + b64(b'{"alg":"HS256"}').encode() + b"."
                               + b"A" * 100000 + b".AAAA"],
    "basic alone": [b"Authorization: Basic"],
    "basic no base64": [b"Authorization: Basic !!!!"],
    "basic no colon": [b"Authorization: Basic YWJj"],
    "basic empty": [b"Authorization: Basic Og=="],
    "basic NUL": [b"Authorization: Basic YQA6AGI="],
    "basic 8-bit": [b"Authorization: Basic //79/Dr//g=="],
    "basic long": [b"Authorization: Basic " + b"QUFB" * 30000],
    "basic padding": [b"Authorization: Basic ===="],
    "unknown scheme": [b"Authorization: Hawk id=1"],
    "no scheme": [b"Authorization: "],
    "cookie alone": [b"Cookie: session_key"],
    "cookie empty": [b"Cookie: session_key="],
    "cookie quote": [b'Cookie: session_key="'],
    "cookie separators": [b"Cookie: " + b";" * 5000],
    "cookie twice": [b"Cookie: session_key=aaaaaaaaaaaa; session_key=bbbbbbbbbbbb"],
    "cookie long": [b"Cookie: session_key=" + b"c" * 100000],
    "two keys": [b"X-API-Key: one-0123456789", b"X-API-Key: two-0123456789"],
    "two authorizations": [b"Authorization: Bearer one", b"Authorization: Bearer two"],
    "a hundred keys": [b"X-API-Key: k%d" % i for i in range(90)],
    "folded": [b"X-API-Key: one", b" two"],
    "space before colon": [b"X-API-Key : one"],
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_malformed_field_is_a_4xx(web, name):
    is_4xx(web.client.raw_request("GET", "/s/x/hello.html", FIELDS[name]))


@pytest.mark.parametrize("name", FIELDS)
def test_a_malformed_field_beside_a_good_key_does_no_harm(web, key, name):
    """It may pass or be refused, but nothing breaks."""
    fields = [f"X-API-Key: {key}".encode(), *FIELDS[name]]
    answer = web.client.raw_request("GET", "/s/x/hello.html", fields)
    assert answer is not None and answer.status < 500


QUERIES = ["apikey", "apikey=", "apikey=%", "apikey=%zz", "apikey=%00", "apikey=a%00b",
           "apikey=%ff%fe", "apikey=a&apikey=b", "apikey=" + "q" * 8192, "apikey=" + "q" * 150000,
           "&&&&=&=&apikey", "apikey=%0d%0aX-Evil:1", "apikey[]=a", "apikey=%25%33%30",
           "%61%70%69key=x", "apikey=x#frag", "&" * 8000]


@pytest.mark.parametrize("query", QUERIES, ids=[q[:20] for q in QUERIES])
def test_a_malformed_query_is_a_4xx(web, query):
    answer = web.client.raw_request("GET", "/s/x/hello.html?" + query)
    is_4xx(answer)
    assert answer.header("X-Evil") is None


def test_a_repeated_authorization_is_ambiguous(web, key):
    for second in (b"Authorization: Bearer other-0123456789", b"Authorization: Basic YTpi"):
        answer = web.client.raw_request(
            "GET", "/s/x/hello.html", [f"Authorization: Bearer {key}".encode(), second])
        assert_refused(answer, "credential_ambiguous")


def test_a_repeated_key_field_is_ambiguous(web, key):
    answer = web.client.raw_request("GET", "/s/x/hello.html",
                                    [f"X-API-Key: {key}", "X-API-Key: other-0123456789"])
    assert_refused(answer, "credential_ambiguous")


def test_a_nul_does_not_cut_a_key_short(web, key):
    """What stands before the NUL is a good key; the whole is not."""
    answer = web.client.raw_request("GET", "/s/x/hello.html", [f"X-API-Key: {key}\x00x".encode()])
    is_4xx(answer)
    answer = web.client.raw_request("GET", f"/s/x/hello.html?apikey={key}%00x")
    is_4xx(answer)


def test_the_same_token_in_every_broken_form(web):
    """Random damage to good tokens: always a 4xx, never accepted. The seed is fixed."""
    dice = random.Random(7)
    token = SIGNER.token(sub="fuzz")
    for _ in range(300):
        text = bytearray(token.encode())
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(text))
            what = dice.random()
            if what < 0.5:
                text[at] = dice.choice(b"ABCabc012-_.=+/ \x7f\xff")
            elif what < 0.75:
                del text[at]
            else:
                text.insert(at, dice.choice(b"AZaz09-_."))
        if bytes(text).strip() == token.encode():
            continue
        answer = web.client.raw_request("GET", "/s/wide/hello.html",
                                        [b"Authorization: Bearer " + bytes(text)])
        is_4xx(answer)


def test_random_bytes_in_every_place(web):
    dice = random.Random(8)
    for _ in range(200):
        noise = bytes(b for b in dice.randbytes(dice.randint(1, 400)) if b not in b"\r\n")
        place = dice.choice([b"X-API-Key: ", b"Authorization: ", b"Authorization: Bearer ",
                             b"Authorization: Basic ", b"Cookie: session_key="])
        answer = web.client.raw_request("GET", "/s/x/hello.html", [place + noise])
        is_4xx(answer)


@pytest.mark.parametrize("data", [
    b"GET /s/x/hello.html HTTP/1.1\r\n\r\n",
    b"GET /s/x/hello.html HTTP/0.9\r\n\r\n",
    b"GET /s/x/hello.html HTTP/2.0\r\nHost: x\r\n\r\n",
    b"get /s/x/hello.html HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /s/x/hello.html\r\n\r\n",
    b"GET  /s/x/hello.html HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x00\xa5\x01\x00\x00",
    b"GET /s/x/hello.html HTTP/1.1\nHost: x\nConnection: close\n\n",
    b"POST /s/x/hello.html HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
    b"GET /s/x/hello.html HTTP/1.1\r\nHost: x\r\nX-API-Key",
], ids=range(10))
def test_a_malformed_request_never_opens(web, data):
    answer = web.client.raw(data)
    assert answer is None or answer.status >= 400
    assert answer is None or answer.status < 500 or answer.status == 505


def test_a_pipeline_keeps_its_requests_apart(web, key):
    """The identity of one request is not the next one's."""
    good = f"GET /s/x/hello.html HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n\r\n"
    bad = "GET /s/x/hello.html HTTP/1.1\r\nHost: x\r\n\r\n"
    last = "GET /index.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection((web.client.host, web.port), 10) as s:
        s.sendall((good + bad + good + bad + last).encode())
        data = b""
        while part := s.recv(65536):
            data += part
    assert re.findall(rb"HTTP/1\.1 (\d{3})", data) == [b"200", b"401", b"200", b"401", b"200"]
