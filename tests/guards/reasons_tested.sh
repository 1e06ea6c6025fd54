#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every reason in src/core/reasons.def is named by at least one test in tests/web and has its page
# docs/reasons/CODE.md; and no page is left of a reason that is gone.

cd "$(dirname "$0")/../.." || exit 1
def=src/core/reasons.def
codes=$(sed -n 's/^AG_REASON([A-Z_]*, [0-9]*, "\([a-z_]*\)".*/\1/p' "$def")
rows=$(grep -c '^AG_REASON(' "$def")

if [ -z "$codes" ] || [ "$(echo "$codes" | wc -l)" != "$rows" ]; then
    echo "reasons_tested: $def was not understood" >&2
    exit 1
fi
if ! ls tests/web/test_*.py >/dev/null 2>&1; then
    echo "reasons_tested: there are no tests in tests/web" >&2
    exit 1
fi

failed=0
for code in $codes; do
    if ! grep -q "\"$code\"" tests/web/test_*.py; then
        echo "reasons_tested: no test in tests/web names \"$code\"" >&2
        failed=1
    fi
    if ! [ -s "docs/reasons/$code.md" ]; then
        echo "reasons_tested: docs/reasons/$code.md is missing" >&2
        failed=1
    fi
done
for page in docs/reasons/*.md; do
    code=$(basename "$page" .md)
    case "$code" in
    README | '*') continue ;;
    esac
    if ! echo "$codes" | grep -qx "$code"; then
        echo "reasons_tested: $page is about no reason in $def" >&2
        failed=1
    fi
done
exit $failed
