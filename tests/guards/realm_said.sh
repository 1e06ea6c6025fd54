#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Each row of each table of directives says whether its value belongs to the realm under which an accepted
# credential is remembered: AG_IN_REALM or AG_NOT_IN_REALM. Nobody can forget it.
. "$(dirname "$0")/lib.bash"

rows=0

while read -r table; do
    while read -r row; do
        rows=$((rows + 1))
        grep -qE '[ ,]AG_(NOT_)?IN_REALM[ ,]' <<< "$row" \
            || complain "$table: a row says neither AG_IN_REALM nor AG_NOT_IN_REALM: ${row:0:60}..."
    done < <(tr '\n' ' ' < "$table" | sed 's/AG_SETTING(/\n&/g' | grep '^AG_SETTING("')
done < <(grep -rl '^AG_SETTING("' src)
must_find "$rows" 28 "rows of directives"
finish
