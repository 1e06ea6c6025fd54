# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server on loopback, with a cluster of its own, run by an unprivileged user."""

import glob
import os
import signal
import subprocess
import time

from .ports import LOOPBACK, Directory, free_port, in_memory, unprivileged


def bindir():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
    if not found:
        raise RuntimeError("no PostgreSQL server found")
    return found[-1]


class PostgresServer:
    role = "tester"

    def __init__(self):
        self.bin = bindir()
        self.port = free_port()
        self.process = None
        self.databases = 0
        self.free = []  # databases that nobody uses any more
        self.paused = False
        self.user = unprivileged("postgres", "nobody")
        self.dir = Directory("pgsql", in_memory(4 << 30))
        self.data = self.dir.mkdir("data", self.user, 0o700)
        self.sockets = self.dir.mkdir("sockets", self.user, 0o755)
        self.run("initdb", "-D", self.data, "-U", self.role, "--no-sync", "--auth=trust",
                 "--encoding=UTF8", "--locale=C")
        self.start()

    def as_user(self):
        return {"user": self.user[0], "group": self.user[1]} if self.user else {}

    def run(self, program, *args):
        done = subprocess.run([os.path.join(self.bin, program), *args], cwd=self.dir.path,
                              capture_output=True, text=True, timeout=60, **self.as_user())
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        self.process = subprocess.Popen(
            [os.path.join(self.bin, "postgres"), "-D", self.data, "-p", str(self.port),
             "-k", self.sockets, "-c", f"listen_addresses={LOOPBACK}", "-c", "fsync=off"],
            cwd=self.dir.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **self.as_user())
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.psql("SELECT 1")
                return
            except RuntimeError:
                time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start")

    def psql(self, text, database="postgres"):
        out = self.run("psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-h", LOOPBACK,
                       "-p", str(self.port), "-U", self.role, "-d", database, "-c", text)
        return [tuple(line.split("|")) for line in out.splitlines()]

    def create_database(self):
        """A new one, or one that a test has done with, emptied: that takes a tenth of the time."""
        while self.free:
            name = self.free.pop()
            try:
                self.psql("SET lock_timeout = '2s'; SET client_min_messages = warning; "
                          "DROP SCHEMA public CASCADE; CREATE SCHEMA public; "
                          "GRANT USAGE ON SCHEMA public TO PUBLIC", name)
                return name
            except RuntimeError:
                pass  # somebody is still in it
        self.databases += 1
        name = f"test{self.databases}"
        self.psql(f"CREATE DATABASE {name}")
        return name

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast: clients are disconnected
            self.process.wait(20)

    def restart(self):
        self.stop()
        self.start()

    def each_process(self, number):
        """The server is one process for each connection, and some more."""
        pids = [self.process.pid]
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
                                capture_output=True, text=True).stdout
        for pid in pids + [int(word) for word in listed.split()]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass  # a connection that ended in between

    def pause(self):
        """It lives and says nothing."""
        self.paused = True
        self.each_process(signal.SIGSTOP)

    def resume(self):
        if self.paused:
            self.each_process(signal.SIGCONT)
        self.paused = False

    def close(self):
        if self.process and self.process.poll() is None:
            self.resume()
            self.process.send_signal(signal.SIGQUIT)  # nobody needs its data any more
            self.process.wait(20)
        self.dir.close()
