#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every guard and ends with "N passed, N failed". AG_BUILD names a build directory; without it the
# guards that look at objects look at sources alone.

cd "$(dirname "$0")" || exit 1
passed=0 failed=0

for guard in *.sh; do
    [ "$guard" = run.sh ] && continue
    if bash "$guard"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
