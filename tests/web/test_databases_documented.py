# SPDX-License-Identifier: Apache-2.0
"""The pages about databases, taken at their word: the worked example of a table of one's own, what
may stand in its columns, and the rights that the server's account is said to need."""

import os
import re
import time

import pytest

from support.databases import ALL, new_database
from support.keys import Mariadb, Postgres, Sqlite, sha256
from support.problem import assert_refused
from support.verdict import secrets

HOWTO = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "howto")
MILLER, SMITH = "miller-4711-sesame", "smith-4712-poppy"


def block(page, language, number=0):
    with open(os.path.join(HOWTO, page), encoding="utf-8") as f:
        return re.findall(rf"```{language}\n(.*?)```", f.read(), flags=re.S)[number]


# ---- existing-table.md -----------------------------------------------------------------------------

def with_customers(database):
    """A database with the customers' table and none of ours."""
    database.script(block("existing-table.md", "sql"))
    if isinstance(database, Sqlite):
        database.hand_over()
    return database


@pytest.fixture
def shop(any_bare):
    return with_customers(any_bare)


def order(web, key):
    return web.get("/orders/hello.html", key=key)


def start(own_httpd, shop, conf=None):
    secrets.add(MILLER, SMITH)
    web = own_httpd(conf or block("existing-table.md", "apache"), database=shop, start=False)
    web.put("orders/hello.html", "orders\n")
    web.start()
    return web


def test_the_worked_example(own_httpd, shop):
    web = start(own_httpd, shop)
    answer = order(web, MILLER)
    assert answer.status == 200
    assert "1000" in str(answer.headers)
    assert_refused(order(web, SMITH), "key_revoked")
    assert_refused(order(web, "someone-0123456789"), "key_invalid")
    assert_refused(order(web, sha256(MILLER)), "key_invalid")


@pytest.mark.slow
def test_a_change_in_it_is_noticed_after_the_ttl(request, own_httpd, lent):
    """In a shop on each kind of database, all at once."""
    lent += [with_customers(new_database(request, kind, init=False)) for kind in ALL]
    conf = block("existing-table.md", "apache").replace("ttl=30", "ttl=1")
    shops = [(start(own_httpd, shop, conf), shop) for shop in lent]
    assert [order(web, MILLER).status for web, _ in shops] == [200] * 3
    for change, code in (("UPDATE customers SET blocked = 1", "key_revoked"),
                         ("UPDATE customers SET blocked = 0, paid_until = 1000", "key_expired"),
                         ("DELETE FROM customers", "key_invalid")):
        for _, shop in shops:
            shop.sql(change + " WHERE number = 4711")
        time.sleep(2.1)
        for web, _ in shops:
            assert_refused(order(web, MILLER), code)


# What the page's table says, in each database's own words.
WORDS = {
    Sqlite: ("paid_until TEXT", "'2001-01-01'", "'2090-01-01'", "unixepoch(paid_until)",
             "per_hour || '/h'"),
    Postgres: ("paid_until timestamptz", "'2001-01-01'", "'2090-01-01'",
               "extract(epoch FROM paid_until)::bigint", "per_hour || '/h'"),
    Mariadb: ("paid_until TIMESTAMP NULL", "'2001-01-01'", "'2037-01-01'",
              "unix_timestamp(paid_until)", "concat(per_hour, '/h')"),
}


def test_times_and_truth_of_each_database(own_httpd, shop):
    column, past, future, epoch, rate = WORDS[type(shop)]
    page = open(os.path.join(HOWTO, "existing-table.md"), encoding="utf-8").read().replace("\\|", "|")
    assert f"`{epoch}`" in page and f"`{rate}`" in page
    live = "INTEGER" if isinstance(shop, Sqlite) else "BOOLEAN"
    yes, no = ("1", "0") if isinstance(shop, Sqlite) else ("TRUE", "FALSE")
    shop.sql(f"CREATE TABLE mine (hash CHAR(64), {column}, per_hour INTEGER, live {live})")
    rows = {"in-time-0123456789": (future, 7, yes), "too-late-0123456789": (past, 7, yes),
            "for-ever-0123456789": ("NULL", "NULL", yes), "not-live-0123456789": (future, 7, no)}
    for key, (until, per_hour, is_live) in rows.items():
        secrets.add(key)
        shop.sql(f"INSERT INTO mine VALUES ('{sha256(key)}', {until}, {per_hour}, {is_live})")
    web = start(own_httpd, shop, f"""
        ApiGuardKeyQuery "SELECT hash AS key_hash, 'old' AS client_name, live AS is_active, \\
            {epoch} AS expires_at, {rate} AS rate_limit FROM mine WHERE hash = %s"
        <Location "/orders/">
            AuthType ApiGuard
            AuthName "x"
            Require valid-user
        </Location>""")
    assert order(web, "in-time-0123456789").status == 200
    assert order(web, "for-ever-0123456789").status == 200
    assert_refused(order(web, "too-late-0123456789"), "key_expired")
    assert_refused(order(web, "not-live-0123456789"), "key_revoked")
    for _ in range(6):
        assert order(web, "in-time-0123456789").status == 200
    assert_refused(order(web, "in-time-0123456789"), "rate_exceeded")


def test_a_query_that_cannot_run_stops_the_start(own_httpd, shop):
    conf = block("existing-table.md", "apache").replace("FROM customers", "FROM nowhere")
    web = own_httpd(conf, database=shop, start=False)
    started, said = web.try_start()
    assert not started and "AG0122" in said


# ---- databases.md ----------------------------------------------------------------------------------

class Account(Mariadb):
    """The database as the server's own account sees it."""

    def __init__(self, keys, params):
        self.keys, self.own_params = keys, params
        self.driver = keys.driver

    def params(self):
        return self.own_params

    def __getattr__(self, name):
        return getattr(self.keys, name)

    def revive(self):
        pass


def account(keys):
    """The account of the page, with the rights of the page and no others."""
    if isinstance(keys, Mariadb):
        keys.server.sql("CREATE OR REPLACE USER httpd@localhost IDENTIFIED BY 'httpd-password'; "
                        "CREATE OR REPLACE USER httpd@127.0.0.1 IDENTIFIED BY 'httpd-password'")
        grants = block("databases.md", "sql", 1)
        keys.sql(grants + grants.replace("localhost", "127.0.0.1"))
        return Account(keys, keys.params().replace(keys.server.role, "httpd", 1).replace(
            keys.server.password, "httpd-password"))
    keys.sql("DO $$ BEGIN CREATE ROLE httpd LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    keys.sql(block("databases.md", "sql", 0))
    return Account(keys, keys.params().replace(f"user={keys.server.role}", "user=httpd"))


@pytest.mark.slow
def test_the_rights_of_the_page_are_enough(own_httpd, server_keys):
    seen_by_server = account(server_keys)
    web = own_httpd("""
        <Location "/orders/">
            AuthType ApiGuard
            AuthName "x"
            Require valid-user
        </Location>
        <Location "/lists/">
            AuthType ApiGuard
            AuthName "x"
            Require api-ip list:office
        </Location>""", database=seen_by_server, start=False)
    web.put("orders/hello.html", "orders\n")
    web.put("lists/hello.html", "lists\n")
    server_keys.sql("INSERT INTO api_ip_lists (list, cidr) VALUES ('office', '127.0.0.0/8')")
    web.start()
    key = server_keys.create()
    assert order(web, key).status == 200
    assert web.get("/lists/hello.html", key=key).status == 200
    server_keys.sql("DELETE FROM api_ip_lists")
    end = time.monotonic() + 3
    while web.get("/lists/hello.html", key=key).status != 403 and time.monotonic() < end:
        time.sleep(0.1)
    assert web.get("/lists/hello.html", key=key).status == 403
    server_keys.ctl("key", "revoke", "-", stdin=key)
    assert_refused(order(web, key), "key_revoked")
    assert len(server_keys.sql("SELECT host FROM api_nodes")) == 1
    web.stop()


def test_the_rights_of_the_page_are_not_too_many(server_keys):
    name = account(server_keys)
    for args in (("key", "create", "--client", "a"), ("init",)):
        done = name.keys.ctl(*args, "--db", name.address(), check=False)
        assert done.returncode == 3 and done.stdout == "", done
