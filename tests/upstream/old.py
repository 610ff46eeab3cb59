"""old.py: compiles extensions with the unmodified headers of HPy 0.0.4, as published.

For tests/versions, and a pytest plugin for 0.0.4's own suite: its tests compile an extension each,
by a plugin of setuptools that compiles the helpers anew each time and does not work with every
Python. What tests a build is left out (left_out.toml), so c_compile() of this file takes its place.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sysconfig
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpystate.build import CXX_STANDARD, CXX_SUFFIXES, compiler, kept, make_cache_folder
from hpystate.build import upstream_sdist as sdist

HELPERS = ("argparse", "buildvalue", "helpers")  # compiled into every extension of 0.0.4
DEBUG_INFO = "-gdwarf-4"  # valgrind 3.19 ends at the DWARF 5 that clang writes for a plain -g
DEFINES = ("-DHPY", "-DHPY_UNIVERSAL_ABI")


def old_sdist() -> Path:
    return sdist("0.0.4")


def _in_cache(source: Path) -> Path:
    """A file of that name and content, whose path depends on nothing else."""
    content = source.read_bytes()
    folder = make_cache_folder("snippets", hashlib.sha256(content).hexdigest()[:16])
    target = folder / source.name
    if not target.is_file():
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as scratch:
            scratch.write(content)
        os.replace(scratch.name, target)
    return target


def compile_old(
    name: str, sources: Sequence[Path], folder: Path, *, flags: Sequence[str] = (DEBUG_INFO, "-O1")
) -> Path:
    """The file `<name>.hpy.so` in `folder`, from sources that are all C or all C++. What did not
    change is taken from the cache."""
    devel = old_sdist() / "hpy" / "devel"
    common = ["-fPIC", *DEFINES, f"-I{devel / 'include'}"]
    in_c = [*compiler("CC", "cc"), *common]
    objects = [
        kept(
            [*in_c, DEBUG_INFO, "-O1", "-c"],
            [devel / "src" / "runtime" / f"{helper}.c"],
            f"{helper}.o",
        )
        for helper in HELPERS
    ]
    is_cxx = {source.suffix in CXX_SUFFIXES for source in sources}
    if len(is_cxx) != 1:
        raise ValueError(f"{name}: sources of one language were expected, got {sources}")
    command = [*compiler("CXX", "c++"), CXX_STANDARD, *common] if is_cxx.pop() else in_c
    inputs = [*map(_in_cache, sources), *objects]
    linked = kept([*command, "-shared", *flags], inputs, f"{name}.hpy.so")
    target = folder / linked.name
    folder.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # a process that has the old file mapped keeps it
    shutil.copyfile(linked, target)  # a file of its own, or two would share their statics
    return target


def compile_old_snippet(
    name: str, source: str, folder: Path, *, flags: Sequence[str] = (DEBUG_INFO, "-O1")
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


def python_include() -> str:
    """The flag for extensions that use the C API too. As a system's folder: they include Python.h
    after hpy.h, so 3.15's defines _POSIX_C_SOURCE anew, and warnings are errors in the suite."""
    return f"-isystem{sysconfig.get_path('include')}"


# ---- the plugin for the suite ------------------------------------------------------------------


def c_compile(
    tmpdir: str,
    ext: Any,
    hpy_devel: Any,
    hpy_abi: str,
    compiler_verbose: int = 0,
    debug: Any = None,
) -> str:
    """What the suite's test/support.py calls to compile the extension `ext`, with the flags that
    it has chosen; returns the file's path."""
    if hpy_abi != "universal":
        raise ValueError(f"c_compile: hpy_abi is {hpy_abi!r}; 'universal' was expected")
    sources = [Path(tmpdir, source) for source in ext.sources]
    flags = [*ext.extra_compile_args, *ext.extra_link_args]
    if any("Python.h" in source.read_text() for source in sources):
        flags.append(python_include())
    return str(compile_old(ext.name, sources, Path(tmpdir), flags=flags))


def pytest_configure() -> None:
    import test.support  # the suite's, which sys.path has first

    if not Path(test.support.__file__).is_relative_to(Path.cwd()):
        raise RuntimeError(f"test.support is {test.support.__file__}, not that of the suite")
    test.support.c_compile = c_compile  # type: ignore[attr-defined]
