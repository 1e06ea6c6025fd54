#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The order of refusal in docs/architecture.md is that of steps.def.
. "$(dirname "$0")/lib.bash"

mapfile -t steps < <(sed -nE 's/^AG_STEP(_TAKES)?\(([A-Z]+), ([a-z]+),.*/\3 \L\2/p' src/guard/steps.def)
must_find "${#steps[@]}" 6 "steps"
mapfile -t told < <(sed -n '/^### The order of refusal/,/^## /p' docs/architecture.md |
    sed -nE 's/^\| `([a-z]+)` \| ([a-z]+)[ ,].*/\1 \2/p')
[ "${steps[*]}" = "${told[*]}" ] ||
    complain "docs/architecture.md tells the steps ${told[*]}, and steps.def runs ${steps[*]}"
finish
