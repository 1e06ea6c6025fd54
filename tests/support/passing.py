# SPDX-License-Identifier: Apache-2.0
"""Sections in front of a backend, for what it, caches and logs are told of a client."""

from support.jwtmaker import Key
from support.ports import Directory

SIGNER = Key("HS256")
CLIENT = {"client": "acme", "scopes": ["orders:read", "mail"], "roles": ["clerk"]}

VARS = r"""
LogFormat "%r|client=%{APIGUARD_CLIENT}e|key=%{APIGUARD_KEY_ID}e|kind=%{APIGUARD_CREDENTIAL}e|\
scopes=%{APIGUARD_SCOPES}e|decision=%{APIGUARD_DECISION}e|limit=%{APIGUARD_LIMIT}e|\
claim=%{APIGUARD_CLAIM_tenant}e|%>s" vars
CustomLog {root}/logs/vars.log vars
"""
OPEN = """
<Location "/open/">
    ProxyPass "http://127.0.0.1:{backend}/open/"
</Location>
"""
PASS = """
<Location "/pass/">
    ProxyPass "http://127.0.0.1:{backend}/pass/"
    AuthType ApiGuard
    AuthName "pass"
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardPassHeaders on
    ApiGuardPassClaim tenant org.unit
    ApiGuardRateLimit 10000/day
    ApiGuardKeyFrom header:X-API-Key bearer basic query:apikey cookie:session_key
    Require valid-user
</Location>
"""
QUIET = """
<Location "/quiet/">
    ProxyPass "http://127.0.0.1:{backend}/quiet/"
    AuthType ApiGuard
    AuthName "quiet"
    Require valid-user
    RequestHeader set X-From-Env "%{APIGUARD_CLIENT}e"
</Location>
"""
ALL = """
<Location "/all/">
    ProxyPass "http://127.0.0.1:{backend}/all/"
    AuthType ApiGuard
    AuthName "all"
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardHideCredentials all
    Require valid-user
</Location>
"""
FILE = """
<Location "/s/file/">
    AuthType ApiGuard
    AuthName "file"
    ApiGuardKeyFrom header:X-API-Key bearer query:apikey
    Require valid-user
</Location>
"""
SILENT = """
<Location "/s/quiet/">
    AuthType ApiGuard
    LogLevel apiguard:error
    Require valid-user
</Location>
"""


def serving(name, make_httpd, backend, conf, **more):
    """A server with that configuration (a generator: for a fixture)."""
    folder = Directory(name)
    words = {"keyfile": folder.write("hs256.key", SIGNER.file()), "backend": backend.port}
    server = make_httpd("ProxyPreserveHost On\n" + conf, words=words, **more)
    server.backend = backend
    yield server
    folder.close()
