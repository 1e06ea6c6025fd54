# SPDX-License-Identifier: Apache-2.0
"""A real authorization server, oidc-provider, on loopback TLS; and what its clients do: they ask for tokens by their
own credentials, or send a browser there and get a code (RFC 6749 s4.1) that only they can redeem (RFC 7636)."""

import base64
import hashlib
import http.cookiejar
import json
import secrets as random
import ssl
import urllib.error
import urllib.parse
import urllib.request

from .node import Node
from .ports import free_port
from .verdict import secrets

BACK = "https://client.test/back"  # nobody is there: the code is taken from the redirect
MACHINE = {"client_id": "machine", "client_secret": "machine-secret-0123456789", "redirect_uris": [],
           "response_types": [], "grant_types": ["client_credentials"]}
APP = {"client_id": "app", "redirect_uris": [BACK], "token_endpoint_auth_method": "none",
       "grant_types": ["authorization_code", "refresh_token"]}


class Stop(urllib.request.HTTPRedirectHandler):
    """Follows redirects until they lead back to the client."""

    def redirect_request(self, request, file, code, message, headers, target):
        if target.startswith(BACK):
            self.back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
            return None
        return super().redirect_request(request, file, code, message, headers, target)


class Oidc:
    """`resources` by URI: {"scope": "a b", "format": "jwt" or "opaque", "ttl": seconds}."""

    def __init__(self, certificates, resources, clients=(MACHINE, APP)):
        self.ca = certificates.path
        self.clients = {client["client_id"]: client for client in clients}
        port = free_port()
        self.issuer = f"https://127.0.0.1:{port}"
        self.node = Node("provider.mjs", {
            "port": port, "certificate": certificates.path, "key": certificates.folder.join("server.key"),
            "resources": resources, "clients": list(clients)})
        self.context = ssl.create_default_context(cafile=self.ca)

    def tell(self, command, **more):
        return self.node.ask(command=command, **more)

    def close(self):
        self.node.close()

    # ---- requests ----

    def open(self, request, *handlers):
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.context), *handlers)
        try:
            return opener.open(request, timeout=20)
        except urllib.error.HTTPError as answer:
            return answer

    def post(self, path, client, **form):
        """The answer's status and object."""
        known = self.clients[client]
        form = {name: value for name, value in form.items() if value is not None}
        request = urllib.request.Request(self.issuer + path)
        if "client_secret" in known:
            basic = f"{client}:{known['client_secret']}".encode()
            request.add_header("Authorization", "Basic " + base64.b64encode(basic).decode())
        else:
            form["client_id"] = client
        request.data = urllib.parse.urlencode(form).encode()
        with self.open(request) as answer:
            body = answer.read()
            return answer.status, json.loads(body) if body else None

    def metadata(self):
        with self.open(urllib.request.Request(self.issuer + "/.well-known/openid-configuration")) as answer:
            return json.load(answer)

    # ---- tokens ----

    def token(self, client, **form):
        status, answer = self.post("/token", client, **form)
        assert status == 200, answer
        secrets.add(answer["access_token"])
        return answer["access_token"]

    def for_machine(self, resource, scope=None, client="machine"):
        return self.token(client, grant_type="client_credentials", resource=resource, scope=scope)

    def code(self, resource, scope, challenge, client="app", user="joe"):
        """What a browser brings back, which has been through login and consent."""
        query = urllib.parse.urlencode({
            "client_id": client, "redirect_uri": BACK, "response_type": "code", "scope": scope,
            **({"resource": resource} if resource else {}),
            "code_challenge": challenge, "code_challenge_method": "S256", "state": "s", "login_hint": user})
        stop = Stop()
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.open(urllib.request.Request(f"{self.issuer}/auth?{query}"), stop, cookies).close()
        assert stop.back["state"] == "s" and stop.back["iss"] == self.issuer, stop.back
        return stop.back["code"]

    def for_user(self, resource, scope, client="app", user="joe"):
        verifier = random.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        code = self.code(resource, scope, challenge, client, user)
        return self.token(client, grant_type="authorization_code", code=code, redirect_uri=BACK, code_verifier=verifier,
                          resource=resource)
