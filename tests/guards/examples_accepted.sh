#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# httpd accepts every example of configuration in the documentation. With AG_BUILD only.
. "$(dirname "$0")/lib.bash"

mapfile -t pages < <(find README.md docs -name '*.md' | sort)
must_find "$(cat "${pages[@]}" | grep -c '^```apache$')" 30 "examples"
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

# The files that examples name.
openssl genrsa -out "$work/private" 2048 2>/dev/null
openssl pkey -in "$work/private" -pubout -out "$work/login.pem"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/private" 2>/dev/null
openssl pkey -in "$work/private" -pubout -out "$work/staff.pem"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mcp.example.com \
    -keyout "$work/mcp.example.com.key" -out "$work/mcp.example.com.pem" 2>/dev/null
openssl rand -base64 32 > "$work/pepper"
openssl rand -base64 32 > "$work/introspection"
cp "$work/private" "$work/signing.pem"
make_tables "$work/keys.db"
openssl rand -base64 48 | tee "$work/secret" > "$work/secret.b64"
echo "192.0.2.0/24 # the office" > "$work/offices.txt"
echo "{}" | tee "$work/order.json" > "$work/order-patch.json"
echo '{"openapi":"3.1.0","paths":{"/":{"get":{}}}}' > "$work/openapi.json"
n=$(openssl rsa -pubin -in "$work/login.pem" -noout -modulus | cut -d= -f2 | basenc -d --base16 \
    | basenc -w0 --base64url | tr -d =)
for name in jwks customers staff keycloak; do
    echo "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS256\",\"e\":\"AQAB\",\"n\":\"$n\"}]}" > "$work/$name.json"
done

frame() {
    echo "ServerRoot $work"
    echo "ServerName localhost"
    echo "ErrorLog $work/error.log"
    echo "PidFile $work/httpd.pid"
    echo "DefaultRuntimeDir $work"
    echo "Listen 127.0.0.1:9"
    for name in mpm_event authn_core authz_core authz_user authz_host dbd proxy proxy_http remoteip ssl; do
        echo "LoadModule ${name}_module $modules/mod_$name.so"
    done
    echo "LoadModule apiguard_module $module"
    printf 'DBDriver sqlite3\nDBDParams %s/keys.db\n' "$work"
}

tried=0
for page in "${pages[@]}"; do
    rm -f "$work"/example.*
    awk -v to="$work/example." '/^```apache$/ {n++; on = 1; next} /^```/ {on = 0}
        on {print > to n}' "$page"
    for example in "$work"/example.*; do
        [ -f "$example" ] || continue
        tried=$((tried + 1))
        {
            frame
            grep -q '\.htaccess$' "$example" && echo '<Location "/tenant/">'
            sed -E "s|/etc/apiguard|$work|g; /^LoadModule/d; /^CustomLog/s|logs/|$work/|" "$example"
            grep -q '\.htaccess$' "$example" && echo '</Location>'
        } > "$work/httpd.conf"
        said=$("$httpd" -t -f "$work/httpd.conf" 2>&1)
        grep -q 'Syntax OK' <<< "$said" \
            || complain "$page, example ${example##*.}: $(grep -v '^AH00526' <<< "$said" | head -n 2 | paste -sd' ')"
    done
done
must_find "$tried" 30 "examples tried"
finish
