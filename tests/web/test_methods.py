# SPDX-License-Identifier: Apache-2.0
"""ApiGuardMethodScopes: which permission a method asks for."""

import pytest

from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused

SIGNER = Key("HS256")

SECTIONS = {
    "rw": "ApiGuardMethodScopes GET=read POST,PUT,PATCH,DELETE=write",
    "star": "ApiGuardMethodScopes GET=read *=admin",
    "either": "ApiGuardMethodScopes GET=read GET=audit HEAD=head",
    "rw/none": "ApiGuardMethodScopes none",
    "rw/other": "ApiGuardMethodScopes POST=read",
    "anonymous": "ApiGuardMethodScopes GET=read\nApiGuardAnonymous on",
    "more": "ApiGuardMethodScopes GET=read\nRequire api-role boss",
    "token": "ApiGuardProvider jwt\nApiGuardJWTKey HS256 file:{secret}\n"
             "ApiGuardMethodScopes GET=read POST=write",
}


def conf():
    text = ""
    for name, lines in SECTIONS.items():
        require = "" if "Require " in lines else "Require valid-user\n"
        text += (f'<Location "/s/{name}">\nAuthType ApiGuard\nAuthName m\n{lines}\n{require}'
                 "</Location>\n")
    return text


@pytest.fixture(scope="module")
def web(make_httpd):
    folder = Directory("methods")
    yield make_httpd(conf(), words={"secret": folder.write("secret", SIGNER.file())},
                     files={"api/none/hello.html": "hello\n", "api/other/hello.html": "hello\n"})
    folder.close()


@pytest.fixture(scope="module")
def keys(web):
    return {scope: web.keys.create(client=scope.strip("*:"), scopes=[scope])
            for scope in ("read", "write", "audit", "admin", "re*", "other")}


@pytest.mark.parametrize("section, method, scope, passes", [
    ("rw", "GET", "read", True), ("rw", "HEAD", "read", True), ("rw", "GET", "re*", True),
    ("rw", "GET", "write", False), ("rw", "POST", "read", False), ("rw", "DELETE", "read", False),
    ("rw", "HEAD", "write", False), ("rw", "BREW", "read", False), ("rw", "BREW", "write", False),
    ("rw", "OPTIONS", "read", False), ("rw", "get", "read", False),
    ("star", "GET", "read", True), ("star", "GET", "admin", False), ("star", "BREW", "read", False),
    ("either", "GET", "audit", True), ("either", "GET", "read", True),
    ("either", "GET", "other", False), ("either", "HEAD", "read", False),
    ("rw/none", "GET", "other", True), ("rw/other", "GET", "read", False),
])
def test_a_method_asks_for_a_permission(web, keys, section, method, scope, passes):
    answer = web.request(method, f"/s/{section}/hello.html", key=keys[scope])
    if passes:
        assert answer.status == 200
    elif method == "HEAD":
        assert answer.status == 403
    else:
        assert_refused(answer, "scope_insufficient")


def test_what_passes_the_map_goes_on(web, keys):
    """It is httpd's handler that has no use for these methods."""
    assert web.request("PUT", "/s/rw/hello.html", key=keys["write"]).status == 405
    assert web.request("PUT", "/s/star/hello.html", key=keys["admin"]).status == 405


def test_the_answer_names_method_and_scope(web, keys):
    answer = web.request("DELETE", "/s/rw/hello.html", bearer=keys["read"])
    assert answer.json["detail"] == "The key or token does not allow DELETE"
    assert 'error="insufficient_scope"' in answer.header("WWW-Authenticate")
    assert 'scope="write"' in answer.header("WWW-Authenticate")


def test_nobody_may_say_who_it_is(web, keys):
    assert_refused(web.get("/s/anonymous/hello.html"), "credential_missing")
    assert web.get("/s/anonymous/hello.html", key=keys["read"]).status == 200


def test_require_may_ask_for_more(web, keys):
    assert_refused(web.get("/s/more/hello.html", key=keys["read"]), "role_insufficient")
    assert_refused(web.get("/s/more/hello.html", key=keys["other"]), "scope_insufficient")


def test_tokens_too(web):
    reader = SIGNER.token(azp="shop", scope="read")
    assert web.get("/s/token/hello.html", bearer=reader).status == 200
    assert_refused(web.request("POST", "/s/token/hello.html", bearer=reader), "scope_insufficient")


def test_a_refusal_is_charged_to_nobody_but_told(web, keys):
    """The log names whose key it was."""
    web.request("DELETE", "/s/rw/hello.html", key=keys["audit"])
    assert web.wait_log('"client":"audit"')
