# SPDX-License-Identifier: Apache-2.0
"""The short-lived child that looks at the databases, and what becomes of it under signals. Two reloads in a row
gave the first one's child up unseen: "no child to check the key database", a zombie, and a "long lost
child" later on. And where httpd was started with SIGCHLD ignored, as some start their daemons, it did not start."""

import signal
import socket
import time

import pytest

from support.httpd import Httpd

SECTION = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
"""


@pytest.fixture
def silent():
    """A server of a database that takes connections and says nothing."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(50)
    yield listener.getsockname()[1]
    listener.close()


def lines(web, number):
    return [line for line in web.error_log().splitlines() if number in line]


@pytest.mark.slow
def test_a_signal_ends_the_look_at_a_database_that_hangs(own_httpd, silent):
    web = own_httpd(SECTION, database=None, start=False)
    web.configure(SECTION, dbd=f'DBDriver pgsql\nDBDParams "host=127.0.0.1 port={silent}"\nDBDMin 0\n')
    web.expect(r"dbd", r"AH00052")
    web.start()
    before = len(lines(web, "AG0124"))
    web.process.send_signal(signal.SIGUSR1)
    assert web.wait_log(r"AH00493")
    time.sleep(2)  # by now it hangs in there
    began = time.monotonic()
    web.process.send_signal(signal.SIGTERM)
    web.process.wait(30)
    assert time.monotonic() - began < 5
    assert len(lines(web, "AG0801")) == 1 and len(lines(web, "AG0124")) == before
    assert not lines(web, "AG0123") and not lines(web, "AH00488")


def test_sigchld_is_ignored(own_httpd, monkeypatch):
    monkeypatch.setattr(Httpd, "command", lambda self, *args, old=Httpd.command:
                        ["env", "--ignore-signal=CHLD,ALRM", *old(self, *args)])
    web = own_httpd(SECTION)
    key = web.keys.create()
    assert web.get("/s/x/hello.html", key=key).status == 200
    assert not lines(web, "AG0123")
