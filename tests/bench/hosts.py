# SPDX-License-Identifier: Apache-2.0
"""Starts httpd without and with the module, with thousands of virtual hosts and ten sections in each, and
reloads it: seconds, a processor's time and the parent's memory.

    hosts.py HTTPD DIRECTORY MODULE DATABASE HOSTS SECTIONS MODULES-LINES-FILE

Prints a table. Status 1 when the start or the reload takes more than twice what httpd takes alone."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

httpd, directory, module, database, hosts, sections, modules = sys.argv[1:]
hosts, sections = int(hosts), int(sections)
ROUNDS = 3
TICK = os.sysconf("SC_CLK_TCK")

ALONE = "AuthType Basic\nAuthUserFile /dev/null\n"
GUARDED = "AuthType ApiGuard\nApiGuardRateLimit 100/min\n"

HEAD = """ServerRoot {root}
DefaultRuntimeDir {root}
PidFile httpd.pid
ErrorLog error.log
ServerName bench.test
Listen 127.0.0.1:{port}
{modules}
StartServers 1
ServerLimit 1
ThreadsPerChild 4
ThreadLimit 4
MinSpareThreads 1
MaxSpareThreads 4
MaxRequestWorkers 4
DBDriver sqlite3
DBDParams {database}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write_conf(root, port, guarded, n_sections):
    with open(modules) as f:
        text = HEAD.format(root=root, port=port, modules=f.read(), database=database)
    if guarded:
        text += f"LoadModule apiguard_module {module}\n"
    each = "".join(f'<Location "/s{i}/">\nAuthName x\nRequire valid-user\n'
                   f'{GUARDED if guarded else ALONE}</Location>\n' for i in range(n_sections))
    with open(f"{root}/httpd.conf", "w") as f:
        f.write(text)
        for i in range(hosts):
            f.write(f"<VirtualHost *:{port}>\nServerName h{i}.test\n{each}</VirtualHost>\n")


def wait_up(process, log, times):
    while True:
        with open(log, "ab+") as f:
            f.seek(0)
            if f.read().count(b"resuming normal operations") >= times:
                return
        if process.poll() is not None:
            sys.exit(f"httpd did not start: see {log}")
        time.sleep(0.01)


def processor_time(pid):
    """Of the parent and of those of its children that have ended."""
    with open(f"/proc/{pid}/stat") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return sum(int(word) for word in words[11:15]) / TICK


def own_memory(pid):
    """Bytes of the parent's that no file and no shared memory are."""
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"RssAnon:\s+(\d+)", f.read())[1]) * 1024


def measure(guarded, n_sections):
    """{what: number} of one start and one reload."""
    root = f"{directory}/{'guarded' if guarded else 'alone'}"
    os.makedirs(root, exist_ok=True)
    log = f"{root}/error.log"
    if os.path.exists(log):
        os.unlink(log)
    write_conf(root, free_port(), guarded, n_sections)
    began = time.monotonic()
    process = subprocess.Popen([httpd, "-f", f"{root}/httpd.conf", "-DFOREGROUND"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        wait_up(process, log, 1)
        found = {"start": time.monotonic() - began, "start cpu": processor_time(process.pid)}
        began = time.monotonic()
        process.send_signal(signal.SIGUSR1)
        wait_up(process, log, 2)
        found["reload"] = time.monotonic() - began
        found["reload cpu"] = processor_time(process.pid) - found["start cpu"]
        found["memory"] = own_memory(process.pid)
    finally:
        process.terminate()
        process.wait()
    return found


def best(guarded, n_sections, rounds=ROUNDS):
    """The least of several rounds: whatever else the machine does only adds."""
    all_of_them = [measure(guarded, n_sections) for _ in range(rounds)]
    return {what: min(each[what] for each in all_of_them) for what in all_of_them[0]}


def main():
    alone, guarded = best(0, sections), best(1, sections)
    bare = measure(1, 0)["memory"] - measure(0, 0)["memory"]
    too_much = 0
    print(f"\n{hosts:,} virtual hosts, {hosts * sections:,} sections, one database")
    print(f"{'':32}{'alone':>10}{'guarded':>10}{'ratio':>8}{'never over':>12}")
    for what, title, never in (
            ("start cpu", "start, processor's seconds", 2), ("reload cpu", "reload, the same", 2),
            ("start", "start, seconds", None), ("reload", "reload, seconds", None)):
        ratio = guarded[what] / max(alone[what], 0.01)
        over = never is not None and ratio > never
        too_much |= over
        print(f"{title:32}{alone[what]:>10.2f}{guarded[what]:>10.2f}{ratio:>8.2f}"
              f"{never or '':>12}{' TOO MUCH' if over else ''}")
    print(f"{'memory of the parent, MB':32}{alone['memory'] / 1e6:>10.1f}"
          f"{guarded['memory'] / 1e6:>10.1f}")
    section = (guarded["memory"] - alone["memory"] - bare) / (hosts * sections or 1)
    print(f"more than alone: {bare / hosts:.0f} bytes a host, {section:.0f} bytes a section "
          "with one limit")
    return too_much


sys.exit(main())
