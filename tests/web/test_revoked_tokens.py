# SPDX-License-Identifier: Apache-2.0
"""Tokens that are revoked in the database's table api_revoked_tokens: by their id, by their digest, by whose they are.
Whoever wrote the row, it holds within a second, also for tokens that were accepted before."""

import hashlib
import time

import pytest

from support.jwtmaker import Key
from support.problem import assert_refused
from support.ports import Directory
from support.waiting import wait_until

KEY = Key("HS256")
ISSUER, OTHER = "https://id.example", "https://other.example"
SECOND = 1.2  # and what a busy machine takes to ask
FOREVER = 4000000000

CONF = """
<Location "/s/x/">
    AuthType ApiGuard
    ApiGuardProvider jwt
    ApiGuardJWTKey HS256 file:{folder}/key
    Require valid-user
</Location>
<Location "/s/y/">
    AuthType ApiGuard
    ApiGuardProvider jwt
    ApiGuardJWTKey HS256 file:{folder}/key
    ApiGuardClaimMap user=mail client=app
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def folder():
    made = Directory("revoked")
    made.write("key", KEY.file())
    yield made
    made.close()


@pytest.fixture
def serve(own_httpd, folder):
    return lambda keys, **how: own_httpd(CONF, database=keys, words={"folder": folder.path}, **how)


def go(web, token, section="x"):
    return web.get(f"/s/{section}/hello.html", bearer=token)


def assert_good(web, *tokens):
    assert [go(web, token).status for token in tokens] == [200] * len(tokens)


def wait_revoked(web, token, section="x"):
    wait_until(lambda: go(web, token, section).code == "token_revoked", SECOND)
    assert_refused(go(web, token, section), "token_revoked")


def wait_good(web, token):
    wait_until(lambda: go(web, token).status == 200, SECOND)


def digest(token):
    return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()


def revoke(keys, kind, value, issuer="", before=None, expires=None):
    cell = {None: "NULL"}
    keys.sql("INSERT INTO api_revoked_tokens (kind, issuer, value, issued_before, expires_at) VALUES "
             f"('{kind}', '{issuer}', '{value}', {cell.get(before, before)}, {cell.get(expires, expires)})")


def forget(keys):
    keys.sql("DELETE FROM api_revoked_tokens")


def test_a_row_is_enough(serve, any_keys):
    """Of each kind, and gone again with the row."""
    web = serve(any_keys)
    token, another = KEY.token(jti="one", sub="joe", azp="shop"), KEY.token(jti="two", sub="ann", azp="desk")
    for kind, value in (("jti", "one"), ("subject", "joe"), ("client", "shop"), ("digest", digest(token))):
        assert_good(web, token, another, token)
        revoke(any_keys, kind, value)
        wait_revoked(web, token)
        assert_good(web, another)
        forget(any_keys)
        wait_good(web, token)


def test_an_issuer_s_own(serve, sqlite_keys):
    web = serve(sqlite_keys)
    ours, theirs = KEY.token(iss=ISSUER, jti="1", sub="joe"), KEY.token(iss=OTHER, jti="1", sub="joe")
    nobody_s = KEY.token(jti="1", sub="joe")
    revoke(sqlite_keys, "jti", "1", ISSUER)
    wait_revoked(web, ours)
    assert_good(web, theirs, nobody_s)
    revoke(sqlite_keys, "subject", "joe", OTHER)
    wait_revoked(web, theirs)
    assert_good(web, nobody_s)
    revoke(sqlite_keys, "jti", "1")
    wait_revoked(web, nobody_s)


def test_issued_before(serve, sqlite_keys):
    """Whoever signs in again gets on; a token that does not say when it was issued, does not."""
    web = serve(sqlite_keys)
    now = int(time.time())
    old, new, undated = (KEY.token(sub="joe", jti=str(n), iat=iat) for n, iat in enumerate((now - 60, now, None)))
    assert_good(web, old, new, undated)
    revoke(sqlite_keys, "subject", "joe", before=now)
    wait_revoked(web, old)
    assert_refused(go(web, undated), "token_revoked")
    assert_good(web, new)


def test_a_row_ends(serve, sqlite_keys):
    web = serve(sqlite_keys)
    token, marker = KEY.token(jti="1"), KEY.token(jti="2")
    revoke(sqlite_keys, "jti", "1", expires=int(time.time()) + 3)
    wait_revoked(web, token)
    wait_until(lambda: go(web, token).status == 200, 4)
    revoke(sqlite_keys, "jti", "2")
    wait_revoked(web, marker)
    assert_good(web, token)


def test_names_of_a_claim_map(serve, sqlite_keys):
    """What the section calls its user and client, and what the token does."""
    web = serve(sqlite_keys)
    token = KEY.token(sub="17", mail="joe@example.com", azp="3", app="shop")
    for kind, value in (("subject", "17"), ("subject", "joe@example.com"), ("client", "3"), ("client", "shop")):
        revoke(sqlite_keys, kind, value)
        wait_revoked(web, token, "y")
        forget(sqlite_keys)
        wait_until(lambda: go(web, token, "y").status == 200, SECOND)


@pytest.mark.parametrize("mpm", ["event", "prefork"])
def test_all_processes_know(serve, sqlite_keys, mpm):
    web = serve(sqlite_keys, mpm=mpm, processes=4)
    token = KEY.token(jti="1")
    fields = [("Authorization", f"Bearer {token}")]
    assert set(web.client.burst(24, "/s/x/hello.html", fields)) == {200}
    revoke(sqlite_keys, "jti", "1")
    time.sleep(1)
    assert set(web.client.burst(24, "/s/x/hello.html", fields)) == {401}


def test_no_point_for_a_ban(serve, sqlite_keys, own_httpd, folder):
    web = own_httpd(CONF.replace("Require", "ApiGuardBan 2/min for=1h\n    Require", 1), database=sqlite_keys,
                    words={"folder": folder.path})
    token = KEY.token(jti="1")
    revoke(sqlite_keys, "jti", "1")
    wait_revoked(web, token)
    for _ in range(5):
        assert_refused(go(web, token), "token_revoked")


def test_two_nodes(serve, any_keys):
    nodes = [serve(any_keys), serve(any_keys)]
    tokens = [KEY.token(jti=str(n)) for n in range(4)]
    for web in nodes:
        assert_good(web, *tokens)
    for n, token in enumerate(tokens[:3]):
        revoke(any_keys, "jti", str(n))
        for web in nodes:
            wait_revoked(web, token)
    for web in nodes:
        assert_good(web, tokens[3])


# ---- what cannot be read -----------------------------------------------------------------------------

def test_tables_of_version_3(serve, any_keys):
    """Nobody is revoked, and that is said; with the upgrade under the running server, they are."""
    any_keys.sql("DROP TABLE api_revoked_tokens")
    any_keys.sql("CREATE TABLE api_revoked_tokens (token VARCHAR(700) PRIMARY KEY, expires_at BIGINT NOT NULL)")
    any_keys.sql("INSERT INTO api_revoked_tokens VALUES ('1', 4000000000)")
    any_keys.sql("UPDATE api_schema SET version = 3")
    web = serve(any_keys, start=False)
    web.expect("AG0722", "AG0962")
    web.start()
    token = KEY.token(jti="1")
    assert_good(web, token)
    assert web.error_log().count("AG0962") == 1
    any_keys.ctl("init")
    wait_revoked(web, token)


def test_a_table_that_cannot_be_read(serve, any_keys):
    """Closed until it was read, then what was read goes on."""
    any_keys.sql("ALTER TABLE api_revoked_tokens RENAME TO elsewhere")
    web = serve(any_keys, start=False)
    web.expect("AG0960", "AG0961", "status=503")
    web.start()
    good, bad = KEY.token(jti="1"), KEY.token(jti="2")
    assert_refused(go(web, good), "revocations_unavailable")
    assert "until they can, tokens get 503" in web.error_log()
    any_keys.sql("ALTER TABLE elsewhere RENAME TO api_revoked_tokens")
    wait_until(lambda: go(web, good).status == 200, 3)
    web.wait_log("AG0961")
    revoke(any_keys, "jti", "2")
    wait_revoked(web, bad)
    any_keys.sql("ALTER TABLE api_revoked_tokens RENAME TO elsewhere")
    any_keys.sql("UPDATE api_schema SET revision = revision + 1")
    web.wait_log("what was read last goes on")
    assert_good(web, good)
    assert_refused(go(web, bad), "token_revoked")
    any_keys.sql("ALTER TABLE elsewhere RENAME TO api_revoked_tokens")


def test_a_row_of_an_unknown_kind(serve, sqlite_keys):
    """Of a later version, perhaps: it may mean any token."""
    web = serve(sqlite_keys)
    web.expect("AG0960", "AG0961")
    good, bad = KEY.token(jti="1"), KEY.token(jti="2")
    revoke(sqlite_keys, "jti", "2")
    wait_revoked(web, bad)
    sqlite_keys.script("PRAGMA ignore_check_constraints = 1; INSERT INTO api_revoked_tokens (kind, value) "
                       "VALUES ('family', 'x'), ('jti', '3')")
    web.wait_log("AG0960.*of a kind that this version does not know; what was read last goes on")
    assert_good(web, good)
    assert_refused(go(web, bad), "token_revoked")
    sqlite_keys.sql("DELETE FROM api_revoked_tokens WHERE kind = 'family'")
    web.wait_log("AG0961")
    assert_refused(go(web, KEY.token(jti="3")), "token_revoked")


@pytest.mark.slow
def test_a_database_that_is_away(serve, server_keys):
    """What was read goes on, over a graceful restart, too, and is read again afterwards."""
    web = serve(server_keys)
    web.expect("AG0960", "AG0961", "AG0120", "AG0124", "AH00636", "AH00629", "AH00632", "AG0411", "dbd")
    good, bad, later = (KEY.token(jti=str(n)) for n in range(3))
    revoke(server_keys, "jti", "1")
    wait_revoked(web, bad)
    assert_good(web, good, later)
    server_keys.away()
    web.wait_log("AG0960")
    for _ in range(2):
        assert_good(web, good)
        assert_refused(go(web, bad), "token_revoked")
        web.graceful()
    server_keys.back()
    wait_until(lambda: "AG0961" in web.error_log(), 10)
    revoke(server_keys, "jti", "2")
    wait_revoked(web, later)


def test_no_database(own_httpd, folder):
    web = own_httpd(CONF, database=None, words={"folder": folder.path})
    assert_good(web, KEY.token(jti="1"))


def test_a_database_of_somebody_else(serve, any_bare):
    """Without tables of ours, for mod_authn_dbd perhaps: where no key is asked for, nothing of it is missed."""
    any_bare.sql("CREATE TABLE users (name VARCHAR(20))")
    web = serve(any_bare, start=False)
    web.expect("AG0962")
    web.start()
    assert_good(web, KEY.token(jti="1"))


# ---- by the tool ---------------------------------------------------------------------------------------

def test_no_request_after_the_tool_returned_is_accepted(serve, any_keys):
    web = serve(any_keys, processes=3)
    for n in range(8):
        token = KEY.token(iss=ISSUER, jti=str(n))
        assert_good(web, token)
        any_keys.ctl("token", "revoke", "-", stdin=token)
        assert_refused(go(web, token), "token_revoked")
        any_keys.ctl("token", "unrevoke", "-", stdin=token)
        assert_good(web, token)
    assert set(web.client.burst(24, "/s/x/hello.html", [("Authorization", f"Bearer {token}")])) == {200}
    any_keys.ctl("token", "revoke", "--subject", "alice")
    assert set(web.client.burst(24, "/s/x/hello.html", [("Authorization", f"Bearer {token}")])) == {401}


def test_whoever_signs_in_again_gets_on(serve, sqlite_keys):
    web = serve(sqlite_keys)
    this_second = int(time.time())
    sqlite_keys.ctl("token", "revoke", "--subject", "joe", "--keep", "1d", "--note", "lost his laptop")
    assert_refused(go(web, KEY.token(sub="joe", iat=this_second)), "token_revoked")
    assert_good(web, KEY.token(sub="joe", iat=int(time.time()) + 2))  # within the leeway


def test_what_cannot_be_read_after_the_tool_returned(serve, sqlite_keys):
    """It promised that it holds: without a look at it nobody gets in."""
    web = serve(sqlite_keys)
    web.expect("AG0960", "AG0961", "status=503")
    token, another = KEY.token(jti="1"), KEY.token(jti="2")
    assert_good(web, token, another)
    sqlite_keys.script("PRAGMA ignore_check_constraints = 1;"
                       "INSERT INTO api_revoked_tokens (kind, value) VALUES ('family', 'x')")
    web.wait_log("AG0960")
    assert_good(web, token)
    sqlite_keys.ctl("token", "revoke", "--jti", "1")
    assert_refused(go(web, token), "revocations_unavailable")
    assert_refused(go(web, another), "revocations_unavailable")
    sqlite_keys.sql("DELETE FROM api_revoked_tokens WHERE kind = 'family'")
    wait_revoked(web, token)
    assert_good(web, another)


# ---- many ---------------------------------------------------------------------------------------------

MANY = 100000


def fill(keys):
    """MANY rows by one statement."""
    columns = "INSERT INTO api_revoked_tokens (kind, issuer, value, expires_at) "
    each = f"SELECT 'jti', '{ISSUER}', %s, {FOREVER} FROM %s"
    driver = keys.dbd()[0]
    if driver == "sqlite3":
        keys.script(f"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < {MANY}) "
                    + columns + each % ("'id' || n", "t") + ";")
    elif driver == "pgsql":
        keys.sql(columns + each % ("'id' || n", f"generate_series(1, {MANY}) AS n"))
    else:
        keys.sql(columns + each % ("concat('id', seq)", f"seq_1_to_{MANY}"))


@pytest.mark.alone
@pytest.mark.slow
def test_a_hundred_thousand(serve, any_keys, capsys):
    """Read at the start, and one more row is in force within a second all the same."""
    fill(any_keys)
    began = time.monotonic()
    web = serve(any_keys)
    started = time.monotonic() - began
    for n in (1, MANY // 2, MANY):
        assert_refused(go(web, KEY.token(iss=ISSUER, jti=f"id{n}")), "token_revoked")
    token = KEY.token(iss=ISSUER, jti=f"id{MANY + 1}")
    assert_good(web, token)
    revoke(any_keys, "jti", f"id{MANY + 1}", ISSUER)
    began = time.monotonic()
    wait_revoked(web, token)
    one = time.monotonic() - began
    began = time.monotonic()
    any_keys.sql("DELETE FROM api_revoked_tokens WHERE value <> 'id7'")
    gone = time.monotonic() - began
    began = time.monotonic()
    wait_until(lambda: go(web, token).status == 200, 5)
    with capsys.disabled():
        print(f"\n{any_keys.dbd()[0]}: started in {started:.2f} s; one more after {one:.2f} s; "
              f"all but one deleted in {gone:.2f} s, known {time.monotonic() - began:.2f} s later")
    assert_refused(go(web, KEY.token(iss=ISSUER, jti="id7")), "token_revoked")
