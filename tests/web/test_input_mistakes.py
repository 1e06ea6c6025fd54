# SPDX-License-Identifier: Apache-2.0
"""Mistakes in the directives for input: the server does not start, and says which directive, which value and what is
allowed."""

import pytest

FILES = {
    "good.json": "{}", "broken.json": '{"type": "object",}', "wrong.json": '{"properties": {"a": {"type": "nmber"}}}',
    "remote.json": '{"$ref": "https://example.com/x.json"}', "draft.json": '{"$schema": "http://json-schema.org/draft-04/schema#"}',
}

# The line in a section, and what the message must hold beside the directive's name.
WRONG = [
    ("ApiGuardValidate", ["missing"]),
    ("ApiGuardValidate maybe", ["maybe", "type=", "max-body=", "off"]),
    ("ApiGuardValidate on off", ["off", "type="]),
    ("ApiGuardValidate type=json", ["json", "TYPE/SUBTYPE"]),
    ("ApiGuardValidate type=", ["type=", "no type"]),
    ("ApiGuardValidate max-body=1MB", ["max-body=", "1MB", "K, M or G"]),
    ("ApiGuardValidate max-body=0", ["max-body=", "at least 1"]),
    ("ApiGuardValidate decompress=-1", ["decompress=", "-1"]),
    ("ApiGuardBodySchema POST", ["a schema is missing", "file:PATH"]),
    ("ApiGuardBodySchema PSOT file:good.json", ["PSOT", "POST", "capital letters"]),
    ("ApiGuardBodySchema post file:good.json", ["post", "capital letters"]),
    ("ApiGuardBodySchema POST good.json", ["good.json", "file:PATH"]),
    ("ApiGuardBodySchema POST file:good.json format=annotate", ["format=annotate", "format=assert"]),
    ("ApiGuardBodySchema POST none format=assert", ["format=assert"]),
    ("ApiGuardBodySchema POST file:missing.json", ["missing.json", "No such file"]),
    ("ApiGuardBodySchema POST file:broken.json", ["broken.json", "byte"]),
    ("ApiGuardBodySchema POST file:wrong.json", ["wrong.json#/properties/a/type"]),
    ("ApiGuardBodySchema POST file:remote.json", ["remote.json#", "https://example.com/x.json"]),
    ("ApiGuardBodySchema POST file:draft.json", ["draft.json#", "draft-04"]),
    ("ApiGuardDryRun yes", ["yes", "on", "off"]),
    ("ApiGuardValidate max-body=1M max-body=2M", ["max-body=", "twice"]),
    ("ApiGuardValidate max-fields=-1", ["max-fields=", "-1"]),
    ("ApiGuardValidate max-field-size=0", ["max-field-size=", "1 byte"]),
    ("ApiGuardValidate max-files=1 max-files=1", ["max-files=", "twice"]),
    ("ApiGuardParam id type=int", ["type=", "int", "integer", "date-time"]),
    ("ApiGuardParam id max=5", ["max=", "type=integer"]),
    ("ApiGuardParam id type=integer default=x", ["default=", "x", "no integer"]),
    ("ApiGuardParam id pattern=(", ["pattern="]),
    ("ApiGuardParam id required default=1", ["required", "default="]),
    ("ApiGuardParam id most=5", ["most=5", "length="]),
    ("ApiGuardParam a=b", ["a=b", "name"]),
    ("ApiGuardParam * allow", ["allow", "* refuse"]),
    ("ApiGuardParam X-ApiGuard-User in=header", ["X-ApiGuard-User", "dropped"]),
    ("ApiGuardOpenAPI openapi.json", ["openapi.json", "file:openapi.json", "scopes=on"]),
    ("ApiGuardOpenAPI file:none.json", ["none.json"]),
    ("ApiGuardOpenAPI file:a.json unknown=drop", ["unknown=drop", "refuse", "pass"]),
    ("ApiGuardOpenAPI file:a.json base=api", ["base=api", "/api/v1"]),
    ("ApiGuardOpenAPI file:a.json base=/a/{b}", ["base=/a/{b}"]),
    ("ApiGuardOpenAPI file:a.json format=annotate", ["format=annotate", "assert"]),
    ("ApiGuardOpenAPI file:a.json scopes=yes", ["scopes=yes", "on"]),
    ("ApiGuardOpenAPI file:a.json base=/a base=/b", ["base=", "twice"]),
    ("ApiGuardOpenAPI file:a.json strict", ["strict", "unknown="]),
]


@pytest.fixture(scope="module")
def web(make_httpd):
    server = make_httpd(start=False, database=None)
    for name, text in FILES.items():
        server.dir.write(name, text)
    return server


@pytest.mark.parametrize("line, words", WRONG, ids=[line for line, _ in WRONG])
def test_a_wrong_line_in_a_section(web, line, words):
    web.configure(f'<Location "/x/">\n{line}\n</Location>\n')
    good, said = web.configtest()
    assert not good, "configtest took it"
    for word in (line.split()[0], *words):
        assert word in said, said
