#!/usr/bin/env bash
# tools/setup.sh COMMAND [ARGUMENT...]: installs what is missing, builds, and runs COMMAND.
#
# PYTHON=... is the interpreter; otherwise the first CPython from 3.12 on with headers that is found
# on PATH, then among pyenv's versions. Everything lies in .venv/<X.Y> and build/<preset>-<X.Y>.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/find-python.sh

COMMAND=${1:-build}
shift || true
BEGIN=$SECONDS
say() { printf '\033[1m[%3ds] %s\033[0m\n' $((SECONDS - BEGIN)) "$*"; }

# ---- Debian packages -------------------------------------------------------------------------------
need_packages() { # package:command-or-file ...
    local pair missing=()
    for pair in "$@"; do
        local package=${pair%%:*} proof=${pair#*:}
        if [[ $proof == /* ]]; then [ -e "$proof" ]; else command -v "$proof" >/dev/null; fi ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" != 0 ]; then
        echo "Some packages are missing. Type this line, then try again:" >&2
        echo "    sudo apt-get install -y ${missing[*]}" >&2
        exit 1
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update >/dev/null || true # an old list may do; the next line says if it does not
    apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

need_build_packages() {
    need_packages cmake:cmake ninja-build:ninja g++:g++ libtbb-dev:/usr/include/tbb/parallel_for.h \
        catch2:/usr/include/catch2
}

# ---- virtual environment ---------------------------------------------------------------------------
make_environment() {
    # Debian's own Python has its venv module in a package of its own.
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || need_packages "python$PYVER-venv:no such command"
    VENV=$PWD/.venv/$PYVER
    local stamp=$VENV/.installed wanted
    wanted="$PYTHON $(sha256sum pyproject.toml | cut -c1-16)"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        say "making .venv/$PYVER"
        [ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
        "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
            $("$PYTHON" tools/dependencies.py)
        echo "$wanted" > "$stamp"
    fi
    export PATH=$VENV/bin:$PATH
}

# The peers that `make bench` measures, and what draws its plot.
need_bench_packages() {
    python -c 'import Cython, matplotlib, pybind11' 2>/dev/null ||
        python -m pip install --quiet --disable-pip-version-check $(python tools/dependencies.py bench)
}

# ---- build -----------------------------------------------------------------------------------------
build() { # preset
    need_build_packages
    BUILD=$PWD/build/$1-$PYVER
    local options=(--preset "$1" -B "$BUILD" -DPython_EXECUTABLE="$PYTHON")
    if [ -n "${HPYSTATE_EMBED_FLAGS:-}" ]; then options+=("-DHPYSTATE_EMBED_FLAGS=$HPYSTATE_EMBED_FLAGS"); fi
    if [ ! -f "$BUILD/build.ninja" ]; then
        say "configuring build/$1-$PYVER"
        cmake "${options[@]}" > "$BUILD.log" 2>&1 || { mkdir -p build; cat "$BUILD.log" >&2; exit 1; }
    fi
    say "building build/$1-$PYVER"
    cmake --build "$BUILD"
    export PYTHONPATH=$BUILD/stage
}

run_catch2() { # program tag
    [ -n "${PYTHONHOME:-}" ] || unset PYTHONHOME
    if [ -n "$2" ]; then "$1" "[$2]"; else "$1"; fi
}

# What needs no Python, and what embeds it, under AddressSanitizer and UndefinedBehaviorSanitizer.
# CPython's own memory is not all given back at its end, so leaks are looked for in the first only.
run_sanitized() {
    BUILD=$PWD/build/asan-$PYVER
    [ -f "$BUILD/build.ninja" ] ||
        cmake --preset asan -B "$BUILD" -DPython_EXECUTABLE="$PYTHON" > "$BUILD.log" 2>&1
    say "building build/asan-$PYVER"
    cmake --build "$BUILD" --target test_globals test_interp_state
    say "sanitizers"
    ASAN_OPTIONS=detect_leaks=1 "$BUILD/tests/test_globals"
    ASAN_OPTIONS=detect_leaks=0 "$BUILD/tests/test_interp_state"
}

# HPy's own suite on a runtime under sanitizers, in the main interpreter: `make check` and by hand.
# Python's memory comes from malloc, so that its objects are watched too. Compilers and what the tests
# start run without; their crashes are wanted, and looked at by the tests. The C++ library comes early
# too, or the sanitizer finds no __cxa_throw.
run_sanitized_suite() {
    BUILD=$PWD/build/asan-$PYVER
    cmake --build "$BUILD"
    say "HPy's own suite under sanitizers"
    local without="env -u LD_PRELOAD"
    local options=detect_leaks=1:leak_check_at_exit=0:handle_segv=0:handle_abort=0
    PYTHONPATH=$BUILD/stage PYTHONMALLOC=malloc CC="$without cc" CXX="$without c++" \
        ASAN_OPTIONS=$options LD_PRELOAD="$(cc -print-file-name=libasan.so) $(c++ -print-file-name=libstdc++.so)" \
        python tests/upstream/run.py --kind main --leaks "$@"
}

run_tests() {
    build dev
    say "Catch2"
    local test
    for test in "$BUILD"/tests/test_*; do
        [ -x "$test" ] && [ -f "$test" ] || continue
        # A Python with a C library of its own cannot find its home by the program's path.
        PYTHONHOME=${HPYSTATE_EMBED_HOME:-} run_catch2 "$test" "${1:-}"
    done
    say "pytest"
    if [ -z "${1:-}" ]; then
        python -m pytest
    else
        python -m pytest -k "$1" || { # 5: nothing collected; a topic may be Catch2's alone
            [ $? = 5 ] && echo "no pytest of the topic '$1'"
        }
    fi
}

find_python
mkdir -p build
make_environment
case $COMMAND in
    build)  build dev ;;
    test)   run_tests "${1:-}" ;;
    demo)   build release; say "the main job"; python -m hpystate demo "$@" ;;
    test-upstream) build dev; say "upstream's suite"; python tests/upstream/run.py "$@" ;;
    bench)  need_packages valgrind:valgrind; build release; need_bench_packages; say "measuring"; python bench/run.py "$@" ;;
    check)  need_packages clang-format:clang-format clang-tidy:clang-tidy; build dev; say "checking"
            tools/check.sh "$BUILD"; run_sanitized; run_sanitized_suite ;;
    format) need_packages clang-format:clang-format; tools/format.sh ;;
    lint)   need_packages clang-tidy:clang-tidy; build dev; tools/lint.sh "$BUILD" ;;
    matrix) python tools/matrix.py "$@" ;;
    *)      echo "tools/setup.sh: no command '$COMMAND'; see make help" >&2; exit 2 ;;
esac
say "$COMMAND: done"
