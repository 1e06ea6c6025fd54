# SPDX-License-Identifier: Apache-2.0
"""The ways in that httpd leaves open when a module is not careful: sections, methods, redirects and
sub-requests in which its own access control is skipped or asked about something else."""

import pytest

from support.fields import limits
from support.problem import assert_refused

CONF = """
LimitInternalRecursion 5
<Directory "{root}/htdocs/list">
    Options +Indexes
    IndexOptions FancyIndexing
</Directory>
<Directory "{root}/htdocs/list/closed">
    AuthType ApiGuard
    AuthName "closed"
</Directory>
<Directory "{root}/htdocs/many">
    Options +Indexes
    AuthType ApiGuard
    AuthName "many"
    ApiGuardRateLimit 100/day
    Require valid-user
</Directory>
<Directory "{root}/htdocs/front">
    RewriteEngine On
    RewriteRule ^go$ /s/guarded/hello.html
    RewriteRule ^strict$ /s/strict/hello.html
</Directory>
<Directory "{root}/htdocs/fallback">
    FallbackResource /fallback/front.html
</Directory>
<Location "/fallback">
    AuthType ApiGuard
    AuthName "fallback"
    ApiGuardRateLimit 100/day
    Require valid-user
</Location>
<Directory "{root}/htdocs/open-fallback">
    FallbackResource /s/guarded/hello.html
</Directory>
<Directory "{root}/htdocs/pages">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    AddType text/html .shtml
</Directory>
<Directory "{root}/htdocs/indexed">
    <Files "index.html">
        AuthType ApiGuard
        AuthName "index"
    </Files>
</Directory>
<Directory "{root}/htdocs/rewritten">
    AuthType ApiGuard
    AuthName "rewritten"
    ApiGuardRateLimit 100/day
    Require valid-user
    RewriteEngine On
    RewriteRule ^alias\\.html$ /rewritten/page.html
    RewriteRule ^strict$ /s/strict/hello.html
</Directory>
<Directory "{root}/htdocs/tenant">
    AllowOverride AuthConfig
</Directory>
<Directory "{root}/htdocs/kept">
    AllowOverride AuthConfig
    AuthType ApiGuard
    AuthName "kept"
    ApiGuardRateLimit 1/day by=ip
    Require valid-user
</Directory>

<Location "/s/guarded/">
    AuthType ApiGuard
    AuthName "guarded"
    ApiGuardRateLimit 1000/day
    Require valid-user
</Location>
<Location "/s/strict/">
    AuthType ApiGuard
    AuthName "strict"
    Require api-scope admin
</Location>
<Location "/s/inherited/">
    AuthType ApiGuard
    AuthName "inherited"
</Location>
<Location "/s/granted/">
    AuthType ApiGuard
    AuthName "granted"
    Require all granted
</Location>
<Location "/s/any/">
    AuthType ApiGuard
    AuthName "any"
    <RequireAny>
        Require all granted
        Require valid-user
    </RequireAny>
</Location>
<Location "/s/tree/">
    AuthType ApiGuard
    AuthName "tree"
    ApiGuardEnforce require
    <RequireAny>
        Require ip 127.0.0.1
        Require valid-user
    </RequireAny>
</Location>
<Location "/s/tree-closed/">
    AuthType ApiGuard
    AuthName "tree"
    ApiGuardEnforce require
    <RequireAny>
        Require ip 192.0.2.1
        Require valid-user
    </RequireAny>
</Location>
<Location "/s/satisfy/">
    AuthType ApiGuard
    AuthName "satisfy"
    Order allow,deny
    Allow from all
    Satisfy Any
</Location>
<Location "/s/satisfy-user/">
    AuthType ApiGuard
    AuthName "satisfy"
    Order allow,deny
    Allow from all
    Satisfy Any
    Require valid-user
</Location>
<Location "/s/satisfy-limit/">
    Order allow,deny
    Allow from all
    Satisfy Any
    ApiGuardRateLimit 1/day by=ip
</Location>
<Location "/s/satisfy-address/">
    AuthType ApiGuard
    AuthName "satisfy"
    Order allow,deny
    Allow from all
    Satisfy Any
    Require api-ip 192.0.2.0/24
</Location>
<Location "/s/nested/">
    AuthType ApiGuard
    AuthName "outer"
    Require valid-user
</Location>
<Location "/s/nested/open/">
    Require all granted
</Location>
<Location "/s/methods/">
    AuthType ApiGuard
    AuthName "methods"
    <RequireAny>
        Require method OPTIONS
        Require valid-user
    </RequireAny>
</Location>
<Location "/s/methods-open/">
    AuthType ApiGuard
    AuthName "methods"
    ApiGuardEnforce require
    <RequireAny>
        Require method OPTIONS
        Require valid-user
    </RequireAny>
</Location>
<Location "/s/limit/">
    AuthType ApiGuard
    AuthName "limit"
    <Limit GET>
        Require valid-user
    </Limit>
</Location>
"""
FILES = {
    "list/open.html": "open\n", "list/closed/x.html": "x\n",
    **{f"many/{i}.html": "x\n" for i in range(30)},
    "front/index.html": "front\n",
    "fallback/front.html": "front controller\n",
    "open-fallback/x.html": "x\n",
    "pages/inc.shtml": 'before <!--#include virtual="/s/guarded/hello.html" --> after\n',
    "indexed/index.html": "the index\n",
    "rewritten/page.html": "page\n",
    "tenant/hello.html": "hello tenant\n",
    "kept/hello.html": "hello kept\n",
}
MODULES = ("access_compat", "autoindex", "rewrite", "include")


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF, modules=MODULES, files=FILES)


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


@pytest.mark.parametrize("section", ["inherited", "granted", "any"])
def test_require_all_granted_does_not_open_a_guarded_section(web, key, section):
    assert_refused(web.get(f"/s/{section}/hello.html"), "credential_missing")
    assert_refused(web.get(f"/s/{section}/hello.html", key="wrong-0123456789"), "key_invalid")
    assert web.get(f"/s/{section}/hello.html", key=key).status == 200


def test_an_inner_section_inherits_the_guard(web, key):
    """AuthType is inherited: `Require all granted` inside does not say that anybody may come."""
    assert_refused(web.get("/s/nested/open/hello.html"), "credential_missing")


def test_enforce_require_asks_the_require_tree_alone(web, key):
    assert web.get("/s/tree/hello.html").status == 200
    assert_refused(web.get("/s/tree-closed/hello.html"), "credential_missing")
    assert web.get("/s/tree-closed/hello.html", key=key).status == 200


@pytest.mark.parametrize("section", ["satisfy", "satisfy-user"])
def test_satisfy_any_does_not_open_a_guarded_section(web, key, section):
    assert_refused(web.get(f"/s/{section}/hello.html"), "credential_missing")
    assert web.get(f"/s/{section}/hello.html", key="wrong-0123456789").status == 401
    assert web.get(f"/s/{section}/hello.html", key=key).status == 200


def test_satisfy_any_does_not_lift_a_limit(web):
    statuses = [web.get("/s/satisfy-limit/hello.html").status for _ in range(3)]
    assert statuses == [200, 429, 429]


def test_satisfy_any_does_not_let_in_without_a_credential_beside_an_address_rule(web):
    assert web.get("/s/satisfy-address/hello.html").status in (401, 403)


def test_limit_sections_leave_no_method_open(web, key):
    """<Limit GET> is httpd's oldest trap: other methods are not asked for anything."""
    assert_refused(web.request("POST", "/s/limit/hello.html", body="x"), "credential_missing")
    assert_refused(web.get("/s/limit/hello.html"), "credential_missing")


def test_a_listing_does_not_show_what_is_closed(web, key):
    listing = web.get("/list/").text
    assert "open.html" in listing
    assert "closed" not in listing
    assert_refused(web.get("/list/closed/x.html"), "credential_missing")


def test_a_listing_is_charged_once(web, key):
    before = limits(web.get("/many/0.html", key=key))["100/day"]["r"]
    listing = web.get("/many/", key=key)
    assert "29.html" in listing.text
    assert limits(listing)["100/day"]["r"] == before - 1


def test_an_include_does_not_carry_a_guarded_page_out(web, key):
    web.expect("unable to include")
    page = web.get("/pages/inc.shtml").text
    assert "before" in page and "hello" not in page
    assert "hello" in web.get("/pages/inc.shtml", key=key).text


def test_a_guarded_index_is_guarded_behind_its_directory(web, key):
    for path in ("/indexed/", "/indexed/index.html"):
        assert_refused(web.get(path), "credential_missing")
        assert web.get(path, key=key).text == "the index\n"


def test_a_rewrite_into_a_guarded_section_is_guarded(web, key):
    assert_refused(web.get("/front/go"), "credential_missing")
    assert_refused(web.get("/front/go", key="wrong-0123456789"), "key_invalid")
    assert web.get("/front/go", key=key).text == "hello\n"


def test_a_rewrite_into_a_guarded_section_is_charged(web, key):
    before = limits(web.get("/s/guarded/hello.html", key=key))["1000/day"]["r"]
    after = limits(web.get("/front/go", key=key))["1000/day"]["r"]
    assert after == before - 1


def test_a_rewrite_inside_one_section_is_charged_once(web, key):
    before = limits(web.get("/rewritten/page.html", key=key))["100/day"]["r"]
    answer = web.get("/rewritten/alias.html", key=key)
    assert answer.text == "page\n"
    assert limits(answer)["100/day"]["r"] == before - 1


@pytest.mark.parametrize("path", ["/front/strict", "/rewritten/strict"])
def test_a_rewrite_into_a_stricter_section_meets_its_rules(web, key, path):
    answer = web.get(path, key=key)
    assert_refused(answer, "scope_insufficient")
    assert "hello" not in answer.text
    admin = web.keys.create(client="root", scopes=["admin"])
    assert web.get(path, key=admin).text == "hello\n"


def test_a_fallback_resource_is_guarded_and_charged_once(web, key):
    assert_refused(web.get("/fallback/any/thing"), "credential_missing")
    before = limits(web.get("/fallback/front.html", key=key))["100/day"]["r"]
    answer = web.get("/fallback/any/thing", key=key)
    assert answer.text == "front controller\n"
    assert limits(answer)["100/day"]["r"] == before - 1


def test_a_fallback_into_a_guarded_section_is_guarded(web, key):
    assert_refused(web.get("/open-fallback/nothing-here"), "credential_missing")
    assert web.get("/open-fallback/nothing-here", key=key).text == "hello\n"


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PROPFIND", "BREW"])
def test_no_method_goes_around(web, method):
    answer = web.request(method, "/s/guarded/hello.html")
    assert answer.status == 401
    assert answer.header("Allow") is None


def test_trace_shows_nothing_but_the_request(web, key):
    """httpd answers TRACE before any access control; all it may say is what the client said."""
    answer = web.request("TRACE", "/s/guarded/hello.html", headers={"X-ApiGuard-Client": "root"})
    assert "hello\n" not in answer.text
    assert "root" not in answer.text


def test_require_method_opens_only_with_enforce_require(web):
    assert web.request("OPTIONS", "/s/methods/hello.html").status == 401
    assert web.request("OPTIONS", "/s/methods-open/hello.html").status == 200
    assert web.get("/s/methods-open/hello.html").status == 401


@pytest.mark.parametrize("path", [
    "//s//guarded//hello.html", "/%73/guarded/hello.html", "/s/./guarded/hello.html",
    "/s/x/../guarded/hello.html", "/s/%67uarded/hello%2ehtml", "/s/guarded//hello.html",
    "/s/guarded/%2e/hello.html", "/list/%2e%2e/s/guarded/hello.html",
    "/s/guarded/hello.html/", "/s/guarded/hello.html?x=/../", "/s/guarded%2fhello.html",
    "/s/guarded%5chello.html", "/S/guarded/hello.html", "/s;v=1/guarded/hello.html",
    "/s/guarded/hello.html%00.png", "http://api.test/s/guarded/hello.html",
])
def test_no_spelling_of_the_path_goes_around(web, path):
    answer = web.client.raw_request("GET", path)
    assert answer.status in (400, 401, 404), answer
    assert "hello\n" not in answer.text


def test_an_auth_type_that_is_named_late(own_httpd):
    """AuthType may be an expression, and a hook after ours may set what it is made of. It was looked at once,
    when it was none yet: below an inherited "Require all granted" the section was open."""
    web = own_httpd("""
        LuaHookAccessChecker {root}/htdocs/late.lua handle
        <Location "/s/">
            AuthType %{reqenv:LATE}
            AuthName "late"
            Require all granted
        </Location>
        <Location "/s/user/">
            Require valid-user
        </Location>
    """, modules=["lua"], files={"late.lua": """
        require "apache2"
        function handle(r)
            r.subprocess_env["LATE"] = "ApiGuard"
            return apache2.DECLINED
        end"""})
    key = web.keys.create()
    for path in ("/s/all/hello.html", "/s/user/hello.html"):
        assert_refused(web.get(path), "credential_missing")
        assert web.get(path, key=key).status == 200
