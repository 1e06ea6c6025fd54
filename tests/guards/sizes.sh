#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Files of at most 400 lines, functions of at most 60.
. "$(dirname "$0")/lib.bash"

mapfile -t files < <(find src mod_apiguard.c -name '*.[ch]' ! -name schema.c)
must_find "${#files[@]}" 60 "files"

for file in "${files[@]}"; do
    lines=$(wc -l < "$file")
    [ "$lines" -le 400 ] || complain "$file has $lines lines"
done

# A function begins with "{" at the start of a line and ends with "}" there.
functions=$(awk '
    FNR == 1 { start = 0 }
    /^\{/ { start = FNR; name = before }
    /^\}/ && start { n++; if (FNR - start + 1 > 60) print "long " FILENAME ": " name ": " FNR - start + 1 " lines"; start = 0 }
    { before = $0 }
    END { print "count " n }' "${files[@]}")
must_find "$(sed -n 's/^count //p' <<< "$functions")" 300 "functions"
while read -r _ line; do
    complain "$line"
done < <(grep '^long ' <<< "$functions")

finish
