# SPDX-License-Identifier: Apache-2.0
"""A server for websockets as far as a proxy can tell: it says yes to a handshake and sends back what comes."""

import base64
import hashlib
import re
import socketserver
import threading

from .ports import LOOPBACK

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 s1.3


class Handler(socketserver.StreamRequestHandler):
    """Frames or not is no matter to a tunnel."""

    def handle(self):
        head = ""
        while not head.endswith("\r\n\r\n"):
            head += self.rfile.readline().decode("latin-1")
        self.server.seen.append(head)
        key = re.search(r"(?i)sec-websocket-key: *(\S+)", head)[1]
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        self.wfile.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        while data := self.connection.recv(4096):
            self.wfile.write(data)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


class Echo:
    """`seen` is each handshake as it arrived."""

    def __init__(self):
        self.server = Server((LOOPBACK, 0), Handler)
        self.server.seen = self.seen = []
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
