# SPDX-License-Identifier: Apache-2.0
"""Other protocols than a plain request of HTTP/1.1, none of which goes around the guard."""

import shutil
import socket
import subprocess
import time

import pytest

from support.ports import LOOPBACK
from support.problem import assert_refused

CONF = """
Protocols h2c http/1.1
<Location "/s/guarded/">
    AuthType ApiGuard
    Require valid-user
</Location>
<Location "/ws/">
    AuthType ApiGuard
    Require valid-user
    ProxyPass "ws://127.0.0.1:{backend}/"
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    return make_httpd(CONF, modules=("http2", "proxy", "proxy_http", "proxy_wstunnel"),
                      words={"backend": backend.port})


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


def test_http_0_9_shows_nothing(web):
    with socket.create_connection((LOOPBACK, web.port), 5) as s:
        s.sendall(b"GET /s/guarded/hello.html\r\n")
        data = b""
        while part := s.recv(65536):
            data += part
    assert b"hello\n" not in data


def h2(web, *args):
    done = subprocess.run(["curl", "-s", "-m", "10", "-w", "%{http_version} %{http_code}\n", *args],
                          capture_output=True, text=True)
    return done.stdout.splitlines()


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("how", ["--http2-prior-knowledge", "--http2"])
def test_http_2_asks_for_a_credential(web, key, how):
    url = f"http://{LOOPBACK}:{web.port}/s/guarded/hello.html"
    answer = h2(web, how, url)
    assert answer[-1].endswith(" 401") and "hello" not in answer
    if how == "--http2-prior-knowledge":
        assert h2(web, how, "-H", f"X-API-Key: {key}", url) == ["hello", "2 200"]


def test_an_upgrade_to_a_websocket_asks_for_a_credential(web):
    answer = web.client.raw_request("GET", "/ws/x", ["Upgrade: websocket", "Connection: Upgrade"])
    assert_refused(answer, "credential_missing")


def test_a_forward_proxy_asks_for_a_credential(own_httpd, backend):
    web = own_httpd("""
        ProxyRequests On
        <Proxy "*">
            AuthType ApiGuard
            Require valid-user
        </Proxy>
        """, modules=("proxy", "proxy_http", "proxy_connect"))
    key = web.keys.create()
    target = f"http://{LOOPBACK}:{backend.port}/x"
    before = len(backend.seen)
    assert web.client.raw_request("GET", target).status in (401, 407)
    connect = web.client.raw(f"CONNECT {LOOPBACK}:{backend.port} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connect.status in (401, 403, 407)
    assert len(backend.seen) == before
    answer = web.client.raw_request("GET", target, [f"X-API-Key: {key}"])
    assert answer.status == 200 and key not in answer.text


@pytest.mark.slow
def test_a_slowly_sent_request_is_judged_when_its_header_is_complete(web):
    """httpd's time of a request is that of its first line, when the key was good still."""
    key = web.keys.create(client="slow")
    web.keys.update(key, expires_at=int(time.time()) + 2)
    with socket.create_connection((LOOPBACK, web.port), 5) as s:
        s.sendall(b"GET /s/guarded/hello.html HTTP/1.1\r\n")
        assert web.get("/s/guarded/hello.html", key=key).status == 200
        time.sleep(2.2)
        s.sendall(f"Host: a\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n".encode())
        assert s.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_a_407_asks_as_a_proxy_does(own_httpd, backend):
    """RFC 9110 s11.7.1: no client of a proxy reads WWW-Authenticate."""
    web = own_httpd("""
        ProxyRequests On
        <Proxy "*">
            AuthType ApiGuard
            ApiGuardKeyFrom header:X-API-Key bearer
            Require valid-user
        </Proxy>
        """, modules=("proxy", "proxy_http"))
    answer = web.client.raw_request("GET", f"http://{LOOPBACK}:{backend.port}/x")
    assert answer.status == 407 and answer.header("WWW-Authenticate") is None
    assert any(value.startswith("Bearer ") for value in answer.all("Proxy-Authenticate"))
