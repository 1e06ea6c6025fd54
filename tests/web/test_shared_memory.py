# SPDX-License-Identifier: Apache-2.0
"""The parent process and root's tool believe nothing that a child can write. The server's children can
write all of its shared memory and the control file, and one that was taken over does. `bans_at` in
the control file, written over by a child, ended the parent (root) by SIGSEGV at the next graceful restart, and all
sites with it: layout was read from there. Here each word of each head is written over, a graceful restart
follows, and the server goes on guarding."""

import os
import struct
import time

import pytest

from support.problem import assert_refused

CONF = """
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Location "/s/x/">
    AuthType ApiGuard
    AuthName x
    Require valid-user
    ApiGuardBan 3/min for=10min
    ApiGuardRateLimit 3/day
</Location>
<Location "/s/flying/">
    ApiGuardConcurrency 2 by=global
</Location>
"""
FLEET = 'ApiGuardCounterStore memcached:{memcached} prefix=test timeout=100\n'

# A part's magic number as it lies in memory, and how many words its head has.
HEADS = {
    "counters": (struct.pack("<Q", 0x61676c696d697473), 4),
    "cache": (struct.pack("<Q", 0x34656863616361), 4),
    "usage": (struct.pack("<Q", 0x3265676173756761), 5),
    "inflight": (struct.pack("<Q", 0x6167696e666c7431), 4),
    "control": (b"mod_apiguard control 3\n\0", 11),
    "bans": (struct.pack("<Q", 0x616762616e733034), 10),
    "leases": (struct.pack("<Q", 0x61676c6561736573), 12),
}
SAYS = r"AG0740: shared memory: the head of [\w ]+ is not what this server wrote"
BITES = (0x0000400000004000, 0xffffffffffffffff)


class Memory:
    """All shared memory of a server as one of its children has it."""

    def __init__(self, pid):
        self.pid = pid
        self.maps = []
        with open(f"/proc/{self.pid}/maps") as f:
            for line in f:
                place, mode, *rest = line.split()
                name = rest[3] if len(rest) > 3 else ""
                start, end = (int(x, 16) for x in place.split("-"))
                if mode == "rw-s" and (name.endswith(".control") or name == "/dev/zero") \
                        and end - start < 1 << 28:
                    self.maps.append((start, end))

    def find(self, magic):
        """Where heads begin."""
        found = []
        with open(f"/proc/{self.pid}/mem", "rb", 0) as f:
            for start, end in self.maps:
                f.seek(start)
                data = f.read(end - start)
                at = data.find(magic)
                while at >= 0:
                    if at % 8 == 0:
                        found.append(start + at)
                    at = data.find(magic, at + 1)
        return found

    def write(self, address, value):
        with open(f"/proc/{self.pid}/mem", "r+b", 0) as f:
            f.seek(address)
            f.write(struct.pack("<Q", value))


def bite(web, head, word, value):
    """Writes over that word of each such head. A child may be on its way out; then another does it."""
    for _ in range(100):
        try:
            memory = Memory(web.children()[-1])
            places = memory.find(HEADS[head][0])
            for place in places:
                memory.write(place + 8 * word, value)
            assert places, head
            return
        except (OSError, IndexError):
            time.sleep(0.05)
    pytest.fail("no child lives long enough")


@pytest.fixture(scope="module")
def web(make_httpd, memcached):
    web = make_httpd(CONF, modules=["remoteip", "watchdog"], threads=4)
    web.key = web.keys.create(client="acme")
    return web


numbers = iter(range(1, 100000))


def guards(web):
    """Credential, limit, ban: all of it in force, with no 500 and no closed connection."""
    at = f"198.51.100.{next(numbers) % 250}"
    assert web.get("/s/x/hello.html", key=web.key, headers={"X-Client": at}).status in (200, 429)
    assert_refused(web.get("/s/x/hello.html"), "credential_missing")
    assert web.get("/s/flying/hello.html").status == 200
    key = web.keys.create(client=f"client-{next(numbers)}")
    assert [web.get("/s/x/hello.html", key=key).status for _ in range(4)] == [200] * 3 + [429]
    at = f"198.51.{next(numbers) % 250}.7"
    answers = [web.get("/s/x/hello.html", key=f"wrong-key-{next(numbers)}-of-nobody",
                       headers={"X-Client": at}) for _ in range(4)]
    assert [answer.json["code"] for answer in answers] == ["key_invalid"] * 3 + ["banned"]


def bite_each_word(web, head, values=BITES):
    web.expect(SAYS)
    guards(web)
    for word in range(HEADS[head][1]):
        for value in values:
            bite(web, head, word, value)
            web.graceful()
            assert web.process.poll() is None
    guards(web)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="writes into another process's memory")
@pytest.mark.parametrize("head", [name for name in HEADS if name != "leases"])
def test_a_head_that_a_child_wrote_over_ends_nobody(web, head):
    bite_each_word(web, head)
    assert web.verdict.error.all().count("AG0740") >= 1


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="writes into another process's memory")
def test_the_leases_of_a_fleet(own_httpd, memcached):
    web = own_httpd(FLEET + CONF, modules=["remoteip", "watchdog"], threads=4,
                    words={"memcached": memcached.address})
    web.key = web.keys.create(client="acme")
    bite_each_word(web, "leases", BITES[:1])


@pytest.mark.skipif(os.geteuid() != 0, reason="writes into another process's memory")
def test_bans_and_counts_outlive_a_restart_without_that(web):
    at = "203.0.113.9"
    for _ in range(3):
        web.get("/s/x/hello.html", key="wrong-key-of-nobody", headers={"X-Client": at})
    said = web.verdict.error.all().count("AG0740")
    web.graceful()
    assert_refused(web.get("/s/x/hello.html", key="wrong-key-of-nobody",
                           headers={"X-Client": at}), "banned")
    assert web.verdict.error.all().count("AG0740") == said


@pytest.mark.skipif(os.geteuid() != 0, reason="writes into another process's memory")
def test_the_tool_reads_a_desk_that_a_child_wrote_over(web):
    """`apiguardctl ban` runs as root: the layout is what the file's length says, or it refuses."""
    for word in range(4, 7):  # size, bans_at, bans_size
        bite(web, "control", word, BITES[0])
        done = web.keys.ctl("ban", "list", "--runtime", web.dir.join("run"), check=False)
        assert done.returncode == 1 and "another version" in done.stderr
        web.expect(SAYS)
        web.graceful()
    done = web.keys.ctl("ban", "list", "--runtime", web.dir.join("run"), check=False)
    assert done.returncode == 0
