# SPDX-License-Identifier: Apache-2.0
"""The examples of the howtos about others' tokens, as they stand there but for the addresses of key sets: what is shown
as a payload is signed and sent to the section below it."""

import base64
import json
import os
import re
import time

import pytest

from support.httpd import MODULES_DIR
from support.introspector import CLIENT, Introspector
from support.jwtmaker import Key, jwks
from support.keyserver import certificate, pem
from support.ports import Directory
from support.problem import assert_refused

HOWTO = os.path.join(os.path.dirname(__file__), "../../docs/howto")
EXAMPLE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
X509 = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
OPENIDC = os.path.join(MODULES_DIR, "mod_auth_openidc.so")


def examples(page, language):
    with open(os.path.join(HOWTO, page), encoding="utf-8") as f:
        return [text for name, text in EXAMPLE.findall(f.read()) if name == language]


def with_file(conf, path):
    """Keys that would be fetched are in a file."""
    return re.sub(r"ApiGuardIssuer +(\S+) discover", rf"ApiGuardIssuer \1\nApiGuardJWKS file:{path} issuer=\1", conf)


# ---- identity providers ----

PAYLOADS = {re.search('"iss": "https://[^"]*(keycloak|microsoft|auth0|cognito|securetoken|realms)', text).group(1):
            json.loads(text) for text in examples("identity-providers.md", "json")}
SECTIONS = {"realms": "keycloak", "microsoft": "entra", "auth0": "auth0", "cognito": "cognito", "securetoken": "firebase"}


class Providers:
    def __init__(self, make_httpd):
        self.dir = Directory("providers")
        self.key = Key("RS256", kid="k1")
        self.dir.write("jwks.json", jwks(self.key))
        self.dir.write("x509.json", json.dumps({"k1": pem(certificate(self.key.private))}))
        conf = with_file("".join(examples("identity-providers.md", "apache")), self.dir.join("jwks.json"))
        assert X509 in conf
        self.web = make_httpd(conf.replace(X509, "file:" + self.dir.join("x509.json")), database=None, head=LOG,
                              files={f"{name}/x": "x\n" for name in SECTIONS.values()})

    def ask(self, name, **more):
        """With the payload of the page, but for what is given (None: left out); the name of httpd's user."""
        now = int(time.time())
        claims = {"iat": now, "exp": now + 600, **PAYLOADS[name], **more}
        token = self.key.sign({"alg": "RS256", "typ": "JWT", "kid": "k1"},
                              {claim: value for claim, value in claims.items() if value is not None})
        return self.web.get(f"/{SECTIONS[name]}/x", bearer=token)


LOG = 'LogFormat "%u %{APIGUARD_CLIENT}e %{APIGUARD_SCOPES}e %U" who\nCustomLog logs/who.log who\n'


@pytest.fixture(scope="module")
def providers(make_httpd):
    providers = Providers(make_httpd)
    yield providers
    providers.dir.close()


@pytest.mark.parametrize("name, who", [
    ("realms", "f:8d1c:joe web openid profile orders:read"),
    ("microsoft", "00aa00aa-bb11-cc22-dd33-44ee44ee44ee 0000aaaa-11bb-cccc-dd22-eeeeee333333 Orders.Read Orders.Write"),
    ("auth0", "auth0|62fa11d1a2 my_client_id orders:read"),
    ("cognito", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee 7lmpn4fge2b0ch4h2q0bqm4bcb openid orders/read"),
    ("securetoken", "ZnGl4tnZ3cO4 - -")])
def test_the_token_that_is_shown_lets_in(providers, name, who):
    assert providers.ask(name).status == 200
    path = f"/{SECTIONS[name]}/x"
    assert f"{who} {path}" in providers.web.named_log("who.log", until=path)


OTHERS = [
    # of Keycloak: an ID token, another API's token, another realm's, a role of another client
    ("realms", {"typ": "ID", "aud": "web"}, "token_invalid"), ("realms", {"typ": "ID"}, "claim_denied"),
    ("realms", {"aud": "account"}, "token_invalid"), ("realms", {"iss": "https://sso.example.com/realms/other"}, "token_invalid"),
    ("realms", {"resource_access": {"account": {"roles": ["editor"]}}}, "role_insufficient"),
    # of Entra: an ID token of the same application, another tenant's token, a program without the role
    ("microsoft", {"scp": None}, "scope_insufficient"),
    ("microsoft", {"iss": "https://login.microsoftonline.com/another/v2.0"}, "token_invalid"),
    ("microsoft", {"scp": None, "roles": ["Bills.Read.All"]}, "role_insufficient"),
    # of Auth0: an ID token, a scope that was asked for and is no permission, another issuer without its slash
    ("auth0", {"aud": "my_client_id"}, "token_invalid"), ("auth0", {"permissions": []}, "scope_insufficient"),
    ("auth0", {"iss": "https://example.eu.auth0.com"}, "token_invalid"), ("auth0", {"https://example.com/roles": []}, "role_insufficient"),
    # of Cognito: an ID token, another client's token, one without the API's scope
    ("cognito", {"token_use": "id"}, "claim_denied"), ("cognito", {"client_id": "another"}, "client_denied"),
    ("cognito", {"scope": "openid"}, "scope_insufficient"),
    # of Firebase: another project's token, an anonymous person's, one who may have any address
    ("securetoken", {"aud": "another", "iss": "https://securetoken.google.com/another"}, "token_invalid"),
    ("securetoken", {"firebase": {"sign_in_provider": "anonymous"}}, "access_denied"),
    ("securetoken", {"email_verified": False}, "claim_denied"), ("securetoken", {"role": None}, "role_insufficient"),
]


@pytest.mark.parametrize("name, more, code", OTHERS, ids=lambda value: str(value)[:40])
def test_what_is_another_token_does_not(providers, name, more, code):
    answer = providers.ask(name, **more)
    assert answer.status == (401 if code == "token_invalid" else 403), answer
    assert answer.code == code or (answer.status == 403 and answer.code), answer


def test_a_program_of_entra(providers):
    assert providers.ask("microsoft", scp=None, roles=["Orders.Read.All"]).status == 200


# ---- from other modules ----

def test_from_mod_authnz_jwt(make_httpd):
    folder = Directory("authnz")
    key = Key("HS256")
    folder.write("secret.b64", base64.b64encode(key.private))
    (conf,) = examples("from-mod_authnz_jwt.md", "apache")
    assert "base64:/etc/apiguard/secret.b64" in conf
    web = make_httpd(conf.replace("/etc/apiguard", folder.path), database=None, files={"secured/x": "x\n"})
    good = {"iss": "example.com", "aud": "demo", "sub": None}
    for more, status in (({"user": "toto"}, 200), ({"user": "else", "groups": ["group1"]}, 200), ({"user": "else"}, 403),
                         ({"user": "toto", "aud": "other"}, 401), ({"user": "toto", "exp": int(time.time()) - 20}, 401)):
        assert web.get("/secured/x", bearer=key.token({**good, **more})).status == status
    folder.close()


def test_from_mod_oauth2(make_httpd):
    folder = Directory("oauth2")
    asked = Introspector(folder)
    key = Key("RS256", kid="k1")
    folder.write("jwks.json", jwks(key))
    conf = "".join(examples("from-mod_oauth2.md", "apache"))
    words = {"ApiGuardJWKS        https://login.example.com/jwks": f"ApiGuardJWKS file:{folder.join('jwks.json')}",
             "https://login.example.com/introspect client=rs0": f"{asked.url('/introspect')} client={CLIENT}"
             + (f" ca={asked.ca}" if asked.tls else ""),
             "/etc/apiguard/secret": asked.secret}
    for word, value in words.items():
        assert word in conf, word
        conf = conf.replace(word, value)
    web = make_httpd(conf, files={"api/x": "x\n", "opaque/x": "x\n"})
    good = {"iss": "https://login.example.com", "aud": "orders", "scope": "openid orders:read"}
    assert web.get("/api/x", bearer=key.token(good)).status == 200
    assert_refused(web.get("/api/x", bearer=key.token({**good, "scope": "openid"})), "scope_insufficient")
    assert_refused(web.get("/api/x", bearer=key.token({**good, "aud": "bills"})), "token_invalid")
    asked.tokens.update({"opaque-token-1": {"sub": "joe", **good}, "opaque-token-2": {"sub": "joe", **good, "aud": "bills"}})
    assert web.get("/opaque/x", bearer="opaque-token-1").status == 200
    assert_refused(web.get("/opaque/x", bearer="opaque-token-2"), "token_invalid")
    assert_refused(web.get("/opaque/x", bearer="opaque-token-3"), "token_invalid")
    asked.tokens["opaque-token-4"] = {"sub": "joe", **good, "scope": "openid"}
    assert_refused(web.get("/opaque/x", bearer="opaque-token-4"), "scope_insufficient")
    asked.close()
    folder.close()


# ---- beside mod_auth_openidc ----

@pytest.mark.skipif(not os.access(OPENIDC, os.R_OK), reason="mod_auth_openidc is not installed")
def test_beside_mod_auth_openidc(make_httpd):
    folder = Directory("openidc")
    key = Key("RS256", kid="k1")
    folder.write("jwks.json", jwks(key))
    folder.write("oidc-secret", "secret-of-the-shop\n")
    folder.write("oidc-passphrase", "passphrase-of-the-shop\n")
    (conf,) = examples("openid-login.md", "apache")
    conf = with_file(conf.replace("/etc/apiguard", folder.path), folder.join("jwks.json"))
    line = "OIDCProviderMetadataURL https://login.example.com/.well-known/openid-configuration"
    assert line in conf and "https://www.example.com/pages" in conf
    conf = conf.replace("https://www.example.com/pages", "http://www.example.com/pages")
    # Without a network: what the document would say.
    conf = conf.replace(line, "OIDCProviderIssuer https://login.example.com\n"
                              "OIDCProviderAuthorizationEndpoint https://login.example.com/auth\n"
                              "OIDCProviderTokenEndpoint https://login.example.com/token\n"
                              "OIDCProviderJwksUri https://login.example.com/jwks")
    web = make_httpd(conf, database=None, modules=("auth_openidc",), files={"pages/x": "x\n", "api/x": "x\n"})
    page = {"Accept": "text/html", "Host": "www.example.com"}
    answer = web.get("/pages/x", headers=page)
    assert answer.status == 302 and answer.header("Location").startswith("https://login.example.com/auth?"), answer
    session = {"Cookie": "mod_auth_openidc_session=anything"}
    assert_refused(web.get("/api/x", headers=session), "credential_missing")
    token = key.token(iss="https://login.example.com", aud="https://www.example.com/api/", scope="orders:read")
    assert web.get("/api/x", bearer=token, headers=session).status == 200
    assert web.get("/pages/x", headers=page, bearer=token).status == 302  # a token is no session
    folder.close()
