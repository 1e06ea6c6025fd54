# SPDX-License-Identifier: Apache-2.0
"""Slow look-ups: one at a time for a key, a few at a time for all, and none that brings a revoked key
back. The database is made slow by a view in the table's place."""

import threading
import time

import pytest

from support.databases import Lock
from support.problem import assert_refused
from support.waiting import wait_until

SECTION = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
"""


def go(web, key):
    return web.get("/s/x/hello.html", key=key)


class Slow:
    """The table api_keys of a PostgreSQL database behind a view that counts look-ups and sleeps; who
    writes down the usage is no look-up."""

    def __init__(self, keys):
        self.keys = keys
        keys.sql("CREATE SEQUENCE asked")
        keys.sql("CREATE TABLE pace (seconds float)")
        keys.sql("INSERT INTO pace VALUES (0)")
        keys.sql("ALTER TABLE api_keys RENAME TO keys_behind")
        keys.sql("CREATE VIEW api_keys AS SELECT * FROM keys_behind WHERE (SELECT count(*) FROM "
                 "(SELECT CASE WHEN current_query() LIKE '%api_usage%' THEN 0 ELSE nextval('asked') END, "
                 "pg_sleep(seconds) FROM pace OFFSET 0) AS wait) > 0")
        keys.sql("SELECT nextval('asked')")

    def pace(self, seconds):
        self.keys.sql(f"UPDATE pace SET seconds = {seconds}")

    def asked(self):
        return int(self.keys.sql("SELECT last_value FROM asked")[0][0])

    def revoke(self, key):
        from support.keys import sha256
        self.keys.sql(f"UPDATE keys_behind SET is_active = 0 WHERE key_hash = '{sha256(key)}'")


def timed(function, *args):
    start = time.monotonic()
    return function(*args), time.monotonic() - start


def in_background(function, *args):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(function(*args)))
    thread.start()
    return thread, answers


@pytest.mark.slow
def test_a_slow_look_up_does_not_revive_a_revoked_key(own_httpd, pgsql_keys):
    key = pgsql_keys.create()
    other = pgsql_keys.create()
    slow = Slow(pgsql_keys)
    web = own_httpd(SECTION, database=pgsql_keys)
    assert go(web, other).status == 200  # the log is polled from now on
    slow.pace(2)
    before = slow.asked()
    thread, answers = in_background(go, web, key)
    wait_until(lambda: slow.asked() > before)
    slow.revoke(key)  # the look-up has read the row before and is still under way
    assert not answers, "the machine was too slow for this test"
    thread.join()
    slow.pace(0)
    assert answers[0].status == 200, "this request came before the revocation"
    for _ in range(5):
        assert_refused(go(web, key), "key_revoked")


def asked_for(web, slow, key):
    """How often 24 at once asked the database for a key, and what they were answered. Who takes over a
    second is not waited for; on a busy machine that is nobody's fault, and the next key is tried."""
    for n in range(10):
        before = slow.asked()
        statuses, took = timed(web.client.burst, 24, "/s/x/hello.html", [("X-API-Key", key(n))])
        if took < 1:
            return slow.asked() - before, set(statuses)
    pytest.fail("this machine is too busy for the test to say anything")


@pytest.mark.slow
def test_a_key_is_looked_up_once_however_many_want_it(own_httpd, pgsql_keys):
    keys = [pgsql_keys.create(client=f"wanted{n}") for n in range(10)]
    slow = Slow(pgsql_keys)
    web = own_httpd(SECTION, database=pgsql_keys, processes=4, threads=8)
    slow.pace(0.4)
    assert asked_for(web, slow, lambda n: keys[n]) == (1, {200})
    # A foreign shape: by its hash, then by how it begins.
    slow.pace(0.2)
    assert asked_for(web, slow, lambda n: f"nobody{n}-0123456789") == (2, {401})


@pytest.mark.slow
def test_a_hung_database_ties_up_a_few_workers_only(own_httpd, pgsql_keys):
    """2 x 8 workers, so 4 may ask at once. All others are answered within two seconds, and those
    whose key is cached at once."""
    web = own_httpd(SECTION, database=pgsql_keys, processes=2, threads=8)
    cached = pgsql_keys.create()
    fresh = [pgsql_keys.create(client=f"fresh{n}") for n in range(12)]
    assert go(web, cached).status == 200
    lock = Lock(pgsql_keys)  # look-ups hang, the change log does not
    try:
        waiting = [in_background(timed, go, web, key) for key in fresh]
        time.sleep(0.3)
        answer, took = timed(go, web, cached)
        assert answer.status == 200
        assert took < 0.7, "there is a worker for those whose key is cached"
        wait_until(lambda: sum(1 for _, answers in waiting if answers) >= 8)
        time.sleep(0.5)
        done = [answers[0] for _, answers in waiting if answers]
        assert len(done) == 8
        for answer, took in done:
            assert assert_refused(answer, "keystore_unavailable")["retry_after"] >= 1
            assert took < 2.7
        answer, took = timed(go, web, fresh[0] + "x")
        assert_refused(answer, "keystore_unavailable")
        assert took < 0.7, "it is known by now that there is no use in waiting"
    finally:
        lock.release()
    for thread, _ in waiting:
        thread.join()
    assert sorted(answers[0][0].status for _, answers in waiting) == [200] * 4 + [503] * 8
    assert [go(web, key).status for key in fresh] == [200] * 12


@pytest.mark.slow
def test_random_keys_do_not_push_out_good_ones(own_httpd, pgsql_keys):
    """A flood of keys that do not exist fills the memory of unknown keys, and only that."""
    web = own_httpd("ApiGuardSharedMemory 1M\n" + SECTION, database=pgsql_keys, processes=2,
                    threads=8)
    good = [pgsql_keys.create(client=f"good{n}") for n in range(20)]
    slow = Slow(pgsql_keys)
    assert [go(web, key).status for key in good] == [200] * 20
    before = slow.asked()
    for n in range(1500):
        assert go(web, f"random-{n:09d}").status == 401
    assert slow.asked() <= before + 2 * 1500 + len(good)  # the last: writing their usage
    slow.pace(0.5)
    start = time.monotonic()
    assert [go(web, key).status for key in good] == [200] * 20
    for _ in range(20):
        assert go(web, "random-000001499").status == 401
    assert time.monotonic() - start < 10, "neither the good ones nor the last unknown one is asked for"
    slow.pace(0)
