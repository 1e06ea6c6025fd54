#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The C code is as clang-format writes it. Each version of that writes a little differently, so only the one
# in whose words .clang-format is meant is asked.
. "$(dirname "$0")/lib.bash"

version=14
mapfile -t files < <(find src tests mod_apiguard.c -name '*.[ch]' ! -name schema.c)
must_find "${#files[@]}" 70 "files"
[ -s .clang-format ] || complain ".clang-format is missing"
if clang-format --version 2>/dev/null | grep -q "version $version\."; then
    while read -r file; do
        complain "$file: clang-format -i would write it otherwise"
    done < <(printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 20 clang-format --dry-run 2>&1 \
        | sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: warning: .*/\1/p' | sort -u)
else
    echo "$guard: no clang-format $version, the layout was not looked at"
fi
while read -r line; do
    complain "$line has a tab or a space at its end"
done < <(grep -nHP '\t|[ \t]+$' "${files[@]}" | cut -d: -f1,2 | head -n 20)
finish
