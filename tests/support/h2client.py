# SPDX-License-Identifier: Apache-2.0
"""One HTTP/2 request without TLS (prior knowledge), or over TLS: its fields, a body and trailers as they are given."""

import socket
import time

import h2.config
import h2.connection
import h2.events

from .client import Answer, remember
from .ports import LOOPBACK


def connect(port, timeout, context):
    plain = socket.create_connection((LOOPBACK, port), timeout)
    if not context:
        return plain
    s = context.wrap_socket(plain, server_hostname="api.test")
    assert s.selected_alpn_protocol() == "h2"
    return s


def request(port, method, path, fields=(), body=b"", trailers=(), midway=None, timeout=15,
            context=None):
    """An Answer. The body's length is not told unless `fields` does; that makes httpd read it as if it
    were chunked. midway() is called when the fields and the body are sent, and their end is not."""
    remember([*fields, *trailers], path)
    connection = h2.connection.H2Connection(config=h2.config.H2Configuration(header_encoding="utf-8"))
    with connect(port, timeout, context) as s:
        connection.initiate_connection()
        head = [(":method", method), (":path", path), (":scheme", "https" if context else "http"), (":authority", "api.test")]
        head += [(name.lower(), value) for name, value in fields]
        connection.send_headers(1, head, end_stream=not body and not trailers)
        if midway:
            s.sendall(connection.data_to_send())
            time.sleep(0.2)
        if body or trailers:
            connection.send_data(1, body, end_stream=not trailers and not midway)
        if midway:
            s.sendall(connection.data_to_send())
            time.sleep(0.2)
            midway()
            connection.send_data(1, b"", end_stream=not trailers)
        if trailers:
            connection.send_headers(1, [(n.lower(), v) for n, v in trailers], end_stream=True)
        s.sendall(connection.data_to_send())
        return answer(s, connection)


def answer(s, connection):
    status, headers, body = 0, [], b""
    while True:
        data = s.recv(65536)
        if not data:
            return Answer(status, headers, body)
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                headers = list(event.headers)
                status = int(dict(headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
                connection.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                return Answer(status, headers, body)
        s.sendall(connection.data_to_send())
