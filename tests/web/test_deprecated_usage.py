# SPDX-License-Identifier: Apache-2.0
"""Who calls what is deprecated: counted by client, written to the database, over restarts and without the table."""

import time

import pytest

from support.jwtmaker import Key
from support.ports import Directory
from support.waiting import wait_until

SIGNER = Key("HS256")
DEPRECATED = "ApiGuardDeprecated since=2024-07-01\n"
GUARD = "AuthType ApiGuard\nAuthName x\nRequire valid-user\n"
SECTIONS = {
    "open": DEPRECATED + "ApiGuardCORS origin=https://app.example",
    "guarded": DEPRECATED + GUARD,
    "scope": DEPRECATED + GUARD.replace("valid-user", "api-scope admin"),
    "gone": DEPRECATED.replace("\n", " sunset=2024-12-31\n") + GUARD,
    "both": DEPRECATED + GUARD + "ApiGuardProvider key jwt\nApiGuardJWTKey HS256 file:{keyfile}\nApiGuardAnonymous on",
    "page": "ErrorDocument 404 /s/open/hello.html",
    "fresh": GUARD,
}
CONF = ("ServerName api.example.org\nUseCanonicalName On\n"
        + "".join(f'<Location "/s/{name}/">\n{lines}\n</Location>\n' for name, lines in SECTIONS.items())
        + '<Directory "{root}/htdocs/front">\nRewriteEngine On\nRewriteRule ^(.*)$ /s/open/hello.html [PT]\n'
          '</Directory>\n')


def make(make_server, database, **kw):
    folder = Directory("deprecated")
    keyfile = folder.write("hs256", SIGNER.file())
    return make_server(CONF, database=database, modules=("rewrite",), words={"keyfile": keyfile},
                       files={"front/x.html": "x\n"}, **kw)


def written(keys):
    return sorted((section.replace("api.example.org ", ""), kind, client, int(requests), int(refused))
                  for section, kind, client, requests, refused in keys.sql(
                      "SELECT section, kind, client, sum(requests), sum(refused) FROM api_deprecated_usage "
                      "GROUP BY section, kind, client"))


def becomes(keys, rows):
    wait_until(lambda: written(keys) == sorted(rows), seconds=30)
    assert written(keys) == sorted(rows)


def at(name):
    return f'<Location "/s/{name}/">'


def test_who_is_counted(own_httpd, any_keys):
    web = make(own_httpd, any_keys)
    key, other = any_keys.create(client="acme"), any_keys.create(client="other")
    revoked = any_keys.create(client="late")
    any_keys.ctl("key", "revoke", "-", stdin=revoked)
    assert web.get("/s/guarded/hello.html", key=revoked).status == 401
    for _ in range(2):
        assert web.get("/s/guarded/hello.html", key=key).status == 200
    assert web.get("/s/guarded/missing", key=other).status == 404
    assert web.get("/s/guarded/hello.html", key="no-key").status == 401
    assert web.get("/s/guarded/hello.html").status == 401
    assert web.get("/s/scope/hello.html", key=key).status == 403
    assert web.get("/s/gone/hello.html", key=key).status == 410
    assert web.get("/s/open/hello.html", key=key).status == 200
    for origin, status in ("https://app.example", 204), ("https://other.example", 403):  # preflights count nowhere
        asks = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        assert web.request("OPTIONS", "/s/open/hello.html", headers=asks).status == status
    assert web.get("/s/both/hello.html").status == 200
    assert web.get("/s/both/hello.html", bearer=SIGNER.token(azp="shop")).status == 200
    assert web.get("/s/both/hello.html", bearer=SIGNER.token()).status == 200
    assert web.get("/front/x.html").status == 200
    assert web.get("/s/page/missing").status == 404
    assert web.get("/s/fresh/hello.html", key=key).status == 200
    becomes(any_keys, [
        (at("guarded"), "key", "acme", 2, 0), (at("guarded"), "key", "other", 1, 0),
        (at("guarded"), "key", "late", 1, 1), (at("guarded"), "anonymous", "anonymous", 2, 2),
        (at("scope"), "key", "acme", 1, 1), (at("gone"), "key", "acme", 1, 1),
        (at("open"), "anonymous", "anonymous", 2, 0), (at("both"), "anonymous", "anonymous", 1, 0),
        (at("both"), "jwt", "shop", 1, 0), (at("both"), "jwt", "-", 1, 0)])
    told = any_keys.ctl("usage", "--deprecated", "--client", "late").stdout
    assert "late" in told and 'api.example.org <Location "/s/guarded/">' in told


def test_a_restart_and_a_stop_lose_nothing(own_httpd, sqlite_keys):
    web = make(own_httpd, sqlite_keys)
    key = sqlite_keys.create(client="acme")
    for _ in range(3):
        assert web.get("/s/guarded/hello.html", key=key).status == 200
    web.graceful()
    assert web.get("/s/guarded/hello.html", key=key).status == 200
    web.stop()
    assert written(sqlite_keys) == [(at("guarded"), "key", "acme", 4, 0)]


def test_what_is_open_alone_is_written_at_a_stop(own_httpd, sqlite_keys):
    """There is no usage of keys that would be a reason."""
    web = make(own_httpd, sqlite_keys)
    assert web.get("/s/open/hello.html").status == 200
    web.stop()
    assert written(sqlite_keys) == [(at("open"), "anonymous", "anonymous", 1, 0)]


@pytest.mark.slow
def test_tables_of_an_earlier_version(own_httpd, any_keys):
    """The server goes on, usage of keys is written, and it is said once; after init the counts that waited are there."""
    key = any_keys.create(client="acme")
    any_keys.sql("DROP TABLE api_deprecated_usage")
    any_keys.sql("DROP TABLE api_revoked_tokens")
    any_keys.sql("CREATE TABLE api_revoked_tokens (token varchar(255) PRIMARY KEY, expires_at bigint NOT NULL)")
    any_keys.sql("UPDATE api_schema SET version = 2")
    web = make(own_httpd, any_keys)
    assert web.get("/s/guarded/hello.html", key=key).status == 200
    assert web.wait_log("AG0880.*api_deprecated_usage", seconds=30)
    wait_until(lambda: [str(n) for row in any_keys.sql("SELECT requests FROM api_usage") for n in row] == ["1"], seconds=30)
    before = time.time()
    any_keys.ctl("init")
    assert web.get("/s/guarded/hello.html", key=key).status == 200
    becomes(any_keys, [(at("guarded"), "key", "acme", 2, 0)])
    assert web.wait_log("AG0881", seconds=30)
    assert web.error_log().count("AG0880") == 1 and time.time() - before < 30
