# SPDX-License-Identifier: Apache-2.0
"""A public page that includes a guarded part is, with that part, its reader's alone: no cache in httpd or
before it may keep it for others.

Found from outside: a public SSI page that included a guarded part was cached for all, since only what was
asked for itself was marked. The page's answer begins before the part is asked for."""

import pytest

PART = "for-acme-only"
LONG = "<p>" + "x" * 20000 + "</p>\n"

CONF = """
ScriptSock {root}/run/cgisock
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
<Directory {root}/htdocs>
    Options +Includes +Indexes
    DirectoryIndex disabled
</Directory>
<Directory {root}/htdocs/asked>
    RewriteEngine On
    RewriteCond "/part/x.html" "-U"
    RewriteRule "^page$" "/asked/members.html" [L]
    RewriteRule "^page$" "/asked/all.html" [L]
</Directory>
<Directory {root}/htdocs/front>
    Options +ExecCGI
    AddHandler cgi-script .sh
    RewriteEngine On
    RewriteRule "^go/" "/open/front.sh" [L]
    RewriteRule "^tenant/" "/open/%{ENV:APIGUARD_CLIENT}.html" [L]
</Directory>
<Directory {root}/htdocs/open>
    Options +ExecCGI
    AddHandler cgi-script .sh
</Directory>
<Location "/front/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key
    ErrorDocument 404 /open/acme.html
    Require valid-user
</Location>
<Directory {root}/htdocs/override>
    AllowOverride AuthConfig
</Directory>
<Location "/bytype/">
    RemoveOutputFilter .shtml
    AddOutputFilterByType INCLUDES text/html
</Location>
<Location "/said/">
    Header set Cache-Control "public, max-age=600"
</Location>
<LocationMatch "/part/">
    AuthType ApiGuard
    ApiGuardKeyFrom header:X-API-Key query:apikey cookie:session
    Require valid-user
</LocationMatch>
<Location "/anonymous/">
    AuthType ApiGuard
    ApiGuardAnonymous on
    Require valid-user
</Location>
<Files "secret.txt">
    AuthType ApiGuard
    Require valid-user
</Files>
"""

CACHE = """
CacheEnable disk /
CacheRoot {root}/cache
CacheDefaultExpire 600
CacheIgnoreNoLastMod On
CacheHeader on
"""

PAGE = f'<p>head</p>\n{LONG}<!--#include virtual="/part/x.html" -->\n<p>tail</p>\n'
FILES = {
    "page.shtml": PAGE,
    "short.shtml": '<!--#include virtual="/part/x.html" -->',
    "exec.shtml": LONG + '<!--#exec cgi="/part/x.html" -->\n',
    "size.shtml": LONG + '<!--#fsize virtual="/part/x.html" -->\n',
    "bytype/page.shtml": PAGE,
    "said/page.shtml": PAGE,
    "plain.shtml": "<p>nothing guarded</p>\n",
    "anonymous.shtml": LONG + '<!--#include virtual="/anonymous/x.html" -->',
    "late.shtml": LONG + '<!--#include virtual="/override/x.html" -->',
    "part/x.html": PART,
    "anonymous/x.html": "for anybody",
    "override/x.html": PART,
    "override/.htaccess": "AuthType ApiGuard\nAuthName x\nApiGuardKeyFrom header:X-Unheard-Of\n"
                          "Require valid-user\n",
    "list/secret.txt": "x",
    "list/open.txt": "y",
    "open/acme.html": "for acme", "open/other.html": "for other",
    "asked/members.html": "for members",
    "asked/all.html": "for all",
}
MODULES = ("include", "autoindex", "filter", "headers", "cgid", "rewrite")
SCRIPTS = {
    "open/front.sh": "#!/bin/sh\nprintf 'Content-Type: text/html\nCache-Control: max-age=600\n\n'\n"
                     "echo \"for $REDIRECT_APIGUARD_CLIENT\"\n",
    "front/local.sh": "#!/bin/sh\nprintf 'Location: /open/acme.html\n\n'\n",
}
CACHES = {"on": "CacheQuickHandler on\n", "off": "CacheQuickHandler off\n"}


def put_scripts(server):
    for name, text in SCRIPTS.items():
        server.put(name, text, 0o755)


@pytest.fixture(scope="module")
def served(make_httpd):
    server = make_httpd(CONF, modules=MODULES, files=FILES)
    put_scripts(server)
    server.key = server.keys.create(client="acme")
    return server


@pytest.fixture
def web(served):
    served.expect("unable to include")  # mod_include's word for a part that is refused
    return served


def is_personal(answer):
    said = answer.header("Cache-Control") or ""
    return "private" in said and "public" not in said and "X-API-Key" in (answer.header("Vary") or "")


@pytest.mark.parametrize("page", ["/page.shtml", "/short.shtml", "/bytype/page.shtml", "/said/page.shtml"])
@pytest.mark.parametrize("how", ["field", "query", "cookie"])
def test_an_answer_with_a_guarded_part_is_its_readers_alone(web, page, how):
    answer = {"field": lambda: web.get(page, key=web.key),
              "query": lambda: web.get(f"{page}?apikey={web.key}"),
              "cookie": lambda: web.get(page, headers={"Cookie": f"session={web.key}"})}[how]()
    assert answer.status == 200 and is_personal(answer), answer.headers
    if how != "query":  # an include gets no argument of its page
        assert PART in answer.text


@pytest.mark.parametrize("page", ["/exec.shtml", "/size.shtml"])
def test_so_is_one_that_only_looked_at_it(web, page):
    web.expect("AH0", "unable to get information")
    assert is_personal(web.get(page, key=web.key))


@pytest.mark.parametrize("page", ["/page.shtml", "/plain.shtml"])
def test_who_sent_no_credential_gets_what_all_may_have(web, page):
    answer = web.get(page)
    assert answer.status == 200 and PART not in answer.text
    assert not answer.header("Cache-Control"), answer.headers


def test_a_page_without_such_parts_says_what_it_said(web):
    assert web.get("/index.html", key=web.key).header("Cache-Control") is None
    assert web.get("/said/page.shtml").header("Cache-Control") == "public, max-age=600"


def test_a_list_of_files_that_only_some_may_see(web):
    assert "secret.txt" not in web.get("/list/").text
    answer = web.get("/list/", key=web.key)
    assert "secret.txt" in answer.text and is_personal(answer), answer.headers


def test_a_page_that_was_chosen_by_who_asks(web):
    """mod_rewrite asks with -U and sends the request on; what it learned is not forgotten."""
    answer = web.get("/asked/page", key=web.key)
    assert answer.text == "for members" and is_personal(answer), answer.headers
    answer = web.get("/asked/page")
    assert answer.text == "for all" and not answer.header("Cache-Control"), answer.headers


SENT_ON = ["/front/go/x", "/front/tenant/x", "/front/local.sh", "/front/nothing-there"]


@pytest.mark.parametrize("page", SENT_ON)
def test_an_answer_that_a_guarded_request_was_sent_on_for(web, page):
    """Only the section that answered was asked, and it is open: a front controller, most often."""
    answer = web.get(page, key=web.key)
    assert answer.text.strip() == "for acme" and is_personal(answer), answer.headers
    answer = web.get("/open/acme.html", key=web.key)
    assert answer.text == "for acme" and not answer.header("Cache-Control"), answer.headers


def test_an_anonymous_part_is_no_secret(web):
    answer = web.get("/anonymous.shtml")
    assert "for anybody" in answer.text


def test_a_part_that_comes_too_late_is_left_out(web):
    """Nobody knew that this field holds a key; an .htaccess said so when the page had begun."""
    web.expect("AG0600")
    answer = web.get("/late.shtml", headers={"X-Unheard-Of": web.key})
    assert answer.status == 200 and PART not in answer.text
    assert web.get("/override/x.html", headers={"X-Unheard-Of": web.key}).text == PART


@pytest.mark.parametrize("quick", CACHES)
def test_mod_cache_keeps_none_of_it(own_httpd, quick):
    web = own_httpd(CONF + CACHE + CACHES[quick], modules=(*MODULES, "cache", "cache_disk"), files=FILES,
                    start=False)
    web.dir.mkdir("cache")
    put_scripts(web)
    if web.user:
        import shutil
        shutil.chown(web.dir.join("cache"), *web.user)
    web.start()
    web.expect("unable to include")
    key = web.keys.create(client="acme")
    for page in "/page.shtml", "/said/page.shtml", "/bytype/page.shtml":
        for _ in range(2):
            answer = web.get(page, key=key)
            assert PART in answer.text and "MISS" in (answer.header("X-Cache") or "MISS"), answer.headers
        answer = web.get(page)
        assert answer.status == 200 and PART not in answer.text, answer
    other = web.keys.create(client="other")
    for page in "/front/go/x", "/front/tenant/x":
        assert [web.get(page, key=who).text.strip() for who in (key, other)] == ["for acme", "for other"]
    web.get("/plain.shtml")
    assert (web.get("/plain.shtml").header("X-Cache") or "").startswith("HIT")
