"""test_setup.py: what `make demo` and `make test` say and install on machines that lack things.

The machine is a folder: PATH holds a few commands, and apt's are ours, which write down how they
were called. `make fresh` does the same with whole systems.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
# What a `make` that runs this hands to the `make` of a test, which would then not be the first one.
MAKES = {"T", "ARGS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
# What every Debian has.
ESSENTIAL = (
    "awk bash cat cut dirname env grep head ln ls mkdir mktemp rm sed sh sleep sort tail tr uname"
).split()
DEBIAN_13 = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n'
DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'
SID = 'PRETTY_NAME="Debian GNU/Linux forky/sid"\nID=debian\n'
UBUNTU = 'PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nVERSION_ID="24.04"\n'
FOR_BOTH = "cmake ninja-build g++ libtbb-dev catch2 valgrind".split()
PROVIDE = """
set -euo pipefail
say() { echo "$*"; }
. "$SOURCES/tools/find-python.sh"
. "$SOURCES/tools/install.sh"
COMMAND=demo
provide demo "${BUILD_PACKAGES[@]}"
echo "PYTHON is $PYTHON"
"""


# Answers as a good CPython does: what it is to the first of find-python.sh's questions, and where.
PYTHON = """#!/bin/bash
[ "$1" = - ] || exit 0
case $(cat) in *CONFIG_ARGS*) echo 3.13 ;; *) echo "$0" ;; esac
"""


class Machine:
    """A machine with what every Debian has; `calls` is what apt and the fetcher were asked for."""

    def __init__(self, folder: Path, release: str, user: int) -> None:
        self.folder, self.bin, self.log = folder, folder / "bin", folder / "calls"
        for part in (self.bin, folder / "etc", folder / "home", folder / "tools"):
            part.mkdir(parents=True)
        (folder / "etc" / "os-release").write_text(release)
        self.log.touch()
        for name in ESSENTIAL:
            path = shutil.which(name)
            assert path, name
            (self.bin / name).symlink_to(path)
        self.python = folder / "good" / "python3"
        self.python.parent.mkdir()
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)
        self.command("id", f"echo {user}")
        self.command("apt-cache", "exit 0")  # no lists, as in a container
        self.command("apt-get", self.noting())

    def command(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def noting(self) -> str:
        return f'echo "apt-get $*" >> "{self.log}"'

    def fetcher(self, script: str) -> None:
        path = self.folder / "tools" / "get-python.sh"
        path.write_text(f'#!/bin/bash\necho "get-python $*" >> "{self.log}"\n{script}\n')
        path.chmod(0o755)

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(self.bin),
            "HOME": str(self.folder / "home"),
            "SYSTEM_ROOT": str(self.folder),
            "SOURCES": str(ROOT),
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def provide(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("bash", "-c", PROVIDE, **variables)

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines()


def line_of(result: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in result.stderr.splitlines() if "apt-get" in line]
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.mark.parametrize("command", ["demo", "test"])
def test_a_user_is_told_one_line_that_is_complete_for_both_commands(
    tmp_path: Path, command: str
) -> None:
    machine = Machine(tmp_path / "machine", DEBIAN_13, user=1000)
    result = machine.run("bash", str(ROOT / "tools" / "setup.sh"), command)

    assert result.returncode == 1
    line = line_of(result)
    assert line.startswith("su -l -c '") and line.endswith("'")
    assert "apt-get update && apt-get install -y" in line
    for package in ("python3-dev", "python3-venv", *FOR_BOTH):
        assert package in line.rstrip("'").split()
    assert "Debian GNU/Linux 13 (trixie) lacks" in result.stderr
    assert f"`make {command}` again" in result.stderr
    assert machine.calls() == []


def test_where_there_is_sudo_the_line_uses_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", UBUNTU, user=1000)
    machine.command("sudo", "exit 1")
    result = machine.provide()

    assert line_of(result).startswith("sudo apt-get update && sudo apt-get install -y ")
    assert "Ubuntu 24.04 LTS lacks" in result.stderr
    assert "Debian GNU" not in result.stderr


def test_a_user_with_an_old_distribution_is_told_what_fetching_a_python_needs(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path / "machine", DEBIAN_12, user=1000)
    line = line_of(machine.provide())

    assert {"patchelf", *FOR_BOTH} <= set(line.rstrip("'").split())
    assert "python3-dev" not in line


def test_after_the_line_a_user_with_an_old_distribution_gets_a_python_fetched(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path / "machine", DEBIAN_12, user=1000)
    for name in ("patchelf", "cmake", "ninja", "g++"):
        machine.command(name, "exit 0")
    machine.fetcher(f'echo "exe={machine.python}" > "$2/.get-python"')
    result = machine.provide()

    assert result.returncode == 0, result.stderr
    assert machine.calls() == [
        f"get-python 3.14 {machine.folder}/home/.cache/hpystate/pythons/3.14"
    ]
    assert "PYTHON is /" in result.stdout
    assert machine.provide().returncode == 0
    assert len(machine.calls()) == 1, "it is found in the cache the second time"


@pytest.mark.parametrize("release", [DEBIAN_13, SID, UBUNTU], ids=["13", "sid", "ubuntu"])
def test_root_gets_the_python_of_a_new_distribution(tmp_path: Path, release: str) -> None:
    machine = Machine(tmp_path / "machine", release, user=0)
    put = f"ln -s {machine.python} {machine.bin}/python3"
    machine.command("apt-get", f'{machine.noting()}\n[[ " $* " != *" install "* ]] || {put}')
    result = machine.provide()

    assert result.returncode == 0, result.stderr
    update, install = machine.calls()
    assert update.endswith(" update")
    assert install.split()[-5:] == ["python3-dev", "python3-venv", "cmake", "ninja-build", "g++"]
    assert "PYTHON is /" in result.stdout


def test_root_with_an_old_distribution_gets_a_python_fetched(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", DEBIAN_13, user=0)
    # What apt knows counts more than the system's name.
    machine.command("apt-cache", "echo '  Candidate: 3.11.2-1+b1'")
    machine.fetcher(f'echo "exe={machine.python}" > "$2/.get-python"')
    result = machine.provide()

    assert result.returncode == 0, result.stderr
    _, install, fetch = machine.calls()
    assert "patchelf" in install and "python3-dev" not in install
    assert fetch.startswith("get-python 3.14 ")


def test_a_python_that_cannot_be_fetched_is_said_with_the_reason(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", DEBIAN_12, user=0)
    machine.fetcher("echo 'get-python: no archive for bookworm' >&2; exit 1")
    result = machine.provide()

    assert result.returncode == 1
    assert "get-python: no archive for bookworm" in result.stderr
    assert "Set PYTHON=/path/to/python" in result.stderr


def test_where_apt_fails_its_words_are_shown(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", DEBIAN_13, user=0)
    machine.command("apt-get", 'echo "E: Unable to locate package of $*" >&2; exit 100')
    result = machine.provide()

    assert result.returncode == 1
    assert re.search("E: Unable to locate package of .*install.*cmake", result.stderr)
    assert "failed with status 100" in result.stderr
    assert "Debian GNU/Linux 13 (trixie): apt-get could not install" in result.stderr


def test_the_python_that_the_user_names_is_taken_or_refused(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", DEBIAN_13, user=0)
    refused = machine.provide(PYTHON="/not/there/python")

    assert refused.returncode == 1
    assert "PYTHON=/not/there/python: there is no such command" in refused.stderr
    assert "or leave PYTHON out" in refused.stderr
    assert machine.calls() == []
    taken = machine.provide(PYTHON=str(machine.python))
    assert taken.returncode == 0, taken.stderr
    assert "python3-dev" not in machine.log.read_text()


def test_where_nothing_is_missing_apt_is_not_called(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", DEBIAN_13, user=0)
    script = PROVIDE.replace('"${BUILD_PACKAGES[@]}"', "")
    result = machine.run("bash", "-c", script, PYTHON=str(machine.python))

    assert result.returncode == 0, result.stderr
    assert machine.calls() == []


def test_the_leaks_of_a_python_under_address_sanitizer_are_not_a_missing_package(
    tmp_path: Path,
) -> None:
    """LeakSanitizer makes the exit status of such a Python 1 whatever it ran."""
    machine = Machine(tmp_path, DEBIAN_12, user=0)
    leaking = PYTHON.replace("\n", "\n[[ ${ASAN_OPTIONS:-} == *detect_leaks=0* ]] || exit 1\n", 1)
    machine.python.write_text(leaking.replace("echo 3.13 ", "echo 3.13-asan "))

    machine.provide(PYTHON=str(machine.python))

    assert not [call for call in machine.calls() if "-venv" in call]


def test_a_python_of_another_kind_lacks_the_package_of_its_version(tmp_path: Path) -> None:
    machine = Machine(tmp_path, DEBIAN_13, user=0)
    lacking = PYTHON.replace("|| exit 0", "|| exit 1").replace("echo 3.13 ", "echo 3.13t ")
    machine.python.write_text(lacking)

    machine.provide(PYTHON=str(machine.python))

    assert any("python3.13-venv" in call for call in machine.calls()), machine.calls()


def test_a_system_without_apt_is_told_what_is_missing(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", 'PRETTY_NAME="Fedora Linux 41"\nID=fedora\n', user=0)
    (machine.bin / "apt-get").unlink()
    without_python = machine.provide()
    without_packages = machine.provide(PYTHON=str(machine.python))

    assert without_python.returncode == without_packages.returncode == 1
    assert "No CPython from 3.12 on with headers" in without_python.stderr
    assert "Fedora Linux 41 has no apt-get" in without_packages.stderr
    assert "cmake ninja-build g++" in without_packages.stderr


def test_a_quiet_step_says_that_it_goes_on(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", DEBIAN_13, user=0)
    script = PROVIDE.partition("COMMAND=")[0] + "quietly waiting sh -c 'echo stage 2; sleep 2'"
    result = machine.run("bash", "-c", script, BEAT_SECONDS="0.5")

    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "waiting"
    assert lines[1] == "waiting ... stage 2"
    assert len(lines) >= 3


# ---- topics --------------------------------------------------------------------------------------
def topic(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "topics.py"), *options, name]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


#: The function of setup.sh, with a cmake that notes its call.
CONFIGURE = """
set -euo pipefail
quietly() { shift; "$@"; }
cmake() { echo "$*" >> calls; mkdir -p "$4"; touch "$4/build.ninja"; }
eval "$(sed -n '/^configure() {/,/^}/p' "$SOURCES/tools/setup.sh")"
COMPILER=gcc PYVER=3.13 PYTHON=/python EMBED_FLAGS=''
cp "$SOURCES/CMakePresets.json" .
for step in $STEPS; do
    HPYSTATE_UNITY=${step#*:} configure "${step%:*}"
done
"""


def configured(folder: Path, *steps: str) -> list[str]:
    """The calls of cmake, when a preset is configured with a value of HPYSTATE_UNITY in turn."""
    environment = os.environ | {"SOURCES": str(ROOT), "STEPS": " ".join(steps)}
    command = ["bash", "-c", CONFIGURE]
    subprocess.run(command, cwd=folder, env=environment, timeout=60, check=True)
    return (folder / "calls").read_text().splitlines()


def test_a_build_is_configured_again_when_its_rooms_are_to_be_compiled_in_another_way(
    tmp_path: Path,
) -> None:
    calls = configured(tmp_path, "dev:OFF", "dev:OFF", "dev:ON", "dev:ON", "dev:OFF")

    assert [call.split()[-1] for call in calls] == [
        "-DHPYSTATE_UNITY=OFF",
        "-DHPYSTATE_UNITY=ON",
        "-DHPYSTATE_UNITY=OFF",
    ]


def test_only_a_dev_build_is_told_how_to_compile_its_rooms(tmp_path: Path) -> None:
    calls = configured(tmp_path, "asan:OFF", "asan:ON", "release:ON")

    assert len(calls) == 2
    assert "UNITY" not in "".join(calls)


def test_another_value_for_how_rooms_are_compiled_is_refused(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", DEBIAN_13, user=0)
    setup = str(ROOT / "tools" / "setup.sh")
    result = machine.run("bash", setup, "build", HPYSTATE_UNITY="yes")

    assert result.returncode == 2
    assert "HPYSTATE_UNITY=yes: ON or OFF was expected" in result.stderr


def unknown() -> str:
    return "wro" + "ng" * 3  # in pieces, or it would be a word of a test


def test_a_topic_that_no_test_has_ends_make_test_before_it_builds() -> None:
    clean = {name: value for name, value in os.environ.items() if name not in MAKES}
    result = subprocess.run(
        ["make", "test", f"T={unknown()}", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 2
    assert f"T={unknown()}: no test has this topic" in result.stderr
    assert "window" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "name",
    [
        "spares",  # a tag of Catch2 alone
        "tracker",  # a file of pytest's
        "test_wrong_loads_are_a_problem",
        "window and not slow",
        "HPyDict_New",  # made of the frozen list
        "failed_maker_stays_in_the_list",  # a parameter
    ],
)
def test_a_topic_of_either_kind_is_taken(name: str) -> None:
    result = topic(name)

    assert result.returncode == 0, result.stderr


def test_a_wrong_topic_is_answered_with_those_that_are_like_it() -> None:
    result = topic("trak" + "cer")

    assert result.returncode == 2
    assert "Did you mean tracker" in result.stderr


def test_who_gives_the_name_of_a_cxx_file_is_told_of_tags() -> None:
    result = topic("test_symbol_" + "name")

    assert result.returncode == 2
    assert "A C++ file's tests have tags" in result.stderr


def test_a_topic_of_pytest_alone_is_not_a_tag() -> None:
    assert topic("spares", "--catch2").returncode == 0
    assert topic("tracker", "--catch2").returncode == 2
