# SPDX-License-Identifier: Apache-2.0
"""The unit tests of the key store, which `make check` runs on SQLite, on the servers as well."""

import os
import subprocess

import pytest

from support.keys import CTL

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("AG_BUILD", os.path.join(TOP, "build", "auto"))


@pytest.mark.parametrize("program", ["test_keys", "test_keys_dbd", "test_key_row"])
def test_the_key_store(server_keys, program):
    """`fldsz` tells MariaDB's driver how much of a text it may hand out; we are given all of it."""
    extra = " fldsz=100" if server_keys.driver == "mysql" else ""
    path = os.path.join(BUILD, "tests", "unit", program)
    subprocess.run(["make", "-s", "-C", BUILD, f"tests/unit/{program}"], check=True,
                   capture_output=True, timeout=300)
    done = subprocess.run([path], capture_output=True, text=True, timeout=120, env={
        **os.environ, "AG_KEYS_DB": server_keys.address() + extra, "APIGUARDCTL": CTL, "srcdir": TOP})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED" in done.stdout + done.stderr
