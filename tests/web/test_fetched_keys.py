# SPDX-License-Identifier: Apache-2.0
"""Key sets over https: fetched behind requests and never in one, shared by all children, kept over restarts."""

import glob
import os
import threading
import time

import pytest

from support.fetched import SECTION, go, key_server, lines_of, rsa, section, until_good
from support.jwtmaker import Key, jwks
from support.keyserver import KeyServer, hangs, keys, says
from support.ports import Directory, free_port
from support.problem import assert_refused
from support.waiting import wait_until


@pytest.fixture
def server():
    with key_server() as server:
        yield server


# ---- fetched -------------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("mpm", ["event", "prefork", "worker"])
def test_a_set_is_fetched_once_for_all(own_httpd, server, mpm):
    """For two sections and a virtual host, by one child of several; a graceful restart asks no one."""
    key = rsa("one")
    server.ways["/keys"] = keys(key)
    host = (f"<VirtualHost 127.0.0.1:{{port}}>\nServerName other.test\n{section('c', server)}</VirtualHost>\n")
    base = "<VirtualHost 127.0.0.1:{port}>\nServerName api.test\n</VirtualHost>\n"
    web = own_httpd(section("a", server) + section("b", server, more="issuer=https://b.example") + base + host,
                    database=None, mpm=mpm, processes=2, threads=4)
    other = [("Host", "other.test")]
    until_good(web, key.token())
    for _ in range(20):  # whichever child answers
        until_good(web, key.token(iss="https://b.example"), "b")
        assert_refused(go(web, key.token(iss="https://c.example"), "b"), "token_invalid")
        assert go(web, key.token(), "c", headers=other).status == 200
    assert_refused(go(web, rsa("one").token()), "token_invalid")
    assert len(lines_of(web, "AG0902")) == 1
    assert "/keys has changed; keys in force: 1" in lines_of(web, "AG0902")[0]
    web.graceful()
    for _ in range(10):
        assert go(web, key.token()).status == 200
    assert len(server.asked) == 1


@pytest.mark.slow
def test_a_start_needs_no_network(own_httpd, server):
    """Nor is it delayed. Until there is a set the answer is 503, and says when to come again."""
    key = rsa("one")
    server.ways["/keys"] = hangs
    began = time.monotonic()
    web = own_httpd(section("a", server), database=None)
    assert time.monotonic() - began < 5
    answer = go(web, key.token())
    assert_refused(answer, "keyset_unavailable")
    assert answer.header("Retry-After") == "2"  # by then it may be there
    assert_refused(go(web, "no.token"), "token_invalid")
    wait_until(lambda: server.asked)
    server.ways["/keys"] = keys(key)
    assert go(web, key.token()).status == 503  # it waits for the answer of the first
    until_good(web, key.token(), seconds=30)
    said = [line for line in web.error_log().splitlines() if "AG090" in line]
    assert [line.split("] ")[-1][:6] for line in said] == ["AG0900", "AG0901", "AG0902"], said
    assert "cannot be fetched" in said[0] and "tokens that need it get 503" in said[0]


@pytest.mark.slow
def test_a_restart_needs_no_network(own_httpd, server):
    key = rsa("one")
    server.ways["/keys"] = keys(key)
    web = own_httpd(section("a", server), database=None)
    until_good(web, key.token())
    server.close()
    for again in (web.restart, web.graceful, lambda: (web.stop(), web.start())):
        again()
        assert go(web, key.token()).status == 200
    assert_refused(go(web, rsa("one").token()), "token_invalid")
    assert web.wait_log("AG0900: .* the keys that were fetched last stay in force")


@pytest.mark.slow
def test_a_file_that_is_gone_or_broken(own_httpd, server):
    """Children that begin later miss it, and have it fetched. Other programs of httpd's user can write there: while
    the server runs, nobody believes what its own fetch has not written."""
    key = rsa("one")
    server.ways["/keys"] = keys(key)
    web = own_httpd(section("a", server), database=None)
    until_good(web, key.token())
    (path,) = glob.glob(web.dir.join("run/apiguard.keysets/*"))
    with open(path, "w", encoding="ascii") as f:
        f.write('{"keys": [{"kty": "RS')
    web.graceful()
    wait_until(lambda: len(server.asked) == 2)
    for _ in range(10):
        until_good(web, key.token())
    forger = rsa("one")
    with open(path, "w", encoding="ascii") as f:
        f.write(jwks(forger))
    web.graceful()
    for _ in range(20):
        assert_refused(go(web, forger.token()), "token_invalid" if go(web, key.token()).status == 200
                       else "keyset_unavailable")
    wait_until(lambda: len(server.asked) == 3)
    until_good(web, key.token())
    assert_refused(go(web, forger.token()), "token_invalid")
    web.stop()
    with open(path, "w", encoding="ascii") as f:
        f.write("nonsense")
    web.start()
    until_good(web, key.token())


# ---- keys come and go ----------------------------------------------------------------------------

@pytest.mark.slow
def test_a_folder_that_others_took_away(own_httpd, server):
    """It stops a start; a reload goes on, and tokens that need the set get 503."""
    key = rsa("one")
    server.ways["/keys"] = keys(key)
    web = own_httpd(section("a", server), database=None)
    until_good(web, key.token())
    web.expect("AG0903")
    folder = web.dir.join("run/apiguard.keysets")
    os.rename(folder, folder + ".away")
    os.symlink(folder + ".away", folder)
    web.graceful()
    assert_refused(go(web, key.token()), "keyset_unavailable")
    assert web.get("/index.html").status == 200
    assert len(lines_of(web, "AG0903")) == 1
    web.stop()
    with pytest.raises(RuntimeError):
        web.start()
    os.remove(folder)
    web.start()
    until_good(web, key.token())


@pytest.mark.slow
def test_a_key_that_left_its_set(own_httpd, server):
    """What was accepted with it is remembered by no child under the new set: caches know their realm."""
    old, new = rsa("old"), rsa("new")
    server.ways["/keys"] = keys(old)
    web = own_httpd(section("a", server, more="refresh=1s"), database=None)
    until_good(web, old.token())
    token = old.token()
    assert all(go(web, token).status == 200 for _ in range(20))
    server.ways["/keys"] = keys(new)
    until_good(web, new.token())
    wait_until(lambda: all(go(web, token).status == 401 for _ in range(20)))
    for _ in range(20):
        assert_refused(go(web, token), "token_invalid")
        assert go(web, new.token()).status == 200
    server.ways["/keys"] = keys(new, old)
    wait_until(lambda: all(go(web, token).status == 200 for _ in range(20)))


@pytest.mark.slow
def test_a_set_without_a_key(own_httpd, server):
    """An issuer who publishes none has said so. It is asked again soon."""
    key = rsa("one")
    server.ways["/keys"] = keys(key)
    web = own_httpd(section("a", server, more="refresh=1s"), database=None)
    until_good(web, key.token())
    token = key.token()
    assert go(web, token).status == 200
    web.expect("AG0904")
    server.ways["/keys"] = keys()
    wait_until(lambda: go(web, token).status == 503)
    for _ in range(10):
        wait_until(lambda: go(web, token).code == "keyset_unavailable", 2)
    assert "no key that can verify a token; tokens that need it get 503" in lines_of(web, "AG0904")[0]
    server.ways["/keys"] = keys(key)
    until_good(web, token)
    assert len(lines_of(web, "AG0904")) == 1


def test_a_secret_that_is_fetched_signs_nothing(own_httpd, server):
    public, secret = rsa("pub"), Key("HS256", kid="sec", secret=b"s" * 32)
    server.ways["/keys"] = keys(public, secret)
    server.ways["/secrets"] = keys(secret)
    web = own_httpd(section("a", server) + section("b", server, "/secrets"), database=None)
    web.expect("AG0904")
    until_good(web, public.token())
    assert_refused(go(web, secret.token()), "token_invalid")
    assert_refused(go(web, secret.token(), "b"), "keyset_unavailable")
    assert "1 of 2 keys is left out: key 2 (kid sec): it is a secret" in lines_of(web, "AG0902")[0]


# ---- rotation ------------------------------------------------------------------------------------

CHEAP = "issuer=https://id.example audience=api"
GOOD = {"iss": "https://id.example", "aud": "api"}


@pytest.fixture
def rotating(own_httpd, server):
    """A set that is fetched every five minutes, unless a token asks."""
    key = rsa("one")
    server.ways["/keys"] = keys(key)
    web = own_httpd("RemoteIPHeader X-Client\n" + section("a", server, more=CHEAP), database=None,
                    modules=["remoteip"], threads=4)
    until_good(web, key.token(GOOD))
    return web, server, key


@pytest.mark.slow
def test_a_new_key_is_fetched_when_a_token_names_it(rotating):
    """While traffic runs: no request with a known key is refused, or waits."""
    web, server, key = rotating
    new = rsa("two")
    known, statuses, over = key.token(GOOD), [], threading.Event()

    def traffic():
        while not over.is_set():
            statuses.append(go(web, known).status)

    thread = threading.Thread(target=traffic)
    thread.start()
    server.ways["/keys"] = keys(key, new)
    token = new.token(GOOD)
    assert_refused(go(web, token), "token_invalid")
    until_good(web, token)
    over.set()
    thread.join()
    assert len(server.asked) == 2 and server.asked[1][0] - server.asked[0][0] > 9
    assert set(statuses) == {200} and len(statuses) > 20
    assert len(lines_of(web, "AG0905")) == 1


def test_who_may_ask(rotating):
    """An address once a minute, whatever kids it thinks of; an IPv6 client is its /64. Another one's question
    is taken all the same."""
    web, server, _ = rotating

    def ask(address):
        before = len(lines_of(web, "AG0905"))
        for n in range(20):
            assert_refused(go(web, rsa_token(f"kid-{address}-{n}", GOOD), headers=[("X-Client", address)]),
                           "token_invalid")
        return len(lines_of(web, "AG0905")) - before

    assert ask("2001:db8:0:1::1") == 1
    assert ask("2001:db8:0:1::2") == 0
    wait_until(lambda: len(server.asked) == 2)
    time.sleep(1.5)  # until each child has read it
    assert ask("2001:db8:0:1::3") == 0
    assert ask("192.0.2.1") == 1
    assert ask("192.0.2.1") == 0


SIGNER = Key("RS256")


def rsa_token(kid, claims):
    return SIGNER.token(claims, header={"kid": kid} if kid else {})


WORTHLESS = {
    "expired": ("x", {**GOOD, "exp": 1000000000}),
    "not valid yet": ("x", {**GOOD, "nbf": 4102444800}),
    "another issuer": ("x", {**GOOD, "iss": "https://other.example"}),
    "another audience": ("x", {**GOOD, "aud": "other"}),
    "without exp": ("x", {**GOOD, "exp": None}),
    "without kid": (None, GOOD),
    "a kid that is there": ("one", GOOD),
}


def test_what_asks_for_nothing(rotating):
    """A token that would be refused with the right key, too, and one whose key is there, spends nobody's question."""
    web, _, _ = rotating
    for kid, claims in WORTHLESS.values():
        assert go(web, rsa_token(kid, claims)).status == 401
    assert lines_of(web, "AG0905") == []
    assert_refused(go(web, rsa_token("x", GOOD)), "token_invalid")
    assert len(lines_of(web, "AG0905")) == 1


def test_an_unknown_kid_is_no_ban_point(own_httpd, server):
    key = rsa("one")
    server.ways["/keys"] = keys(key)
    web = own_httpd(section("a", server), database=None, ban="ApiGuardBan 3/min for=1h")
    until_good(web, key.token())
    for n in range(10):
        assert_refused(go(web, rsa_token(f"kid-{n}", {})), "token_invalid")
    assert go(web, key.token()).status == 200


# ---- a key server that hangs -----------------------------------------------------------------------

@pytest.mark.slow
def test_known_keys_wait_for_nobody(own_httpd, server):
    """And no other set does."""
    key, other = rsa("one"), rsa("two")
    server.ways["/keys"], server.ways["/other"] = keys(key), keys(other)
    web = own_httpd(section("a", server, more="refresh=1s") + section("b", server, "/other", "refresh=1s"),
                    database=None)
    until_good(web, key.token())
    until_good(web, other.token(), "b")
    server.ways["/keys"] = hangs
    asked = len(server.times())
    wait_until(lambda: len(server.times()) > asked)
    newer = rsa("three")
    server.ways["/other"] = keys(newer)
    until_good(web, newer.token(), "b", 6)
    longest = 0
    for _ in range(300):
        began = time.monotonic()
        assert go(web, key.token()).status == 200
        longest = max(longest, time.monotonic() - began)
    assert longest < 1
    began = time.monotonic()
    web.graceful()
    assert time.monotonic() - began < 8
    assert go(web, key.token()).status == 200
    began = time.monotonic()
    web.stop()
    assert time.monotonic() - began < 8


# ---- mistakes ------------------------------------------------------------------------------------

MISTAKES = [
    ("http://192.0.2.1/keys", ["http://192.0.2.1/keys", "only https:// is asked, and http:// on this machine"]),
    ("https://user:pw@192.0.2.1/keys", ["a password has no place in an address"]),
    ("https://", ["is not an address"]),
    ("https://192.0.2.1/keys ca=/no/such/file", ["ca=/no/such/file", "cannot be read"]),
    ("https://192.0.2.1/keys ca=/etc/hostname", ["ca=/etc/hostname", "no certificate in PEM form"]),
]


@pytest.mark.parametrize("line, words", MISTAKES, ids=[line for line, _ in MISTAKES])
def test_what_stops_the_start(own_httpd, line, words):
    web = own_httpd("", start=False, database=None)
    web.configure(f'<Location "/x">\nAuthType ApiGuard\nAuthName x\nApiGuardJWKS {line}\nRequire valid-user\n'
                  "</Location>")
    good, said = web.configtest()
    assert not good and all(word in said for word in ["ApiGuardJWKS", *words]), said
    started, said = web.try_start()
    assert not started and all(word in said for word in words), said


def test_http_on_this_machine(own_httpd):
    """As from a sidecar; to anywhere else it stops the start."""
    folder = Directory("plain")
    server = KeyServer(folder, tls=False)
    key = rsa("one")
    server.ways["/keys"] = keys(key)
    text = SECTION.replace("ca={ca}", "").replace("{url}", server.url()).replace("{name}", "a").replace("{more}", "")
    web = own_httpd(text, database=None)
    until_good(web, key.token())
    server.close()
    folder.close()


def test_nobody_listens(own_httpd, server):
    text = section("a", server).replace(str(server.port), str(free_port()))
    web = own_httpd(text, database=None)
    assert web.wait_log("AG0900: the key set https://.* cannot be fetched: .*; until it can, tokens")
    assert_refused(go(web, rsa("one").token()), "keyset_unavailable")
    server.ways["/"] = says("")
