# SPDX-License-Identifier: Apache-2.0
"""Waiting for what happens by itself."""

import time


def wait_until(it_is_so, seconds=20):
    end = time.monotonic() + seconds
    while not it_is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
