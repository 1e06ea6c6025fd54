#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every text of jwt_causes.def and certificate_causes.def stands in a page of docs/reasons as clients see it, with CLAIM for the claim's name (PART for
# what names the client); and
# no page tells one that there is not.
. "$(dirname "$0")/lib.bash"

mapfile -t texts < <(sed -nE 's/^AG_JWT_CAUSE\(\w+, "(.*)"\)$/\1/p' src/cred/jwt_causes.def | sed 's/%s/CLAIM/')
must_find "${#texts[@]}" 20 "causes"
for text in "${texts[@]}"; do
    grep -qF "\`$text\`" docs/reasons/*.md || complain "docs/reasons does not explain \"$text\""
done
while read -r told; do
    printf '%s\n' "${texts[@]}" | grep -qxF "$told" || complain "docs/reasons/token_invalid.md explains \"$told\""
done < <(sed -nE 's/^\| `(The token[^`]*)` \|.*/\1/p' docs/reasons/token_invalid.md)

page=docs/reasons/certificate_invalid.md
mapfile -t texts < <(sed -nE 's/^AG_CERT_CAUSE\(\w+, "(.*)"\)$/\1/p' src/cred/certificate_causes.def | sed 's/%s/PART/')
must_find "${#texts[@]}" 5 "causes of certificates"
for text in "${texts[@]}"; do
    grep -qF "\`$text\`" "$page" || complain "$page does not explain \"$text\""
done
while read -r told; do
    printf '%s\n' "${texts[@]}" | grep -qxF "$told" || complain "$page explains \"$told\""
done < <(sed -nE 's/^\| `(The client certificate[^`]*)` \|.*/\1/p' "$page")
finish
