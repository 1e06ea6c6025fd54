# SPDX-License-Identifier: Apache-2.0
"""Programs of tests/node: each reads a line of JSON, says that it is ready, and answers each further line with one. It
ends with its standard input, so it cannot outlive the tests. Without node, or what script/bootstrap installs for
it, tests are skipped."""

import json
import os
import select
import shutil
import subprocess

import pytest

TOP = os.path.join(os.path.dirname(__file__), "../..")
MODULES = os.path.join(TOP, "node_modules")
OLDEST = 18


def version(program):
    out = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    return int(out.strip().lstrip("v").split(".")[0] or 0)


def missing():
    """Why these programs cannot be run, or None."""
    program = os.environ.get("AG_NODE") or shutil.which("node")
    if not program:
        return "there is no node"
    if version(program) < OLDEST:
        return f"node is older than version {OLDEST}"
    if not os.path.isdir(MODULES):
        return "script/bootstrap has installed no node_modules: there was no npm, or no network"
    return None


class Node:
    def __init__(self, script, settings, ca=None, seconds=60):
        why = missing()
        if why:
            pytest.skip(why)
        self.seconds = seconds
        self.process = subprocess.Popen(
            [os.environ.get("AG_NODE") or "node", os.path.join(TOP, "tests/node", script)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, **({"NODE_EXTRA_CA_CERTS": ca} if ca else {}), "NODE_NO_WARNINGS": "1"})
        self.send(settings)
        assert self.receive() == {"ready": True}

    def send(self, what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def receive(self):
        ready, _, _ = select.select([self.process.stdout], [], [], self.seconds)
        line = self.process.stdout.readline() if ready else ""
        while line and not line.startswith("{"):  # a library's own words
            line = self.process.stdout.readline()
        if not line:
            self.close()
            raise RuntimeError(f"{self.process.args[1]} said nothing, and ended with {self.process.returncode}")
        return json.loads(line)

    def ask(self, **what):
        self.send(what)
        return self.receive()

    def close(self):
        if self.process.stdin.closed:
            return
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
