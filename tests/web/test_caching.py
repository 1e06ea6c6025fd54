# SPDX-License-Identifier: Apache-2.0
"""What caches between server and client, and mod_cache, may keep of an answer to somebody."""

import pytest

from support.backend import Backend, header_of
from support.passing import ALL, CLIENT, FILE, OPEN, PASS, serving

CONF = OPEN + PASS + ALL + FILE + r"""
<Location "/replaced/">
    ProxyPass "http://127.0.0.1:{backend}/replaced/"
    ProxyErrorOverride On
    AuthType ApiGuard
    ApiGuardRateLimit 10000/day
    Require valid-user
</Location>
<Location "/s/own-caching/">
    AuthType ApiGuard
    AuthName "own"
    Require valid-user
    Header set Cache-Control "public, max-age=60"
</Location>
<Location "/s/guarded/">
    AuthType ApiGuard
    ApiGuardPassHeaders on
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    yield from serving("caching", make_httpd, backend, CONF, modules=("proxy", "proxy_http"))


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(**CLIENT)


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


@pytest.mark.parametrize("said", ["public, max-age=60", "max-age=60"])
def test_httpd_s_page_for_a_backend_s_error_is_private(web, key, said):
    """httpd drops what the backend said with it, and its own page said nothing at all."""
    web.backend.extra.append(("Cache-Control", said))
    web.backend.server.status = "404 Not Found"
    try:
        answer = web.get("/replaced/x", key=key)
    finally:
        web.backend.extra.clear()
        web.backend.server.status = "200 OK"
    assert answer.status == 404 and "was not found on this server" in answer.text
    assert answer.header("Cache-Control") == "private, no-cache"
    assert answer.header("RateLimit")


def test_unguarded_answers_are_not_touched(web):
    answer = web.get("/index.html")
    assert answer.header("Cache-Control") is None
    assert answer.header("Vary") is None


def test_a_404_to_somebody_is_private(web, key):
    """It may be cached as well, and tells what this client may not see."""
    answer = web.get("/s/guarded/no-such-file.html", key=key)
    assert answer.status == 404 and answer.header("Cache-Control") == "private, no-cache"


CACHED = """
CacheQuickHandler off
CacheEnable socache "/c/"
CacheSocache shmcb
CacheHeader on
<Location "/c/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key bearer
    ApiGuardPassHeaders on
    Require valid-user
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/c/open/">
    AuthType None
    Require all granted
    ApiGuardEnforce require
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
"""


@pytest.fixture(scope="module")
def cached(make_httpd):
    backend = Backend()
    web = make_httpd(CACHED, modules=("proxy", "proxy_http", "cache", "cache_socache",
                                      "socache_shmcb"), words={"backend": backend.port})
    web.backend = backend
    yield web
    backend.close()


SAID = ["max-age=60", "public, max-age=60", "s-maxage=60", "max-age=60, must-revalidate",
        'max-age=60, no-cache="private"', 'max-age=60, x="private"']


def test_the_cache_of_these_tests_works(cached):
    cached.backend.extra[:] = [("Cache-Control", "max-age=60")]
    answers = [cached.get("/c/open/x") for _ in range(2)]
    assert "HIT" in answers[1].header("X-Cache")


@pytest.mark.parametrize("shown", ["key", "bearer"])
@pytest.mark.parametrize("said", SAID)
def test_mod_cache_never_serves_one_client_s_answer_to_another(cached, said, shown):
    """An answer to somebody is kept out of it, whatever the backend says."""
    cached.backend.extra[:] = [("Cache-Control", said)]
    path = f"/c/me-{SAID.index(said)}-{shown}"
    for client in ("alice", "carol", "alice"):
        key = cached.keys.create(client=client)
        answer = cached.get(path, **{shown: key})
        assert answer.status == 200
        assert header_of(answer.json, "X-ApiGuard-Client") == [client]
