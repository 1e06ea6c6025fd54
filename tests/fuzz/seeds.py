# SPDX-License-Identifier: Apache-2.0
"""seeds.py TARGET FOLDER: inputs to begin with, from the official suite of JSON Schema: each schema with two of its bodies,
the first that is good and the first that is not. For the target openapi the schema is that of a request's body. FOLDER.dict
is the words that they and the corpus are made of."""

import json
import pathlib
import re
import sys

SUITE = pathlib.Path(__file__).parent.parent / "suites/json-schema"
CORPUS = pathlib.Path(__file__).parent / "corpus"
CHOICES = {"draft2020-12": b"4", "draft7": b"5"}  # with formats


def text(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def two_of(tests):
    good = [test for test in tests if test["valid"]][:1]
    return good + [test for test in tests if not test["valid"]][:1]


def suite(drafts):
    for draft in drafts:
        for file in sorted((SUITE / draft).rglob("*.json")):
            for number, group in enumerate(json.loads(file.read_text(encoding="utf-8"))):
                for test in two_of(group["tests"]):
                    name = f"{draft}-{file.stem}-{number}-{'good' if test['valid'] else 'bad'}"
                    yield name, draft, group["schema"], test["data"]


def schema_seeds():
    for name, draft, schema, body in suite(CHOICES):
        yield name, CHOICES[draft] + text(schema) + b"\xff" + text(body)


def openapi_seeds():
    for name, _, schema, body in suite(["draft2020-12"]):
        content = {"application/json": {"schema": schema}}
        document = {"openapi": "3.1.0", "paths": {"/a": {"post": {"requestBody": {"content": content}}}}}
        yield name, b"2" + text(document) + b"\xffPOST /a\nContent-Type: application/json\xff" + text(body)


def words(seeds):
    names = sorted({name for seed in seeds for name in re.findall(rb'"\$?[a-zA-Z]{3,24}"', seed)})
    return "".join(f'"{name.decode().replace(chr(34), chr(92) + chr(34))}"\n' for name in names)


def main(target, folder):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    of_target = {"schema": schema_seeds, "openapi": openapi_seeds}[target]
    seeds = {name: seed for name, seed in of_target() if len(seed) < 1000}
    for name, seed in seeds.items():
        (pathlib.Path(folder) / name).write_bytes(seed)
    corpus = [file.read_bytes() for file in (CORPUS / target).iterdir()]
    pathlib.Path(folder + ".dict").write_text(words([*seeds.values(), *corpus]), encoding="ascii")


main(*sys.argv[1:])
