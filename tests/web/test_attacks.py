# SPDX-License-Identifier: Apache-2.0
"""What an attacker tries beyond malformed bytes: other modules as a way in, other protocols, forged
identities, odd rows in the database. Each of these once was a guess how to get in."""

import json
import time

import pytest

from support.jwtmaker import Key
from support.ports import LOOPBACK, Directory
from support.problem import assert_refused

SIGNER = Key("RS256")
CONF = """
Protocols h2c http/1.1
DavLockDB {root}/run/davlock
ScriptSock {root}/run/cgisock
Action my-act /s/guarded/hello.html virtual
<Location "/s/guarded/">
    AuthType ApiGuard
    Require valid-user
</Location>
<If "%{REQUEST_URI} =~ m#^/s/if/#">
    AuthType ApiGuard
    Require valid-user
</If>
<Location "/s/if-post/">
    <If "%{REQUEST_METHOD} == 'POST'">
        AuthType ApiGuard
        Require valid-user
    </If>
</Location>
<Location "/s/excluded/">
    AuthType ApiGuard
    <RequireAll>
        Require valid-user
        Require not api-client evil*
        Require not api-ip 192.0.2.0/24
    </RequireAll>
</Location>
<Location "/s/admin/">
    AuthType ApiGuard
    Require api-scope admin
</Location>
<Location "/s/both/">
    AuthType ApiGuard
    Require api-scope admin
</Location>
<Location "/s/both/hello.html">
    AuthMerging And
    Require api-client friend
</Location>
<Location "/s/path/">
    ApiGuardRateLimit 3/day by=path
    ApiGuardRateLimit 900/day by=ip
</Location>
<Location "/s/methods/">
    AuthType ApiGuard
    ApiGuardRateLimit 5/day by=ip
    Require valid-user
</Location>
<Location "/s/token/">
    AuthType ApiGuard
    ApiGuardJWTKey RS256 file:{keyfile}
    Require valid-user
</Location>
<Location "/s/regex/">
    AuthType ApiGuard
    ApiGuardJWTKey RS256 file:{keyfile}
    Require api-claim big~(a+)+b
</Location>
<Directory "{root}/htdocs/negotiated">
    Options +MultiViews
    <Files "secret.html">
        AuthType ApiGuard
    </Files>
</Directory>
<Directory "{root}/htdocs/dav">
    Dav On
    <Files "secret.html">
        AuthType ApiGuard
    </Files>
</Directory>
<Directory "{root}/htdocs/actions">
    AddHandler my-act .foo
</Directory>
<Directory "{root}/htdocs/open">
    Options +ExecCGI
    AddHandler cgi-script .sh
</Directory>
<Directory "{root}/htdocs/cgi">
    Options +ExecCGI
    AddHandler cgi-script .sh
    AuthType ApiGuard
    ApiGuardPassHeaders on
</Directory>
<AuthnProviderAlias apiguard another>
</AuthnProviderAlias>
<Location "/s/basic/">
    AuthType Basic
    AuthName "basic"
    AuthBasicProvider another
    ApiGuardRateLimit 3/day
    Require valid-user
</Location>
"""
ENV = "#!/bin/sh\necho 'Content-Type: text/plain'\necho\nenv\ncat >/dev/null\n"
MODULES = ("negotiation", "dav", "dav_fs", "actions", "cgid", "http2", "proxy", "proxy_http",
           "proxy_wstunnel")


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    folder = Directory("attacks")
    keyfile = folder.write("key.pem", SIGNER.file())
    server = make_httpd(CONF, modules=MODULES, words={"keyfile": keyfile, "backend": backend.port},
                        files={"negotiated/secret.html": "hello secret\n",
                               "dav/secret.html": "hello secret\n", "dav/open.html": "open\n",
                               "actions/x.foo": "x\n"})
    for name in ("open/env.sh", "cgi/env.sh"):
        server.put(name, ENV, 0o755)
    yield server
    folder.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


# ---- sections and modules -----------------------------------------------------------------------


def test_an_if_section_guards(web, key):
    assert_refused(web.get("/s/if/hello.html"), "credential_missing")
    assert web.get("/s/if/hello.html", key=key).status == 200


def test_an_if_section_may_look_at_the_method(web):
    assert web.get("/s/if-post/hello.html").status == 200
    assert_refused(web.request("POST", "/s/if-post/hello.html", body="x"), "credential_missing")


def test_require_not_excludes(web, key):
    evil = web.keys.create(client="evil-twin")
    assert web.get("/s/excluded/hello.html", key=key).status == 200
    assert_refused(web.get("/s/excluded/hello.html", key=evil), "access_denied")
    assert_refused(web.get("/s/excluded/hello.html"), "credential_missing")


def test_auth_merging_and_asks_for_both(web, key):
    admin = web.keys.create(client="root", scopes=["admin"])
    friend = web.keys.create(client="friend")
    both = web.keys.create(client="friend", scopes=["admin"])
    assert web.get("/s/both/hello.html", key=both).status == 200
    for bad in (key, admin, friend):
        assert web.get("/s/both/hello.html", key=bad).status == 403
    assert_refused(web.get("/s/both/hello.html"), "credential_missing")


def test_negotiation_does_not_pick_a_guarded_variant(web):
    web.expect("AH00687")
    answer = web.get("/negotiated/secret")
    assert answer.status in (401, 404) and "hello" not in answer.text


def test_an_action_into_a_guarded_section_is_guarded(web, key):
    """What it finds there is no script, so with a key it is not found."""
    assert_refused(web.get("/actions/x.foo"), "credential_missing")
    assert web.get("/actions/x.foo", key=key).status == 404


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_webdav_carries_nothing_out_or_in(web, method):
    host = f"http://{LOOPBACK}:{web.port}"
    out = web.request(method, "/dav/secret.html", headers={"Destination": f"{host}/dav/c.html"})
    into = web.request(method, "/dav/open.html",
                       headers={"Destination": f"{host}/dav/secret.html", "Overwrite": "T"})
    assert (out.status, into.status) == (401, 401)


def test_a_provider_alias_asks_for_keys(web, key):
    assert web.get("/s/basic/hello.html", basic=("acme", key)).status == 200
    assert web.get("/s/basic/hello.html", basic=("root", key)).status == 401
    assert web.get("/s/basic/hello.html", basic=("", key)).status == 401
    bound = web.keys.create(client="acme", ips=["192.0.2.0/24"])
    assert web.get("/s/basic/hello.html", basic=("acme", bound)).status == 401
    statuses = [web.get("/s/basic/hello.html", basic=("acme", key)).status for _ in range(3)]
    assert statuses == [200, 200, 429]


@pytest.mark.slow
def test_socache_in_front_remembers_no_revoked_key(own_httpd):
    web = own_httpd("""
        AuthnCacheEnable
        <Location "/s/cached/">
            AuthType Basic
            AuthName "cached"
            AuthBasicProvider socache apiguard
            AuthnCacheProvideFor apiguard
            Require valid-user
        </Location>
        """, modules=("authn_socache", "socache_shmcb"))
    key = web.keys.create(client="acme")

    def statuses():
        return {web.get("/s/cached/hello.html", basic=("acme", key)).status for _ in range(4)}

    assert statuses() == {200}
    web.keys.revoke(key)
    time.sleep(1.5)
    assert statuses() == {401}


# ---- forged identities --------------------------------------------------------------------------

FORGED = ["X-ApiGuard-Client: root", "x-apiguard-user: root", "X_ApiGuard_Roles: admin",
          "X.ApiGuard.Scopes: all", "X-APIGUARD_Claim-role: admin", "X!ApiGuard~Client: root"]


def variables(answer):
    return {name: value for name, _, value in
            (line.partition("=") for line in answer.text.splitlines())}


def test_a_script_sees_no_forged_identity(web, key):
    for path in ("/open/env.sh", "/cgi/env.sh"):
        answer = web.client.raw_request("GET", path, [*FORGED, f"X-API-Key: {key}"])
        assert answer.status == 200
        found = {n: v for n, v in variables(answer).items() if n.startswith("HTTP_X_APIGUARD")}
        assert not {"root", "admin", "all"} & set(found.values()), found
        if path == "/cgi/env.sh":
            assert found["HTTP_X_APIGUARD_CLIENT"] == "acme"
            assert key not in answer.text


# ---- limits -------------------------------------------------------------------------------------


def test_a_path_has_one_count_in_every_spelling(web):
    assert [web.get("/s/path/hello.html").status for _ in range(4)] == [200, 200, 200, 429]
    for path in ("/s/path/hello.html?x", "/s/path//hello.html", "/s/path/./hello.html",
                 "/s/path/%68ello.html", "//s/path/hello.html", "/x/../s/path/hello.html"):
        assert web.client.raw_request("GET", path).status == 429


def test_every_method_counts(web):
    statuses = [web.request(method, "/s/methods/hello.html").status
                for method in ("HEAD", "OPTIONS", "GET", "POST", "BREW", "GET", "HEAD", "PROPFIND")]
    assert statuses == [401] * 5 + [429] * 3


# ---- rows nobody expects ------------------------------------------------------------------------

ROWS = {
    "a thousand networks": ({"allowed_ips": " ".join(f"2001:db8:{i:x}::/48" for i in range(1000))
                             + " 127.0.0.1"}, (200,)),
    "networks of commas": ({"allowed_ips": "10.0.0.0/8, 127.0.0.1"}, (403,)),
    "a scope of 64 KB": ({"permissions": "s" * 65000}, (200,)),
    "deep JSON": ({"permissions": "[" * 3000 + "]" * 3000}, (200,)),
    "JSON without an end": ({"permissions": '["admin"'}, (200,)),
    "an open quote": ({"permissions": '"admin'}, (200,)),
    "two thousand endpoints": ({"allowed_endpoints": json.dumps(
        [f"GET /api/x{i}/*/y*" for i in range(2000)])}, (403,)),
    "an endpoint without a path": ({"allowed_endpoints": "GET"}, (403,)),
    "a name of two lines": ({"client": "a\r\nX-Evil: 1"}, (503,)),
    "a name with a control character": ({"client": "a\x01b"}, (503,)),
    "a name of 10 KB": ({"client": "x" * 10000}, (200,)),
    "a negative expiry": ({"expires_at": -5}, (401,)),
    "an expiry at zero": ({"expires_at": 0}, (401,)),
    "an expiry past all time": ({"expires_at": 2 ** 62}, (401,)),
    "a rate of nonsense": ({"rate_limit": "10/fortnight"}, (429,)),
    "too many rates": ({"rate_limit": " ".join(f"{i + 1}/min" for i in range(9))}, (429,)),
}


@pytest.mark.parametrize("name", ROWS)
def test_an_odd_row_never_opens_and_breaks_nothing(web, name):
    columns, allowed = ROWS[name]
    web.expect("AG040[13]")
    children = web.children()
    key = web.keys.insert(f"imported-{list(ROWS).index(name)}-0123456789", **columns)
    for _ in range(3):
        answer = web.get("/s/guarded/hello.html", key=key)
        assert answer.status in allowed and answer.header("X-Evil") is None
    admin = web.get("/s/admin/hello.html", key=key)
    assert admin.status >= 400 and "hello" not in admin.text
    assert web.children() == children


@pytest.mark.parametrize("size", range(700, 1001, 20))
def test_records_about_the_size_of_a_slot(web, size):
    """The same answers from the cache and past it."""
    key = web.keys.insert(f"imported-size-{size}-0123456789", permissions="p" * size + " admin")
    assert [web.get("/s/admin/hello.html", key=key).status for _ in range(4)] == [200] * 4


# ---- tokens -------------------------------------------------------------------------------------

CLAIMS = {
    "control characters": ({"sub": "a\nb"}, 401), "a name of 256 bytes": ({"sub": "a" * 256}, 401),
    "the reserved name": ({"azp": "anonymous"}, 401), "in capitals": ({"azp": "ANONYMOUS"}, 401),
    "an expiry past all numbers": ({"exp": 1e300}, 401), "issued before time": ({"iat": -1}, 401),
    "many audiences": ({"aud": ["a"] * 500}, 200),
    "an expiry of text": ({"exp": "9999999999"}, 401),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_odd_claims(web, name):
    claims, status = CLAIMS[name]
    token = SIGNER.token({**claims, "jti": name})
    assert [web.get("/s/token/hello.html", bearer=token).status for _ in range(3)] == [status] * 3


def test_a_regex_of_doubt_ends_in_time(web):
    start = time.monotonic()
    answer = web.get("/s/regex/hello.html", bearer=SIGNER.token(big="a" * 5000))
    assert_refused(answer, "claim_denied")
    assert time.monotonic() - start < 2


@pytest.mark.slow
def test_another_key_in_the_same_file_forgets_the_tokens_of_the_old_one(own_httpd):
    folder = Directory("rollover")
    old, new = Key("HS256", secret=b"o" * 64), Key("HS256", secret=b"n" * 64)
    path = folder.write("secret", old.file())
    web = own_httpd(f"""
        <Location "/s/token/">
            AuthType ApiGuard
            ApiGuardJWTKey HS256 file:{path}
            Require valid-user
        </Location>
        """)
    token = old.token(sub="a")
    assert [web.get("/s/token/hello.html", bearer=token).status for _ in range(4)] == [200] * 4
    folder.write("secret", new.file())
    web.graceful()
    assert [web.get("/s/token/hello.html", bearer=token).status for _ in range(4)] == [401] * 4
    assert web.get("/s/token/hello.html", bearer=new.token(sub="a")).status == 200
    folder.close()
