#!/usr/bin/env bash
# tools/setup.sh COMMAND [ARGUMENT...]: installs what is missing, builds, and runs COMMAND.
#
# PYTHON=... is the interpreter; otherwise the first CPython from 3.12 on with headers that is found
# on PATH, then among pyenv's versions. COMPILER=clang builds with clang++ instead of g++. Everything
# lies in .venv/<X.Y> and build/<preset>-<X.Y>.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/find-python.sh
. tools/sanitize.sh

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
        catch2:/usr/include/catch2 valgrind:/usr/include/valgrind/callgrind.h
    [ "$COMPILER" != clang ] || need_clang
}

# The run-times of its sanitizers and of libFuzzer are a package of their own, by clang's version.
need_clang() {
    need_packages clang:clang++
    local major
    major=$(clang++ -dumpversion | cut -d. -f1)
    [ -e "$(clang++ -print-file-name=libclang_rt.fuzzer-x86_64.a)" ] ||
        [ -n "$(ls "$(clang++ -print-resource-dir)"/lib/*/libclang_rt.fuzzer* 2>/dev/null)" ] ||
        need_packages "libclang-rt-$major-dev:no such command"
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
        python -m pip install --quiet --disable-pip-version-check --prefer-binary \
            $(python tools/dependencies.py bench)
}

# What draws the memory curves of `make stress`. An older version that is built does: the newest has
# nothing for every Python without the GIL, and to build it takes the network.
need_stress_packages() {
    python -c 'import matplotlib' 2>/dev/null ||
        python -m pip install --quiet --disable-pip-version-check --prefer-binary \
            $(python tools/dependencies.py stress)
}

# ---- build -----------------------------------------------------------------------------------------
# Sets up what COMPILER and the interpreter ask for: an interpreter under a sanitizer has clang's
# run-time in it, so what it loads must come from clang too; and one that tools/get-python.sh unpacked
# has a C library of its own, which a program that embeds it is linked with.
choose_tools() {
    COMPILER=${COMPILER:-gcc}
    case $PYVER in *-asan | *-tsan) COMPILER=clang ;; esac
    case $COMPILER in
        gcc) ;;
        clang) export CC=${CC:-clang} CXX=${CXX:-clang++} ;;
        *) echo "COMPILER=$COMPILER: gcc or clang was expected" >&2; exit 2 ;;
    esac
    export COMPILER
    EMBED_HOME='' EMBED_FLAGS=''
    local prefix=${PYTHON%/usr/bin/*}
    if [ -f "$prefix/embed.flags" ]; then
        EMBED_HOME=$prefix/usr EMBED_FLAGS=$(tr -s '[:space:]' ' ' < "$prefix/embed.flags")
    fi
    # Leaks are looked for by name (tests/sanitized.py): CPython keeps much to its end.
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
}

configure() { # preset; sets BUILD
    need_build_packages
    BUILD=$PWD/build/$1-$PYVER
    [ "$COMPILER" = gcc ] || case $PYVER in *-asan | *-tsan) ;; *) BUILD+=-$COMPILER ;; esac
    local options=(--preset "$1" -B "$BUILD" -DPython_EXECUTABLE="$PYTHON")
    [ -z "$EMBED_FLAGS" ] || options+=("-DHPYSTATE_EMBED_FLAGS=$EMBED_FLAGS")
    # What the presets say is taken when a folder is configured.
    local presets
    presets=$(sha256sum < CMakePresets.json)
    [ -f "$BUILD/build.ninja" ] && [ "$(cat "$BUILD/.presets" 2>/dev/null)" = "$presets" ] && return
    say "configuring ${BUILD#"$PWD"/}"
    cmake "${options[@]}" > "$BUILD.log" 2>&1 || { cat "$BUILD.log" >&2; exit 1; }
    echo "$presets" > "$BUILD/.presets"
}

build() { # preset
    configure "$1"
    say "building ${BUILD#"$PWD"/}"
    cmake --build "$BUILD"
    export PYTHONPATH=$BUILD/stage
}

programs() { find "$BUILD/tests" -maxdepth 1 -name 'test_*' -type f -executable | sort; }

run_catch2() { # program tag
    if [ -n "$2" ]; then set -- "$1" "[$2]"; else set -- "$1"; fi
    # A Python with a C library of its own cannot find its home by the program's path.
    if [ -n "$EMBED_HOME" ]; then PYTHONHOME=$EMBED_HOME "$@"; else "$@"; fi
}

# The program embeds Python; one with a C library of its own cannot find its home by that.
prepare_stress() {
    export HPYSTATE_BUILD=$BUILD
    [ -z "$EMBED_HOME" ] || export HPYSTATE_PROGRAM_HOME=$EMBED_HOME
}

run_stress() {
    build dev
    prepare_stress
    need_stress_packages
    say "stress"
    python stress/run.py "$@"
}

run_tests() { # topic, may be empty; options of pytest...
    local topic=${1:-} test
    shift || true
    build dev
    say "Catch2"
    for test in $(programs); do
        run_catch2 "$test" "$topic"
    done
    say "pytest"
    if [ -z "$topic" ]; then
        # A file stays in one process: its tests share what it compiles and loads.
        python -m pytest --numprocesses logical --maxprocesses 8 --dist loadfile "$@"
    else
        python -m pytest -k "$topic" "$@" || { # 5: nothing collected; a topic may be Catch2's alone
            [ $? = 5 ] && echo "no pytest of the topic '$topic'"
        }
    fi
}

find_python
choose_tools
mkdir -p build
make_environment
case $COMMAND in
    build)  build dev ;;
    test)   run_tests "$@" ;;
    demo)   build release; say "the main job"; python -m hpystate demo "$@" ;;
    test-upstream) build dev; say "upstream's suite"; python tests/upstream/run.py "$@" ;;
    bench)  need_packages valgrind:valgrind; build release; need_bench_packages; say "measuring"; python bench/run.py "$@" ;;
    bench-threads) build release; say "measuring"; python bench/threads.py "$@" ;;
    stress) run_stress "$@" ;;
    check)  need_packages clang-format:clang-format clang-tidy:clang-tidy; build dev; say "checking"
            tools/check.sh "$BUILD"
            build asan; run_sanitized_programs; run_sanitized_suite ;;
    check-without-gil) build dev; say "compiling"; python tools/check_without_gil.py "$BUILD" ;;
    sanitize) build "$(sanitizer)"; run_sanitized "$@" ;;
    fuzz)   COMPILER=clang; choose_tools; build fuzz; say "fuzzing"; python fuzz/run.py "$BUILD" "$@" ;;
    format) need_packages clang-format:clang-format; tools/format.sh ;;
    lint)   need_packages clang-tidy:clang-tidy; build dev; tools/lint.sh "$BUILD" ;;
    matrix) python tools/matrix.py "$@" ;;
    *)      echo "tools/setup.sh: no command '$COMMAND'; see make help" >&2; exit 2 ;;
esac
say "$COMMAND: done"
