# SPDX-License-Identifier: Apache-2.0
"""docs/howto/mcp.md as it stands there but for names of hosts and ports: its configuration in one server, its program
behind it, and the SDK's own client, which is given a URL and nothing else; oidc-provider gives the tokens."""

import json
import os
import re
import tempfile

import pytest

from support.fields import challenges
from support.node import MODULES, Node, missing
from support.oidc import Oidc
from support.ports import free_port, wait_for_port
from support.tls import TlsClient
from support.verdict import secrets
from support.waiting import wait_until

PAGE = os.path.join(os.path.dirname(__file__), "../../docs/howto/mcp.md")
EXAMPLE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
BILLS = "https://bills.example/"
pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


def examples(language, words):
    """All of them in one text, with other words for some: each stands there."""
    with open(PAGE, encoding="utf-8") as f:
        text = "".join(text for name, text in EXAMPLE.findall(f.read()) if name == language)
    for word, value in words.items():
        assert word in text, word
        text = text.replace(word, value)
    return text


class Setup:
    def __init__(self, make_httpd, certificates):
        self.origin, self.port = f"https://127.0.0.1:{certificates.port}", free_port()
        self.url = self.origin + "/mcp"
        self.oidc = Oidc(certificates, {self.url: {"scope": "notes:read notes:write"}, BILLS: {"scope": "bills:read"}})
        self.program = self.run_program()
        self.web = make_httpd(
            "Listen 127.0.0.1:{tls}\n" + examples("apache", {
                "*:443": f"127.0.0.1:{certificates.port}", "ServerName mcp.example.com": f"ServerName {self.origin[8:]}",
                "/etc/apiguard/mcp.example.com.pem": "{certificates}/server.pem",
                "/etc/apiguard/mcp.example.com.key": "{certificates}/server.key",
                "https://login.example.com discover": f"{self.oidc.issuer} discover ca={self.oidc.ca}",
                "127.0.0.1:3000": f"127.0.0.1:{self.port}"}).replace("</VirtualHost>\n<Location", "<Location")
            + "</VirtualHost>\n", modules=("ssl", "socache_shmcb", "proxy", "proxy_http"), database=None,
            words=certificates.words())
        self.client = TlsClient(certificates)
        token = self.oidc.for_machine(self.url, "notes:read")  # until each child has the keys
        wait_until(lambda: all(self.ask(token).status != 503 for _ in range(12)))

    def run_program(self):
        folder = os.path.dirname(os.path.realpath(MODULES))
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".mjs") as file:
            file.write(examples("js", {"3000": str(self.port)}))
            file.flush()
            program = Node("example.mjs", {"file": file.name})
        wait_for_port(self.port, program.process)
        return program

    def ask(self, token=None, path="/mcp"):
        return self.client.request("POST", path, bearer=token, body=b"{}")

    def close(self):
        for thing in (self.program, self.oidc):
            thing.close()


@pytest.fixture(scope="module")
def setup(make_httpd, certificates):
    setup = Setup(make_httpd, certificates)
    yield setup
    setup.close()


@pytest.fixture
def person(setup):
    made = []

    def make(client):
        made.append(Node("mcp_client.mjs", {"client": client}, ca=setup.oidc.ca))
        return made[0]

    yield make
    for node in made:
        node.close()


def call(node, **what):
    done = node.ask(**what)
    assert "error" not in done, done
    secrets.add(done["token"])
    return done


def test_the_challenge_and_the_document_on_the_page(setup):
    bare, more = [text for text in examples("", {"https://mcp.example.com": setup.origin}).splitlines() if text]
    answer = setup.ask()
    assert answer.status == 401 and "WWW-Authenticate: " + answer.header("WWW-Authenticate") == bare
    answer = setup.ask(setup.oidc.for_machine(setup.url, "notes:read"), "/mcp/write")
    assert answer.status == 403 and "WWW-Authenticate: " + answer.header("WWW-Authenticate") == more
    ((_, told),) = challenges(answer)
    assert setup.client.get(told["resource_metadata"][len(setup.origin):]).json == {
        "resource": setup.url, "authorization_servers": [setup.oidc.issuer], "bearer_methods_supported": ["header"],
        "scopes_supported": ["notes:read", "notes:write"], "resource_name": "Notes"}


@pytest.mark.slow
def test_from_a_url_to_a_tool_and_to_more_scopes(setup, person):
    """The user is asked twice: for reading, and when more is needed for both; no token reaches the program."""
    node = person("app")
    done = call(node, url=setup.url, tool="whoami")
    (asked,) = done["asked"]
    assert asked["scope"] == "notes:read" and asked["resource"] == setup.url
    assert asked["code_challenge_method"] == "S256"
    fields = json.loads(done["text"])
    assert (fields["x-apiguard-user"], fields["x-apiguard-scopes"]) == ("joe", "notes:read")
    assert "authorization" not in fields and done["token"] not in done["text"]
    assert done["tools"] == ["whoami"]
    done = call(node, url=setup.url + "/write", tool="add")
    (asked,) = done["asked"]
    assert asked["scope"] == "notes:read notes:write" and asked["resource"] == setup.url
    assert done["text"] == "joe has added a note" and done["tools"] == ["whoami", "add"]
    done = call(node, url=setup.url, tool="whoami")
    assert done["asked"] == [] and json.loads(done["text"])["x-apiguard-scopes"] == "notes:read notes:write"


@pytest.mark.slow
def test_a_client_that_registers_itself(setup, person):
    done = call(person(None), url=setup.url, tool="whoami")
    assert len(done["asked"]) == 1 and done["client"] not in ("app", "machine")
    assert json.loads(done["text"])["x-apiguard-client"] == done["client"]


def test_a_token_for_another_server(setup):
    for token in (setup.oidc.for_machine(BILLS, "bills:read"), setup.oidc.for_user(BILLS, "bills:read")):
        answer = setup.ask(token)
        ((_, told),) = challenges(answer)
        assert answer.status == 401 and told["error"] == "invalid_token" and told["resource_metadata"]
        assert "aud" in answer.json["detail"]


def test_a_client_in_a_browser(setup):
    ours = {"Origin": "https://inspector.example.com"}
    answer = setup.client.request("OPTIONS", "/mcp", headers={
        **ours, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"})
    assert answer.status == 204 and "MCP-Protocol-Version" in answer.header("Access-Control-Allow-Headers")
    answer = setup.client.request("POST", "/mcp", headers=ours, body=b"{}")
    assert answer.status == 401 and "WWW-Authenticate" in answer.header("Access-Control-Expose-Headers")
