# SPDX-License-Identifier: Apache-2.0
"""API keys for the tests: made by apiguardctl, or put into the table directly for what the tool
would not make. A database is a file (SQLite) or one of the tests' own PostgreSQL or MariaDB server."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import time

from .ports import Directory, unprivileged
from .verdict import secrets

CTL = os.environ.get("APIGUARDCTL", "apiguardctl")
SCHEMA_VERSION = 4  # AG_SCHEMA_VERSION


class CtlError(RuntimeError):
    def __init__(self, done):
        super().__init__(f"{done.args} -> {done.returncode}: {done.stdout}{done.stderr}")
        self.status = done.returncode


class Database:
    """What all kinds share: the tool, and rows written by hand."""

    def ctl(self, *args, check=True, stdin=None):
        done = subprocess.run([CTL, *args], capture_output=True, text=True, input=stdin,
                              env={**os.environ, "APIGUARD_DB": self.address()}, timeout=90)
        if check and done.returncode:
            raise CtlError(done)
        return done

    def create(self, client="acme", scopes=(), roles=(), rate=None, expires=None, ips=(),
               endpoints=()):
        """A new key."""
        args = ["key", "create", "--client", client]
        for option, values in (("--scope", scopes), ("--role", roles), ("--ip", ips),
                               ("--endpoint", endpoints)):
            for value in values:
                args += [option, value]
        if rate:
            args += ["--rate", rate]
        if expires:
            args += ["--expires", expires]
        key = self.ctl(*args).stdout.strip()
        secrets.add(key)
        return key

    def insert(self, key, client="imported", **columns):
        """A row for a key of any shape, as an import would leave it."""
        secrets.add(key)
        row = {"key_hash": sha256(key), "key_prefix": key[:4], "client_name": client,
               "permissions": "", "roles": "", "created_at": int(time.time()), "is_active": 1,
               **columns}
        names = ", ".join(row)
        values = ", ".join(literal(v) for v in row.values())
        self.sql(f"INSERT INTO api_keys ({names}) VALUES ({values})")
        return key

    def update(self, key, **columns):
        sets = ", ".join(f"{name} = {literal(value)}" for name, value in columns.items())
        self.sql(f"UPDATE api_keys SET {sets} WHERE key_hash = '{sha256(key)}'")

    def revoke(self, key):
        self.update(key, is_active=0)


def sha256(key):
    return hashlib.sha256(key.encode("latin-1")).hexdigest()


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"  # no backslash in a test: MariaDB would escape with it


class Sqlite(Database):
    def __init__(self, init=True):
        self.dir = Directory("db")
        self.owner = unprivileged()
        self.folder = self.dir.mkdir("data", self.owner, 0o2770)
        self.path = os.path.join(self.folder, "keys.db")
        if init:
            self.init()

    def init(self):
        self.ctl("init", *(["--owner", self.owner[0]] if self.owner else []))

    def address(self):
        return f"sqlite3:{self.path}"

    def dbd(self):
        return "sqlite3", self.path

    def sql(self, text):
        connection = sqlite3.connect(self.path, timeout=10)
        try:
            with connection:
                return connection.execute(text).fetchall()
        finally:
            connection.close()

    def hand_over(self):
        """A file that the tool did not make becomes the server's."""
        if self.owner:
            shutil.chown(self.path, *self.owner)
        os.chmod(self.path, 0o660)

    def script(self, text):
        connection = sqlite3.connect(self.path)
        connection.executescript(text)
        connection.close()

    def away(self):
        """The database goes away: its directory has another name for a while."""
        os.rename(self.folder, self.folder + ".away")

    def back(self):
        os.rename(self.folder + ".away", self.folder)

    def revive(self):
        if not os.path.exists(self.folder):
            self.back()

    def close(self):
        shutil.rmtree(self.folder + ".away", ignore_errors=True)
        self.dir.close()


class OnServer(Database):
    """One database of a server that the tests run."""

    more = ""  # parameters besides those that lead to it

    def __init__(self, server, init=True):
        self.server = server
        self.name = server.create_database()
        if init:
            self.init()

    def init(self):
        self.ctl("init")

    def address(self):
        return f"{self.driver}:{self.params()}"

    def dbd(self):
        return self.driver, self.params()

    def away(self):
        self.server.stop()

    def back(self):
        self.server.start()

    def restart(self):
        self.server.restart()

    def pause(self):
        self.server.pause()

    def resume(self):
        self.server.resume()

    def revive(self):
        """After a test that stopped the server and did not come to start it again."""
        if self.server.process.poll() is not None:
            self.server.start()
        else:
            self.server.resume()

    def close(self):
        self.server.free.append(self.name)

    def script(self, text):
        """What the database's own client is fed with."""
        self.sql(text)


class Seen:
    """A database as another account sees it."""

    def __init__(self, keys, params):
        self.keys, self.seen = keys, params

    def dbd(self):
        return self.keys.driver, self.seen

    def __getattr__(self, name):
        return getattr(self.keys, name)


class Postgres(OnServer):
    driver = "pgsql"

    def params_of(self, name):
        return self.params().replace(f"user={self.server.role}", f"user={name}")

    def params(self):
        return (f"host=127.0.0.1 port={self.server.port} dbname={self.name} "
                f"user={self.server.role} connect_timeout=2{self.more}")

    def sql(self, text):
        return self.server.psql(text, self.name)


class Mariadb(OnServer):
    driver = "mysql"

    def account(self, name, password="its-password"):
        """An account without rights."""
        self.server.sql("".join(f"CREATE OR REPLACE USER {name}@{host} IDENTIFIED BY '{password}';"
                                for host in ("localhost", "127.0.0.1")))
        return name, password

    def params_of(self, name, password):
        return self.params().replace(self.server.role, name, 1).replace(self.server.password, password)

    def params(self):
        return (f"host=127.0.0.1 port={self.server.port} dbname={self.name} "
                f"user={self.server.role} pass={self.server.password}{self.more}")

    def sql(self, text):
        return self.server.sql(text, self.name)
