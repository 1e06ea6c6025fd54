# SPDX-License-Identifier: Apache-2.0
"""A MariaDB server on loopback, with a data directory of its own, run by an unprivileged user."""

import os
import shutil
import signal
import subprocess
import time

from .ports import LOOPBACK, Directory, free_port, in_memory, unprivileged


def program(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise RuntimeError(f"no {name} found")
    return found


# Quick, not safe: the data lives as long as the tests.
QUICK = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
         "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M", "--innodb-doublewrite=0",
         "--innodb-fast-shutdown=2", "--debug-no-sync", "--sync-frm=0", "--skip-log-bin", "--performance-schema=0", "--skip-name-resolve"]


class MariadbServer:
    role, password = "tester", "tester-password"

    def __init__(self, *options):
        self.options = options
        self.port = free_port()
        self.process = None
        self.databases = 0
        self.free = []  # databases that nobody uses any more
        self.user = unprivileged("mysql", "nobody")
        self.dir = Directory("mariadb", in_memory(4 << 30))
        self.run = self.dir.mkdir("run", self.user, 0o755)  # the socket: a short path
        self.socket = os.path.join(self.run, "s")
        self.data = self.dir.mkdir("data", self.user, 0o700)
        # In a folder that servers share, one that starts removes the temporary tables of the others.
        self.tmp = self.dir.mkdir("tmp", self.user, 0o700)
        self.install()
        self.start()
        self.sql(f"CREATE USER {self.role}@'%' IDENTIFIED BY '{self.password}'; "
                 f"GRANT ALL ON *.* TO {self.role}@'%'", user="root")

    def as_user(self):
        return {"user": self.user[0], "group": self.user[1]} if self.user else {}

    def install(self):
        done = subprocess.run(
            [program("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}",
             f"--tmpdir={self.tmp}", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
             "--debug-no-sync", *QUICK[:5]], cwd=self.dir.path, capture_output=True, text=True, timeout=60,
            **self.as_user())
        if done.returncode:
            raise RuntimeError(f"mariadb-install-db: {done.stdout}{done.stderr}")

    def start(self):
        self.process = subprocess.Popen(
            [program("mariadbd"), "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.tmp}",
             f"--port={self.port}", f"--bind-address={LOOPBACK}", f"--socket={self.socket}",
             f"--pid-file={self.run}/pid", *QUICK, *self.options],
            cwd=self.dir.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **self.as_user())
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.sql("SELECT 1", user="root")
                return
            except RuntimeError:
                time.sleep(0.05)
        raise RuntimeError("MariaDB did not start")

    def client(self, text, database="", user="root"):
        """The `mariadb` client, as an administrator uses it."""
        login = [] if user == "root" else [f"-p{self.password}"]
        done = subprocess.run(
            [program("mariadb"), "--no-defaults", f"--socket={self.socket}", f"--user={user}", *login,
             "--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4",
             *([database] if database else [])],
            input=text, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"mariadb: {done.stdout}{done.stderr}")
        return done.stdout

    def sql(self, text, database="", user="root"):
        """The rows, NULL as an empty text."""
        out = self.client(text, database, user)
        return [tuple("" if cell == "NULL" else cell for cell in line.split("\t"))
                for line in out.splitlines()]

    def create_database(self):
        self.databases += 1
        name = f"test{self.databases}"
        gone = "".join(f"DROP DATABASE {old}; " for old in self.free)
        self.free.clear()
        self.sql(f"SET lock_wait_timeout = 2; {gone}CREATE DATABASE {name}")
        return name

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)

    def restart(self):
        self.stop()
        self.start()

    def pause(self):
        """It lives and says nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()  # nobody needs its data any more
            self.process.wait(5)
        self.dir.close()
