# SPDX-License-Identifier: Apache-2.0
"""Several issuers in one section: a name belongs to its issuer. A customers' token with sub=admin and
azp=backoffice once passed `Require user admin` and `Require api-client jwt:backoffice`, which the staff's
administrator had written for the staff."""

import json
import re

import pytest

from support.backend import header_of
from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused

CUSTOMERS = Key("HS256", kid="customers")
STAFF = Key("HS256", kid="staff")
LOGIN, SSO = "https://login.example", "https://sso.example"

SECTION = """
<Location "/{name}/">
    ProxyPass "http://127.0.0.1:{backend}/{name}/"
    AuthType ApiGuard
    AuthName "{name}"
    ApiGuardPassHeaders on
    {lines}
</Location>
"""

KEYS = (f"ApiGuardJWTKey HS256 file:{{folder}}/customers kid=customers issuer={LOGIN}",
        f"ApiGuardJWTKey HS256 file:{{folder}}/staff kid=staff issuer={SSO}")
NAMED = (*KEYS, f"ApiGuardIssuer {LOGIN} name=customers", f"ApiGuardIssuer {SSO} name=staff")
ONE = (KEYS[1], f"ApiGuardIssuer {SSO} name=staff")


def section(name, *lines):
    return SECTION.replace("{name}", name).replace("{lines}", "\n    ".join(lines))


CONF = r"""
LogFormat "%{APIGUARD_ISSUER}e|%{APIGUARD_CLIENT}e|%u|%>s" who
CustomLog {root}/logs/who.log who
""" + (
    section("both", *NAMED, "Require valid-user")
    + section("one-line", *KEYS, f"ApiGuardIssuer {LOGIN} name=customers {SSO}",
              "Require valid-user")
    + section("user", *NAMED, "Require user admin@staff")
    + section("user-plain", *NAMED, "Require user admin")
    + section("client", *NAMED, "Require api-client jwt:staff:backoffice")
    + section("client-star", *NAMED, "Require api-client jwt:staff:*")
    + section("client-any", *NAMED, "Require api-client jwt:*")
    + section("not-client", *NAMED, "<RequireAll>", "Require valid-user",
              "Require not api-client jwt:customers:backoffice", "</RequireAll>")
    + section("issuer", *NAMED, "Require api-issuer staff")
    + section("issuer-full", *NAMED, f"Require api-issuer other {SSO}")
    + section("bound", *KEYS, "Require valid-user")
    + section("bound-user", *KEYS, f"Require user admin@{SSO}")
    + section("bound-client", *KEYS, f"Require api-client jwt:{SSO}:backoffice")
    + section("single", *ONE, "Require user admin", "Require api-client jwt:backoffice")
    + section("single-client", *ONE, "Require api-client jwt:staff:backoffice")
    + section("by-user", *NAMED, "Require valid-user", "ApiGuardRateLimit 1/day by=user")
    + section("by-client", *NAMED, "Require valid-user", "ApiGuardRateLimit 1/day by=client")
    # Rules that are inherited where one issuer only is accepted.
    + section("heir-user", *NAMED, "Require user admin@staff")
    + section("heir-user/in", f"ApiGuardIssuer {LOGIN} name=customers")
    + section("heir-client", *NAMED, "Require api-client jwt:staff:backoffice")
    + section("heir-client/in", f"ApiGuardIssuer {LOGIN} name=customers")
    # A password that is a key is told httpd as the name that was typed.
    + section("heir-basic", *NAMED, "Require user admin@staff")
    + """<Location "/heir-basic/in/">
    AuthType Basic
    AuthBasicProvider apiguard
</Location>
"""
    # Joined only for a request: a key that is bound to none beside one that is.
    + section("mixed", "ApiGuardJWTKey HS256 file:{folder}/customers kid=customers",
              "Require valid-user")
    + section("mixed/in", f"ApiGuardJWKS file:{{folder}}/staff.json issuer={SSO}")
) + """
<Directory "{root}/htdocs/tenant">
    AllowOverride AuthConfig
    AuthType ApiGuard
    AuthName tenant
    """ + "\n    ".join(NAMED) + """
</Directory>
"""


@pytest.fixture(scope="module")
def folder():
    folder = Directory("issuers")
    folder.write("customers", CUSTOMERS.file())
    folder.write("staff", STAFF.file())
    folder.write("staff.json", json.dumps({"keys": [STAFF.jwk()]}))
    yield folder
    folder.close()


@pytest.fixture(scope="module")
def web(make_httpd, backend, folder):
    return make_httpd(CONF, modules=("proxy", "proxy_http"),
                      words={"folder": folder.path, "backend": backend.port},
                      files={"tenant/hello.html": "hello\n"})


def customer(**claims):
    return CUSTOMERS.token(iss=LOGIN, **{"sub": "admin", "azp": "backoffice", **claims})


def staff(**claims):
    return STAFF.token(iss=SSO, **{"sub": "admin", "azp": "backoffice", **claims})


def told(web, name, **credential):
    answer = web.get(f"/{name}/x", **credential)
    assert answer.status == 200, answer
    return {field: "".join(header_of(answer.json, f"X-ApiGuard-{field}"))
            for field in ("User", "Client", "Issuer")}


# ---- who it is -----------------------------------------------------------------------------------

@pytest.mark.parametrize("name, login, sso", [("both", "customers", "staff"),
                                              ("one-line", "customers", SSO),
                                              ("bound", LOGIN, SSO)])
def test_names_are_told_with_their_issuer(web, name, login, sso):
    for token, issuer, word in ((customer(), LOGIN, login), (staff(), SSO, sso)):
        for _ in range(3):  # verified, then remembered
            assert told(web, name, bearer=token) == {
                "User": f"admin@{word}", "Client": f"backoffice@{word}", "Issuer": issuer}


def test_one_issuer_names_plainly_and_is_told(web):
    token = staff()
    for _ in range(2):
        assert told(web, "single", bearer=token) == {
            "User": "admin", "Client": "backoffice", "Issuer": SSO}
    assert told(web, "both", bearer=token)["User"] == "admin@staff"
    assert told(web, "single", bearer=token)["User"] == "admin"


@pytest.mark.slow
def test_variables_and_log(web):
    token = customer(sub="logged")
    told(web, "both", bearer=token)
    assert_refused(web.get("/user/x", bearer=token), "access_denied")
    line = rf"{LOGIN}\|backoffice@customers\|logged@customers\|"
    for status in ("200", "403"):
        log = web.named_log("who.log", lambda text: re.search(line + status, text))
        assert re.search(line + status, log), log


@pytest.mark.parametrize("claims", [{"sub": "admin@staff"}, {"azp": "backoffice@staff"},
                                    {"sub": "x@y@staff"}, {"sub": "@staff"}])
def test_an_at_in_a_name_forges_nothing(web, claims):
    """The issuer is what stands behind the last @."""
    seen = told(web, "both", bearer=customer(**claims))
    assert seen["User"].endswith("@customers") and seen["Client"].endswith("@customers")
    assert_refused(web.get("/user/x", bearer=customer(**claims)), "access_denied")


@pytest.mark.parametrize("client, name", [("ops@staff", "ops@staff@key"), ("ops@else", "ops@else"),
                                          ("ops@staff@key", "ops@staff@key@key"), ("ops", "ops")])
def test_a_key_s_client_is_no_issuer_s(web, client, name):
    key = web.keys.create(client=client)
    assert told(web, "both", key=key) == {"User": "", "Client": name, "Issuer": ""}
    assert told(web, "single", key=web.keys.create(client="admin"))["Client"] == "admin"


def test_a_client_by_password_is_no_issuer_s(web):
    """Found from outside: a key of the client "admin@staff" was the staff's admin where it came as a password."""
    web.expect("AH0")
    key = web.keys.create(client="admin@staff")
    assert web.get("/heir-basic/in/x", basic=("admin@staff", key)).status == 401
    assert told(web, "heir-basic", bearer=staff(sub="admin"))["User"] == "admin@staff"


# ---- rules ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, code", [
    ("user", "access_denied"), ("client", "client_denied"), ("client-star", "client_denied"),
    ("issuer", "issuer_denied"), ("issuer-full", "issuer_denied"), ("bound-user", "access_denied"),
    ("bound-client", "client_denied"), ("not-client", "access_denied")])
def test_a_rule_for_one_issuer_lets_nobody_of_another_in(web, name, code):
    assert told(web, name, bearer=staff())
    assert_refused(web.get(f"/{name}/x", bearer=customer()), code)
    for claims in ({"azp": "staff:backoffice"}, {"azp": f"{SSO}:backoffice"},
                   {"azp": "jwt:staff:backoffice"}, {"sub": f"admin@{SSO}"}):
        answer = web.get(f"/{name}/x", bearer=customer(**claims))
        assert answer.status == (200 if name == "not-client" and "azp" in claims else 403)


def test_a_plain_user_means_nobody(web):
    for token in (staff(), customer()):
        assert_refused(web.get("/user-plain/x", bearer=token), "access_denied")
    assert told(web, "user-plain", key=web.keys.create(client="admin"))


def test_any_token_s_client(web):
    assert told(web, "client-any", bearer=staff()) and told(web, "client-any", bearer=customer())


def test_one_issuer_may_be_named(web):
    assert told(web, "single-client", bearer=staff())
    assert_refused(web.get("/single-client/x", bearer=staff(azp="else")), "client_denied")


def test_a_key_has_no_issuer(web):
    key = web.keys.create(client="acme")
    assert_refused(web.get("/issuer/x", key=key), "issuer_denied")


@pytest.mark.parametrize("rule", ["Require api-client jwt:backoffice",
                                  "<RequireAll>\nRequire valid-user\n"
                                  "Require not api-client jwt:backoffice\n</RequireAll>"])
def test_where_the_start_cannot_know(web, rule):
    """.htaccess: a rule that does not say whose client it means holds for nobody, nor its contrary."""
    web.expect("AG0643", "AG0140")
    web.put("tenant/.htaccess", rule + "\n")
    for token in (staff(), customer()):
        assert web.get("/tenant/hello.html", bearer=token).code == "internal_error"
    other = web.get("/tenant/hello.html", bearer=staff(azp="else"))
    assert other.status == (200 if "not" in rule else 403)
    web.put("tenant/.htaccess", "Require api-client jwt:staff:backoffice\n")
    assert web.get("/tenant/hello.html", bearer=staff()).status == 200
    assert_refused(web.get("/tenant/hello.html", bearer=customer()), "client_denied")


def test_a_key_bound_to_no_issuer_signs_for_none_where_another_is_bound(web):
    """It could sign as that other one (RFC 8725 s3.8)."""
    forged = CUSTOMERS.token(iss=SSO, sub="admin")
    assert told(web, "mixed", bearer=forged)["Issuer"] == SSO
    assert_refused(web.get("/mixed/in/x", bearer=forged), "token_invalid")
    assert told(web, "mixed/in", bearer=staff())["User"] == "admin"


@pytest.mark.parametrize("name, code", [("heir-user", "access_denied"),
                                        ("heir-client", "client_denied")])
def test_an_inherited_rule_means_whom_it_meant(web, name, code):
    """The inner section accepts the customers' issuer alone, whose names would else be told plainly."""
    assert told(web, name, bearer=staff())
    for claims in ({}, {"sub": "admin@staff"}, {"azp": "staff:backoffice"},
                   {"sub": "admin@staff", "azp": "staff:backoffice"}):
        assert_refused(web.get(f"/{name}/in/x", bearer=customer(**claims)), code)
    key = web.keys.create(client="admin@staff")
    assert_refused(web.get("/heir-user/in/x", key=key), "access_denied")


# ---- counts and lines ----------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["by-user", "by-client"])
def test_limits_tell_issuers_apart(web, name):
    for token in (staff, customer):
        assert told(web, name, bearer=token())
    for token in (staff, customer):
        assert_refused(web.get(f"/{name}/x", bearer=token()), "rate_exceeded")


def test_the_audit_line_names_the_issuer(web):
    for token, issuer in ((staff(azp="audited"), SSO), (customer(azp="audited"), LOGIN)):
        assert_refused(web.get("/client/x", bearer=token), "client_denied")
        assert web.wait_log(rf'"client":"audited","user":"admin","issuer":"{issuer}"')


# ---- the start -----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def unstarted(make_httpd, folder):
    return make_httpd("", start=False, words={"folder": folder.path})


def configtest(web, *lines, server=()):
    web.configure("\n".join(server) + "\n<Location /x/>\nAuthType ApiGuard\n" + "\n".join(lines)
                  + "\n</Location>\n")
    return web.configtest()


PLAIN = "several issuers are accepted: jwt:ISSUER:CLIENT"


@pytest.mark.parametrize("lines, server, words", [
    ((*NAMED, "Require api-client jwt:backoffice"), (), ["Require api-client", PLAIN]),
    ((*NAMED, "Require api-client acme jwt:else:backoffice"), (), ["jwt:else:backoffice", PLAIN]),
    ((*NAMED, "<RequireAll>", "Require valid-user", "Require not api-client jwt:back*",
      "</RequireAll>"), (), [PLAIN]),
    ((*NAMED, f"Require api-client jwt:{SSO}:backoffice"), (), [PLAIN]),
    ((*KEYS, "Require api-client jwt:staff:backoffice"), (), [PLAIN]),
    (("Require api-client jwt:backoffice",), NAMED, [PLAIN]),
    (("<IfModule apiguard_module>", *NAMED, "</IfModule>", "Require api-client jwt:a"), (), [PLAIN]),
    (("<If true>", "Require api-client jwt:a", "</If>"), NAMED, [PLAIN]),
    ((KEYS[0], "ApiGuardJWTKey HS256 file:{folder}/staff"), (),
     ["with more than one issuer every key needs issuer=", "staff"]),
    ((KEYS[0], "ApiGuardJWKS file:{folder}/staff.json"), (), ["every key needs issuer="]),
    ((*KEYS, f"ApiGuardIssuer {LOGIN} name=same {SSO} name=same"), (), ['"same"', "name=WORD"]),
    ((*KEYS, f"ApiGuardIssuer {LOGIN} name=staff {SSO} staff"), (), ['"staff"']),
    ((*KEYS, f"ApiGuardIssuer {LOGIN} {LOGIN}:8443"), (), [f'"{LOGIN}', "name=WORD"]),
    ((*KEYS, f"ApiGuardIssuer {LOGIN} https://a@b"), (), ['"https://a@b"']),
    ((*KEYS, f"ApiGuardIssuer {LOGIN} key"), (), ['"key"']),
    ((KEYS[0], "ApiGuardJWTKey HS256 file:{folder}/staff issuer=https://a@b"), (), ["https://a@b"]),
    ((f"ApiGuardIssuer {LOGIN} name=a@b",), (), ["name=a@b"]),
    ((f"ApiGuardIssuer {LOGIN} name=a:b",), (), ["name=a:b"]),
    ((f'ApiGuardIssuer {LOGIN} "name=a b"',), (), ["name=a b"]),
    ((f"ApiGuardIssuer {LOGIN} name=Key",), (), ["name=Key"]),
    ((f"ApiGuardIssuer {LOGIN} name=",), (), ["name="]),
    ((f"ApiGuardIssuer {LOGIN} name=a name=b",), (), ["name=b"]),
    (("ApiGuardIssuer name=a",), (), ["stand behind their issuer"]),
    ((f"ApiGuardIssuer {LOGIN} {LOGIN}",), (), ["twice"]),
    ((f"ApiGuardIssuer {LOGIN}", f"ApiGuardIssuer {LOGIN}"), (), ["twice"]),
])
def test_what_stops_the_start(unstarted, lines, server, words):
    good, said = configtest(unstarted, *lines, server=server)
    assert not good, said
    for word in words:
        assert word in said


@pytest.mark.parametrize("lines, server", [
    ((*NAMED, "Require api-client jwt:staff:a acme key:b jwt:*"), ()),
    ((*KEYS, f"Require api-client jwt:{SSO}:a"), ()),
    ((*ONE, "Require api-client jwt:a", "Require user admin"), ()),
    ((*ONE, "Require api-client jwt:a"), NAMED),
    ((*NAMED, "Require user admin@staff"), ()),
    ((KEYS[0], "ApiGuardJWTKey HS256 file:{folder}/staff", f"ApiGuardIssuer {LOGIN}",
      "Require user admin"), ()),
    ((*KEYS, f"ApiGuardIssuer {LOGIN} name=l https://a@b name=a {LOGIN}:8443 name=p"), ()),
    (("Require user admin", "AuthType Basic", "AuthName x"), NAMED),
    ((f"ApiGuardIssuer {LOGIN} name=a", "ApiGuardIssuer none"), ()),
])
def test_what_does_not(unstarted, lines, server):
    good, said = configtest(unstarted, *lines, server=server)
    assert good and "AG0642" not in said, said


@pytest.mark.parametrize("lines, server", [
    ((*NAMED, "Require user admin"), ()), ((*NAMED, "Require user a@staff admin"), ()),
    ((*NAMED, "<RequireAll>", "Require valid-user", "Require not user admin", "</RequireAll>"), ()),
    (("Require user admin",), NAMED)])
def test_a_plain_user_is_warned_about(unstarted, lines, server):
    good, said = configtest(unstarted, *lines, server=server)
    assert good and "AG0642" in said and "Require user admin means nobody" in said


def all_of(*rules):
    return ("<RequireAll>", *(f"Require {rule}" for rule in rules), "</RequireAll>")


@pytest.mark.parametrize("lines, warned", [
    (("Require api-role admin",), "api-role"), (("Require api-scope admin",), "api-scope"),
    (("Require api-claim sub:admin",), "api-claim"), ((r'Require api-claim "urn:x":a',), "api-claim"),
    (all_of("valid-user", "api-role admin"), "api-role"),
    (("Require api-issuer staff", "Require api-role admin"), "api-role"),  # either is enough
    (all_of("api-issuer staff", "api-role admin"), None),
    (("<RequireAll>", "Require api-issuer staff", "<RequireAny>", "Require api-role admin",
      "Require api-scope admin", "</RequireAny>", "</RequireAll>"), None),
    (all_of("valid-user", "not api-role guest"), None), (("Require api-claim iss:https://sso.example",), None)])
def test_a_rule_that_each_issuer_s_token_satisfies_is_warned_about(unstarted, lines, warned):
    """Found from outside: the customers' admin was in where the staff's was meant, without a word."""
    good, said = configtest(unstarted, *NAMED, *lines)
    assert good and ("AG0840" in said) == bool(warned), said
    assert not warned or f"Require {warned} holds for tokens of each issuer" in said
    good, said = configtest(unstarted, *ONE, *lines)
    assert good and "AG0840" not in said, said


OTHER = (KEYS[0], f"ApiGuardIssuer {LOGIN} name=customers")


@pytest.mark.parametrize("outer, path, inner, warned", [
    (("Require user admin",), "/x/in/", OTHER, "user"), (("Require api-role admin",), "/x/in", OTHER, "api-role"),
    (("Require api-client jwt:a",), "/x/in/", OTHER, "api-client"),
    (("Require api-scope a",), "/x/in/", NAMED, "api-scope"),
    (("Require user admin",), "/x/in/", (*OTHER, "Require user admin"), None),
    (("Require user admin",), "/xy/", OTHER, None), (("Require valid-user",), "/x/in/", OTHER, None),
    (all_of("api-issuer staff", "user admin"), "/x/in/", OTHER, None),
    (("Require user admin",), "/x/in/", (KEYS[1], f"ApiGuardIssuer {SSO} name=crew"), None)])
def test_a_rule_inherited_under_another_issuer_is_warned_about(unstarted, outer, path, inner, warned):
    """Found from outside: below a section of the staff's issuer one of the customers' alone let the customers'
    admin in, by the Require user admin it inherits."""
    good, said = configtest(unstarted, *ONE, *outer, f"</Location>\n<Location {path}>", *inner)
    assert good and ("AG0841" in said) == bool(warned), said
    assert not warned or f"the Require {warned} it inherits" in said
