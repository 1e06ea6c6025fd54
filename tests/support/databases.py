# SPDX-License-Identifier: Apache-2.0
"""Fixtures: databases of each kind. The servers live as long as the session, and each test gets a
database of its own there; a server that a test stopped runs again for the next one."""

import os
import subprocess

import pytest

from .keys import Mariadb, Postgres, Sqlite
from .mariadb import MariadbServer
from .postgres import PostgresServer

ALL = ["sqlite", "pgsql", "mysql"]
SERVERS = ["pgsql", "mysql"]


class Lock:
    """Somebody keeps everybody from reading the keys, as an ALTER TABLE that takes long would."""

    def __init__(self, keys):
        self.keys = keys
        if isinstance(keys, Mariadb):
            self.process = self.client(
                ["mariadb", "--no-defaults", f"--socket={keys.server.socket}", "--user=root",
                 "--batch", "--unbuffered", "--skip-column-names", keys.name])
            self.say("LOCK TABLES api_keys WRITE, api_plans WRITE; SELECT 'locked';")
        else:
            self.process = self.client(
                [os.path.join(keys.server.bin, "psql"), "-X", "-q", "-t", "-A", "-h", "127.0.0.1",
                 "-p", str(keys.server.port), "-U", keys.server.role, "-d", keys.name])
            self.say("BEGIN; LOCK TABLE api_keys, api_plans IN ACCESS EXCLUSIVE MODE; "
                     "SELECT 'locked';")

    def client(self, args):
        return subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "locked"

    def release(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def postgres():
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def mariadb():
    server = MariadbServer()
    yield server
    server.close()


def new_database(request, kind, init=True):
    if kind == "sqlite":
        return Sqlite(init=init)
    if kind == "pgsql":
        return Postgres(request.getfixturevalue("postgres"), init=init)
    return Mariadb(request.getfixturevalue("mariadb"), init=init)


@pytest.fixture
def lent():
    """The databases that a test got. They outlive the servers that use them, since a server writes
    to its database until it has stopped: so own_httpd asks for this one first."""
    made = []
    yield made
    for database in reversed(made):
        database.close()


def lend(request, kind, init=True):
    database = new_database(request, kind, init)
    request.getfixturevalue("lent").append(database)
    yield database
    database.revive()


@pytest.fixture(params=ALL)
def any_keys(request):
    yield from lend(request, request.param)


@pytest.fixture
def all_keys(request, lent):
    """One of each kind at once, for tests that wait for the server's clocks and not for a database."""
    made = [new_database(request, kind) for kind in ALL]
    lent += made
    yield made
    for database in made:
        database.revive()


@pytest.fixture(params=ALL)
def any_bare(request):
    """Without tables."""
    yield from lend(request, request.param, init=False)


@pytest.fixture(params=SERVERS)
def server_keys(request):
    """A database that can be taken away."""
    yield from lend(request, request.param)


@pytest.fixture
def sqlite_keys(request):
    yield from lend(request, "sqlite")


@pytest.fixture
def pgsql_keys(request):
    yield from lend(request, "pgsql")


@pytest.fixture
def mysql_keys(request):
    yield from lend(request, "mysql")
