# SPDX-License-Identifier: Apache-2.0
"""Tokens made by another implementation than ours: PyJWT and Python's cryptography; and tokens no
honest issuer would make, put together by hand."""

import base64
import hashlib
import hmac
import json
import time

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from .verdict import secrets

DIGESTS = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


def b64(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """A signing key for one algorithm."""

    def __init__(self, alg, kid=None, secret=None, bits=2048):
        self.alg = alg
        self.kid = kid
        if alg.startswith("HS"):
            self.private = secret or hashlib.sha512(f"{alg}{kid}".encode()).hexdigest().encode()
        elif alg[:2] in ("RS", "PS"):
            self.private = rsa.generate_private_key(65537, bits)
        elif alg.startswith("ES"):
            self.private = ec.generate_private_key(CURVES[alg]())
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()

    @property
    def symmetric(self):
        return isinstance(self.private, bytes)

    def file(self):
        """What a key file holds: the secret, or the public key in PEM."""
        if self.symmetric:
            return self.private
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def private_pem(self):
        return self.private.private_bytes(serialization.Encoding.PEM,
                                          serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption())

    def jwk(self, **extra):
        """The public key as a JWK (RFC 7517)."""
        out = {"kid": self.kid} if self.kid else {}
        if self.symmetric:
            out.update(kty="oct", k=b64(self.private))
        elif self.alg[:2] in ("RS", "PS"):
            n = self.private.public_key().public_numbers()
            out.update(kty="RSA", n=b64(number(n.n)), e=b64(number(n.e)))
        elif self.alg.startswith("ES"):
            n = self.private.public_key().public_numbers()
            size = (self.private.curve.key_size + 7) // 8
            curve = {256: "P-256", 384: "P-384", 521: "P-521"}[self.private.curve.key_size]
            out.update(kty="EC", crv=curve, x=b64(n.x.to_bytes(size, "big")),
                       y=b64(n.y.to_bytes(size, "big")))
        else:
            raw = self.private.public_key().public_bytes(serialization.Encoding.Raw,
                                                         serialization.PublicFormat.Raw)
            out.update(kty="OKP", crv="Ed25519", x=b64(raw))
        out.update(extra)
        return out

    def token(self, claims=None, header=None, **more):
        """A good token; claims given as None are left out."""
        now = int(time.time())
        payload = {"sub": "alice", "iat": now, "exp": now + 600, **(claims or {}), **more}
        payload = {k: v for k, v in payload.items() if v is not None}
        head = {"kid": self.kid} if self.kid else {}
        head.update(header or {})
        text = jwt.encode(payload, self.private, algorithm=self.alg, headers=head)
        secrets.add(text)
        return text

    def sign(self, header, payload):
        """A token of exactly these parts (dicts, bytes or text already encoded), signed by this key
        with its own algorithm, whatever the header says."""
        parts = [p if isinstance(p, str) else b64(p) for p in (header, payload)]
        signed = ".".join(parts).encode()
        text = ".".join(parts) + "." + b64(self.signature(signed))
        secrets.add(text)
        return text

    def signature(self, data):
        if self.symmetric:
            return hmac.new(self.private, data, getattr(hashlib, "sha" + self.alg[2:])).digest()
        digest = DIGESTS.get(self.alg[2:])
        if self.alg.startswith("RS"):
            return self.private.sign(data, padding.PKCS1v15(), digest())
        if self.alg.startswith("PS"):
            salt = padding.PSS(padding.MGF1(digest()), digest().digest_size)
            return self.private.sign(data, salt, digest())
        if self.alg.startswith("ES"):
            size = (self.private.curve.key_size + 7) // 8
            r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(digest())))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        return self.private.sign(data)


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def jwks(*keys):
    """A key set's text; a Key or a ready dict each."""
    return json.dumps({"keys": [k.jwk() if isinstance(k, Key) else k for k in keys]})


def hs_sign(secret, header, payload, alg="sha256"):
    """An HMAC over any secret: what a forger makes of a public key."""
    signed = f"{b64(header)}.{b64(payload)}"
    mac = hmac.new(secret, signed.encode(), getattr(hashlib, alg)).digest()
    return f"{signed}.{b64(mac)}"
