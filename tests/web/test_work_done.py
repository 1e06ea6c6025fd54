# SPDX-License-Identifier: Apache-2.0
"""A limit counts work: once a handler has begun, what was charged for it is final, whatever an
ErrorDocument, a redirect of the script or a look-up is refused later. And two sections that share a
count pay the higher cost."""

import base64
import hashlib
import time

import pytest

from support import fcgi
from support.backend import Backend
from support.fields import limits

CONF = """
ScriptSock {root}/run/cgisock
<Directory "{root}/htdocs/cgi">
    Options +ExecCGI
    AddHandler cgi-script .sh
</Directory>
<Location "/none/">
    ApiGuardRateLimit 0/day
</Location>
<Location "/err/">
    ApiGuardRateLimit 1/day
</Location>
<Location "/login">
    ApiGuardRateLimit 5/day by=ip
    ProxyPass "http://127.0.0.1:{backend}/login"
    ProxyErrorOverride On
    ErrorDocument 401 /err/index.html
</Location>
<Location "/cgi/local.sh">
    ApiGuardRateLimit 5/day by=ip
</Location>
<Location "/cgi/busy.sh">
    ApiGuardRateLimit 5/day by=ip
</Location>
<Location "/cgi/index/">
    ApiGuardRateLimit 5/day
    DirectoryIndex refused.html index.sh
</Location>
<Location "/cgi/index/refused.html">
    ApiGuardRateLimit 0/day by=ip name=nothing
</Location>
<Location "/cgi/pages/">
    ApiGuardRateLimit 8/day by=ip
</Location>
<Location "/cgi/pages/few/">
    ApiGuardRateLimit 3/day by=global
    ApiGuardErrors httpd
    ErrorDocument 429 /cgi/pages/sorry.sh
</Location>
<Location "/cgi/slow.sh">
    ApiGuardRateLimit 100/day by=ip
</Location>
<Location "/once/">
    ApiGuardRateLimit 1/2s by=global
</Location>
<Location "/cost/">
    ApiGuardRateLimit 10/day by=ip name=pot
</Location>
<Location "/cost/dear/">
    ApiGuardRateLimit 10/day by=ip name=pot cost=4
</Location>
<Location "/cost/moved/">
    RewriteEngine On
    RewriteRule ^ /cost/dear/x.html
</Location>
"""

COUNT = "#!/bin/sh\necho run >> {file}\n"
SCRIPTS = {
    "local": "echo 'Location: /none/x.html'\necho\n",
    "slow": "sleep 2.5\necho 'Location: /once/x.html'\necho\n",
    "pages/sorry": "echo 'Content-Type: text/plain'\necho\necho sorry\n",
    "busy": "echo 'Status: 429 Busy'\necho 'Content-Type: text/plain'\necho\necho mine\n",
}
SCRIPTS["index/index"] = SCRIPTS["busy"]


@pytest.fixture(scope="module")
def refusing():
    server = Backend()
    server.server.status = "401 Unauthorized"
    yield server
    server.close()


@pytest.fixture(scope="module")
def web(make_httpd, refusing):
    server = make_httpd(CONF, modules=("cgid", "proxy", "proxy_http", "rewrite"),
                        words={"backend": refusing.port},
                        files={"err/index.html": "sorry\n", "cgi/index/refused.html": "refused\n",
                               "cgi/pages/few/x.html": "few\n", "once/x.html": "once\n",
                               "cost/x.html": "cheap\n", "cost/dear/x.html": "dear\n",
                               "cost/moved/x.html": "moved\n"})
    for name, text in SCRIPTS.items():
        runs = server.dir.write(f"logs/{name.replace('/', '-')}.runs", "", 0o666)
        server.put(f"cgi/{name}.sh", COUNT.format(file=runs) + text, 0o755)
    return server


def runs(web, name):
    with open(web.dir.join(f"logs/{name}.runs")) as f:
        return len(f.readlines())


def test_an_error_document_that_is_refused_gives_no_password_try_back(web, refusing):
    """40 of 40 tries reached the backend where 5 were allowed: the page's own limit was used up, and
    its refusal gave back what the try had been charged."""
    statuses = [web.get("/login").status for _ in range(12)]
    assert len(refusing.seen) == 5
    assert statuses[5:] == [429] * 7


def test_a_script_that_redirects_into_a_refusal_has_run(web):
    statuses = [web.get("/cgi/local.sh").status for _ in range(9)]
    assert runs(web, "local") == 5
    assert statuses == [429] * 9


def test_an_application_s_own_429_is_not_taken_for_ours(web):
    """The script's PATH_INFO is looked up as a path of its own, and refused; the script answers 429 for
    reasons of its own, and it did run."""
    answers = [web.get("/cgi/busy.sh/none/x.html") for _ in range(9)]
    assert [answer.text for answer in answers[:5]] == ["mine\n"] * 5
    assert runs(web, "busy") == 5
    assert answers[5].json["code"] == "rate_exceeded"


def test_nor_after_an_index_that_was_refused(web):
    """The first index is refused, the second answers 429 for reasons of its own: not our refusal."""
    assert [web.get("/cgi/index/").text for _ in range(5)] == ["mine\n"] * 5
    assert "AG0140" not in web.verdict.error.peek()
    assert web.get("/cgi/index/").json["code"] == "rate_exceeded"
    assert runs(web, "index-index") == 5


def test_an_error_document_is_counted_though_what_it_stands_for_consumes_nothing(web):
    """What a refused request had taken was given back, and passed for paid all the same: the page's
    script ran for every one of them."""
    answers = [web.get("/cgi/pages/few/x.html") for _ in range(12)]
    assert [answer.text for answer in answers[:8]] == ["few\n"] * 3 + ["sorry\n"] * 5
    assert [answer.status for answer in answers[3:]] == [429] * 9
    assert runs(web, "pages-sorry") == 5
    assert limits(answers[3])["8/day"]["r"] == 4


@pytest.mark.slow
def test_what_a_script_redirects_to_is_counted_when_it_comes(web):
    """It was counted as of when the script's request came, and one more passed soon after it."""
    assert web.get("/cgi/slow.sh").text == "once\n"
    assert web.get("/once/x.html").status == 429
    time.sleep(2.1)
    assert web.get("/once/x.html").status == 200


GUESSES = """
<Location "/page/">
    ApiGuardRateLimit 0/day by=global
</Location>
<Location "/busy/">
    ApiGuardConcurrency 0 by=global
</Location>
<Location "/s/">
    ApiGuardRateLimit 5/day by=ip
    ApiGuardErrors httpd
    Require valid-user
</Location>
<LocationMatch "^/s/(basic|queue)/">
    AuthType Basic
    AuthName staff
    AuthUserFile "{root}/users"
    ErrorDocument 401 /page/index.html
</LocationMatch>
<LocationMatch "^/s/(keys|index)/">
    AuthType ApiGuard
    AuthName keys
    ErrorDocument 401 /page/index.html
</LocationMatch>
<Location "/s/queue/">
    ErrorDocument 401 /busy/index.html
</Location>
<Location "/s/index/">
    AuthType None
    Require all granted
    DirectoryIndex /s/keys/hello.html /page/index.html
</Location>
"""


@pytest.mark.parametrize("place, guessed", [
    ("basic/hello.html", "basic"), ("queue/hello.html", "basic"), ("keys/hello.html", "key"),
    ("index/", "key")])
def test_a_wrong_credential_is_not_given_back(own_httpd, place, guessed):
    """Passwords and keys could be guessed without end where 5 tries a day were allowed: what a wrong one
    was charged was given back when the page that words the refusal, or another index, was refused
    for a limit of its own."""
    web = own_httpd(GUESSES, start=False, files={"page/index.html": "sorry\n", "busy/index.html": ""})
    password = base64.b64encode(hashlib.sha1(b"right").digest()).decode()
    web.dir.write("users", f"joe:{{SHA}}{password}\n", 0o644)
    web.start()

    def guess(text):
        if guessed == "key":
            return web.get("/s/" + place, key=text).status
        login = base64.b64encode(f"joe:{text}".encode()).decode()
        return web.get("/s/" + place, headers={"Authorization": "Basic " + login}).status

    good = web.keys.create() if guessed == "key" else "right"
    first = [guess(f"wrong-{n}-of-nobody") for n in range(5)]
    assert set(first) <= {401, 429}
    assert guess(good) == 429


@pytest.fixture
def strict(make_httpd):
    """A public application on FastCGI, whose own 401 and 429 httpd words."""
    class Refuses(fcgi.Handler):
        out = b"Status: 429 Busy\r\nContent-Type: text/plain\r\n\r\n"

    application = fcgi.FastCgi(Refuses)
    yield make_httpd(PUBLIC, modules=("proxy", "proxy_fcgi"), words={"fcgi": application.port},
                     files={"public/app.php": "", "none/x.html": "none\n"})
    application.close()


PUBLIC = """
<Location "/none/">
    ApiGuardRateLimit 0/day
</Location>
<Directory "{root}/htdocs/public">
    ProxyErrorOverride On
    SetHandler "proxy:fcgi://127.0.0.1:{fcgi}"
</Directory>
"""


def test_nor_where_no_section_of_ours_saw_the_request_before(strict):
    """A public script's PATH_INFO is looked up as a path that is refused; its own 429 became ours."""
    answer = strict.get("/public/app.php/none/x.html")
    assert answer.status == 429 and "429 Busy" in answer.text
    assert "AG0140" not in strict.verdict.error.peek()
    assert strict.get("/none/x.html").json["code"] == "rate_exceeded"


def test_of_one_name_the_higher_cost_counts(web):
    answers = [web.get(path) for path in ("/cost/x.html", "/cost/dear/x.html", "/cost/moved/x.html",
                                          "/cost/dear/x.html", "/cost/x.html", "/cost/x.html")]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 200, 429]
    assert [limits(answer)["pot"]["r"] for answer in answers] == [9, 5, 1, 0, 0, 0]

INDEX_GUESSES = """
<Location "/page/">
    ApiGuardRateLimit 0/day by=global
</Location>
<Location "/s/">
    ApiGuardRateLimit 5/day by=ip
    Require valid-user
</Location>
<Location "/s/basic/">
    AuthType Basic
    AuthName staff
    AuthUserFile "{root}/users"
</Location>
<Location "/s/two/">
    AuthType None
    Require all granted
    DirectoryIndex /s/basic/hello.html /page/index.html
</Location>
<Location "/two/">
    DirectoryIndex /s/basic/hello.html /page/index.html
</Location>
"""


@pytest.mark.parametrize("place", ["/two/", "/s/two/"])
def test_a_password_of_an_index_is_not_given_back(own_httpd, place):
    """mod_dir looked at a second index, which its own limit refused, and so the first one's wrong password cost
    nothing: after twenty of them the right one was let in."""
    files = {name: "x" for name in ("page/index.html", "two/x.txt", "s/two/x.txt", "s/basic/hello.html")}
    web = own_httpd(INDEX_GUESSES, start=False, files=files)
    web.expect("AH01617", "AG0140")
    digest = base64.b64encode(hashlib.sha1(b"right").digest()).decode()
    web.dir.write("users", f"joe:{{SHA}}{digest}\n", 0o644)
    web.start()
    assert [web.get(place, basic=("joe", f"wrong-{n}")).status for n in range(9)] == [429] * 9
    assert web.get(place, basic=("joe", "right")).status == 429
