# SPDX-License-Identifier: Apache-2.0
"""Every example of docs/howto/browsers.md, as it stands there but for names of hosts and ports: the configuration in
one server, the JavaScript in a real browser."""

import os
import re

import pytest

from support import browser
from support.backend import Backend, header_of, seen
from support.problem import assert_refused
from support.websocket import Echo

PAGE = os.path.join(os.path.dirname(__file__), "../../docs/howto/browsers.md")
EXAMPLE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
MORE = """
<Location "/files/">
    Header set Content-Disposition attachment
</Location>
ProxyPass "/results" "http://127.0.0.1:{results}/results"
"""


def examples(language, words):
    """All of them in one text, with other words for some: each stands there."""
    with open(PAGE, encoding="utf-8") as f:
        text = "".join(text for name, text in EXAMPLE.findall(f.read()) if name == language)
    for word, value in words.items():
        assert word in text, word
        text = text.replace(word, value)
    return text


class Setup:
    def __init__(self, make_httpd):
        self.backend, self.echo, self.sites = Backend(), Echo(), [browser.Site(), browser.Site()]
        conf = examples("apache", {"https://app.example.com": self.sites[0].origin, "100/min": "1/s",
                                   "127.0.0.1:3000": f"127.0.0.1:{self.backend.port}",
                                   "127.0.0.1:3001": f"127.0.0.1:{self.echo.port}"})
        self.web = make_httpd(conf + MORE, modules=("proxy", "proxy_http"),
                              words={"results": self.sites[1].origin.rsplit(":", 1)[1]},
                              files={"files/report.csv": "a,b\n", "files/large.csv": "c,d\n"})
        self.key = self.web.keys.create(client="page")

    def close(self):
        for thing in (self.backend, self.echo, *self.sites):
            thing.close()


@pytest.fixture(scope="module")
def setup(make_httpd):
    setup = Setup(make_httpd)
    yield setup
    setup.close()


# ---- what needs no browser ----

def test_the_application_s_own_authorization(setup):
    own = {"Authorization": "Bearer app-session-7"}
    got = seen(setup.web, "/shop/items", key=setup.key, headers=own)
    assert header_of(got, "Authorization") == ["Bearer app-session-7"]
    assert header_of(got, "X-API-Key") == []
    assert_refused(setup.web.get("/api/items", key=setup.key, headers=own), "credential_ambiguous")


@pytest.mark.parametrize("origin, passes", [
    ("http://api.test", True), ("https://www.api.test", False), ("http://api.test:8080", False), (None, True)])
def test_a_cookie(setup, origin, passes):
    fields = {"Host": "api.test", "Cookie": f"session={setup.key}", **({"Origin": origin} if origin else {})}
    answer = setup.web.request("POST", "/session/items", headers=fields, body="x")
    if passes:
        assert answer.status == 200
    else:
        assert_refused(answer, "origin_denied")


# ---- what does ----

OTHER_ORIGIN = {"twice": """async () => [(await get("/api/a", key)).path, (await get("/api/b", key)).path]"""}
OWN_ORIGIN = {
    "a websocket": """() => new Promise(done => {
        document.cookie = "session=" + key + "; path=/";
        const feed = listen(done);
        feed.onclose = () => done("closed");
        feed.onopen = () => feed.onclose = null || done("open");
    })""",
    "saved": """async () => await save("/files/report.csv", "report.csv", key) || "saved" """,
    "not saved": """async () => await save("/files/report.csv", "report.csv", "no-key").catch(error => error.message)""",
    "opened": """() => { open("/files/large.csv", key); return "opened"; }""",
}


@pytest.fixture(scope="module")
def visited(setup):
    if not browser.find():
        pytest.skip("no Chromium is installed; script/bootstrap installs chromium-headless-shell")
    api = f"http://127.0.0.1:{setup.web.port}"
    code = examples("js", {"https://api.example.com": api, "wss://api.example.com": api.replace("http", "ws")})
    first, second = setup.sites
    first.page(api, setup.key, OTHER_ORIGIN, then=api + "/checks.html")
    second.page(api, setup.key, OWN_ORIGIN)
    for site in setup.sites:
        site.server.page = site.server.page.replace("const checks", code + "const checks", 1)
    setup.web.put("checks.html", second.server.page)
    return browser.visit(setup.sites)


@pytest.mark.slow
def test_a_page_of_another_origin(setup, visited):
    """The second request is over the limit: the page reads Retry-After, waits, and asks again."""
    assert visited[0] == {"twice": ["/a", "/b"]}
    assert [request["method"] for request in setup.backend.seen if request["path"] == "/b"] == ["GET"]
    assert re.search(r'"GET /api/b HTTP/1.1" 429', setup.web.named_log("access.log", until="/api/b"))


@pytest.mark.slow
def test_pages_of_the_same_origin(setup, visited):
    assert visited[1] == {"a websocket": "open", "saved": "saved", "not saved": "The API key is not valid",
                          "opened": "opened"}
    assert "websocket" in setup.echo.seen[0].lower()
    assert re.search(r'"GET /files/large.csv HTTP/1.1" 200', setup.web.named_log("access.log", until="/files/large.csv"))
