# SPDX-License-Identifier: Apache-2.0
"""Whose requests a limit counts together: by client, key, user, claim, address, field, path or all; and
what sections inherit."""

import pytest

from support.fields import limits, statuses
from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused

SIGNER = Key("HS256")

# Sections without a guard: the limits alone.
OPEN = {
    "shared-a": "ApiGuardRateLimit 4/day by=ip name=pot",
    "shared-b": "ApiGuardRateLimit 4/day by=ip name=pot",
    "same-text-a": "ApiGuardRateLimit 2/day by=ip",
    "same-text-b": "ApiGuardRateLimit 2/day by=ip",
    "by-header": "ApiGuardRateLimit 2/day by=header:X-Tenant\nApiGuardRateLimit 90/day by=ip",
    "by-path": "ApiGuardRateLimit 2/day by=path\nApiGuardRateLimit 90/day by=ip",
    "by-global": "ApiGuardRateLimit 2/day by=global",
    "by-expr": 'ApiGuardRateLimit 2/day by=expr="%{HTTP:X-Team}"',
    "outer": "ApiGuardRateLimit 3/day by=ip",
    "outer/inner": "ApiGuardRateLimit 2/day by=ip",
    "cleared": "ApiGuardRateLimit 1/day by=ip",
    "cleared/inner": "ApiGuardRateLimit off",
}

# Sections with a guard.
GUARDED = {
    "client": "ApiGuardRateLimit 3/day",
    "key": "ApiGuardRateLimit 2/day by=key",
    "user": "ApiGuardRateLimit 2/day by=user",
    "claim": "ApiGuardRateLimit 2/day by=claim:org.id",
    "ip": "ApiGuardRateLimit 6/day by=ip",
    "unlimited": "",
    "own": "ApiGuardRateLimit 5/day\nApiGuardRateLimit 50/day by=ip",
    "401": "ApiGuardRateLimit 3/day by=ip\nApiGuardRateLimit 50/day",
    "403": "ApiGuardRateLimit 3/day\n<RequireAny>\nRequire method PUT\n"
           "Require api-scope nobody-has-it\n</RequireAny>",
    "anonymous": "ApiGuardAnonymous on\nApiGuardRateLimit 3/day",
}


def conf():
    text = "".join(f'<Location "/s/{name}/">\n{lines}\n</Location>\n' for name, lines in OPEN.items())
    for name, lines in GUARDED.items():
        require = "" if "Require" in lines else "Require valid-user"
        text += (f'<Location "/s/{name}/">\nAuthType ApiGuard\nAuthName x\n'
                 f'ApiGuardJWTKey HS256 file:{{keyfile}}\n{lines}\n{require}\n</Location>\n')
    return text


@pytest.fixture(scope="module")
def keyfile():
    folder = Directory("subjects")
    yield folder.write("hs256.key", SIGNER.file())
    folder.close()


@pytest.fixture(scope="module")
def web(make_httpd, keyfile):
    return make_httpd(conf(), words={"keyfile": keyfile}, files={"api/inner/hello.html": "hello\n"})


def left(web, section, policy, **kw):
    return limits(web.get(f"/s/{section}/hello.html", **kw))[policy]["r"]


def test_by_client_joins_the_keys_of_a_client(web):
    first, second = web.keys.create(client="joint"), web.keys.create(client="joint")
    assert left(web, "client", "3/day", key=first) == 2
    assert left(web, "client", "3/day", key=second) == 1
    assert left(web, "client", "3/day", key=web.keys.create(client="apart")) == 2


def test_a_token_s_client_is_not_a_key_s(web):
    assert left(web, "client", "3/day", key=web.keys.create(client="shop")) == 2
    assert left(web, "client", "3/day", bearer=SIGNER.token(azp="shop")) == 2
    assert left(web, "client", "3/day", bearer=SIGNER.token(azp="shop", iss="https://a")) == 2
    assert left(web, "client", "3/day", bearer=SIGNER.token(azp="shop", sub="bob")) == 1


def test_by_key_parts_the_keys_of_a_client(web):
    first, second = web.keys.create(client="twokeys"), web.keys.create(client="twokeys")
    assert left(web, "key", "2/day", key=first) == 1
    assert left(web, "key", "2/day", key=second) == 1


def test_by_user(web):
    assert left(web, "user", "2/day", bearer=SIGNER.token(sub="anna")) == 1
    assert left(web, "user", "2/day", bearer=SIGNER.token(sub="bert")) == 1
    assert left(web, "user", "2/day", bearer=SIGNER.token(sub="anna", x=1)) == 0


def test_by_claim(web):
    assert left(web, "claim", "2/day", bearer=SIGNER.token(org={"id": 7})) == 1
    assert left(web, "claim", "2/day", bearer=SIGNER.token(org={"id": 8})) == 1
    assert left(web, "claim", "2/day", bearer=SIGNER.token(org={"id": 7}, sub="x")) == 0


def test_by_ip_joins_all_clients(web):
    for n in range(3):
        assert left(web, "ip", "6/day", key=web.keys.create(client=f"ip{n}")) == 5 - n


def test_by_header(web):
    assert statuses(web, "by-header", 3, headers={"X-Tenant": "a"}) == [200, 200, 429]
    assert statuses(web, "by-header", 3, headers={"x-tenant": "b"}) == [200, 200, 429]
    assert statuses(web, "by-header", 3) == [200, 200, 429]


def test_by_path(web):
    assert statuses(web, "by-path", 3) == [200, 200, 429]
    assert web.get("/s/by-path/index.html").status == 200
    assert web.get("/s/by-path/x/..//%68ello.html").status == 429


def test_by_global(web):
    assert statuses(web, "by-global", 3) == [200, 200, 429]


def test_by_expr(web):
    assert statuses(web, "by-expr", 3, headers={"X-Team": "red"}) == [200, 200, 429]
    assert statuses(web, "by-expr", 3, headers={"X-Team": "blue"}) == [200, 200, 429]


def test_a_name_shares_one_count(web):
    assert statuses(web, "shared-a", 3) == [200] * 3
    assert statuses(web, "shared-b", 2) == [200, 429]


def test_the_same_text_in_two_sections_is_two_counts(web):
    assert statuses(web, "same-text-a", 3) == [200, 200, 429]
    assert statuses(web, "same-text-b", 3) == [200, 200, 429]


def test_an_inner_section_adds_limits(web):
    assert statuses(web, "outer/inner", 3) == [200, 200, 429]
    assert statuses(web, "outer", 2) == [200, 429]


def test_off_clears_what_was_inherited(web):
    assert statuses(web, "cleared/inner", 4) == [200] * 4
    assert web.get("/s/cleared/inner/hello.html").header("RateLimit") is None
    assert statuses(web, "cleared", 2) == [200, 429]


def test_a_key_s_own_rate_replaces_the_client_s(web):
    key = web.keys.create(client="booked", rate="2/day")
    answers = [web.get("/s/own/hello.html", key=key) for _ in range(3)]
    assert [a.status for a in answers] == [200, 200, 429]
    assert "5/day" not in limits(answers[0])
    assert limits(answers[0])["50/day"]["r"] <= 49, "the address's limit stays"
    generous = web.keys.create(client="generous", rate="9/day")
    assert statuses(web, "own", 7, key=generous) == [200] * 7


def test_a_key_s_own_rate_holds_where_the_section_has_none(web):
    key = web.keys.create(client="booked2", rate="1/h 2/day")
    assert statuses(web, "unlimited", 2, key=key) == [200, 429]


def test_a_plan_s_rate_is_its_keys_rate(web):
    web.keys.sql("INSERT INTO api_plans (name, rate_limit) VALUES ('small', '2/day')")
    key = web.keys.create(client="planned")
    web.keys.update(key, plan="small")
    assert statuses(web, "own", 3, key=key) == [200, 200, 429]


def test_a_broken_rate_in_the_database_lets_nobody_through(web):
    web.expect("apiguard")
    key = web.keys.create(client="broken")
    web.keys.update(key, rate_limit="lots")
    assert web.get("/s/unlimited/hello.html", key=key).status in (429, 500, 503)


def test_a_401_charges_the_address_and_only_it(web):
    answers = [web.get("/s/401/hello.html", key="unknown-0123456789") for _ in range(4)]
    assert [a.status for a in answers] == [401, 401, 401, 429]
    assert list(limits(answers[0])) == ["3/day"]
    assert [limits(a)["3/day"]["r"] for a in answers] == [2, 1, 0, 0]


def test_a_403_charges_the_client(web):
    key = web.keys.create(client="curious")
    path = "/s/403/hello.html"
    assert statuses(web, "403", 3, key=key) == [403] * 3
    assert_refused(web.request("PUT", path, key=key, body="x"), "rate_exceeded")
    assert web.get(path, key=key).status in (403, 429)


def test_anonymous_counts_by_address(web):
    assert statuses(web, "anonymous", 4) == [200, 200, 200, 429]
