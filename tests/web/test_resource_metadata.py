# SPDX-License-Identifier: Apache-2.0
"""ApiGuardResourceMetadata (RFC 9728): a client that has nothing but a URL learns from the challenge where the
document is, and from the document who gives tokens; both before anything of the server around has a say."""

import pytest

from support.fields import challenges
from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused
from support.tls import TlsClient

PLACE = "/.well-known/oauth-protected-resource"
ISSUER = "https://id.example"
SIGNER = Key("HS256")

SECTION = """
<Location "{path}">
    AuthType ApiGuard
    AuthName "{path}"
    ApiGuardProvider jwt
    ApiGuardJWTKey HS256 file:{keyfile}
    ApiGuardIssuer https://id.example
    {lines}
</Location>
"""


def section(path, *lines):
    text = SECTION.replace('"{path}">', f'{path}>' if path.startswith("~") else f'"{path}">').replace("{path}", path)
    lines = (*lines, "Require valid-user") if not any("Require" in line for line in lines) else lines
    return text.replace("{lines}", "\n    ".join(lines))


@pytest.fixture(scope="module")
def keyfile():
    folder = Directory("resource")
    yield folder.write("k", SIGNER.file())
    folder.close()


def token(**claims):
    return SIGNER.token(iss=ISSUER, **claims)


def bearer(answer):
    ((scheme, told),) = challenges(answer)
    assert scheme == "bearer"
    return told


# ---- the document ----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def only(make_httpd, keyfile):
    """One section, and everything that could stand in the way of its document."""
    return make_httpd("""
        RewriteEngine on
        RewriteRule "^/\\.well-known/" "-" [F]
        Redirect "/.well-known/" "https://elsewhere.example/"
        ErrorDocument 405 "text"
        CacheRoot {root}/run
        CacheEnable disk "/"
        <Location "/">
            Require all denied
            ApiGuardTLS redirect
            ApiGuardRateLimit 0/day by=ip
            ApiGuardCORS origin=https://one.example
        </Location>
        """ + section("/s/notes/", "ApiGuardTLS off", "ApiGuardRateLimit off", "Require api-scope read",
                      'ApiGuardResourceMetadata auto scopes="read write" name="Notes" '
                      "documentation=https://a.example/docs"),
        modules=("rewrite", "cache", "cache_disk"), words={"keyfile": keyfile}, database=None)


DOCUMENT = {"resource": "http://api.test/s/notes/", "authorization_servers": [ISSUER],
            "bearer_methods_supported": ["header"], "scopes_supported": ["read", "write"],
            "resource_name": "Notes", "resource_documentation": "https://a.example/docs"}


@pytest.mark.parametrize("path", [PLACE + "/s/notes/", PLACE, PLACE + "/s/notes/?x=1"])
def test_the_document(only, path):
    only.expect("AG0134")  # CacheEnable with the quick handler
    answer = only.get(path, headers={"Origin": "https://any.example"})
    assert answer.status == 200 and answer.json == DOCUMENT
    assert answer.header("Content-Type") == "application/json"
    assert answer.all("Access-Control-Allow-Origin") == ["*"]
    assert answer.header("Cache-Control") == "public, max-age=3600"
    head = only.request("HEAD", path)
    assert head.status == 200 and head.body == b"" and head.header("Content-Length") == str(len(answer.body))
    assert only.get(path, headers={"If-None-Match": answer.header("ETag")}).status == 304


def test_a_preflight_of_the_document(only):
    """A client in a page sends MCP-Protocol-Version, say."""
    answer = only.request("OPTIONS", PLACE, headers={
        "Origin": "https://any.example", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "mcp-protocol-version"})
    assert answer.status == 204 and answer.header("Access-Control-Allow-Origin") == "*"
    assert "GET" in answer.header("Access-Control-Allow-Methods")
    assert answer.header("Access-Control-Allow-Headers") == "*"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PROPFIND", "TRACE"])
def test_the_document_is_only_read(only, method):
    answer = only.request(method, PLACE, body=b"x" if method == "POST" else None)
    assert answer.status == 405
    assert set(answer.header("Allow").split(",")) - {"TRACE"} == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("path", [PLACE + "/", PLACE + "/s/notes", PLACE + "/s/notes/x", PLACE + "/s//notes/",
                                  PLACE + "/s/%6eotes/", PLACE + "/x/../s/notes/", PLACE + "x",
                                  "/.well-known/", "/x" + PLACE, PLACE.upper()])
def test_nothing_beside_it(only, path):
    answer = only.client.raw_request("GET", path, [])
    assert answer.status in (302, 308, 403, 404) and b"bearer_methods" not in answer.body


def test_a_credential_beside_it_is_not_looked_at(only):
    assert only.get(PLACE, bearer="no.such.token").status == 200


def test_a_body_beside_it(only):
    answer = only.client.raw_request("GET", PLACE, ["Content-Length: 5"], body=b"hello")
    assert answer.status == 200


# ---- the challenge ---------------------------------------------------------------------------------

TREES = {
    "none": ([], None),
    "one": (["Require api-scope read"], "read"),
    "either": (["Require api-scope read write", "Require api-scope admin"], "read write admin"),
    "both": (["<RequireAll>", "Require api-scope read", "<RequireAny>", "Require api-role boss",
              "Require api-scope write read", "</RequireAny>", "</RequireAll>"], "read write"),
    "not": (["<RequireAll>", "Require valid-user", "Require not api-scope guest", "<RequireNone>",
             "Require api-scope visitor", "</RequireNone>", "</RequireAll>"], None),
    "methods": (["Require api-scope base", "ApiGuardMethodScopes GET=read GET=all POST=write"], "base read all"),
    "methods-alone": (["Require valid-user", "ApiGuardMethodScopes POST=write"], None),
}


@pytest.fixture(scope="module")
def trees(make_httpd, keyfile):
    conf = "".join(section(f"/s/{name}/", "ApiGuardResourceMetadata auto", *(lines or ["Require valid-user"]))
                   for name, (lines, _) in TREES.items())
    return make_httpd(conf + section("/s/url/", "ApiGuardResourceMetadata https://a.example/doc?x=1")
                      + section("/s/either/inner/", "Require api-scope inner")
                      + section("/s/one/off/", "ApiGuardResourceMetadata off", "Require api-scope read")
                      + section("/s/both/keys/", "ApiGuardKeyFrom header:X-API-Key", "ApiGuardProvider key",
                                "Require api-scope read")
                      + section("/s/both/two/", "ApiGuardProvider key jwt", "Require api-scope read")
                      + section("/tree/", "ApiGuardResourceMetadata auto resource=https://a.example/tree",
                                "Require api-scope top")
                      .replace("/tree/", "{root}/htdocs/tree").replace("Location", "Directory")
                      .replace("Require", "AllowOverride AuthConfig\n    Require"),
                      words={"keyfile": keyfile}, files={
                          "tree/below/x.html": "x\n", "tree/below/.htaccess": "AuthMerging And\nRequire api-scope below\n"})


@pytest.mark.parametrize("name", TREES)
def test_a_bare_request_is_told_all(trees, name):
    told = bearer(trees.get(f"/s/{name}/hello.html"))
    assert told == {"realm": f"/s/{name}/", "resource_metadata": f"http://api.test{PLACE}/s/{name}/",
                    **({"scope": TREES[name][1]} if TREES[name][1] else {})}
    assert trees.get(f"{PLACE}/s/{name}/").json["resource"] == f"http://api.test/s/{name}/"


@pytest.mark.parametrize("name, reason, held", [
    ("one", "scope_insufficient", "other"), ("either", "scope_insufficient", "other"),
    ("both", "scope_insufficient", "other"), ("methods", "scope_insufficient", "base"),
    ("methods", "scope_insufficient", "read")])
def test_a_token_that_lacks_one_is_told_all(trees, name, reason, held):
    """So that a client asks once, not for one after the other."""
    answer = trees.get(f"/s/{name}/hello.html", bearer=token(scope=held))
    assert_refused(answer, reason)
    told = bearer(answer)
    assert told["error"] == "insufficient_scope" and told["scope"] == TREES[name][1]
    assert told["resource_metadata"] == f"http://api.test{PLACE}/s/{name}/"


def test_a_wrong_token_is_told_all(trees):
    told = bearer(trees.get("/s/both/hello.html", bearer=Key("HS256", kid="x").token()))
    assert told["error"] == "invalid_token" and told["scope"] == "read write" and told["resource_metadata"]


def test_what_an_inner_section_asks_for(trees):
    """It is part of the outer one's resource, and its rules are its own."""
    told = bearer(trees.get("/s/either/inner/hello.html"))
    assert told["scope"] == "inner" and told["resource_metadata"] == f"http://api.test{PLACE}/s/either/"
    told = bearer(trees.get("/s/one/off/hello.html"))
    assert sorted(told) == ["realm"]
    assert trees.get(f"{PLACE}/s/one/off/").status == 404


def test_what_htaccess_asks_for(trees):
    told = bearer(trees.get("/tree/below/x.html"))
    assert sorted(told["scope"].split()) == ["below", "top"]
    assert told["resource_metadata"] == f"https://a.example{PLACE}/tree"


def test_a_document_of_somebody_else(trees):
    told = bearer(trees.get("/s/url/hello.html"))
    assert told["resource_metadata"] == "https://a.example/doc?x=1"
    assert trees.get(f"{PLACE}/s/url/").status == 404


def test_a_section_without_bearer_has_no_such_challenge(trees):
    answer = trees.get("/s/both/keys/hello.html")
    assert [scheme for scheme, _ in challenges(answer)] == ["apikey"]
    assert "resource_metadata" not in answer.header("WWW-Authenticate")


def test_the_bearer_challenge_comes_first(trees):
    """A client that reads one challenge (the SDK of the Model Context Protocol) reads this one."""
    answer = trees.get("/s/both/two/hello.html")
    assert [scheme for scheme, _ in challenges(answer)] == ["bearer", "apikey"]


def test_several_sections_have_no_document_at_the_root(trees):
    assert trees.get(PLACE).status == 404


# ---- audience --------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def audiences(make_httpd, keyfile):
    own = "ApiGuardAudience auto"
    return make_httpd(own + section("/s/a/", "ApiGuardResourceMetadata auto")
                      + section("/s/b/", "ApiGuardResourceMetadata auto resource=https://b.example/mcp")
                      + section("/s/url/", "ApiGuardResourceMetadata https://a.example/doc")
                      + section("/s/nothing/"), words={"keyfile": keyfile}, database=None)


@pytest.mark.parametrize("name, aud", [("a", "http://api.test/s/a/"), ("b", "https://b.example/mcp"),
                                       ("url", "http://api.test/s/url/")])
def test_the_audience_is_the_resource(audiences, name, aud):
    good = token(aud=aud)
    for other in ("a", "b", "url", "nothing"):  # one after the other: a token that was accepted is remembered
        answer = audiences.get(f"/s/{other}/hello.html", bearer=good)
        if other == name:
            assert answer.status == 200
            continue
        assert "aud" in assert_refused(answer, "token_invalid")["detail"]
    assert_refused(audiences.get(f"/s/{name}/hello.html", bearer=token()), "token_invalid")
    assert_refused(audiences.get(f"/s/{name}/hello.html", bearer=token(aud=aud + "x")), "token_invalid")
    assert audiences.get(f"/s/{name}/hello.html", bearer=token(aud=["x", aud])).status == 200


# ---- names -----------------------------------------------------------------------------------------

HOSTS = """
ServerName main.test
<VirtualHost *:{port}>
    ServerName plain.test
    {plain}
</VirtualHost>
<VirtualHost *:{port}>
    ServerName https://proxied.test:443
    {proxied}
</VirtualHost>
<VirtualHost *:{port}>
    ServerName Ports.TEST:8080
    {ports}
</VirtualHost>
<VirtualHost *:{port}>
    ServerName none.test
</VirtualHost>
Listen 127.0.0.1:{tls}
<VirtualHost *:{tls}>
    ServerName secure.test
    SSLEngine on
    SSLCertificateFile {certificates}/server.pem
    SSLCertificateKeyFile {certificates}/server.key
    {secure}
</VirtualHost>
"""


@pytest.fixture(scope="module")
def hosts(make_httpd, keyfile, certificates):
    conf = HOSTS + section("/everywhere/", "ApiGuardResourceMetadata auto resource=https://every.example/x")
    mcp = section("/mcp", "ApiGuardResourceMetadata auto")
    for word, text in {"plain": mcp + section("/a b/", "ApiGuardResourceMetadata auto"),
                       "proxied": section("/", "ApiGuardResourceMetadata auto") + mcp,
                       "ports": mcp, "secure": mcp}.items():
        conf = conf.replace("{%s}" % word, text)
    return make_httpd(conf, modules=("ssl", "socache_shmcb"), words={"keyfile": keyfile, **certificates.words()},
                      database=None)


@pytest.mark.parametrize("host, path, resource", [
    ("plain.test", "/mcp", "http://plain.test/mcp"),
    ("plain.test", "/a%20b/", "http://plain.test/a%20b/"),
    ("plain.test", "/x", "https://every.example/x"),
    ("proxied.test", "", "https://proxied.test/"),
    ("proxied.test", "/mcp", "https://proxied.test/mcp"),
    ("ports.test", "/mcp", "http://ports.test:8080/mcp"),
    ("ports.test", "", "http://ports.test:8080/mcp"),
    ("none.test", "/x", "https://every.example/x"),
    ("none.test", "", "https://every.example/x"),
    ("none.test", "/mcp", None), ("plain.test", "", "https://every.example/x")])
def test_whose_document_it_is(hosts, host, path, resource):
    answer = hosts.get(PLACE + path, headers={"Host": host})
    assert (answer.json["resource"] if answer.status == 200 else None) == resource


def test_a_server_that_speaks_tls(hosts, certificates):
    client = TlsClient(certificates)
    answer = client.get("/mcp", headers={"Host": "secure.test"})
    assert bearer(answer)["resource_metadata"] == f"https://secure.test{PLACE}/mcp"
    for path in (PLACE, PLACE + "/mcp"):
        assert client.get(path, headers={"Host": "secure.test"}).json["resource"] == "https://secure.test/mcp"


def test_documents_after_a_reload(own_httpd, keyfile):
    web = own_httpd(section("/s/a/", "ApiGuardResourceMetadata auto"), words={"keyfile": keyfile}, database=None)
    assert web.get(PLACE).status == 200
    web.configure("")
    web.graceful()
    assert web.get(PLACE).status == 404


def test_a_section_without_issuers_is_told_of(own_httpd, keyfile):
    web = own_httpd(section("/s/a/", "ApiGuardResourceMetadata auto", "ApiGuardIssuer none"),
                    words={"keyfile": keyfile}, database=None)
    web.expect("AG0980")
    assert "http://api.test/s/a/ names no authorization server" in web.error_log()
    assert web.get(PLACE).json == {"resource": "http://api.test/s/a/", "bearer_methods_supported": ["header"]}


# ---- mistakes --------------------------------------------------------------------------------------

AUTO = "ApiGuardResourceMetadata auto"
HOST = "<VirtualHost *:{port}>\nServerName a.test\n%s\n</VirtualHost>\n"
MISTAKES = [
    ("auto without metadata", section("/a/", "ApiGuardAudience auto"), "ApiGuardResourceMetadata is missing"),
    ("two for the root", section("/a/", AUTO + " resource=https://a.example")
     + section("/b/", AUTO + " resource=https://b.example/"), f"two sections have their document at {PLACE}:"),
    ("two for a path", section("/a/", AUTO) + section("/b/", AUTO + " resource=https://b.example/a/"),
     f"two sections have their document at {PLACE}/a/:"),
    ("a pattern", section("/a*/", AUTO), 'no <Location "/path">'),
    ("an expression", section("~ /a/", AUTO), 'no <Location "/path">'),
    ("a directory", section("/", AUTO).replace("Location", "Directory"), 'no <Location "/path">'),
    ("a part of a section", section("/a/", '<If "true">', AUTO, "</If>"), 'no <Location "/path">'),
    ("every host", section("/a/", AUTO) + HOST % "", "write it in the <VirtualHost>"),
    ("every host, as an audience", section("/a/", "ApiGuardResourceMetadata https://a.example/doc",
                                           "ApiGuardAudience auto") + HOST % "", "write it in the <VirtualHost>"),
]


@pytest.mark.parametrize("name, conf, words", MISTAKES, ids=[name for name, _, _ in MISTAKES])
def test_what_stops_the_start(make_httpd, keyfile, name, conf, words):
    web = make_httpd("", start=False, database=None, words={"keyfile": keyfile})
    web.configure(conf)
    good, said = web.configtest()
    assert not good and words in said, said


@pytest.mark.parametrize("conf", [
    section("/a/", AUTO, "ApiGuardResourceMetadata auto name=x"),  # the later line of a section
    HOST % section("/a/", AUTO) + (HOST % section("/a/", AUTO)).replace("a.test", "b.test"),
    section("/a/", AUTO) + section("/a/b/", "ApiGuardAudience auto"),
    section("~ /a/", AUTO + " resource=https://a.example")])
def test_what_is_no_mistake(make_httpd, keyfile, conf):
    web = make_httpd("", start=False, database=None, words={"keyfile": keyfile})
    web.configure(conf)
    good, said = web.configtest()
    assert good, said
