# SPDX-License-Identifier: Apache-2.0
"""One fleet on three memcacheds: losing one affects its counters alone, and a request that is counted
on two of them is charged on both or on none."""

import time

import pytest

from support.memcached import Memcached

CONF = """
ApiGuardCounterStore memcached:{address} prefix=many timeout=1000
ApiGuardStoreFailure deny
LogFormat "%U|%>s|%{APIGUARD_DEGRADED}e" servers
CustomLog logs/servers.log servers
<Location "/s/tenant/">
    ApiGuardRateLimit 200/day by=header:X-Tenant algorithm=fixed name=tenant
</Location>
<Location "/s/user/">
    ApiGuardRateLimit 3/day by=header:X-User algorithm=fixed name=user
</Location>
<Location "/s/both/">
    ApiGuardRateLimit 200/day by=header:X-Tenant algorithm=fixed name=tenant
    ApiGuardRateLimit 3/day by=header:X-User algorithm=fixed name=user
</Location>
<Location "/s/turned/">
    ApiGuardRateLimit 3/day by=header:X-User algorithm=fixed name=user
    ApiGuardRateLimit 200/day by=header:X-Tenant algorithm=fixed name=tenant
</Location>
"""


@pytest.fixture
def memcacheds():
    all_three = [Memcached() for _ in range(3)]
    yield all_three
    for each in all_three:
        each.close()


@pytest.fixture
def nodes(own_httpd, memcacheds):
    words = {"address": ",".join(each.address for each in memcacheds)}
    both = [own_httpd(CONF, words=words, processes=2, threads=8) for _ in range(2)]
    for node in both:
        node.expect(r"apiguard.*memcached")
    return both


def go(node, section, tenant="-", user="-"):
    return node.get(f"/s/{section}/hello.html", headers={"X-Tenant": tenant, "X-User": user}).status


def begin(node, memcacheds, section, **who):
    """One request; on which server it was counted."""
    before = [int(each.stat("total_items")) for each in memcacheds]
    assert go(node, section, **who) == 200
    after = [int(each.stat("total_items")) for each in memcacheds]
    grown = [i for i in range(3) if after[i] > before[i]]
    assert len(grown) == 1
    return grown[0]


def use_up(nodes, section, passed, least, **who):
    """Asks both until so many have passed in all, or it is certain that no more will come: what one of
    them holds in reserve is given back within two seconds, and the other one asks again after 2, 4, 8."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        statuses = [go(node, section, **who) for node in nodes for _ in range(15)]
        assert set(statuses) <= {200, 429}
        passed += statuses.count(200)
        if passed >= least and 200 not in statuses:
            break
        time.sleep(0.1)
    return passed


def on(server, found):
    return [name for name, at in found.items() if at == server]


@pytest.mark.slow
def test_losing_one_affects_its_counters_alone(nodes, memcacheds):
    found = {}
    while min(len(on(server, found)) for server in range(3)) < 3:
        name = f"t{len(found)}"
        found[name] = begin(nodes[len(found) % 2], memcacheds, "tenant", tenant=name)
    memcacheds[1].kill()
    for name in on(1, found):
        for node in nodes:  # two failures, and it is known to be away
            go(node, "tenant", tenant=name)
    for name in on(0, found)[:2] + on(2, found)[:2]:
        assert use_up(nodes, "tenant", 1, 200, tenant=name) == 200
    lost = on(1, found)[0]
    statuses = [go(node, "tenant", tenant=lost) for node in nodes for _ in range(20)]
    assert statuses.count(503) >= 30, "but for what was in reserve"
    memcacheds[1].start()
    end = time.monotonic() + 15
    while 503 in [go(node, "tenant", tenant=lost) for node in nodes]:
        assert time.monotonic() < end
        time.sleep(0.05)


def pair(nodes, memcacheds):
    """A tenant and a user who are counted on different servers, each with one request so far. Of the
    tenant's limit both nodes then hold some in reserve; how many passed by that."""
    tenants = {f"t{i}": begin(nodes[0], memcacheds, "tenant", tenant=f"t{i}") for i in range(8)}
    users = {f"u{i}": begin(nodes[0], memcacheds, "user", user=f"u{i}") for i in range(8)}
    tenant, user = next((t, u) for t in tenants for u in users if tenants[t] != users[u])
    assert [go(node, "tenant", tenant) for node in nodes for _ in range(15)] == [200] * 30
    return tenant, user, 31, memcacheds[users[user]]


@pytest.mark.slow
@pytest.mark.parametrize("section", ["both", "turned"])
def test_what_one_took_is_given_back_when_the_other_refuses(nodes, memcacheds, section):
    tenant, user, passed, _ = pair(nodes, memcacheds)
    assert use_up(nodes, "user", 1, 3, user=user) == 3
    assert [go(node, section, tenant, user) for node in nodes for _ in range(15)] == [429] * 30
    assert use_up(nodes, "tenant", passed, 200, tenant=tenant) == 200


@pytest.mark.slow
@pytest.mark.parametrize("section", ["both", "turned"])
def test_what_one_took_is_given_back_when_the_other_fails(nodes, memcacheds, section):
    tenant, user, passed, there = pair(nodes, memcacheds)
    there.kill()
    assert [go(node, section, tenant, user) for node in nodes for _ in range(15)] == [503] * 30
    assert use_up(nodes, "tenant", passed, 200, tenant=tenant) == 200


@pytest.mark.slow
def test_a_request_on_two_servers_counts_on_both(nodes, memcacheds):
    tenant, user, passed, _ = pair(nodes, memcacheds)
    assert [go(nodes[0], "both", tenant, user) for _ in range(2)] == [200] * 2
    assert use_up(nodes, "both", 3, 3, tenant=tenant, user=user) == 3
    assert use_up(nodes, "tenant", passed + 2, 200, tenant=tenant) == 200
