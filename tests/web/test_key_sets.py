# SPDX-License-Identifier: Apache-2.0
"""Key sets as they are published, and what becomes of them while a server runs. Of 229 real sets of 20
issuers 15 were refused whole for one entry that nobody needs; and a set that was bad at a reload ended
httpd with all its sites."""

import base64
import json
import os

import pytest

from support.jwtmaker import Key, b64, hs_sign, jwks
from support.ports import Directory
from support.problem import assert_refused

SECTION = """
<Location "/s/{name}/">
    AuthType ApiGuard
    AuthName "{name}"
    ApiGuardProvider jwt
    ApiGuardJWKS file:{folder}/{file} {more}
    Require valid-user
</Location>
"""


def section(name, file, more=""):
    return SECTION.replace("{name}", name).replace("{file}", file).replace("{more}", more)


def go(web, name, token):
    return web.get(f"/s/{name}/hello.html", bearer=token)


def rsa(kid, alg="RS256"):
    return Key(alg, kid=kid)


def certificate():
    """What stands in x5c: base64 with padding, which nobody looks at."""
    return [base64.b64encode(b"\x30\x82" + bytes(range(200))).decode()]


# ---- as they are published -----------------------------------------------------------------------
#
# Each: the signing key, the set as that publisher writes it around the public halves, how many entries
# are told to be left out.

def google():
    key = rsa("6a8ba5652a7044121d4fedac8f14d14c54e4895b")
    return key, [key.jwk(alg="RS256", use="sig"), rsa("8d9be1").jwk(alg="RS256", use="sig")], 0


def azure():
    """No alg; kid is the certificate's digest; the issuer of each key in a member of its own."""
    key = rsa("lHLIu4moKqzPcokwlfCRPHyjl5g")
    more = {"use": "sig", "x5t": key.kid, "x5c": certificate(), "cloud_instance_name":
            "microsoftonline.com", "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}
    return key, [rsa("other").jwk(**more), key.jwk(**more)], 0


def keycloak():
    """The encryption key beside the signing one, under an algorithm for encryption."""
    key, enc = rsa("QzhD9VmuzRkEtVWHKS8kTh4VPGSbrFoTDXuqbbbAxB8"), rsa("enc-1")
    x5c = {"x5c": certificate(), "x5t": b64(b"\xfb" * 20), "x5t#S256": b64(b"\xfb" * 32)}
    ec = Key("ES256", kid="ec-1")
    return key, [enc.jwk(alg="RSA-OAEP", use="enc", **x5c), key.jwk(alg="RS256", use="sig", **x5c),
                 ec.jwk(alg="ES256", use="sig"),
                 {"kid": "ecdh", **Key("ES256").jwk(), "alg": "ECDH-ES", "use": "enc"}], 0


def auth0():
    key = rsa("NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4QzQ2MDAyQjVDNjk1RTM2Qg")
    more = {"use": "sig", "alg": "RS256", "x5c": certificate(), "x5t": key.kid}
    return key, [key.jwk(**more), rsa("NkJCQzIyQzRBMEU4NjhG").jwk(**more)], 0


def okta():
    key = rsa("qUqP5cyxm6YcTAhz05Hph5gvu9M-_x")
    return key, [rsa("old-one").jwk(alg="RS256", use="sig", status="EXPIRED"),
                 key.jwk(alg="RS256", use="sig", status="ACTIVE")], 0


def cognito():
    """kid is base64 with padding, and stands so in the tokens."""
    key = rsa("1234example+/key=")
    return key, [rsa("5678example=").jwk(alg="RS256", use="sig"),
                 key.jwk(alg="RS256", use="sig")], 0


def apple():
    key = rsa("fh6Bs8C")
    return key, [rsa("W6WcOKB").jwk(alg="RS256", use="sig"), key.jwk(alg="RS256", use="sig"),
                 rsa("YuyXoY").jwk(alg="RS256", use="sig")], 0


def hydra():
    """One kid for keys of several types and algorithms."""
    one, two, three = rsa("public:1"), Key("ES256", kid="public:1"), Key("EdDSA", kid="public:1")
    return two, [one.jwk(alg="RS256", use="sig"), {**one.jwk(), "alg": "RS512"},
                 two.jwk(alg="ES256", use="sig"), three.jwk(alg="EdDSA", use="sig")], 0


def twins():
    """Two keys of one type under one kid: a rotation that forgot to change it."""
    old, new = rsa("key"), rsa("key")
    return new, [old.jwk(alg="RS256"), new.jwk(alg="RS256")], 0


def nulls():
    """A library that writes what it does not have."""
    key = rsa("nulls")
    return key, [key.jwk(use=None, key_ops=None, alg=None, x5u=None, x5c=None)], 0


def standard_base64():
    """n and e as an encoder writes them that knows no base64url: + and /, with padding."""
    key = rsa("standard")
    text = {name: value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4)
            for name, value in key.jwk().items() if name in "ne"}
    return key, [key.jwk(alg="RS256", **text)], 0


def rubbish():
    """Everything that cost a whole set."""
    key = rsa("good")
    ec = Key("ES256", kid="no-curve").jwk()
    del ec["crv"]
    return key, [
        {"kty": "RSA", "kid": "x5c-only", "use": "sig", "e": "AQAB", "x5c": certificate()},
        {"kid": "no-kty", "use": "sig"}, ec, {**rsa("x").jwk(), "kid": 17},
        {**rsa("x").jwk(), "kid": "CN=Example, O=A B"}, Key("RS256", kid="small", bits=1024).jwk(),
        {"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA"}, "text",
        {**rsa("koblitz").jwk(), "alg": "ES256K"}, rsa("no-verify").jwk(key_ops=["sign"]),
        key.jwk(use="sig", key_ops=["verify"])], 9


PUBLISHERS = [google, azure, keycloak, auth0, okta, cognito, apple, hydra, twins, nulls,
              standard_base64, rubbish]


@pytest.fixture(scope="module")
def folder():
    folder = Directory("keysets")
    yield folder
    folder.close()


@pytest.fixture(scope="module")
def published(make_httpd, folder):
    keys, told = {}, {}
    for publisher in PUBLISHERS:
        name = publisher.__name__
        keys[name], entries, told[name] = publisher()
        folder.write(f"{name}.json", json.dumps({"keys": entries}, indent=2))
    key = keys["mark"] = rsa("mark")
    text = json.dumps({"keys": [key.jwk()]}, indent=2).replace("\n", "\r\n")
    folder.write("mark.json", b"\xef\xbb\xbf" + text.encode() + b"\r\n\0")
    told["mark"] = 0
    web = make_httpd("".join(section(name, f"{name}.json") for name in keys), database=None,
                     words={"folder": folder.path})
    return web, keys, told


@pytest.mark.slow
@pytest.mark.parametrize("name", [p.__name__ for p in PUBLISHERS] + ["mark"])
def test_as_published(published, name):
    web, keys, told = published
    key = keys[name]
    assert go(web, name, key.token()).status == 200
    assert_refused(go(web, name, Key(key.alg, kid=key.kid).token()), "token_invalid")
    lines = [line for line in web.error_log().splitlines() if f"/{name}.json" in line]
    assert len(lines) == (1 if told[name] else 0), lines
    if told[name]:
        assert f"{told[name]} of " in lines[0] and "AG0721: ApiGuardJWKS" in lines[0]


@pytest.mark.slow
def test_what_is_left_out_opens_nothing(published, folder):
    """Neither by its kid nor by another algorithm than those of the keys that are there."""
    web, keys, _ = published
    good = keys["rubbish"]
    for kid in ("x5c-only", "no-kty", "small", "17", "pq", None):
        assert_refused(go(web, "rubbish", Key("RS256", kid=kid).token()), "token_invalid")
    assert_refused(go(web, "rubbish", hs_sign(
        good.file(), {"alg": "HS256", "kid": "good"}, {"sub": "a", "exp": 4102444800})),
        "token_invalid")
    assert go(web, "rubbish", good.token()).status == 200


def test_padding_is_read_in_key_sets_and_never_in_tokens(published):
    web, keys, _ = published
    token = keys["standard_base64"].token()
    assert go(web, "standard_base64", token).status == 200
    head, claims, signature = token.split(".")
    for text in (f"{head}.{claims}.{signature}==", f"{head}=.{claims}.{signature}"):
        assert go(web, "standard_base64", text).status in (400, 401)


def test_a_published_secret_signs_nothing(own_httpd, folder):
    """A set that held its issuer's signing secret beside the public keys: whoever had read it was let in
    with a token of his own making."""
    public, secret = rsa("pub"), Key("HS256", kid="sec", secret=b"s" * 32)
    folder.write("secret.json", jwks(public, secret))
    folder.write("secrets.json", jwks(secret))
    web = own_httpd(section("both", "secret.json") + section("alone", "secrets.json"), database=None,
                    words={"folder": folder.path})
    assert_refused(go(web, "both", secret.token()), "token_invalid")
    assert go(web, "both", public.token()).status == 200
    assert go(web, "alone", secret.token()).status == 200
    said = lines_of(web, "AG0721")
    assert len(said) == 1 and "key 2 (kid sec): it is a secret in a set with public keys" in said[0], said


# ---- while a server runs -------------------------------------------------------------------------

@pytest.fixture
def own(own_httpd):
    """A server with two hosts' worth of sections on one set, and a section of another."""
    folder = Directory("keysets-own")
    key, other = rsa("one"), rsa("two")
    folder.write("set.json", jwks(key))
    folder.write("other.json", jwks(other))
    conf = (section("a", "set.json") + section("b", "set.json", "issuer=https://b.example")
            + section("other", "other.json"))
    web = own_httpd(conf, database=None, words={"folder": folder.path})
    yield web, folder, key, other
    folder.close()


def lines_of(web, number):
    return [line for line in web.error_log().splitlines() if number in line]


BROKEN = [("", "empty"), ("<html>502 Bad Gateway</html>", "an error page"),
          ('{"keys": [{"kty": "RS', "half a download")]


@pytest.mark.slow
@pytest.mark.parametrize("signal", ["graceful", "restart"])
@pytest.mark.parametrize("text", [t for t, _ in BROKEN], ids=[n for _, n in BROKEN])
def test_a_download_that_broke_off(own, text, signal):
    """The set that was read last stays in force, over several reloads; a warning says so, once."""
    web, folder, key, other = own
    folder.write("set.json", text)
    for n in (1, 2):
        getattr(web, signal)()
        assert go(web, "a", key.token()).status == 200
        assert go(web, "b", key.token(iss="https://b.example")).status == 200
        assert_refused(go(web, "a", rsa("one").token()), "token_invalid")
        said = lines_of(web, "AG0721")
        assert len(said) == n and "set.json" in said[-1] and "stays in force" in said[-1], said
    new = rsa("new")
    folder.write("set.json", jwks(new))
    getattr(web, signal)()
    assert go(web, "a", new.token()).status == 200
    assert_refused(go(web, "a", key.token()), "token_invalid")


GONE = [('{"keys": []}', "no key that can verify"), (None, "No such file"),
        (jwks(Key("RS256", kid="one", bits=1024)), "1024 bits")]


@pytest.mark.slow
@pytest.mark.parametrize("text, wanted", GONE, ids=["no keys", "no file", "no usable key"])
def test_a_set_without_a_key(own, text, wanted):
    """That may be what its owner meant: the old keys are good no more. The section says that it cannot
    tell, all others go on, and the next reload that finds a set is right again."""
    web, folder, key, other = own
    if text is None:
        os.unlink(folder.join("set.json"))
    else:
        folder.write("set.json", text)
    web.expect(r"AG0720")
    web.graceful()
    assert_refused(go(web, "a", key.token()), "keyset_unavailable")
    assert_refused(go(web, "a", "no.token"), "token_invalid")
    assert go(web, "other", other.token()).status == 200
    assert_refused(go(web, "b", rsa("x").token(iss="https://c.example")), "token_invalid")
    said = lines_of(web, "AG0720")
    assert len(said) == 1 and "set.json" in said[0] and wanted in said[0], said
    good, output = web.configtest()
    assert not good and "set.json" in output  # as a start would
    folder.write("set.json", jwks(key))
    web.graceful()
    assert go(web, "a", key.token()).status == 200


def test_a_mistake_of_the_administrator_s_stops_a_reload(own):
    """A key file that the configuration names is no one else's."""
    web, folder, _, _ = own
    web.configure(f"<Location /s/x/>\nAuthType ApiGuard\nAuthName x\nApiGuardJWTKey RS256 "
                  f"file:{folder.path}/no-such-key\nRequire valid-user\n</Location>")
    web.expect(r"AG0130", r"Configuration Failed", r"AH00020")
    with pytest.raises(RuntimeError):
        web.graceful()


# ---- secrets that an editor added to -------------------------------------------------------------

@pytest.mark.parametrize("bytes_, wanted", [
    (b"s" * 40 + b"\r\n", "ends in a carriage return"),
    (b"\xef\xbb\xbf" + b"s" * 40 + b"\n", "begins with a byte order mark"),
    (b"s" * 40 + b"\n", None)])
def test_a_secret_file_of_an_editor(own_httpd, bytes_, wanted):
    folder = Directory("secret")
    folder.write("secret", bytes_)
    web = own_httpd("ApiGuardKeyPepper file:{folder}/secret\n<Location /s/x/>\nAuthType ApiGuard\n"
                    "AuthName x\nApiGuardJWTKey HS256 file:{folder}/secret\nRequire valid-user\n"
                    "</Location>", words={"folder": folder.path})
    said = lines_of(web, "AG0721")
    assert len(said) == (2 if wanted else 0), said
    for name, line in zip(("ApiGuardKeyPepper", "ApiGuardJWTKey"), sorted(said, reverse=True)):
        assert wanted in line and "/secret" in line and "sssss" not in line
        assert any(name in x for x in said)
    token = Key("HS256", secret=bytes_[:-1]).token()
    assert web.get("/s/x/hello.html", bearer=token).status == 200  # it is part of the secret
    web.stop()
    folder.close()
