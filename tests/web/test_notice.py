# SPDX-License-Identifier: Apache-2.0
"""On the machine where apiguardctl ran, what it changed is in force when it returns."""

import glob
import os
import pwd
import socket
import stat
import subprocess
import time

import pytest

from support.keys import CTL
from support.ports import is_root
from support.problem import assert_refused

CONF = """
<Location "/s/x/">
    AuthType ApiGuard
    AuthName "x"
    Require valid-user
</Location>
"""


def go(web, key):
    return web.get("/s/x/hello.html", key=key)


def notice(web):
    found = glob.glob(web.dir.join("run/apiguard.*.signal"))
    assert len(found) == 1, found
    return found[0]


def kill_all(web):
    """The server and its children end without a word, and their port is free."""
    children = web.children()
    web.process.kill()
    web.process.wait()
    while children:
        for pid in list(children):
            try:
                os.kill(pid, 9)
                time.sleep(0.01)
            except ProcessLookupError:
                children.remove(pid)


@pytest.fixture
def keys(any_keys):
    return any_keys


@pytest.fixture
def web(own_httpd, keys):
    return own_httpd(CONF, database=keys, processes=3, threads=4)


@pytest.mark.slow
def test_no_request_after_the_tool_returned_is_accepted(web, keys):
    for _ in range(25):
        key = keys.create()
        assert go(web, key).status == 200
        keys.ctl("key", "revoke", "-", stdin=key)
        assert_refused(go(web, key), "key_revoked")
        keys.ctl("key", "activate", "-", stdin=key)
        assert go(web, key).status == 200


def test_all_processes_know(web, keys):
    for _ in range(5):
        key = keys.create()
        assert set(web.client.burst(24, "/s/x/hello.html", [("X-API-Key", key)])) == {200}
        keys.ctl("key", "revoke", "-", stdin=key)
        assert set(web.client.burst(24, "/s/x/hello.html", [("X-API-Key", key)])) == {401}


def test_the_file_is_the_owner_s_alone(web):
    info = os.stat(notice(web))
    assert (stat.S_IMODE(info.st_mode), info.st_uid) == (0o600, os.geteuid())
    assert info.st_size == 64 + 8 * 1024


def test_it_outlives_a_graceful_restart(web, keys):
    before = os.stat(notice(web)).st_ino
    key = keys.create()
    web.graceful()
    assert os.stat(notice(web)).st_ino == before
    assert go(web, key).status == 200
    keys.ctl("key", "revoke", "-", stdin=key)
    assert_refused(go(web, key), "key_revoked")


def test_it_is_gone_with_the_server(web, keys):
    path = notice(web)
    key = keys.create()
    web.stop()
    assert not os.path.exists(path)
    assert keys.ctl("key", "revoke", "-", stdin=key).returncode == 0


@pytest.mark.slow
def test_a_killed_server_is_no_reason_to_complain(own_httpd, keys):
    web = own_httpd(CONF, database=keys)
    path = notice(web)
    kill_all(web)
    assert os.path.exists(path)
    os.remove(path)
    assert keys.ctl("key", "create", "--client", "later").returncode == 0
    with open(path, "w"):
        pass
    web.start()
    assert not os.path.exists(path), "what a dead server has left is tidied up"


@pytest.mark.slow
def test_a_file_that_cannot_be_written_is_exit_status_4(web, keys):
    key = keys.create()
    assert go(web, key).status == 200
    path = notice(web)
    os.rename(path, path + ".away")
    done = keys.ctl("key", "revoke", "-", stdin=key, check=False)
    assert done.returncode == 4
    assert path in done.stderr and "within a second" in done.stderr
    time.sleep(1)
    assert_refused(go(web, key), "key_revoked")
    os.rename(path + ".away", path)
    assert keys.ctl("key", "activate", "-", stdin=key).returncode == 0


@pytest.mark.skipif(not is_root(), reason="needs another user")
def test_another_user_is_told_so(own_httpd, pgsql_keys):
    web = own_httpd(CONF, database=pgsql_keys)
    key = pgsql_keys.create()
    assert go(web, key).status == 200
    nobody = pwd.getpwnam("nobody")
    done = subprocess.run([CTL, "key", "revoke", "-"], input=key, capture_output=True, text=True,
                          env={"APIGUARD_DB": pgsql_keys.address()}, user=nobody.pw_uid,
                          group=nobody.pw_gid, timeout=30)
    if done.returncode == 126 or "Permission denied" in done.stderr and not done.stdout:
        pytest.skip("nobody may not run the tool here")
    assert done.returncode == 4, done.stderr


def test_names_from_the_database_are_not_trusted(web, keys, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"mod_apiguard signal 1\n" + bytes(64 + 8 * 1024 - 22))
    before = victim.read_bytes()
    link = tmp_path / os.path.basename(notice(web))
    link.symlink_to(victim)
    key = keys.create()
    for name in (f"{victim}:0", f"{link}:0", "/dev/null:0", "/etc/passwd", "; rm -rf /"):
        keys.sql(f"INSERT INTO api_nodes (host, notice, seen_at) VALUES ('{socket.gethostname()}', "
                 f"'{name}', {int(time.time())})")
    done = keys.ctl("key", "revoke", "-", stdin=key, check=False)
    assert done.returncode == 4
    assert done.stderr.count("no such file of a server") == 5
    assert victim.read_bytes() == before


def test_servers_that_were_not_seen_for_long_are_passed_over(web, keys):
    key = keys.create()
    keys.sql(f"INSERT INTO api_nodes (host, notice, seen_at) VALUES ('{socket.gethostname()}', "
             f"'/nowhere/apiguard.1.signal:0', {int(time.time()) - 3601})")
    keys.sql("INSERT INTO api_nodes (host, notice, seen_at) VALUES ('another.host', "
             f"'/nowhere/apiguard.1.signal:0', {int(time.time())})")
    assert keys.ctl("key", "revoke", "-", stdin=key).returncode == 0


@pytest.mark.slow
def test_an_account_without_the_right_is_told_once(own_httpd, postgres, pgsql_keys):
    pgsql_keys.sql("CREATE ROLE reader LOGIN")
    pgsql_keys.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    web = own_httpd(CONF, database=pgsql_keys, start=False)
    web.configure(CONF, dbd=web.dbd_lines().replace("user=tester", "user=reader"))
    web.start()
    key = pgsql_keys.create()
    assert go(web, key).status == 200
    time.sleep(0.2)
    assert web.error_log().count("AG0162") == 1
    pgsql_keys.revoke(key)
    time.sleep(1)
    assert_refused(go(web, key), "key_revoked")


@pytest.mark.slow
def test_a_notice_while_the_log_cannot_be_read_is_503_not_stale(own_httpd, pgsql_keys, postgres):
    web = own_httpd(CONF, database=pgsql_keys)
    key = pgsql_keys.create()
    assert go(web, key).status == 200
    web.expect(r"AH0063[0-9]", r"dbd", r"apiguard")
    pgsql_keys.away()
    time.sleep(0.3)
    assert go(web, key).status == 200, "stale keys go on"
    with open(notice(web), "r+b") as f:
        f.seek(64)
        f.write(bytes(range(8)) * 1024)
    for _ in range(10):
        assert_refused(go(web, key), "keystore_unavailable")
        time.sleep(0.1)
    pgsql_keys.back()
    end = time.monotonic() + 5
    while go(web, key).status != 200:
        assert time.monotonic() < end
        time.sleep(0.05)
