# SPDX-License-Identifier: Apache-2.0
"""Bodies that come in odd ways, are refused or break off: nothing that was not checked gets to an application, and nothing of a refused body is
taken for another request."""

import glob
import gzip
import json
import socket
import tempfile
import time
import zlib

import pytest

from support.backend import Backend
from support.client import parse, read_all
from support.h2client import request as h2_request
from support.ports import LOOPBACK
from support.problem import assert_refused

ECHO = """#!/usr/bin/python3
import os, sys
body = sys.stdin.buffer.read()
print("Content-Type: text/plain\\n")
print("cgi", os.environ["REQUEST_METHOD"], len(body))
"""
CONF = """
ScriptSock "{root}/cgisock"
Protocols h2c http/1.1
MergeTrailers On
RequestReadTimeout body=2
<Directory "{root}/htdocs">
    Options +ExecCGI
    AddHandler cgi-script .cgi
</Directory>
<Directory "{root}/htdocs/rewritten">
    Options +FollowSymLinks
    RewriteEngine on
    RewriteRule ^strict$ /strict/x
    RewriteRule ^echo$ /cgi/echo.cgi
</Directory>
<Directory "{root}/htdocs/fallback">
    FallbackResource /cgi/strict.cgi
</Directory>
<Directory "{root}/htdocs/index">
    DirectoryIndex strict.cgi
</Directory>
<Directory "{root}/htdocs/probed">
    DirectoryIndex strict.cgi
    RequestHeader set X-Probe 1 "expr=-U '/json/x'"
</Directory>
<Directory "{root}/htdocs/dry">
    Options +FollowSymLinks
    ApiGuardDryRun on
    ApiGuardValidate max-body=10
    RewriteEngine on
    RewriteRule ^json$ /json/x
</Directory>
<Files "strict.cgi">
    ApiGuardValidate on
</Files>
<Location "/json/">
    ApiGuardDryRun off
    ApiGuardValidate on
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/limited/">
    ApiGuardValidate on
    LimitRequestBody 10
    SetHandler cgi-script
</Location>
<Location "/strict/">
    ApiGuardValidate max-body=100
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/loose/">
    ApiGuardValidate type=*/*
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/packed/">
    ApiGuardValidate type=application/json,text/plain max-body=1M decompress=100K
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/error/">
    ApiGuardErrors httpd
    ApiGuardValidate on
    ErrorDocument 400 /cgi/echo.cgi
    ErrorDocument 413 /cgi/echo.cgi
    ErrorDocument 415 /cgi/echo.cgi
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/missing/">
    ErrorDocument 404 /strict/page
</Location>
<Location "/inflated/">
    ApiGuardValidate decompress=1M
    SetInputFilter DEFLATE
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
"""
JSON = "Content-Type: application/json"


@pytest.fixture(scope="module")
def web(make_httpd):
    backend = Backend()
    server = make_httpd(CONF, modules=("proxy", "proxy_http", "cgid", "rewrite", "dir", "http2", "deflate", "reqtimeout", "mime", "headers"),
                        words={"backend": backend.port}, database=None,
                        files={name + "/y": "" for name in ("rewritten", "fallback", "index", "limited", "dry", "probed")})
    for name in ("cgi/echo.cgi", "cgi/strict.cgi", "index/strict.cgi", "probed/strict.cgi", "limited/x"):
        server.put(name, ECHO, 0o755)
    server.backend = backend
    yield server
    backend.close()


@pytest.fixture
def untouched(web):
    """The backend sees no request."""
    before = len(web.backend.seen)
    yield
    assert len(web.backend.seen) == before, web.backend.seen[before:]


class Talk:
    """A connection, written and read piece by piece."""

    def __init__(self, web):
        self.socket = socket.create_connection((LOOPBACK, web.port), 15)

    def say(self, *lines, body=b""):
        self.socket.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def hear(self, seconds=0.3):
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(65536)
        except socket.timeout:
            return b""

    def rest(self):
        self.socket.settimeout(15)
        return read_all(self.socket)


def head(path, *fields, method="POST"):
    return [f"{method} {path} HTTP/1.1", "Host: x", *fields]


def test_who_waits_is_told_to_go_on(web):
    talk = Talk(web)
    talk.say(*head("/json/x", JSON, "Content-Length: 7", "Expect: 100-continue", "Connection: close"))
    assert talk.hear(5).startswith(b"HTTP/1.1 100 Continue\r\n")
    talk.socket.sendall(b'{"a":1}')
    assert parse(talk.rest()).json["body"] == '{"a":1}'


@pytest.mark.parametrize("fields", [("Content-Type: text/plain", "Content-Length: 7"), (JSON, "Content-Length: 70000000"),
                                    (JSON, "Content-Length: 7", "Content-Encoding: gzip")])
def test_who_waits_is_refused_before_he_sends(web, untouched, fields):
    talk = Talk(web)
    talk.say(*head("/json/x", *fields, "Expect: 100-continue"))
    answer = talk.rest()
    assert b"100 Continue" not in answer and answer.startswith((b"HTTP/1.1 415", b"HTTP/1.1 413"))


@pytest.mark.parametrize("body, fields", [
    (b"GET /json/inner HTTP/1.1\r\nHost: x\r\n\r\n", ["Content-Type: text/plain", "Content-Length: 37"]),
    (b"GET /json/inner HTTP/1.1\r\nHost: x\r\n\r\n", [JSON, "Content-Length: 37"]),
    (b"25\r\nGET /json/inner HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\n\r\n", ["Content-Type: text/plain", "Transfer-Encoding: chunked"]),
    (b"25\r\nGET /json/inner HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\nX: y\r\n\r\n", [JSON, "Transfer-Encoding: chunked"])])
@pytest.mark.parametrize("path", ["/json/x", "/error/x"])
def test_a_refused_body_is_no_request(web, path, body, fields):
    """Behind it another one that is good: it is answered, or the connection ends."""
    before = len(web.backend.seen)
    talk = Talk(web)
    talk.say(*head(path, *fields), body=body)
    talk.say(*head("/json/next", "Connection: close", method="GET"))
    text = talk.rest()
    assert [request["path"] for request in web.backend.seen[before:]] in ([], ["/next"]), text
    assert b"cgi GET 0" in text or path == "/json/x"


def test_http2(web):
    fields = [("content-type", "application/json")]
    for body in (b'{"a":1}', b'"' + b"x" * 16000 + b'"'):
        answer = h2_request(web.port, "POST", "/json/x", fields, body)
        assert answer.status == 200 and answer.json["body"].encode() == body
        length = [("content-length", str(len(body)))]
        assert h2_request(web.port, "POST", "/json/x", fields + length, body).json["body"].encode() == body
    assert_refused(h2_request(web.port, "POST", "/json/x", fields, b'{"a":1'), "input_invalid")
    assert_refused(h2_request(web.port, "POST", "/json/x", [("content-type", "text/plain")], b"{}"), "media_type_unsupported")
    assert_refused(h2_request(web.port, "POST", "/strict/x", fields, b" " * 101 + b"1"), "body_too_large")
    assert h2_request(web.port, "POST", "/json/x", fields, b"{}", trailers=[("x-t", "1")]).json["body"] == "{}"


def test_trailers_change_no_field_that_was_checked(web):
    answer = web.client.raw_request("POST", "/json/x", [JSON, "Transfer-Encoding: chunked"],
                                    b"2\r\n{}\r\n0\r\nContent-Encoding: gzip\r\nX-T: 1\r\n\r\n")
    assert answer.status == 200
    assert not [name for name, _ in answer.json["headers"] if name.lower() in ("content-encoding", "x-t")]


@pytest.mark.parametrize("body", [b'{"a"', b'"' + b"x" * 100000])
def test_a_body_that_breaks_off(web, untouched, body):
    for fields, sent in ((["Content-Length: 200000"], body),
                         (["Transfer-Encoding: chunked"], b"%x\r\n%s" % (len(body) + 10, body))):
        answer = web.client.raw_request("POST", "/json/x", [JSON, *fields], sent)
        assert answer is None or answer.status == 400
    assert not glob.glob(tempfile.gettempdir() + "/apiguard.body.*")


@pytest.mark.slow
def test_a_slow_body(web, untouched):
    talk = Talk(web)
    talk.say(*head("/json/x", JSON, "Content-Length: 10"), body=b"[1")
    assert talk.rest().startswith(b"HTTP/1.1 408")


def test_httpds_own_limit_stays(web):
    answer = web.request("POST", "/limited/x", headers={"Content-Type": "application/json"}, body="[1,2,3,4,5,6]")
    assert answer.status == 413 and answer.code is None


def test_a_redirect_is_checked_anew(web, untouched):
    """mod_rewrite takes it from where nothing is checked to where much is."""
    assert_refused(web.request("POST", "/rewritten/strict", headers={"Content-Type": "text/plain"}, body="x"),
                   "media_type_unsupported")
    body = "[" + "1," * 100 + "1]"
    answer = web.request("POST", "/rewritten/strict", headers={"Content-Type": "application/json"}, body=body)
    assert_refused(answer, "body_too_large")
    assert_refused(web.request("POST", "/rewritten/strict", headers={"Content-Type": "application/json"}, body="{"),
                   "input_invalid")


def test_what_a_dry_run_read_in_part_is_not_taken_for_the_whole(web, untouched):
    """It stops reading at its own max-body. The section behind it checked that beginning, which is JSON, and let all pass."""
    web.expect("AG1001")
    talk = Talk(web)
    talk.say(*head("/dry/json", JSON, "Transfer-Encoding: chunked", "Connection: close"), body=b"c\r\n{}          \r\n")
    time.sleep(0.2)
    talk.socket.sendall(b"5\r\nhello\r\n0\r\n\r\n")
    assert parse(talk.rest()).status == 500


@pytest.mark.parametrize("path", ["/fallback/any", "/index/", "/probed/"])
def test_what_mod_dir_makes_of_it_is_checked(web, path):
    """Its section has rules, that of what was asked for has none, and the sub-request between them has no body."""
    good = web.request("POST", path, headers={"Content-Type": "application/json"}, body="{}")
    assert good.status == 200 and good.text == "cgi POST 2\n"
    assert_refused(web.request("POST", path, headers={"Content-Type": "application/json"}, body="{"), "input_invalid")
    assert_refused(web.request("POST", path, headers={"Content-Type": "text/plain"}, body="{}"), "media_type_unsupported")


@pytest.mark.parametrize("fields, body", [
    ([JSON], b"{"), ([JSON], b"[" + b"1," * 50000), (["Content-Type: text/plain"], b"x" * 10)])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_error_document_gets_nothing_of_it(web, untouched, fields, body, framing):
    if framing == "length":
        answer = web.client.raw_request("POST", "/error/x", [*fields, f"Content-Length: {len(body)}"], body)
    else:
        answer = web.client.raw_request("POST", "/error/x", [*fields, "Transfer-Encoding: chunked"],
                                        b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    assert answer.status in (400, 415) and answer.text == "cgi GET 0\n"


def test_an_error_document_of_others_is_checked(web, untouched):
    """A front controller that answers for what is not there reads the body, too."""
    answer = web.request("POST", "/missing/x", headers={"Content-Type": "text/plain"}, body="x")
    assert answer.status in (404, 415)


def packed(text, coding="gzip"):
    return gzip.compress(text, mtime=0) if coding == "gzip" else zlib.compress(text)


def unpack(web, body, coding, path="/packed/x", type=JSON):
    return web.client.raw_request("POST", path, [type, f"Content-Encoding: {coding}", f"Content-Length: {len(body)}"], body)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "deflate"])
def test_compressed(web, coding):
    body = packed(b'{"a": 1}', "deflate" if coding == "deflate" else "gzip")
    seen = unpack(web, body, coding).json
    assert seen["body"].encode("latin-1") == body
    assert [v for k, v in seen["headers"] if k.lower() == "content-encoding"] == [coding]
    assert_refused(unpack(web, packed(b'{"a": 1', "deflate" if coding == "deflate" else "gzip"), coding), "input_invalid")


def test_compressed_twice_behind_each_other(web):
    assert unpack(web, packed(b'{"a":') + packed(b" 1}"), "gzip").status == 200


@pytest.mark.parametrize("body", [b"{}", packed(b"{}")[:-1], packed(b"{}") + b"x", packed(b"{}", "deflate"), packed(b"{}") + packed(b"{}")[:9]],
                         ids=["plain", "cut off", "more behind it", "deflate", "half of a second one"])
def test_what_is_not_what_its_coding_says(web, untouched, body):
    assert_refused(unpack(web, body, "gzip"), "input_invalid")


def test_a_bomb_ends_at_its_size(web):
    body = packed(b'"' + b"x" * 50_000_000 + b'"')
    started = time.monotonic()
    answer = unpack(web, body, "gzip")
    assert time.monotonic() - started < 2
    assert "decompressed" in assert_refused(answer, "body_too_large")["detail"]
    assert_refused(unpack(web, packed(b"x" * 102401), "gzip", type="Content-Type: text/plain"), "body_too_large")
    assert unpack(web, packed(b"x" * 102400), "gzip", type="Content-Type: text/plain").status == 200


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "gzip, identity", "compress"])
def test_other_codings(web, untouched, coding):
    answer = unpack(web, packed(b"{}"), coding)
    assert_refused(answer, "media_type_unsupported")
    assert answer.header("Accept-Encoding") == "gzip, deflate"


def test_mod_deflate_unpacks_what_was_checked(web):
    seen = unpack(web, packed(b'{"a": 1}'), "gzip", "/inflated/x").json
    assert seen["body"] == '{"a": 1}'


def test_a_type_that_is_not_looked_into_is_not_read_ahead(web):
    """The backend is asked while the client still sends."""
    talk = Talk(web)
    talk.say(*head("/loose/x", "Content-Type: application/octet-stream", "Content-Length: 40000", "Connection: close"),
             body=b"x" * 20000)
    talk.socket.sendall(b"y" * 20000)
    assert json.loads(parse(talk.rest()).body)["body"] == "x" * 20000 + "y" * 20000


@pytest.mark.parametrize("lines, body", [
    (["Transfer-Encoding: chunked", "Content-Length: 4"], b"5\r\nhello\r\n0\r\n\r\n"),
    (["Transfer-Encoding: gzip, chunked"], b"5\r\nhello\r\n0\r\n\r\n"),
    (["Transfer-Encoding: chunked, identity"], b"hello"), (["Transfer-Encoding : chunked"], b"5\r\nhello\r\n0\r\n\r\n"),
    (["Content-Length: 5", "Content-Length: 6"], b"hello!"), (["Content-Length: +5"], b"hello"), (["Content-Length: 5, 5"], b"hello"),
    (["Transfer-Encoding: chunked"], b"5;a=b\r\nhello\r\n0\r\n\r\n"), (["Transfer-Encoding: chunked"], b"-5\r\nhello\r\n0\r\n\r\n")])
def test_tricks_with_the_framing(web, untouched, lines, body):
    """"hello" is no JSON: whatever httpd makes of it, the backend never gets it."""
    answer = web.client.raw_request("POST", "/json/x", [JSON, *lines], body)
    assert answer is None or answer.status in (400, 411, 413, 415, 501), answer


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "FOO"])
def test_any_method_with_a_body(web, untouched, method):
    answer = web.client.raw_request(method, "/json/x", ["Content-Type: text/plain", "Content-Length: 5"], b"hello")
    assert answer is None or answer.status in (400, 405, 413, 415, 501), answer
    answer = web.client.raw_request(method, "/json/x", [JSON, "Content-Length: 5", "Upgrade: websocket", "Connection: upgrade"], b"hello")
    assert answer is None or answer.status in (400, 405, 413, 415, 501), answer


def test_a_client_that_goes_away_leaves_nothing(web, untouched):
    talk = Talk(web)
    talk.say(*head("/json/x", JSON, "Content-Length: 500000"), body=b'"' + b"x" * 300000)
    time.sleep(0.1)
    talk.socket.close()
    assert not glob.glob(tempfile.gettempdir() + "/apiguard.body.*")
