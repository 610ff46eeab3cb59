#!/usr/bin/env bash
# tools/lint.sh BUILD: ruff, layers, files, clang-tidy on the runtime, two at a time.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/sources.sh
python_sources | xargs ruff check --output-format concise
python tools/check_layers.py .
python tools/check_files.py
# clang does not know every flag of g++; and clang 14 stops at CPython 3.13's own atomics, which it
# does not need where GCC's builtins are there.
mkdir -p "$1/tidy"
sed 's/-fno-gnu-unique//' "$1/compile_commands.json" > "$1/tidy/compile_commands.json"
runtime_units | xargs -P 2 -n 4 clang-tidy --quiet -p "$1/tidy" \
    --header-filter="$(python tools/rooms.py --headers)" \
    --extra-arg=-D_Py_USE_GCC_BUILTIN_ATOMICS=1 2> "$1/tidy/log" ||
    { grep -v ' warnings generated' "$1/tidy/log" >&2; exit 1; }
echo "lint: ok"
