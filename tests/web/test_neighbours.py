# SPDX-License-Identifier: Apache-2.0
"""Other modules in the same section, loaded before and after ours: what they do to a request must not
open the door, close it, or be taken for our doing."""

import glob
import subprocess

import pytest

from support.fields import limits
from support.httpd import MODULES_DIR, load_lines
from support.problem import assert_refused

SECTION = """
<Directory "{root}/htdocs/app">
    AuthType ApiGuard
    AuthName "app"
    ApiGuardPassHeaders on
    ApiGuardRateLimit 1000/day
    Require valid-user
    %s
</Directory>
"""

CGI = """#!/usr/bin/python3
import json, os, sys
sys.stdin.buffer.read()
print("Content-Type: application/json\\n")
print(json.dumps(dict(os.environ)))
"""
PHP = '<?php header("Content-Type: application/json"); echo json_encode($_SERVER);'
WSGI = """import json
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({k: v for k, v in environ.items() if isinstance(v, str)}).encode()]
"""

RUN_CGI = "Options +ExecCGI\nAddHandler cgi-script .cgi"
EVASIVE = "DOSHashTableSize 100\nDOSPageCount 60\nDOSPageInterval 5\nDOSSiteCount 100000\n" \
          "DOSBlockingPeriod 60\nDOSLogDir {root}/run\n"
SECURITY = "SecRuleEngine On\nSecRequestBodyAccess On\nSecDataDir {root}/run\nSecTmpDir {root}/run\n" \
           "SecRule ARGS \"@contains evil\" \"id:1,phase:2,deny,status:403\"\n"
CACHE = "CacheEnable socache /\nCacheSocache shmcb\nCacheHeader on\nCacheQuickHandler off\n"


class Neighbour:
    """load: module names, or functions that make a LoadModule line; conf: server level; inside: the section's lines."""

    def __init__(self, *load, conf="", inside=RUN_CGI, script="env.cgi", mpm="event", logs=()):
        self.load, self.conf, self.inside = load, conf, inside
        self.script, self.mpm, self.logs = script, mpm, logs

    def lines(self):
        words = [word() if callable(word) else word for word in self.load]
        return "".join(line if " " in line else load_lines([line]) + "\n" for line in words)


def php():
    found = sorted(glob.glob(f"{MODULES_DIR}/libphp*.so"))
    assert found, "libapache2-mod-php is not installed"
    return f"LoadModule php_module {found[-1]}\n"


NEIGHBOURS = {
    "security2": Neighbour("unique_id", "security2", conf=SECURITY, logs=("ModSecurity",)),
    "evasive": Neighbour("evasive20", conf=EVASIVE),
    "mellon": Neighbour("auth_mellon", inside=RUN_CGI + "\nMellonEnable info"),
    "cache": Neighbour("cache", "cache_socache", "socache_shmcb", conf=CACHE),
    "http2": Neighbour("http2", conf="Protocols h2c http/1.1\n"),
    "php": Neighbour(php, mpm="prefork", script="env.php",
                     inside="AddType application/x-httpd-php .php"),
    # Without that line mod_wsgi keeps its child from ending for ten seconds, also alone.
    "wsgi": Neighbour("wsgi", script="env.wsgi", conf="WSGIDestroyInterpreter Off\n",
                      inside="Options +ExecCGI\nAddHandler wsgi-script .wsgi"),
}
PLACES = [(name, place) for name in NEIGHBOURS for place in ("before", "after")]




def serve(make, name, place):
    """A server with that module loaded before or after ours."""
    neighbour = NEIGHBOURS[name]
    lines = neighbour.lines()
    web = make((lines if place == "after" else "") + "ScriptSock {root}/run/cgisock\n"
               + neighbour.conf + SECTION % neighbour.inside,
               head=(lines if place == "before" else "") + "LimitRequestBody 100000\n",
               modules=("cgid",), mpm=neighbour.mpm, processes=1, start=False)
    for file, text in {"env.cgi": CGI, "env.php": PHP, "env.wsgi": WSGI}.items():
        web.put("app/" + file, text, 0o755)
    web.put("free.html", "free\n")
    web.start()
    web.path = "/app/" + neighbour.script
    web.key = web.keys.create(client="acme", scopes=["read"])
    web.said_by_others = neighbour.logs
    return web


def left(answer):
    return limits(answer)["1000/day"]["r"]


@pytest.fixture(scope="module", params=PLACES, ids=["-".join(pair) for pair in PLACES])
def shared(request, make_httpd):
    return serve(make_httpd, *request.param)


@pytest.fixture
def beside(shared):
    shared.expect(*shared.said_by_others)
    return shared


def test_who_may_and_who_may_not(beside):
    assert_refused(beside.get(beside.path), "credential_missing")
    assert_refused(beside.get(beside.path, key="agk_unknown"), "key_invalid")
    answer = beside.get(beside.path, key=beside.key)
    assert answer.status == 200 and 0 < left(answer) < 1000
    assert beside.get("/free.html").text == "free\n"


def test_the_application_is_told_who_and_not_the_key(beside):
    answer = beside.get(beside.path + "?x=1", key=beside.key,
                        headers={"X-ApiGuard-Client": "root", "X_ApiGuard_Scopes": "all"})
    seen = answer.json
    assert seen["HTTP_X_APIGUARD_CLIENT"] == "acme" and seen["HTTP_X_APIGUARD_SCOPES"] == "read"
    assert seen["APIGUARD_CLIENT"] == "acme"
    assert "HTTP_X_API_KEY" not in seen and beside.key not in answer.text


def test_a_post_is_counted_once(beside):
    before = left(beside.get(beside.path, key=beside.key))
    answer = beside.request("POST", beside.path, key=beside.key, body="a=b&c=d",
                            headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200 and left(answer) == before - 1


# ---- what one of them does -----------------------------------------------------------------------

BOTH = pytest.mark.parametrize("place", ["before", "after"])


def audited(web):
    return web.verdict.error.peek().count("AG0140")


@pytest.mark.slow
@BOTH
def test_a_403_of_mod_evasive_is_its_own(own_httpd, place):
    """It refuses in access_checker, before any Require was tested; it was told as our access_denied,
    with an audit line."""
    web = serve(own_httpd, "evasive", place)
    web.expect("client denied by server configuration")
    answers = [web.get(web.path, key=web.key) for _ in range(70)]
    assert answers[0].status == 200 and answers[-1].status == 403
    assert "problem" not in answers[-1].header("Content-Type") and audited(web) == 0


@BOTH
def test_mod_security_refuses_what_it_likes_and_we_what_we_like(own_httpd, place):
    """Its body rules run after our gate: nobody without a credential has a body read for him."""
    web = serve(own_httpd, "security2", place)
    web.expect("ModSecurity")
    sent = {"body": "a=evil", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    assert_refused(web.request("POST", web.path, **sent), "credential_missing")
    before = audited(web)
    answer = web.request("POST", web.path, key=web.key, **sent)
    assert answer.status == 403 and "problem" not in answer.header("Content-Type")
    assert audited(web) == before


def test_http2_asks_for_a_key_as_well(own_httpd):
    web = serve(own_httpd, "http2", "before")

    def curl(*args):
        url = f"http://127.0.0.1:{web.port}{web.path}"
        return subprocess.run(["curl", "-s", "--http2-prior-knowledge", "-o", "/dev/null", "-w",
                               "%{http_code} %{http_version}", *args, url],
                              capture_output=True, text=True, timeout=20, check=True).stdout

    assert curl() == "401 2"
    assert curl("-H", f"X-API-Key: {web.key}") == "200 2"
    assert curl("-H", f"X-API-Key: {web.key}", "-d", "a=b") == "200 2"


# ---- mod_cache -----------------------------------------------------------------------------------

PUBLIC = """
<Location "/public/">
    ApiGuardRateLimit 9/day by=ip
    Header set Cache-Control "max-age=60"
</Location>
"""


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("quick", ["off", "on"])
def test_a_stored_answer_tells_nobody_of_another_s_limits(own_httpd, place, quick):
    """Every hit carried the RateLimit fields of whoever had filled the cache. Now one that is counted
    tells of its own client, and one that the quick handler answers, uncounted, tells nothing."""
    lines = NEIGHBOURS["cache"].lines()
    web = own_httpd((lines if place == "after" else "")
                    + NEIGHBOURS["cache"].conf.replace("QuickHandler off", f"QuickHandler {quick}")
                    + "RemoteIPHeader X-Client\n" + PUBLIC,
                    head=lines if place == "before" else "", modules=("remoteip",),
                    files={"public/x.txt": "for all\n"})
    answers = [web.get("/public/x.txt", headers={"X-Client": f"192.0.2.{host}"})
               for host in (1, 2, 1)]
    assert ["HIT" in answer.header("X-Cache") for answer in answers] == [False, True, True]
    told = [limits(answer).get("9/day", {}).get("r") for answer in answers]
    assert told == ([8, 8, 7] if quick == "off" else [8, None, None])
