# SPDX-License-Identifier: Apache-2.0
"""Several servers with one memcached."""

import time

from . import client

CONF = """
ApiGuardCounterStore memcached:{address} prefix=fleet timeout={timeout}
LogFormat "%U|%>s|%{APIGUARD_DEGRADED}e|%D" fleet
CustomLog logs/fleet.log fleet
<Location "/s/sliding/">
    ApiGuardRateLimit 200/day by=global algorithm=sliding
</Location>
<Location "/s/fixed/">
    ApiGuardRateLimit 200/day by=global algorithm=fixed
</Location>
<Location "/s/bucket/">
    ApiGuardRateLimit 200/day by=global algorithm=bucket
</Location>
<Location "/s/wide/">
    ApiGuardRateLimit 10000000/day by=global
</Location>
<Location "/s/told/">
    ApiGuardRateLimit 100000/day by=global algorithm=fixed
</Location>
<Location "/s/tenant/">
    ApiGuardRateLimit 20/day by=header:X-Tenant
    ApiGuardStoreFailure allow
</Location>
<Location "/s/deny/">
    ApiGuardRateLimit 10000/day by=global
    ApiGuardStoreFailure deny
</Location>
<Location "/s/local/">
    ApiGuardRateLimit 40/day by=global algorithm=fixed
    ApiGuardStoreFailure local/4
</Location>
"""


def make_fleet(own_httpd, address, n=4, timeout=2000, **kw):
    words = {"address": address, "timeout": timeout}
    return [own_httpd(CONF, words=words, processes=2, threads=16, **kw) for _ in range(n)]


def storm(nodes, each, path, clients=2):
    """So many clients of every node at once; all statuses."""
    return client.storm([node.client for node in nodes] * clients, each, path)


def in_turn(nodes, each, path):
    """One request after another, each to the next server; all statuses."""
    return [node.get(path).status for _ in range(each) for node in nodes]


def use_up(nodes, path, passed, least=200, most=200):
    """How many have passed when all is used up. What a node was given and did not spend it gives back
    after a second, by its watchdog; who was refused asks for it after 2, 4, 8 ... seconds."""
    end = time.monotonic() + 60
    while passed < least:
        assert time.monotonic() < end, f"{passed} passed, and no more will"
        time.sleep(0.5)
        passed += storm(nodes, 25, path, 1).count(200)
    passed += storm(nodes, 25, path, 1).count(200)
    assert passed <= most
    return passed
