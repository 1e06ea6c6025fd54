# SPDX-License-Identifier: Apache-2.0
"""docs/howto/check-input.md as it stands there but for names of files and ports; and the schemas of its table, as zod 4.6,
zod-to-json-schema 3.25, TypeBox 0.34 and pydantic 2.13 have written them of the same type (tests/support/exports)."""

import json
import os
import re
import subprocess

import pytest

from support.backend import Backend
from support.problem import assert_refused

TOP = os.path.join(os.path.dirname(__file__), "../..")
PAGE = os.path.join(TOP, "docs/howto/check-input.md")
EXPORTS = os.path.join(TOP, "tests/support/exports")
EXAMPLE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
LIBRARIES = ["zod", "zod-to-json-schema", "typebox", "pydantic"]
SHOP = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": {"/items/{id}": {"get": {
    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
    "responses": {"200": {"description": "it"}}}}}}
ORDER = {"customer": "6f1c1b2e-9c57-4a51-b5b4-0b8f3c8f2c11", "items": [{"sku": "ABC-1234", "qty": 2}]}
EXPORTED = {**ORDER, "email": "ada@example.com", "ship": "post", "due": None}


def page():
    with open(PAGE, encoding="utf-8") as f:
        return f.read()


def examples(language):
    return [text for name, text in EXAMPLE.findall(page()) if name == language]


def conf():
    text = "".join(examples("apache"))
    for word, value in {"file:/etc/apiguard/": "file:", "127.0.0.1:3000": "127.0.0.1:{backend}"}.items():
        assert word in text, word
        text = text.replace(word, value)
    return text + "".join(f'<Location "/by/{name}">\nApiGuardBodySchema POST file:{name}.json format=assert\n'
                          'ProxyPass "http://127.0.0.1:{backend}/"\n</Location>\n' for name in LIBRARIES)


@pytest.fixture(scope="module")
def web(make_httpd):
    backend = Backend()
    server = make_httpd(conf(), start=False, modules=("proxy", "proxy_http"), words={"backend": backend.port}, database=None)
    server.dir.write("order.json", examples("json")[0])
    server.dir.write("openapi.json", json.dumps(SHOP))
    for name in LIBRARIES:
        with open(os.path.join(EXPORTS, name + ".json"), encoding="utf-8") as f:
            server.dir.write(name + ".json", f.read())
    server.start()
    yield server
    backend.close()


def send(web, path, body):
    return web.request("POST", path, headers={"Content-Type": "application/json"}, body=json.dumps(body))


def test_a_body(web):
    assert send(web, "/api/orders", ORDER).json["body"] == json.dumps(ORDER)
    assert_refused(send(web, "/api/orders", {**ORDER, "note": "n" * 70000}), "body_too_large")


def test_the_answer(web):
    sent = json.loads(re.search(r"^All that is wrong.* Of `(.*)`:$", page(), re.M).group(1))
    said = json.loads(examples("json")[1])
    answer = send(web, "/api/orders", sent)
    assert answer.status == said["status"]
    assert {name: answer.json[name] for name in said} == said


def test_arguments(web):
    assert web.get("/api/search?q=shoes").json["target"].endswith("?q=shoes&page=1")
    assert_refused(web.get("/api/search"), "input_rejected")
    assert_refused(web.get("/api/search?q=shoes&debug=1"), "input_rejected")


def test_openapi(web):
    assert web.get("/shop/items/7").status == 200
    assert_refused(web.get("/shop/items/seven"), "input_rejected")
    assert_refused(web.get("/shop/carts"), "endpoint_unknown")


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_libraries_write(web, name):
    assert send(web, f"/by/{name}", EXPORTED).status == 200
    wrong = {"customer": "7", "email": "ada", "ship": "bike", "due": "tomorrow", "admin": True,
             "items": [{"sku": "AB-1", "qty": 0}]}
    refused = assert_refused(send(web, f"/by/{name}", wrong), "input_rejected")
    places = {error["pointer"] for error in refused["errors"]}
    assert {"/customer", "/email", "/ship", "/due", "/admin", "/items/0/sku", "/items/0/qty"} <= places


def test_tried_first(web):
    words = examples("sh")[0].split()
    words[0] = os.environ["APIGUARDCTL"]
    web.dir.write("good.json", json.dumps(ORDER))
    web.dir.write("bad.json", json.dumps({**ORDER, "admin": True}))
    done = subprocess.run(words, cwd=web.root, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "/admin" in done.stdout + done.stderr, done
    assert subprocess.run(words[:-1], cwd=web.root, capture_output=True, timeout=20).returncode == 0
