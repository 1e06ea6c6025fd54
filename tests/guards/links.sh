#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every link from one page to another leads somewhere.
. "$(dirname "$0")/lib.bash"

links=0
for page in *.md $(find docs -name '*.md'); do
    while read -r target; do
        links=$((links + 1))
        [ -e "$(dirname "$page")/${target%%#*}" ] || complain "$page: there is no $target"
    done < <(grep -oE '\]\([^)]+\)' "$page" | sed 's/^](//; s/)$//' | grep -vE '^(https?:|#)')
done
must_find "$links" 100 "links"
finish
