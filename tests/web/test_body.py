# SPDX-License-Identifier: Apache-2.0
"""ApiGuardValidate: which bodies get to the backend, by their type, coding and size."""

import pytest

from support.backend import Backend
from support.problem import REASONS, assert_refused

SECTIONS = {
    "json": "ApiGuardValidate on",
    "json/off": "ApiGuardValidate off",
    "small": "ApiGuardValidate max-body=10",
    "types": "ApiGuardValidate type=application/json,image/*,application/*+json",
    "any": "ApiGuardValidate type=*/* max-body=1K",
    "dry": "ApiGuardDryRun on\nApiGuardValidate max-body=100\nHeader set X-Dry expr=%{reqenv:APIGUARD_DRYRUN}",
    "dry/not": "ApiGuardDryRun off",
    "limited": "ApiGuardValidate max-body=10\nApiGuardRateLimit 2/day by=ip",
}
TENANT = """
<Directory "{root}/htdocs/tenant">
    AllowOverride AuthConfig
    ApiGuardValidate max-body=20 type=application/json,text/plain
    ApiGuardParam id length=..9
    <Files "strict">
        ApiGuardValidate on
        ApiGuardParam id type=integer
    </Files>
</Directory>
"""
CONF = TENANT + "".join(f'<Location "/{name}/">\n{lines}\nProxyPass "http://127.0.0.1:{{backend}}/"\n</Location>\n'
               for name, lines in SECTIONS.items())
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def web(make_httpd):
    backend = Backend()
    server = make_httpd(CONF, modules=("proxy", "proxy_http", "headers"), words={"backend": backend.port}, database=None, files={"tenant/x": "x"})
    server.backend = backend
    yield server
    backend.close()


def send(web, name, body, method="POST", **fields):
    headers = {key.replace("_", "-"): value for key, value in fields.items()}
    return web.request(method, f"/{name}/x", headers=headers, body=body)


def passes(web, *args, **kw):
    answer = send(web, *args, **kw)
    assert answer.status == 200, answer
    return answer.json


def refused(web, code, *args, **kw):
    before = len(web.backend.seen)
    body = assert_refused(send(web, *args, **kw), code)
    assert len(web.backend.seen) == before, "the backend was asked"
    return body


def test_every_reason_of_input_has_its_status():
    """Some of them are told by directives that have tests of their own."""
    of_input = {"input_invalid": 400, "endpoint_unknown": 404, "method_not_allowed": 405, "body_too_large": 413,
                "media_type_unsupported": 415, "input_rejected": 422}
    assert {code: REASONS[code].status for code in of_input} == of_input


@pytest.mark.parametrize("type", ["application/json", "Application/JSON", "application/json; charset=utf-8",
                                  'application/json;charset="UTF-8"', "application/json;"])
def test_json_passes(web, type):
    seen = passes(web, "json", '{"a": 1}', Content_Type=type)
    assert seen["body"] == '{"a": 1}'


@pytest.mark.parametrize("type, detail", [
    (None, "The body has no Content-Type"),
    ("text/plain", "The body's media type is not accepted here"),
    ("application/problem+json", "The body's media type is not accepted here"),
    ("application/json, application/json", "Content-Type stands there twice"),
    ("application/json; charset=utf-16", None),
    ("application/json; charset=utf-8; charset=utf-16", "Content-Type names a parameter twice"),
    ("application/json; v=1", None),
    ("json", "Content-Type is no media type"),
])
def test_other_types_do_not(web, type, detail):
    fields = {"Content_Type": type} if type else {}
    answer = send(web, "json", "{}", **fields)
    body = assert_refused(answer, "media_type_unsupported")
    assert answer.all("Accept") == ["application/json"]
    assert detail is None or body["detail"] == detail


def test_a_type_under_another_spelling_is_a_second_one(web):
    """A backend may take Content_Type for Content-Type."""
    answer = web.request("POST", "/json/x", headers=[*JSON.items(), ("Content_Type", "text/plain")], body="{}")
    assert_refused(answer, "media_type_unsupported")
    assert_refused(web.request("POST", "/json/x", headers=[*JSON.items()] * 2, body="{}"), "media_type_unsupported")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT", "PATCH", "QUERY", "OPTIONS", "post", "FOO"])
def test_it_holds_for_every_method(web, method):
    assert send(web, "json", "x", method=method, Content_Type="text/plain").status == 415
    assert web.request(method, "/json/x").status == 200


def test_ranges(web):
    for type in ("application/json", "image/png", "application/merge-patch+json"):
        assert send(web, "types", "{}", Content_Type=type).status == 200
    answer = send(web, "types", "{}", Content_Type="text/html")
    assert_refused(answer, "media_type_unsupported")
    assert answer.header("Accept") == "application/json, image/*, application/*+json"


@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, gzip", "identity, gzip", ""])
def test_codings_are_refused(web, coding):
    answer = send(web, "json", "{}", Content_Encoding=coding, **{"Content_Type": "application/json"})
    assert_refused(answer, "media_type_unsupported")
    assert answer.header("Accept-Encoding") == "identity" and answer.header("Accept") is None


def test_identity_is_no_coding(web):
    assert passes(web, "json", "{}", Content_Encoding="identity", Content_Type="application/json")["body"] == "{}"


def test_size(web):
    assert passes(web, "small", "[1,2,3,45]", Content_Type="application/json")["body"] == "[1,2,3,45]"
    assert refused(web, "body_too_large", "small", "[1,2,3,456]", Content_Type="application/json")


def test_off(web):
    assert passes(web, "json/off", "x", Content_Type="text/plain")["body"] == "x"


def test_a_refusal_gives_nothing_back(web):
    """To read and to check is work."""
    for _ in range(2):
        refused(web, "body_too_large", "limited", "[1,2,3,456]", Content_Type="application/json")
    refused(web, "rate_exceeded", "limited", "[1,2,3,456]", Content_Type="application/json")


def test_httpd_words_it_where_it_is_told_to(make_httpd):
    server = make_httpd('<Location "/x/">\nApiGuardErrors httpd\nApiGuardValidate on\n</Location>\n', database=None)
    answer = server.request("POST", "/x/", headers={"Content-Type": "text/plain"}, body="x")
    assert answer.status == 415 and "text/html" in answer.header("Content-Type")
    assert answer.header("Accept") == "application/json"


def test_a_browser_gets_a_page(web):
    answer = send(web, "json", "x", Content_Type="text/plain", Accept="text/html")
    assert answer.status == 415 and "<dd>media_type_unsupported</dd>" in answer.text


@pytest.mark.parametrize("text, detail", [
    ('{"a":1,"a":2}', "twice"), ("{", ""), ("{}x", ""), ("[1,]", ""), ("nul", ""), ('"\\ud800"', ""), ("\ufeff{}", ""), (b'"\xff"', ""),
    ("[" * 200 + "]" * 200, ""), ("01", ""), ("NaN", ""), ("'a'", ""), ("1" * 10001, ""), (" ", "")])
def test_what_is_no_json(web, text, detail):
    text = text.encode() if isinstance(text, str) else text
    body = refused(web, "input_invalid", "json", text, Content_Type="application/json")
    assert body["detail"].startswith("The body is not JSON: ") and detail in body["detail"]
    assert body["errors"][0]["detail"] and "pointer" in body["errors"][0]


def chunked(body, size=7):
    return b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size])
                    for i in range(0, len(body), size)) + b"0\r\n\r\n"


def send_chunked(web, path, body, type="application/json", fields=()):
    return web.client.raw_request("POST", path, [f"Content-Type: {type}", "Transfer-Encoding: chunked", *fields], chunked(body))


def test_chunked(web):
    assert send_chunked(web, "/json/x", b'{"a":1}').json["body"] == '{"a":1}'
    assert_refused(send_chunked(web, "/json/x", b'{"a":1'), "input_invalid")
    assert_refused(send_chunked(web, "/small/x", b"[1,2,3,456]"), "body_too_large")
    assert send_chunked(web, "/any/x", b"x" * 1024, "text/plain").json["body"] == "x" * 1024
    assert_refused(send_chunked(web, "/any/x", b"x" * 1025, "text/plain"), "body_too_large")
    assert send_chunked(web, "/json/x", b"").status == 200
    assert_refused(send_chunked(web, "/json/x", b"", "text/plain"), "media_type_unsupported")


@pytest.mark.parametrize("type, body, code", [
    ("text/plain", b"x", "media_type_unsupported"), ("application/json", b"{", "input_invalid"),
    ("application/json", b" " * 100 + b"1", "body_too_large"), ("application/json", b"1" * 200000, "body_too_large")])
def test_a_dry_run_passes_and_tells(web, type, body, code):
    """Also a body of unknown length, of which only the beginning was read."""
    web.expect("AG1003")
    answers = [send(web, "dry", body, Content_Type=type), send_chunked(web, "/dry/x", body, type)]
    for answer in answers:
        assert answer.status == 200 and answer.json["body"].encode() == body
        assert answer.header("X-Dry") == code
    web.wait_log(f"AG1003: ApiGuardDryRun: would_refuse {code}")
    assert send(web, "dry/not", body, Content_Type=type).status >= 400


@pytest.mark.parametrize("line, passing", [
    ("max-body=1M type=*/*", {"json": 1, "long": 0, "text": 1, "html": 0}), ("max-body=5", {"json": 0, "long": 0, "text": 0}),
    ("on", {"json": 1, "long": 0, "text": 0}), ("off", None)])
def test_htaccess_narrows(web, line, passing):
    """A tenant's line holds beside the administrator's."""
    web.put("tenant/.htaccess", f"ApiGuardValidate {line}\n")
    sent = {"json": ("application/json", "[1,2,3]"), "long": ("application/json", "[1,2,3,4,5,6,7,8,9,10]"),
            "text": ("text/plain", "hello, you"), "html": ("text/html", "<p>")}
    if passing is None:
        web.expect("off is not allowed in .htaccess")
        assert web.get("/tenant/x").status == 500
    for name, passes in (passing or {}).items():
        type, body = sent[name]
        answer = web.request("POST", "/tenant/x", headers={"Content-Type": type}, body=body)
        assert (answer.status in (413, 415)) != bool(passes), (name, answer)


@pytest.mark.parametrize("line", ["ApiGuardValidate type=*/*", "ApiGuardParam id type=string"])
def test_htaccess_opens_no_files_section(web, line):
    """httpd merges the <Files> of the server and of .htaccess before it puts them on their folder: the server's line was lost then."""
    web.put("tenant/.htaccess", f'<Files "strict">\n{line}\n</Files>\n')
    web.put("tenant/strict", "x")
    if "Validate" in line:
        answer = web.request("POST", "/tenant/strict", headers={"Content-Type": "text/plain"}, body="x")
        assert_refused(answer, "media_type_unsupported")
    else:
        assert_refused(web.get("/tenant/strict?id=x"), "input_rejected")
