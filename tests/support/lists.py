# SPDX-License-Identifier: Apache-2.0
"""Sections that ask address lists and files, and clients behind mod_remoteip."""

import time

import pytest

BLOCKED = """
    <RequireAll>
        Require all granted
        Require not api-ip {what}
    </RequireAll>"""
RULES = {
    "list": "Require api-ip list:partners",
    "both": "Require api-ip 198.51.100.7 list:partners",
    "not": BLOCKED.replace("{what}", "list:partners"),
    "any": "<RequireAny>\nRequire api-ip list:partners\nRequire api-ip 198.51.100.7\n</RequireAny>",
    "any-late": "<RequireAny>\nRequire api-ip 198.51.100.7\nRequire api-ip list:partners\n</RequireAny>",
    "all": "<RequireAll>\nRequire valid-user\nRequire api-ip list:partners\n</RequireAll>",
    "empty": "Require api-ip list:nobody",
}
FILE_RULES = {
    "file": "Require api-ip file:{folder}/offices.txt",
    "not-file": BLOCKED.replace("{what}", "file:{folder}/offices.txt"),
}
REMOTE = "RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\n"
PARTNER, STRANGER = "192.0.2.1", "203.0.113.9"


def section(name, rule):
    ours = "AuthType ApiGuard\nAuthName x\n" if name == "all" else ""
    return f'<Location "/s/{name}/">\n{ours}{rule}\n</Location>\n'


def conf(rules):
    return REMOTE + "".join(section(name, rule) for name, rule in rules.items())


def ask(web, name, address, **kw):
    return web.get(f"/s/{name}/hello.html", headers={"X-Client": address}, **kw)


def until(web, name, address, status, seconds=10):
    """Until each of several processes and threads gives that status, and no other: for how long
    requests were still sent that got another one."""
    start, last, right = time.monotonic(), 0, 0
    while right < 8:
        sent = time.monotonic() - start
        if ask(web, name, address).status == status:
            right += 1
            continue
        last, right = sent, 0
        if last > seconds:
            pytest.fail(f"{name} {address}: not {status} within {seconds} s")
        time.sleep(0.02)
    return last
