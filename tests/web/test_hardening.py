# SPDX-License-Identifier: Apache-2.0
"""ApiGuardSecurityHeaders: what a section says of its answers, whoever writes them."""

import pytest

API = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
       "Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
       "X-Content-Type-Options": "nosniff"}
CONF = """
Redirect "/s/web/moved" "/s/web/hello.html"
Redirect "/s/plain/moved" "/s/plain/hello.html"
<Location "/s/web/">
    ApiGuardSecurityHeaders web
</Location>
<Location "/s/web/denied.html">
    Require all denied
</Location>
<Location "/s/web/basic.html">
    AuthType Basic
    AuthName "basic"
    AuthBasicProvider file
    AuthUserFile {root}/none
    Require valid-user
</Location>
<Location "/s/plain/">
    ApiGuardSecurityHeaders off
</Location>
<Location "/s/guarded/">
    AuthType ApiGuard
    AuthName "guarded"
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF, modules=("alias", "auth_basic", "authn_file"))


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create()


def security(answer):
    """The fields that a preset may have said, each once."""
    names = ("cross-origin", "referrer", "x-", "content-security", "origin-agent", "strict-")
    found = [(name, value) for name, value in answer.headers if name.lower().startswith(names)]
    assert len(dict(found)) == len(found), found
    return dict(found)


@pytest.mark.parametrize("path, status", [
    ("hello.html", 200), ("moved", 302), ("no-such.html", 404), ("denied.html", 403),
    ("basic.html", 401)])
def test_nobody_need_check_a_request(web, path, status):
    """Rows of answers.def have their say where no section of ours saw the request, too."""
    answer = web.get("/s/web/" + path)
    assert answer.status == status and security(answer)["X-Frame-Options"] == "SAMEORIGIN"
    assert security(web.get("/s/plain/" + path)) == {}


def test_what_is_guarded_has_those_for_json(web, key):
    for path, given, status in [("hello.html", key, 200), ("no-such.html", key, 404),
                                ("hello.html", None, 401)]:
        answer = web.get("/s/guarded/" + path, key=given)
        assert answer.status == status and security(answer) == API
