# SPDX-License-Identifier: Apache-2.0
"""What passes ApiGuardParam is read alike: several hundred odd query strings are sent through one server to PHP, Node and
Python, and each that passes has the very values there that were checked, whatever else it holds."""

import random
from urllib.parse import parse_qs

import pytest

from support.backend import Backend
from support.node import Node
from support.php import Php

LINES = """
ApiGuardParam id type=integer
ApiGuardParam q length=..9
ApiGuardParam tags list
ApiGuardParam "ids[]" list type=integer
ApiGuardParam page[size] type=integer
ApiGuardParam user.name
"""
NAMES = ("id", "q", "tags", "ids[]", "page[size]", "user.name")
FRAGMENTS = ("id", "ID", "i", "d", "q", "tags", "ids", "page", "size", "user", "name", "[", "]", "[]", "[size]", "%5B", "%5d", ".", "_",
             "+", "%20", "%00", "%u0069d", ";", "%3B", "&", "&", "&", "=", "=", "=", "%3D", "%26", "%", "%zz", "%69%64", "1", "2", "a",
             "%C3%A4", "%ff", "?", ",", "%2C", "id=1", "q=a", "&q=", "&id=", "&tags=", "&ids[]=3", "&page[size]=4", "&user.name=b", "&x=",
             "__proto__", "0", "-", "'", "%22", "%0A", "*", "(", "/")
BY_HAND = ("id=1", "id=%31", "%69d=1", "id=1&x[id]=2", "id=1&ids=", "q=a+b%2B", "q=%26id%3D2", "q=a&x;y", "tags=a&tags=b,c", "ids[]=1&ids[]=2",
           "ids%5B%5D=1", "page[size]=1&page[number]=2", "page%5bsize%5d=1", "user.name=x&user=y", "id=1&x=%zz", "id=1&=2", "id=1&&&x",
           "q=%E2%82%AC", "q=", "q", "q=a%3Bb", "id=1&x[]=1&x[]=2", "id=1&x=1;y=2", "tags=a%2Cb", "q=a=b", "q==", "id=1&[x]=2", "id=1&x]=2")


def queries():
    made = random.Random(7)
    yield from BY_HAND
    for _ in range(600):
        yield "".join(made.choice(FRAGMENTS) for _ in range(made.randint(2, 9)))
    for _ in range(400):
        pairs = [f"{name.replace('[', made.choice(('[', '%5B')))}={made.choice(('1', '23', '%31', '-4'))}"
                 for name in made.sample(NAMES, made.randint(1, 4))]
        pairs.insert(made.randint(0, len(pairs)), "".join(made.choice(FRAGMENTS) for _ in range(made.randint(1, 4))))
        yield "&".join(pairs)


def checked(query):
    """What was checked: the values of each declared name, to the letter."""
    read = parse_qs(query, keep_blank_values=True)
    return {name: read.get(name, []) for name in NAMES}


def by_php(answer):
    """PHP keeps the last of several values, has a '_' for the '.', and reads brackets."""
    get = answer["get"] or {}
    ids, page = get.get("ids"), get.get("page")
    return {"id": get.get("id"), "q": get.get("q"), "tags": get.get("tags"), "user.name": get.get("user_name"),
            "ids[]": list(ids.values()) if ids else None, "page[size]": page.get("size") if page else None}


def by_qs(read):
    ids, page = read.get("ids"), read.get("page")
    return {"id": read.get("id"), "q": read.get("q"), "tags": read.get("tags"), "user.name": read.get("user.name"),
            "ids[]": ids, "page[size]": page.get("size") if page else None}


def by_dots(read):
    """As qs reads them when it is told that `a.b` is `a[b]`."""
    user = read.get("user")
    return {**by_qs(read), "user.name": user.get("name") if isinstance(user, dict) else None}


def same(read, values):
    """A reader's value for a name: None, a text or a list. Of several, PHP has the last alone."""
    if isinstance(read, list):
        return read == values
    return read == (values[-1] if values else None)


@pytest.fixture(scope="module")
def readers():
    made = {"python": Backend(), "php": Php(), "node": Node("readers.mjs", {})}
    yield made
    for reader in made.values():
        reader.close()


@pytest.fixture(scope="module")
def web(make_httpd, readers):
    ports = {"python": readers["python"].port, "php": readers["php"].port, "node": readers["node"].ask()["port"]}
    conf = "".join(f'<Location "/{name}/">\n{LINES}\nProxyPass "http://127.0.0.1:{port}/"\n</Location>\n'
                   for name, port in ports.items())
    return make_httpd(conf, modules=("proxy", "proxy_http"), database=None)


def read_differently(web, query, expected):
    """Who reads a declared name differently: (reader, name, what he reads)."""
    node = web.get(f"/node/?{query}").json
    search = {name: [value for key, value in node["search"] if key == name] for name in NAMES}
    readings = {"php": by_php(web.get(f"/php/?{query}").json), "search": search, "querystring": node["querystring"],
                "qs": by_qs(node["qs"]), "dots": by_dots(node["dots"])}
    return [(reader, name, read.get(name)) for reader, read in readings.items() for name in NAMES
            if not same(read.get(name), expected[name])]


@pytest.mark.slow
def test_what_passes_is_read_alike(web):
    passed, refused = 0, {400: 0, 422: 0}
    for query in queries():
        answer = web.get(f"/python/?{query}")
        if answer.status != 200:
            refused[answer.status] += 1
            continue
        passed += 1
        assert answer.json["query"] == query
        different = read_differently(web, query, checked(query))
        assert not different, (query, different)
    assert passed > 300 and min(refused.values()) > 50, (passed, refused)


@pytest.mark.parametrize("query", ["id[]=1", "id.x=1", "+id=1", "id%00=1", "id%5B=1", "ID=1", "page=1", "page[size]x=1", "ids=1",
                                   "user_name=1", "user+name=1", "user[name=1", "x=1;id=2"])
def test_a_spelling_that_some_reader_takes_for_a_name_is_refused(web, query):
    assert web.get(f"/python/?{query}").code == "input_invalid"
