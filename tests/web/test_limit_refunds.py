# SPDX-License-Identifier: Apache-2.0
"""What a request costs that is refused in part: an include, an index or an inner section of it."""

import re

import pytest

from support.problem import assert_refused

CONF = """
ApiGuardRateHeaders legacy
<Directory "{root}/htdocs/pages">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    AddType text/html .shtml
    ApiGuardRateLimit 3/day by=ip
</Directory>
<Location "/s/inner/">
    ApiGuardRateLimit 1/day by=global
</Location>
<Location "/s/force/">
    AuthType ApiGuard
    AuthzSendForbiddenOnFailure On
    ApiGuardRateLimit 3/day
    Require api-scope admin
</Location>
<Location "/s/force-page/">
    AuthType ApiGuard
    AuthzSendForbiddenOnFailure On
    ErrorDocument 403 /no.html
    ApiGuardRateLimit 3/day
    Require api-scope admin
</Location>
<Location "/s/named/">
    ApiGuardRateLimit 6/day by=ip name=shared
</Location>
<Location "/s/named/hello.html">
    ApiGuardRateLimit 6/day by=ip name=shared
</Location>
<Directory {root}/htdocs/index>
    DirectoryIndex refused.html next.html
    <Files "*.html">
        ApiGuardRateLimit 1/day by=ip
    </Files>
    <Files "refused.html">
        ApiGuardRateLimit 0/day by=global
    </Files>
</Directory>
<Directory {root}/htdocs/told>
    AllowOverride AuthConfig
</Directory>
<Directory {root}/htdocs/above>
    ApiGuardRateLimit 5/day by=ip
    <Files "index.html">
        ApiGuardRateLimit 1/day by=global
    </Files>
</Directory>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF, modules=("include",), files={
        "pages/x.shtml": '<!--#include virtual="/s/inner/hello.html" -->\n', "no.html": "page\n",
        "told/index.html": "index\n",
        "told/.htaccess": '<Files "index.html">\nApiGuardRateLimit 0/day by=ip name=none\n</Files>\n',
        "above/index.html": "index\n", "above/x.html": "x\n",
        "index/refused.html": "no\n", "index/next.html": "yes\n"})


def remaining(answer):
    return int(answer.header("X-RateLimit-Remaining"))


def test_a_refused_include_gives_nothing_back(web):
    """The page was served; that the section of its include is used up is no reason to refund it."""
    web.expect("unable to include")
    statuses = [web.get("/pages/x.shtml").status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


@pytest.mark.parametrize("section", ["force", "force-page"])
def test_a_403_of_authzsendforbiddenonfailure_is_charged_and_audited(web, section):
    """httpd takes such a 403 to a page without asking us once more."""
    key = web.keys.create(client="low-" + section)
    for left in (2, 1, 0):
        answer = web.get(f"/s/{section}/hello.html", key=key)
        assert_refused(answer, "scope_insufficient")
        assert remaining(answer) == left
    admin = web.keys.create(client="low-" + section, scopes=["admin"])
    assert_refused(web.get(f"/s/{section}/hello.html", key=admin), "rate_exceeded")
    audited = re.findall(r'"code":"(\w+)"', web.verdict.error.peek())
    assert audited == ["scope_insufficient"] * 3 + ["rate_exceeded"]


def test_one_name_in_an_outer_and_an_inner_section_is_charged_once(web):
    """A section that says again what holds already takes no second time."""
    answers = [web.get("/s/named/hello.html") for _ in range(7)]
    assert [answer.status for answer in answers] == [200] * 6 + [429]
    assert remaining(answers[0]) == 5


def test_what_a_refused_sub_request_gave_back_is_charged_to_the_next(web):
    """mod_dir tries one index after another; the count that the first gave back was taken for paid
    by the second, any number of times."""
    assert web.get("/index/").text == "yes\n"
    assert web.get("/index/").status == 429


def test_a_request_refused_for_its_index_is_told_by_which_limit(web):
    """Regression: it had no RateLimit fields, and its list of violated policies was empty. The index's .htaccess, and
    the names in it, end before the refusal is told."""
    answer = web.get("/told/")
    assert assert_refused(answer, "rate_exceeded")["violated-policies"] == ["none"]
    assert remaining(answer) == 0


def test_a_request_refused_for_its_index_stays_charged(web):
    """It was given back, and with it what an index before that had looked at: a password, perhaps."""
    assert [web.get("/above/").status for _ in range(4)] == [200, 429, 429, 429]
    assert remaining(web.get("/above/x.html")) == 0
