# SPDX-License-Identifier: Apache-2.0
"""Under load, two servers on one database: no revoked key is accepted for longer than a second, and
on the machine where apiguardctl ran no request is that starts after it returned.

Both servers run on this machine, of course; the far one is taken out of api_nodes, so that the tool
does not know of it."""

import collections
import threading
import time

import pytest

from support.keys import sha256

pytestmark = pytest.mark.alone

CONF = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
"""

KEYS = 50
RATE = 200          # requests a second, both servers together
THREADS = 4         # for each server
PAUSE = 0.25        # between two revocations

Seen = collections.namedtuple("Seen", "server key sent status")


class Load:
    """Asks with keys that are being revoked or were a moment ago, most of the time."""

    def __init__(self, servers, keys):
        self.keys = keys
        self.done = 0  # so many are revoked
        self.running = True
        self.seen = []
        self.threads = [threading.Thread(target=self.run, args=(server, n))
                        for server in servers for n in range(THREADS)]
        self.gap = len(self.threads) / RATE

    def run(self, server, n):
        due = time.monotonic()
        while self.running:
            first = max(0, self.done - 4)
            key = first + n % 7 if first + n % 7 < KEYS else KEYS - 1 - n % 3
            n += 1
            sent = time.monotonic()
            status = server.get("/s/x/hello.html", key=self.keys[key]).status
            self.seen.append(Seen(server, key, sent, status))
            due = max(due + self.gap, time.monotonic() - 0.5)
            time.sleep(max(0, due - time.monotonic()))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.start = time.monotonic()
        return self

    def __exit__(self, *_):
        self.running = False
        for thread in self.threads:
            thread.join()
        self.rate = len(self.seen) / (time.monotonic() - self.start)


@pytest.fixture
def servers(own_httpd, any_keys):
    near = own_httpd(CONF, database=any_keys, processes=2, threads=8)
    far = own_httpd(CONF, database=any_keys, processes=2, threads=8)
    any_keys.sql("UPDATE api_nodes SET host = 'far.test' "
                 f"WHERE notice LIKE '%apiguard.{far.process.pid}.signal%'")
    assert any_keys.sql("SELECT count(*) FROM api_nodes WHERE host = 'far.test'")[0][0] in (1, "1")
    return near, far


CLOCK = {"pgsql": "UPDATE {change}; SELECT extract(epoch FROM clock_timestamp())",  # one transaction
         "mysql": "SELECT unix_timestamp(sysdate(6)); UPDATE {change}"}


def revoke(keys, key):
    """The moment before it was committed: where a client has to be started for it, by the database's
    clock, for a busy machine takes long to do that."""
    before, text = time.monotonic(), CLOCK.get(keys.dbd()[0])
    if not text:
        keys.revoke(key)
        return before
    rows = keys.sql(text.replace("{change}", "api_keys SET is_active = 0 "
                                             f"WHERE key_hash = '{sha256(key)}'"))
    committed = time.monotonic() - (time.time() - float(rows[0][0]))
    assert before <= committed + 0.01 < time.monotonic() + 0.01
    return committed


def worst(load, server, since):
    """The longest time after `since` (by key) at which a request was sent that was accepted."""
    late = [s.sent - since[s.key] for s in load.seen
            if s.server is server and s.status == 200 and s.key in since]
    return max(late, default=0)


@pytest.mark.slow
def test_revocations_under_load(servers, any_keys, capsys):
    near, far = servers
    keys = [any_keys.create(client=f"client{n}") for n in range(KEYS)]
    for server in servers:
        assert {server.get("/s/x/hello.html", key=key).status for key in keys} == {200}
    by_tool, by_hand = {}, {}
    with Load(servers, keys) as load:
        time.sleep(1)
        for n, key in enumerate(keys):
            if n % 2:
                any_keys.ctl("key", "revoke", "-", stdin=key)
                by_tool[n] = time.monotonic()
            else:
                by_hand[n] = revoke(any_keys, key)
            load.done = n + 1
            time.sleep(PAUSE)
        time.sleep(1.5)
    assert {s.status for s in load.seen} == {200, 401}
    figures = {"far": worst(load, far, {**by_hand, **by_tool}), "near, by hand": worst(load, near, by_hand),
               "near, by tool": worst(load, near, by_tool)}
    with capsys.disabled():
        print(f"\n{any_keys.dbd()[0]}: {len(load.seen)} requests, {load.rate:.0f}/s; accepted last, "
              + ", ".join(f"{name} {seconds:.3f} s" for name, seconds in figures.items()))
    assert load.rate > RATE / 2, "this machine is too busy for the test to say anything"
    assert figures["far"] <= 1
    assert figures["near, by hand"] <= 1
    assert figures["near, by tool"] <= 0
    revoked_and_asked = {s.key for s in load.seen if s.status == 401}
    assert len(revoked_and_asked) == KEYS
