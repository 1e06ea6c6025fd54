# SPDX-License-Identifier: Apache-2.0
"""docs/howto/token-endpoint.md as it stands there, but for addresses and the folder of files: the configuration in one
server that fetches its own key set, the commands in a shell, the Python in this one."""

import json
import os
import re
import subprocess
import time

import jwt
import pytest

from support.ports import Directory
from support.verdict import secrets

PAGE = os.path.join(os.path.dirname(__file__), "../../docs/howto/token-endpoint.md")
EXAMPLE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def examples(language, words):
    with open(PAGE, encoding="utf-8") as f:
        texts = [text for name, text in EXAMPLE.findall(f.read()) if name == language]
    for word, value in words.items():
        assert any(word in text for text in texts), word
        texts = [text.replace(word, value) for text in texts]
    return texts


class Setup:
    def __init__(self, make_httpd):
        self.dir = Directory("documented")
        files = {"/etc/apiguard": self.dir.path}
        make, *_ = examples("sh", files)
        subprocess.run(["sh", "-ec", make], check=True, capture_output=True)
        # Over plain HTTP to this machine; the issuer keeps its name.
        conf = "\n".join(examples("apache", files)).replace("ApiGuardTLS require", "")
        conf = conf.replace("https://api.example.com/oauth", "http://127.0.0.1:{port}/oauth")
        self.web = make_httpd(conf, files={"orders/1": "one\n"}, processes=1)
        self.key = self.web.keys.create(client="shop", scopes=["orders:read", "orders:write"])
        self.here = f"http://127.0.0.1:{self.web.port}"

    def run(self, number):
        command = examples("sh", {"https://api.example.com": self.here})[number]
        done = subprocess.run(["sh", "-ec", command], check=True, capture_output=True, text=True,
                              env={**os.environ, "KEY": self.key})
        answer = json.loads(done.stdout)
        secrets.add(answer["access_token"])
        return answer


@pytest.fixture(scope="module")
def setup(make_httpd):
    setup = Setup(make_httpd)
    yield setup
    setup.dir.close()


def test_the_answer_is_the_one_that_is_shown(setup):
    shown = json.loads(examples("json", {})[0])
    answer = setup.run(1)
    assert list(answer) == list(shown)
    assert {**answer, "access_token": ""} == {**shown, "access_token": ""}
    assert answer["access_token"].startswith(shown["access_token"][:17])


def test_the_error_is_the_one_that_is_shown(setup):
    shown = json.loads(examples("json", {})[1])
    answer = setup.web.request("POST", "/oauth/token", basic=("shop", setup.key), headers={
        "Content-Type": "application/x-www-form-urlencoded"}, body="grant_type=client_credentials&scope=more").json
    assert {**answer, "request_id": ""} == {**shown, "request_id": ""}


def test_less_than_the_key_may(setup):
    assert setup.run(2)["scope"] == "orders:read"


def test_who_accepts_it(setup):
    token = setup.run(1)["access_token"]
    end = time.monotonic() + 10
    while setup.web.get("/orders/1", bearer=token).status == 503:  # until the set was fetched
        assert time.monotonic() < end
        time.sleep(0.05)
    assert setup.web.get("/orders/1", bearer=token).text == "one\n"


def test_python(setup):
    found = {"jwt": jwt, "token": setup.run(1)["access_token"]}
    exec(examples("python", {"https://api.example.com/oauth": setup.here + "/oauth"})[0], found)
    assert found["claims"]["client_id"] == "shop"
