#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every tests/unit/test_*.c is in tests.mk, every source in sources.mk, and nothing there is missing.
. "$(dirname "$0")/lib.bash"

words() { sed 's/#.*//' "$1" | tr -s ' \t\\' '\n'; }
tests=$(find tests/unit -name 'test_*.c' | wc -l)
sources=$(find src -name '*.c' ! -name schema.c | wc -l)
must_find "$tests" 8 "unit tests"
must_find "$sources" 50 "sources"

for file in tests/unit/test_*.c; do
    words tests/unit/tests.mk | grep -qx "${file%.c}" || complain "$file is not in tests/unit/tests.mk"
    grep -q 'cmocka_run_group_tests\|CMUnitTest' "$file" || complain "$file runs no test"
done
while read -r name; do
    [ -f "$name.c" ] || complain "tests/unit/tests.mk names $name, which is not there"
done < <(words tests/unit/tests.mk | grep '^tests/unit/test_[a-z0-9_]*$')

for file in $(find src -name '*.[ch]' -o -name '*.def'); do
    case $file in
    src/ctl/schema.c) continue ;; # made by script/embed
    esac
    words src/sources.mk | grep -qx "$file" || complain "$file is not in src/sources.mk"
done
while read -r name; do
    [ -f "$name" ] || complain "src/sources.mk names $name, which is not there"
done < <(words src/sources.mk | grep '^src/')

# A static function called test_* that no table names does not run.
while read -r file name; do
    [ "$(grep -cw "$name" "$file")" -ge 2 ] || complain "$file: $name() is never run"
done < <(grep -noE '^static void test_[a-z0-9_]+\(void \*\*' tests/unit/test_*.c \
    | sed -E 's/^([^:]*):[0-9]+:static void (test_[a-z0-9_]+).*/\1 \2/')
finish
