"""old.py: compiles extensions with the unmodified headers of HPy 0.0.4, as published."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

from hpystate.build import CXX_SUFFIXES, upstream_sdist

HELPERS = ("argparse", "buildvalue", "helpers")  # compiled into every extension of 0.0.4


def old_sdist() -> Path:
    return upstream_sdist("0.0.4")


def compile_old(
    name: str, sources: list[Path], folder: Path, *, flags: tuple[str, ...] = ()
) -> Path:
    """The file `<name>.hpy.so` in `folder`."""
    devel = old_sdist() / "hpy" / "devel"
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    helpers = [devel / "src" / "runtime" / f"{helper}.c" for helper in HELPERS]
    for number, source in enumerate([*sources, *helpers]):
        objects.append(str(folder / f"{name}-{number}.o"))
        compiler = ["c++", "-std=c++17"] if source.suffix in CXX_SUFFIXES else ["cc"]
        command = [*compiler, "-g", "-O1", "-fPIC", "-DHPY_UNIVERSAL_ABI", *flags]
        command += [f"-I{devel / 'include'}", "-c", str(source), "-o", objects[-1]]
        subprocess.run(command, check=True)
    target = folder / f"{name}.hpy.so"
    subprocess.run(["c++", "-shared", *objects, "-o", str(target)], check=True)
    return target


def compile_old_snippet(
    name: str, source: str, folder: Path, *, flags: tuple[str, ...] = ()
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.c"
    file.write_text(textwrap.dedent(source))
    return compile_old(name, [file], folder, flags=flags)


def compile_old_proof_of_concept(folder: Path) -> Path:
    """Upstream's proof of concept of 0.0.4, unmodified; returns the folder to import it from."""
    source = old_sdist() / "proof-of-concept"
    compile_old("pof", [source / "pof.c"], folder)
    compile_old("pofcpp", [source / "pofcpp.cpp"], folder)
    compile_old("foo", [source / "pofpackage" / "foo.c"], folder / "pofpackage")
    compile_old("bar", [source / "pofpackage" / "bar.cpp"], folder / "pofpackage")
    return folder
