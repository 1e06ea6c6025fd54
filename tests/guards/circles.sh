#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Inside a room, too, files need each other one way only: no file calls one that calls it back, directly
# or around several others. What a file needs is what its object asks for. With AG_BUILD only.
. "$(dirname "$0")/lib.bash"

if [ -z "${AG_BUILD:-}" ]; then
    echo "$guard: no AG_BUILD, no objects to look at"
    finish
fi

# "FILE SYMBOL" of what the objects of a room define, or ask for; an object is PROGRAM-FILE.o.
symbols() {
    local kind=$1 object
    shift
    for object in "$@"; do
        nm "$object" 2>/dev/null | awk -v kind="$kind" -v file="$(basename "${object##*-}" .o)" '
            (kind == "asked" && $(NF-1) == "U") || (kind == "given" && $(NF-1) ~ /^[TDBR]$/) {print file, $NF}'
    done
}

files=0
for room in $(find src -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort); do
    objects=$AG_BUILD/src/$room/.libs
    [ -d "$objects" ] || objects=$AG_BUILD/src/$room
    mapfile -t found < <(for object in "$objects"/*.o; do
        name=$(basename "${object##*-}" .o)
        [ -f "src/$room/$name.c" ] && echo "$object" # not what an older tree left
    done)
    files=$((files + ${#found[@]}))
    while read -r file; do
        complain "src/$room/$file.c is part of a circle: it needs a file that needs it"
    done < <(join -1 2 -2 2 <(symbols asked "${found[@]}" | sort -k2,2) <(symbols given "${found[@]}" | sort -k2,2) \
        | awk '$2 != $3 {print $2, $3}' | sort -u | awk '
            {needs[$1] = needs[$1] " " $2}
            function reaches(from, to, seen,    list, n, i) {
                n = split(needs[from], list, " ")
                for (i = 1; i <= n; i++) {
                    if (list[i] == to) return 1
                    if (!(list[i] in seen)) {
                        seen[list[i]] = 1
                        if (reaches(list[i], to, seen)) return 1
                    }
                }
                return 0
            }
            END {for (file in needs) {split("", seen); if (reaches(file, file, seen)) print file}}' | sort)
done
must_find "$files" 100 "objects"
finish
