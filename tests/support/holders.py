# SPDX-License-Identifier: Apache-2.0
"""Clients that have certificates of their own: an authority, whom it knows and whom nobody does."""

import base64
import datetime
import hashlib
import ssl
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .tls import Certificates


class Holders(Certificates):
    """The server's certificate, an authority's (ca.pem), and one for each client of these names: signed by
    the authority, or by the client itself where it is in `alone`."""

    def __init__(self, names, alone=()):
        super().__init__()
        self.make("ca", "-addext", "basicConstraints=critical,CA:TRUE")
        for name in names:
            self.make(name, *([] if name in alone else
                              ["-CA", self.file("ca.pem"), "-CAkey", self.file("ca.key")]))

    def file(self, name):
        return self.folder.join(name)

    def make(self, name, *more, subject=None):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "2", "-subj", subject or f"/O=Test/CN={name}", *more,
                        "-keyout", self.file(f"{name}.key"), "-out", self.file(f"{name}.pem")],
                       check=True, capture_output=True)

    def signed(self, name, ca="ca", san=None, subject=None):
        """A certificate that this authority has signed."""
        self.make(name, "-CA", self.file(f"{ca}.pem"), "-CAkey", self.file(f"{ca}.key"),
                  *(["-addext", f"subjectAltName={san}"] if san else []), subject=subject)

    def expired(self, name, ca="ca"):
        """One that the authority has signed, and that ended an hour ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        hour = datetime.timedelta(hours=1)
        with open(self.file(f"{ca}.pem"), "rb") as f:
            by = x509.load_pem_x509_certificate(f.read())
        with open(self.file(f"{ca}.key"), "rb") as f:
            signer = serialization.load_pem_private_key(f.read(), None)
        made = x509.CertificateBuilder(
            by.subject, x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]), key.public_key(),
            x509.random_serial_number(), now - 2 * hour, now - hour).sign(signer, hashes.SHA256())
        self.folder.write(f"{name}.pem", made.public_bytes(serialization.Encoding.PEM).decode())
        self.folder.write(f"{name}.key", key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode())

    def thumbprint(self, name):
        """RFC 8705 s3.1, by other means than ours."""
        der = subprocess.run(["openssl", "x509", "-in", self.file(f"{name}.pem"), "-outform", "DER"],
                             check=True, capture_output=True).stdout
        return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()

    def holder(self, name, port=None, version=None):
        """What a TlsClient takes: it shows the certificate of that name, None: none, at that port."""
        return Holder(self, name, port or self.port, version)


class Holder:
    def __init__(self, certificates, name, port, version):
        self.certificates = certificates
        self.name = name
        self.port = port
        self.version = version

    def context(self, protocol=None):
        context = self.certificates.context(protocol)
        if self.version:
            context.minimum_version = context.maximum_version = self.version
        if not protocol and self.version != ssl.TLSVersion.TLSv1_2:
            context.post_handshake_auth = True
        if self.name:
            file = self.certificates.file
            context.load_cert_chain(file(f"{self.name}.pem"), file(f"{self.name}.key"))
        return context
