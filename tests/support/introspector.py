# SPDX-License-Identifier: Apache-2.0
"""An introspection endpoint (RFC 7662) on loopback that can be as bad as any, and a section that asks it."""

import base64
import json
import time
import urllib.parse

from .keyserver import KeyServer, says
from .verdict import secrets

CLIENT, SECRET = "guard:1", "s3cr&t +%=é"  # what must be encoded in Basic and in a form
SECTION = """
<Location "/s/{name}/">
    AuthType ApiGuard
    AuthName x
    ApiGuardProvider {provider}
    ApiGuardIntrospection {url} client={client} secret=file:{secret} {ca} {line}
    Require valid-user
    {more}
</Location>
"""


class Introspector(KeyServer):
    """`tokens`: what is said of each, a dict (active is true then), or a way to answer. `questions`: (form, user and
    password) of each request."""

    def __init__(self, folder, **how):
        super().__init__(folder, "introspector", **how)
        self.tokens, self.questions, self.bad = {}, [], None
        self.secret = folder.write("secret", SECRET.encode() + b"\n", 0o644)
        secrets.add(SECRET)

    def way(self, path, head, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        self.questions.append((form, basic(head)))
        if self.bad:
            return self.bad
        asked = self.tokens.get(form.get("token"), {"active": False})
        return asked if callable(asked) else says(json.dumps({"active": True, **asked}),
                                                  Content_Type="application/json")

    def asked_for(self, token):
        return sum(form.get("token") == token for form, _ in self.questions)

    def section(self, name, line="", more="", provider="introspect", client=CLIENT):
        return SECTION.format(name=name, provider=provider, url=self.url("/introspect"),
                              client=client, secret=self.secret, ca=f"ca={self.ca}" if self.tls else "",
                              line=line, more=more)


def basic(head):
    """User and password of Authorization: Basic, decoded as RFC 6749 s2.3.1 says; or None."""
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "authorization":
            user, _, password = base64.b64decode(value.split()[1]).decode().partition(":")
            return urllib.parse.unquote_plus(user), urllib.parse.unquote_plus(password)
    return None


def says_of(body, **fields):
    """A way to answer with a JSON text of one's own."""
    return says(body, **{"Content_Type": "application/json", **fields})


def active(**claims):
    """What an issuer says of a good token; claims that are None are left out."""
    now = int(time.time())
    said = {"sub": "alice", "client_id": "shop", "scope": "read write", "exp": now + 600, "iat": now - 1, **claims}
    return {name: value for name, value in said.items() if value is not None}


def go(web, token, name="a", **kw):
    return web.get(f"/s/{name}/hello.html", bearer=token, **kw)
