# SPDX-License-Identifier: Apache-2.0
"""A server of key sets on loopback, with TLS or without, that can be as bad as any: each path has a way to answer,
which is a function of the connection."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .jwtmaker import jwks
from .ports import LOOPBACK

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def certificate(key, host=LOOPBACK, name="key server", days=(-1, 30)):
    """A certificate that `key` signs for itself, for an address."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(NOW + days[0] * DAY)
            .not_valid_after(NOW + days[1] * DAY).add_extension(host, False)
            .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM).decode()


# ---- ways to answer ------------------------------------------------------------------------------

def says(body, status="200 OK", **fields):
    body = body if isinstance(body, bytes) else body.encode()
    lines = {"Content-Type": "application/jwk-set+json", "Content-Length": len(body), "Connection": "close",
             **{name.replace("_", "-"): value for name, value in fields.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return lambda connection: connection.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)


def keys(*those, **fields):
    return says(jwks(*those), **fields)


def goes(target, status="302 Found"):
    return says("", status, Location=target)


def hangs(connection):
    """Until the other side has enough."""
    connection.settimeout(60)
    while connection.recv(1024):
        pass


def half(connection):
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"keys": [')


def drips(connection):
    """One byte now and then, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def floods(connection):
    connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n{"keys": [')
    while True:
        connection.sendall(b" " * 65536)


def hear(connection):
    """A request's head and body, as bytes; (b"", b"") when it ended before."""
    text = b""
    while True:
        head, end, body = text.partition(b"\r\n\r\n")
        length = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        if end and len(body) >= sum(length):
            return head, body
        part = connection.recv(4096)
        if not part:
            return b"", b""
        text += part


class KeyServer:
    """`ways` by path; `asked` is a list of (monotonic time, path)."""

    def __init__(self, folder, name="keyserver", tls=True, **how):
        self.ways, self.asked, self.tls = {}, [], None
        if tls:
            key = ec.generate_private_key(ec.SECP256R1())
            self.ca = folder.write(f"{name}.pem", pem(certificate(key, **how)))
            private = folder.write(f"{name}.key", key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), 0o600)
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(self.ca, private)
        self.socket = socket.create_server((LOOPBACK, 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.open = set()
        threading.Thread(target=self.run, daemon=True).start()

    def url(self, path="/keys"):
        return f"{'https' if self.tls else 'http'}://{LOOPBACK}:{self.port}{path}"

    def times(self, path="/keys"):
        return [when for when, asked in self.asked if asked == path]

    def way(self, path, head, body):
        """How a request is answered."""
        return self.ways.get(path, says("no such path", "404 Not Found"))

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        self.open.add(connection)
        try:
            connection.settimeout(10)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            head, body = hear(connection)
            if head:
                path = head.split()[1].decode()
                self.asked.append((time.monotonic(), path))
                self.way(path, head, body)(connection)
        except OSError:
            pass
        finally:
            self.open.discard(connection)
            connection.close()

    def close(self):
        if self.socket.fileno() >= 0:
            self.socket.shutdown(socket.SHUT_RDWR)  # else the thread takes one more
            self.socket.close()
        for connection in list(self.open):
            connection.close()
