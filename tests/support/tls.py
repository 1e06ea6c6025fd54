# SPDX-License-Identifier: Apache-2.0
"""TLS in front of a test's server: a certificate of its own, a virtual host that speaks it, and a client
that trusts nobody else."""

import http.client
import ssl
import subprocess

from . import h2client
from .client import Client
from .ports import LOOPBACK, Directory, free_port

HOST = """
Listen 127.0.0.1:{tls}
<VirtualHost 127.0.0.1:{tls}>
    SSLEngine on
    SSLCertificateFile {certificates}/server.pem
    SSLCertificateKeyFile {certificates}/server.key
</VirtualHost>
"""


class Certificates:
    """A self-signed certificate for api.test and loopback, gone when closed."""

    def __init__(self):
        self.folder = Directory("tls")
        self.path = self.folder.join("server.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "2", "-subj", "/CN=api.test",
                        "-addext", f"subjectAltName=DNS:api.test,IP:{LOOPBACK}",
                        "-keyout", self.folder.join("server.key"), "-out", self.path],
                       check=True, capture_output=True)
        self.port = free_port()

    def words(self):
        """For the configuration: HOST has them."""
        return {"tls": self.port, "certificates": self.folder.path}

    def context(self, protocol=None):
        context = ssl.create_default_context(cafile=self.path)
        if protocol:
            context.set_alpn_protocols([protocol])
        return context

    def close(self):
        self.folder.close()


class TlsClient(Client):
    """A client that makes a real handshake."""

    def __init__(self, certificates):
        super().__init__(LOOPBACK, certificates.port)
        self.certificates = certificates

    def connect(self, timeout):
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout,
                                           context=self.certificates.context())

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def h2(self, path, fields=(), method="GET"):
        """Over HTTP/2, agreed on in the handshake."""
        return h2client.request(self.port, method, path, fields, context=self.certificates.context("h2"))
