"""build.py: compiles HPy extensions, with the headers of this package or with upstream's.

Upstream's are those of HPy 0.9.0 as published: the source distribution is fetched by pip once and
kept in a cache. Compiled files are kept too, under a name that is made of everything that went into
them.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import hpystate
from hpystate.finder import HYBRID_SUFFIX, SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HPY_VERSION = "0.9.0"
# Compiled into every extension; upstream's names of the files.
UPSTREAM_HELPERS = ("argparse", "buildvalue", "format", "helpers", "structseq")
CXX_SUFFIXES = {".cpp", ".cc", ".cxx"}
# What the headers need; a standard among the caller's flags is taken instead.
CXX_STANDARD = "-std=c++17"

Abi = Literal["universal", "hybrid", "cpython"]
Headers = Literal["hpystate", "upstream"]


class BuildError(RuntimeError):
    """Fetching or compiling failed; the message contains the tool's output."""


def cache_dir() -> Path:
    """Where fetched and compiled files are kept: $HPYSTATE_CACHE, else the user's cache folder."""
    folder = os.environ.get("HPYSTATE_CACHE")
    if folder:
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "hpystate"


def make_cache_folder(*names: str) -> Path:
    """A folder of the cache that can be written to, made if it is not there. BuildError: it cannot
    be made or written to."""
    folder = cache_dir().joinpath(*names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # the only test that root can fail, too
    except OSError as error:
        set_to = os.environ.get("HPYSTATE_CACHE")
        where = (
            f"HPYSTATE_CACHE={set_to}" if set_to else f"{cache_dir()} (HPYSTATE_CACHE is not set)"
        )
        raise BuildError(
            f"{where}: hpystate keeps compiled and fetched files in this folder, but {folder} "
            f"cannot be written to: {error.strerror}. Set HPYSTATE_CACHE to a folder that you may "
            "write to."
        ) from None
    return folder


def upstream_sdist(version: str = HPY_VERSION) -> Path:
    """The unpacked source distribution of an HPy: headers, tests, proof-of-concept extensions.

    version   a release, "0.9.0" or "0.0.4"

    $HPYSTATE_HPY_SDIST names one of 0.9.0 that is unpacked already, $HPYSTATE_HPY_0_0_4_SDIST one
    of 0.0.4. BuildError: pip cannot fetch it.
    """
    variable = "HPYSTATE_HPY_SDIST"
    if version != HPY_VERSION:
        variable = f"HPYSTATE_HPY_{version.replace('.', '_')}_SDIST"
    unpacked = os.environ.get(variable)
    if unpacked:
        folder = Path(unpacked)
        if not (folder / "hpy" / "devel" / "include" / "hpy.h").is_file():
            raise BuildError(
                f"{variable}={unpacked}: the folder has no hpy/devel/include/hpy.h. Set it "
                f"to the unpacked source distribution of HPy {version}, or unset it."
            )
        return folder
    folder = cache_dir() / f"hpy-{version}"
    if not folder.is_dir():
        _fetch_sdist(folder, version, variable)
    return folder


def _fetch_sdist(folder: Path, version: str, variable: str) -> None:
    make_cache_folder()
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", ":all:", "--dest", scratch]
        result = subprocess.run(
            [*command, f"hpy=={version}"], capture_output=True, text=True, check=False
        )
        archives = list(Path(scratch).glob("*.tar.gz"))
        if not archives:
            raise BuildError(
                f"pip could not download the source distribution of hpy=={version}. Download "
                f"and unpack it by hand, and set {variable} to the folder.\n"
                f"{result.stderr.strip()}"
            )
        with tarfile.open(archives[0]) as archive:
            archive.extractall(scratch, filter="data")
        unpacked = Path(scratch) / f"hpy-{version}"
        try:
            os.rename(unpacked, folder)
        except OSError:
            if not folder.is_dir():  # else another process was first
                raise


def include_folder(headers: Headers = "hpystate") -> Path:
    """The folder that holds hpy.h. ValueError for any other word."""
    if headers == "hpystate":
        return Path(hpystate.include_dir())
    if headers != "upstream":
        raise ValueError(f"headers is {headers!r}; 'hpystate' or 'upstream' was expected")
    return upstream_sdist() / "hpy" / "devel" / "include"


def embed_library() -> Path:
    """hpystate::embed: the library for extensions that define HPYSTATE_GLOBAL_EMBED. It is for the
    Python that runs this. BuildError: this package was built without it."""
    library = include_folder().parent / "lib" / "libhpystate_embed.a"
    if not library.is_file():
        raise BuildError(
            f"{library}: the library is not beside the package, which was built where the "
            "compiler's libstdc++.a or objcopy was missing. Install both, and build hpystate again."
        )
    return library


def include_flags(abi: Abi = "universal", headers: Headers = "hpystate") -> list[str]:
    """The compiler's flags for an ABI. For "universal" a folder forbids Python.h; "hybrid" and
    "cpython" have the headers of the Python that runs this. Upstream's headers are followed by our
    folder, for hpystate/*.h. ValueError for any other word."""
    include = include_folder(headers)
    folders = [f"-I{include}"]
    if headers == "upstream":
        folders.append(f"-I{include_folder('hpystate')}")
    if abi in ("hybrid", "cpython"):
        macro = f"-DHPY_ABI_{abi.upper()}"
        return ["-DHPY", macro, *folders, f"-I{sysconfig.get_path('include')}"]
    if abi != "universal":
        raise ValueError(f"abi is {abi!r}; 'universal', 'hybrid' or 'cpython' was expected")
    forbid = include / "hpy" / "forbid_python_h"
    return ["-DHPY", "-DHPY_ABI_UNIVERSAL", f"-I{forbid}", *folders]


def file_suffix(abi: Abi = "universal") -> str:
    """How the name of a file ends: ".hpy0.so", ".hpy0-cp312.so"; for "cpython" that of CPython's
    own extension modules. ValueError for any other word."""
    if abi == "cpython":
        return str(sysconfig.get_config_var("EXT_SUFFIX"))
    if abi not in ("universal", "hybrid"):
        raise ValueError(f"abi is {abi!r}; 'universal', 'hybrid' or 'cpython' was expected")
    return HYBRID_SUFFIX if abi == "hybrid" else SUFFIX


def helper_sources(headers: Headers = "hpystate", abi: Abi = "universal") -> list[Path]:
    """The C files that belong to the headers and are compiled into every extension. With upstream's
    CPython ABI, its context is among them."""
    if headers == "hpystate":
        folder = include_folder() / "hpy" / "src"
        found = sorted(folder.glob("*.c"))
        if not found:
            raise BuildError(
                f"{folder}: the helpers' C sources are missing. Install hpystate again."
            )
        return found
    folder = upstream_sdist() / "hpy" / "devel" / "src" / "runtime"
    own_context = sorted(folder.glob("ctx_*.c")) if abi == "cpython" else []
    return [*(folder / f"{helper}.c" for helper in UPSTREAM_HELPERS), *own_context]


def compile_extension(
    name: str,
    sources: Sequence[str | os.PathLike[str]],
    out_dir: str | os.PathLike[str],
    *,
    flags: Sequence[str] = (),
    abi: Abi = "universal",
    headers: Headers = "hpystate",
) -> Path:
    """Compiles an HPy extension and returns the path of `<name>.hpy0.so`; of
    `<name>.hpy0-cp312.so` for the hybrid ABI, of `<name>.cpython-312-x86_64-linux-gnu.so` for
    CPython's.

    name     last part of the module's name, as in HPy_MODINIT
    sources  C and C++ files
    out_dir  where the file goes; made if it is not there
    flags    for the compiler and the linker, after our own. C++ is compiled as C++17 unless a
             -std= is among them; one for C++ is kept from C files, and one for C from C++ files
    abi      "universal"; or for the Python that runs this: "hybrid", with CPython's C API too, or
             "cpython", an extension module of CPython's whose calls are compiled into it
    headers  "hpystate": those of this package; or "upstream": those of HPy 0.9.0 as published,
             whose CPython ABI uses no runtime
    raises   BuildError with the compiler's message; FileNotFoundError for a source

    $CC and $CXX choose the compilers. What did not change is taken from the cache.
    """
    paths = [Path(source) for source in sources]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"{path}: extension {name} has no such source file")
    # DWARF 4: valgrind 3.19 ends at the DWARF 5 that clang writes for a plain -g.
    common = ["-O2", "-gdwarf-4", "-fPIC", "-fvisibility=hidden"]
    common += [*include_flags(abi, headers), *flags]
    objects = [_compile(path, common) for path in (*paths, *helper_sources(headers, abi))]
    linker = compiler("CXX", "c++") if _any_cxx(paths) else compiler("CC", "cc")
    # A file of this content, not of this name: two tests may each have a module `mytest`.
    file = name + file_suffix(abi)
    linked = kept([*linker, "-shared", *flags], objects, file)
    target = Path(out_dir) / file
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_suffix(f".{os.getpid()}.tmp")
    shutil.copyfile(linked, scratch)
    os.replace(scratch, target)  # a process that has the old file mapped keeps it
    return target


@cache
def content_of_headers() -> str:
    """A hash of our headers and of the helpers' sources; compiled files are kept under it."""
    digest = hashlib.sha256()
    folder = include_folder()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".h", ".hpp", ".def", ".c"}:
            digest.update(repr((str(path.relative_to(folder)), path.read_bytes())).encode())
    return digest.hexdigest()


def _any_cxx(paths: Iterable[Path]) -> bool:
    return any(path.suffix in CXX_SUFFIXES for path in paths)


def compiler(variable: str, default: str) -> list[str]:
    """The command that $CC or $CXX names, else `default`."""
    return shlex.split(os.environ.get(variable, "")) or [default]


def flags_of_language(flags: Iterable[str], *, cxx: bool) -> list[str]:
    """The flags without a standard of the other language, C or C++: compilers warn about it, or
    refuse it."""
    return [flag for flag in flags if not flag.startswith("-std=") or ("++" in flag) == cxx]


def _compile(source: Path, flags: Sequence[str]) -> Path:
    is_cxx = _any_cxx([source])
    command = [*compiler("CXX", "c++"), CXX_STANDARD] if is_cxx else compiler("CC", "cc")
    mine = flags_of_language(flags, cxx=is_cxx)
    return kept([*command, *mine, "-c"], [source], f"{source.stem}.o")


def kept(command: Sequence[str], inputs: Sequence[Path], name: str) -> Path:
    """Runs `command inputs -o file`; keeps the file under the hash of command, inputs, headers.
    BuildError: the command failed."""
    digest = hashlib.sha256(repr((command, sys.platform, content_of_headers())).encode())
    for path in inputs:
        digest.update(repr(str(path)).encode())
        digest.update(path.read_bytes())
    folder = cache_dir() / "compiled" / digest.hexdigest()[:24]
    target = folder / name
    if target.is_file():
        return target
    make_cache_folder("compiled", folder.name)
    scratch = folder / f"{os.getpid()}-{name}"
    warnings = run_tool([*command, *map(str, inputs), "-o", str(scratch)])
    if not scratch.is_file():
        files = ", ".join(map(str, inputs))
        raise BuildError(
            f"{files}: {command[0]} wrote no object file. Give C or C++ sources.\n{warnings}"
        )
    os.replace(scratch, target)
    return target


def run_tool(command: Sequence[str]) -> str:
    """Runs a command and returns what it wrote to stderr: warnings."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BuildError(
            f"{command[0]}: this compiler was not found. Install one (package build-essential), or "
            "set CC and CXX."
        ) from None
    if result.returncode != 0:
        raise BuildError(f"{shlex.join(command)}\n{result.stderr.strip()}")
    return result.stderr.strip()


def proof_of_concept(
    out_dir: str | os.PathLike[str], headers: Headers = "hpystate", abi: Abi = "universal"
) -> dict[str, Path]:
    """Compiles upstream's proof-of-concept extensions, unmodified: dotted name -> file."""
    source = upstream_sdist() / "proof-of-concept"
    out = Path(out_dir)
    package = out / "pofpackage"  # without an __init__.py, as upstream has it
    where = {
        "pof": (source / "pof.c", out),
        "pofcpp": (source / "pofcpp.cpp", out),
        "pofpackage.foo": (source / "pofpackage" / "foo.c", package),
        "pofpackage.bar": (source / "pofpackage" / "bar.cpp", package),
    }
    return {
        name: compile_extension(name.rpartition(".")[2], [file], folder, headers=headers, abi=abi)
        for name, (file, folder) in where.items()
    }
