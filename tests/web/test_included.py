# SPDX-License-Identifier: Apache-2.0
"""A page of one client includes a part that is another's, by a second credential: the part's script is told
of that one alone.

Found from outside: the script got the part's client beside the scopes and roles of the page's client, since
httpd gives a sub-request its parent's variables, and mod_include has made variables of its fields. A part that
is a page itself, and an open script in it, were told of the page's client: mod_include had given it all variables
of the page around it."""

import pytest

CONF = """
ScriptSock {root}/run/cgisock
AddType text/html .shtml
<Directory {root}/htdocs>
    Options +Includes +ExecCGI
    AddHandler cgi-script .sh
    AddOutputFilter INCLUDES .shtml
</Directory>
<Location "/page/">
    AuthType ApiGuard
    ApiGuardPassHeaders on
    ApiGuardKeyFrom header:X-Page-Key
    Require api-scope admin
</Location>
<Location "/part/">
    AuthType ApiGuard
    ApiGuardPassHeaders on
    ApiGuardKeyFrom header:X-Part-Key
    Require valid-user
</Location>
<Location "/open/">
    SetEnv SOME thing
</Location>
<Location "/quiet/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-Part-Key
    Require valid-user
</Location>
"""

SCRIPT = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv | grep -i apiguard; echo end\n"


@pytest.fixture(scope="module")
def web(make_httpd):
    server = make_httpd(CONF, modules=("include", "cgid"), files={
        f"page/{part}.shtml": f'<!--#echo var="APIGUARD_CLIENT" --><!--#include virtual="/{part}/who.sh" -->'
        for part in ("part", "quiet", "page")})
    for part in ("part", "quiet", "page"):
        server.put(f"{part}/who.sh", SCRIPT, 0o755)
    server.put("open/who.sh", SCRIPT.replace("apiguard", "'apiguard\\|remote_user'"), 0o755)
    server.put("page/nested.shtml", '<!--#echo var="APIGUARD_CLIENT" --><!--#include virtual="/part/nested.shtml" -->'
               '<!--#echo var="APIGUARD_CLIENT" -->=<!--#echo var="REMOTE_USER" --><!--#include virtual="/open/who.sh" -->')
    server.put("part/nested.shtml", '[<!--#echo var="APIGUARD_CLIENT" -->=<!--#echo var="REMOTE_USER" -->'
               '<!--#include virtual="/open/who.sh" -->]')
    server.boss = server.keys.create(client="boss", scopes=["admin"], roles=["owner"])
    server.guest = server.keys.create(client="guest")
    return server


@pytest.mark.parametrize("part", ["part", "quiet"])
def test_a_part_is_told_of_its_own_client_alone(web, part):
    answer = web.get(f"/page/{part}.shtml", headers={"X-Page-Key": web.boss, "X-Part-Key": web.guest})
    assert answer.status == 200 and "end" in answer.text, answer.text
    told = answer.text[answer.text.index("boss") + 4:]  # what the page itself says comes first
    assert "APIGUARD_CLIENT=guest" in told
    assert "boss" not in told and "admin" not in told and "owner" not in told, told


def test_a_part_of_the_same_section_is_told_what_the_page_is(web):
    answer = web.get("/page/page.shtml", headers={"X-Page-Key": web.boss})
    assert "APIGUARD_CLIENT=boss" in answer.text and "APIGUARD_SCOPES=admin" in answer.text, answer.text
    assert "HTTP_X_APIGUARD_ROLES=owner" in answer.text, answer.text


def test_a_part_that_is_a_page_is_told_of_its_own_client_alone(web):
    answer = web.get("/page/nested.shtml", headers={"X-Page-Key": web.boss, "X-Part-Key": web.guest})
    before, rest = answer.text.split("[")
    part, after = rest.split("]")
    assert before == "boss" and after.startswith("boss=boss"), answer.text
    assert "APIGUARD_CLIENT=boss" in after and "REMOTE_USER=boss" in after and "guest" not in after, after
    assert part.startswith("guest=guest") and "APIGUARD_CLIENT=guest" in part and "REMOTE_USER=guest" in part, part
    assert "boss" not in part and "admin" not in part and "owner" not in part, part
