# SPDX-License-Identifier: Apache-2.0
"""Keys in query arguments of requests in flight: what mod_status shows to whoever may see it, and what
the error log says of a path that cannot be parsed. An application that has an argument of that name for
itself, in a section of its own, gets what the client sent.

Found from outside: /server-status showed the keys, since arguments were masked only when a section's
own check began, after httpd had written the request line down."""

import socket
import threading
import time

import pytest

from support import h2client
from support.fcgi import FastCgi
from support.ports import LOOPBACK
from support.verdict import secrets

CONF = """
ExtendedStatus On
Protocols h2c http/1.1
TraceEnable off
<Location "/server-status">
    SetHandler server-status
    Require all granted
</Location>
<Location "/slow/">
    ProxyPass "http://127.0.0.1:{backend}/"
    AuthType ApiGuard
    ApiGuardKeyFrom query:apikey
    Require valid-user
</Location>
<Location "/open/">
    ProxyPass "http://127.0.0.1:{backend}/" nocanon
</Location>
Alias "/alias/" "{root}/htdocs/"
<Location "/encoded/">
    ProxyPass "http://127.0.0.1:{backend}/" nocanon mapping=encoded
</Location>
<Location "/fcgi/">
    ProxyPass "fcgi://127.0.0.1:{fcgi}/"
</Location>
"""
SECRET = "Qz81opensesame"


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    fcgi = FastCgi()
    server = make_httpd(CONF, modules=("status", "proxy", "proxy_http", "proxy_fcgi", "http2", "alias"),
                        words={"backend": backend.port, "fcgi": fcgi.port}, processes=1)
    yield server
    fcgi.close()


@pytest.fixture(scope="module")
def key(web):
    text = web.keys.create(client="acme")
    secrets.add(text)
    return text


def status(web):
    return web.get("/server-status").text


def http1(web, path):
    return web.get(path, timeout=30)


def http2(web, path):
    return h2client.request(web.port, "GET", path, timeout=30)


def with_password(web, path):
    return web.client.raw(f"GET http://u:p@api.test{path} HTTP/1.1\r\nHost: api.test\r\n"
                          "Connection: close\r\n\r\n", timeout=30)


def in_flight(web, backend, send, path):
    """What mod_status shows while the backend has not answered, and the answer."""
    got = []
    seen = len(backend.seen)
    backend.gate.clear()
    thread = threading.Thread(target=lambda: got.append(send(web, path)))
    try:
        thread.start()
        end = time.monotonic() + 10
        while len(backend.seen) == seen and time.monotonic() < end:
            time.sleep(0.01)
        text = status(web)
    finally:
        backend.gate.set()
        thread.join()
    return text, got[0]


@pytest.mark.parametrize("send", [http1, http2])
@pytest.mark.parametrize("path", ["/slow/", "/open/"])
def test_no_key_is_shown_while_and_after_it_is_used(web, backend, key, send, path):
    """Also where a client sends it to a path that asks for none."""
    shown_nowhere(web, backend, key, send, path)


def shown_nowhere(web, backend, key, send, path):
    shown, answer = in_flight(web, backend, send, f"{path}x?apikey={key}")
    assert answer.status == 200, answer
    assert key[:12] not in shown, shown
    if send is not http2:  # there the answer to mod_status may have taken its place
        assert f"{path}x" in shown, shown
    assert key[:12] not in status(web)


def test_nor_what_http2_says_of_its_streams(web, key):
    """mod_http2 writes "read: stream 1, POST /..." there, without asking anybody."""
    texts = []
    h2client.request(web.port, "POST", f"/open/x?apikey={key}", body=b"a" * 100,
                     midway=lambda: texts.append(status(web)))
    assert "stream 1, POST" in texts[0] and key[:12] not in texts[0], texts


def test_nor_of_a_target_with_a_password(own_httpd, backend):
    """httpd then puts the line together anew, from parts that nobody had masked."""
    web = own_httpd("HttpProtocolOptions Unsafe\n" + CONF, modules=("status", "proxy", "proxy_http",
                    "proxy_fcgi", "http2", "alias"), words={"backend": backend.port, "fcgi": 1}, processes=1)
    key = web.keys.create(client="acme")
    secrets.add(key)
    for path in "/slow/", "/open/":
        shown_nowhere(web, backend, key, with_password, path)


@pytest.mark.parametrize("line", ["GET /x?apikey={} HTTP/1.1\r\n",
                                  "GET http://u:p@api.test/x?apikey={} HTTP/1.1\r\nHost: a\r\n",
                                  "GET /x?apikey={} HTTP/1.1\r\nHost: a b\r\n",
                                  "GET /x?apikey={} HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n",
                                  "GET /%zz?apikey={} HTTP/1.1\r\nHost: api.test\r\n",
                                  "GET /../../x?apikey={} HTTP/1.1\r\nHost: api.test\r\n",
                                  "GET /a%2fb?apikey={} HTTP/1.1\r\nHost: api.test\r\n",
                                  "POST /x?apikey={} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n",
                                  "GET /x?q=a b&apikey={} HTTP/1.1\r\nHost: a\r\n",
                                  "GET /x?q=a#&apikey={} HTTP/1.1\r\nHost: a\r\n",
                                  "GET /LONG?apikey={} HTTP/1.1\r\nHost: api.test\r\n",
                                  "GET /alias/LONG?apikey={} HTTP/1.1\r\nHost: api.test\r\n",
                                  "FOO /?apikey={} HTTP/1.1\r\nHost: api.test\r\n"])
def test_nor_of_a_request_that_httpd_refuses_by_itself(web, line):
    """The fixture reads the logs, too: AH10244 and AH00026 tell the whole target, AH00127, AH10297 and
    AH00135 the whole line."""
    web.expect("AH10244", "AH00127|AH10297", "AH00135")
    secrets.add(SECRET)
    line = line.replace("LONG", "a" * 4200).format(SECRET)
    answer = web.client.raw(line + "Connection: close\r\n\r\n")
    assert answer.status in (400, 403, 404, 501), answer
    assert SECRET not in status(web)


def test_a_request_that_is_never_complete_is_not_shown_either(web):
    secrets.add(SECRET)
    with socket.create_connection((LOOPBACK, web.port), 10) as s:
        s.sendall(f"GET /slow/x?apikey={SECRET} HTTP/1.1\r\nHost: api.test\r\n".encode())
        time.sleep(0.2)
        assert SECRET not in status(web)
    assert SECRET not in status(web)


def test_another_application_may_have_an_argument_of_that_name(web, backend):
    answer = web.get("/fcgi/x?apikey=1&page=2", secret=False)
    assert answer.json["REQUEST_URI"] == "/fcgi/x?apikey=1&page=2", answer
    assert answer.json["QUERY_STRING"] == "apikey=1&page=2"
    for path in "/open/x", "/encoded/x":
        assert web.get(f"{path}?apikey=1&page=2", secret=False).json["query"] == "apikey=1&page=2"
