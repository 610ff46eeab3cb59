# tools/find-python.sh: sourced; finds CPython interpreters that the project can be built for.
#
# find_python   sets PYTHON (absolute) and PYVER ("3.12"), or says why there is none and exits
# all_pythons   prints one interpreter for each minor version, newest patch first

# Prints "3.12" if $1 is good; else a reason, and fails.
judge_python() {
    "$1" - 2>/dev/null <<'PY' || { echo "does not run"; return 1; }
import os, sys, sysconfig
header = os.path.join(sysconfig.get_path("include"), "Python.h")
if sys.implementation.name != "cpython":
    reason = f"is {sys.implementation.name}, CPython is needed"
elif sys.version_info < (3, 12):
    reason = "is %d.%d, 3.12 or newer is needed" % sys.version_info[:2]
elif sysconfig.get_config_var("Py_GIL_DISABLED"):
    reason = "is a build without the GIL; hpystate does not have those yet"
elif not os.path.isfile(header):
    reason = f"has no headers ({header}); install its -dev package"
else:
    print("%d.%d" % sys.version_info[:2])
    sys.exit(0)
print(reason)
sys.exit(0)
PY
}

good() { [[ $1 =~ ^3\.[0-9]+$ ]]; }

candidates() {
    local minor name
    for name in python3 python; do type -aP "$name" 2>/dev/null || true; done
    for minor in 15 14 13 12; do type -aP "python3.$minor" 2>/dev/null || true; done
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python 2>/dev/null | sort -V || true
}

resolve() { # the interpreter itself: a shim or a venv would be another one tomorrow
    "$1" -c 'import os, sys; print(os.path.realpath(os.path.join(sys.base_prefix, "bin", "python%d.%d" % sys.version_info[:2])) if os.path.exists(os.path.join(sys.base_prefix, "bin", "python%d.%d" % sys.version_info[:2])) else os.path.realpath(sys.executable))' 2>/dev/null || echo "$1"
}

find_python() {
    local candidate verdict tried=()
    if [ -n "${PYTHON:-}" ]; then
        candidate=$(command -v "$PYTHON" || true)
        [ -n "$candidate" ] || { echo "PYTHON=$PYTHON: there is no such command" >&2; exit 1; }
        verdict=$(judge_python "$candidate") || true
        good "$verdict" || { echo "PYTHON=$PYTHON: it $verdict" >&2; exit 1; }
        PYTHON=$(resolve "$candidate") PYVER=$verdict
        return
    fi
    while read -r candidate; do
        verdict=$(judge_python "$candidate") || true
        if good "$verdict"; then
            PYTHON=$(resolve "$candidate") PYVER=$verdict
            return
        fi
        tried+=("    $candidate $verdict")
    done < <(candidates)
    {
        echo "No CPython from 3.12 on with headers was found on PATH or among pyenv's versions:"
        printf '%s\n' "${tried[@]:-    (none at all)}"
        echo "Install one (on Debian 13: apt-get install python3-dev), or set PYTHON=/path/to/python."
    } >&2
    exit 1
}

all_pythons() {
    local candidate verdict seen=" "
    while read -r candidate; do
        verdict=$(judge_python "$candidate") || true
        good "$verdict" || continue
        [[ $seen == *" $verdict "* ]] && continue
        seen+="$verdict "
        echo "$verdict $(resolve "$candidate")"
    done < <(candidates) | sort -V
}
