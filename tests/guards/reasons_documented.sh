#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every row of reasons.def has its page with the right status and problem type, and a row in the index.
. "$(dirname "$0")/lib.bash"

def=src/core/reasons.def
mapfile -t rows < <(grep '^AG_REASON(' "$def")
must_find "${#rows[@]}" 15 "reasons"

codes=
for row in "${rows[@]}"; do
    code=$(cut -d'"' -f2 <<< "$row")
    title=$(cut -d'"' -f4 <<< "$row")
    status=$(sed 's/^[^,]*, \([0-9]*\),.*/\1/' <<< "$row")
    type=$(sed 's/.*"\([^"]*\)")$/\1/' <<< "$row")
    page=docs/reasons/$code.md
    codes="$codes $code"
    if [ ! -s "$page" ]; then
        complain "$page is missing"
        continue
    fi
    grep -qE -- "^- \*\*Status:\*\* $status\b" "$page" || complain "$page: the status is $status"
    grep -qF -- "- **Problem type:** \`$type\`" "$page" || complain "$page: the type is $type"
    grep -qxF "$title." "$page" || complain "$page: the title is \"$title\""
    grep -qF '**A client**' "$page" || complain "$page does not say what a client should do"
    grep -qF '**An administrator**' "$page" || complain "$page does not say where to look"
    grep -qF "| [$code]($code.md) | $status | $title |" docs/reasons/README.md \
        || complain "docs/reasons/README.md has no right row for $code"
done
for page in docs/reasons/*.md; do
    code=$(basename "$page" .md)
    [ "$code" = README ] || [[ "$codes " = *" $code "* ]] || complain "$page is about no reason"
done
finish
