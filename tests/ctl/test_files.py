# SPDX-License-Identifier: Apache-2.0
"""SQLite's file and root: the tool in a directory of the server's user, who may be hostile; what `init`
makes and gives away; what is said when somebody may not read or write it."""

import os
import pwd
import shutil
import sqlite3
import stat
import subprocess

import pytest

from support.keys import CTL
from support.ports import Directory, is_root, unprivileged

pytestmark = pytest.mark.skipif(not is_root(), reason="it is about root")

SECRET = "root:*:1:0:99999:7:::\n"


class Place:
    """A directory of the server's user, and beside it a file that is root's alone."""

    def __init__(self, mode=0o2770, owned=True):
        self.top = Directory("files")
        self.user, self.group = unprivileged("nobody", "www-data")
        self.uid = pwd.getpwnam(self.user).pw_uid
        self.data = self.top.mkdir("data", (self.user, self.group) if owned else None, mode)
        self.path = os.path.join(self.data, "keys.db")
        self.secret = self.top.write("shadow", SECRET, 0o600)

    def ctl(self, *args, **options):
        return subprocess.run([CTL, *args], capture_output=True, text=True, timeout=30,
                              env={**os.environ, "APIGUARD_DB": f"sqlite3:{self.path}"}, **options)

    def init(self):
        done = self.ctl("init", "--owner", self.user)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done

    def as_user(self, *args):
        return self.ctl(*args, user=self.user, group=self.group, extra_groups=[])

    def assert_the_secret_is_safe(self):
        info = os.stat(self.secret)
        assert (info.st_uid, stat.S_IMODE(info.st_mode)) == (0, 0o600)
        with open(self.secret, encoding="ascii") as f:
            assert f.read() == SECRET

    def close(self):
        self.top.close()


@pytest.fixture
def place():
    place = Place()
    yield place
    place.close()


@pytest.fixture
def roots():
    place = Place(owned=False)
    yield place
    place.close()


# ---- a hostile directory --------------------------------------------------------------------------

@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_init_gives_away_nothing_that_a_link_leads_to(place, link):
    """`init --owner` again was chown and chmod of whatever stood under the file's name."""
    link(place.secret, place.path)
    done = place.ctl("init", "--owner", place.user)
    assert done.returncode == 3 and done.stderr.startswith(f"apiguardctl: {place.path} "), done
    place.assert_the_secret_is_safe()
    assert place.ctl("init").returncode == 3
    place.assert_the_secret_is_safe()


@pytest.mark.parametrize("link", [os.link, os.symlink])
@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("args", [["key", "create", "--client", "acme"], ["key", "list"], ["init"],
                                  ["init", "--owner", "USER"]], ids=" ".join)
def test_what_lies_beside_it_harms_nobody(place, link, end, args):
    """SQLite writes to the files beside its own and removes them; as root it did that to what a link
    under their names led to."""
    place.init()
    link(place.secret, place.path + end)
    place.ctl(*(place.user if word == "USER" else word for word in args))
    place.assert_the_secret_is_safe()


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_nobody_waits_at_what_lies_beside_it(place, end):
    """SQLite opened a FIFO of that name, and the tool waited for ever."""
    place.init()
    os.mkfifo(place.path + end)
    done = place.ctl("key", "list")
    assert done.returncode == 3 and f"{place.path}{end} is no regular file" in done.stderr


def test_other_things_are_not_given_away(place):
    for make in (lambda: place.top.write("data/keys.db", SECRET, 0o600), lambda: os.mkfifo(place.path),
                 lambda: os.mkdir(place.path)):
        make()
        before = os.lstat(place.path)
        assert place.ctl("init", "--owner", place.user).returncode == 3
        after = os.lstat(place.path)
        assert (before.st_uid, before.st_mode) == (after.st_uid, after.st_mode)
        (os.rmdir if stat.S_ISDIR(after.st_mode) else os.unlink)(place.path)
    sqlite3.connect(place.path).execute("CREATE TABLE t (x)").connection.close()
    os.chown(place.path, 54321, 54321)
    done = place.ctl("init", "--owner", place.user)
    assert done.returncode == 3 and "belongs to somebody else" in done.stderr
    assert os.stat(place.path).st_uid == 54321


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_what_only_has_such_a_name_is_not_given_away(place, end):
    """Whoever may write to the directory can call a file that root has left there as he likes."""
    place.init()
    os.rename(place.top.write("data/backup", SECRET, 0o600), place.path + end)
    done = place.ctl("init", "--owner", place.user)
    assert done.returncode == 3 and f"{place.path}{end} is none of SQLite's files" in done.stderr
    info = os.stat(place.path + end)
    assert (info.st_uid, stat.S_IMODE(info.st_mode), info.st_size) == (0, 0o600, len(SECRET))


@pytest.mark.parametrize("owner", [["--owner", "USER"], []], ids=["owner", "nobody"])
def test_the_way_may_be_the_users(place, owner):
    """The database's directory lies in one of the server's user. With a link in its place he had root make
    files wherever he liked, and give away a directory of root's or another database."""
    other = place.top.mkdir("other", None, 0o2770)
    os.chmod(other, 0o2770)
    database = os.path.join(other, "keys.db")
    sqlite3.connect(database).execute("CREATE TABLE t (x)").connection.close()
    os.chmod(database, 0o600)
    os.symlink(other, os.path.join(place.data, "db"))
    place.path = os.path.join(place.data, "db", "keys.db")
    args = [place.user if word == "USER" else word for word in owner]
    for command in (["init", *args], ["key", "create", "--client", "acme"]):
        assert place.ctl(*command).returncode == 3
        assert [(os.stat(each).st_uid, stat.S_IMODE(os.stat(each).st_mode))
                for each in (other, database)] == [(0, 0o2770), (0, 0o600)]
        assert os.listdir(other) == ["keys.db"]


def test_init_in_the_users_own_directory(place):
    """There it works, with his rights."""
    place.path = os.path.join(place.data, "db", "keys.db")
    done = place.ctl("init")
    assert done.returncode == 3 and "init --owner USER" in done.stderr
    place.init()
    info = os.stat(os.path.dirname(place.path))
    assert (info.st_uid, stat.S_IMODE(info.st_mode)) == (place.uid, 0o2770)
    place.init()
    assert place.ctl("key", "create", "--client", "acme").returncode == 0
    assert os.stat(place.path).st_uid == place.uid


def test_roots_own_link_is_followed(place):
    os.symlink(place.data, place.top.join("link"))
    place.path = place.top.join("link/keys.db")
    place.init()
    assert place.ctl("key", "list").returncode == 0
    assert os.listdir(place.data) == ["keys.db"]


def test_root_works_as_the_owner(place):
    place.init()
    reader = sqlite3.connect(place.path)  # so that the files beside it stay
    reader.execute("SELECT count(*) FROM api_keys").fetchall()
    for name in (place.path + "-wal", place.path + "-shm"):
        os.unlink(name)
    assert place.ctl("key", "create", "--client", "acme").returncode == 0
    holder = sqlite3.connect(place.path)
    holder.execute("SELECT count(*) FROM api_keys").fetchall()
    assert place.ctl("key", "create", "--client", "acme").returncode == 0
    assert {os.stat(place.path + end).st_uid for end in ("", "-wal", "-shm")} == {place.uid}
    holder.close()
    reader.close()


def test_a_file_of_roots_in_a_directory_of_others(place):
    """What root left there is used as him to whom the directory belongs."""
    sqlite3.connect(place.path).execute("CREATE TABLE t (x)").connection.close()
    os.chmod(place.path, 0o600)
    done = place.ctl("key", "list")
    assert done.returncode == 3 and f"permission denied for {place.user}" in done.stderr
    place.init()
    assert place.ctl("key", "list").returncode == 0


@pytest.mark.parametrize("mode", [0o1777, 0o777])
def test_root_does_not_work_where_all_may_write(roots, mode):
    os.chmod(roots.data, mode)
    assert roots.ctl("init").returncode == 3
    done = roots.ctl("key", "list")
    assert done.returncode == 3 and "init --owner USER" in done.stderr
    roots.init()
    assert roots.ctl("key", "list").returncode == 0


def test_a_pepper_that_only_root_may_read(place):
    place.init()
    pepper = "file:" + place.top.write("pepper", "salt and pepper, and more\n", 0o600)
    key = place.ctl("key", "create", "--client", "acme", "--pepper", pepper).stdout.strip()
    done = place.ctl("key", "rotate", "-", "--pepper", pepper, input=key)
    assert done.returncode == 0, done
    assert place.ctl("key", "verify", "-", "--pepper", pepper, input=done.stdout).returncode == 0


# ---- somebody else's directory on the way ---------------------------------------------------------

STRANGER = 54321


@pytest.fixture
def stranger(place):
    """A directory of another user's; `place` is the server's user's, with a database."""
    place.init()
    return place.top.mkdir("stranger", (STRANGER, STRANGER))


def by_stranger(target, link):
    os.symlink(target, link)
    os.lchown(link, STRANGER, STRANGER)


def assert_refused(place, named, path, *command):
    own, place.path = place.path, path
    done = place.ctl(*command)
    place.path = own
    assert done.returncode == 3 and done.stdout == "", done
    assert f"{named}, which leads to {os.path.dirname(path)}, belongs to {STRANGER}" in done.stderr, done
    assert place.user in done.stderr
    assert place.ctl("key", "list", "--json").stdout.strip() == "[]"


@pytest.mark.parametrize("args", [["key", "create", "--client", "evil"], ["key", "export"],
                                  ["init", "--owner", "USER"]], ids=" ".join)
def test_nobody_leads_root_into_the_database_of_another(place, stranger, args):
    """Who owned a directory put a link to another user's in the place of his own: root's tool then made his
    keys in the other's database, with the other's rights."""
    by_stranger(place.data, os.path.join(stranger, "data"))
    assert_refused(place, stranger, os.path.join(stranger, "data/keys.db"),
                   *(place.user if word == "USER" else word for word in args))


def test_a_link_of_somebody_else_where_all_may_write(place, stranger):
    all_may = place.top.mkdir("tmp", None, 0o1777)
    os.chmod(all_may, 0o1777)
    link = os.path.join(all_may, "data")
    by_stranger(place.data, link)
    assert_refused(place, link, os.path.join(link, "keys.db"), "key", "create", "--client", "evil")


def test_a_link_of_roots_that_leads_by_somebody_elses(place, stranger):
    by_stranger(place.data, os.path.join(stranger, "data"))
    link = place.top.join("link")
    os.symlink("stranger/data/.", link)
    assert_refused(place, stranger, os.path.join(link, "keys.db"), "key", "create", "--client", "evil")


def test_links_that_lead_round_and_round(place):
    place.init()
    os.symlink("b", place.top.join("a"))
    os.symlink("a", place.top.join("b"))
    place.path = place.top.join("a/keys.db")
    assert place.ctl("key", "list").returncode == 3


@pytest.mark.parametrize("path", ["own/keys.db", "roots/../data/keys.db", "./data//keys.db"])
def test_his_own_links_are_followed(place, path):
    place.init()
    os.symlink("data/again", place.top.join("own"))
    os.lchown(place.top.join("own"), place.uid, place.uid)
    os.symlink(place.data, os.path.join(place.data, "again"))
    os.lchown(os.path.join(place.data, "again"), place.uid, place.uid)
    place.top.mkdir("roots")
    place.path = path
    done = place.ctl("key", "create", "--client", "acme", cwd=str(place.top))
    assert done.returncode == 0, done


# ---- init -----------------------------------------------------------------------------------------

def test_init_takes_over_what_the_installation_made(roots):
    """2770 and root's is how `make install` and `init` leave a directory for a database."""
    assert "2770" in oct(os.stat(roots.data).st_mode)
    roots.init()
    info = os.stat(roots.data)
    assert (info.st_uid, stat.S_IMODE(info.st_mode)) == (roots.uid, 0o2770)
    assert roots.as_user("key", "list").returncode == 0


def test_init_without_owner_and_then_with(roots):
    done = roots.ctl("init")
    assert done.returncode == 0 and "--owner " in done.stderr
    user = done.stderr.split("--owner ")[1].split(",")[0]
    assert pwd.getpwnam(user) if user != "USER" else "as whom" not in done.stderr
    roots.top.write("data/keys.db-wal", "", 0o644)  # as a tool that was killed leaves it
    roots.init()
    assert os.stat(roots.path + "-wal").st_uid == roots.uid if os.path.exists(roots.path + "-wal") else True
    assert roots.as_user("key", "create", "--client", "acme").returncode == 0
    assert roots.ctl("init").stderr == ""


def test_a_process_of_that_name_is_no_server(roots):
    """Anybody can run something that is called httpd; `init` proposed to give him the database."""
    program = roots.top.join("httpd")
    shutil.copy(shutil.which("sleep"), program)
    os.chmod(program, 0o755)
    alone = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]  # where no real server is found first
    if subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
        pytest.skip("no namespace of processes")
    run = ('setpriv --reuid games --regid games --clear-groups "$0" 60 & sleep 0.3\n'
           '[ "$(cat /proc/$!/comm)" = httpd ] && exec "$1" init')
    done = subprocess.run([*alone, "sh", "-c", run, program, CTL], capture_output=True, text=True, timeout=30,
                          env={**os.environ, "APIGUARD_DB": f"sqlite3:{roots.path}"})
    assert done.returncode == 0 and "--owner " in done.stderr and "games" not in done.stderr, done


def test_another_directory_of_roots_is_left_alone(roots):
    os.chmod(roots.data, 0o755)
    done = roots.ctl("init", "--owner", roots.user)
    assert done.returncode == 3 and f"{roots.data}: permission denied for {roots.user}" in done.stderr
    assert os.stat(roots.data).st_uid == 0


# ---- permission denied ----------------------------------------------------------------------------

def test_denied_is_not_absent(place):
    """The tool said "there is no database" where it may not look, and "no usable tables" where SQLite may
    not make its files."""
    place.init()
    os.chmod(place.data, 0o700)
    os.chown(place.data, 0, 0)
    done = place.as_user("key", "list")
    assert done.returncode == 3 and "ermission denied" in done.stderr and "no database" not in done.stderr
    os.chmod(place.data, 0o755)
    done = place.as_user("key", "list")
    assert done.returncode == 3 and f"{place.data}: permission denied for {place.user}" in done.stderr
    os.chmod(place.path, 0o600)
    os.chown(place.path, 0, 0)
    done = place.as_user("key", "list")
    assert done.returncode == 3 and f"{place.path}: permission denied for {place.user}" in done.stderr
