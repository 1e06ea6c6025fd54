# SPDX-License-Identifier: Apache-2.0
"""What the tests of apiguardctl say again and again."""

import json


def refused(db, *args, status, says="", stdin=None):
    """The command fails with this status, says so on stderr and nothing on stdout."""
    done = db.ctl(*args, check=False, stdin=stdin)
    assert (done.returncode, done.stdout) == (status, ""), done
    assert done.stderr.startswith("apiguardctl: ") and says in done.stderr, done.stderr
    return done


def created(db, *args):
    """`key create --json`."""
    return json.loads(db.ctl("--json", "key", "create", "--client", "acme", *args).stdout)


def shown(db, name, stdin=None):
    return json.loads(db.ctl("key", "show", str(name), "--json", stdin=stdin).stdout)


def public(key):
    return key[:-41]
