# SPDX-License-Identifier: Apache-2.0
"""ApiGuardBodySchema: bodies of the named methods fit a JSON Schema before the backend sees them."""

import json

import pytest

from support.backend import Backend
from support.problem import assert_refused

ORDER = {"type": "object", "required": ["items"], "additionalProperties": False,
         "properties": {"items": {"type": "array", "items": {"type": "object", "properties": {
             "qty": {"type": "integer", "minimum": 1}}}}, "mail": {"format": "email"}, "id": {"$ref": "id.json"}}}
FILES = {"order.json": json.dumps(ORDER), "id.json": '{"type": "integer"}', "never.json": "false",
         "slow.json": '{"pattern": "^(a+)+$"}',
         "seven.json": '{"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "null"}]}'}
SECTIONS = {
    "orders": "ApiGuardBodySchema POST,QUERY file:order.json\nApiGuardBodySchema PUT file:never.json",
    "orders/assert": "ApiGuardBodySchema POST file:order.json format=assert",
    "orders/put": "ApiGuardBodySchema PUT none",
    "orders/none": "ApiGuardBodySchema none",
    "orders/none/patch": "ApiGuardBodySchema PATCH file:never.json",
    "gets": "ApiGuardBodySchema GET file:order.json",
    "seven": "ApiGuardBodySchema POST file:seven.json",
    "slow": "ApiGuardBodySchema POST file:slow.json",
    "valid": "ApiGuardBodySchema POST file:order.json\nApiGuardValidate type=application/json,text/plain max-body=100",
    "packed": "ApiGuardBodySchema POST file:order.json\nApiGuardValidate decompress=1K",
}
CONF = ("".join(f'<Location "/{name}/">\n{lines}\nProxyPass "http://127.0.0.1:{{backend}}/"\n</Location>\n'
                for name, lines in SECTIONS.items()))
GOOD = '{"items": [{"qty": 1}, {"qty": 2.0}]}'
BAD = '{"items": [{"qty": 1}, {"qty": 0}], "secret": "hunter2"}'


@pytest.fixture(scope="module")
def web(make_httpd):
    backend = Backend()
    server = make_httpd(CONF, start=False, modules=("proxy", "proxy_http"), words={"backend": backend.port}, database=None)
    for name, text in FILES.items():
        server.dir.write(name, text)
    server.start()
    server.backend = backend
    yield server
    backend.close()


def send(web, name, body=None, method="POST", type="application/json", **fields):
    headers = {key.replace("_", "-"): value for key, value in fields.items()}
    if body is not None:
        headers["Content-Type"] = type
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


@pytest.mark.parametrize("method", ["POST", "QUERY"])
def test_what_fits_passes(web, method):
    assert passes(web, "orders", GOOD, method=method)["body"] == GOOD


def test_what_does_not_is_told_place_by_place(web):
    body = refused(web, "input_rejected", "orders", BAD)
    found = {(error["pointer"], error["keyword"]) for error in body["errors"]}
    assert ("/items/1/qty", "minimum") in found and len(found) == 2
    assert "hunter2" not in json.dumps(body)
    assert "and 1 more error" in body["detail"]


def test_the_log_has_no_value_of_the_clients(web):
    refused(web, "input_rejected", "orders", BAD)
    web.wait_log('AG0140.*"code":"input_rejected"')
    assert "hunter2" not in web.error_log()


def test_no_more_than_twenty_are_told(web):
    body = refused(web, "input_rejected", "orders", json.dumps({"items": [{"qty": 0}] * 50}))
    assert len(body["errors"]) == 20 and "and at least 20 more errors" in body["detail"]


def test_long_names_do_not_make_long_answers(web):
    body = json.dumps({"items": [], **{f"{i}" + "x" * 10000: 1 for i in range(30)}})
    answer = send(web, "orders", body)
    assert_refused(answer, "input_rejected")
    assert len(answer.body) < 20000


def test_a_browser_gets_them_on_the_page(web):
    answer = send(web, "orders", BAD, Accept="text/html")
    assert answer.status == 422 and "<dt>errors</dt><dd>/items/1/qty " in answer.text


def test_there_must_be_a_body(web):
    body = refused(web, "input_invalid", "orders")
    assert body["detail"] == "A body is required"
    refused(web, "input_invalid", "orders", "")


def test_it_must_be_json(web):
    refused(web, "media_type_unsupported", "orders", GOOD, type="text/plain")
    answer = send(web, "valid", GOOD, type="text/plain")
    assert_refused(answer, "media_type_unsupported")
    assert answer.header("Accept") == "application/json"
    assert passes(web, "valid", "x", method="PUT", type="text/plain")
    refused(web, "body_too_large", "valid", GOOD + " " * 100)
    refused(web, "input_invalid", "orders", GOOD[:-1])


def test_other_methods_are_not_looked_at(web):
    assert passes(web, "orders", "x", method="PATCH", type="text/plain")["body"] == "x"
    assert passes(web, "orders", method="GET")


@pytest.mark.parametrize("method, fields", [
    ("post", {}), ("PATCH", {"X_HTTP_Method_Override": "POST"}), ("GET", {"X_Method_Override": "post"}),
    ("DELETE", {"X_HTTP_Method": "put, POST"})])
def test_a_method_that_a_backend_may_take_for_it(web, method, fields):
    assert send(web, "orders", BAD, method=method, **fields).status == 422


def test_head_is_what_get_is(web):
    assert send(web, "gets", BAD, method="HEAD").status == 422
    assert send(web, "gets", BAD, method="GET").status == 422
    assert send(web, "gets", GOOD, method="HEAD").status == 200


def test_formats(web):
    body = '{"items": [], "mail": "nobody"}'
    assert passes(web, "orders", body)
    assert refused(web, "input_rejected", "orders/assert", body)["errors"][0]["keyword"] == "format"


def test_other_files_and_drafts(web):
    assert refused(web, "input_rejected", "orders", '{"items": [], "id": "x"}')["errors"][0]["pointer"] == "/id"
    assert passes(web, "seven", "[null, 1]")
    refused(web, "input_rejected", "seven", "[1]")


def test_merging(web):
    refused(web, "input_rejected", "orders", GOOD, method="PUT")
    refused(web, "input_rejected", "orders/assert", GOOD, method="PUT")
    assert passes(web, "orders/put", GOOD, method="PUT")
    refused(web, "input_rejected", "orders/put", BAD)
    assert passes(web, "orders/none", BAD) and passes(web, "orders/none", GOOD, method="PUT")
    assert passes(web, "orders/none/patch", BAD)
    refused(web, "input_rejected", "orders/none/patch", GOOD, method="PATCH")


def test_what_takes_too_long_is_refused(web):
    web.expect("AG1002")
    body = refused(web, "input_rejected", "slow", json.dumps("a" * 5000 + "b"))
    assert body["detail"] == "To check the body would take too long" or body["errors"][0]["keyword"] == "pattern"
