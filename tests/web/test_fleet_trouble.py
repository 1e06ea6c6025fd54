# SPDX-License-Identifier: Apache-2.0
"""A fleet whose memcached is in trouble: nobody waits for it twice, and little more passes than may."""

import itertools
import os
import random
import shutil
import socket
import subprocess
import time
import urllib.parse

import pytest

from support.fleet import in_turn, make_fleet, storm, use_up
from support.memcached import Memcached
from support.ports import LOOPBACK, Directory, free_port, unprivileged, wait_for_port
from support.waiting import wait_until

pytestmark = pytest.mark.alone


def away(*nodes):
    for node in nodes:
        node.expect(r"apiguard.*memcached")


@pytest.mark.slow
def test_a_flush_lets_little_more_pass(own_httpd, own_memcached):
    """Servers that are asked in turn give back at once what they had seen."""
    nodes, path = make_fleet(own_httpd, own_memcached.address), "/s/fixed/hello.html"
    passed = in_turn(nodes, 30, path).count(200)
    own_memcached.command("flush_all")
    passed += in_turn(nodes, 60, path).count(200)
    use_up(nodes, path, passed, 200, 200 + 4 * 25)  # an eighth of 200 for each


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["flushed", "restarted"])
def test_what_was_lost_comes_back_from_servers_that_nobody_asks(own_httpd, own_memcached, trouble):
    """Three servers have used it up and refuse by what they know. The other one knows little."""
    nodes, path = make_fleet(own_httpd, own_memcached.address), "/s/fixed/hello.html"
    away(*nodes)
    assert nodes[0].get(path).status == 200
    use_up(nodes[1:], path, 1 + storm(nodes[1:], 80, path).count(200))
    if trouble == "flushed":
        own_memcached.command("flush_all")
    else:
        own_memcached.restart()
    wait_until(lambda: any("AG0503" in node.error_log() for node in nodes[1:]))
    assert storm(nodes[:1], 60, path) == [429] * 120


@pytest.mark.slow
def test_a_restart_lets_little_more_pass(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached.address)
    away(*nodes)
    path = "/s/fixed/hello.html"
    use_up(nodes, path, storm(nodes, 80, path).count(200))
    own_memcached.restart()
    time.sleep(2)
    assert storm(nodes, 40, path).count(200) == 0, "all had seen that it was used up"


def marks(node, section, n, name="hello.html"):
    """(what decided without memcached or "-", milliseconds) of each request of that section, once n
    of them are in the log: httpd writes behind the answer, and each process on its own."""
    path = f"/s/{section}/{name}"
    log = node.named_log("fleet.log", lambda text: text.count(f"{path}|") >= n)
    lines = [line.split("|") for line in log.splitlines()]
    return [(line[2], int(line[3]) // 1000) for line in lines if line[0] == path]


PATIENCE = 500  # a time-out in ms that stands out from what a busy machine takes for a request


@pytest.mark.parametrize("trouble", ["killed", "hung", "black hole"])
def test_nobody_waits_for_it_twice(own_httpd, own_memcached, trouble):
    """One request waits, once for all processes; then the breaker is open, and one in a second
    tries. Each decision without memcached is marked in the log."""
    hole = socket.create_server((LOOPBACK, 0), backlog=256)  # takes connections, never answers
    address = f"{LOOPBACK}:{hole.getsockname()[1]}" if trouble == "black hole" else own_memcached.address
    (node,) = make_fleet(own_httpd, address, n=1, timeout=PATIENCE)
    away(node)
    if trouble != "black hole":
        assert node.get("/s/wide/hello.html").status == 200
    if trouble == "killed":
        own_memcached.kill()
    if trouble == "hung":
        own_memcached.hang()
    start = time.monotonic()
    try:
        seen = [node.get("/s/deny/hello.html").status for _ in range(40)]
        local = [node.get("/s/local/hello.html").status for _ in range(20)]
    finally:
        if trouble == "hung":
            own_memcached.resume()
        hole.close()
    tries = 1 + int(time.monotonic() - start)
    assert seen == [503] * 40
    assert local == [200] * 10 + [429] * 10
    denied, counted = marks(node, "deny", 40), marks(node, "local", 20)
    assert {mark for mark, _ in denied} == {"deny"} and {mark for mark, _ in counted} == {"local"}
    slow = [ms for _, ms in denied + counted if ms > PATIENCE * 3 / 4]
    assert len(slow) <= tries, slow
    assert max(slow, default=0) < PATIENCE * 3, "no longer than the time-out"


@pytest.mark.slow
def test_it_is_noticed_within_two_seconds(own_httpd, own_memcached):
    (node,) = make_fleet(own_httpd, own_memcached.address, n=1, timeout=PATIENCE)
    away(node)
    own_memcached.hang()
    assert node.get("/s/deny/hello.html").status == 503
    own_memcached.resume()
    start = time.monotonic()
    while node.get("/s/deny/hello.html").status == 503:
        time.sleep(0.02)
        assert time.monotonic() - start < 2
    node.wait_log(r"AG0502: .* [1-9][0-9]* requests were decided without it")


@pytest.mark.slow
def test_dropped_packets(own_httpd):
    """memcached in a network of its own, whose answers are dropped on the way."""
    name = f"ag{free_port()}"

    def ip(*words):
        return subprocess.run(["ip", *words], capture_output=True, text=True)

    def unused(n):
        return not ip("route", "show", f"10.213.{n}.0/30").stdout

    if not shutil.which("ip") or ip("netns", "add", name).returncode:
        pytest.skip("this machine allows no network namespaces (ip netns add)")
    net = next(filter(unused, random.sample(range(256), 256)))
    here, there = f"10.213.{net}.1", f"10.213.{net}.2"
    server = None
    try:
        made = [ip("link", "add", name, "type", "veth", "peer", "name", f"{name}p"),
                ip("link", "set", f"{name}p", "netns", name),
                ip("addr", "add", f"{here}/30", "dev", name), ip("link", "set", name, "up"),
                ip("-n", name, "addr", "add", f"{there}/30", "dev", f"{name}p"),
                ip("-n", name, "link", "set", f"{name}p", "up")]
        if any(each.returncode for each in made):
            pytest.skip("no veth pair: " + " ".join(each.stderr for each in made))
        port = free_port()
        user = unprivileged()
        server = subprocess.Popen(["ip", "netns", "exec", name, "memcached", "-l", there, "-p",
                                   str(port), "-U", "0"] + (["-u", user[0]] if user else []))
        wait_for_port(port, server, host=there)
        (node,) = make_fleet(own_httpd, f"{there}:{port}", n=1, timeout=PATIENCE)
        away(node)
        for i in range(20):  # so that each process has a connection
            assert node.get("/s/tenant/hello.html", headers={"X-Tenant": f"t{i}"}).status == 200
        assert ip("-n", name, "route", "del", here[:-1] + "0/30", "dev", f"{name}p").returncode == 0
        assert ip("-n", name, "route", "add", "blackhole", f"{here}/32").returncode == 0
        start = time.monotonic()
        seen = [node.get("/s/deny/hello.html").status for _ in range(20)]
        tries = 1 + int(time.monotonic() - start)
        assert 503 in seen and set(seen) <= {200, 503}
        slow = [ms for _, ms in marks(node, "deny", 20) if ms > PATIENCE * 3 / 4]
        assert len(slow) <= tries, slow
        assert max(slow, default=0) < PATIENCE * 3, "no longer than the time-out"
        assert ip("-n", name, "route", "del", "blackhole", f"{here}/32").returncode == 0
        assert ip("-n", name, "route", "add", here[:-1] + "0/30", "dev", f"{name}p").returncode == 0
        start = time.monotonic()
        while node.get("/s/deny/hello.html").status == 503:
            time.sleep(0.05)
            assert time.monotonic() - start < 20
    finally:
        if server:
            server.kill()
            server.wait()
        ip("link", "del", name)
        ip("netns", "del", name)


numbers = itertools.count()


def crowd_out(server, counter):
    """Until it has evicted that one: by items of its size, since each size has memory of its own."""
    with socket.create_connection((LOOPBACK, server.port), 20) as s:
        for _ in range(20):
            for _ in range(2000):
                s.sendall(f"set {next(numbers):0{len(counter)}} 0 0 66 noreply\r\n{'x' * 66}\r\n".encode())
            s.sendall(f"get {counter}\r\n".encode())
            if s.recv(1000) == b"END\r\n":
                return
    raise AssertionError("it is still there")


@pytest.mark.slow
def test_a_memcached_that_is_too_full(own_httpd):
    """It evicts the counter again and again; the nodes put back what they had seen."""
    server = Memcached("-m", "1", "-I", "524288", "-o", "no_lru_maintainer")
    path = "/s/fixed/hello.html"
    try:
        nodes = make_fleet(own_httpd, server.address, n=2)
        away(*nodes)
        passed = storm(nodes, 20, path).count(200)
        (counter,) = [line.split()[0].split("=", 1)[1] for line in server.items()]
        counter = urllib.parse.unquote(counter)
        for i in range(5):
            crowd_out(server, counter)
            passed += storm(nodes, 20, path).count(200)
        use_up(nodes, path, passed, 200, 200 + 5 * 25)  # with each loss one lease, at most
    finally:
        server.close()


@pytest.mark.slow
def test_through_a_proxy(own_httpd, own_memcached, tmp_path):
    """twemproxy speaks the text protocol and knows gets and cas."""
    program = shutil.which("nutcracker") or "/usr/sbin/nutcracker"
    if not os.path.exists(program):
        pytest.skip("Debian's nutcracker (twemproxy) is not installed")
    port, stats = free_port(), free_port()
    conf = tmp_path / "nutcracker.yml"
    conf.write_text(f"fleet:\n  listen: {LOOPBACK}:{port}\n  hash: fnv1a_64\n  distribution: ketama\n"
                    f"  timeout: 2000\n  servers:\n   - {own_memcached.address}:1\n")
    proxy = subprocess.Popen([program, "-c", str(conf), "-s", str(stats), "-a", LOOPBACK],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, proxy)
        nodes = make_fleet(own_httpd, f"{LOOPBACK}:{port}", n=2)
        use_up(nodes, "/s/fixed/hello.html", storm(nodes, 100, "/s/fixed/hello.html").count(200))
    finally:
        proxy.kill()
        proxy.wait()


@pytest.mark.slow
def test_a_unix_socket(own_httpd, own_memcached):
    folder = Directory("fleet")
    path = os.path.join(folder.mkdir("run", unprivileged("nobody")), "memcached.sock")
    server = subprocess.Popen(["memcached", "-s", path, "-a", "0777", "-u", (unprivileged() or ["nobody"])[0]])
    try:
        end = time.monotonic() + 30
        while not os.path.exists(path) and time.monotonic() < end:
            time.sleep(0.05)
        nodes = make_fleet(own_httpd, path, n=2)
        use_up(nodes, "/s/fixed/hello.html", storm(nodes, 100, "/s/fixed/hello.html").count(200))
    finally:
        server.kill()
        server.wait()
        folder.close()


def test_losing_one_of_two_affects_its_keys_alone(own_httpd, own_memcached):
    other = Memcached()
    try:
        (node,) = make_fleet(own_httpd, f"{own_memcached.address},{other.address}", n=1, timeout=PATIENCE)
        node.put("api/last.html", "last\n")
        away(node)
        tenants = [f"t{i}" for i in range(30)]

        def ask(page="hello.html"):
            return [node.get(f"/s/tenant/{page}", headers={"X-Tenant": t}).status for t in tenants]

        assert ask() == [200] * 30
        mine = int(own_memcached.stat("curr_items"))
        assert 0 < mine < 30, "each server has some"
        other.kill()
        ask()
        assert ask("last.html") == [200] * 30
        assert [mark for mark, _ in marks(node, "tenant", 30, "last.html")].count("-") == mine
    finally:
        other.close()
