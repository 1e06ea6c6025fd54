#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# httpd's headers are included in src/server, src/httpd and mod_apiguard.c alone, and the core's objects ask for no
# symbol of httpd's.
. "$(dirname "$0")/lib.bash"

headers='<(httpd|http_[a-z]+|ap_[a-z_]+|util_[a-z_]+|mod_[a-z_]+|mpm_common|scoreboard)\.h>|(server/server|httpd/request)\.h'
mapfile -t files < <(find src -name '*.[ch]' ! -path 'src/httpd/*' ! -path 'src/server/*')
must_find "${#files[@]}" 60 "files outside of src/server and src/httpd"
must_find "$(grep -lE "^#include .*($headers)" src/server/*.[ch] src/httpd/*.[ch] mod_apiguard.c | wc -l)" 5 \
    "files that include httpd's headers"

while read -r line; do
    complain "$line"
done < <(grep -nHE "^#include .*($headers)" "${files[@]}")
while read -r line; do
    complain "$line"
done < <(grep -nHE '\b(ap_[a-z0-9_]+ *\(|request_rec|server_rec|cmd_parms|APLOG_)' "${files[@]}" \
    | grep -vE ':[0-9]+: *(\*|/\*)')

if [ -n "${AG_BUILD:-}" ]; then
    library=$AG_BUILD/.libs/libapiguard.a
    [ -f "$library" ] || library=$AG_BUILD/libapiguard.a
    must_find "$(nm "$library" 2>/dev/null | grep -c ' T ag_')" 50 "functions in $library"
    while read -r symbol; do
        complain "libapiguard asks for $symbol"
    done < <(nm -u "$library" | awk '$1 == "U" && $2 ~ /^(ap_|apiguard_module|unixd_)/ {print $2}' | sort -u)
fi
finish
