# SPDX-License-Identifier: Apache-2.0
"""AuthType Basic: keys as passwords, beside the users of other providers."""

import base64
import hashlib

import pytest

from support.ports import Directory

# A user of mod_authn_file, in the oldest of its forms.
FILE_USER = "fileuser:{SHA}" + base64.b64encode(hashlib.sha1(b"file-password").digest()).decode()

CONF = """
<Location "/b/">
    AuthType Basic
    AuthName "b"
    AuthBasicProvider apiguard file
    AuthUserFile {users}
    Require valid-user
</Location>
<Directory "{root}/htdocs/b">
    RewriteEngine On
    RewriteRule ^go$ /b/sub/x.html
</Directory>
"""


@pytest.fixture(scope="module")
def web(make_httpd):
    folder = Directory("basic")
    yield make_httpd(CONF, modules=("rewrite",), words={"users": folder.write("users", FILE_USER + "\n")},
                     files={"b/index.html": "index\n", "b/sub/x.html": "sub\n"})
    folder.close()


@pytest.fixture(scope="module")
def key(web):
    return web.keys.create(client="acme")


@pytest.mark.parametrize("path, text", [("/b/sub/x.html", "sub\n"), ("/b/", "index\n"),
                                        ("/b/go", "sub\n")])
def test_a_key_as_basic_password_survives_an_index_and_a_rewrite(web, key, path, text):
    """Both are asked again, when the field is hidden already."""
    answer = web.get(path, basic=("acme", key))
    assert (answer.status, answer.text) == (200, text)
    assert web.get(path).status == 401
    assert web.get(path, basic=("other", key)).status == 401


def test_the_next_basic_provider_is_asked_about_users_unknown_to_us(web):
    """A name that no key has is no wrong password."""
    assert web.get("/b/sub/x.html", basic=("fileuser", "file-password")).status == 200
    assert web.get("/b/sub/x.html", basic=("fileuser", "other-password")).status == 401
