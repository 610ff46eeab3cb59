"""hosts.py: runs the rows of checks.py and the rules of a slot on a host; finds PyPy.

python tests/hosts/hosts.py [--results FILE]     all hosts that are here, as the table of
                                                 docs/hosts.md has them
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hpystate.build import compile_extension, make_cache_folder
from hpystate.demo.upstream import upstream_python
from tests.hosts.checks import ROWS

HERE = Path(__file__).parent
CHECKS = HERE / "checks.py"
SLOTS = HERE.parent / "conformance" / "slots.c"
#: What the documents show; test_hosts.py and test_pypy.py compare with it.
RESULTS = HERE / "results" / "hosts.json"
MODES = {"universal": 0, "debug": 1, "trace": 2}
RULES = 11

#: mode -> row -> what was found; "" where it is what was expected.
Found = dict[str, dict[str, str]]

OURS, UPSTREAM, PYPY = "hpystate", "HPy's own runtime, CPython 3.12", "PyPy 7.3.19"


def extension(name: str = "every", flags: Sequence[str] = ()) -> Path:
    """`every` or `slots`, with our headers; without flags it is one file for all hosts."""
    source = SLOTS if name == "slots" else HERE / f"{name}.c"
    folder = make_cache_folder("snippets", "hosts" + "".join(flags).replace("=", "-"))
    return compile_extension(name, [source], folder, flags=flags)


# ---- PyPy ----


class NoPyPy(LookupError):
    """PyPy is not here; the message is why, and what to type."""


def pypy_folder() -> Path:
    """Where tools/get-pypy.sh has put PyPy: $HPYSTATE_PYPY, else the user's cache."""
    named = os.environ.get("HPYSTATE_PYPY")
    if named == "":
        raise NoPyPy("HPYSTATE_PYPY is empty: another row has what needs PyPy")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(named or os.path.join(base, "hpystate", "pythons", "pypy-7.3.19"))
    if not (folder / ".get-pypy").is_file():
        raise NoPyPy(f"PyPy 7.3.19 is not in {folder}; `make test-pypy` gets it and runs this")
    return folder


def pypy_fact(name: str) -> str:
    """exe: its interpreter; library: its shared library."""
    lines = (pypy_folder() / ".get-pypy").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)[name]


def python_beside_pypy() -> list[str]:
    """A command that runs this Python with the libc that PyPy's library needs."""
    library = Path(pypy_fact("library")).parent
    loader = next((pypy_folder() / "lib64").glob("ld-linux-*.so.*"))
    return [str(loader), "--library-path", str(library), sys.executable]


# ---- running ----

OWN = """
import json, sys
sys.path[:] = {path!r}
import hpystate
from tests.hosts.checks import check_from
module = hpystate.load("every", sys.argv[1], mode={mode!r})
for line in check_from(module, int(sys.argv[3])):
    print(json.dumps(line), flush=True)
"""
#: A rule of a slot for each number; on any host with hpy.universal.
RULE = """
import json, sys
from importlib.machinery import ModuleSpec
from hpy.universal import load
path, mode, first = sys.argv[1:]
slots = load("slots", path, ModuleSpec("slots", None, origin=path), mode=int(mode))
for i in range(int(first), slots.count()):
    print(json.dumps({"row": slots.name(i)}), flush=True)
    print(json.dumps({"found": slots.check(i)[1] or ""}), flush=True)
"""
#: In debug mode a global that no module lists ends the process, if there is no hook.
RULE_OWN = """
import sys
sys.path[:] = {path!r}
import hpystate
from hpystate import debug
debug.set_on_misuse(lambda kind, message: None)
MODES = ["universal", "debug", "trace"]
def load(name, path, spec, mode):
    return hpystate.load(name, path, mode=MODES[mode])
""" + RULE.replace("from hpy.universal import load\n", "").replace("{", "{{").replace("}", "}}")


def rows_of(command: list[str], arguments: list[str], rows: int) -> dict[str, str]:
    """Runs the rows; after a crash the rest in a new process."""
    found: dict[str, str] = {}
    first = 0
    while first < rows:
        result = subprocess.run(
            [*command, *arguments, str(first)],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        names = [line["row"] for line in lines if "row" in line]
        texts = [line["found"] for line in lines if "found" in line]
        first += len(texts)
        found.update(zip(names, texts, strict=False))
        if result.returncode == 0:
            assert first == rows, (command, result.stdout, result.stderr)
        elif result.returncode < 0 and lines:
            found[lines[-1]["row"]] = signal.Signals(-result.returncode).name
            first += 1
        else:
            raise AssertionError(f"{command} ended with {result.returncode}:\n{result.stderr}")
    return found


def run_every(mode: str, command: list[str]) -> dict[str, str]:
    return rows_of(command, [str(extension()), str(MODES[mode])], len(ROWS))


def run_slots(mode: str, command: list[str]) -> dict[str, str]:
    return rows_of(command, [str(extension("slots")), str(MODES[mode])], RULES)


def own(mode: str) -> dict[str, str]:
    script = OWN.format(path=sys.path, mode=mode)
    found = run_every(mode, [sys.executable, "-c", script])
    return found | run_slots(mode, [sys.executable, "-c", RULE_OWN.format(path=sys.path)])


def with_hpy_universal(python: str) -> Callable[[str], dict[str, str]]:
    def run(mode: str) -> dict[str, str]:
        return run_every(mode, [python, str(CHECKS)]) | run_slots(mode, [python, "-c", RULE])

    return run


def measure(host: str) -> Found:
    """One host in the three modes. NoPyPy; BuildError where HPy's own runtime cannot be built."""
    if host == OURS:
        run = own
    else:
        run = with_hpy_universal(pypy_fact("exe") if host == PYPY else str(upstream_python()))
    return {mode: run(mode) for mode in MODES}


def expected(host: str) -> Found:
    return json.loads(RESULTS.read_text())[host]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, help="a file for what was found")
    options = parser.parse_args(arguments)
    found = {}
    for host in (OURS, UPSTREAM, PYPY):
        found[host] = measure(host)
        for mode, rows in found[host].items():
            good = sum(text == "" for text in rows.values())
            print(f"{host}, {mode}: {good} of {len(rows)} rows as expected", flush=True)
            for row, text in rows.items():
                if text:
                    print(f"    {row}: {text}")
    if options.results:
        options.results.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
