# SPDX-License-Identifier: Apache-2.0
"""Credentials go no further than to us: a backend sees none, wherever they stood."""

import base64
import json
import re

import pytest

from support.backend import header_of, seen
from support.passing import ALL, CLIENT, FILE, OPEN, PASS, SIGNER, VARS, serving

CONF = VARS + OPEN + PASS + ALL + FILE + r"""
<Location "/none/">
    ProxyPass "http://127.0.0.1:{backend}/none/"
    AuthType ApiGuard
    AuthName "none"
    ApiGuardHideCredentials none
    ApiGuardKeyFrom header:X-API-Key query:apikey
    Require valid-user
</Location>
<Directory "{root}/htdocs/front">
    RewriteEngine On
    RewriteRule ^(.*)$ /pass/$1 [PT]
</Directory>
<Directory "{root}/htdocs/fallback">
    FallbackResource /pass/fallback
</Directory>
<Location "/p/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key bearer basic cookie:sk
    Require valid-user
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
"""
MODULES = ("proxy", "proxy_http", "rewrite")


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    yield from serving("hidden", make_httpd, backend, CONF, modules=MODULES,
                       files={"front/x.txt": "x", "fallback/x.txt": "x"})


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(**CLIENT)


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


# ---- keys at the backend -------------------------------------------------------------------------


@pytest.mark.parametrize("fields, left", [
    (["X-API-Key: KEY", "Authorization: Bearer KEY"], None),
    (["Authorization: Bearer KEY", "Cookie: sk=KEY"], None),
    (["Cookie: a=1", "Cookie: sk=KEY", "Cookie: b=2"], "ab"),
    (["Cookie: a=1;\tsk=KEY"], "a"), (["Cookie: a=1;  sk=KEY;b=2"], "ab"),
    (["Cookie: sk=KEY \t; a=1"], "a")])
def test_one_key_shown_twice_or_oddly_never_arrives(web, key, fields, left):
    """To hide the place where it was found is not enough."""
    answer = web.client.raw_request("GET", "/p/x", [f.replace("KEY", key) for f in fields])
    assert answer.status == 200
    assert key not in json.dumps(answer.json["headers"])
    assert header_of(answer.json, "Authorization") == []
    names = re.findall(r"(\w+)=", " ".join(header_of(answer.json, "Cookie")))
    assert "".join(names) == (left or "")


def test_one_key_as_field_and_basic_password_never_arrives(web, key):
    """They are one credential, and both are hidden."""
    answer = web.get("/p/x", key=key, basic=("acme", key))
    assert answer.status == 200
    assert header_of(answer.json, "Authorization") == header_of(answer.json, "X-API-Key") == []


@pytest.mark.parametrize("auth", ["AuthType ApiGuard\nApiGuardKeyFrom basic",
                                  "AuthType Basic\nAuthName basic\nAuthBasicProvider apiguard"])
def test_no_field_that_is_filled_in_fixups_holds_a_copy(own_httpd, backend, auth):
    """A password that is a key is hidden after mod_headers has seen it."""
    web = own_httpd(f"""
        RequestHeader set X-Copy "expr=<%{{HTTP:Authorization}}>"
        RequestHeader set X-Own "expr=%{{HTTP:Accept}}"
        <Location "/b/">
            {auth}
            Require valid-user
            ProxyPass "http://127.0.0.1:{backend.port}/"
        </Location>
        """, modules=("proxy", "proxy_http"))
    key = web.keys.create(client="acme")
    answer = web.get("/b/x", basic=("acme", key), headers={"Accept": "text/x-own"})
    assert answer.status == 200 and header_of(answer.json, "X-Own") == ["text/x-own"]
    assert key not in answer.text and base64.b64encode(f"acme:{key}".encode()).decode() not in answer.text
