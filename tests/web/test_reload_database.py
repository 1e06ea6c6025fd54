# SPDX-License-Identifier: Apache-2.0
"""What others do to a database never ends a running server. Tables of a newer version (an upgraded tool
on a shared database) or a right that was taken away ended httpd with all its sites at the next reload,
logrotate's for one, after configtest had said OK."""

import re
import time

import pytest

from support.keys import SCHEMA_VERSION, Mariadb, Sqlite
from support.problem import assert_refused

KEYS = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
"""
HOSTS = "".join(f'<VirtualHost *:{{port}}>\nServerName host{n}.test\nDocumentRoot {{root}}/htdocs\n'
                f'</VirtualHost>\n' for n in range(5))
OURS = f"UPDATE api_schema SET version = {SCHEMA_VERSION}"
NEWER = f"UPDATE api_schema SET version = {SCHEMA_VERSION + 1}"
OLDER = f"UPDATE api_schema SET version = {SCHEMA_VERSION - 1}"
GONE = "ALTER TABLE api_keys RENAME TO api_keys_away"
BACK = "ALTER TABLE api_keys_away RENAME TO api_keys"
TABLES = ("api_schema", "api_keys", "api_plans", "api_changes", "api_ip_lists", "api_nodes")
DOWN = (r"AG0411", r"AG0121", r"AG0442", r"AH0063[0-9]", r"dbd")


def go(web, key):
    return web.get("/s/x/hello.html", key=key, headers={"Host": "host1.test"})


def until(web, key, status, seconds=10):
    end = time.monotonic() + seconds
    while go(web, key).status != status:
        assert time.monotonic() < end, f"not {status} within {seconds} s"
        time.sleep(0.05)


def lines(web, number):
    return [line for line in web.error_log().splitlines() if number in line]


@pytest.mark.slow
def test_newer_tables_that_fit_are_a_warning(own_httpd, any_keys):
    """A rolling upgrade: whoever shares the database may be ahead. At start, at both reloads."""
    any_keys.sql(NEWER)
    web = own_httpd(KEYS + HOSTS, database=any_keys, start=False)
    good, said = web.configtest()
    assert good and "AG0722" in said and f"version is {SCHEMA_VERSION + 1}, not {SCHEMA_VERSION}" in said
    web.start()
    any_keys.sql(OURS)
    keys = [any_keys.create(client=f"c{n}") for n in range(3)]
    any_keys.sql(NEWER)
    for n, again in enumerate((lambda: None, web.graceful, web.restart)):
        again()
        assert go(web, keys[n]).status == 200
        said = lines(web, "AG0722")
        assert len(said) == n + 1 and "newer tables" in said[-1], said
    any_keys.revoke(keys[0])
    until(web, keys[0], 401)


def test_older_tables_that_fit_are_a_warning(own_httpd, any_keys):
    any_keys.sql(OLDER)
    web = own_httpd(KEYS, database=any_keys)
    assert "older tables" in lines(web, "AG0722")[0]
    any_keys.sql(OURS)
    assert go(web, any_keys.create()).status == 200


@pytest.mark.parametrize("signal", ["graceful", "restart"])
def test_tables_that_do_not_fit_at_a_reload(own_httpd, any_keys, signal):
    """The section answers 503, the rest of the server goes on, the log tells it once for all hosts; and
    when the tables are right it works again by itself."""
    web = own_httpd(KEYS + HOSTS, database=any_keys)
    key = any_keys.create()
    any_keys.sql(NEWER)
    any_keys.sql(GONE)
    web.expect(*DOWN)
    getattr(web, signal)()
    assert_refused(go(web, "other-key-0123456789"), "keystore_unavailable")
    assert web.get("/index.html").status == 200
    said = lines(web, "AG0121")
    assert len(said) == 1 and "api_keys" in said[0] and "the server goes on" in said[0], said
    assert f"version is {SCHEMA_VERSION + 1}" in said[0]
    names = {"Sqlite": f"sqlite3 {getattr(any_keys, 'path', '')}, opened by"}
    assert names.get(type(any_keys).__name__, "user=tester") in said[0]
    assert "tester-password" not in web.error_log()
    good, output = web.configtest()
    assert not good and "AG0121" in output and "api_keys" in output  # what a start would say
    any_keys.sql(BACK)
    until(web, key, 200)
    web.expect(*DOWN)


def narrow_account(keys):
    """The server's own account, with a right that can be taken away."""
    if isinstance(keys, Mariadb):
        keys.server.sql("CREATE OR REPLACE USER narrow@'%' IDENTIFIED BY 'narrow-password'; "
                        "CREATE OR REPLACE USER narrow@localhost IDENTIFIED BY 'narrow-password'; "
                        + "".join(f"GRANT SELECT ON {keys.name}.{table} TO narrow@'%', "
                                  "narrow@localhost; " for table in TABLES))
        return (keys.params().replace(keys.server.role, "narrow", 1)
                .replace(keys.server.password, "narrow-password"))
    keys.sql("DO $$ BEGIN CREATE ROLE narrow LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    keys.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO narrow")
    return keys.params().replace(f"user={keys.server.role}", "user=narrow")


def change_right(keys, word):
    if isinstance(keys, Mariadb):
        way = "TO" if word == "GRANT" else "FROM"
        keys.server.sql(f"{word} SELECT ON {keys.name}.api_keys {way} narrow@'%', narrow@localhost")
    else:
        keys.sql(f"{word} SELECT ON api_keys {'TO' if word == 'GRANT' else 'FROM'} narrow")


def test_a_right_that_is_missing_at_a_reload(own_httpd, server_keys):
    params = narrow_account(server_keys)
    web = own_httpd("", database=server_keys, start=False)
    web.configure(KEYS + HOSTS, dbd=web.dbd_lines().replace(server_keys.params(), params))
    web.expect(r"AG0444|AG0162|AG04[67]")
    web.start()
    key = server_keys.create()
    assert go(web, key).status == 200
    change_right(server_keys, "REVOKE")
    web.expect(*DOWN, r"AG0122", r"AG0162")
    web.graceful()
    assert_refused(go(web, "other-key-0123456789"), "keystore_unavailable")
    said = lines(web, "AG0121") + lines(web, "AG0122")
    assert len(said) == 1 and re.search(r"(?i)denied", said[0]) and "user=narrow" in said[0], said
    assert "narrow-password" not in web.error_log()
    change_right(server_keys, "GRANT")
    until(web, key, 200)
    web.expect(*DOWN)


def test_the_rest_of_the_check_at_a_reload(own_httpd, sqlite_keys):
    """A query of the configuration's own that no longer runs, since somebody changed their table."""
    sqlite_keys.sql("CREATE TABLE mine (hash TEXT, name TEXT)")
    web = own_httpd('ApiGuardKeyQuery "SELECT hash AS key_hash, name AS client_name FROM mine '
                    'WHERE hash = %s"\n' + KEYS, database=sqlite_keys)
    sqlite_keys.sql("ALTER TABLE mine RENAME TO theirs")
    web.expect(*DOWN, r"AG0122")
    web.graceful()
    assert_refused(go(web, "some-key-0123456789"), "keystore_unavailable")
    assert "ApiGuardKeyQuery" in lines(web, "AG0122")[0]
    sqlite_keys.sql("ALTER TABLE theirs RENAME TO mine")
    until(web, "some-key-0123456789", 401)
    web.expect(*DOWN)


def test_a_configuration_test_asks_the_database(own_httpd, any_bare):
    """It said OK where the start then failed."""
    web = own_httpd(KEYS, database=any_bare, start=False)
    good, said = web.configtest()
    assert not good and "AG0122" in said and "apiguardctl init" in said
    started, said = web.try_start()
    assert not started and "AG0122" in said


def test_a_configuration_test_with_a_database_away(own_httpd, any_keys):
    any_keys.away()
    web = own_httpd(KEYS, database=any_keys, start=False)
    try:
        good, said = web.configtest()
        assert good and "AG0120" in said
        if isinstance(any_keys, Sqlite):
            assert re.search(r"AG0120.*opened by .*(No such file|denied|directory)", said), said
    finally:
        any_keys.back()
    assert web.configtest()[0]
