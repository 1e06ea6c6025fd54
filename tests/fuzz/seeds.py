# SPDX-License-Identifier: Apache-2.0
"""seeds.py TARGET FOLDER: inputs to begin with, from the official suite of JSON Schema. For the target schema: each schema
with two of its bodies, the first that is good and the first that is not. FOLDER.dict is the words they are made of."""

import json
import pathlib
import re
import sys

SUITE = pathlib.Path(__file__).parent.parent / "suites/json-schema"
CHOICES = {"draft2020-12": b"4", "draft7": b"5"}  # with formats


def text(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def two_of(tests):
    good = [test for test in tests if test["valid"]][:1]
    return good + [test for test in tests if not test["valid"]][:1]


def schema_seeds():
    for draft, choice in CHOICES.items():
        for file in sorted((SUITE / draft).rglob("*.json")):
            for number, group in enumerate(json.loads(file.read_text(encoding="utf-8"))):
                for test in two_of(group["tests"]):
                    name = f"{draft}-{file.stem}-{number}-{'good' if test['valid'] else 'bad'}"
                    yield name, choice + text(group["schema"]) + b"\xff" + text(test["data"])


def words(seeds):
    names = sorted({name for seed in seeds for name in re.findall(rb'"\$?[a-zA-Z]{3,24}"', seed)})
    return "".join(f'"{name.decode().replace(chr(34), chr(92) + chr(34))}"\n' for name in names)


def main(target, folder):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    seeds = {name: seed for name, seed in {"schema": schema_seeds}[target]() if len(seed) < 2000}
    for name, seed in seeds.items():
        (pathlib.Path(folder) / name).write_bytes(seed)
    pathlib.Path(folder + ".dict").write_text(words(seeds.values()), encoding="ascii")


main(*sys.argv[1:])
