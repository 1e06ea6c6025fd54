# SPDX-License-Identifier: Apache-2.0
"""ApiGuardIssuer with discover: where an issuer's keys are, its own metadata say (RFC 8414, OpenID Connect
Discovery), and nobody else's."""

import json

import pytest

from support.jwtmaker import Key
from support.keyserver import KeyServer, certificate, goes, keys, pem, says
from support.ports import Directory
from support.problem import assert_refused
from support.waiting import wait_until

SECTION = """
<Location "/s/{name}/">
    AuthType ApiGuard
    AuthName "{name}"
    ApiGuardProvider jwt
    {lines}
    Require valid-user
</Location>
"""


def section(name, *lines):
    return SECTION.replace("{name}", name).replace("{lines}", "\n    ".join(lines))


def metadata(issuer, jwks_uri, **more):
    return says(json.dumps({"issuer": issuer, "jwks_uri": jwks_uri, **more}), Content_Type="application/json")


def go(web, name, token):
    return web.get(f"/s/{name}/hello.html", bearer=token)


def until_good(web, name, token):
    """Whichever child answers: each reads a new set by itself, within half a second."""
    wait_until(lambda: all(go(web, name, token).status == 200 for _ in range(12)))


@pytest.fixture(scope="module")
def server():
    folder = Directory("discovery")
    server = KeyServer(folder)
    yield server
    server.close()
    folder.close()


# Each: the issuer's path, the place of its metadata. "root" and "slash" are two issuers of one host.
PLACES = {
    "root": ("", "/.well-known/oauth-authorization-server"),
    "slash": ("/", "/.well-known/openid-configuration"),
    "rfc8414": ("/tenant/one", "/.well-known/oauth-authorization-server/tenant/one"),
    "openid": ("/tenant/two", "/tenant/two/.well-known/openid-configuration"),
    "both": ("/tenant/3/", "/tenant/3/.well-known/openid-configuration"),
}


@pytest.fixture(scope="module")
def found(make_httpd, server):
    """Issuers of one server each with a key of its own; the other places answer 404."""
    signers, issuers, conf = {name: Key("RS256", kid=name) for name in PLACES}, {}, ""
    for name, (path, place) in PLACES.items():
        issuer = issuers[name] = server.url(path)
        conf += section(name, f"ApiGuardIssuer {issuer} discover ca={server.ca}")
        server.ways.setdefault(place, metadata(issuer, server.url(f"/keys/{name}")))
        server.ways[f"/keys/{name}"] = keys(signers[name])
    two = f"ApiGuardIssuer {issuers['rfc8414']} name=one discover ca={server.ca}"
    conf += section("several", two, f"ApiGuardIssuer {issuers['openid']} name=two discover ca={server.ca}")
    return make_httpd(conf, database=None), issuers, signers


@pytest.mark.parametrize("name", PLACES)
def test_where_metadata_are(found, name):
    web, issuers, signers = found
    token = signers[name].token(iss=issuers[name])
    until_good(web, name, token)
    assert_refused(go(web, name, signers[name].token(iss="https://other.example")), "token_invalid")
    assert_refused(go(web, name, signers[name].token()), "token_invalid")
    assert_refused(go(web, name, Key("RS256", kid=name).token(iss=issuers[name])), "token_invalid")


def test_each_key_signs_for_its_issuer(found):
    """RFC 8725 s3.8, where a section has several."""
    web, issuers, signers = found
    one, two = signers["rfc8414"], signers["openid"]
    until_good(web, "several", one.token(iss=issuers["rfc8414"]))
    until_good(web, "several", two.token(iss=issuers["openid"]))
    assert_refused(go(web, "several", one.token(iss=issuers["openid"])), "token_invalid")
    assert_refused(go(web, "several", two.token(iss=issuers["rfc8414"])), "token_invalid")


def bad_metadata(server):
    """By the issuer's path: what both places say, and what the log must."""
    def other(path):
        return metadata(server.url("/somebody"), server.url("/keys"))

    def plain(path):
        return metadata(server.url(path), "http://192.0.2.1/keys")

    def inside(path):
        return metadata(server.url(path), "http://127.0.0.1:1/keys")

    def without(path):
        return says(json.dumps({"issuer": server.url(path)}))

    def slash(path):
        return metadata(server.url(path) + "/", server.url("/keys"))

    def upper(path):
        return metadata(server.url(path).upper(), server.url("/keys"))

    def to_file(path):
        return metadata(server.url(path), "file:///etc/passwd")

    return {"/other": (other, "another issuer"), "/slash": (slash, "another issuer"),
            "/upper": (upper, "another issuer"), "/plain": (plain, "its jwks_uri: only https:// is asked"),
            "/inside": (inside, "its jwks_uri: only https:// is asked"),
            "/file": (to_file, "its jwks_uri"), "/without": (without, "no issuer's metadata with a jwks_uri"),
            "/number": (lambda path: says('{"issuer": 1, "jwks_uri": 2}'), "no issuer's metadata"),
            "/list": (lambda path: says("[]"), "no issuer's metadata"),
            "/page": (lambda path: says("<html>"), "no issuer's metadata"),
            "/error": (lambda path: says("", "500 Oh"), "it answered 500"),
            "/loop": (lambda path: goes("/.well-known/oauth-authorization-server/loop"), "")}


@pytest.mark.slow
def test_bad_metadata(make_httpd, server):
    cases, conf, key = bad_metadata(server), "", Key("RS256", kid="one")
    server.ways["/keys"] = keys(key)
    for path, (way, _) in cases.items():
        server.ways["/.well-known/oauth-authorization-server" + path] = way(path)
        server.ways[path + "/.well-known/openid-configuration"] = way(path)
        conf += section(path[1:], f"ApiGuardIssuer {server.url(path)} discover ca={server.ca}")
    web = make_httpd(conf, database=None)
    for path, (_, why) in cases.items():
        line = web.wait_log(f"AG0900: the key set {server.url(path)} cannot be fetched: .*")
        assert line and why in line.group(), path
        assert line.group().count("/.well-known/") == 2 and "passwd" not in line.group()
        assert_refused(go(web, path[1:], key.token(iss=server.url(path))), "keyset_unavailable")
    assert server.times("/keys") == []


@pytest.mark.slow
def test_metadata_that_move(own_httpd, server):
    """They are read anew each time; and a good place makes up for a bad one."""
    issuer, old, new = server.url("/moves"), Key("RS256", kid="old"), Key("RS256", kid="new")
    place = "/.well-known/oauth-authorization-server/moves"
    server.ways[place] = metadata(issuer, server.url("/old"))
    server.ways["/old"], server.ways["/new"] = keys(old, Cache_Control="max-age=60"), keys(new)
    web = own_httpd(section("a", f"ApiGuardIssuer {issuer} discover ca={server.ca}"), database=None)
    until_good(web, "a", old.token(iss=issuer))
    server.ways[place] = metadata("https://evil.example", server.url("/old"))
    server.ways["/moves/.well-known/openid-configuration"] = metadata(issuer, server.url("/new"))
    assert_refused(go(web, "a", new.token(iss=issuer)), "token_invalid")  # a kid that is unknown
    until_good(web, "a", new.token(iss=issuer))
    wait_until(lambda: all(go(web, "a", old.token(iss=issuer)).status == 401 for _ in range(10)))


MISTAKES = [
    ("discover", "name=WORD, discover and ca=PATH stand behind their issuer"),
    ("id.example discover", '"id.example" discover is not allowed: the issuer is no https:// address'),
    ("https://id.example?x discover", "without ? and #"),
    ("https://id.example ca=/etc/hostname", "ca=PATH stands with discover"),
    ("https://id.example discover discover", "discover stands here twice"),
    ("https://id.example discover ca=/no/file", "ca=/no/file"),
    ("http://192.0.2.1 discover", "only https:// is asked"),
    ("https://a.example discover https://b.example ca=/x", "ca=PATH stands with discover"),
]


@pytest.mark.parametrize("line, words", MISTAKES, ids=[line for line, _ in MISTAKES])
def test_what_stops_the_start(own_httpd, line, words):
    web = own_httpd("", start=False, database=None)
    web.configure(section("a", f"ApiGuardIssuer {line}"))
    good, said = web.configtest()
    assert not good and "ApiGuardIssuer" in said and words in said, said


# ---- certificates in the place of keys -------------------------------------------------------------

def test_a_map_of_certificates(own_httpd, server):
    """As Google publishes the keys of Firebase: {"KID": "-----BEGIN CERTIFICATE..."}. Their dates count for nothing:
    they stand there for as long as they are good."""
    rsa, ec, small = Key("RS256", kid="rsa"), Key("ES256", kid="ec"), Key("RS256", kid="small", bits=1024)
    those = {key.kid: pem(certificate(key.private, days=(-20, -1))) for key in (rsa, ec, small)}
    those["broken"] = those["rsa"][:100]
    server.ways["/x509"] = says(json.dumps(those), Content_Type="application/json")
    web = own_httpd(section("a", f"ApiGuardJWKS {server.url('/x509')} ca={server.ca}"), database=None)
    until_good(web, "a", rsa.token())
    assert go(web, "a", ec.token()).status == 200
    for stranger in (Key("RS256", kid="rsa"), small, Key("RS256", kid="broken"), Key("PS384", kid="rsa")):
        assert_refused(go(web, "a", stranger.token()), "token_invalid")
    line = web.wait_log("AG0902: .*").group()
    assert "keys in force: 2; 2 of 4 keys are left out: key 3 (kid small): the RSA key has 1024 bits" in line
    assert "key 4 (kid broken): it is no certificate in PEM form" in line
