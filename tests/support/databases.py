# SPDX-License-Identifier: Apache-2.0
"""Fixtures: databases of each kind. The servers live as long as the session, and each test gets a
database of its own there; a server that a test stopped runs again for the next one."""

import pytest

from .keys import Mariadb, Postgres, Sqlite
from .mariadb import MariadbServer
from .postgres import PostgresServer

ALL = ["sqlite", "pgsql", "mysql"]
SERVERS = ["pgsql", "mysql"]


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
