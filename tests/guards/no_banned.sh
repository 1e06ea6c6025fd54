#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# No function that writes without a bound or reads numbers without checking, and no note for later.
. "$(dirname "$0")/lib.bash"

mapfile -t files < <(find src tests mod_apiguard.c -name '*.[ch]' ! -name schema.c)
must_find "${#files[@]}" 70 "files"

while read -r line; do
    complain "$line"
done < <(grep -nHE '(^|[^a-z_>.])(strcpy|strncpy|strcat|strncat|sprintf|vsprintf|strtok|atoi|gets)[ ]*\(' \
    "${files[@]}")
words='TO''DO|FIX''ME|XX''X'
while read -r line; do
    complain "$line"
done < <(grep -rnE "\\b($words)\\b" src tests script mod_apiguard.c configure.ac Makefile.am Makefile.apxs \
    --include='*.[ch]' --include='*.sh' --include='*.py' --include='*.def' --include='*.mk' --include='*.am' \
    --include='*.ac' | grep -v 'tests/guards/')

while read -r file; do
    [ -s "$file" ] && head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' \
        || complain "$file does not begin with its SPDX line"
done < <(find src tests script conf mod_apiguard.c Makefile.am Makefile.apxs configure.ac -type f \
    \( -name '*.[ch]' -o -name '*.def' -o -name '*.mk' -o -name '*.sh' -o -name '*.sql' -o -name '*.am' \
    -o -name '*.apxs' -o -name '*.ac' \) ! -path src/ctl/schema.c)
finish
