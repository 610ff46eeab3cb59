"""pyglobal_headers.py: what it costs to compile hpystate/global.h, and how much code it gives."""

from __future__ import annotations

import re
import statistics
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pyglobal_rows import BACK_ENDS

from hpystate.build import include_folder


class Header(NamedTuple):
    """A file that includes one thing; its time is held against that of `against`."""

    title: str
    language: str
    include: str
    against: str
    static: bool = False


C, CPP = "C, Python.h", "C++, Python.h"
HEADERS = (
    Header(C, "c", "Python.h", C),
    Header("C, hpystate/global.h", "c", "hpystate/global.h", C),
    Header("C, hpystate/global.h as a plain static", "c", "hpystate/global.h", C, True),
    Header(CPP, "c++", "Python.h", CPP),
    Header("C++, hpystate/global.h", "c++", "hpystate/global.h", CPP),
    Header("C++, pybind11/pybind11.h", "c++", "pybind11/pybind11.h", CPP),
)


def _command(header: Header, *more: str) -> list[str]:
    import pybind11

    compiler = "c++" if header.language == "c++" else "cc"
    includes = [include_folder(), sysconfig.get_path("include"), pybind11.get_include()]
    standard = "-std=c++17" if header.language == "c++" else "-std=c11"
    static = ["-DHPYSTATE_GLOBAL_STATIC"] if header.static else []
    flags = [standard, "-O2", "-fPIC", *static, *(f"-I{each}" for each in includes)]
    return [compiler, *flags, "-x", header.language, *more]


def _run(command: list[str], text: str) -> str:
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{result.stderr[-3000:]}")
    return result.stdout


def measure_headers(pairs: int, headers: Sequence[Header] = HEADERS) -> list[dict[str, Any]]:
    """The preprocessor's lines, and the compiler's time as a ratio: the headers in turn."""
    seconds: dict[str, list[float]] = {header.title: [] for header in headers}
    lines = {}
    for header in headers:
        text = _run(_command(header, "-E", "-P", "-"), f"#include <{header.include}>\n")
        lines[header.title] = text.count("\n")
    with tempfile.TemporaryDirectory() as scratch:
        for pair in range(pairs):
            for header in headers[:: -1 if pair % 2 else 1]:
                begun = time.perf_counter()
                command = _command(header, "-c", "-", "-o", f"{scratch}/out.o")
                _run(command, f"#include <{header.include}>\n")
                seconds[header.title].append(time.perf_counter() - begun)
    return [
        {
            "title": header.title,
            "lines": lines[header.title],
            "against": header.against,
            "time_ratio": statistics.median(
                own / other
                for own, other in zip(seconds[header.title], seconds[header.against], strict=True)
            ),
        }
        for header in headers
    ]


def code_of(file: Path) -> int:
    """Bytes of code and constants, as `size` has them."""
    result = subprocess.run(["size", str(file)], capture_output=True, text=True, check=True)
    found = re.search(r"^\s*(\d+)\s+\d+\s+\d+", result.stdout, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"size printed something else than numbers: {result.stdout}")
    return int(found[1])


def measure_code(folder: Path) -> dict[str, int]:
    """The code of decimal_like.c with each back end, stripped or not."""
    end = sysconfig.get_config_var("EXT_SUFFIX")
    return {side: code_of(folder / f"pi_{name.lower()}{end}") for side, name in BACK_ENDS.items()}
