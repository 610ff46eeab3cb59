#!/bin/bash
# get-pypy.sh FOLDER: puts PyPy 7.3.19 for Python 3.11 under FOLDER, and prints its interpreter.
#
# It is Debian 13's, unpacked with its own libc and loader, as tools/get-python.sh does: nothing is
# installed, and no root is needed. 7.3.19 is the last PyPy with HPy (docs/hosts.md). All else goes to
# stderr and the log. A finished FOLDER is only checked and printed.
#
# PyPy's library can be loaded into another process, whose libc must be 2.38 or later. On an older
# system that process runs with the loader and the libraries of FOLDER:
# FOLDER/lib64/ld-linux-x86-64.so.2 --library-path FOLDER/usr/lib/x86_64-linux-gnu PROGRAM
#
# Needs what tools/get-python.sh needs for its way `deb`. Settings: GETPY_CACHE.
set -euo pipefail

die() { echo "get-pypy: $*" >&2; exit 1; }
say() { echo "get-pypy: $*" >&2; }

[ $# -eq 1 ] || die "usage: $0 FOLDER"
mkdir -p "$1"; PREFIX=$(cd "$1" && pwd -P)
PYPY=7.3.19 SUITES=trixie METHOD=deb
CACHE=${GETPY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/get-python}
mkdir -p "$CACHE"; CACHE=$(cd "$CACHE" && pwd -P)
APT=$CACHE/apt-$SUITES DEBS=$CACHE/debs LOG=$CACHE/log/pypy-$PYPY.log
STAMP=$PREFIX/.get-pypy
mkdir -p "$DEBS/partial" "$CACHE/log"
. "$(dirname "$0")/debs.sh"

works() { # interpreter: runs, is of this version, and has HPy
    "$1" -c '
import sys, ssl, zlib
import hpy.universal
version = ".".join(map(str, sys.pypy_version_info[:3]))
sys.exit(0 if version == sys.argv[1] and sys.version_info[:2] == (3, 11) else 1)' "$PYPY"
}

if [ -f "$STAMP" ]; then
    EXE=$(sed -n 's/^exe=//p' "$STAMP")
    if works "$EXE" 2>/dev/null; then echo "$EXE"; exit 0; fi
    say "$PREFIX holds a PyPy that does not work; making it anew"
fi
[ -z "$(ls -A "$PREFIX" | grep -v '^[.]get-pypy' || true)" ] || [ -f "$STAMP" ] || [ -f "$STAMP.partial" ] ||
    die "$PREFIX is not empty and not mine"
touch "$STAMP.partial"

exec 9>"$CACHE/lock.pypy-$PYPY"; flock 9
: > "$LOG"
begin=$SECONDS
patchelf=$(patchelf_path) || die "no patchelf (see $LOG)"
download_debs "pypy3 pypy3-dev libstdc++6" || die "Debian's $SUITES has no pypy3 (see $LOG)"
find "$PREFIX" -mindepth 1 -maxdepth 1 ! -name '.get-pypy*' -exec rm -rf {} +
unpack_debs "$PREFIX" || die "the packages could not be unpacked"

exe=$(readlink -f "$PREFIX/usr/bin/pypy3")
libraries=$(dirname "$(ls "$PREFIX"/usr/lib/*/libpypy3.11-c.so)")
"$patchelf" --force-rpath --set-rpath "$libraries" --set-interpreter "$(readlink -f "$PREFIX"/usr/lib64/ld-linux-*.so.*)" "$exe"
works "$exe" || die "$exe does not run, is not PyPy $PYPY for Python 3.11, or has no hpy.universal"
{ echo "exe=$exe"; echo "library=$libraries/libpypy3.11-c.so"; echo "what=deb $(echo "$URIS" | grep -m1 '^pypy3_')"; } > "$STAMP"
rm -f "$STAMP.partial"
say "PyPy $PYPY in $((SECONDS - begin)) s, $(du -sh "$PREFIX" | cut -f1)"
echo "$exe"
