"""build_peers.py: compiles what is measured: HPy extensions for each runtime, and the peers."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from hpystate.build import cache_dir, compile_extension, upstream_sdist
from hpystate.demo.upstream import upstream_python

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
PROGRAMS = HERE / "programs"
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


def _cpython_abi(source: Path, out: Path) -> None:
    """Upstream's `cpython` ABI: its context functions compiled into the extension."""
    devel = upstream_sdist() / "hpy" / "devel"
    sources = sorted((devel / "src" / "runtime").glob("*.c"))
    abi = out / "abi"
    abi.mkdir(parents=True, exist_ok=True)
    flags = ["-DHPY", "-DHPY_ABI_CPYTHON", "-DNO_FUSED", f"-I{devel / 'include'}"]
    _c_extension(source, abi, *flags, *sources)


def _cython(source: Path, out: Path) -> None:
    generated = out / f"{source.stem}.c"
    _run(sys.executable, "-m", "cython", "-3", source, "-o", generated)
    _c_extension(
        generated, out, "-DCYTHON_USE_MODULE_STATE=1", "-DCYTHON_PEP489_MULTI_PHASE_INIT=1"
    )


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
    for program in ("constraint", "builder"):
        _c_extension(PROGRAMS / f"{program}_c.c", out)
        for flags in ((), ("-DUSE_FUSED",)):
            _hpy(f"{program}_hpy", PROGRAMS / f"{program}_hpy.c", out, *flags)
            _own_cpython_abi(f"{program}_hpy", PROGRAMS / f"{program}_hpy.c", out, *flags)
    if has_upstream():
        _cpython_abi(PEERS / "hpy_probe.c", out)
    return out


def upstream_packages() -> Path | None:
    """Where upstream's package is installed; built there if it is missing. None: not for us."""
    if not has_upstream():
        return None
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return upstream_python().parent.parent / "lib" / version / "site-packages"
