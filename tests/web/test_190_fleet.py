# SPDX-License-Identifier: Apache-2.0
"""A fleet: several servers, one memcached. Exactly N pass on all of them together, memcached is
seldom asked, and when it is in trouble nobody waits for it."""

import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from support.memcached import Memcached
from support.ports import LOOPBACK, free_port, unprivileged, wait_for_port

CONF = """
ApiGuardCounterStore memcached:{address} prefix=fleet timeout={timeout}
LogFormat "%U|%>s|%{APIGUARD_DEGRADED}e|%D" fleet
CustomLog logs/fleet.log fleet
<Location "/s/sliding/">
    ApiGuardRateLimit 200/day by=global algorithm=sliding
</Location>
<Location "/s/fixed/">
    ApiGuardRateLimit 200/day by=global algorithm=fixed
</Location>
<Location "/s/bucket/">
    ApiGuardRateLimit 200/day by=global algorithm=bucket
</Location>
<Location "/s/wide/">
    ApiGuardRateLimit 10000000/day by=global
</Location>
<Location "/s/tenant/">
    ApiGuardRateLimit 20/day by=header:X-Tenant
    ApiGuardStoreFailure allow
</Location>
<Location "/s/deny/">
    ApiGuardRateLimit 10000/day by=global
    ApiGuardStoreFailure deny
</Location>
<Location "/s/local/">
    ApiGuardRateLimit 40/day by=global algorithm=fixed
    ApiGuardStoreFailure local/4
</Location>
"""


def make_fleet(own_httpd, address, n=4, timeout=2000, **kw):
    words = {"address": address, "timeout": timeout}
    return [own_httpd(CONF, words=words, processes=2, threads=16, **kw) for _ in range(n)]


def storm(nodes, each, path, clients=2):
    """So many clients of every node at once; all statuses."""
    seen = []

    def run(node):
        seen.extend(node.client.storm(clients, each, path))

    threads = [threading.Thread(target=run, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def test_exactly_n_pass_on_four_servers(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached.address)
    for algorithm in ("sliding", "fixed", "bucket"):
        seen = storm(nodes, 80, f"/s/{algorithm}/hello.html")
        assert len(seen) == 640
        assert set(seen) <= {200, 429}
        passed = seen.count(200)
        if algorithm == "fixed":
            assert passed == 200
        else:  # of sliding and bucket the last hundredth is left to gather for a while
            assert 197 <= passed <= 200


def test_refused_requests_ask_nobody(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached.address)
    assert 429 in storm(nodes, 80, "/s/fixed/hello.html")
    before, start = own_memcached.trips(), time.monotonic()
    seen = storm(nodes, 100, "/s/fixed/hello.html")
    asked, doubts = own_memcached.trips() - before, 1 + int((time.monotonic() - start) / 2)
    assert seen == [429] * 800
    assert asked <= 4 * doubts, "a node may ask after 2, 4, 8 ... seconds, and no more"


def test_a_busy_fleet_seldom_asks(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached.address)
    before, start = own_memcached.trips(), time.monotonic()
    seen = [status for _ in range(20) for status in storm(nodes, 50, "/s/wide/hello.html")]
    asked, seconds = own_memcached.trips() - before, time.monotonic() - start
    assert seen == [200] * 8000
    print(f"{asked} round trips for {len(seen)} requests in {seconds:.1f} s")
    # A lease lasts a second, whatever comes: so at 1,000 requests a second a twentieth, and as
    # much again once, while the batches grow.
    assert asked <= 50 * seconds + 4 * 40


def test_what_a_server_holds_is_given_back(own_httpd, own_memcached):
    """One server answers much, then all requests go to another one."""
    nodes = make_fleet(own_httpd, own_memcached.address, n=2)
    assert storm(nodes[:1], 60, "/s/fixed/hello.html") == [200] * 120
    time.sleep(2.5)  # a second, and the watchdog's turn
    assert nodes[1].client.burst(200, "/s/fixed/hello.html").count(200) == 80


# ---- memcached in trouble ------------------------------------------------------------------------

def away(*nodes):
    for node in nodes:
        node.expect(r"apiguard.*memcached")


def test_a_flush_lets_little_more_pass(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached.address)
    passed = storm(nodes, 15, "/s/fixed/hello.html").count(200)
    own_memcached.command("flush_all")
    passed += storm(nodes, 80, "/s/fixed/hello.html").count(200)
    assert 200 <= passed <= 200 + 4 * 25, "a lease is an eighth of what is left, at most"


def test_a_restart_lets_little_more_pass(own_httpd, own_memcached):
    nodes = make_fleet(own_httpd, own_memcached.address)
    away(*nodes)
    passed = storm(nodes, 80, "/s/fixed/hello.html").count(200)
    assert passed == 200
    own_memcached.restart()
    time.sleep(2)
    seen = storm(nodes, 40, "/s/fixed/hello.html")
    assert seen.count(200) == 0, "all had seen that it was used up"


def degraded(node, n):
    """The last n lines of the log, each split, once all of node.asked requests are in it: httpd
    writes behind the answer."""
    end = time.monotonic() + 3
    while True:
        lines = [line.split("|") for line in node.named_log("fleet.log").splitlines()]
        if len(lines) >= node.asked or time.monotonic() > end:
            return lines[-n:]
        time.sleep(0.02)


@pytest.mark.parametrize("trouble", ["killed", "hung", "black hole"])
def test_nobody_waits_for_it_twice(own_httpd, own_memcached, trouble):
    """One request waits, once for all processes; then the breaker is open, and one in a second
    tries. Each decision without memcached is marked in the log."""
    hole = socket.create_server((LOOPBACK, 0), backlog=256)  # takes connections, never answers
    address = f"{LOOPBACK}:{hole.getsockname()[1]}" if trouble == "black hole" else own_memcached.address
    (node,) = make_fleet(own_httpd, address, n=1, timeout=100)
    away(node)
    node.asked = 60 + (trouble != "black hole")
    if trouble != "black hole":
        assert node.get("/s/deny/hello.html").status == 200
    if trouble == "killed":
        own_memcached.kill()
    if trouble == "hung":
        own_memcached.hang()
    try:
        seen = [node.get("/s/deny/hello.html").status for _ in range(40)]
        local = [node.get("/s/local/hello.html").status for _ in range(20)]
    finally:
        if trouble == "hung":
            own_memcached.resume()
        hole.close()
    assert seen.count(503) == 40
    assert local == [200] * 10 + [429] * 10
    lines = degraded(node, 60)
    assert [line[2] for line in lines] == ["deny"] * 40 + ["local"] * 20
    slow = [int(line[3]) for line in lines if int(line[3]) > 60000]
    assert len(slow) <= 3, slow
    assert max(int(line[3]) for line in lines) < 400000, "no longer than the time-out of 100 ms"


def test_it_is_noticed_within_two_seconds(own_httpd, own_memcached):
    (node,) = make_fleet(own_httpd, own_memcached.address, n=1, timeout=100)
    away(node)
    own_memcached.hang()
    assert node.get("/s/deny/hello.html").status == 503
    own_memcached.resume()
    start = time.monotonic()
    while node.get("/s/deny/hello.html").status == 503:
        time.sleep(0.02)
        assert time.monotonic() - start < 2
    node.wait_log(r"AG0502: .* [1-9][0-9]* requests were decided without it")


def test_dropped_packets(own_httpd):
    """memcached in a network of its own, whose answers are dropped on the way."""
    name = f"ag{free_port()}"
    here, there = f"10.213.{free_port() % 250}.1", None
    there = here[:-1] + "2"

    def ip(*words):
        return subprocess.run(["ip", *words], capture_output=True, text=True)

    if not shutil.which("ip") or ip("netns", "add", name).returncode:
        pytest.skip("this machine allows no network namespaces (ip netns add)")
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
        time.sleep(0.5)
        (node,) = make_fleet(own_httpd, f"{there}:{port}", n=1, timeout=100)
        away(node)
        assert node.get("/s/deny/hello.html").status == 200
        assert ip("-n", name, "route", "del", here[:-1] + "0/30", "dev", f"{name}p").returncode == 0
        assert ip("-n", name, "route", "add", "blackhole", f"{here}/32").returncode == 0
        seen = [node.get("/s/deny/hello.html").status for _ in range(20)]
        assert 503 in seen and set(seen) <= {200, 503}
        node.asked = 21
        slow = [line for line in degraded(node, 20) if int(line[3]) > 60000]
        assert len(slow) <= 2, slow
        assert ip("-n", name, "route", "del", "blackhole", f"{here}/32").returncode == 0
        assert ip("-n", name, "route", "add", here[:-1] + "0/30", "dev", f"{name}p").returncode == 0
        start = time.monotonic()
        while node.get("/s/deny/hello.html").status == 503:
            time.sleep(0.05)
            assert time.monotonic() - start < 4
    finally:
        if server:
            server.kill()
            server.wait()
        ip("link", "del", name)
        ip("netns", "del", name)


def test_a_memcached_that_is_too_full(own_httpd):
    """It evicts counters all the time; the nodes put back what they had seen."""
    server = Memcached("-m", "1", "-I", "524288")
    try:
        nodes = make_fleet(own_httpd, server.address, n=2)
        away(*nodes)
        passed = 0
        for i in range(6):
            seen = storm(nodes, 20, "/s/fixed/hello.html")
            passed += seen.count(200)
            with socket.create_connection((LOOPBACK, server.port), 5) as s:
                for k in range(3000):
                    s.sendall(f"set junk{i}.{k} 0 0 1000 noreply\r\n{'x' * 1000}\r\n".encode())
                s.sendall(b"version\r\n")
                s.recv(100)
        assert int(server.stat("evictions")) > 0
        assert 200 <= passed <= 200 + 2 * 25
    finally:
        server.close()


def test_through_a_proxy(own_httpd, own_memcached, tmp_path):
    """twemproxy speaks the text protocol and knows gets and cas."""
    program = shutil.which("nutcracker") or "/usr/sbin/nutcracker"
    if not shutil.os.path.exists(program):
        pytest.skip("Debian's nutcracker (twemproxy) is not installed")
    port, stats = free_port(), free_port()
    conf = tmp_path / "nutcracker.yml"
    conf.write_text(f"fleet:\n  listen: {LOOPBACK}:{port}\n  hash: fnv1a_64\n  distribution: ketama\n"
                    f"  timeout: 400\n  servers:\n   - {own_memcached.address}:1\n")
    proxy = subprocess.Popen([program, "-c", str(conf), "-s", str(stats), "-a", LOOPBACK],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, proxy)
        nodes = make_fleet(own_httpd, f"{LOOPBACK}:{port}", n=2)
        assert storm(nodes, 100, "/s/fixed/hello.html").count(200) == 200
    finally:
        proxy.kill()
        proxy.wait()


def test_a_unix_socket(own_httpd, own_memcached, tmp_path):
    path = f"/tmp/ag-fleet-{own_memcached.port}.sock"
    server = subprocess.Popen(["memcached", "-s", path, "-a", "0777", "-u", (unprivileged() or ["nobody"])[0]])
    try:
        end = time.monotonic() + 5
        while not shutil.os.path.exists(path) and time.monotonic() < end:
            time.sleep(0.05)
        nodes = make_fleet(own_httpd, path, n=2)
        assert storm(nodes, 100, "/s/fixed/hello.html").count(200) == 200
    finally:
        server.kill()
        server.wait()
        if shutil.os.path.exists(path):
            shutil.os.unlink(path)


def test_losing_one_of_two_affects_its_keys_alone(own_httpd, own_memcached):
    other = Memcached()
    try:
        (node,) = make_fleet(own_httpd, f"{own_memcached.address},{other.address}", n=1, timeout=200)
        away(node)
        tenants = [f"t{i}" for i in range(30)]

        def ask():
            return [node.get("/s/tenant/hello.html", headers={"X-Tenant": t}).status for t in tenants]

        assert ask() == [200] * 30
        mine = int(own_memcached.stat("curr_items"))
        assert 0 < mine < 30, "each server has some"
        other.kill()
        time.sleep(0.1)
        ask()
        assert ask() == [200] * 30
        node.asked = 90
        marks = [line[2] for line in degraded(node, 30)]
        assert marks.count("-") == mine
    finally:
        other.close()
