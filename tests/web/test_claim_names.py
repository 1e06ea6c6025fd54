# SPDX-License-Identifier: Apache-2.0
"""A claim has one name in every directive and rule: the claim of just this name, else what is at the dotted path.
Whatever ApiGuardClaimMap, ApiGuardPassClaim, ApiGuardRequireClaim, Require api-claim and by=claim: are told, all
five find the same, and it is what this file's own reader finds."""

import re

import pytest

from support.ring import Ring, go, section

NAMES = ["team", "https://example.com/team", "https://example.com:8443/team", "realm.team", "realm\\.team",
         "apps.my\\.app.team", "urn:acme:team", "a.b.c"]
# VALUE is filled in; "other" is what nobody should find where VALUE stands.
TOKENS = [
    {"team": "VALUE"},
    {"https://example.com/team": "VALUE"},
    {"https://example.com:8443/team": "VALUE"},
    {"https://example": {"com/team": "VALUE"}},
    {"realm": {"team": "VALUE"}},
    {"realm.team": "VALUE"},
    {"realm.team": "VALUE", "realm": {"team": "other"}},
    {"realm\\.team": "VALUE", "realm.team": "other"},
    {"apps": {"my.app": {"team": "VALUE"}}},
    {"apps": {"my": {"app": {"team": "VALUE"}}}},
    {"apps.my.app.team": "VALUE"},
    {"urn:acme:team": "VALUE"},
    {"a.b": {"c": "VALUE"}},
    {"a": {"b.c": "VALUE"}},
    {"a": {"b": {"c": "VALUE"}}},
    {"a": {"b": ["c", "VALUE"]}},
]


def read(claims, name):
    """The value, or None."""
    if name in claims:
        return claims[name]
    for step in re.split(r"(?<!\\)\.", name):
        claims = claims.get(step.replace("\\.", ".")) if isinstance(claims, dict) else None
    return claims


def fill(claims, value):
    if isinstance(claims, dict):
        return {name: fill(below, value) for name, below in claims.items()}
    return value if claims == "VALUE" else claims


def variable(name):
    return "APIGUARD_CLAIM_" + re.sub(r"[^A-Za-z0-9]", "_", name)


@pytest.fixture(scope="module")
def ring():
    ring = Ring(["HS256", "RS256"])
    yield ring
    ring.dir.close()


@pytest.fixture(scope="module")
def web(make_httpd, ring):
    key = f"ApiGuardJWTKey HS256 {ring.path('HS256')}"
    conf = ""
    for i, name in enumerate(NAMES):
        conf += section(f"must{i}", key, f"ApiGuardRequireClaim {name}")
        conf += section(f"map{i}", key, f"ApiGuardClaimMap user={name} client=shop", f"ApiGuardPassClaim {name}",
                        'Header set X-User "expr=%{REMOTE_USER}"',
                        f'Header set X-Told "expr=%{{reqenv:{variable(name)}}}"')
        conf += section(f"rule{i}", key).replace("valid-user", f'api-claim "{name}"~v.*')
        conf += section(f"limit{i}", key, f"ApiGuardRateLimit 1/day by=claim:{name}")
    return make_httpd(conf)


@pytest.mark.parametrize("i", range(len(NAMES)), ids=NAMES)
@pytest.mark.parametrize("t", range(len(TOKENS)))
def test_all_find_the_same(web, ring, t, i):
    name, claims, value, key = NAMES[i], TOKENS[t], f"v{t}", ring.by_alg["HS256"]

    def token(sub, word=value):
        return key.token({"sub": sub, "shop": "shop", **fill(claims, word)})

    found = read(fill(claims, value), name)
    assert go(web, f"must{i}", token("joe")).status == (200 if found else 401)
    assert go(web, f"rule{i}", token("joe")).status == (200 if found and found[0] == "v" else 403)
    answer = go(web, f"map{i}", token("joe"))
    assert (answer.status, answer.header("X-User")) == (200, found or "shop")
    assert (answer.header("X-Told") or "") == (found or "")
    counted = [go(web, f"limit{i}", token(*who)).status
               for who in (("joe",), ("eve", f"{value}b"), ("tom",))]
    assert (counted == [200, 200, 429]) == (found == value), (counted, found)
