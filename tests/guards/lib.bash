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

finish() {
    [ "$failed" -eq 0 ] && echo "ok $guard"
    exit "$failed"
}
