#!/usr/bin/env bash
# tools/lint.sh BUILD: ruff, layers, files, clang-tidy on the runtime, two at a time.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/sources.sh
python_sources | xargs ruff check --quiet
python tools/check_layers.py .
python tools/check_files.py
# clang 14 does not understand CPython 3.13's own atomics; the GCC builtins it does.
runtime_units | xargs -P 2 -n 4 clang-tidy --quiet -p "$1" \
    --extra-arg=-D_Py_USE_GCC_BUILTIN_ATOMICS=1 --extra-arg=-Wno-unknown-warning-option 2>&1 |
    { grep -v -E '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter' || true; }
[ "${PIPESTATUS[0]}" = 0 ]
echo "lint: ok"
