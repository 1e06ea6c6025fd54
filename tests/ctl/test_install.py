# SPDX-License-Identifier: Apache-2.0
"""What both builds install: the same default database, and room for it."""

import os
import stat
import subprocess

import pytest

TOP = os.path.join(os.path.dirname(__file__), "..", "..")
BUILD = os.environ.get("AG_BUILD", "")


@pytest.mark.skipif(not os.path.exists(os.path.join(BUILD, "Makefile")), reason="no build tree")
def test_install_makes_room_for_the_default_database(tmp_path):
    """`./configure && make && make install && apiguardctl init` failed: nobody had made
    /usr/local/var/lib."""
    subprocess.run(["make", "-C", BUILD, "-s", "install-data-local", f"DESTDIR={tmp_path}"], check=True)
    info = os.stat(tmp_path / "var/lib/apiguard")
    assert stat.S_IMODE(info.st_mode) == 0o2770 and info.st_uid == os.geteuid()
    (tmp_path / "var/lib/apiguard").chmod(0o700)
    subprocess.run(["make", "-C", BUILD, "-s", "install-data-local", f"DESTDIR={tmp_path}"], check=True)
    assert stat.S_IMODE(os.stat(tmp_path / "var/lib/apiguard").st_mode) == 0o700  # it stays as it is


def test_nothing_is_installed_beside_destdir():
    """apxs knows of no DESTDIR: the module of a package that was being made took the place of the one in
    use."""
    told = subprocess.run(["make", "-f", "Makefile.apxs", "-n", "install", "DESTDIR=/there"], cwd=TOP,
                          capture_output=True, text=True, check=True).stdout
    folder = subprocess.run(["apxs", "-q", "LIBEXECDIR"], capture_output=True, text=True,
                            check=True).stdout.strip()
    assert f"-S LIBEXECDIR=/there{folder} -i mod_apiguard.la" in told


def test_both_builds_share_it():
    told = subprocess.run(["make", "-f", "Makefile.apxs", "-n", "install", "DESTDIR=/there"], cwd=TOP,
                          capture_output=True, text=True, check=True).stdout
    assert "install -d -m 2770 /there/var/lib/apiguard" in told
    assert "sqlite3:/var/lib/apiguard/keys.db" in told
