# SPDX-License-Identifier: Apache-2.0
"""Tokens that their issuer is asked about (RFC 7662): what lets in, what is refused, and what is remembered. What a bad
server does, test_introspection_faults.py tries."""

import pytest

from support.fetched import lines_of
from support.introspector import CLIENT, SECRET, Introspector, active, go
from support.ports import Directory, free_port
from support.problem import assert_refused

SHOWN = """
ApiGuardPassHeaders on
Header always set X-Seen "%{APIGUARD_CREDENTIAL}e|%{APIGUARD_CLIENT}e|%{APIGUARD_SCOPES}e|%{APIGUARD_CLAIM_tenant}e"
Header always set X-User "expr=%{REMOTE_USER}"
ApiGuardPassClaim tenant
"""


@pytest.fixture(scope="module")
def issuer():
    folder = Directory("introspection")
    server = Introspector(folder)
    yield server
    server.close()
    folder.close()


@pytest.fixture(scope="module")
def web(make_httpd, issuer):
    sections = [issuer.section("a", more=SHOWN), issuer.section("post", "auth=post"),
                issuer.section("brief", "cache=1s negative=1s"), issuer.section("never", "cache=0 negative=0")]
    return make_httpd("\n".join(sections), database=None)


def test_an_active_token_lets_in(web, issuer):
    """Asked once, by whichever process; then it is remembered, with its names and claims."""
    issuer.tokens["opaque-token-1"] = active(tenant="blue")
    for _ in range(10):
        answer = go(web, "opaque-token-1")
        assert answer.status == 200
        assert answer.header("X-Seen") == "introspect|shop|read write|blue" and answer.header("X-User") == "alice"
    assert issuer.asked_for("opaque-token-1") == 1
    form, credentials = issuer.questions[-1]
    assert form == {"token": "opaque-token-1", "token_type_hint": "access_token"}
    assert credentials == (CLIENT, SECRET)


def test_by_post(web, issuer):
    issuer.tokens["opaque-token-2 +&="] = active()
    issuer.tokens["opaque+token/3=="] = active()
    assert go(web, "opaque+token/3==", "post").status == 200
    assert issuer.questions[-1] == ({"token": "opaque+token/3==", "token_type_hint": "access_token",
                                     "client_id": CLIENT, "client_secret": SECRET}, None)


def test_an_inactive_token(web, issuer):
    """It is nobody's: refused, and remembered apart for negative=."""
    for _ in range(3):
        problem = assert_refused(go(web, "opaque-unknown-1"), "token_invalid")
        assert problem["detail"].startswith("The token is not active")
    assert issuer.asked_for("opaque-unknown-1") == 1


def test_the_endpoint_is_away(own_httpd, issuer):
    """503 without a ban, said once."""
    web = own_httpd(issuer.section("a").replace(str(issuer.port), str(free_port())), database=None)
    web.expect("AG0945")
    for n in range(3):
        answer = go(web, f"opaque-away-{n}")
        assert_refused(answer, "introspection_unavailable")
        assert answer.header("Retry-After") == "1"
    assert len(lines_of(web, "AG0945")) == 1
