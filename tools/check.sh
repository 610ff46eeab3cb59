#!/usr/bin/env bash
# tools/check.sh BUILD: everything a merge needs besides the tests; writes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=()
step() {
    local name=$1
    shift
    if "$@"; then echo "check: $name: ok"; else failed+=("$name"); echo "check: $name: FAILED"; fi
}
step "format" tools/format.sh --check
step "generated files" python tools/abi/generate.py
step "api" python tools/check_api.py
step "docs" python tools/check_docs.py
step "tables in the documents" python tools/tables.py
step "lint" tools/lint.sh "$1"
[ ${#failed[@]} -eq 0 ] || { echo "check: failed: ${failed[*]}"; exit 1; }
