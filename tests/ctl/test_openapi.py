# SPDX-License-Identifier: Apache-2.0
"""apiguardctl openapi check: what a server would say to a document, and which operation a request is."""

import json
import subprocess

import pytest

from support.keys import CTL

GOOD = {"openapi": "3.1.0", "servers": [{"url": "https://x.example/v1"}],
        "paths": {"/pets/{id}": {"get": {"operationId": "show", "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]}}}}
ODD = {"openapi": "3.0.0", "paths": {"/x?y": {}, "/x": {"get": {}}}}
BAD = {"openapi": "3.1.0", "paths": {"/pets/{id}": {"get": {}}}}


def check(folder, document, *args):
    path = folder.write("openapi.json", document if isinstance(document, str) else json.dumps(document))
    return path, subprocess.run([CTL, "openapi", "check", *args[:1 if args[:1] == ("--json",) else 0], str(path),
                                 *args[1 if args[:1] == ("--json",) else 0:]], capture_output=True, text=True)


def test_good(folder):
    path, done = check(folder, GOOD)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: 1 operations, 0 warnings\n", "")


def test_warnings(folder):
    path, done = check(folder, ODD)
    assert done.returncode == 0
    assert f"warning: {path}#/paths/~1x?y: " in done.stdout and "1 operations, 1 warnings" in done.stdout


@pytest.mark.parametrize("document, words", [
    (BAD, ["#/paths/~1pets~1{id}/get: the path has {id}"]),
    ("openapi: 3.1.0\n", ["not JSON", "yq -o=json"]),
    ({"swagger": "2.0"}, ["Swagger 2.0", "swagger2openapi"]),
])
def test_bad(folder, document, words):
    _, done = check(folder, document)
    assert (done.returncode, done.stdout) == (1, "")
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("args, code, said", [
    (["GET", "/v1/pets/7"], 0, "GET /pets/{id} show"),
    (["HEAD", "/v1/pets/7?x=1"], 0, "GET /pets/{id} show"),
    (["GET", "/pets/7"], 1, "endpoint_unknown"),
    (["PUT", "/v1/pets/7"], 1, "method_not_allowed: Allow: GET, HEAD"),
    (["GET", "/v1/../v1/pets/7"], 1, "input_invalid: The path can be read in more than one way"),
    (["--base", "/api", "GET", "/api/pets/7"], 0, "GET /pets/{id} show"),
])
def test_which_operation(folder, args, code, said):
    _, done = check(folder, GOOD, *args)
    assert done.returncode == code, done
    assert done.stdout.startswith(said), done


def test_usage(folder):
    assert check(folder, GOOD, "GET")[1].returncode == 2
    assert check(folder, GOOD, "--base", "api")[1].returncode == 2
    assert check(folder, GOOD, "--format", "x")[1].returncode == 2


def test_json(folder):
    _, done = check(folder, GOOD, "--json", "GET", "/v1/pets/7")
    assert json.loads(done.stdout) == {"error": None, "operations": 1, "warnings": [], "refused": None,
                                       "operation": "GET /pets/{id} show"}
    path, done = check(folder, BAD, "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["error"].startswith(f"{path}#/paths/")


def test_a_path_that_stands_behind_one_server_already(folder):
    """Behind the other server it stands alone, and has its methods there, too."""
    document = {"openapi": "3.1.0", "servers": [{"url": "/"}, {"url": "/v1"}],
                "paths": {"/v1/pets": {"get": {}}, "/pets": {"post": {}}}}
    for method, path in (("POST", "/pets"), ("POST", "/v1/pets"), ("GET", "/v1/pets"), ("GET", "/v1/v1/pets")):
        assert check(folder, document, method, path)[1].returncode == 0, path
    assert check(folder, document, "GET", "/pets")[1].stdout == "method_not_allowed: Allow: POST\n"
