# SPDX-License-Identifier: Apache-2.0
"""Fixtures: every test that takes `db` or `bare` runs once for each kind of database."""

import pytest

from support.databases import (any_bare, lent, mariadb, mysql_keys, pgsql_keys, postgres,  # noqa: F401
                               server_keys, sqlite_keys)
from support.ports import Directory


@pytest.fixture
def bare(any_bare):  # noqa: F811
    """A database without tables."""
    return any_bare


@pytest.fixture
def db(bare):
    bare.init()
    return bare


@pytest.fixture
def folder():
    folder = Directory("ctl")
    yield folder
    folder.close()
