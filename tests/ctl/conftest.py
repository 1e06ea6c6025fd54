# SPDX-License-Identifier: Apache-2.0
"""Fixtures: every test that takes `db` or `bare` runs once for each kind of database."""

import pytest

from support.keys import Postgres, Sqlite
from support.ports import Directory
from support.postgres import PostgresServer


@pytest.fixture(scope="session")
def server():
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "pgsql"])
def bare(request):
    """A database without tables."""
    if request.param == "sqlite":
        db = Sqlite(init=False)
    else:
        db = Postgres(request.getfixturevalue("server"), init=False)
    yield db
    db.close()


@pytest.fixture
def db(bare):
    bare.init()
    return bare


@pytest.fixture
def folder():
    folder = Directory("ctl")
    yield folder
    folder.close()
