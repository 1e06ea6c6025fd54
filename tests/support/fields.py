# SPDX-License-Identifier: Apache-2.0
"""Structured fields (RFC 9651), as far as the RateLimit fields need them, written from the RFC's
parsing algorithms (section 4.2), strict: anything left over is an error. And challenges."""

import base64
import re

KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*")
NUMBER = re.compile(r"-?\d+(\.\d{1,3})?")
TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*")


class Parser:
    def __init__(self, text):
        if not all(32 <= ord(c) < 127 for c in text):
            raise ValueError("not ASCII")
        self.text = text
        self.at = 0

    def rest(self):
        return self.text[self.at:]

    def match(self, pattern):
        found = pattern.match(self.text, self.at)
        if not found:
            raise ValueError(f"unexpected {self.rest()!r}")
        self.at = found.end()
        return found.group()

    def spaces(self, what=" "):
        while self.rest()[:1] and self.rest()[0] in what:
            self.at += 1

    def bare(self):
        c = self.rest()[:1]
        if c == '"':
            return self.string()
        if c == ":":
            end = self.text.index(":", self.at + 1)
            value, self.at = self.text[self.at + 1:end], end + 1
            return base64.b64decode(value, validate=True)
        if c == "?":
            value = {"?1": True, "?0": False}[self.rest()[:2]]
            self.at += 2
            return value
        if c == "-" or c.isdigit():
            word = self.match(NUMBER)
            return float(word) if "." in word else int(word)
        return self.match(TOKEN)

    def string(self):
        out, self.at = "", self.at + 1
        while True:
            c = self.rest()[:1]
            self.at += 1
            if c == "":
                raise ValueError("string does not end")
            if c == '"':
                return out
            if c == "\\":
                c = self.rest()[:1]
                self.at += 1
                if c not in ('"', "\\"):
                    raise ValueError("bad escape")
            out += c

    def parameters(self):
        out = {}
        while self.rest()[:1] == ";":
            self.at += 1
            self.spaces()
            name = self.match(KEY)
            out[name] = True
            if self.rest()[:1] == "=":
                self.at += 1
                out[name] = self.bare()
        return out

    def item(self):
        return self.bare(), self.parameters()

    def list(self):
        out = []
        self.spaces()
        while self.rest():
            out.append(self.item())
            self.spaces(" \t")
            if not self.rest():
                return out
            if self.rest()[0] != ",":
                raise ValueError(f"unexpected {self.rest()!r}")
            self.at += 1
            self.spaces(" \t")
            if not self.rest():
                raise ValueError("trailing comma")
        return out


def parse_list(text):
    """[(value, {parameter: value})]"""
    return Parser(text).list()


def limits(answer, field="RateLimit"):
    """{policy name: {parameter: value}} of a draft-11 field; {} without it."""
    value = answer.header(field)
    if value is None:
        return {}
    items = parse_list(value)
    assert all(isinstance(name, str) for name, _ in items), value
    assert len({name for name, _ in items}) == len(items), f"a policy is named twice: {value}"
    return dict(items)


def challenges(answer):
    """[(scheme in lower case, {parameter: value})] of all WWW-Authenticate fields."""
    out = []
    pattern = re.compile(r'\s*,?\s*(?:([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w-]+))')
    for value in answer.all("WWW-Authenticate"):
        at = 0
        while at < len(value):
            found = pattern.match(value, at)
            if not found:
                raise ValueError(f"not a challenge: {value[at:]!r}")
            at = found.end()
            name, quoted, plain, scheme = found.groups()
            if scheme:
                out.append((scheme.lower(), {}))
            else:
                text = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                assert name.lower() not in out[-1][1], f"{name} stands twice: {value}"
                out[-1][1][name.lower()] = text
    return out


def statuses(web, section, n, **kw):
    """Of so many requests to a section, one after the other."""
    return [web.get(f"/s/{section}/hello.html", **kw).status for _ in range(n)]
