# SPDX-License-Identifier: Apache-2.0
# Read by every guard: where the tree is, how to complain, how to end. AG_TREE names another tree.

guard=$(basename "$0" .sh)
cd "${AG_TREE:-$(dirname "$0")/../..}" || exit 1
failed=0

complain() {
    echo "$guard: $*" >&2
    failed=1
}

# A guard that does not find what it checks has failed.
must_find() {
    [ "$1" -ge "$2" ] || { complain "found $1 $3, expected at least $2: this guard is blind"; finish; }
}

# A new SQLite file with our tables and the one that examples of ApiGuardKeyQuery name: a configuration
# test asks the database.
make_tables() {
    python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(open("conf/schema/sqlite.sql").read() + """
CREATE TABLE customers (hash, name, scopes, active, until, number, key_sha256, shop_name, rights,
                        contract, blocked, paid_until);""")' "$1"
}

finish() {
    [ "$failed" -eq 0 ] && echo "ok $guard"
    exit "$failed"
}
