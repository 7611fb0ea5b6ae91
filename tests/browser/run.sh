#!/usr/bin/env bash
# Tries the page in a headless Chromium: with a server that speaks its document, and with a real fleet.
#
#   tests/browser/run.sh PROGRAMS
#
# PROGRAMS is a folder with nullworkerd and nullworker. NODE_MODULES has what package.json names, CHROMIUM is the browser,
# and OUTPUT is where the screenshots go. PORT is the first of the ports used, which are two hundred.
set -euo pipefail
[ $# = 1 ] || { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2; }
export NULLWORKER=$1/nullworker
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export NODE_MODULES=${NODE_MODULES:-$PWD/build/browser/node_modules} OUTPUT=${OUTPUT:-build/browser}
mkdir -p "$OUTPUT"

# Beside each other: the one waits for browsers, the other for workers.
node --test tests/browser/model_test.mjs tests/browser/page_test.mjs >"$OUTPUT/page.log" 2>&1 &
page=$!
failed=0
node --test tests/browser/fleet_test.mjs >"$OUTPUT/fleet.log" 2>&1 || failed=1
wait $page || failed=1
cat "$OUTPUT/page.log" "$OUTPUT/fleet.log"
exit $failed
