#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The module shows one symbol, apiguard_module. With AG_BUILD only.
. "$(dirname "$0")/lib.bash"

must_find "$(grep -c 'apiguard_module = {' mod_apiguard.c)" 1 "module records"
if [ -z "${AG_BUILD:-}" ]; then
    echo "$guard: no AG_BUILD, no module was looked at"
    finish
fi
module=$AG_BUILD/.libs/mod_apiguard.so
[ -f "$module" ] || { complain "$module is missing"; finish; }
symbols=$(nm -D --defined-only "$module" | awk '{print $3}')
must_find "$(grep -cx apiguard_module <<< "$symbols")" 1 "apiguard_module"
for symbol in $(grep -vx apiguard_module <<< "$symbols"); do
    complain "$module exports $symbol"
done
finish
