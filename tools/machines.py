"""machines.py: machines that have only git and make, as chroots of Debian and Ubuntu.

A base is made once by debootstrap and copied for every use. What a machine needs to reach its
archive and pip's index is taken from the running one: mirror, settings of apt and pip,
certificates, resolv.conf and hosts. Its caches are not. /proc, /sys, /dev/pts and /dev/shm are
mounted in a namespace of each command, so they are gone with it, and so are all its processes.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOME = Path.home()
# Where pip looks for settings, and certificates of a site are kept.
PIP_FILES = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf")
SITE_CERTIFICATES = Path("/usr/local/share/ca-certificates")
ALL_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Variables that say how the net is reached; of pip's those that name no folder of this machine.
NET_VARIABLE = re.compile(
    r"PIP_\w+|(https?|ftp|no|all)_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE",
    re.IGNORECASE,
)
UBUNTU_KEYRING = "usr/share/keyrings/ubuntu-archive-keyring.gpg"
# Mounts what a machine has, then goes in. $1: the folder; $2: user:group; the others: a command.
# The shell stays: it is what ends with `unshare`, and all processes with it; one that becomes a
# user would forget that.
ENTER = """
set -e
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sysfs "$1/sys"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$1/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
root=$1 who=$2
shift 2
chroot --userspec="$who" --groups= "$root" "$@"
exit 0
"""


class MachineError(RuntimeError):
    """A machine cannot be made; the message names the reason, and what may help."""


@dataclass(frozen=True)
class System:
    name: str
    family: str  # debian or ubuntu
    suite: str
    components: str = "main"
    updates: tuple[str, ...] = ()


SYSTEMS = {
    system.name: system
    for system in (
        System("debian-12", "debian", "bookworm", updates=("bookworm-updates",)),
        System("debian-13", "debian", "trixie", updates=("trixie-updates",)),
        System("sid", "debian", "sid"),
        System(
            "ubuntu-24.04",
            "ubuntu",
            "noble",
            components="main universe",
            updates=("noble-updates", "noble-security"),
        ),
    )
}


def run_noted(what: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs the command, keeps its output, and prints every ten seconds that it goes on."""
    begin = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            while True:
                try:
                    status = child.wait(timeout=10)
                    break
                except subprocess.TimeoutExpired:
                    print(f"{what} ({time.monotonic() - begin:.0f} s)", flush=True)
        finally:
            child.kill()
        said.seek(0)
        return subprocess.CompletedProcess(command, status, said.read())


def check_possible() -> None:
    """MachineError: no chroot can be made here. Installs debootstrap where it is missing."""
    if os.geteuid() != 0:
        raise MachineError("only root makes chroots; type it after `sudo`")
    result = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-c", "mount -t tmpfs tmpfs /mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise MachineError(f"nothing can be mounted here: {result.stderr.strip()}")
    for tool in ("debootstrap", "git"):
        if shutil.which(tool):
            continue
        if not shutil.which("apt-get"):
            raise MachineError(f"{tool} is missing, and so is apt-get")
        install = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "install", "-y"]
        for command in (["apt-get", "-q", "update"], [*install, "--no-install-recommends", tool]):
            result = run_noted(f"installing {tool}", command)
        if result.returncode != 0:
            raise MachineError(f"{tool} cannot be installed:\n{result.stdout}")


def mirror(family: str) -> str:
    """The address of the archive: HPYSTATE_DEBIAN_MIRROR or HPYSTATE_UBUNTU_MIRROR, else
    that of apt's own, with the other family's last part where this machine is of the other."""
    variable = f"HPYSTATE_{family.upper()}_MIRROR"
    if os.environ.get(variable):
        return os.environ[variable].rstrip("/")
    release = dict(
        line.split("=", 1)
        for line in Path("/etc/os-release").read_text().splitlines()
        if "=" in line
    )
    codename = release.get("VERSION_CODENAME", "").strip('"')
    form = ["--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"]
    result = subprocess.run(
        ["apt-get", "indextargets", *form], capture_output=True, text=True, check=False
    )
    for line in result.stdout.splitlines():
        name, _, address = line.partition(" ")
        head, _, last = address.rstrip("/").rpartition("/")
        if name == codename and last in ("debian", "ubuntu"):
            return f"{head}/{family}"
    raise MachineError(
        f"apt's sources name no archive of {codename or 'this system'} that ends in debian or "
        f"ubuntu; set {variable} to the address of a mirror"
    )


def net_environment() -> dict[str, str]:
    """Variables for a machine: how the net is reached, without this one's folders."""
    return {
        name: value
        for name, value in os.environ.items()
        if NET_VARIABLE.fullmatch(name) and all(map(_travels, value.split()))
    }


def _travels(word: str) -> bool:
    """Whether a word of a setting means something elsewhere; files are copied, folders are not."""
    return not word.startswith("/") or os.path.isfile(word)


def _copy_in(path: Path, root: Path, target: str = "") -> None:
    """A file or folder of this machine, to the same place in that one unless it is said."""
    place = root / (target or str(path)).lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, place, dirs_exist_ok=True)
    elif path.is_file():
        shutil.copy(path, place)  # with its mode: there may be a password in it


def _copy_settings(root: Path) -> None:
    for path in ("/etc/resolv.conf", "/etc/hosts", "/etc/apt/auth.conf", "/etc/apt/auth.conf.d"):
        if Path(path).exists():
            _copy_in(Path(path), root)
    for path in PIP_FILES:
        target = path.replace("~", "/etc/skel")
        if Path(path).expanduser().is_file():
            _copy_in(Path(path).expanduser(), root, target)
            _copy_in(Path(path).expanduser(), root, path.replace("~", "/root"))
    for path in (SITE_CERTIFICATES, ALL_CERTIFICATES):
        if path.exists():
            _copy_in(path, root)
    for value in net_environment().values():
        if value.startswith("/"):
            _copy_in(Path(value), root)
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
    lines = [
        line
        for line in dump.stdout.splitlines()
        if re.match(r"Acquire::(?!IndexTargets|CompressionTypes|Changelogs|cdrom)\S+ ", line)
    ]
    (root / "etc/apt/apt.conf.d/99fresh").write_text("\n".join(lines) + "\n")
    for line in lines:  # certificates and scripts that a setting names
        value = shlex.split(line.rstrip(";"))[-1]
        if value.startswith("/"):
            _copy_in(Path(value), root)


@dataclass
class Machine:
    """A chroot, in which commands are run."""

    root: Path

    def command(self, user: str, script: str) -> list[str]:
        """What runs a bash script as root or as the plain user, in the home folder."""
        uid, home = ("0:0", "/root") if user == "root" else ("1000:1000", "/home/user")
        variables = net_environment() | {
            "HOME": home,
            "USER": user,
            "LOGNAME": user,
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        }
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        enter += ["sh", "-c", ENTER, "sh", str(self.root), uid]
        clean = ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        return [*enter, *clean, "bash", "-c", f"cd {home} && {script}"]

    def do(self, script: str) -> str:
        """Runs a script as root; its output. MachineError where it fails."""
        result = run_noted(f"setting up {self.root.name}", self.command("root", script))
        if result.returncode != 0:
            raise MachineError(f"{self.root.name}: {script}\n{result.stdout[-3000:]}")
        return result.stdout

    def remove(self) -> None:
        remove(self.root)


def remove(folder: Path) -> None:
    """Removes a folder, unless something is mounted in it; never what lies on another device."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    inside = [place for place in mounted if Path(place).is_relative_to(folder.resolve())]
    if inside:
        raise MachineError(f"{folder} is left as it is: {', '.join(inside)} is mounted")
    result = run_noted(f"removing {folder}", ["rm", "-rf", "--one-file-system", "--", str(folder)])
    if result.returncode != 0:
        raise MachineError(f"{folder} is not wholly removed: {result.stdout}")


@dataclass
class Workshop:
    """A folder with bases, one for each system, and with the machines that are copies of them."""

    folder: Path

    def base(self, system: System) -> Machine:
        """The base of a system, made where it is missing."""
        machine = Machine(self.folder / system.name)
        ready = machine.root / "etc/hpystate-fresh"
        if not ready.is_file():
            if machine.root.exists():  # an earlier run was ended in the middle
                remove(machine.root)
            self._bootstrap(system, machine)
            ready.touch()
        return machine

    def _bootstrap(self, system: System, machine: Machine) -> None:
        command = ["debootstrap", "--variant=minbase"]
        if system.family == "ubuntu":
            command.append(f"--keyring={self._ubuntu_keyring()}")
        address = mirror(system.family)
        command += [system.suite, str(machine.root), address]
        scripts = Path("/usr/share/debootstrap/scripts")
        if not (scripts / system.suite).exists():  # newer than debootstrap: the family's own
            command.append(str(scripts / ("gutsy" if system.family == "ubuntu" else "sid")))
        result = run_noted(f"making a {system.name}", command)
        if result.returncode != 0:
            raise MachineError(
                f"{' '.join(command)}\n{result.stdout[-3000:]}\n"
                f"HPYSTATE_{system.family.upper()}_MIRROR=... takes another mirror than {address}"
            )
        suites = (system.suite, *system.updates)
        sources = "".join(f"deb {address} {suite} {system.components}\n" for suite in suites)
        (machine.root / "etc/apt/sources.list").write_text(sources)
        _copy_settings(machine.root)
        machine.do(
            "export DEBIAN_FRONTEND=noninteractive && apt-get -q update && "
            "apt-get -q install -y --no-install-recommends git make && apt-get clean && "
            "rm -rf /var/lib/apt/lists/*"
        )
        machine.do("useradd --create-home --shell /bin/bash --uid 1000 user")

    def _ubuntu_keyring(self) -> Path:
        """Ubuntu's keys: this machine's, else out of Debian's archive, which signs for them."""
        here = Path("/", UBUNTU_KEYRING)
        if here.is_file():
            return here
        keys = self.folder / "keyring"
        if not (keys / UBUNTU_KEYRING).is_file():
            debian = self.base(SYSTEMS["debian-13"])
            with self.copy(debian, "keyring-machine") as machine:
                machine.do(
                    "apt-get -q update && "
                    "apt-get -q -o APT::Sandbox::User=root download ubuntu-keyring && "
                    "dpkg -x ubuntu-keyring_*.deb keys"
                )
                _copy_in(machine.root / "root/keys" / UBUNTU_KEYRING, keys, UBUNTU_KEYRING)
        return keys / UBUNTU_KEYRING

    @contextmanager
    def copy(self, base: Machine, name: str) -> Iterator[Machine]:
        """A machine like the base, removed in the end."""
        machine = Machine(self.folder / "machines" / name)
        if machine.root.exists():
            machine.remove()
        machine.root.parent.mkdir(exist_ok=True)
        command = ["cp", "-a", "--reflink=auto", str(base.root), str(machine.root)]
        result = run_noted(f"copying {base.root.name}", command)
        if result.returncode != 0:
            raise MachineError(f"{base.root.name} cannot be copied: {result.stdout[-1000:]}")
        try:
            yield machine
        finally:
            machine.remove()
