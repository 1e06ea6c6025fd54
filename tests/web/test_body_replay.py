# SPDX-License-Identifier: Apache-2.0
"""A body that was read and checked gets to whoever handles the request byte for byte, on every way that httpd takes."""

import glob
import hashlib
import json
import os
import tempfile

import pytest

from support.backend import Backend
from support.fcgi import STDIN, FastCgi, Handler

SIZES = [0, 1, 2, 8191, 8192, 8193, 65535, 65536, 65537, 1 << 20]
ECHO = """#!/usr/bin/python3
import hashlib, json, os, sys
body = sys.stdin.buffer.read()
print("Content-Type: application/json\\n")
print(json.dumps({"n": len(body), "digest": hashlib.sha256(body).hexdigest(), "uri": os.environ["REQUEST_URI"],
                  "length": os.environ.get("CONTENT_LENGTH"), "method": os.environ["REQUEST_METHOD"]}))
"""
CONF = """
ScriptSock "{root}/cgisock"
ApiGuardValidate max-body=1M
<Location "/http/">
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/nocanon/">
    ProxyPass "http://127.0.0.1:{backend}/" nocanon
</Location>
<Location "/fcgi/">
    SetHandler "proxy:fcgi://127.0.0.1:{fcgi}"
</Location>
<Directory "{root}/htdocs">
    Options +ExecCGI
    AddHandler cgi-script .cgi
</Directory>
<Directory "{root}/htdocs/rewritten">
    Options +FollowSymLinks
    RewriteEngine on
    RewriteRule ^x$ /cgi/echo.cgi
</Directory>
<Directory "{root}/htdocs/proxied">
    Options +FollowSymLinks
    RewriteEngine on
    RewriteRule ^x$ http://127.0.0.1:{backend}/x [P]
</Directory>
<Directory "{root}/htdocs/fallback">
    FallbackResource /cgi/echo.cgi
</Directory>
<Directory "{root}/htdocs/index">
    DirectoryIndex echo.cgi
</Directory>
<Location "/reflected">
    SetHandler reflector
</Location>
<Location "/kept/">
    KeptBodySize 2000000
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/cached/">
    CacheEnable disk
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
<Location "/modsec/">
    SecRuleEngine On
    SecRequestBodyAccess On
    ProxyPass "http://127.0.0.1:{backend}/"
</Location>
DavLockDB "{root}/htdocs/dav/lock"
<Location "/dav/">
    Dav On
</Location>
"""
MODULES = ("proxy", "proxy_http", "proxy_fcgi", "cgid", "rewrite", "dir", "reflector", "request", "http2", "cache", "cache_disk",
           "unique_id", "security2", "dav", "dav_fs", "mime")
HEAD = 'CacheQuickHandler off\nCacheRoot "/tmp"\nProtocols h2c http/1.1\nSecRequestBodyLimit 20000000\nSecRequestBodyNoFilesLimit 20000000\n'
WAYS = ["/http/x", "/nocanon/x", "/fcgi/x", "/cgi/echo.cgi", "/rewritten/x", "/proxied/x", "/fallback/anything", "/index/",
        "/reflected", "/kept/x", "/cached/x", "/modsec/x"]


class Echo(Handler):
    """Answers with what came on its standard input."""

    def handle(self):
        body, kind, data = b"", None, b"."
        while (kind, data) != (STDIN, b""):
            kind, data = self.record()
            body += data if kind == STDIN else b""
        self.answer(json.dumps({"n": len(body), "digest": hashlib.sha256(body).hexdigest()}).encode())


def text(n):
    """JSON of just that many bytes, all different from the next."""
    if n < 3:
        return b"1" * n
    body = "".join(f"{i:07d} " for i in range(n // 8 + 1))[:n - 2]
    return f'"{body}"'.encode()


@pytest.fixture(scope="module", params=["event", "worker", "prefork"])
def web(request, make_httpd):
    backend, fcgi = Backend(), FastCgi(Echo)
    modules = [name for name in MODULES if name != "http2" or request.param != "prefork"]
    server = make_httpd(HEAD.replace("h2c ", "" if request.param == "prefork" else "h2c ") + CONF, modules=modules,
                        mpm=request.param, words={"backend": backend.port, "fcgi": fcgi.port}, database=None,
                        files={"rewritten/y": "", "proxied/y": "", "fallback/y": "", "dav/y": ""})
    for name in ("cgi/echo.cgi", "index/echo.cgi"):
        server.put(name, ECHO, 0o755)
    os.chmod(f"{server.root}/htdocs/dav", 0o777)  # httpd's children write there
    server.mpm = request.param
    yield server
    fcgi.close()
    backend.close()


def digest_of(path, answer):
    """What the application got: how many bytes and their digest."""
    if path == "/reflected":
        return len(answer.body), hashlib.sha256(answer.body).hexdigest()
    said = json.loads(answer.body)
    if "digest" in said:
        return said["n"], said["digest"]
    body = said["body"].encode("latin-1")
    return len(body), hashlib.sha256(body).hexdigest()


def left_over():
    return glob.glob(tempfile.gettempdir() + "/apiguard.body.*")


@pytest.mark.parametrize("path", WAYS)
def test_every_way(web, path):
    for n in SIZES:
        body = text(n)
        answer = web.request("POST", path, headers={"Content-Type": "application/json"}, body=body)
        assert answer.status == 200, (n, answer)
        assert digest_of(path, answer) == (n, hashlib.sha256(body).hexdigest()), n
    assert not left_over()


@pytest.mark.parametrize("path", WAYS)
def test_chunked(web, path):
    for n in (1, 8193, 65537, 1 << 20):
        body = text(n)
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 5000]), body[i:i + 5000]) for i in range(0, n, 5000))
        answer = web.client.raw_request("POST", path, ["Content-Type: application/json", "Transfer-Encoding: chunked"],
                                 pieces + b"0\r\nX-Trailer: 1\r\n\r\n")
        assert answer.status == 200, (n, answer)
        assert digest_of(path, answer) == (n, hashlib.sha256(body).hexdigest()), n


def test_what_is_no_json_gets_nowhere(web):
    for path in WAYS:
        answer = web.request("POST", path, headers={"Content-Type": "application/json"}, body=text(70000)[:-1])
        assert (answer.status, answer.code) == (400, "input_invalid"), (path, answer)
    assert not left_over()


def test_a_put_to_mod_dav(web):
    for n in (8193, 65537):
        answer = web.request("PUT", f"/dav/{n}.json", headers={"Content-Type": "application/json"}, body=text(n))
        assert answer.status == 201, answer
        with open(f"{web.root}/htdocs/dav/{n}.json", "rb") as f:
            assert f.read() == text(n)
    answer = web.request("PUT", "/dav/bad.json", headers={"Content-Type": "application/json"}, body="{")
    assert (answer.status, answer.code) == (400, "input_invalid")
    assert web.get("/dav/bad.json").status == 404
