#!/usr/bin/env bash
# tools/format.sh [--check]: clang-format and ruff format over everything that git knows.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/sources.sh
if [ "${1:-}" = --check ]; then
    cxx_sources | xargs clang-format --dry-run -Werror
    python_sources | xargs ruff format --check --quiet
else
    cxx_sources | xargs clang-format -i
    python_sources | xargs ruff format --quiet
fi
