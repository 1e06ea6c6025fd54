#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# httpd accepts conf/apiguard.conf as it is, and with everything that is commented out. With AG_BUILD only.
. "$(dirname "$0")/lib.bash"

must_find "$(grep -cE '^ *#?ApiGuard[A-Za-z]+ ' conf/apiguard.conf)" 20 "directives in conf/apiguard.conf"
if [ -z "${AG_BUILD:-}" ]; then
    echo "$guard: no AG_BUILD, httpd was not asked"
    finish
fi
module=$AG_BUILD/.libs/mod_apiguard.so
[ -f "$module" ] || { complain "$module is missing"; finish; }
httpd=$(command -v apache2 || command -v httpd || ls /usr/sbin/apache2 2>/dev/null)
modules=$(apxs -q LIBEXECDIR 2>/dev/null || apxs2 -q LIBEXECDIR)
[ -x "$httpd" ] || { complain "there is no httpd to ask"; finish; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl genrsa -out "$work/private.pem" 2048 2>/dev/null
openssl pkey -in "$work/private.pem" -pubout -out "$work/login.pem"
openssl rand -base64 32 > "$work/pepper"
openssl rand -base64 32 > "$work/introspection"
openssl ecparam -name prime256v1 -genkey -noout -out "$work/signing.pem"
make_tables "$work/keys.db"
n=$(openssl rsa -pubin -in "$work/login.pem" -noout -modulus | cut -d= -f2 | basenc -d --base16 \
    | basenc -w0 --base64url | tr -d =)
echo "{}" > "$work/order.json"
echo "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS256\",\"kid\":\"1\",\"e\":\"AQAB\",\"n\":\"$n\"}]}" > "$work/jwks.json"
echo '{"openapi":"3.1.0","paths":{"/":{"get":{}}}}' > "$work/openapi.json"

# Lines that begin with "#" and a directive's name, without the "#"; paths moved to our own files.
all_of() {
    sed -E "s/^( *)#(ApiGuard|DBD)/\1\2/; s|/etc/apiguard|$work|; s|/var/lib/apiguard|$work|" conf/apiguard.conf
}

check() {
    {
        echo "ServerRoot $work"
        echo "ServerName localhost"
        echo "ErrorLog $work/error.log"
        echo "PidFile $work/httpd.pid"
        echo "DefaultRuntimeDir $work"
        echo "Listen 127.0.0.1:9"
        for name in mpm_event authn_core authz_core authz_user dbd ssl; do
            echo "LoadModule ${name}_module $modules/mod_$name.so"
        done
        echo "LoadModule apiguard_module $module"
        [ "$1" = all ] || printf 'DBDriver sqlite3\nDBDParams %s/keys.db\n' "$work"
        echo "Include $work/$1.conf"
    } > "$work/httpd.conf"
    local said
    said=$("$httpd" -t -f "$work/httpd.conf" 2>&1) || complain "$1: $said"
    grep -q 'Syntax OK' <<< "$said" || complain "$1: httpd did not say \"Syntax OK\""
}

cp conf/apiguard.conf "$work/plain.conf"
all_of > "$work/all.conf"
must_find "$(grep -cE '^ *ApiGuard' "$work/all.conf")" 20 "directives after taking the comments away"
check plain
check all
finish
