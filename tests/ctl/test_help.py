# SPDX-License-Identifier: Apache-2.0
"""apiguardctl help, and wrong usage."""

import subprocess

import pytest

from support.keys import CTL


def run(*args):
    return subprocess.run([CTL, *args], capture_output=True, text=True)


def test_help_names_every_command():
    out = run("help").stdout
    for name in ("init", "key create", "key list", "key show", "key revoke", "key activate",
                 "key verify", "token issue"):
        assert name in out
        assert run("help", *name.split()).stdout.startswith(f"apiguardctl {name}")
        assert run(*name.split(), "--help").returncode == 0
    assert run("version").stdout.startswith("apiguardctl ") and run("--version").returncode == 0


@pytest.mark.parametrize("args", [[], ["key"], ["keys", "list"], ["help", "nothing"], ["key", "list", "x"],
                                  ["--json"], ["--db"], ["key", "list", "--json=1"]])
def test_wrong_usage(args):
    done = run(*args)
    assert done.returncode == 2 and done.stdout == "" and "apiguardctl" in done.stderr
