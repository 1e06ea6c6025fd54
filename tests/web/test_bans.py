# SPDX-License-Identifier: Apache-2.0
"""ApiGuardBan: wrong credentials from one address are counted, and after too many of them only what
is known to be good still passes. The tests are behind mod_remoteip, so each has addresses of its
own."""

import concurrent.futures
import itertools
import re
import time

import pytest

from support.jwtmaker import Key
from support.ports import Directory
from support.problem import assert_refused

SIGNER = Key("RS256", kid="one")
OTHER = Key("RS256", kid="one")
UNHEARD = Key("RS256", kid="unheard")

GUARDED = 'AuthType ApiGuard\nAuthName bans\nRequire valid-user\n'
SECTIONS = {
    # A window moves with the clock: a short one could end between the first and the last of five.
    "soft": "ApiGuardBan 5/day for=10min",
    "short": "ApiGuardBan 3/min for=2s",
    "hard": "ApiGuardBan 3/min for=10min hard",
    "dry": "ApiGuardBan 3/min for=10min dryrun",
    "dryhard": "ApiGuardBan 3/h for=10min hard dryrun",
    "off": "ApiGuardBan off",
    "other": "ApiGuardBan 4/h for=1h",
    "limited": "ApiGuardBan 3/day for=10min\nApiGuardRateLimit 5/day by=ip",
    "token": "ApiGuardProvider jwt\nApiGuardJWTKey RS256 file:{public} kid=one\n"
             "ApiGuardBan 3/min for=10min",
}
BASE = """
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
CustomLog {root}/logs/ban.log "%a %>s ban=%{APIGUARD_DRYRUN}e decision=%{APIGUARD_DECISION}e"
"""

SOFT = f'''{BASE}<Location "/s/soft/">
{GUARDED}ApiGuardBan 5/day for=10min
</Location>
'''
DATABASE_GONE = ("AG04", r"\[dbd:error\]")

PUBLIC = """
<Location "/s/public/">
ApiGuardBan 3/min hard
</Location>
<Location "/s/open/">
ApiGuardBan 3/min
</Location>
"""

numbers = itertools.count(1)


def conf():
    return BASE + "".join(f'<Location "/s/{name}/">\n{GUARDED}{lines}\n</Location>\n'
                          for name, lines in SECTIONS.items()) + PUBLIC


@pytest.fixture(scope="module")
def web(make_httpd):
    folder = Directory("bans")
    yield make_httpd(conf(), modules=["remoteip"], threads=8,
                     words={"public": folder.write("public.pem", SIGNER.file())})
    folder.close()


@pytest.fixture
def ip():
    """An address nobody has used yet."""
    return f"198.51.{next(numbers)}.1"


def go(web, ip, section="soft", key=None, bearer=None, method="GET"):
    return web.request(method, f"/s/{section}/hello.html", headers={"X-Client": ip}, key=key,
                       bearer=bearer)


def wrong():
    return f"wrong-key-of-nobody-{next(numbers)}"


def fail(web, ip, n, section="soft"):
    for _ in range(n):
        assert_refused(go(web, ip, section, wrong()), "key_invalid")


def assert_banned(answer, least=1, most=600):
    assert_refused(answer, "banned")
    assert answer.status == 429
    assert answer.header("WWW-Authenticate") is None
    assert least <= int(answer.header("Retry-After")) <= most


def test_the_nth_wrong_key_is_the_last_that_is_looked_at(web, ip):
    fail(web, ip, 5)
    assert_banned(go(web, ip, key=wrong()), 590)
    line = web.wait_log(r'AG0141: (\{"event":"ban".*\})')
    assert line and f'"ip":"{ip}"' in line[1]
    assert '"failures":5,"period":86400,"duration":600' in line[1] and '"mode":"soft"' in line[1]


def test_one_line_for_a_ban(web, ip):
    fail(web, ip, 5)
    for _ in range(4):
        assert_banned(go(web, ip, key=wrong()))
    web.wait_log(r"AG0140.*banned")
    assert len(re.findall(f'AG0141.*"{ip}"', web.error_log())) == 1


def test_what_is_known_to_be_good_passes(web, ip):
    """An attacker behind the same address cannot lock customers out."""
    key = web.keys.create()
    assert go(web, "192.0.2.77", key=key).status == 200  # cached from elsewhere
    fail(web, ip, 5)
    assert go(web, ip, key=key).status == 200
    assert_banned(go(web, ip, key=wrong()))
    assert go(web, ip, key=key).status == 200


def test_a_good_key_nobody_knows_waits(web, ip):
    fail(web, ip, 5)
    key = web.keys.create()
    assert_banned(go(web, ip, key=key))
    assert go(web, "192.0.2.78", key=key).status == 200
    assert go(web, ip, key=key).status == 200  # it is known now


def test_without_a_credential_it_is_no_guess(web, ip):
    for _ in range(8):
        assert_refused(go(web, ip), "credential_missing")
    fail(web, ip, 5)
    assert_refused(go(web, ip), "credential_missing")


def test_revoked_expired_and_insufficient_keys_do_not_count(web, ip):
    revoked = web.keys.create()
    web.keys.ctl("key", "revoke", "-", stdin=revoked)
    bound = web.keys.create(ips=["203.0.113.9"])
    for _ in range(6):
        assert_refused(go(web, ip, key=revoked), "key_revoked")
        assert_refused(go(web, ip, key=bound), "ip_denied")
    fail(web, ip, 5)


@pytest.mark.slow
def test_a_ban_ends(web, ip):
    fail(web, ip, 3, "short")
    assert_banned(go(web, ip, "short", wrong()), 1, 2)
    time.sleep(2.1)
    fail(web, ip, 3, "short")
    assert_banned(go(web, ip, "short", wrong()), 1, 2)


def test_hard_refuses_everything(web, ip):
    key = web.keys.create()
    assert go(web, ip, "hard", key).status == 200
    fail(web, ip, 3, "hard")
    assert_banned(go(web, ip, "hard", key))
    assert_banned(go(web, ip, "hard"))
    assert go(web, ip, "soft", key).status == 200  # banned there too, but not so hard
    assert_banned(go(web, ip, "soft", wrong()))


def test_a_section_that_asks_nobody_who_he_is(web, ip):
    fail(web, ip, 5)
    assert_banned(go(web, ip, "public"))
    assert go(web, ip, "open").status == 200
    assert go(web, "192.0.2.99", "public").status == 200


def test_a_ban_is_the_address_s_and_not_the_section_s(web, ip):
    fail(web, ip, 5, "soft")
    assert_banned(go(web, ip, "other", wrong()))
    assert_banned(go(web, ip, "short", wrong()), 500)
    fail(web, "192.0.2.80", 2, "soft")  # another address


def test_off_neither_counts_nor_refuses(web, ip):
    fail(web, ip, 8, "off")
    fail(web, ip, 5, "soft")
    fail(web, ip, 3, "off")


def test_dryrun_counts_and_says_so_and_refuses_nothing(web, ip):
    key = web.keys.create()
    fail(web, ip, 3, "dry")
    assert web.wait_log(rf'AG0141: .*"{ip}".*"mode":"dryrun"')
    fail(web, ip, 2, "dry")
    assert go(web, ip, "dry", key).status == 200  # not known yet: it would have been refused
    assert go(web, ip, "dry", key).status == 200  # known now
    log = web.named_log("ban.log", f"{ip} 200 ban=- ")
    assert log.count(f"{ip} 401 ban=- ") == 3
    assert log.count(f"{ip} 401 ban=banned decision=key_invalid") == 2
    assert log.count(f"{ip} 200 ban=banned decision=allowed") == 1
    fail(web, ip, 5, "soft")  # a ban that is tried out bans nobody elsewhere
    assert_banned(go(web, ip, "soft", wrong()))


def test_hard_dryrun_says_so_for_everything(web, ip):
    key = web.keys.create()
    fail(web, ip, 3, "dryhard")
    assert go(web, ip, "dryhard", key).status == 200
    assert go(web, ip, "dryhard", key).status == 200
    log = web.named_log("ban.log", f"{ip} 200")
    time.sleep(0.1)
    log = web.named_log("ban.log", f"{ip} 200")
    assert log.count(f"{ip} 200 ban=banned") == 2


def test_the_ban_comes_before_the_limit_by_address(web, ip):
    fail(web, ip, 3, "limited")
    for _ in range(4):
        assert_banned(go(web, ip, "limited", wrong()))
    key = web.keys.create()
    assert go(web, "192.0.2.81", "off", key).status == 200
    assert [go(web, ip, "limited", key).status for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("address, same, other", [
    ("2001:db8:1:1::7", "2001:db8:1:1:ffff::1", "2001:db8:1:2::7"),
    ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.8"),
    ("::7", "::1:0:0:8", "0:0:0:1::7"),
])
def test_addresses_are_counted_by_64_bits_of_ipv6(web, address, same, other):
    fail(web, address, 3)
    fail(web, same, 2)
    assert_banned(go(web, address, key=wrong()))
    assert_banned(go(web, same, key=wrong()))
    assert_refused(go(web, other, key=wrong()), "key_invalid")


def test_who_changes_his_address_before_each_ban_is_banned_by_56_bits(web):
    """A customer has 256 /64s: with four wrong keys from each, one less than a ban takes, he had no end."""
    for n in range(25):
        assert_refused(go(web, f"2001:db8:56:{n // 4:x}::7", "soft", key=wrong()), "key_invalid")
    assert_banned(go(web, "2001:db8:56:ff::7", "soft", key=wrong()))
    assert_refused(go(web, "2001:db8:56:100::7", "soft", key=wrong()), "key_invalid")
    line = next(line for line in web.said().splitlines() if "AG0141" in line and "2001:db8:56:" in line)
    assert '"ip":"2001:db8:56::/56"' in line and '"failures":25,"period":86400' in line


@pytest.mark.slow
def test_graceful_restart_keeps_bans_counts_and_marks(web, ip):
    key = web.keys.create()
    assert go(web, ip, key=key).status == 200
    fail(web, ip, 5)
    half = f"198.51.{next(numbers)}.1"
    fail(web, half, 3)
    web.graceful()
    assert_banned(go(web, ip, key=wrong()))
    assert go(web, ip, key=key).status == 200
    fail(web, half, 2)
    assert_banned(go(web, half, key=wrong()))


# ---- tokens ---------------------------------------------------------------------------------------

def token(key=SIGNER, **claims):
    return key.token({"azp": f"client-{next(numbers)}"}, **claims)


def test_wrong_signatures_count(web, ip):
    for _ in range(2):
        assert_refused(go(web, ip, "token", bearer=token(OTHER)), "token_invalid")
    assert_refused(go(web, ip, "token", bearer="ey.no.token"), "token_invalid")
    assert_banned(go(web, ip, "token", bearer=token(OTHER)))


def test_an_unknown_key_id_and_an_old_token_do_not_count(web, ip):
    for _ in range(4):
        assert_refused(go(web, ip, "token", bearer=token(UNHEARD)), "token_invalid")
        assert_refused(go(web, ip, "token", bearer=token(exp=1000)), "token_expired")
        assert_refused(go(web, ip, "token", bearer=token(nbf=int(time.time()) + 900)),
                       "token_invalid")
    assert go(web, ip, "token", bearer=token()).status == 200


def test_a_few_new_tokens_a_second_are_verified_for_a_banned_address(web, ip):
    known = token()
    assert go(web, ip, "token", bearer=known).status == 200
    for _ in range(3):
        assert_refused(go(web, ip, "token", bearer=token(OTHER)), "token_invalid")
    assert go(web, ip, "token", bearer=token()).status == 200
    tokens = [token() for _ in range(60)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # or a slow machine is slow enough
        codes = list(pool.map(lambda each: go(web, ip, "token", bearer=each).status, tokens))
    assert 200 in codes and 429 in codes
    assert go(web, ip, "token", bearer=known).status == 200  # whatever is left


# ---- the database is not asked ----------------------------------------------------------------------

@pytest.mark.slow
def test_a_banned_address_s_unknown_key_asks_no_database(own_httpd, pgsql_keys):
    """With the database away an unknown key is 503, since nobody can tell; a banned one's is 429."""
    web = own_httpd(SOFT, modules=["remoteip"], database=pgsql_keys)
    key = pgsql_keys.create()
    assert go(web, "192.0.2.1", key=key).status == 200
    fail(web, "192.0.2.1", 5)
    web.expect(*DATABASE_GONE)
    pgsql_keys.away()
    for _ in range(8):
        assert_refused(go(web, "192.0.2.2", key=wrong()), "keystore_unavailable")
        assert_banned(go(web, "192.0.2.1", key=wrong()))
    assert go(web, "192.0.2.1", key=key).status == 200
    pgsql_keys.back()
    fail(web, "192.0.2.3", 1)
    fail(web, "192.0.2.2", 5)  # what nobody could tell was not counted


@pytest.mark.slow
def test_a_key_that_was_good_may_be_looked_up(own_httpd):
    """Its record is gone from the cache, since its row was changed; its mark is not."""
    web = own_httpd(SOFT, modules=["remoteip"])
    key, idle = web.keys.create(), web.keys.create()
    assert go(web, "192.0.2.1", key=key).status == 200
    fail(web, "192.0.2.1", 5)
    web.keys.update(key, client_email="new@example.org")
    web.keys.update(idle, client_email="new@example.org")
    time.sleep(1.5)
    assert_banned(go(web, "192.0.2.1", key=idle))
    assert go(web, "192.0.2.1", key=key).status == 200
    web.graceful()
    web.keys.update(key, client_email="newer@example.org")
    time.sleep(1.5)
    assert go(web, "192.0.2.1", key=key).status == 200
    web.keys.ctl("key", "revoke", "-", stdin=key)
    assert_refused(go(web, "192.0.2.1", key=key), "key_revoked")


@pytest.mark.slow
def test_a_record_that_is_too_old_may_be_looked_up(own_httpd):
    web = own_httpd("ApiGuardKeyCache ttl=1 stale=1 negative=10" + SOFT, modules=["remoteip"])
    key = web.keys.create()
    assert go(web, "192.0.2.1", key=key).status == 200
    fail(web, "192.0.2.1", 5)
    time.sleep(1.2)
    assert go(web, "192.0.2.1", key=key).status == 200


# ---- by default, and many at once -------------------------------------------------------------------

def test_it_is_on_by_default(own_httpd):
    web = own_httpd(f'<Location "/s/x/">\n{GUARDED}</Location>', ban="")
    for _ in range(20):
        assert_refused(web.get("/s/x/hello.html", key=wrong()), "key_invalid")
    assert_banned(web.get("/s/x/hello.html", key=wrong()), 590)


@pytest.mark.parametrize("mpm", ["event", "worker", "prefork"])
def test_exactly_n_are_looked_at_however_many_come_at_once(own_httpd, mpm):
    web = own_httpd(f'<Location "/s/x/">\n{GUARDED}ApiGuardBan 30/h for=1h\n</Location>', mpm=mpm,
                    processes=2, threads=12)
    statuses = web.client.storm(4, 40, "/s/x/hello.html", [("X-API-Key", wrong())])
    assert (statuses.count(401), statuses.count(429)) == (30, 130)


@pytest.mark.parametrize("line, says", [
    ("ApiGuardBan 20/min for=10min for=1h", "for= is given twice"),
    ("ApiGuardBan", "a value is missing"), ("ApiGuardBan 20", "rate"), ("ApiGuardBan 0/min", "at least 1"),
    ("ApiGuardBan 20/min for=0", "for="), ("ApiGuardBan 20/min for=x", "for="),
    ("ApiGuardBan 20/min by=client", "by=client"), ("ApiGuardBan 20/min 30/h", "30/h"),
    ("ApiGuardBan off 20/min", "off"),
])
def test_wrong_values_stop_the_start(own_httpd, line, says):
    web = own_httpd(line, start=False)
    good, said = web.configtest()
    assert not good and "ApiGuardBan" in said and says in said


def test_not_in_htaccess(own_httpd):
    web = own_httpd('<Directory "{root}/htdocs">\nAllowOverride All\n</Directory>',
                    files={"api/.htaccess": "ApiGuardBan off\n"})
    web.expect("ApiGuardBan")
    assert web.get("/api/hello.html").status == 500


def test_a_request_counts_once_whatever_pages_it_is_taken_to(own_httpd):
    """The page that httpd shows for the 401 is guarded too, and asks again who it is."""
    web = own_httpd(f"""
<Location "/s/x/">
{GUARDED}ApiGuardErrors httpd
ErrorDocument 401 /s/page/hello.html
ApiGuardBan 6/h for=1h
</Location>
<Location "/s/page/">
{GUARDED}ApiGuardErrors httpd
ApiGuardBan 6/h for=1h
</Location>""")
    for _ in range(6):
        assert web.get("/s/x/hello.html", key=wrong()).status == 401
    assert web.get("/s/x/hello.html", key=wrong()).status == 429
