# SPDX-License-Identifier: Apache-2.0
"""A refusal for a browser: a small page with the problem document's content."""

import re
from html.parser import HTMLParser

import pytest

from support import h2client
from support.problem import assert_refused

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CHROME = ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
          "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7")
PAGE = {"Accept": FIREFOX}
CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
GUARDED = 'AuthType ApiGuard\nAuthName page\nRequire valid-user\n'
SECTIONS = {
    "key": GUARDED,
    "rate": GUARDED + "ApiGuardRateLimit 1/day",
    "scope": GUARDED.replace("valid-user", "api-scope admin"),
    "busy": "ApiGuardConcurrency 0 by=ip",
    "httpd": GUARDED + "ApiGuardErrors httpd",
    "lines": GUARDED + "ApiGuardSecurityHeader Content-Security-Policy \"default-src *\" force",
    "unset": GUARDED + "ApiGuardSecurityHeader Content-Security-Policy unset force",
    "always": GUARDED + "Header always set Content-Security-Policy \"default-src *\"",
}
CONF = ("Protocols h2c http/1.1\nErrorDocument 401 /errors/no.html\n"
        + "".join(f'<Location "/s/{name}/">\n{lines}\n</Location>\n' for name, lines in SECTIONS.items()))


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF, modules=("http2",), files={"errors/no.html": "administrator's page\n"})


class Page(HTMLParser):
    """Strict enough for what we send: the terms of the list, and no element that could do anything."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.members, self.tags, self.texts, self.at = {}, set(), {}, None
        self.feed(text)
        self.close()
        assert self.tags <= {"html", "meta", "title", "h1", "dl", "dt", "dd"}, self.tags

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.at = tag
        assert not [name for name, _ in attrs if name not in ("lang", "charset")], attrs

    def handle_endtag(self, tag):
        self.at = None

    def handle_data(self, data):
        if self.at == "dt":
            self.term = data
        elif self.at == "dd":
            self.members.setdefault(self.term, []).append(data)
        elif self.at:
            self.texts[self.at] = data


def assert_page(answer, code, status):
    assert answer.status == status
    assert answer.all("Content-Type") == ["text/html; charset=utf-8"]
    assert answer.all("Content-Security-Policy") == [CSP]
    assert answer.all("Cache-Control") == ["no-store"]
    assert "<script" not in answer.text and "administrator" not in answer.text
    page = Page(answer.text)
    assert page.members["code"] == [code] and page.members["status"] == [str(status)]
    assert re.fullmatch(r"[0-9a-zA-Z@_-]{8,}", page.members["request_id"][0])
    return page


@pytest.mark.parametrize("accept", [FIREFOX, CHROME, "text/html", "text/html, application/json;q=0.9"])
def test_a_browser_gets_a_page(web, accept):
    answer = web.get("/s/key/hello.html", headers={"Accept": accept})
    page = assert_page(answer, "credential_missing", 401)
    assert answer.all("WWW-Authenticate")
    assert page.texts["h1"] == page.texts["title"] == "A credential is required"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html",
                                    "application/json, text/javascript, */*; q=0.01", "text/html;q=0.5, */*",
                                    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", ""])
def test_everybody_else_gets_json(web, accept):
    answer = web.get("/s/key/hello.html", headers={"Accept": accept})
    assert_refused(answer, "credential_missing")
    assert answer.header("Content-Security-Policy") != CSP


def test_it_says_what_the_problem_document_says(web):
    key = web.keys.create(client="acme <b>& sons</b>")
    assert web.get("/s/rate/hello.html", key=key).status == 200
    problem = assert_refused(web.get("/s/rate/hello.html", key=key), "rate_exceeded")
    answer = web.get("/s/rate/hello.html", key=key, headers=PAGE)
    page = assert_page(answer, "rate_exceeded", 429)
    assert problem["detail"] == "1 per day for client acme <b>& sons</b>"
    for name in ("type", "title", "detail", "violated-policies"):
        want = problem[name] if isinstance(problem[name], list) else [problem[name]]
        assert page.members[name] == want, name
    assert page.members["retry_after"] == [answer.header("Retry-After")]
    assert page.texts["h1"] == problem["error"]
    assert answer.header("RateLimit")


def test_of_other_refusals(web):
    key = web.keys.create()
    assert_page(web.get("/s/scope/hello.html", key=key, headers=PAGE), "scope_insufficient", 403)
    page = assert_page(web.get("/s/busy/hello.html", headers=PAGE), "concurrency_exceeded", 429)
    assert page.members["violated-policies"] == ["0 concurrent"]
    assert_page(web.request("POST", "/s/key/hello.html", headers=PAGE), "credential_missing", 401)


def test_head_has_no_body(web):
    answer = web.request("HEAD", "/s/key/hello.html", headers=PAGE)
    assert (answer.status, answer.body) == (401, b"")
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    assert answer.header("Content-Security-Policy") == CSP


def test_http_2(web):
    answer = h2client.request(web.port, "GET", "/s/key/hello.html", [("accept", FIREFOX)])
    assert_page(answer, "credential_missing", 401)
    answer = h2client.request(web.port, "HEAD", "/s/key/hello.html", [("accept", FIREFOX)])
    assert (answer.status, answer.body) == (401, b"")


@pytest.mark.parametrize("section", ["lines", "unset", "always"])
def test_its_policy_is_its_own(web, section):
    """Regression: a line took it away, and mod_headers put a second one beside it."""
    assert_page(web.get(f"/s/{section}/hello.html", headers=PAGE), "credential_missing", 401)


def test_errors_httpd_stays_httpd_s(web):
    answer = web.get("/s/httpd/hello.html", headers=PAGE)
    assert answer.status == 401 and "administrator's page" in answer.text
    assert answer.header("Content-Security-Policy") != CSP


def test_what_passes_is_left_alone(web):
    key = web.keys.create()
    answer = web.get("/s/key/hello.html", key=key, headers=PAGE)
    assert answer.status == 200 and answer.header("Content-Security-Policy") != CSP
