#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Both builds are hardened, as far as the compiler can: stack protector, the C library's checks, control
# flow marks, full RELRO, position independence. With AG_BUILD only.
. "$(dirname "$0")/lib.bash"

if [ -z "${AG_BUILD:-}" ]; then
    echo "$guard: no AG_BUILD, no file was looked at"
    finish
fi
takes() { echo 'int main(void) { return 0; }' | ${CC:-cc} -Werror -O2 "$@" -x c - -o /dev/null 2>/dev/null; }

look_at() {
    local file=$1 headers dynamic symbols
    headers=$(readelf -lW "$file") dynamic=$(readelf -dW "$file")
    symbols=$(nm -D --undefined-only "$file" | awk '{print $2}')
    grep -q GNU_RELRO <<< "$headers" || complain "$file: no RELRO"
    grep -qE 'BIND_NOW|FLAGS_1.*NOW' <<< "$dynamic" || complain "$file: RELRO is not full (no BIND_NOW)"
    grep -E 'GNU_STACK' <<< "$headers" | grep -q 'RW ' || complain "$file: the stack is executable"
    readelf -hW "$file" | grep -q 'Type: *DYN' || complain "$file: not position independent"
    if takes -fstack-protector-strong; then
        grep -q '^__stack_chk_fail' <<< "$symbols" || complain "$file: no stack protector"
    fi
    grep -q '_chk\(@\|$\)' <<< "$(grep -v stack_chk <<< "$symbols")" || complain "$file: no _FORTIFY_SOURCE"
    if takes -fcf-protection; then
        [ "$(objdump -d --no-show-raw-insn "$file" | grep -c endbr64)" -ge 100 ] \
            || complain "$file: functions have no control flow marks"
    fi
}

files=("$AG_BUILD/.libs/mod_apiguard.so" "$AG_BUILD/apiguardctl")
for file in build/apxs/.libs/mod_apiguard.so build/apxs/apiguardctl; do
    [ ! -f "$file" ] || files+=("$file")
done
for file in "${files[@]}"; do
    [ -f "$file" ] && look_at "$file" || complain "$file is missing"
done
must_find "${#files[@]}" 2 "files"
finish
