# SPDX-License-Identifier: Apache-2.0
"""Lines of the audit log and variables for logs: who it was and why, never with what it was proved."""

import json
import re

import pytest

from support.passing import CLIENT, FILE, PASS, QUIET, SIGNER, SILENT, VARS, serving
from support.ports import Directory
from support.problem import assert_refused

CONF = VARS + PASS + QUIET + FILE + SILENT + r"""
<Location "/s/rate/">
    AuthType ApiGuard
    AuthName "rate"
    ApiGuardRateLimit 1/day
    Require valid-user
</Location>
"""
MODULES = ("proxy", "proxy_http")


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    yield from serving("audit", make_httpd, backend, CONF, modules=MODULES)


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(**CLIENT)


def audit_lines(web):
    """The audit lines since this test began, parsed."""
    return [json.loads(found) for found in
            re.findall(r'(\{"event":"denied".*?\})(?:$|, referer)', web.verdict.error.peek(), re.M)]


def test_every_refusal_leaves_one_audit_line(web, key):
    requests = [({"key": "unknown-0123456789"}, "key_invalid"), ({}, "credential_missing"),
                ({"bearer": SIGNER.token(exp=1000)}, "token_expired")]
    for sent, code in requests:
        answer = web.get("/pass/audited", **sent)
        assert_refused(answer, code)
        (line,) = [x for x in audit_lines(web) if x["request_id"] == answer.json["request_id"]]
        assert line["code"] == code
        assert line["status"] == 401
        assert line["ip"] == "127.0.0.1"
        assert line["method"] == "GET"
        assert line["path"] == "/pass/audited"


def test_the_audit_names_an_identified_client(web, key):
    assert web.get("/s/rate/hello.html", key=key).status == 200
    assert web.get("/s/rate/hello.html", key=key).status == 429
    (line,) = audit_lines(web)
    assert line["client"] == "acme" and line["code"] == "rate_exceeded"
    assert key.startswith(line["key_id"]) and len(line["key_id"]) < 20


def test_the_audit_names_a_revoked_key_s_client(web):
    key = web.keys.create(client="former")
    web.keys.revoke(key)
    assert web.get("/s/file/hello.html", key=key).status == 401
    (line,) = audit_lines(web)
    assert (line["code"], line["client"]) == ("key_revoked", "former")


def test_a_section_without_audit_lines(web):
    answer = web.get("/s/quiet/hello.html")
    assert_refused(answer, "credential_missing")
    assert re.fullmatch("[0-9a-f]{16}", answer.json["request_id"])
    assert audit_lines(web) == []


def test_who_passes_leaves_no_audit_line(web, key):
    assert web.get("/s/file/hello.html", key=key).status == 200
    assert audit_lines(web) == []


@pytest.mark.parametrize("path", ['/s/file/"quote', "/s/file/%22%5c", "/s/file/%0d%0aX",
                                  "/s/file/%c3%a9", "/s/file/" + "long/" * 600, "/s/file/%ff%01"])
def test_an_audit_line_is_json_whatever_the_path(web, path):
    answer = web.client.raw_request("GET", path)
    assert answer.status in (400, 401, 403, 404)
    if answer.status == 401:
        (line,) = audit_lines(web)
        assert line["code"] == "credential_missing"


def test_a_referer_does_not_break_the_audit_line(web):
    web.get("/s/file/hello.html", headers={"Referer": 'http://x/"}'})
    assert len(audit_lines(web)) == 1


def test_variables_for_log_format(web, key):
    web.get("/pass/vars", key=key)
    web.get("/pass/vars-refused", key="unknown-0123456789")
    web.get("/pass/vars-token", bearer=SIGNER.token(azp="shop", tenant="blue"))
    lines = {}
    for line in web.named_log("vars.log", until="/pass/vars-token").splitlines():
        request, *parts, _ = line.split("|")
        lines[request.split()[1]] = dict(part.split("=", 1) for part in parts)
    assert lines["/pass/vars"]["client"] == "acme"
    assert key.startswith(lines["/pass/vars"]["key"])
    assert lines["/pass/vars"]["kind"] == "key"
    assert lines["/pass/vars"]["scopes"] == "orders:read mail"
    assert lines["/pass/vars"]["limit"] != "-"
    assert lines["/pass/vars"]["decision"] not in ("-", lines["/pass/vars-refused"]["decision"])
    assert lines["/pass/vars-refused"]["decision"] == "key_invalid"
    assert lines["/pass/vars-refused"]["client"] == "-"
    assert lines["/pass/vars-token"]["claim"] == "blue"
    assert lines["/pass/vars-token"]["kind"] == "jwt"


def test_debug_logging_shows_no_secret(own_httpd, backend):
    """At the module's most talkative level, with good and bad credentials of every kind. The
    verdict on the logs does the looking."""
    folder = Directory("debug")
    words = {"keyfile": folder.write("hs256.key", SIGNER.file()), "backend": backend.port}
    web = own_httpd("LogLevel apiguard:trace8\n" + CONF, modules=MODULES, words=words)
    key = web.keys.create(client="acme")
    web.verdict.shown = False
    for good in ({"key": key}, {"bearer": key}, {"basic": ("acme", key)},
                 {"headers": {"Cookie": f"session_key={key}"}}, {"bearer": SIGNER.token()}):
        assert web.get("/pass/x", **good).status == 200
    for bad in ({"key": "wrong-but-secret-0123456789"}, {"bearer": "wrong-but-secret-0123456789"},
                {"basic": ("acme", "wrong-but-secret-0123456789")},
                {"bearer": SIGNER.token(exp=1000)}, {"bearer": SIGNER.token()[:-5]},
                {"key": key, "bearer": "another-one-0123456789"}):
        assert web.get("/pass/x", **bad).status in (400, 401)
    web.get(f"/pass/x?apikey={key}")
    web.get("/pass/x?apikey=wrong-but-secret-0123456789")
    folder.close()
