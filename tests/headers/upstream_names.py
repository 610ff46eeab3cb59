"""upstream_names.py: what HPy 0.9.0's own hpy.h declares, read from its preprocessed text.

A small reader for one set of headers: what it cannot make sense of, it refuses.
"""

from __future__ import annotations

import re
import subprocess
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from hpystate.build import Abi, upstream_sdist

INCLUDE = upstream_sdist() / "hpy" / "devel" / "include"
LINE_MARKER = re.compile(r'^# \d+ "([^"]*)".*$', re.MULTILINE)
ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")


@dataclass
class Names:
    functions: dict[str, str] = field(default_factory=dict)  # name -> type of a pointer to it
    types: set[str] = field(default_factory=set)
    enumerators: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)


def preprocessor(abi: Abi, include: Path, text: str, *flags: str) -> str:
    command = ["cc", "-E", "-x", "c", f"-I{include}", f"-I{sysconfig.get_path('include')}"]
    command += [f"-DHPY_ABI_{abi.upper()}", *flags, "-"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return result.stdout


def macros(abi: Abi, include: Path) -> set[str]:
    """All that a file has defined after it included hpy.h, and not without it."""
    pattern = re.compile(r"^#define (\w+)", re.MULTILINE)
    headers = "#include <hpy.h>\n#include <hpy/version.h>\n"
    python = "#include <Python.h>\n" if abi == "hybrid" else ""
    before = pattern.findall(preprocessor(abi, include, python, "-dM"))
    return set(pattern.findall(preprocessor(abi, include, headers, "-dM"))) - set(before)


def own_text(abi: Abi) -> str:
    """The part of the preprocessed text that is from upstream's files."""
    parts = LINE_MARKER.split(preprocessor(abi, INCLUDE, "#include <hpy.h>\n"))
    files, texts = parts[1::2], parts[2::2]
    ours = [t for f, t in zip(files, texts, strict=True) if Path(f).is_relative_to(INCLUDE)]
    return ATTRIBUTE.sub("", "".join(ours))


def declarations(text: str) -> list[str]:
    """Split at depth 0: behind a semicolon, and behind the body of a function."""
    found, depth, start = [], 0, 0
    for position, letter in enumerate(text):
        depth += {"{": 1, "}": -1, "(": 1, ")": -1}.get(letter, 0)
        chunk = text[start : position + 1].strip()
        if depth == 0 and (letter == ";" or (letter == "}" and "(" in chunk.partition("{")[0])):
            found.append(chunk)
            start = position + 1
    assert not text[start:].strip(), text[start:]
    return [each for each in found if each != ";"]


def read(abi: Abi) -> Names:
    names = Names()
    for chunk in declarations(own_text(abi)):
        head, _, inside = chunk.partition("{")
        if re.match(r"typedef\s+enum|enum", chunk):
            names.enumerators |= set(re.findall(r"(?:^|,)\s*(\w+)", inside.partition("}")[0]))
        if chunk.startswith("typedef"):
            pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", head)
            name = pointer[1] if pointer else re.search(r"(\w+)\s*;$", chunk)[1]
            names.types.add(name)
        elif chunk.startswith("struct _HPyContext_s"):
            names.types.add("struct _HPyContext_s")
        elif chunk.startswith("extern") and "(" not in head:
            names.variables.add(re.search(r"(\w+)\s*;$", chunk)[1])
        elif match := re.match(
            r"(?:static\s+)?(?:inline\s+)?([^()]*?)(\w+)\s*\((.*)\)\s*;?$", head.strip(), re.DOTALL
        ):
            result, name, parameters = (" ".join(each.split()) for each in match.groups())
            names.functions[name] = f"{result.replace('static inline', '')} (*)({parameters})"
        else:
            raise ValueError(f"upstream's headers: cannot read {chunk!r}")
    return names
