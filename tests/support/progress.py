# SPDX-License-Identifier: Apache-2.0
"""A plugin of pytest (-p support.progress): instead of dots it says every half a minute how far it is and how
long it will take, by what each test took in the run before (its junit file) if there was one. In the end it
lists tests that took long without the mark `slow`, in this run and in the one before, since `script/test --fast`
would wait for them too."""

import collections
import time
import xml.etree.ElementTree as tree

import pytest

EVERY = 30  # seconds between two lines
SLOW = 1.0  # seconds that a test takes at most without its mark


def pytest_addoption(parser):
    parser.addini("part", "what the lines of progress begin with", default="tests")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # workers tell pytest-xdist, which tells us
        config.pluginmanager.register(Progress(config), "progress")


def pytest_collection_modifyitems(items):
    """Workers take one file after the other: those with most slow tests first, so that none of them begins when
    the others are nearly done."""
    slow = collections.Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


def pytest_report_teststatus(report):
    """No dot for what passed."""
    if report.passed:
        return ("passed" if report.when == "call" else ""), "", ""
    return None


def seconds_before(path):
    """What each test took, by its name as a junit file spells it."""
    try:
        cases = tree.parse(path).getroot().iter("testcase")
        return {f"{case.get('classname')}.{case.get('name')}": float(case.get("time")) for case in cases}
    except (OSError, TypeError, ValueError, tree.ParseError):
        return {}


def junit_name(nodeid):
    file, _, name = nodeid.partition("::")
    return file.removesuffix(".py").replace("/", ".") + "." + name.replace("::", ".")


class Progress:
    def __init__(self, config):
        self.config = config
        self.before = seconds_before(config.option.xmlpath)
        self.mean = sum(self.before.values()) / len(self.before) if self.before else 1
        self.weights = {}
        self.done = 0
        self.unmarked = []
        self.start = self.said = time.monotonic()

    def expect(self, nodeids):
        self.weights.update({nodeid: self.before.get(junit_name(nodeid), self.mean) + 0.001
                             for nodeid in nodeids})
        self.total = len(self.weights)

    def pytest_collection_finish(self, session):
        self.expect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids):
        self.expect(ids)
        self.start = time.monotonic()

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.duration > SLOW and not {"slow", "alone"} & set(report.keywords) \
                and self.before.get(junit_name(report.nodeid), 0) > SLOW:
            self.unmarked.append((report.duration, report.nodeid))
        if report.when == "teardown":
            self.done += 1
            self.weights[report.nodeid] = 0
            self.tell()

    def tell(self):
        now = time.monotonic()
        if now < self.said + EVERY:
            return
        self.said = now
        left = sum(self.weights.values())
        spent = sum(self.before.get(junit_name(nodeid), self.mean) + 0.001
                    for nodeid, weight in self.weights.items() if not weight)
        self.write(f"{self.config.getini('part')} {self.done} of {self.total}, "
                   f"about {(now - self.start) * left / spent:.0f} s left")

    def pytest_terminal_summary(self):
        for seconds, nodeid in sorted(self.unmarked, reverse=True):
            self.write(f"slow without its mark: {seconds:.1f} s {nodeid}")

    def write(self, line):
        self.config.pluginmanager.getplugin("terminalreporter").write_line(line, flush=True)
