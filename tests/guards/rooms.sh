#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Includes point one way: base <- json <- schema; base <- core <- watch <- {keys, authz, limit, reply} <- ban <- control <- cred <- issue
# <- guard <- {server, ctl}; server <- httpd. No room includes a neighbour; ipset stands on base and serves everybody.
. "$(dirname "$0")/lib.bash"

declare -A floor=(
    [base]=0 [ipset]=1 [json]=1 [core]=2 [schema]=2 [watch]=3 [keys]=4 [authz]=4 [limit]=4 [reply]=4
    [ban]=5 [input]=5 [control]=6 [openapi]=6 [cred]=7 [issue]=8 [guard]=9 [server]=10 [httpd]=11 [ctl]=10
)
includes=0

for file in $(find src -name '*.[ch]' ! -path src/ctl/schema.c); do
    room=$(cut -d/ -f2 <<< "$file")
    if [ -z "${floor[$room]:-}" ]; then
        complain "$file stands in a room that has no place in the house: $room"
        continue
    fi
    while read -r target; do
        other=$(basename "$(dirname "$target")")
        includes=$((includes + 1))
        [ -f "$(dirname "$file")/$target" ] || complain "$file includes \"$target\", which is not there"
        [ "$other" = "$room" ] && continue
        [ "$other" = ipset ] && [ "$room" != base ] && continue
        if [ -z "${floor[$other]:-}" ] || [ "${floor[$other]}" -ge "${floor[$room]}" ]; then
            complain "$file includes \"$target\": $room may not ask $other"
        fi
    done < <(sed -n 's/^#include "\(.*\/[^"]*\)".*/\1/p' "$file")
done
must_find "$includes" 60 "includes between rooms"

# libjwt and libidn2 behind one file each, OpenSSL's and libmemcached's headers where they belong.
while read -r file; do
    complain "$file includes <jwt.h>; only src/issue/jwt_lib.c does"
done < <(grep -lE '^#include <jwt\.h>' -r src | grep -v '^src/issue/jwt_lib.c$')
while read -r file; do
    complain "$file includes <idn2.h>; only src/schema/format_idn.c does"
done < <(grep -lE '^#include <idn2\.h>' -r src | grep -v '^src/schema/format_idn.c$')
while read -r file; do
    complain "$file includes libmemcached's header; only src/limit does"
done < <(grep -lE '^#include <libmemcached' -r src | grep -v '^src/limit/')
finish
