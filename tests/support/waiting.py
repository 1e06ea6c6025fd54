# SPDX-License-Identifier: Apache-2.0
"""Waiting for what happens by itself."""

import concurrent.futures
import os
import signal
import time


def wait_until(it_is_so, seconds=20):
    end = time.monotonic() + seconds
    while not it_is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def at_once(wait, cases):
    """What mostly waits, for all cases at the same time; it fails as the first of them that does."""
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as threads:
        list(threads.map(wait, cases))


def is_dead(pid):
    """Its parent may not have been told yet. Threads die one by one, and sockets are closed with the last."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            state = stat.read().rsplit(")", 1)[1].split()[0]
        return state in "ZX" and len(os.listdir(f"/proc/{pid}/task")) <= 1
    except OSError:
        return True


def kill(pid):
    """Until then it may take a connection and reset it."""
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_dead(pid))
