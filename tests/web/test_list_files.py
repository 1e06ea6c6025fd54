# SPDX-License-Identifier: Apache-2.0
"""Address files: read anew when they change, and never a way in when they cannot be read. The client's
address is what mod_remoteip says."""

import os
import time

import pytest

from support.lists import FILE_RULES, PARTNER, STRANGER, ask, conf, until
from support.ports import Directory
from support.waiting import at_once


@pytest.fixture
def folder():
    folder = Directory("lists")
    yield folder
    folder.close()


def assert_unknown_by(web, address, *names):
    for name in names:
        answer = ask(web, name, address)
        assert (answer.status, answer.code) == (503, "list_unavailable"), (name, answer)


def write(folder, text):
    """As an editor does: another file takes the old one's place."""
    path = folder.write("offices.new", text, 0o644)
    os.rename(path, folder.join("offices.txt"))


def serve(own_httpd, folder):
    write(folder, "192.0.2.0/24 # head office\n")
    return own_httpd(conf(FILE_RULES), database=None, modules=("remoteip",),
                     words={"folder": folder.path})


@pytest.fixture
def files(own_httpd, folder):
    return serve(own_httpd, folder)


@pytest.mark.slow
def test_a_file_that_changes(files, folder):
    assert ask(files, "file", PARTNER).status == 200
    assert ask(files, "file", STRANGER).status == 403
    write(folder, "203.0.113.0/24\n")
    took = until(files, "file", STRANGER, 200)
    assert took < 4
    assert ask(files, "file", PARTNER).status == 403
    assert ask(files, "not-file", STRANGER).status == 403
    assert ask(files, "not-file", PARTNER).status == 200
    assert files.wait_log(r"AG0441.*has changed")


@pytest.mark.slow
def test_a_file_that_breaks(files, folder):
    files.expect(r"AG0440")
    write(folder, "203.0.113.0/24\nrubbish\n")
    assert files.wait_log(r"AG0440.*line 2.*rubbish.*what was read before goes on")
    time.sleep(2.5)
    assert files.verdict.error.peek().count("AG0440") == 1
    assert ask(files, "file", PARTNER).status == 200
    assert ask(files, "file", STRANGER).status == 403
    os.unlink(folder.join("offices.txt"))
    assert files.wait_log(r"AG0440.*No such file")
    assert ask(files, "file", PARTNER).status == 200
    write(folder, "203.0.113.0/24\n")
    until(files, "file", STRANGER, 200)


@pytest.mark.slow
def test_a_file_that_was_emptied(own_httpd):
    """As `wget -O` leaves it when the download fails: whoever was kept out was let in. A comment alone is meant."""
    def empty(folder, web, text):
        web.expect(r"AG0440")
        write(folder, text)
        assert web.wait_log(r"AG0440.*is empty; where that is meant, leave a comment.*what was read before goes on")
        assert ask(web, "file", PARTNER).status == 200
        assert ask(web, "not-file", PARTNER).status == 403
        web.graceful()
        assert ask(web, "file", PARTNER).status == 200
        assert ask(web, "not-file", PARTNER).status == 403
        write(folder, "# nobody\n")
        until(web, "not-file", PARTNER, 200)
        assert ask(web, "file", PARTNER).status == 403
        write(folder, text)  # the same where nothing is to be lost
        web.graceful()
        assert ask(web, "not-file", PARTNER).status == 200
        assert web.error_log().count("AG0721: Require api-ip: ") == 2

    folders = [Directory("lists") for _ in range(3)]
    cases = zip(folders, [serve(own_httpd, folder) for folder in folders], ["", "\n", "\ufeff\r\n"])
    at_once(lambda case: empty(*case), list(cases))
    for folder in folders:
        folder.close()


def test_a_file_that_is_empty_at_start(own_httpd, folder):
    write(folder, "")
    web = own_httpd(conf(FILE_RULES), database=None, start=False, modules=("remoteip",),
                    words={"folder": folder.path})
    good, said = web.try_start()
    assert not good and "offices.txt is empty" in said and "AG0130" in said


def test_a_file_that_is_not_there_at_start(own_httpd, folder):
    web = own_httpd(conf(FILE_RULES), database=None, start=False, modules=("remoteip",),
                    words={"folder": folder.path})
    good, said = web.try_start()
    assert not good and "offices.txt" in said and "AG0130" in said


@pytest.mark.slow
def test_a_file_with_a_wrong_line_at_start(own_httpd, folder):
    """Somebody else writes it: it does not keep the server from starting. Who is listed is known, all
    others may be what the wrong line means; and when it is right it is read, without a reload."""
    write(folder, "192.0.2.0/24\n203.0.113.300\n")
    web = own_httpd(conf(FILE_RULES), database=None, modules=("remoteip",),
                    words={"folder": folder.path})
    assert web.wait_log(r"AG0721: Require api-ip: .*offices.txt, line 2: .203.0.113.300.*get 503")
    assert web.error_log().count("AG0721") == 1
    assert ask(web, "file", PARTNER).status == 200
    assert ask(web, "not-file", PARTNER).status == 403
    assert_unknown_by(web, STRANGER, "file", "not-file")
    write(folder, "192.0.2.0/24\n203.0.113.0/24\n")
    until(web, "file", STRANGER, 200)
    assert ask(web, "not-file", STRANGER).status == 403


@pytest.mark.slow
@pytest.mark.parametrize("signal", ["graceful", "restart"])
def test_a_file_that_is_wrong_at_a_reload(files, folder, signal):
    """What was read before goes on, however often the server is reloaded."""
    files.expect(r"AG0440")
    write(folder, "203.0.113.0/24\nrubbish\n")
    for n in (1, 2):
        getattr(files, signal)()
        assert ask(files, "file", PARTNER).status == 200
        assert ask(files, "file", STRANGER).status == 403
        assert ask(files, "not-file", PARTNER).status == 403
        assert files.error_log().count("AG0721: Require api-ip: ") == n
    os.unlink(folder.join("offices.txt"))
    getattr(files, signal)()
    assert ask(files, "file", PARTNER).status == 200
    assert files.wait_log(r"AG0721.*No such file.*what was read before goes on")
    write(folder, "203.0.113.0/24\n")
    getattr(files, signal)()
    assert ask(files, "file", STRANGER).status == 200
    assert ask(files, "file", PARTNER).status == 403


@pytest.mark.slow
@pytest.mark.parametrize("text", [None, "<html>oops</html>\n"])
def test_a_file_that_a_reload_names_first(own_httpd, folder, text):
    """A running server goes on, and the file is read as soon as it is right."""
    web = own_httpd("", database=None, modules=("remoteip",), words={"folder": folder.path})
    if text:
        write(folder, text)
    web.configure(conf(FILE_RULES))
    web.expect(r"AG0720: Require api-ip", r"AG0440")
    web.graceful()
    assert web.error_log().count("AG0720") == 1
    assert_unknown_by(web, PARTNER, "file", "not-file")
    assert web.get("/index.html").status == 200
    write(folder, "192.0.2.0/24\n")
    until(web, "file", PARTNER, 200)
    until(web, "not-file", PARTNER, 403)


def test_a_file_as_others_write_it(own_httpd, folder):
    """A byte order mark, CRLF, comments behind a semicolon as in Spamhaus' lists."""
    write(folder, "\ufeff; DROP List\r\n192.0.2.0/24 ; SBL1\r\n\r\n198.51.100.0/24;x\r\n")
    web = own_httpd(conf(FILE_RULES), database=None, modules=("remoteip",),
                    words={"folder": folder.path})
    assert ask(web, "file", PARTNER).status == 200
    assert ask(web, "file", "198.51.100.1").status == 200
    assert ask(web, "file", STRANGER).status == 403


def test_host_bits_are_told(own_httpd):
    web = own_httpd(conf({"x": "Require api-ip 192.0.2.77/24"}), database=None,
                    modules=("remoteip",))
    assert web.wait_log(r'AG0135: Require api-ip: "192.0.2.77/24" has bits behind its mask')
    assert ask(web, "x", PARTNER).status == 200


@pytest.mark.slow
def test_a_large_file(own_httpd, folder):
    write(folder, "".join(f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}\n"
                          for i in range(0, 1 << 21, 2)))
    web = own_httpd(conf(FILE_RULES), database=None, modules=("remoteip",),
                    words={"folder": folder.path})
    assert ask(web, "file", "10.31.255.254").status == 200
    assert ask(web, "file", "10.31.255.255").status == 403
