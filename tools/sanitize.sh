# tools/sanitize.sh: sourced by tools/setup.sh; what `make sanitize` runs, and how findings are told.
#
#   make sanitize                                          everything below
#   make sanitize ARGS="--core"                            what a merge runs: some minutes
#   make sanitize ARGS="fused loader/test_gil.py"          the C++ programs and these of tests/
#   make sanitize ARGS="--stress --only late --seed 7"     the stress program, with its options
#
# The kind is the interpreter's: an -asan or -tsan one has its run-time already. Any other is put under
# GCC's AddressSanitizer: the run-time comes before everything, Python's memory from malloc, so that its
# objects are watched too, and compilers run without. Either way the C++ library comes early, or the
# run-time finds no __cxa_throw. Crashes of child processes are wanted, and looked at by the tests.
sanitizer() { case $PYVER in *-tsan) echo tsan ;; *) echo asan ;; esac; }

# Those with failing allocations bring a malloc of their own, so they are not among them.
SANITIZED_TESTS=(calls context face fused interpreters layers loader siblings types versions)
# What shares memory between threads and interpreters, and what reads foreign bytes.
CORE_TESTS=(fused interpreters loader/test_module.py loader/test_gil.py loader/test_bad_input.py
    context/test_field.py face/test_embed.py face/test_global.py face/test_misuse.py)

run_sanitized() { # as `make sanitize` above
    case ${1:-} in
        --stress) shift; run_sanitized_stress "$@" ;;
        --core)
            run_sanitized_programs
            run_sanitized_tests "${CORE_TESTS[@]}"
            run_sanitized_stress --only churn --seconds 1 --interpreters 100 ;;
        "")
            run_sanitized_programs
            run_sanitized_tests "${SANITIZED_TESTS[@]}"
            run_sanitized_stress ;;
        *)
            run_sanitized_programs
            run_sanitized_tests "$@" ;;
    esac
}

sanitized() { # command... under the sanitizer; fails where it fails, and where anything is found
    local preload without lists=$PWD/tests/suppressions found=$BUILD/found status=0
    preload=$(c++ -print-file-name=libstdc++.so.6)
    rm -f "$found".*
    local settings=(
        ASAN_OPTIONS=log_path=$found:detect_leaks=1:leak_check_at_exit=0:handle_segv=0:handle_abort=0:allocator_may_return_null=1:suppressions=$lists/asan.txt
        LSAN_OPTIONS=suppressions=$lists/lsan.txt:print_suppressions=0
        UBSAN_OPTIONS=log_path=$found:print_stacktrace=1
        TSAN_OPTIONS=log_path=$found:suppressions=$lists/tsan.txt:handle_segv=0:handle_abort=0:history_size=4:allocator_may_return_null=1
        HPYSTATE_SANITIZED="$(sanitizer)"
    )
    case $PYVER in
        *-asan | *-tsan) ;;
        *) without="env -u LD_PRELOAD"
           preload="$(cc -print-file-name=libasan.so) $preload"
           settings+=(PYTHONMALLOC=malloc CC="$without cc" CXX="$without c++") ;;
    esac
    env "${settings[@]}" LD_PRELOAD="$preload" "$@" || status=$?
    # Each process has a file of its own: pytest catches what is written elsewhere, and a child's
    # finding is one too. Warnings of the allocator, which have no colon, are none.
    local finding
    for finding in $(grep -lsE 'ERROR: |runtime error: |WARNING: ThreadSanitizer: ' "$found".*); do
        echo "found by a sanitizer: ${finding#"$PWD"/}" >&2
        head -n 60 "$finding" >&2
        status=1
    done
    return $status
}

run_sanitized_programs() {
    say "the C++ tests under sanitizers"
    run_catch2
}

# The tests of what an extension may do, in an interpreter whose runtime is under sanitizers.
run_sanitized_tests() { # file or folder of tests/...
    say "pytest under sanitizers"
    sanitized python -m pytest --durations=5 "${@/#/tests/}"
}

# Runs the same scenarios; what a sanitizer keeps of freed memory makes memory no matter to judge.
run_sanitized_stress() { # option of stress/run.py...
    prepare_stress
    say "stress under sanitizers"
    sanitized python stress/run.py "$@"
}

run_sanitized_suite() {
    say "HPy's own suites under sanitizers"
    sanitized python tests/upstream/run.py --kind main --leaks
}

