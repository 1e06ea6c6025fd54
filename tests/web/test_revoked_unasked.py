# SPDX-License-Identifier: Apache-2.0
"""Revoked tokens that a server might never have asked about: it saw no section that takes tokens, or its account may not
see the tables."""

import pytest

from support.jwtmaker import Key
from support.keys import Seen
from support.ports import Directory
from support.problem import assert_refused
from support.waiting import wait_until

KEY = Key("HS256")
SECTION = """
    AuthType ApiGuard
    AuthName x
    ApiGuardProvider {provider}
    ApiGuardJWTKey HS256 file:{key}
    Require valid-user
"""


@pytest.fixture(scope="module")
def key():
    folder = Directory("unasked")
    yield folder.write("key", KEY.file())
    folder.close()


def conf(key, start, end, provider="jwt"):
    return start + SECTION.format(provider=provider, key=key) + end


def test_tokens_that_a_htaccess_takes(own_httpd, sqlite_keys, key):
    """No section of the configuration took tokens, so nobody read the table: a revoked one passed."""
    web = own_httpd(conf(key, '<Directory "{root}/htdocs">\nAllowOverride AuthConfig\n', "</Directory>\n", "key"),
                    database=sqlite_keys, files={"api/.htaccess": "ApiGuardProvider jwt\n"})
    token = KEY.token(jti="1")
    assert web.get("/api/hello.html", bearer=token).status == 200
    sqlite_keys.sql("INSERT INTO api_revoked_tokens (kind, value) VALUES ('jti', '1')")
    wait_until(lambda: web.get("/api/hello.html", bearer=token).code == "token_revoked", 1.2)


def assert_closed(own_httpd, key, seen):
    web = own_httpd(conf(key, '<Location "/s/x/">', "</Location>\n"), database=seen, start=False)
    web.expect("AG0960", "AG0722", "AG0962", "status=503")
    web.start()
    assert_refused(web.get("/s/x/hello.html", bearer=KEY.token(jti="1")), "revocations_unavailable")
    assert "AG0960" in web.error_log()


def test_an_account_without_a_right_on_one_table(own_httpd, mysql_keys, key):
    """To MariaDB a table without rights is not there, so the database was taken for somebody else's."""
    name, password = mysql_keys.account("partly")
    for table in ("api_changes", "api_revoked_tokens"):
        mysql_keys.sql(f"GRANT SELECT ON {table} TO {name}@localhost; GRANT SELECT ON {table} TO {name}@127.0.0.1")
    assert_closed(own_httpd, key, Seen(mysql_keys, mysql_keys.params_of(name, password)))


def test_an_account_that_may_not_use_the_schema(own_httpd, pgsql_keys, key):
    """PostgreSQL passes over it."""
    pgsql_keys.sql("DO $$ BEGIN CREATE ROLE blind LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;"
                   "CREATE SCHEMA api; ALTER TABLE api_schema SET SCHEMA api;"
                   "GRANT SELECT ON api.api_schema TO blind; ALTER ROLE blind SET search_path = api, public")
    assert_closed(own_httpd, key, Seen(pgsql_keys, pgsql_keys.params_of("blind")))
    pgsql_keys.sql("ALTER TABLE api.api_schema SET SCHEMA public")
