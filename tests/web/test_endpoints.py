# SPDX-License-Identifier: Apache-2.0
"""A key's own endpoints against the ways in which an application may read a path or method
otherwise than the patterns do."""

import os

import pytest

from support.problem import assert_refused

CONF = """
AllowEncodedSlashes NoDecode
<Location "/api/">
    AuthType ApiGuard
    AuthName "endpoints"
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF, files={"api/x/a;v=1.html": "parameter\n", "api/x/a.html": "plain\n",
                                   "api/orders/7.html": "seven\n"})


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(endpoints=["GET /api/x/*"])


def test_head_is_allowed_where_get_is(web, key):
    """RFC 9110 s9.3.2: a client that asks for the length of what it may read was refused."""
    assert web.get("/api/x/a.html", key=key).status == 200
    assert web.request("HEAD", "/api/x/a.html", key=key).status == 200
    assert_refused(web.request("POST", "/api/x/a.html", key=key), "endpoint_denied")
    assert web.request("HEAD", "/api/hello.html", key=key).status == 403


@pytest.mark.parametrize("path", [
    "/api/x/..;/hello.html", "/api/x/..;a=b/hello.html", "/api/x/..%3b/hello.html",
    "/api/x/..%3Bv/hello.html", "/api/x/..%5chello.html", "/api/x/..%5Chello.html",
    "/api/x/a%5cb.html", "/api/x/..%2fhello.html", "/api/x/.;/a.html", "/api/x/..%253b/hello.html",
    "/api/x/%252e%252e/hello.html", "/api/x/..%255chello.html", "/api/x/%2e%2e;/hello.html"])
def test_what_may_become_a_way_up_fits_no_endpoint(web, key, path):
    """Tomcat takes "..;" for "..", Windows a backslash for a slash: an endpoint /x/* was no fence."""
    answer = web.client.raw_request("GET", path, [f"X-API-Key: {key}"])
    assert_refused(answer, "endpoint_denied")


def test_a_parameter_is_no_way_up(web, key):
    assert web.get("/api/x/a;v=1.html", key=key).text == "parameter\n"
    assert web.get("/api/x/a.html;v=..", key=key).status == 404


@pytest.fixture(scope="module")
def dav(make_httpd):
    server = make_httpd("""
        DavLockDB {root}/htdocs/davlock
        <Location "/api/">
            Dav On
            AuthType ApiGuard
            Require valid-user
        </Location>""", modules=("dav", "dav_fs"), files={"api/x/a.txt": "a", "api/y/b.txt": "b"})
    for folder, _, _ in os.walk(server.dir.join("htdocs")):
        os.chmod(folder, 0o777)
    return server


@pytest.mark.parametrize("to, status", [
    ("http://127.0.0.1:{port}/api/x/d.txt", 201), ("/api/y/c.txt", 403),
    ("http://127.0.0.1:{port}/api/y/d.txt", 403), ("/api/x/../y/e.txt", 403), ("/api/%79/e.txt", 403),
    ("//api/x/e.txt", 403), ("/api/x/%2e%2e/y/e.txt", 403), ("http:/api/x/e.txt", 403)])
def test_what_is_copied_goes_where_the_key_may_write(dav, to, status):
    """Found from outside: a key for /api/x/* alone copied its files to any place of the section."""
    dav.expect("AH0", "Destination")
    key = dav.keys.create(endpoints=["/api/x/*"])
    answer = dav.request("COPY", "/api/x/a.txt", key=key, headers={"Destination": to.replace("{port}", str(dav.port))})
    assert answer.status == status, answer.text


def test_an_encoded_slash_climbs_out_of_no_endpoint(web):
    """A backend that decodes it reads another path than the pattern did."""
    key = web.keys.create(endpoints=["GET /api/orders/*"])
    assert web.get("/api/orders/7.html", key=key).status == 200
    assert_refused(web.get("/api/hello.html", key=key), "endpoint_denied")
    for path in ("/api/orders/..%2fadmin", "/api/orders/..%2Fhello.html", "/api/orders/a%2fb"):
        assert_refused(web.client.raw_request("GET", path, [f"X-API-Key: {key}"]),
                       "endpoint_denied")
