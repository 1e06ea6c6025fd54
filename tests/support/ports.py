# SPDX-License-Identifier: Apache-2.0
"""Where the tests live: free loopback ports, directories that a server's children may read, and the
unprivileged user that servers run as when the tests are run by root."""

import fcntl
import os
import pwd
import grp
import shutil
import socket
import tempfile
import time

LOOPBACK = "127.0.0.1"


FIRST, SIZE, LAST = 10000, 200, 32000  # below the ports that the kernel hands out to clients
RANGE = {"pid": 0}


def take_range():
    """A range of ports that no other process of any test run on this machine has: its lock file is
    held until the process ends."""
    folder = os.path.join(tempfile.gettempdir(), "apiguard-ports")
    os.makedirs(folder, exist_ok=True)
    for first in range(FIRST, LAST, SIZE):
        lock = open(os.path.join(folder, str(first)), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        RANGE.update(pid=os.getpid(), lock=lock, next=first, first=first)
        return
    raise RuntimeError("more test runs at once than there are ranges of ports")


def free_port():
    """A TCP port on loopback that nobody listens on. It is closed again before the server opens it,
    but nobody else takes ports of this process's range."""
    if RANGE["pid"] != os.getpid():
        take_range()
    for _ in range(SIZE):
        port = RANGE["next"]
        RANGE["next"] = port + 1 if port + 1 < RANGE["first"] + SIZE else RANGE["first"]
        with socket.socket() as s:
            try:
                s.bind((LOOPBACK, port))
                return port
            except OSError:
                pass
    raise RuntimeError(f"no free port from {RANGE['first']} on")


def wait_for_port(port, process, seconds=30, host=LOOPBACK):
    """Returns when somebody accepts on `port`; fails when `process` ends before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with status {process.returncode}")
        try:
            socket.create_connection((host, port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"{process.args[0]} does not listen on {port}")


def is_root():
    return os.geteuid() == 0


def unprivileged(*names):
    """(user, group) of the first of these users that exists, or None when we are not root."""
    if not is_root():
        return None
    for name in names or ("nobody", "www-data"):
        try:
            entry = pwd.getpwnam(name)
            return name, grp.getgrgid(entry.pw_gid).gr_name
        except KeyError:
            continue
    raise RuntimeError("no unprivileged user found")


def in_memory(bytes_needed):
    """A file system in memory with room for that much, or None."""
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return None
    return "/dev/shm" if room.f_bavail * room.f_frsize > bytes_needed else None


class Directory:
    """A directory of its own, readable by the server's children, gone when closed."""

    def __init__(self, name, within=None):
        self.path = tempfile.mkdtemp(prefix=f"apiguard-{name}-", dir=within)
        os.chmod(self.path, 0o755)

    def __str__(self):
        return self.path

    def join(self, *parts):
        return os.path.join(self.path, *parts)

    def mkdir(self, name, owner=None, mode=0o755):
        path = self.join(name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        if owner:
            shutil.chown(path, *owner)
        return path

    def write(self, name, text, mode=0o644):
        path = self.join(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        return path

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)
