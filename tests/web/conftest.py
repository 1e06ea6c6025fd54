# SPDX-License-Identifier: Apache-2.0
"""Fixtures. A server is made by make_httpd(conf, ...) (lives as long as the file's tests) or
own_httpd(conf, ...) (as long as one test), each with an SQLite database of its own unless another
is given. After every test the logs of all servers are read: see support/verdict.py."""

import os

import pytest

from support import httpd as httpd_module
from support.backend import Backend
from support.databases import (all_keys, any_bare, any_keys, lent, mariadb, mysql_keys,  # noqa: F401
                               pgsql_keys, postgres, server_keys, sqlite_keys)
from support.httpd import Httpd
from support.keys import Sqlite
from support.memcached import Memcached
from support.ring import Ring
from support.tls import Certificates
from support.verdict import secrets

LIVE = []  # servers whose logs are read after each test
OWN_DATABASE = object()


def pytest_configure(config):
    if not os.access(httpd_module.MODULE, os.R_OK):
        raise pytest.UsageError("set APIGUARD_MODULE to the path of mod_apiguard.so "
                                "and APIGUARDCTL to that of apiguardctl")


def read_logs():
    return [f"{server.root}: {problem}" for server in LIVE
            for problem in server.verdict.problems()]


def blame(problems):
    if problems:
        pytest.fail("the logs say:\n" + "\n".join(problems), pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    outcome = yield
    problems = read_logs()
    if outcome.excinfo is None:
        blame(problems)


@pytest.fixture(autouse=True)
def logs_after_stop():
    """What a server says while it stops counts too."""
    yield
    problems = read_logs()
    for server in LIVE:
        server.verdict.forget()
    LIVE[:] = [server for server in LIVE if server.process]
    blame(problems)


class Factory:
    def __init__(self):
        self.made = []

    def __call__(self, conf="", start=True, database=OWN_DATABASE, **kw):
        if database is OWN_DATABASE:
            database = Sqlite()
            self.made.append(database)
        server = Httpd(conf, database=database, **kw)
        LIVE.append(server)
        self.made.append(server)
        server.keys = database
        if start:
            server.start()
        return server

    def close(self):
        problems = []
        for thing in reversed(self.made):
            if isinstance(thing, Httpd):
                thing.stop()
                problems += thing.verdict.problems()
                if thing in LIVE:
                    LIVE.remove(thing)
        for thing in reversed(self.made):
            thing.close()
        blame(problems)


@pytest.fixture(scope="module")
def make_httpd():
    secrets.clear()
    factory = Factory()
    yield factory
    factory.close()


@pytest.fixture
def own_httpd(lent):  # noqa: F811
    factory = Factory()
    yield factory
    factory.close()


@pytest.fixture(scope="module")
def memcached():
    server = Memcached()
    yield server
    server.close()


@pytest.fixture
def own_memcached():
    server = Memcached()
    yield server
    server.close()


@pytest.fixture(scope="module")
def backend():
    server = Backend()
    yield server
    server.close()


@pytest.fixture(scope="module")
def certificates():
    """A server's, and the port at which it speaks TLS."""
    made = Certificates()
    yield made
    made.close()


@pytest.fixture(scope="module")
def ring():
    """A key of an issuer; files that need others have a ring of their own."""
    made = Ring(["RS256"])
    yield made
    made.dir.close()
