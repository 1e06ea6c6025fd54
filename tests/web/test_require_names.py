# SPDX-License-Identifier: Apache-2.0
"""Names in Require: aliases of rules, kinds of credentials, and roles that end in a star."""

import pytest

from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused

SIGNER = Key("HS256")
CONF = """
<Location "/s/scopes/">
    AuthType ApiGuard
    Require api-scope dummy
</Location>
<AuthzProviderAlias api-role boss boss>
</AuthzProviderAlias>
<Location "/s/alias/">
    AuthType ApiGuard
    Require boss
</Location>
<AuthzProviderAlias api-ip elsewhere "192.0.2.0/24">
</AuthzProviderAlias>
<Location "/s/alias-ip/">
    AuthType ApiGuard
    <RequireAll>
        Require elsewhere
        Require valid-user
    </RequireAll>
</Location>
<Location "/s/no-keys/">
    AuthType ApiGuard
    ApiGuardJWTKey HS256 file:{keyfile}
    <RequireAll>
        Require valid-user
        Require not api-credential Key
    </RequireAll>
</Location>
<Location "/s/ops/">
    AuthType ApiGuard
    Require api-role ops:read
</Location>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    folder = Directory("names")
    yield make_httpd(CONF, words={"keyfile": folder.write("key", SIGNER.file())})
    folder.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


def test_an_alias_of_a_rule_asks_its_own_question(web, key):
    """Not that of the rule which an earlier section happened to name."""
    for columns, status in (({"roles": ["boss"]}, 200), ({"scopes": ["boss"]}, 403)):
        assert web.get("/s/alias/hello.html", key=web.keys.create(**columns)).status == status
    assert_refused(web.get("/s/alias-ip/hello.html", key=key), "ip_denied")


def test_the_kind_of_a_credential_is_compared_in_any_case(web, key):
    """Under `not` a kind spelled otherwise would refuse nobody."""
    assert web.get("/s/no-keys/hello.html", key=key).status == 403
    assert web.get("/s/no-keys/hello.html", bearer=SIGNER.token()).status == 200


def test_a_held_role_with_a_star_covers_what_begins_so(web):
    """As a scope does."""
    for role, status in (("ops:*", 200), ("ops", 403), ("dev:*", 403)):
        assert web.get("/s/ops/hello.html", key=web.keys.create(roles=[role])).status == status
