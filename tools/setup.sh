#!/usr/bin/env bash
# tools/setup.sh COMMAND [ARGUMENT...]: installs what is missing, builds, and runs COMMAND.
#
# PYTHON=... is the interpreter; otherwise the first CPython from 3.12 on with headers that is found
# on PATH, then among pyenv's versions, then in the user's cache; otherwise one is installed
# (tools/install.sh). COMPILER=clang builds with clang++ instead of g++. HPYSTATE_UNITY=ON compiles
# the files of a room together in a dev build (CMakeLists.txt). Everything is in .venv/<X.Y> and
# build/<preset>-<X.Y>.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/find-python.sh
. tools/install.sh
. tools/sanitize.sh

COMMAND=${1:-build}
shift || true
HPYSTATE_UNITY=${HPYSTATE_UNITY:-OFF}
case $HPYSTATE_UNITY in
    ON | OFF) ;;
    *) echo "HPYSTATE_UNITY=$HPYSTATE_UNITY: ON or OFF was expected" >&2; exit 2 ;;
esac
BEGIN=$SECONDS
if [ -t 1 ]; then BOLD=$'\033[1m' PLAIN=$'\033[0m'; else BOLD='' PLAIN=''; fi
say() { printf '%s[%3ds] %s%s\n' "$BOLD" $((SECONDS - BEGIN)) "$*" "$PLAIN"; }
# Runs it, and tells where it is silent for ten seconds that it goes on. A Python that is under a
# sanitizer itself has no business between: it would be looked at as the command is.
relayed() { # what command...
    local what=$1
    shift
    case $PYVER in
        *-asan | *-tsan) "$@" ;;
        *) python tools/relay.py "$what" $((SECONDS - BEGIN)) "$@" ;;
    esac
}

# ---- packages --------------------------------------------------------------------------------------
# What a command needs of the system besides a Python. A release build has no tests in it.
packages_of() { # command
    case $1 in
        demo | bench-pool | bench-service | bench-threads | test-wheel | wheels) printf '%s\n' "${BUILD_PACKAGES[@]}" ;;
        hosts) printf '%s\n' "${BUILD_PACKAGES[@]}" "${APACHE_PACKAGES[@]}" ;;
        bench | bench-pyglobal | evaluate) printf '%s\n' "${BUILD_PACKAGES[@]}" valgrind:valgrind ;;
        format | matrix | fresh | docs) ;;
        *) printf '%s\n' "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" ;;
    esac
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
# ENVIRONMENT is its name where it is not the one for developing.
make_environment() { # group of pyproject.toml...; none: all that developing needs
    VENV=$PWD/.venv/${ENVIRONMENT:-$PYVER}
    local stamp=$VENV/.installed wanted
    wanted="$PYTHON $(sha256sum pyproject.toml | cut -c1-16)"
    # What has everything has each group too.
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        [ $# = 0 ] || stamp+="-${*// /-}"
        if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
            # pip comes last, so an environment that has it is whole
            [ -x "$VENV/bin/pip" ] || quietly "making ${VENV#"$PWD"/}" "$PYTHON" -m venv "$VENV"
            # shellcheck disable=SC2046
            quietly "installing Python packages into ${VENV#"$PWD"/}" \
                "$VENV/bin/python" -m pip install --disable-pip-version-check \
                $("$PYTHON" tools/dependencies.py "$@")
            echo "$wanted" > "$stamp"
        fi
    fi
    export PATH=$VENV/bin:$PATH
}

# The peers that `make bench`, `make bench-pyglobal` and `make evaluate` measure, and what draws the plot.
need_bench_packages() {
    python -c 'import Cython, matplotlib, pybind11' 2>/dev/null ||
        quietly "installing Python packages for make $COMMAND" \
            python -m pip install --disable-pip-version-check --prefer-binary \
            $(python tools/dependencies.py bench)
}

# What `make stress ARGS="--plot FILE"` draws with. An older version that is built does: the newest has
# nothing for every Python without the GIL, and to build it takes the network.
need_stress_packages() {
    python -c 'import matplotlib' 2>/dev/null ||
        quietly "installing Python packages for make stress" \
            python -m pip install --disable-pip-version-check --prefer-binary \
            $(python tools/dependencies.py stress)
}

# dask, distributed, joblib and cloudpickle, for tests/pool: not in the environment that developing needs,
# since `make test-version` does without. Builds of other kinds have no wheels of all of them.
need_pool_packages() {
    [[ $PYVER =~ ^3\.[0-9]+$ ]] || return 0
    python -c 'import cloudpickle, dask, distributed, joblib' 2>/dev/null ||
        quietly "installing Python packages for tests/pool" \
            python -m pip install --disable-pip-version-check --prefer-binary \
            $(python tools/dependencies.py pool)
    export HPYSTATE_WITH_POOL=yes # a test that skips without them fails then
}

# ---- checks ----------------------------------------------------------------------------------------
run_hooks() { # option of `pre-commit run`...
    python -c 'import pre_commit' 2>/dev/null ||
        quietly "installing pre-commit" \
            python -m pip install --disable-pip-version-check $(python tools/dependencies.py check)
    python -m pre_commit run --all-files --color never "$@"
}

# All of .pre-commit-config.yaml. clang-tidy reads the compile commands of the dev build.
run_all_hooks() {
    need_packages clang-format:clang-format clang-tidy:clang-tidy
    configure dev
    # Without a build nothing else would notice a new source file, which has no compile command then.
    quietly "looking for new files" cmake "$BUILD"
    export HPYSTATE_BUILD=$BUILD
    say "checking"
    run_hooks --hook-stage manual
}

# A hook that has changed a file fails; then it has nothing more to change.
run_formatters() {
    need_packages clang-format:clang-format
    local hook
    for hook in clang-format ruff-format; do run_hooks $hook || run_hooks $hook; done
}

# ---- two Pythons in one program ----
# A second Python with a shared library, of another version than PYTHON.
second_python() {
    local one
    for one in $(all_pythons); do
        "$one" - "$PYVER" <<'PY' && { echo "$one"; return; }
import sys, sysconfig
other = "%d.%d" % sys.version_info[:2] != sys.argv[1]
sys.exit(0 if other and sysconfig.get_config_var("Py_ENABLE_SHARED") else 1)
PY
    done
    echo "two-pythons: no second Python with a shared library (Py_ENABLE_SHARED) beside $PYTHON." \
        "Install one, or name it: make two-pythons SECOND=/path/to/python3.13" >&2
    return 1
}

run_two_pythons() {
    local second
    second=${SECOND:-$(second_python)}
    build dev _native
    local first=$BUILD/stage
    PYTHON=$second tools/setup.sh module
    # shellcheck disable=SC2030 # the function changes PYTHON and PYVER for this answer only
    local version
    version=$(PYTHON=$second && find_python && echo "$PYVER")
    say "two Pythons"
    python examples/two_pythons/two_pythons.py "$PYTHON=$first" "$second=$PWD/build/dev-$version/stage" "$@"
}

# ---- PyPy ----
run_test_pypy() { # option of pytest...
    build dev "${PYTEST_TARGETS[@]}"
    say "PyPy 7.3.19"
    export HPYSTATE_PYPY=${HPYSTATE_PYPY:-$(pypy_folder)}
    tools/get-pypy.sh "$HPYSTATE_PYPY"
    python -m pytest tests/hosts "$@"
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
    # Leaks are looked for by name (tests/upstream/leaks.py): CPython keeps much to its end.
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
}

configure() { # preset; sets BUILD
    [ "$COMPILER" != clang ] || need_clang
    BUILD=$PWD/build/$1-$PYVER
    [ "$COMPILER" = gcc ] || case $PYVER in *-asan | *-tsan) ;; *) BUILD+=-$COMPILER ;; esac
    local options=(--preset "$1" -B "$BUILD" -DPython_EXECUTABLE="$PYTHON")
    [ -z "$EMBED_FLAGS" ] ||
        options+=("-DHPYSTATE_EMBED_FLAGS=$EMBED_FLAGS" "-DHPYSTATE_EMBED_HOME=$EMBED_HOME")
    # The other presets have a value of their own.
    [ "$1" != dev ] || options+=("-DHPYSTATE_UNITY=$HPYSTATE_UNITY")
    # What the presets and these options hold is taken when a folder is configured.
    local wanted
    wanted="$(sha256sum < CMakePresets.json | cut -c1-16) ${options[*]}"
    [ -f "$BUILD/build.ninja" ] && [ "$(cat "$BUILD/.options" 2>/dev/null)" = "$wanted" ] && return
    quietly "configuring ${BUILD#"$PWD"/}" cmake "${options[@]}"
    echo "$wanted" > "$BUILD/.options"
}

build() { # preset target...; without one everything
    local preset=$1
    shift
    configure "$preset"
    say "building ${BUILD#"$PWD"/}$([ "$preset" != release ] || echo "; its last step, the link, takes a minute")"
    relayed "building" cmake --build "$BUILD" ${1:+--target "$@"}
    export PYTHONPATH=$BUILD/stage
}

# Catch2's tests, one for each core at a time; the labels of ctest are Catch2's tags and the programs' names.
run_catch2() { # option of ctest...
    relayed ctest ctest --test-dir "$BUILD" --progress --output-on-failure --no-tests=error --no-label-summary -j "$(nproc)" "$@"
}

# The same tests in one process: what a test leaves behind meets the next one.
run_whole() { # program...
    local program home=()
    [ -z "$EMBED_HOME" ] || home=(env "PYTHONHOME=$EMBED_HOME")
    for program in "$@"; do
        relayed "$program" "${home[@]}" "$BUILD/tests/$program"
    done
}

# The program embeds Python; one with a C library of its own cannot find its home by that.
prepare_stress() {
    export HPYSTATE_BUILD=$BUILD
    [ -z "$EMBED_HOME" ] || export HPYSTATE_PROGRAM_HOME=$EMBED_HOME
}

run_stress() {
    build dev stress
    prepare_stress
    [[ " $*" != *" --plot"* ]] || need_stress_packages
    say "stress"
    python stress/run.py "$@"
}

# What a test of pytest needs of the build. The other programs, the model and stress are most of it.
PYTEST_TARGETS=(_native _images hpystate_embed_library limits hangs elf_dump)
# Those of Catch2 that embed the interpreter, and what tests of pytest run besides.
VERSION_TARGETS=("${PYTEST_TARGETS[@]}" test_interp_state test_formats)
# The programs of Catch2 that run under a sanitizer, and what HPy's suite needs. Stress is not in it.
CHECK_TARGETS=("${VERSION_TARGETS[@]}" test_globals test_window_no_gil)
FUZZERS=(fuzz_loader fuzz_registry fuzz_window fuzz_formats fuzz_states)

run_pytest() { # option of pytest...
    say "pytest"
    # A file stays in one process: its tests share what it compiles and loads. What runs there is
    # printed by tests/limits/progress.py.
    # tests/conftest.py has the order. Many tests wait, so there are three processes for two cores.
    local processes=$((($(nproc) * 3 + 1) / 2))
    python -m pytest --numprocesses $((processes < 8 ? processes : 8)) --dist loadfile --no-loadscope-reorder \
        --durations 15 --durations-min 5 "$@"
}

run_tests() { # topic, may be empty; options of pytest...
    local topic=${1:-} status=0 tagged
    shift || true
    case $topic in '' | pool*) need_pool_packages ;; esac
    if [ -z "$topic" ]; then
        build dev
        say "Catch2"
        run_catch2
        run_whole test_globals test_interp_state
        run_pytest -m "not long" "$@"
        return
    fi
    if tagged=$("$PYTHON" tools/topics.py --catch2 "$topic" 2> /dev/null); then
        build dev
        say "Catch2"
        run_catch2 -L "^$tagged\$"
    else
        build dev "${PYTEST_TARGETS[@]}"
    fi
    say "pytest"
    relayed pytest python -m pytest -k "$topic" "$@" || status=$?
    if [ $status = 5 ]; then # nothing collected
        "$PYTHON" tools/topics.py --catch2 "$topic" > /dev/null || exit 2
        echo "no pytest of the topic '$topic'"
    elif [ $status != 0 ]; then
        exit $status
    fi
}

# All but what is the same with every Python: tests/conftest.py names it, and the first version runs it.
run_tests_of_version() { # option of pytest...
    build dev "${VERSION_TARGETS[@]}"
    say "Catch2"
    run_catch2 -L '^test_(interp_state|formats)$'
    run_whole test_interp_state
    run_pytest -m "not once and not long" "$@"
}

# What `make test` leaves out: its tests of ten seconds and more. A later -m has the last word.
run_long_tests() { # option of pytest...
    need_pool_packages
    build dev
    run_pytest -m long "$@"
}

mapfile -t PACKAGES < <(packages_of "$COMMAND")
# A wrong topic is told before anything takes minutes; where there is no Python, as soon as there is.
check_topic() { [ "$COMMAND" != test ] || [ -z "${1:-}" ] || "$PYTHON" tools/topics.py "$1" || exit 2; }
if find_python; then
    check_topic "$@"
    provide "$COMMAND" "${PACKAGES[@]}"
else
    provide "$COMMAND" "${PACKAGES[@]}"
    check_topic "$@"
fi
choose_tools
mkdir -p build
[ "$COMMAND" != fresh ] || exec "$PYTHON" tools/fresh.py "$@"
[ "$COMMAND" != wheels ] || exec "$PYTHON" tools/wheels.py "$@"
case $COMMAND in
    demo | bench-pool | bench-service | bench-threads | hosts | test-wheel) make_environment demo ;;
    docs) ENVIRONMENT=docs-$PYVER make_environment docs ;;
    *) make_environment ;;
esac
case $COMMAND in
    build)  build dev ;;
    test)   run_tests "$@" ;;
    test-version) run_tests_of_version "$@" ;;
    test-long) run_long_tests "$@" ;;
    demo)   build release; say "the isolation demo"; relayed "the isolation demo" python -m hpystate demo "$@" ;;
    test-upstream) build dev _native _images; say "upstream's suites"; python tests/upstream/run.py "$@" ;;
    test-pypy) run_test_pypy "$@" ;;
    bench)  need_packages valgrind:valgrind; build release; need_bench_packages; say "measuring"; python bench/run.py "$@" ;;
    bench-pyglobal) need_packages valgrind:valgrind; build release; need_bench_packages; say "measuring"; python bench/run_pyglobal.py "$@" ;;
    bench-pool) build release; say "measuring"; python bench/pool.py "$@" ;;
    bench-service) build release; need_bench_packages; say "measuring"; python bench/service.py "$@" ;;
    hosts)  build release; say "Apache and mod_wsgi"; python bench/apache/serve.py "$@" ;;
    evaluate) need_packages valgrind:valgrind; build release; need_bench_packages; say "measuring"; python bench/evaluate.py "$@" ;;
    bench-threads) build release; say "measuring"; python bench/threads.py "$@" ;;
    stress) run_stress "$@" ;;
    module) build dev _native _images ;;
    two-pythons) run_two_pythons "$@" ;;
    test-wheel) python tests/wheel/run.py "$@" ;;
    docs)   say "the site"; relayed "the site" python tools/docs_site.py "$@" ;;
    doctor-packages) build dev _native _images; say "the doctor on packages"; python tools/doctor_packages.py "$@" ;;
    suite-packages) build dev _native _images; say "suites of packages"; python tools/suite_packages.py "$@" ;;
    packages) build dev _native _images; say "packages in private images"; python tools/packages.py "$@" ;;
    check)  run_all_hooks
            build asan "${CHECK_TARGETS[@]}"; run_sanitized_programs; run_sanitized_suite ;;
    check-without-gil) configure dev; say "compiling"; python tools/check_without_gil.py "$BUILD" ;;
    sanitize) build "$(sanitizer)"; run_sanitized "$@" ;;
    fuzz)   COMPILER=clang; choose_tools; build fuzz "${FUZZERS[@]}"; say "fuzzing"; python tests/fuzz/run.py "$BUILD" "$@" ;;
    format) run_formatters ;;
    lint)   run_all_hooks ;;
    matrix) python tools/matrix.py "$@" ;;
    *)      echo "tools/setup.sh: no command '$COMMAND'; see make help" >&2; exit 2 ;;
esac
say "$COMMAND: done"
