# tools/install.sh: sourced; what the system must have: packages of Debian or Ubuntu, and a CPython.
#
# provide COMMAND PACKAGE:PROOF...   sets PYTHON and PYVER, and sees to the packages. As root it installs
#                   what COMMAND lacks, a Python included: the distribution's, or where that is too old one
#                   that tools/get-python.sh puts into the user's cache. Without root it prints one line
#                   to type, which is complete for `make demo` and `make test`, and exits.
# need_packages PACKAGE:PROOF...     the same for what only some commands ask for.
# quietly WHAT COMMAND...            runs it, prints every ten seconds that it goes on, and shows its output
#                   where it fails.
#
# PROOF is a command or an absolute path: the package is missing where there is no such thing.
# say and find_python are those of tools/setup.sh and tools/find-python.sh.

BUILD_PACKAGES=(cmake:cmake ninja-build:ninja g++:g++)
TEST_PACKAGES=(libtbb-dev:/usr/include/tbb/parallel_for.h catch2:/usr/include/catch2
    valgrind:/usr/include/valgrind/callgrind.h)
# The server of `make hosts`, without the package that starts one; what mod_wsgi is compiled with.
APACHE_PACKAGES=(apache2-bin:/usr/sbin/apache2 apache2-dev:/usr/bin/apxs)
# What unpacks a Python of another Debian (tools/get-python.sh, by_deb).
FETCH_PACKAGES=(patchelf:patchelf)
FETCHED_VERSION=3.14
# Below it the system's own files are looked for; tests say where theirs are.
SYSTEM_ROOT=${SYSTEM_ROOT:-}
OS_RELEASE=$SYSTEM_ROOT/etc/os-release
BEAT_SECONDS=${BEAT_SECONDS:-9}

system() ( # its name, as it calls itself
    . "$OS_RELEASE" 2>/dev/null || true
    echo "${PRETTY_NAME:-this system}"
)

missing_of() { # package:proof...
    local pair package proof
    for pair in "$@"; do
        [ -n "$pair" ] || continue
        package=${pair%%:*} proof=${pair#*:}
        if [[ $proof == /* ]]; then [ -e "$SYSTEM_ROOT$proof" ]; else command -v "$proof" > /dev/null; fi ||
            echo "$package"
    done
}

# ---- progress --------------------------------------------------------------------------------------
BEAT=
stop_beat() {
    [ -z "$BEAT" ] || kill "$BEAT" 2>/dev/null || true
    BEAT=
}
trap stop_beat EXIT

beat() { # what log: until it is killed, or this script is
    local last
    while sleep "$BEAT_SECONDS" > /dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        last=$(tail -n 1 "$2" 2>/dev/null | tr -d '\000-\037' | cut -c 1-70)
        say "$1${last:+ ... $last}"
    done
}

quietly() { # what command...
    local what=$1 log status=0
    shift
    say "$what"
    log=$(mktemp)
    beat "$what" "$log" &
    BEAT=$!
    "$@" < /dev/null > "$log" 2>&1 || status=$?
    stop_beat
    if [ $status != 0 ]; then
        cat "$log" >&2
        echo "The step '$what' failed with status $status: $*" >&2
    fi
    rm -f "$log"
    return $status
}

# ---- packages --------------------------------------------------------------------------------------
APT_UPDATED=
update_lists() {
    [ -z "$APT_UPDATED" ] || return 0
    # Where one of several lists is not available the others may do; if not, the install fails.
    quietly "reading the package lists" apt-get -q -o DPkg::Lock::Timeout=300 update || true
    APT_UPDATED=yes
}

install_packages() { # package...
    export DEBIAN_FRONTEND=noninteractive
    update_lists
    quietly "installing $*" apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" || {
        echo "$(system): apt-get could not install the packages above; its messages are before this line." >&2
        exit 1
    }
}

is_root() { [ "$(id -u)" = 0 ]; }
has_apt() { command -v apt-get > /dev/null; }

# Says what to type, and exits. With sudo as a user does it, otherwise as a machine without it wants it:
# `su -l` has root's PATH, in which dpkg finds its tools.
ask_for() { # command, for what it is all, package...
    local command=$1 whole=$2 line
    shift 2
    if ! has_apt; then
        echo "$(system) has no apt-get. Install what Debian calls: $*" >&2
        echo "Then type \`make $command\` again." >&2
        exit 1
    fi
    line="apt-get install -y --no-install-recommends $*"
    if command -v sudo > /dev/null; then
        line="sudo apt-get update && sudo $line"
    else
        line="su -l -c 'apt-get update && $line'"
    fi
    {
        echo "$(system) lacks packages, and only root can install them. Type this line, or give it to an"
        echo "administrator; it is all that is needed for $whole. Then \`make $command\` again:"
        echo
        echo "    $line"
        echo
    } >&2
    exit 1
}

need_packages() { # package:proof...
    local missing
    mapfile -t missing < <(missing_of "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if is_root && has_apt; then
        install_packages "${missing[@]}"
    else
        ask_for "$COMMAND" "\`make $COMMAND\`" "${missing[@]}"
    fi
}

# ---- Python ----------------------------------------------------------------------------------------
# The version of the distribution's python3, as apt knows it. Where apt has no lists, as in many a
# container, the system's own name tells.
distribution_python() {
    local found
    found=$(LC_ALL=C apt-cache policy python3 2>/dev/null |
        sed -n 's/^ *Candidate: *\([0-9]*\.[0-9]*\).*/\1/p') || true
    if [ -z "$found" ]; then
        found=$( . "$OS_RELEASE" 2>/dev/null || true
            case ${ID:-}:${VERSION_ID:-} in
                debian:12) echo 3.11 ;;
                debian:11) echo 3.9 ;;
                ubuntu:22.*) echo 3.10 ;;
                ubuntu:20.*) echo 3.8 ;;
                *) echo 3.12 ;; # or newer
            esac)
    fi
    echo "$found"
}

new_enough() { [[ $1 =~ ^3\.([0-9]+)$ ]] && [ "${BASH_REMATCH[1]}" -ge 12 ]; }

# What the Python lacks that was found, or else what gets one.
python_packages() { # prints package:proof...
    if [ -n "${PYVER:-}" ]; then
        # Debian's own Python has its venv module in a package of its own. The leaks of a Python under
        # AddressSanitizer would end it with a failure.
        ASAN_OPTIONS=detect_leaks=0 "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
            echo "python${PYVER%%[!0-9.]*}-venv:no such command"
    elif new_enough "$(distribution_python)"; then
        printf '%s\n' "python3-dev:no such command" "python3-venv:no such command"
    else
        printf '%s\n' "${FETCH_PACKAGES[@]}"
    fi
}

fetch_python() {
    local prefix
    prefix=$(fetched_prefix)
    mkdir -p "$prefix"
    # Two suites are enough, and read in half the time.
    GETPY_METHOD=${GETPY_METHOD:-deb} GETPY_SUITES=${GETPY_SUITES:-sid forky} quietly \
        "fetching CPython $FETCHED_VERSION into $prefix ($(system) has $(distribution_python), 3.12 is needed)" \
        tools/get-python.sh "$FETCHED_VERSION" "$prefix" || {
        echo "Set PYTHON=/path/to/python to a CPython from 3.12 on with headers." >&2
        exit 1
    }
}

provide() { # command package:proof...
    local command=$1 wanted missing
    shift
    find_python || PYVER=''
    if [ -z "$PYVER" ]; then
        has_apt || no_python
        # Only then is it known what the distribution has.
        ! is_root || update_lists
    fi
    mapfile -t wanted < <(python_packages; printf '%s\n' "$@")
    mapfile -t missing < <(missing_of "${wanted[@]}")
    if [ ${#missing[@]} -gt 0 ]; then
        if is_root && has_apt; then
            install_packages "${missing[@]}"
        else
            mapfile -t missing < <(missing_of "${wanted[@]}" "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" |
                awk '!seen[$0]++')
            ask_for "$command" '`make demo` and `make test`' "${missing[@]}"
        fi
    fi
    [ -z "$PYVER" ] || return 0
    find_python || {
        new_enough "$(distribution_python)" || fetch_python
        find_python || no_python
    }
}
