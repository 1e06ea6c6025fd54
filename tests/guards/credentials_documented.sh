#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every kind of credentials.def has its file, and stands in the pages that list the kinds; none is left over there.
. "$(dirname "$0")/lib.bash"

mapfile -t kinds < <(sed -n 's/^AG_CREDENTIAL(\([a-z]*\),.*/\1/p' src/core/credentials.def)
must_find "${#kinds[@]}" 2 "kinds of credentials"
[ "${#kinds[@]}" -eq "$(grep -c '^AG_CREDENTIAL(' src/core/credentials.def)" ] || complain "some rows were not understood"

has() { grep -qF -- "$2" "$1" || complain "$1 does not say $2"; }
choices() { sed 's/|/, /g; s/\(.*\), /\1 or /' <<< "$1"; }

words=$(IFS='|'; echo "${kinds[*]}")
provider=docs/directives/ApiGuardProvider.md rule=docs/require/api-credential.md php=docs/howto/php-application.md
has "$provider" "- **Syntax:** \`ApiGuardProvider $words ...\`"
has "$provider" "is not allowed: $(choices "$words")\`"
has "$rule" "- **Syntax:** \`Require api-credential $words|anonymous ...\`"
has "$rule" "is not allowed: $(choices "$words|anonymous")\`"
has "$php" "| \`APIGUARD_CREDENTIAL\` | $(choices "$(sed 's/[^|]*/`&`/g' <<< "$words|anonymous")") |"
for kind in "${kinds[@]}"; do
    [ -f "src/cred/cred_$kind.c" ] || complain "src/cred/cred_$kind.c is missing"
    sed '/^- \*\*/d' "$provider" | grep -qF "\`$kind\`" || complain "$provider does not say what $kind is"
done
finish
