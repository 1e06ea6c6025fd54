# SPDX-License-Identifier: Apache-2.0
"""apiguardctl schema check: what the server would say of a JSON Schema, and of bodies by it."""

import json
import subprocess

import pytest

from support.keys import CTL

ORDER = {"type": "object", "required": ["id"], "properties": {"id": {"$ref": "parts.json#/$defs/id"},
                                                              "day": {"format": "date"}}}
PARTS = {"$defs": {"id": {"type": "integer", "minimum": 1}}}


def check(*args, stdin=None):
    return subprocess.run([CTL, "schema", "check", *args], capture_output=True, text=True, input=stdin)


@pytest.fixture
def order(folder):
    folder.write("parts.json", json.dumps(PARTS))
    return folder.write("order.json", json.dumps(ORDER))


def test_schema(order, folder):
    done = check(order)
    assert (done.returncode, done.stdout) == (0, f"{order}: can be used\n")
    folder.write("parts.json", '{"$defs": {"id": {"type": "integr"}}}')
    done = check(order)
    assert done.returncode == 1 and done.stdout == ""
    assert f"{folder.join('parts.json')}#/$defs/id/type: type does not know \"integr\": string" in done.stderr
    done = check(order, "--json")
    assert done.returncode == 1 and "does not know" in json.loads(done.stdout)["wrong"]


def test_no_schema(folder):
    path = folder.join("nothing.json")
    done = check(path)
    assert done.returncode == 1 and f"{path}: " in done.stderr and "No such file" in done.stderr


def test_bodies(order, folder):
    good, bad = folder.write("good.json", '{"id": 1}'), folder.write("bad.json", '{"id": 0.5, "secret": "s3cret"}')
    done = check(order, good, bad, "-", stdin='{"id": 1, "id": 2}')
    assert done.returncode == 1 and "s3cret" not in done.stdout
    assert done.stdout.splitlines()[:2] == [f"{good}: fits", f"{bad}#/id: type: is a number, not a whole number"]
    assert done.stdout.splitlines()[2].startswith("standard input#")
    done = check(order, good)
    assert (done.returncode, done.stdout) == (0, f"{good}: fits\n")
    done = check(order, folder.join("nobody.json"))
    assert done.returncode == 2 and "No such file" in done.stderr


def test_as_json(order):
    out = json.loads(check(order, "-", "--json", stdin='{"day": 7}').stdout)
    assert out["wrong"] is None and out["schema"] == order
    assert out["bodies"] == [{"body": "standard input", "fits": False, "more": False, "errors": [
        {"pointer": "", "keyword": "required", "detail": 'lacks the member "id"'}]}]
    done = check(order, "-", "--json", stdin="[" + "1," * 30 + "1]")
    assert json.loads(done.stdout)["bodies"][0]["errors"][0]["keyword"] == "type"


def test_format(order):
    body = '{"id": 1, "day": "yesterday"}'
    assert check(order, "-", stdin=body).returncode == 0
    done = check(order, "-", "--format", "assert", stdin=body)
    assert done.returncode == 1 and "#/day: format: " in done.stdout
    assert check(order, "--format", "annotate").returncode == 2


def test_draft_07(folder):
    text = '{%s"items": [{"type": "string"}], "additionalItems": false}'
    assert "items takes" in check(folder.write("s.json", text % "")).stderr
    path = folder.write("s.json", text % '"$schema": "http://json-schema.org/draft-07/schema#", ')
    done = check(path, "-", stdin='["a", 1]')
    assert done.stdout == "standard input#/1: additionalItems: is not allowed here\n"


def test_more_than_twenty(folder):
    path = folder.write("s.json", '{"items": {"type": "string"}}')
    lines = check(path, "-", stdin="[" + "1," * 30 + "1]").stdout.splitlines()
    assert len(lines) == 21 and lines[-1] == "standard input: and more"
