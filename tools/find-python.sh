# tools/find-python.sh: sourced; finds CPython interpreters that the project can be built for.
#
# find_python   sets PYTHON (absolute) and PYVER, or fails and leaves in TRIED what was looked at. A build
#               without the GIL, or of another kind, is taken where PYTHON names it; where it names
#               nothing good, that is said, and the script ends. Looked at last is what `make` has
#               fetched into the user's cache (tools/install.sh).
# no_python     prints what find_python looked at, and exits
# all_pythons   prints one plain interpreter for each minor version, newest patch first
# cached_python SPEC   prints the interpreter that tools/get-python.sh has put into the user's cache,
#               or could in seconds; or why there is none, and fails
#
# PYVER is a version with its build kind, as tools/get-python.sh spells it: 3.12, 3.13t, 3.14-debug,
# 3.13-asan, 3.13t-tsan.

# Prints PYVER if $1 is good; else a reason, and fails. An interpreter under AddressSanitizer has
# leaks of its own, which it would end with a failure for.
judge_python() {
    ASAN_OPTIONS=detect_leaks=0 "$1" - 2>/dev/null <<'PY' || { echo "does not run"; return 1; }
import os, sys, sysconfig
header = os.path.join(sysconfig.get_path("include"), "Python.h")
if sys.implementation.name != "cpython":
    reason = f"is {sys.implementation.name}, CPython is needed"
elif sys.version_info < (3, 12):
    reason = "is %d.%d, 3.12 or newer is needed" % sys.version_info[:2]
elif not os.path.isfile(header):
    reason = f"has no headers ({header}); install its -dev package"
else:
    asked = sysconfig.get_config_var("CONFIG_ARGS") or ""
    kinds = {"asan": "--with-address-sanitizer" in asked, "tsan": "--with-thread-sanitizer" in asked,
             "debug": sysconfig.get_config_var("Py_DEBUG")}
    free = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    print("%d.%d" % sys.version_info[:2] + free, *[kind for kind in kinds if kinds[kind]], sep="-")
    sys.exit(0)
print(reason)
sys.exit(0)
PY
}

good() { [[ $1 =~ ^3\.[0-9]+t?(-[a-z]+)*$ ]]; }
plain() { [[ $1 =~ ^3\.[0-9]+$ ]]; }

candidates() {
    local minor name
    for name in python3 python; do type -aP "$name" 2>/dev/null || true; done
    for minor in 15 14 13 12; do type -aP "python3.$minor" 2>/dev/null || true; done
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python 2>/dev/null | sort -V || true
}

resolve() { # the interpreter itself: a shim or a venv would be another one tomorrow
    ASAN_OPTIONS=detect_leaks=0 "$1" - 2>/dev/null <<'PY' || echo "$1"
import os, sys
name = "python%d.%d" % sys.version_info[:2] + sys.abiflags
itself = os.path.join(sys.base_prefix, "bin", name)
print(os.path.realpath(itself if os.path.exists(itself) else sys.executable))
PY
}

refuse_python() { # reason
    echo "PYTHON=$PYTHON: $1." >&2
    echo "Give a CPython from 3.12 on with headers, as in PYTHON=/usr/bin/python3.13, or leave PYTHON" \
        "out: then one is looked for, and installed where there is none." >&2
    exit 1
}

TRIED=()
find_python() {
    local candidate verdict
    if [ -n "${PYTHON:-}" ]; then
        candidate=$(command -v "$PYTHON" || true)
        [ -n "$candidate" ] || refuse_python "there is no such command"
        verdict=$(judge_python "$candidate") || true
        good "$verdict" || refuse_python "it ${verdict:-is not a Python}"
        PYTHON=$(resolve "$candidate") PYVER=$verdict
        return
    fi
    TRIED=()
    while read -r candidate; do
        verdict=$(judge_python "$candidate") || true
        if plain "$verdict"; then
            PYTHON=$(resolve "$candidate") PYVER=$verdict
            return
        fi
        good "$verdict" && verdict="is $verdict; PYTHON=$candidate takes it"
        TRIED+=("    $candidate ${verdict:-is not a Python}")
    done < <(candidates; fetched_python)
    return 1
}

no_python() {
    {
        echo "No CPython from 3.12 on with headers was found on PATH or among pyenv's versions:"
        printf '%s\n' "${TRIED[@]:-    (none at all)}"
        echo "Install one with its headers, or set PYTHON=/path/to/python."
    } >&2
    exit 1
}

pythons_cache() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/hpystate/pythons"; }
pypy_folder() { echo "$(pythons_cache)/pypy-7.3.19"; } # where tools/get-pypy.sh puts it for the tests
fetched_prefix() { echo "$(pythons_cache)/${FETCHED_VERSION:-3.14}"; }
fetched_python() { sed -n 's/^exe=//p' "$(fetched_prefix)/.get-python" 2>/dev/null || true; }

all_pythons() {
    local candidate verdict seen=" "
    while read -r candidate; do
        verdict=$(judge_python "$candidate") || true
        plain "$verdict" || continue
        [[ $seen == *" $verdict "* ]] && continue
        seen+="$verdict "
        echo "$verdict $(resolve "$candidate")"
    done < <(candidates) | sort -V
}

cached_python() {
    local prefix log
    prefix=$(pythons_cache)/$1
    if [ ! -f "$prefix/.get-python" ]; then
        case $1 in
            3.14 | 3.15 | 3.14-debug) ;; # Debian has binary packages of these
            *) echo "not in the cache; tools/get-python.sh $1 \$HOME/.cache/hpystate/pythons/$1 builds it"
               return 1 ;;
        esac
    fi
    mkdir -p "$prefix"
    log=$(mktemp)
    if tools/get-python.sh "$1" "$prefix" 2> "$log"; then
        rm "$log"
    else
        tail -n 1 "$log"
        rm "$log"
        return 1
    fi
}
