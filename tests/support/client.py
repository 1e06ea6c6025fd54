# SPDX-License-Identifier: Apache-2.0
"""Requests: a plain HTTP client, a raw one for what no client would send, and many at once. What is
sent as a credential is remembered as a secret that no log may show."""

import base64
import http.client
import json
import multiprocessing
import re
import socket
import time
from urllib.parse import parse_qsl, urlsplit

from .verdict import secrets

CREDENTIAL_FIELDS = ("x-api-key", "authorization", "cookie", "proxy-authorization", "api-key",
                     "x-key")
QUERY_KEYS = ("apikey", "api_key", "key", "access_token")


class Answer:
    """A response: status, headers (every line), body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    def header(self, name):
        """The value, repeated lines joined as RFC 9110 s5.2 says, or None."""
        values = self.all(name)
        return ", ".join(values) if values else None

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The reason's word in a problem+json body, or None."""
        if not (self.header("Content-Type") or "").startswith("application/problem+json"):
            return None
        return self.json.get("code")

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


def remember(headers, path):
    """Registers what a request carries as secrets."""
    for name, value in headers:
        if name.lower() not in CREDENTIAL_FIELDS:
            continue
        secrets.add(value)
        for word in re.split(r"[\s;=,]+", value):
            secrets.add(word)
        if value[:6].lower() == "basic ":
            try:
                for part in base64.b64decode(value[6:]).decode("latin-1").split(":"):
                    secrets.add(part)
            except ValueError:
                pass
    for name, value in parse_qsl(urlsplit(path).query):
        if name in QUERY_KEYS:
            secrets.add(value)


class Client:
    def __init__(self, host, port):
        self.host = host
        self.port = port

    def connect(self, timeout):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def request(self, method, path, headers=None, body=None, key=None, bearer=None, basic=None,
                timeout=15, secret=True):
        """One request on a connection of its own. `key` goes to X-API-Key, `bearer` and `basic`
        ((user, password)) to Authorization."""
        lines = list(headers.items()) if isinstance(headers, dict) else list(headers or ())
        if key is not None:
            lines.append(("X-API-Key", key))
        if bearer is not None:
            lines.append(("Authorization", f"Bearer {bearer}"))
        if basic is not None:
            word = base64.b64encode(":".join(basic).encode()).decode()
            lines.append(("Authorization", f"Basic {word}"))
        if secret:
            remember(lines, path)
        names = {name.lower() for name, _ in lines}
        connection = self.connect(timeout)
        try:
            connection.putrequest(method, path, skip_host="host" in names,
                                  skip_accept_encoding=True)
            for name, value in lines:
                connection.putheader(name, value)
            if body is not None and "transfer-encoding" not in names:
                body = body.encode() if isinstance(body, str) else body
                connection.putheader("Content-Length", str(len(body)))
            if "connection" not in names:
                connection.putheader("Connection", "close")
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def raw(self, data, timeout=15):
        """Sends these bytes as they are and reads until the server closes. None: not a word."""
        data = data.encode("latin-1") if isinstance(data, str) else data
        with socket.create_connection((self.host, self.port), timeout) as s:
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused before all was sent; the answer is still there
            return parse(read_all(s))

    def raw_request(self, method, path, fields=(), body=b""):
        """Like raw(), with the request line and Host made; fields are bytes or text lines."""
        lines = [f"{method} {path} HTTP/1.1".encode("latin-1"), b"Host: api.test",
                 b"Connection: close"]
        for line in fields:
            lines.append(line if isinstance(line, bytes) else line.encode("latin-1"))
        return self.raw(b"\r\n".join(lines) + b"\r\n\r\n" + body)

    def burst(self, n, path="/", headers=()):
        """n requests whose connections are all open before the first answer is read."""
        lines = "".join(f"{k}: {v}\r\n" for k, v in headers)
        data = f"GET {path} HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n{lines}\r\n".encode()
        sockets = [socket.create_connection((self.host, self.port), 30) for _ in range(n)]
        for s in sockets:
            s.sendall(data)
        answers = []
        for s in sockets:
            with s:
                answers.append(parse(read_all(s)))
        return [a.status if a else 0 for a in answers]

    def storm(self, processes, each, path="/", headers=()):
        """`processes` clients at once, each with `each` requests in flight. All statuses."""
        return storm([self] * processes, each, path, headers)


def storm(clients, each, path="/", headers=()):
    """Each of these clients, in a process of its own, has `each` requests in flight. All statuses."""
    remember(headers, path)
    with multiprocessing.get_context("fork").Pool(len(clients)) as pool:
        start = time.monotonic() + 0.2
        jobs = [pool.apply_async(wait_and_burst, (client, start, each, path, headers))
                for client in clients]
        return [status for job in jobs for status in job.get(120)]


def wait_and_burst(client, start, n, path, headers):
    time.sleep(max(0, start - time.monotonic()))
    return client.burst(n, path, headers)


def read_all(s):
    data = b""
    while True:
        try:
            part = s.recv(65536)
        except ConnectionResetError:
            return data
        if not part:
            return data
        data += part


def parse(data):
    """An Answer from raw bytes, or None when there is no HTTP in them."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    match = re.match(r"HTTP/1\.[01] (\d{3})", lines[0])
    if not match:
        return None
    headers = [tuple(part.strip() for part in line.partition(":")[::2]) for line in lines[1:]]
    if any(k.lower() == "transfer-encoding" and v == "chunked" for k, v in headers):
        body = dechunk(body)
    return Answer(int(match.group(1)), headers, body)


def dechunk(body):
    out = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        n = int(size.split(b";")[0] or b"0", 16)
        if n == 0:
            break
        out += rest[:n]
        body = rest[n + 2:]
    return out
