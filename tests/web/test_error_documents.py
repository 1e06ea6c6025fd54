# SPDX-License-Identifier: Apache-2.0
"""ErrorDocument: a page of the administrator changes no refusal, opens nothing, and costs nothing."""

import pytest

from support.fields import limits
from support.problem import assert_refused

ERROR_DOCUMENTS = """
ErrorDocument 401 {to401}
ErrorDocument 403 {to403}
ErrorDocument 429 {to429}
ErrorDocument 404 /s/guarded/secret404.html
<Location "/s/guarded/">
    AuthType ApiGuard
    AuthName "guarded"
    ApiGuardRateLimit 1000/day
    Require valid-user
</Location>
<Location "/s/scope/">
    AuthType ApiGuard
    AuthName "scope"
    Require api-scope admin
</Location>
<Location "/s/rate/">
    ApiGuardRateLimit 1/day by=ip
</Location>
<Location "/s/httpd/">
    AuthType ApiGuard
    AuthName "httpd"
    ApiGuardErrors httpd
    Require valid-user
</Location>
"""


@pytest.mark.parametrize("kind, target", [
    ("text", '"administrator says no"'), ("path", "/errors/no.html"),
    ("guarded path", "/s/guarded/no.html"), ("url", "http://elsewhere.example/no"),
])
def test_an_inherited_error_document_changes_no_refusal(own_httpd, kind, target):
    if kind == "url":
        to401 = '"no"'  # httpd itself takes no URL for 401
    else:
        to401 = target
    web = own_httpd(ERROR_DOCUMENTS, words={"to401": to401, "to403": target, "to429": target},
                    files={"errors/no.html": "administrator's page\n", "api/no.html": "page\n"})
    key = web.keys.create()
    assert_refused(web.get("/s/guarded/hello.html"), "credential_missing")
    assert_refused(web.get("/s/scope/hello.html", key=key), "scope_insufficient")
    assert_refused(web.get("/s/scope/hello.html"), "credential_missing")
    assert web.get("/s/rate/hello.html").status == 200
    assert_refused(web.get("/s/rate/hello.html"), "rate_exceeded")


def test_errors_httpd_uses_the_error_document(own_httpd):
    web = own_httpd(ERROR_DOCUMENTS, words={"to401": "/errors/no.html", "to403": "/errors/no.html",
                                            "to429": "/errors/no.html"},
                    files={"errors/no.html": "administrator's page\n"})
    answer = web.get("/s/httpd/hello.html")
    assert (answer.status, answer.text) == (401, "administrator's page\n")
    assert answer.all("WWW-Authenticate")


def test_a_guarded_error_document_shows_nothing(own_httpd):
    web = own_httpd(ERROR_DOCUMENTS, words={"to401": '"x"', "to403": '"x"', "to429": '"x"'},
                    files={"api/secret404.html": "internal page\n"})
    answer = web.get("/no-such-file")
    assert answer.status in (401, 404)
    assert "internal page" not in answer.text


def test_an_error_document_is_charged_once(own_httpd):
    web = own_httpd(ERROR_DOCUMENTS, words={"to401": '"x"', "to403": '"x"', "to429": '"x"'},
                    files={"api/secret404.html": "internal page\n"})
    key = web.keys.create()
    before = limits(web.get("/s/guarded/hello.html", key=key))["1000/day"]["r"]
    missing = web.get("/s/guarded/missing", key=key)
    assert (missing.status, missing.text) == (404, "internal page\n")
    after = limits(web.get("/s/guarded/hello.html", key=key))["1000/day"]["r"]
    assert after == before - 2


def test_a_403_that_httpd_takes_to_a_page_is_audited(own_httpd):
    """AuthzSendForbiddenOnFailure: httpd goes to the ErrorDocument and asks nobody."""
    web = own_httpd("""
<Location "/s/">
    AuthType ApiGuard
    AuthName "forbidden"
    AuthzSendForbiddenOnFailure On
    ApiGuardErrors httpd
    ApiGuardRateLimit 3/day
    ErrorDocument 403 /errors/no.html
    Require api-scope nobody-has-it
</Location>
""", files={"errors/no.html": "administrator's page\n"})
    key = web.keys.create()
    answer = web.get("/s/hello.html", key=key)
    assert (answer.status, answer.text) == (403, "administrator's page\n")
    assert web.wait_log('"code":"scope_insufficient"')  # it is written behind the answer
