# SPDX-License-Identifier: Apache-2.0
"""A FastCGI application that answers with the environment it was given, as JSON. As much of the
protocol as mod_proxy_fcgi speaks: one request a connection, records of at most 64 KB."""

import json
import socketserver
import struct
import threading

from .ports import LOOPBACK

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


def length(data, at):
    if data[at] < 128:
        return data[at], at + 1
    return struct.unpack_from(">I", data, at)[0] & 0x7FFFFFFF, at + 4


def pairs(data):
    at, out = 0, {}
    while at < len(data):
        n, at = length(data, at)
        v, at = length(data, at)
        out[data[at:at + n].decode("latin-1")] = data[at + n:at + n + v].decode("latin-1")
        at += n + v
    return out


class Handler(socketserver.StreamRequestHandler):
    def record(self):
        _, kind, self.id, size, padding, _ = struct.unpack(">BBHHBB", self.rfile.read(8))
        return kind, self.rfile.read(size + padding)[:size]

    def say(self, kind, data):
        self.wfile.write(struct.pack(">BBHHBB", 1, kind, self.id, len(data), 0, 0) + data)

    out = b"Content-Type: application/json\r\n\r\n"

    def handle(self):
        params, kind, data = b"", None, b"."
        while (kind, data) != (STDIN, b""):
            kind, data = self.record()
            params += data if kind == PARAMS else b""
        self.answer(json.dumps(pairs(params)).encode())

    def answer(self, body):
        self.say(STDOUT, self.out + body)
        self.say(STDOUT, b"")
        self.say(END, bytes(8))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class FastCgi:
    def __init__(self, handler=Handler):
        self.server = Server((LOOPBACK, 0), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
