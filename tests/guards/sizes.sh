#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Files of at most 400 lines, functions of at most 60; of the tests as well.
. "$(dirname "$0")/lib.bash"

mapfile -t sources < <(find src mod_apiguard.c tests -name '*.[ch]' ! -name schema.c)
mapfile -t pythons < <(find tests -name '*.py')
mapfile -t others < <(find src -name '*.def'; find tests -name '*.sh' -o -name '*.bash' -o -name '*.lua')
must_find "${#sources[@]}" 250 "C files"
must_find "${#pythons[@]}" 80 "Python files"

for file in "${sources[@]}" "${pythons[@]}" "${others[@]}"; do
    lines=$(wc -l < "$file")
    [ "$lines" -le 400 ] || complain "$file has $lines lines"
done

# A function begins with "{" at the start of a line and ends with "}" there.
in_c() {
    awk '
    FNR == 1 { start = 0 }
    /^\{/ { start = FNR; name = before }
    /^\}/ && start { n++; if (FNR - start + 1 > 60) print "long " FILENAME ": " name ": " FNR - start + 1 " lines"; start = 0 }
    { before = $0 }
    END { print "count " n }' "$@"
}

in_python() {
    python3 - "$@" << 'PY'
import ast, sys
n = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as f:
        tree = ast.parse(f.read(), path)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            n += 1
            lines = node.end_lineno - node.lineno + 1
            if lines > 60:
                print(f"long {path}: {node.name}: {lines} lines")
print("count", n)
PY
}

# check_functions EXPECTED LANGUAGE FILE...: complains of long ones that in_LANGUAGE finds
check_functions() {
    local expected=$1 language=$2 found line
    shift 2
    found=$("in_$language" "$@")
    must_find "$(sed -n 's/^count //p' <<< "$found")" "$expected" "functions in $language"
    while read -r _ line; do
        complain "$line"
    done < <(grep '^long ' <<< "$found")
}

check_functions 1500 c "${sources[@]}"
check_functions 1000 python "${pythons[@]}"

finish
