# SPDX-License-Identifier: Apache-2.0
"""Introspection endpoints that are slow, silent or wrong: nobody gets in, nobody is banned, the log says once what is
wrong, and who needs no answer waits for none."""

import concurrent.futures
import http.client
import json
import statistics
import time

import pytest

from support.fetched import lines_of
from support.introspector import SECRET, Introspector, active, go, says_of
from support.keyserver import drips, floods, goes, half, hangs, says
from support.ports import Directory
from support.problem import assert_refused
from support.waiting import kill, wait_until

LONG = '{"active": true, "client_id": "shop", "pad": "%s"}'
BAD = {
    "silent": (hangs, "Timeout was reached"),
    "slow": (drips, "Timeout was reached"),
    "half an answer": (half, "cannot be asked: "),
    "endless": (floods, "the answer is too large"),
    "too large": (says_of(LONG % ("x" * 65536)), "the answer is too large"),
    "another type": (says('{"active": true}', Content_Type="text/html"), "its answer is not application/json"),
    "no JSON": (says_of("<html>"), "its answer is no JSON object"),
    "twice": (says_of('{"active": false, "active": true}'), "or has a member twice"),
    "true in quotes": (says_of('{"active": "true", "client_id": "shop"}'), '"active" in its answer is neither'),
    "one": (says_of('{"active": 1, "client_id": "shop"}'), '"active" in its answer is neither'),
    "a redirect": (goes("https://127.0.0.1:1/"), "it answers 302"),
    "500": (says_of('{"active": true, "client_id": "shop"}', status="500 Internal Server Error"), "it answers 500"),
    "another client": (says_of("{}", status="401 Unauthorized"), "it answers 401: client= or secret= of this line"),
    "forbidden": (says_of("{}", status="403 Forbidden"), "it answers 403: client= or secret= of this line"),
    "nothing at all": (lambda connection: None, "cannot be asked: "),
}


@pytest.fixture
def folder():
    folder = Directory("introspection")
    yield folder
    folder.close()


@pytest.fixture
def issuer(folder):
    server = Introspector(folder)
    yield server
    server.close()


@pytest.fixture(scope="module")
def shared():
    """One for all bad answers, and a server that bans soon."""
    folder = Directory("introspection")
    server = Introspector(folder)
    yield server
    server.close()
    folder.close()


@pytest.fixture(scope="module")
def web(make_httpd, shared):
    """Each section asks as a client of its own, so that the log tells of each."""
    sections = [shared.section(f"bad{n}", "timeout=1s", client=f"guard{n}") for n in range(len(BAD))]
    return make_httpd("\n".join(sections), database=None, ban="ApiGuardBan 2/min for=1h")


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer(web, shared, name):
    """503 and no ban, however often; the log's one line says what is wrong, and shows neither token nor secret."""
    way, said = BAD[name]
    number = list(BAD).index(name)
    web.expect("AG0945")
    shared.tokens[f"opaque-bad-{number}"] = way
    shared.tokens[f"opaque-good-{number}"] = active()
    before = len(lines_of(web, "AG0945"))
    for _ in range(3 if way not in (hangs, drips) else 1):
        answer = go(web, f"opaque-bad-{number}", f"bad{number}")
        assert_refused(answer, "introspection_unavailable")
        assert answer.header("Retry-After") == "1" and not answer.header("WWW-Authenticate")
    assert go(web, f"opaque-good-{number}", f"bad{number}").status == 200
    (line,) = lines_of(web, "AG0945")[before:]
    assert said in line


def test_a_certificate_of_nobody(own_httpd, issuer):
    text = issuer.section("a").replace(f"ca={issuer.ca}", "")
    web = own_httpd(text, database=None)
    web.expect("AG0945")
    assert_refused(go(web, "opaque-token"), "introspection_unavailable")
    assert not issuer.questions
    assert "certificate" in lines_of(web, "AG0945")[0]


def test_a_certificate_of_another_host(own_httpd, folder):
    server = Introspector(folder, host="127.0.0.9")
    web = own_httpd(server.section("a"), database=None)
    web.expect("AG0945")
    assert_refused(go(web, "opaque-token"), "introspection_unavailable")
    assert not server.questions
    server.close()


def test_without_tls_on_this_machine(own_httpd, folder):
    server = Introspector(folder, tls=False)
    server.tokens["opaque-token"] = active()
    web = own_httpd(server.section("a"), database=None)
    assert go(web, "opaque-token").status == 200
    server.close()


# ---- who waits -----------------------------------------------------------------------------------

def slowly(seconds, **claims):
    def way(connection):
        time.sleep(seconds)
        says_of(json.dumps({"active": True, **active(**claims)}))(connection)
    return way


@pytest.mark.slow
@pytest.mark.parametrize("mpm", ["event", "prefork"])
def test_one_asks_for_all(own_httpd, issuer, mpm):
    """Over all processes."""
    issuer.tokens["opaque-many"] = slowly(0.7)
    web = own_httpd(issuer.section("a"), database=None, mpm=mpm, processes=4, threads=8)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # as many as may wait
        answers = list(pool.map(lambda _: go(web, "opaque-many"), range(8)))
    assert {answer.status for answer in answers} == {200}
    assert issuer.asked_for("opaque-many") == 1


@pytest.mark.alone
@pytest.mark.parametrize("mpm", ["event", "prefork"])
def test_while_it_hangs(own_httpd, issuer, mpm):
    """No more than a quarter of the workers wait for it; who comes then has 503 at once, and all others answers."""
    issuer.tokens["opaque-known"] = active()
    web = own_httpd(issuer.section("a", "timeout=3s cache=1h"), database=None, mpm=mpm, processes=2, threads=8)
    web.expect("AG0945")
    assert go(web, "opaque-known").status == 200
    issuer.bad = hangs
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        began = time.monotonic()
        waiting = [pool.submit(lambda n: (go(web, f"opaque-junk-{n}"), time.monotonic() - began), n)
                   for n in range(12)]
        wait_until(lambda: len(issuer.questions) == 5)  # four, and the known one's
        took = []
        for _ in range(200):
            start = time.monotonic()
            assert go(web, "opaque-known").status == 200
            assert web.get("/index.html").status == 200
            took.append(time.monotonic() - start)
        answers = [job.result() for job in waiting]
    assert sorted(took)[197] < 0.25, sorted(took)[-5:]
    for answer, _ in answers:
        assert_refused(answer, "introspection_unavailable")
    patient = [seconds for _, seconds in answers if seconds > 1]
    assert len(patient) == 4 and max(patient) < 4.5, answers
    assert len(issuer.questions) == 5
    assert statistics.median(seconds for _, seconds in answers) < 1


@pytest.mark.slow
def test_a_killed_child_keeps_no_seat(own_httpd, issuer):
    """Nor does it keep others waiting who ask the same. One worker of four may wait."""
    issuer.bad = hangs
    web = own_httpd(issuer.section("a", "timeout=1s"), database=None, mpm="prefork", processes=1, threads=4)
    web.expect("AG0945", "AH00052", "exit signal Killed")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        job = pool.submit(go, web, "opaque-hang")
        wait_until(lambda: issuer.questions)
        assert_refused(go(web, "opaque-other"), "introspection_unavailable")
        for pid in web.children():
            kill(pid)
        with pytest.raises((OSError, http.client.HTTPException)):
            job.result()
    issuer.bad = None
    issuer.tokens["opaque-hang"] = active()
    wait_until(lambda: answers(web, "opaque-hang") == 200, 8)


def answers(web, token):
    try:
        return go(web, token).status
    except (OSError, http.client.HTTPException):
        return None


@pytest.mark.slow
def test_it_answers_again(own_httpd, issuer):
    """That is said when nothing has failed for a while."""
    issuer.tokens["opaque-token"] = active()
    web = own_httpd(issuer.section("a", "cache=0 negative=0"), database=None)
    web.expect("AG0945")
    issuer.bad = says_of("{}", status="503 Service Unavailable")
    assert_refused(go(web, "opaque-token"), "introspection_unavailable")
    issuer.bad = None
    assert go(web, "opaque-token").status == 200
    assert lines_of(web, "AG0946") == []
    wait_until(lambda: go(web, "opaque-token").status == 200 and lines_of(web, "AG0946"), 5)
    assert len(lines_of(web, "AG0945")) == len(lines_of(web, "AG0946")) == 1
    assert SECRET not in web.error_log()


# ---- old answers ---------------------------------------------------------------------------------

@pytest.mark.slow
def test_stale_answers(own_httpd, issuer):
    """They are used while it lasts, and no longer than stale=; a moment after a failure nobody waits for another."""
    issuer.tokens["opaque-old"] = active()
    web = own_httpd(issuer.section("a", "cache=1s stale=6s timeout=1s") + issuer.section("b", "cache=1s timeout=1s"),
                    database=None)
    web.expect("AG0945")
    assert go(web, "opaque-old").status == go(web, "opaque-old", "b").status == 200
    began = time.monotonic()
    issuer.bad = hangs
    time.sleep(1.1)
    assert_refused(go(web, "opaque-old", "b"), "introspection_unavailable")
    assert go(web, "opaque-old").status == 200
    start = time.monotonic()
    assert go(web, "opaque-old").status == 200
    assert time.monotonic() - start < 0.5
    line = lines_of(web, "AG0945")[0]
    assert "Timeout" in line
    wait_until(lambda: go(web, "opaque-old").status == 503, 10)
    assert time.monotonic() - began > 5
    issuer.bad = None
    issuer.tokens["opaque-old"] = says_of('{"active": false}')
    wait_until(lambda: go(web, "opaque-old").status == 401)


def test_nobody_makes_it_fail_by_a_token_of_his_own(own_httpd, issuer):
    """It was away for all, so old answers were used unasked, for as long as somebody sent what it finds too long."""
    web = own_httpd(issuer.section("a", "cache=1s stale=1h"), database=None)
    web.expect("AG0945")
    issuer.tokens["opaque-ended"] = active()
    issuer.tokens["x" * 3000] = says("", status="413 Content Too Large")
    assert go(web, "opaque-ended").status == 200
    issuer.tokens["opaque-ended"] = says_of('{"active": false}')
    time.sleep(1.1)
    assert_refused(go(web, "x" * 3000), "introspection_unavailable")
    assert_refused(go(web, "opaque-ended"), "token_invalid")


# ---- reloads ---------------------------------------------------------------------------------------

@pytest.mark.slow
def test_another_endpoint_after_a_reload(own_httpd, issuer):
    """It had the state of the first one of before: the log said that it answers again, and not that it fails."""
    second = Directory("introspection")
    other = Introspector(second)
    web = own_httpd(issuer.section("a"), database=None)
    web.expect("AG0945")
    issuer.bad = other.bad = says_of("{}", status="503 Service Unavailable")
    assert_refused(go(web, "opaque-1"), "introspection_unavailable")
    web.configure(other.section("a"))
    web.graceful()
    assert_refused(go(web, "opaque-2"), "introspection_unavailable")
    told = lines_of(web, "AG0945")
    assert len(told) == 2 and issuer.url("/") in told[0] and other.url("/") in told[1]
    web.stop()
    other.close()
    second.close()
