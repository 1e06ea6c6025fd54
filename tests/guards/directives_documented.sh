#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every row of policy.def and site.def, and of the rooms' tables that they include, has its page with the right
# context, a row in the index, an entry in conf/apiguard.conf and a wrong value in a test; no page, index row or entry
# is left without a row.
. "$(dirname "$0")/lib.bash"

pages=docs/directives
conf=conf/apiguard.conf
mistakes=(tests/web/test_mistakes.py tests/web/test_*_mistakes.py)
files() { echo "src/guard/$1.def"; sed -n 's|^#include "\.\./\(.*\.def\)"|src/\1|p' "src/guard/$1.def"; }
tables() { files policy; files site; }
names() { tables | xargs sed -n 's/^AG_SETTING("\([A-Za-z]*\)".*/\1/p'; }
rows() { files "$1" | xargs cat | tr '\n' ' ' | sed 's/AG_SETTING(/\n&/g' | grep '^AG_SETTING("'; }

must_find "$(names | wc -l)" 20 "directives"
[ "$(names | wc -l)" -eq "$(tables | xargs cat | grep -c '^AG_SETTING(')" ] \
    || complain "some rows were not understood"

# The context that a row's flags mean.
context_of() {
    local table=$1 row=$2
    if [ "$table" = site ]; then
        case $row in
        *AG_MAIN_ONLY*) echo "server" ;;
        *) echo "server, virtual host" ;;
        esac
        return
    fi
    local context="section"
    case $row in *AG_IN_SERVER*) context="server, virtual host, section" ;; esac
    case $row in *AG_IN_HTACCESS*) context="$context, .htaccess" ;; esac
    echo "$context"
}

for table in policy site; do
    while read -r row; do
        name=$(sed 's/^AG_SETTING("\([A-Za-z]*\)".*/\1/' <<< "$row")
        context=$(context_of "$table" "$row")
        if [ ! -s "$pages/$name.md" ]; then
            complain "$pages/$name.md is missing"
            continue
        fi
        grep -qxF -- "- **Context:** $context" "$pages/$name.md" \
            || complain "$pages/$name.md: the context is \"$context\""
        for part in "# $name" "- **Syntax:**" "- **Default:**" "- **Inner section:**" "## Example" \
            "## Mistakes"; do
            grep -qF -- "$part" "$pages/$name.md" || complain "$pages/$name.md has no \"$part\""
        done
        grep -qF "| [$name]($name.md) | $context |" "$pages/README.md" \
            || complain "$pages/README.md has no row \"$name | $context\""
        grep -qE "^ *#?$name " "$conf" || complain "$conf has no entry for $name"
        grep -qE "^    \(?[\"']$name[ \"']" "${mistakes[@]}" || complain "${mistakes[*]} have no wrong value of $name"
    done < <(rows "$table")
done

for page in "$pages"/*.md; do
    name=$(basename "$page" .md)
    [ "$name" = README ] || names | grep -qx "$name" || complain "$page is about no directive"
done
while read -r name; do
    names | grep -qx "$name" || complain "there is no directive $name, but $conf has it"
done < <(grep -oE '^ *#?ApiGuard[A-Za-z]+' "$conf" | tr -d ' #' | sort -u)
while read -r name; do
    names | grep -qx "$name" || complain "there is no directive $name, but the documentation names it"
done < <(grep -rhoE '\bApiGuard[A-Z][A-Za-z]+' docs README.md SECURITY.md CHANGES.md | sort -u)
finish
