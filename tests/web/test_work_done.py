# SPDX-License-Identifier: Apache-2.0
"""A limit counts work: once a handler has begun, what was charged for it is final, whatever an
ErrorDocument, a redirect of the script or a look-up is refused later. And two sections that share a
count pay the higher cost."""

import pytest

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


def test_of_one_name_the_higher_cost_counts(web):
    answers = [web.get(path) for path in ("/cost/x.html", "/cost/dear/x.html", "/cost/moved/x.html",
                                          "/cost/dear/x.html", "/cost/x.html", "/cost/x.html")]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 200, 429]
    assert [limits(answer)["pot"]["r"] for answer in answers] == [9, 5, 1, 0, 0, 0]
