#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every rule of rules.def has its page, which names its reason, and a row in the index; no page is left over.
. "$(dirname "$0")/lib.bash"

mapfile -t rows < <(grep -s '^AG_RULE(' src/authz/rules.def)
must_find "${#rows[@]}" 6 "rules"

names=
for row in "${rows[@]}"; do
    name=$(cut -d'"' -f2 <<< "$row")
    code=$(sed 's/^[^,]*, "[^"]*", \([A-Z_]*\),.*/\1/' <<< "$row" | tr 'A-Z' 'a-z')
    page=docs/require/$name.md
    names="$names $name"
    if [ ! -s "$page" ]; then
        complain "$page is missing"
        continue
    fi
    grep -qF "403 [$code](../reasons/$code.md)" "$page" || complain "$page: its reason is $code"
    grep -qE "^ *Require $name " "$page" || complain "$page has no example"
    grep -qF "| [$name]($name.md) |" docs/require/README.md \
        || complain "docs/require/README.md has no row for $name"
done
for page in docs/require/*.md; do
    name=$(basename "$page" .md)
    [ "$name" = README ] || [[ "$names " = *" $name "* ]] || complain "$page is about no rule"
done
finish
