"""build_peers.py: compiles what is measured: HPy extensions for each runtime, and the peers."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from pyglobal_rows import BACK_ENDS
from recipes import RECIPES

from hpystate.build import cache_dir, compile_extension, content_of_headers, include_folder
from hpystate.build_cython import compile_cython
from hpystate.demo.upstream import upstream_python

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
PROGRAMS = HERE / "programs"
PYGLOBAL = HERE / "pyglobal"
MEMORY = HERE / "memory"
OPTIMIZED = ["-O2", "-fPIC", "-shared", "-fvisibility=hidden"]


def has_upstream() -> bool:
    """Whether upstream's runtime works with this Python: it crashes on later ones than 3.12."""
    return sys.version_info[:2] == (3, 12)


def _run(*command: str | Path) -> None:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{result.stderr[-3000:]}")


def _c_extension(source: Path, out: Path, *flags: str | Path, name: str | None = None) -> None:
    compiler = "c++" if source.suffix == ".cpp" else "cc"
    target = out / f"{name or source.stem}{sysconfig.get_config_var('EXT_SUFFIX')}"
    include = sysconfig.get_path("include")
    _run(compiler, *OPTIMIZED, f"-I{include}", *flags, source, "-o", target)


def _hpy(name: str, source: Path, out: Path, *flags: str) -> None:
    """One file per runtime: a slot belongs to the runtime that wrote it."""
    built = compile_extension(
        name, [source], out / "built", flags=(f"-I{PROGRAMS}", *flags), headers="upstream"
    )
    for runtime in ("ours", "upstream"):
        target = out / runtime / ("fused" if "-DUSE_FUSED" in flags else "plain")
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built, target / built.name)


def _own_cpython_abi(name: str, source: Path, out: Path, *flags: str) -> None:
    """Our `cpython` ABI: an extension module of CPython's, with our headers."""
    kind = "fused" if "-DUSE_FUSED" in flags else "plain"
    include = f"-I{PROGRAMS}"
    compile_extension(
        name, [source], out / "cpython" / kind, flags=(include, *flags), abi="cpython"
    )


def _cpython_abi(name: str, source: Path, out: Path, *flags: str) -> None:
    """Upstream's `cpython` ABI: its context functions compiled into the extension."""
    include = f"-I{PROGRAMS}"
    compile_extension(
        name, [source], out / "abi", flags=(include, *flags), abi="cpython", headers="upstream"
    )


def _cython(source: Path, out: Path) -> None:
    generated = out / f"{source.stem}.c"
    _run(sys.executable, "-m", "cython", "-3", source, "-o", generated)
    _c_extension(
        generated, out, "-DCYTHON_USE_MODULE_STATE=1", "-DCYTHON_PEP489_MULTI_PHASE_INIT=1"
    )


def program_source(name: str) -> Path:
    """A program is written in C or in C++."""
    return next(
        PROGRAMS / f"{name}{end}" for end in (".c", ".cpp") if (PROGRAMS / f"{name}{end}").is_file()
    )


def build_programs(out: Path) -> None:
    """All builds of all programs, where worker.py looks for them."""
    out.mkdir(parents=True, exist_ok=True)
    for program in RECIPES:
        _c_extension(program_source(f"{program}_c"), out)
        name, source = f"{program}_hpy", program_source(f"{program}_hpy")
        for flags in ((), ("-DUSE_FUSED",)):
            _hpy(name, source, out, *flags)
            _own_cpython_abi(name, source, out, *flags)
        if has_upstream():
            _cpython_abi(name, source, out)


def build() -> Path:
    """Builds everything; the folder that worker.py takes."""
    import pybind11

    out = cache_dir() / "bench" / (sys.implementation.cache_tag or "python")
    out.mkdir(parents=True, exist_ok=True)
    _c_extension(PEERS / "c_probe.c", out)
    _c_extension(PEERS / "pybind_probe.cpp", out, "-std=c++17", f"-I{pybind11.get_include()}")
    _cython(PEERS / "cython_probe.pyx", out)
    _hpy("hpy_probe", PEERS / "hpy_probe.c", out)
    _hpy("objects_hpy", PEERS / "objects_hpy.c", out)
    if has_upstream():
        _cpython_abi("hpy_probe", PEERS / "hpy_probe.c", out, "-DNO_FUSED")
    build_programs(out)
    return out


def build_pyglobal() -> Path:
    """Builds what run_pyglobal.py measures, unless that was done with all that it depends on; the
    folder that pyglobal_worker.py takes."""
    import pybind11

    texts = [file.read_bytes() for file in sorted(PYGLOBAL.glob("*.*"))]
    depends = (texts, content_of_headers(), pybind11.__version__, OPTIMIZED, sys.version)
    key = hashlib.sha256(repr(depends).encode()).hexdigest()[:16]
    out = cache_dir() / "bench-pyglobal" / (sys.implementation.cache_tag or "python") / key
    complete = out / "complete"
    if complete.is_file():
        return out
    out.mkdir(parents=True, exist_ok=True)
    own = f"-I{include_folder()}"
    _c_extension(PYGLOBAL / "loads.c", out, own)
    pybind_flags = ("-std=c++17", f"-I{pybind11.get_include()}")
    _c_extension(PYGLOBAL / "loads_pybind.cpp", out, *pybind_flags)
    compile_cython(PYGLOBAL / "loads_cython.pyx", out)
    for back_end in BACK_ENDS.values():
        name = f"pi_{back_end.lower()}"
        flags = [f"-DBACK_END_{back_end}", f'-DMODULE_NAME="{name}"', f"-DINIT_NAME=PyInit_{name}"]
        _c_extension(PYGLOBAL / "decimal_like.c", out, own, *flags, name=name)
    complete.touch()
    return out


def build_memory() -> Path:
    """Builds what memory.py imports; the folder with all of it."""
    import pybind11

    out = cache_dir() / "bench-memory" / (sys.implementation.cache_tag or "python")
    out.mkdir(parents=True, exist_ok=True)
    compile_extension("kept_hpy", [MEMORY / "kept_hpy.c"], out)
    own = f"-I{include_folder()}"
    for kind in ("state", "global"):
        name = f"kept_{kind}"
        names = (f'-DMODULE_NAME="{name}"', f"-DINIT_NAME=PyInit_{name}")
        keep = f"-DKEEP_{kind.upper()}"
        _c_extension(MEMORY / "kept_c.c", out, own, keep, *names, name=name)
    flags = ("-std=c++17", f"-I{pybind11.get_include()}")
    _c_extension(MEMORY / "kept_pybind.cpp", out, *flags)
    return out


def upstream_packages() -> Path | None:
    """Where upstream's package is installed; built there if it is missing. None: not for us."""
    if not has_upstream():
        return None
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return upstream_python().parent.parent / "lib" / version / "site-packages"
