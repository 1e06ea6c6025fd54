# SPDX-License-Identifier: Apache-2.0
"""Websockets through a guarded section: who it is, is asked of the handshake alone. What is open stays open until
one of both ends it."""

import socket
import time

import pytest

from support.ports import LOOPBACK
from support.websocket import Echo

OURS = "AuthType ApiGuard\nAuthName ws\nRequire valid-user\n"
SECTIONS = {
    "key": OURS,
    "cookie": OURS + "ApiGuardKeyFrom cookie:session",
    "listed": OURS + "ApiGuardKeyFrom cookie:session\nApiGuardCORS origin=https://app.example credentials",
    "two": OURS + "ApiGuardConcurrency 2",
}
CONF = "".join(f'<Location "/{name}/">\n{lines}\nProxyPass "http://127.0.0.1:{{backend}}/" upgrade=websocket\n'
               "</Location>\n" for name, lines in SECTIONS.items())


@pytest.fixture(scope="module")
def web(make_httpd):
    backend = Echo()
    server = make_httpd(CONF, modules=("proxy", "proxy_http"), words={"backend": backend.port})
    server.backend = backend
    yield server
    backend.close()


class Socket:
    """A handshake, and the tunnel behind it if the server agreed."""

    def __init__(self, web, path, **fields):
        lines = [f"GET {path} HTTP/1.1", "Host: api.test", "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        self.socket = socket.create_connection((LOOPBACK, web.port), 15)
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            self.head += self.socket.recv(4096)
        self.status = int(self.head.split()[1])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def echo(self, text):
        self.socket.sendall(text)
        return self.socket.recv(4096)


def status(web, path, **fields):
    with Socket(web, path, **fields) as ws:
        return ws.status


def until(web, path, want, **fields):
    end = time.monotonic() + 10
    while (got := status(web, path, **fields)) != want and time.monotonic() < end:
        time.sleep(0.02)
    return got


def test_the_handshake_is_guarded(web):
    key = web.keys.create(client="ws")
    assert status(web, "/key/feed") == 401
    assert status(web, "/key/feed", X_API_Key=key[:-1] + ("a" if key[-1] != "a" else "b")) == 401
    with Socket(web, "/key/feed", X_API_Key=key) as ws:
        assert ws.status == 101
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in ws.head
        assert ws.echo(b"ping") == b"ping"
    assert key not in web.backend.seen[-1] and "websocket" in web.backend.seen[-1]


def test_what_is_open_outlives_its_key(web):
    """Until one of both ends it; the next handshake is refused."""
    key = web.keys.create(client="revoked")
    with Socket(web, "/key/feed", X_API_Key=key) as ws:
        assert ws.echo(b"before") == b"before"
        web.keys.revoke(key)
        assert until(web, "/key/feed", 401, X_API_Key=key) == 401
        assert ws.echo(b"after") == b"after"


def test_what_is_open_is_in_flight(web):
    key = web.keys.create(client="two")
    with Socket(web, "/two/feed", X_API_Key=key), Socket(web, "/two/feed", X_API_Key=key) as second:
        assert second.status == 101
        assert status(web, "/two/feed", X_API_Key=key) == 429
    assert until(web, "/two/feed", 101, X_API_Key=key) == 101


@pytest.mark.parametrize("path, origin, want", [
    ("/cookie/feed", "http://api.test", 101), ("/cookie/feed", "https://evil.example", 403),
    ("/cookie/feed", "null", 403), ("/listed/feed", "https://app.example", 101),
    ("/listed/feed", "https://evil.example", 403)])
def test_a_page_of_another_origin_opens_none_by_cookie(web, path, origin, want):
    """A browser sends cookies along with any page's handshake, and asks no preflight (RFC 6455 s10.2)."""
    key = web.keys.create(client="page")
    assert status(web, path, Cookie=f"session={key}", Origin=origin) == want
