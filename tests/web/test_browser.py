# SPDX-License-Identifier: Apache-2.0
"""CORS and cookies in a real browser: what a page of an origin that is listed can do, and what a page of another one
cannot. Ports of one host are origins of their own, and share their cookies."""

import pytest

from support import browser
from support.backend import Backend

CONF = """
<Location "/s/">
    AuthType ApiGuard
    AuthName browser
    ApiGuardKeyFrom header:X-API-Key cookie:session
    Require valid-user
    ApiGuardCORS origin={listed}
</Location>
<Location "/s/narrow/">
    ApiGuardCORS origin={listed} methods=GET headers=X-API-Key
</Location>
<Location "/s/limit/">
    ApiGuardRateLimit 1/day
</Location>
<Location "/s/cookie/">
    ApiGuardCORS origin={listed} credentials
</Location>
<Location "/s/open/">
    AuthType None
    Require all granted
    ApiGuardCORS origin=*
</Location>
<Location "/s/moved/">
    Redirect "/s/open/hello.html"
</Location>
<Location "/proxied/">
    ProxyPass "http://127.0.0.1:{backend}/"
    Require all granted
    ApiGuardCORS origin={listed}
</Location>
"""
FETCH = """async () => {
    const answer = await fetch(api + %s);
    return [answer.status, await answer.text()];
}"""
KEY = '{headers: {"X-API-Key": key}}'
LISTED = {
    "with a key": FETCH % f'"/s/x/hello.html", {KEY}',
    "nobody": """async () => {
        const answer = await fetch(api + "/s/x/hello.html");
        return [answer.status, (await answer.json()).code, answer.headers.get("WWW-Authenticate")];
    }""",
    "a refused method": FETCH % '"/s/narrow/hello.html", {method: "PUT", headers: {"X-API-Key": key}}',
    "a refused field": FETCH % '"/s/narrow/hello.html", {headers: {"X-API-Key": key, "X-Other": "1"}}',
    "json": FETCH % ('"/proxied/x", {method: "PATCH", body: "{}", headers: {"Content-Type": "application/json"}}'
                     ).replace("answer.text()", "1"),
    "a missing page": """async () => (await fetch(api + "/s/x/no-such-page", %s)).status""" % KEY,
    "a redirect": FETCH % '"/s/moved/x"',
    "over the limit": """async () => {
        await fetch(api + "/s/limit/hello.html", %s);
        const answer = await fetch(api + "/s/limit/hello.html", %s);
        const fields = ["RateLimit-Policy", "RateLimit", "Retry-After"].map(name => answer.headers.get(name) !== null);
        return [answer.status, (await answer.json()).code, ...fields];
    }""" % (KEY, KEY),
    "an application's own CORS": """async () => {
        const answer = await fetch(api + "/proxied/x");
        return [answer.status, answer.headers.get("X-Hidden")];
    }""",
    "a cookie": """async () => {
        document.cookie = "session=" + key + "; path=/";
        const answer = await fetch(api + "/s/cookie/hello.html", {credentials: "include"});
        return [answer.status, await answer.text()];
    }""",
    "a cookie, not allowed": FETCH % '"/s/x/hello.html", {credentials: "include"}',
    "without the cookie": """async () => (await fetch(api + "/s/cookie/hello.html")).status""",
}
OTHER = {
    "reading": FETCH % '"/s/x/hello.html"',
    "a preflight": FETCH % f'"/s/x/hello.html", {KEY}',
    "an application's own CORS": FETCH % '"/proxied/x"',
    "for everybody": FETCH % '"/s/open/hello.html"',
    "a cookie": FETCH % '"/s/cookie/hello.html", {credentials: "include"}',
    "a form": """async () => {
        const form = {method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({a: "b"})};
        return (await fetch(api + "/s/cookie/form.html", form)).type;
    }""",
    "a websocket": """() => new Promise(done => {
        const socket = new WebSocket(api.replace("http", "ws") + "/s/cookie/socket.html");
        socket.onopen = () => done("open");
        socket.onerror = () => done("closed");
    })""",
}


@pytest.fixture(scope="module")
def visited(make_httpd):
    if not browser.find():
        pytest.skip("no Chromium is installed; script/bootstrap installs chromium-headless-shell")
    backend, sites = Backend(), [browser.Site(), browser.Site()]
    backend.extra[:] = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "X-Hidden"),
                        ("Access-Control-Allow-Credentials", "true"), ("X-Hidden", "1")]
    web = make_httpd(CONF, modules=("proxy", "proxy_http"),
                     words={"listed": sites[0].origin, "backend": backend.port})
    key = web.keys.create(client="page")
    api = f"http://127.0.0.1:{web.port}"
    sites[0].page(api, key, LISTED, then=sites[1].origin + "/")
    sites[1].page(api, key, OTHER)
    yield web, *browser.visit(sites)
    for thing in (backend, *sites):
        thing.close()


@pytest.mark.slow
def test_a_page_that_is_listed(visited):
    _, results, _ = visited
    assert results.pop("json")[0] == 200
    assert results == {
        "with a key": [200, "hello\n"],
        "nobody": [401, "credential_missing", None],
        "a refused method": "TypeError",
        "a refused field": "TypeError",
        "a missing page": 404,
        "a redirect": [200, "hello\n"],
        "over the limit": [429, "rate_exceeded", True, True, True],
        "an application's own CORS": [200, None],
        "a cookie": [200, "hello\n"],
        "a cookie, not allowed": "TypeError",
        "without the cookie": 401,
    }


@pytest.mark.slow
def test_a_page_that_is_not(visited):
    """It reads nothing, and acts for nobody whose cookie is there. What it sends that needs no preflight does
    arrive, or the log would not tell."""
    web, _, results = visited
    assert results == {"reading": "TypeError", "a preflight": "TypeError", "an application's own CORS": "TypeError",
                       "for everybody": [200, "hello\n"], "a cookie": "TypeError", "a form": "TypeError",
                       "a websocket": "closed"}
    log = web.error_log()
    for line in ("/s/cookie/form.html", "/s/cookie/socket.html"):
        assert any("origin_denied" in told and line in told for told in log.splitlines()), line
