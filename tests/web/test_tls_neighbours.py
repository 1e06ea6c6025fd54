# SPDX-License-Identifier: Apache-2.0
"""ApiGuardTLS beside what else leads a request to a page: rewriting, includes, indexes, proxies, .htaccess."""

import re

import pytest

from support.problem import assert_refused

HERE = "https://127.0.0.1"
CONF = r"""
Protocols h2c http/1.1
RewriteEngine on
RewriteRule "^/short/(.*)$" "/s/moved/$1" [PT]
RewriteRule "^/away/(.*)$" "https://api.test/$1" [R=301,L]
<Location "/s/moved/">
    ApiGuardTLS redirect
</Location>
<Location "/s/must/">
    ApiGuardTLS require
</Location>
<Directory "{root}/htdocs/dir">
    Options +Includes +FollowSymLinks
    RewriteEngine on
    RewriteRule "^go/(.*)$" "/s/moved/$1"
    AddOutputFilter INCLUDES .shtml
    FallbackResource /s/moved/hello.html
</Directory>
<Directory "{root}/htdocs/index">
    <Files "index.html">
        ApiGuardTLS redirect
        ApiGuardKeyFrom header:X-API-Key query:apikey
    </Files>
</Directory>
<Directory "{root}/htdocs/tenant">
    AllowOverride AuthConfig
</Directory>
<Directory "{root}/htdocs/tenant/guarded">
    ApiGuardTLS require
</Directory>
ProxyRequests On
<Proxy "*">
    ApiGuardTLS redirect
</Proxy>
"""
FILES = {
    "dir/page.shtml": 'before <!--#include virtual="/s/moved/hello.html" --> after\n',
    "index/index.html": "an index\n",
    "tenant/own/.htaccess": "ApiGuardTLS redirect\n", "tenant/own/page.html": "own\n",
    "tenant/guarded/relaxed/.htaccess": "ApiGuardTLS redirect\n", "tenant/guarded/relaxed/page.html": "relaxed\n",
}


@pytest.fixture(scope="module")
def web(make_httpd):
    return make_httpd(CONF, modules=("rewrite", "include", "proxy", "proxy_http", "proxy_connect", "http2"),
                      files=FILES, database=None)


def moved(answer, where):
    assert (answer.status, answer.header("Location")) == (308, HERE + where), answer


def test_rewritten_paths(web):
    """The client is sent to what it asked for, by whatever way that got here."""
    moved(web.get("/short/hello.html?x=1"), "/short/hello.html?x=1")
    assert_refused(web.get("/short/hello.html", key="a key that is nobody's"), "tls_required")
    moved(web.get("/dir/go/hello.html?x=1"), "/dir/go/hello.html?x=1")
    assert_refused(web.get("/dir/go/hello.html", key="a key that is nobody's"), "tls_required")


def test_a_redirect_of_the_server_s_rules_comes_first(web):
    """As the page of the directive says: it is answered before any section is asked."""
    assert web.get("/away/s/must/hello.html", key="a key that is nobody's").status == 301


def test_a_page_includes_nothing_of_it(web):
    answer = web.get("/dir/page.shtml")
    web.expect("AH01371|unable to include")
    assert answer.status == 200 and answer.text.startswith("before") and "hello" not in answer.text


def test_a_fallback(web):
    moved(web.get("/dir/nowhere?x"), "/dir/nowhere?x")
    assert_refused(web.get("/dir/nowhere", key="a key that is nobody's"), "tls_required")


def test_an_index(web):
    moved(web.get("/index/?a=b"), "/index/?a=b")
    assert_refused(web.get("/index/", key="a key that is nobody's"), "tls_required")
    assert len(re.findall('"code":"tls_required"', web.verdict.error.peek())) == 1


def test_a_forward_proxy_s_client_cannot_be_sent_on(web):
    """Another URL would bring TLS to the server it asks, not to the way from it to us."""
    lines = "Host: 127.0.0.1:9\r\nConnection: close\r\n"
    assert_refused(web.client.raw(f"GET http://127.0.0.1:9/x HTTP/1.1\r\n{lines}\r\n"), "tls_required")
    assert_refused(web.client.raw(f"GET http://127.0.0.1:9/x HTTP/1.1\r\n{lines}"
                                  "Proxy-Authorization: Basic cDpzZWNyZXRzZWNyZXRzZWNyZXQ=\r\n\r\n"), "tls_required")
    assert_refused(web.client.raw(f"CONNECT 127.0.0.1:9 HTTP/1.1\r\n{lines}\r\n"), "tls_required")
    assert '"credential"' not in web.verdict.error.peek()


def test_an_upgrade_to_http2_in_clear(web):
    """httpd would take what is left of the request, and ask anew."""
    lines = "Host: api.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    answer = web.client.raw(f"GET /s/must/hello.html HTTP/1.1\r\n{lines}X-API-Key: a key that is nobody's\r\n\r\n")
    assert_refused(answer, "tls_required")


def test_htaccess(web):
    """A folder's owner may ask for TLS, and choose what becomes of requests without it."""
    moved(web.get("/tenant/own/page.html"), "/tenant/own/page.html")
    moved(web.get("/tenant/guarded/relaxed/page.html"), "/tenant/guarded/relaxed/page.html")
    assert_refused(web.get("/tenant/guarded/relaxed/page.html", key="a key that is nobody's"), "tls_required")


@pytest.mark.parametrize("line, said", [
    ("off", "let credentials pass in clear"), ("require proto=X-Forwarded-Proto", "which proxy is believed"),
    ("redirect port=8443", "where TLS is"), ("sometimes", "sometimes")])
def test_htaccess_opens_nothing(web, line, said):
    web.expect("ApiGuardTLS")
    web.put("tenant/guarded/opened/.htaccess", f"ApiGuardTLS {line}\n")
    web.put("tenant/guarded/opened/page.html", "opened\n")
    assert web.get("/tenant/guarded/opened/page.html").status == 500
    assert re.search(f"ApiGuardTLS: .*{said}", web.verdict.error.peek())


def test_a_host_that_is_none(own_httpd):
    """Without strict parsing httpd takes more for a host than a URL can hold."""
    web = own_httpd("HttpProtocolOptions Unsafe\n" + CONF, database=None, files=FILES,
                    modules=("rewrite", "include", "proxy", "proxy_http", "proxy_connect", "http2"))
    for host in ("user@api.test", "a%2fb", "a?b", "a#b", "a'b"):
        answer = web.client.raw(f"GET /s/moved/hello.html HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        assert answer.status in (400, 403) and answer.header("Location") is None, (host, answer)
