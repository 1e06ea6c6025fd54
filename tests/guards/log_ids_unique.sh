#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# AGnnnn stands once in the source, and each has its row in troubleshooting.md, which has no others.
. "$(dirname "$0")/lib.bash"

page=docs/howto/troubleshooting.md
ids() { grep -rhoE '"AG[0-9]{4}: ' src mod_apiguard.c --include='*.c' | tr -dc 'AG0-9\n'; }
must_find "$(ids | wc -l)" 20 "log ids"

for id in $(ids | sort | uniq -d); do
    complain "$id is used more than once: $(grep -rlE "\"$id: " src mod_apiguard.c | paste -sd' ')"
done
for id in $(ids | sort -u); do
    [ "$(grep -c "^| $id |" "$page")" -eq 1 ] || complain "$page has not one row for $id"
done
for id in $(grep -oE '^\| AG[0-9]{4} \|' "$page" | tr -dc 'AG0-9\n'); do
    ids | grep -qx "$id" || complain "$page explains $id, which nobody writes"
done
# A message of the server's log without an id cannot be looked up.
while read -r line; do
    complain "a message without an id: $line"
done < <(grep -rnE '\b(ap_log_(r|c|p)?error|ag_log)\(' src --include='*.c' -A2 \
    | awk '/ap_log_|ag_log\(/ {if (s && s !~ /"AG[0-9][0-9][0-9][0-9]: |"%s"/ && s ~ /"/) print s; s = ""}
           {s = s $0} END {if (s && s !~ /"AG[0-9][0-9][0-9][0-9]: |"%s"/ && s ~ /"/) print s}' \
    | cut -c1-160)
finish
