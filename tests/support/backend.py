# SPDX-License-Identifier: Apache-2.0
"""A backend behind the proxy that answers with what it was sent: method, path, query and every
header line exactly as it arrived."""

import json
import socketserver
import threading
from urllib.parse import urlsplit

from .ports import LOOPBACK


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while self.one():
            pass

    def one(self):
        line = self.rfile.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            return False
        method, target, _ = line.split(" ", 2)
        headers = []
        while True:
            field = self.rfile.readline().decode("latin-1").rstrip("\r\n")
            if not field:
                break
            headers.append(field.partition(":")[::2])
        names = {k.lower(): v.strip() for k, v in headers}
        body = self.rfile.read(int(names.get("content-length", 0) or 0))
        if names.get("transfer-encoding") == "chunked":
            body = self.chunks()
        seen = {"method": method, "target": target, "path": urlsplit(target).path,
                "query": urlsplit(target).query, "body": body.decode("latin-1"),
                "headers": [[k, v.strip()] for k, v in headers]}
        self.server.seen.append(seen)
        self.server.gate.wait(20)
        self.answer(method, seen)
        return names.get("connection", "").lower() != "close"

    def chunks(self):
        body = b""
        while True:
            n = int(self.rfile.readline().split(b";")[0], 16)
            if n == 0:
                self.rfile.readline()
                return body
            body += self.rfile.read(n)
            self.rfile.readline()

    def answer(self, method, seen):
        body = json.dumps(seen).encode()
        extra = "".join(f"{k}: {v}\r\n" for k, v in self.server.extra)
        head = (f"HTTP/1.1 {self.server.status}\r\nContent-Type: application/json\r\n{extra}"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        self.wfile.write(head + (b"" if method == "HEAD" else body))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Backend:
    """`seen` is every request that arrived; `extra` header lines and `server.status` it answers with;
    while `gate` is
    cleared no answer leaves it."""

    def __init__(self):
        self.server = Server((LOOPBACK, 0), Handler)
        self.server.seen = []
        self.server.extra = []
        self.server.status = "200 OK"
        self.gate = self.server.gate = threading.Event()
        self.gate.set()
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def seen(self):
        return self.server.seen

    @property
    def extra(self):
        return self.server.extra

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


def header_of(seen, name):
    """All values the backend got for a header, in any case."""
    return [v for k, v in seen["headers"] if k.lower() == name.lower()]


def seen(web, path, method="GET", **kw):
    """What the backend saw of a request that must have passed."""
    answer = web.request(method, path, **kw)
    assert answer.status == 200, answer
    return answer.json
