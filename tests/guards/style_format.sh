#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Tells how many files clang-format would write otherwise; a matter of taste, so it never fails for that.
. "$(dirname "$0")/lib.bash"

mapfile -t files < <(find src tests mod_apiguard.c -name '*.[ch]' ! -name schema.c)
must_find "${#files[@]}" 70 "files"
[ -s .clang-format ] || complain ".clang-format is missing"
if command -v clang-format >/dev/null; then
    other=0
    for file in "${files[@]}"; do
        clang-format --dry-run --Werror "$file" >/dev/null 2>&1 || other=$((other + 1))
    done
    echo "$guard: clang-format would write $other of ${#files[@]} files otherwise"
fi
while read -r line; do
    complain "$line has a tab or a space at its end"
done < <(grep -nHP '\t|[ \t]+$' "${files[@]}" | cut -d: -f1,2 | head -n 20)
finish
