# SPDX-License-Identifier: Apache-2.0
"""X-ApiGuard-* fields a client sends arrive nowhere: not at a backend behind HTTP or FastCGI, not
behind a body, not among ten thousands of others; and no Connection field removes the true ones."""

import re
import time

import pytest

from support.fcgi import FastCgi

CONF = """
LimitRequestFields 0
MergeTrailers On
<Location "/pass/">
    ProxyPass "http://127.0.0.1:{backend}/pass/"
    AuthType ApiGuard
    ApiGuardPassHeaders on
    Require valid-user
</Location>
<Location "/quiet/">
    ProxyPass "http://127.0.0.1:{backend}/quiet/"
    AuthType ApiGuard
    Require valid-user
</Location>
<Location "/sent/">
    ProxyPass "http://127.0.0.1:{backend}/sent/"
    SetEnv proxy-sendcl 1
    AuthType ApiGuard
    ApiGuardPassHeaders on
    Require valid-user
</Location>
<Location "/fcgi/pass/">
    ProxyPass "fcgi://127.0.0.1:{fcgi}/"
    AuthType ApiGuard
    ApiGuardPassHeaders on
    Require valid-user
</Location>
<Location "/fcgi/quiet/">
    ProxyPass "fcgi://127.0.0.1:{fcgi}/"
    AuthType ApiGuard
    Require valid-user
</Location>
<Location "/fcgi/open/">
    ProxyPass "fcgi://127.0.0.1:{fcgi}/"
</Location>
"""

FORGED = "root-of-all-evil"
NAMES = ["X-ApiGuard-Client", "X_ApiGuard_Client", "X.ApiGuard.Client", "x-apiguard-user",
         "X_APIGUARD-Scopes", "X-ApiGuard_Roles", "X-ApiGuard-Key-Id", "X-ApiGuard-Claim-role"]


@pytest.fixture(scope="module")
def web(make_httpd, backend):
    fcgi = FastCgi()
    yield make_httpd(CONF, modules=("proxy", "proxy_http", "proxy_fcgi"),
                     words={"backend": backend.port, "fcgi": fcgi.port})
    fcgi.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme", scopes=["read"])


def told(seen):
    """{name: value} of all that looks like our fields, at either kind of backend."""
    fields = seen["headers"] if "headers" in seen else seen.items()
    names = {re.sub(r"[^a-z0-9]", "-", k.lower()).removeprefix("http-"): v for k, v in fields}
    return {k: v for k, v in names.items() if k.startswith("x-apiguard")}


TRICKS = ["", "X-ApiGuard-Client", "x_apiguard_client, X-ApiGuard-Scopes",
          "close, X-ApiGuard-Client, X-ApiGuard-Credential, X-ApiGuard-Key-Id", "X-ApiGuard-*"]


@pytest.mark.parametrize("connection", TRICKS)
@pytest.mark.parametrize("path", ["/pass/", "/fcgi/pass/", "/quiet/", "/fcgi/quiet/", "/fcgi/open/"])
def test_forged_fields_arrive_nowhere_and_ours_do(web, key, path, connection):
    sent = [(name, FORGED) for name in NAMES] + [("Connection", connection)] * bool(connection)
    answer = web.get(path + "x", key=key, headers=sent)
    assert answer.status == 200, answer
    assert FORGED not in answer.text
    if "pass" in path:
        fields = told(answer.json)
        assert fields["x-apiguard-client"] == "acme" and fields["x-apiguard-scopes"] == "read"
        assert set(fields) == {"x-apiguard-client", "x-apiguard-key-id", "x-apiguard-credential",
                               "x-apiguard-scopes"}
    else:
        assert told(answer.json) == {}


@pytest.mark.parametrize("path", ["/pass/", "/sent/", "/quiet/", "/fcgi/pass/", "/fcgi/quiet/"])
def test_trailers_merged_into_the_fields_forge_nothing(web, key, path):
    trailers = "".join(f"{name}: {FORGED}\r\n" for name in NAMES)
    body = f"5\r\nhello\r\n0\r\n{trailers}\r\n".encode()
    answer = web.client.raw_request("POST", path + "x", [
        f"X-API-Key: {key}", "Transfer-Encoding: chunked", "Trailer: X-ApiGuard-Client"], body)
    assert answer.status == 200, answer
    assert FORGED not in answer.text, told(answer.json)
    if "pass" in path:
        assert told(answer.json)["x-apiguard-client"] == "acme"


def seconds(web, prefix):
    """The best of three requests with 20,000 fields of that name."""
    lines = [f"{prefix}{n}: x" for n in range(20000)]
    best = 100.0
    for _ in range(3):
        start = time.monotonic()
        assert web.client.raw_request("GET", "/index.html", lines, b"").status == 200
        best = min(best, time.monotonic() - start)
    return best


def test_twenty_thousand_forged_fields_cost_no_more_than_others(web):
    assert seconds(web, "X-ApiGuard-") < 2 * seconds(web, "X-Another-") + 0.1
