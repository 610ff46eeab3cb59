# tools/debs.sh: sourced; Debian's packages, fetched and unpacked without installing anything.
#
# Who sources it has set CACHE, APT (a folder of apt's, private to the cache), DEBS (where packages go),
# LOG, SUITES (names of Debian's suites), METHOD (deb: no sources), and a function say.
#
# apt_setup      apt's settings for SUITES, from the mirror that this system uses; exports APT_CONFIG
# patchelf_path  prints a patchelf, of the system or of the cache; fails where there is none
# download_debs  PACKAGES: with all that they depend on, into DEBS; sets URIS, the names of the files
# unpack_debs    ROOT: the files of URIS

apt_setup() {
    mkdir -p "$APT"/etc/{apt.conf.d,preferences.d} "$APT"/state/lists/partial "$APT"/cache
    : > "$APT/state/status"
    # The archive this system itself comes from, as apt is configured for it.
    local uri key codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    uri=$(env -u APT_CONFIG apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
          awk -v c="$codename" '$1==c {print $2; exit}')
    [ -n "$uri" ] || die "no archive for ${codename:-this system} in apt's sources"
    key=/usr/share/keyrings/debian-archive-keyring.gpg
    local opt=; [ -r $key ] && opt="[signed-by=$key]"
    { for s in $SUITES; do
          echo "deb $opt $uri $s main"
          [ "$METHOD" = deb ] || echo "deb-src $opt $uri $s main" # half of what there is to read
      done; } > "$APT/etc/sources.list.new"
    cat > "$APT/apt.conf" <<X
Dir::Etc "$APT/etc";
Dir::Etc::parts "/etc/apt/apt.conf.d";
Dir::Etc::sourcelist "$APT/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "$APT/etc/preferences.d";
Dir::State "$APT/state";
Dir::State::status "$APT/state/status";
Dir::Cache "$APT/cache";
Dir::Cache::archives "$DEBS";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
DPkg::Post-Invoke { };
#clear DPkg::Post-Invoke;
#clear APT::Update::Post-Invoke;
Binary::apt::APT::Keep-Downloaded-Packages "true";
X
    export APT_CONFIG=$APT/apt.conf
    if ! cmp -s "$APT/etc/sources.list.new" "$APT/etc/sources.list" ||
       [ -z "$(find "$APT/updated" -mmin -1440 2>/dev/null)" ]; then
        mv "$APT/etc/sources.list.new" "$APT/etc/sources.list"
        say "reading the package lists of: $SUITES"
        apt-get -q update >>"$LOG" 2>&1 || say "apt-get update had errors (see $LOG); going on with what came"
        touch "$APT/updated"
    fi
}

patchelf_path() {
    local p; p=$(command -v patchelf || true)
    if [ -z "$p" ]; then
        p=$CACHE/tools/usr/bin/patchelf
        [ -x "$p" ] || { mkdir -p "$CACHE/tools"
            (cd "$CACHE/tools" && env -u APT_CONFIG apt-get -q -o APT::Sandbox::User=root download patchelf >>"$LOG" 2>&1 && dpkg -x patchelf_*.deb .) || return 1; }
    fi
    echo "$p"
}

download_debs() { # packages, in one word
    local packages=$1
    exec 8>"$CACHE/lock.apt"; flock 8
    apt_setup
    # shellcheck disable=SC2086 # several packages
    apt-get -q -y -d install $packages >>"$LOG" 2>&1 || { flock -u 8; say "binary packages are not available: $packages (see $LOG)"; return 1; }
    # shellcheck disable=SC2086
    URIS=$(rm -rf "$CACHE/none"; mkdir -p "$CACHE/none/partial"; apt-get -q -y --print-uris -o Dir::Cache::archives="$CACHE/none" install $packages 2>/dev/null | sed -n "s/^'\([^']*\)' \([^ ]*\) .*/\2/p")
    flock -u 8
    [ -n "$URIS" ]
}

unpack_debs() { # root
    local root=$1 f
    mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
    for f in bin sbin lib lib64; do [ -e "$root/$f" ] || ln -s usr/$f "$root/$f"; done
    for f in $URIS; do
        # headers and tools of the packages' own C library must not mix with this machine's
        case $f in linux-libc-dev_*|libc6-dev_*|libc-dev-bin_*|lib*expat1-dev_*|zlib1g-dev_*|ca-certificates_*|debconf_*|openssl_*|libx*|libX*|x11*|tk8*|libtk*|blt_*|*-testsuite_*|libcrypt-dev_*|rpcsvc-proto_*) continue;; esac
        [ -f "$DEBS/$f" ] || { say "lost: $f"; return 1; }
        dpkg-deb --fsys-tarfile "$DEBS/$f" | tar -x -C "$root" --keep-directory-symlink --no-same-owner \
            --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/lintian/*' --exclude='./usr/lib/debug/*'
    done
}
