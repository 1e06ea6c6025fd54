# SPDX-License-Identifier: Apache-2.0
"""The logs are part of every test's verdict: a line at level error or worse that nobody announced
fails the test, and so does a secret that the test used and a log shows."""

import re

LEVEL = re.compile(r"^\[[^\]]*\] \[[\w-]*:(error|crit|alert|emerg)\]")
CRASH = re.compile(r"segfault|exit signal|AddressSanitizer|ThreadSanitizer|runtime error:|"
                   r"Assertion|double free|stack smashing|AH00052")

# What httpd itself says of every refusal and of a storm, and the module's own line of a refusal.
EXPECTED = (
    r"AH01630",                            # client denied by server configuration
    r"AH01631",                            # authorization failure of an identified user
    r"AH01629",
    r"AH01617", r"AH01618",                # mod_auth_basic: wrong password, unknown user
    r"AH00161", r"AH00484", r"AH00485", r"AH10159",  # all workers busy: what a storm is for
    r'\[apiguard:\w+\].*\{.*"code": ?"\w+"',  # the audit line
)


class Secrets:
    """What must never stand in a log. Everything the client helper sends as a credential."""

    def __init__(self):
        self.known = set()

    def add(self, *values):
        for value in values:
            if isinstance(value, bytes):
                value = value.decode("latin-1")
            if len(value) >= 12:
                self.known.add(value)

    def clear(self):
        self.known.clear()

    def found_in(self, text):
        return sorted(value for value in self.known if value in text)


secrets = Secrets()


class LogReader:
    """One log file, read from where the last reading ended."""

    def __init__(self, path):
        self.path = path
        self.offset = 0

    def all(self):
        try:
            with open(self.path, "rb") as f:
                return f.read().decode("latin-1")
        except FileNotFoundError:
            return ""

    def peek(self):
        return self.all()[self.offset:]

    def take(self):
        text = self.peek()
        self.offset += len(text)
        return text


class Verdict:
    """What the logs of one server say about one test."""

    def __init__(self, error_log, access_log):
        self.error = LogReader(error_log)
        self.access = LogReader(access_log)
        self.announced = []
        self.shown = False

    def expect(self, *patterns):
        """Lines that match are no failure of the test now running, nor of the end of its servers."""
        self.announced.extend(patterns)

    def allow_secrets_in_access_log(self):
        """For tests that show what an administrator who hides nothing gets."""
        self.shown = True

    def forget(self):
        """The test is over."""
        self.announced, self.shown = [], False

    def problems(self):
        error, access = self.error.take(), self.access.take()
        allowed = [re.compile(p) for p in (*EXPECTED, *self.announced)]
        found = []
        for line in error.splitlines():
            bad = CRASH.search(line) or LEVEL.match(line)
            if bad and not any(p.search(line) for p in allowed):
                found.append(line)
        for secret in secrets.found_in(error):
            found.append(f"a secret stands in the error log: {secret[:6]}...")
        if not self.shown:
            for secret in secrets.found_in(access):
                found.append(f"a secret stands in the access log: {secret[:6]}...")
        return found
