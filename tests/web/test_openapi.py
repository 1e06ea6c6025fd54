# SPDX-License-Identifier: Apache-2.0
"""ApiGuardOpenAPI: requests are held to a document, by path, method and parameters; of 3.0, 3.1 and 3.2 alike, behind
mod_proxy and CGI, over HTTP/1.1 and 2."""

import json
import os

import pytest

from support import h2client
from support.backend import Backend, seen
from support.problem import assert_refused

PET = {"type": "object", "required": ["name"], "additionalProperties": False,
       "properties": {"name": {"type": "string", "minLength": 2}, "id": {"type": "integer", "readOnly": True}}}
ID = {"name": "petId", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}


def document(version, **more):
    """A shop for pets. In 3.0 a price may be `nullable`; from 3.1 on its type is a list."""
    price = {"type": "number", "nullable": True} if version.startswith("3.0") else {"type": ["number", "null"]}
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}
    paths = {
        "/pets": {
            "get": {"operationId": "list", "parameters": [
                {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
                {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                {"name": "price", "in": "query", "schema": price},
                {"name": "X-Trace", "in": "header", "schema": {"type": "string", "pattern": "^[a-f0-9]{8}$"}},
                {"name": "session", "in": "cookie", "schema": {"type": "string", "maxLength": 4}}]},
            "post": {"operationId": "add", "requestBody": body}},
        "/pets/mine": {"get": {"operationId": "mine"}},
        "/pets/{petId}": {"parameters": [ID], "get": {"operationId": "show"}, "delete": {"operationId": "remove"}},
        "/pets/{petId}.json": {"parameters": [ID], "get": {"operationId": "showJson"}},
    }
    return json.dumps({"openapi": version, "info": {"title": "Pets", "version": "1"}, "paths": paths,
                       "components": {"schemas": {"Pet": PET},
                                      "securitySchemes": {"token": {"type": "oauth2", "flows": {}}}}, **more})


def scoped():
    whole = json.loads(document("3.1.0", security=[{"token": ["pets:read"]}]))
    whole["paths"]["/pets/{petId}"]["delete"]["security"] = [{"token": ["pets:read", "pets:write"]}]
    whole["paths"]["/pets/mine"]["get"]["security"] = []
    return json.dumps(whole)


VERSIONS = ("3.0.3", "3.1.0", "3.2.0")
LINE = "ApiGuardOpenAPI file:{root}/htdocs/docs/"
PROXY = 'ProxyPass "http://127.0.0.1:{backend}/"'
SECTIONS = {
    **{f"/v{version}": f"{LINE}{version}.json base=/v{version}\n{PROXY}" for version in VERSIONS},
    "/pass": f"{LINE}3.1.0.json base=/pass unknown=pass\n{PROXY}",
    "/nocanon": f"{LINE}3.1.0.json base=/nocanon\n{PROXY} nocanon",
    "/served": f"{LINE}served.json\n{PROXY}",
    "/served/none": "ApiGuardOpenAPI none",
    "/scopes": f"{LINE}scoped.json base=/scopes scopes=on\nAuthType ApiGuard\nAuthName x\nRequire valid-user\n{PROXY}",
    "/keyed": f"{LINE}3.1.0.json base=/keyed\nAuthType ApiGuard\nAuthName x\nRequire valid-user\n"
              f"ApiGuardKeyFrom query:api_key\n{PROXY}",
    "/limited": f"{LINE}3.1.0.json base=/limited\nApiGuardRateLimit 2/day by=ip\n{PROXY}",
    "/script": f"{LINE}3.1.0.json base=/script/env.sh",
    "/moved": f"{LINE}3.1.0.json base=/moved",
    "/paged": f"{LINE}3.1.0.json base=/paged\nApiGuardErrors httpd\nErrorDocument 404 /paged/error.html?lang=en",
    "/dry": f"{LINE}3.1.0.json base=/dry\nApiGuardDryRun on\nFallbackResource /dry/strict/env.sh",
    "/dry/strict": "ApiGuardDryRun off",
    "/front": f"{LINE}3.1.0.json base=/front\nFallbackResource /front/index.html",
}
CONF = ("Protocols h2c http/1.1\nAllowEncodedSlashes NoDecode\nScriptSock {root}/run/cgisock\n"
        + "RewriteEngine on\nRewriteRule ^/old/(.*)$ /moved/$1 [PT]\nRewriteRule ^/nocanon/secret$ /nocanon/pets [PT]\nProxyPass /moved/ http://127.0.0.1:{backend}/\n"
        + "".join(f'<Location "{path}/">\n{lines}\n</Location>\n' for path, lines in SECTIONS.items())
        + '<Directory ~ "{root}/htdocs/(script|dry/strict)">\nOptions ExecCGI\nAddHandler cgi-script .sh\n</Directory>\n')
CGI = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s' \"$PATH_INFO\"\n"


@pytest.fixture(scope="module")
def web(make_httpd):
    backend = Backend()
    files = {f"docs/{version}.json": document(version) for version in VERSIONS}
    files["docs/served.json"] = document("3.1.0", servers=[{"url": "https://api.example.org/served"}])
    files["docs/scoped.json"] = scoped()
    server = make_httpd(CONF, modules=("proxy", "proxy_http", "http2", "cgid", "rewrite", "dir"),
                        words={"backend": backend.port},
                        files={**files, "script/env.sh": CGI, "front/index.html": "front\n", "dry/strict/env.sh": CGI, "paged/error.html": "sorry\n"})
    for script in ("script", "dry/strict"):
        os.chmod(f"{server.root}/htdocs/{script}/env.sh", 0o755)
    server.backend = backend
    yield server
    backend.close()


def refused(web, code, path, method="GET", **kw):
    before = len(web.backend.seen)
    answer = web.request(method, path, **kw)
    body = assert_refused(answer, code)
    assert len(web.backend.seen) == before, "the backend was asked"
    return answer, body


def errors(body):
    return [(e.get("in"), e.get("name"), e["keyword"]) for e in body["errors"]]


PASSES = [
    ("/pets", {}), ("/pets?limit=100", {}), ("/pets?tags=a&tags=b", {}), ("/pets?price=1.5", {}), ("/pets?price=", {}),
    ("/pets", {"X-Trace": "0123abcd"}), ("/pets", {"Cookie": "other=12345; session=abcd"}), ("/pets/mine", {}), ("/pets/7", {}),
    ("/pets/7.json", {}), ("/p%65ts", {}),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path, fields", PASSES)
def test_what_the_document_has_passes(web, version, path, fields):
    assert seen(web, f"/v{version}{path}", headers=fields)["path"].startswith("/pets")


REFUSED = [
    ("/", "endpoint_unknown", None), ("/pet", "endpoint_unknown", None), ("/pets/", "endpoint_unknown", None),
    ("/Pets", "endpoint_unknown", None), ("/pets/7/x", "endpoint_unknown", None),
    ("/pets?limit=101", "input_rejected", [("query", "limit", "maximum")]),
    ("/pets?limit=ten&tags=a&price=x", "input_rejected", [("query", "limit", "type"), ("query", "price", "type")]),
    ("/pets?colour=red", "input_rejected", [("query", None, "unknown")]),
    ("/pets/0", "input_rejected", [("path", "petId", "minimum")]),
    ("/pets/x.json", "input_rejected", [("path", "petId", "type")]),
    ("/pets?limit=1&limit=2", "input_invalid", [("query", "limit", "encoding")]),
    ("/pets?Limit=1", "input_invalid", [("query", "limit", "name")]),
    ("/pets?limit[]=1", "input_invalid", [("query", "limit", "name")]),
    ("/pets?limit=%zz", "input_invalid", [("query", "limit", "encoding")]),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path, code, found", REFUSED)
def test_what_it_does_not_have_is_refused(web, version, path, code, found):
    _, body = refused(web, code, f"/v{version}{path}")
    assert found is None or errors(body) == found


def test_fields_and_cookies(web):
    for fields, code, found in [({"X-Trace": "xyz"}, "input_rejected", ("header", "X-Trace", "pattern")),
                                ({"X_Trace": "0123abcd"}, "input_invalid", ("header", "X-Trace", "name")),
                                ({"Cookie": "session=abcde"}, "input_rejected", ("cookie", "session", "maxLength"))]:
        assert errors(refused(web, code, "/v3.1.0/pets", headers=fields)[1]) == [found]


def test_methods(web):
    answer, _ = refused(web, "method_not_allowed", "/v3.1.0/pets", method="DELETE")
    assert answer.all("Allow") == ["GET, POST, HEAD"]
    refused(web, "method_not_allowed", "/v3.1.0/pets", method="OPTIONS")
    assert web.request("HEAD", "/v3.1.0/pets").status == 200
    assert web.request("HEAD", "/v3.1.0/pets?limit=x").status == 422


@pytest.mark.parametrize("field", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "x_http_method"])
def test_no_field_makes_it_another_operation(web, field):
    refused(web, "input_invalid", "/v3.1.0/pets", headers={field: "POST"})
    assert seen(web, "/v3.1.0/pets", headers={field: "get"})["method"] == "GET"


BODIES = [
    ('{"name": "Tom"}', "application/json", None, None), ('{"name": "T"}', "application/json", "input_rejected", "/name"),
    ('{"name": "Tom", "id": 1}', "application/json", "input_rejected", "/id"), ("{", "application/json", "input_invalid", None),
    ('{"name": "Tom", "name": "Tim"}', "application/json", "input_invalid", None), ("[]", "application/json", "input_rejected", ""),
    ('{"name": "Tom"}', "text/plain", "media_type_unsupported", None), ("", None, "input_invalid", None),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("body, type, code, pointer", BODIES)
def test_bodies(web, version, body, type, code, pointer):
    fields = {"Content-Type": type} if type else {}
    if not code:
        assert seen(web, f"/v{version}/pets", method="POST", headers=fields, body=body)["body"] == body
        return
    answer, told = refused(web, code, f"/v{version}/pets", method="POST", headers=fields, body=body)
    assert pointer is None or [e["pointer"] for e in told["errors"]] == [pointer]
    assert code != "media_type_unsupported" or answer.all("Accept") == ["application/json"]


def test_a_body_where_none_is_expected(web):
    refused(web, "input_invalid", "/v3.1.0/pets/7", method="DELETE", body="{}", headers={"Content-Type": "application/json"})


def test_chunked_and_too_large(web):
    small = b'5\r\n{"nam\r\na\r\ne": "Tom"}\r\n0\r\n\r\n'
    answer = web.client.raw_request("POST", "/v3.1.0/pets", ["Content-Type: application/json", "Transfer-Encoding: chunked"], small)
    assert answer.json["body"] == '{"name": "Tom"}'
    refused(web, "body_too_large", "/v3.1.0/pets", method="POST", headers={"Content-Type": "application/json"},
            body=" " * (1 << 20) + "{}")


def test_the_client_is_told_no_value_of_its_own(web):
    _, body = refused(web, "input_rejected", "/v3.1.0/pets?limit=%3Cscript%3E&secret=s3cr3t")
    assert "script" not in json.dumps(body) and "s3cr3t" not in json.dumps(body) and "secret" not in json.dumps(body)


# What httpd would take for /pets/7, and a backend that sees what was sent may take for something else.
TWO_WAYS = ["/pets/../pets/7", "/pets/./7", "/pets//7", "/x/%2e%2e/pets/7", "/pets%2F7", "/pets%2f7", "/pets/%252e%252e",
            "/pets/7;x=1", "/pets/7%5C", "/pets/a%09b", "/pets/%C3%28", "/pets/a%252Fb"]


@pytest.mark.parametrize("section", ["/v3.1.0", "/nocanon", "/pass"])
def test_a_path_in_two_ways(web, section):
    for path in TWO_WAYS:
        assert web.get(section + path).status == 400, path
    assert web.get(section + "/pets;x/7").status == 404


def test_unknown_may_pass(web):
    assert seen(web, "/pass/elsewhere?x=1")["target"] == "/elsewhere?x=1"
    assert seen(web, "/pass/pets?colour=red")["target"] == "/pets?colour=red"
    for path in ("/pass/Pets", "/pass/pets/", "/pass/PETS/7"):
        refused(web, "endpoint_unknown", path)
    refused(web, "input_rejected", "/pass/pets?limit=x")
    refused(web, "method_not_allowed", "/pass/pets", method="PUT")


def test_servers_say_where_it_begins(web):
    assert seen(web, "/served/pets")["path"] == "/pets"
    refused(web, "endpoint_unknown", "/served/x")
    assert seen(web, "/served/none/x")["path"] == "/none/x"


def test_after_a_rewrite(web):
    """What the application gets is compared, not what was sent."""
    assert seen(web, "/old/pets/7")["path"] == "/pets/7"
    refused(web, "endpoint_unknown", "/old/x")
    refused(web, "input_rejected", "/old/pets/0")


def test_after_a_rewrite_that_nocanon_ignores(web):
    """mod_proxy sends on /nocanon/secret, which was sent, where the rule has made /nocanon/pets of it."""
    refused(web, "input_invalid", "/nocanon/secret")
    assert seen(web, "/nocanon/pets")["path"] == "/pets"


def test_names_that_backends_read_otherwise(web):
    """Python takes a blank before the "=", and one in a value for the end of the cookie before; quotes are taken away by some."""
    for cookie in ("session =abcde", "x=1 session=abcde", "session[]=abcde", 'session="\\141"'):
        assert errors(refused(web, "input_invalid", "/v3.1.0/pets", headers={"Cookie": cookie})[1]) == [("cookie", "session", "name")]


def test_too_deep_for_a_tree(web):
    """Tomcat and others take the ";" segments for empty ones: that is /pets."""
    refused(web, "endpoint_unknown", "/pass/pets" + "/;" * 70)
    assert seen(web, "/pass/x" + "/y" * 70)["method"] == "GET"


def test_what_a_dry_run_lets_pass_is_no_proof(web):
    """The dry run lets the body pass; a section behind it refuses, under the very same document."""
    web.expect("AG1003")
    assert web.request("POST", "/dry/pets", headers={"Content-Type": "application/json"}, body="[]").status == 404


def test_a_front_controller(web):
    """The request was found good; the file it is sent on to is no path of the document's."""
    assert (web.get("/front/pets/7").status, web.get("/front/pets/7").body) == (200, b"front\n")
    assert web.get("/front/pets/x").status == 422
    assert web.get("/front/x").status == 404


def test_an_error_document_is_the_servers_own(web):
    """It is no path of the document's, and whoever asks for it by that path is refused all the same."""
    assert (web.get("/paged/x").status, web.get("/paged/x").body) == (404, b"sorry\n")
    assert web.get("/paged/error.html").status == 404


def test_cgi(web):
    assert web.get("/script/env.sh/pets/7").body == b"/pets/7"
    assert web.get("/script/env.sh/pets/x").status == 422
    assert web.get("/script/env.sh/pets/../pets/7").status == 400


def test_http2(web):
    assert h2client.request(web.port, "GET", "/v3.2.0/pets?limit=1").status == 200
    assert h2client.request(web.port, "GET", "/v3.2.0/pets?limit=x").status == 422
    assert h2client.request(web.port, "GET", "/v3.2.0//pets").status == 400


def test_scopes(web):
    keys = {name: {"X-API-Key": web.keys.create(client=name, scopes=scopes)}
            for name, scopes in {"reads": ["pets:read"], "writes": ["pets:read", "pets:write"], "other": ["x"]}.items()}
    assert web.get("/scopes/pets", headers=keys["reads"]).status == 200
    refused(web, "scope_insufficient", "/scopes/pets", headers=keys["other"])
    refused(web, "scope_insufficient", "/scopes/pets/7", method="DELETE", headers=keys["reads"])
    assert web.request("DELETE", "/scopes/pets/7", headers=keys["writes"]).status == 200
    assert web.get("/scopes/pets/mine", headers=keys["other"]).status == 200
    refused(web, "credential_missing", "/scopes/pets")


def test_a_key_among_the_arguments_is_known(web):
    key = web.keys.create(client="q")
    assert web.get(f"/keyed/pets?limit=1&api_key={key}").status == 200
    assert web.get(f"/keyed/pets?limt=1&api_key={key}").status == 422


def test_a_refusal_is_charged(web):
    assert [web.get(f"/limited/pets?limit={n}").status for n in ("x", "y", "1")] == [422, 422, 429]
