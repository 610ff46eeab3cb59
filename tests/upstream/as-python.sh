#!/usr/bin/env bash
# tests/upstream/as-python.sh: sys.executable in the suite's subinterpreters; see launcher.py.
exec "$HPYSTATE_SUITE_PYTHON" "${0%/*}/launcher.py" "$HPYSTATE_SUITE_KIND" "$@"
