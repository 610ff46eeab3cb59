"""test_readelf.py: what runtime/elf reads in a shared object is what readelf of binutils reads."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

import hpystate
from hpystate.testing import compile_snippet

BUILD = Path(hpystate._native.__file__).parents[2]

TYPES = {"NOTYPE": 0, "OBJECT": 1, "FUNC": 2, "SECTION": 3, "FILE": 4, "COMMON": 5, "TLS": 6}
TYPES |= {"IFUNC": 10}
BINDINGS = {"LOCAL": 0, "GLOBAL": 1, "WEAK": 2, "UNIQUE": 10}
SECTIONS = {"UND": 0, "ABS": 0xFFF1, "COM": 0xFFF2}
FLAGS = {"R": 4, "W": 2, "E": 1}

SOURCE = r"""
    #include <stdlib.h>
    static int hidden = 7;
    int shown[1000];
    static int *const addresses[70] = {&hidden, shown, [65] = &hidden, [69] = &hidden};
    static __thread int per_thread = 5;
    int answer(const char *text, int i) { return atoi(text) + *addresses[i] + per_thread++; }
"""

#: Ways to link: each has tables that the others lack.
LINKED = {
    "plain": ("-fvisibility=default",),
    "nothing exported": (),
    "stripped": ("-fvisibility=default", "-Wl,--strip-all"),
    "both hashes": ("-fvisibility=default", "-Wl,--hash-style=both,-z,now"),
    "old hash": ("-fvisibility=default", "-Wl,--hash-style=sysv,-z,lazy,-z,norelro"),
    "packed relocations": ("-fvisibility=default", "-Wl,-z,pack-relative-relocs"),
}


def mapped(words: Iterable[str]) -> list[Path]:
    """Files of this process whose names begin so: large ones, which other linkers may have made."""
    paths = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()}
    found = (Path(path) for path in sorted(paths) if path.startswith("/"))
    return [p for p in found if p.name.startswith(tuple(words)) and ".so" in p.name]


def run(*command: str) -> list[str]:
    """The lines that a program prints. No sanitizer of this process is loaded into it."""
    environment = {"LC_ALL": "C", "PATH": os.environ["PATH"]}
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert result.stderr == ""
    return result.stdout.splitlines()


def read_by_us(path: Path) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = {}
    for line in run(str(BUILD / "tests" / "elf_dump"), str(path)):
        kind, *fields = line.split(" ")
        name = [fields.pop()] if kind.startswith(".") else []
        found.setdefault(kind, []).append((*(int(field, 16) for field in fields), *name))
    return found


def segments(path: Path) -> list[tuple[int, ...]]:
    found = []
    for line in run("readelf", "-lW", str(path)):
        row = re.fullmatch(r"\s+\S+((?:\s+0x[0-9a-f]+){5}) ([RWE ]{3}) (0x[0-9a-f]+|0)\s*", line)
        if row is not None:
            offset, address, _, in_file, size = (int(word, 16) for word in row[1].split())
            flags = sum(FLAGS[letter] for letter in row[2].replace(" ", ""))
            found.append((offset, address, in_file, size, flags, int(row[3], 16)))
    return found


def symbols(path: Path) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = {}
    table = ""
    for line in run("readelf", "-sW", str(path)):
        if heading := re.match(r"Symbol table '(\S+)'", line):
            table = heading[1]
        elif re.match(r"\s*\d+: [0-9a-f]{16} ", line):
            line = re.sub(r"\s*\[[^]]*\]", "", line)  # what else a machine has to say of a symbol
            _, value, size, kind, binding, _, section, *name = line.split()
            found.setdefault(table, []).append(
                (
                    int(value, 16),
                    int(size, 0),
                    TYPES[kind],
                    BINDINGS[binding],
                    SECTIONS[section] if section in SECTIONS else int(section),
                    # readelf calls a section's symbol, which has no name, as the section
                    name[0].split("@")[0] if name and kind != "SECTION" else "",
                )
            )
    return found


def relocations(path: Path) -> dict[str, list[tuple[int, ...]]]:
    found: dict[str, list[tuple[int, ...]]] = {}
    packed = False
    for line in run("readelf", "-rW", str(path)):
        if line.startswith("Relocation section"):
            packed = ".relr" in line
        words = re.findall(r"\b[0-9a-f]{16}\b", line)
        if packed and words:
            found.setdefault("packed", []).append((int(words[-1], 16),))
        elif row := re.match(r"([0-9a-f]{16})  ([0-9a-f]{16}) .*?(?:([-+]) )?(-?[0-9a-f]+)$", line):
            info, addend = int(row[2], 16), int(row[4], 16) * (-1 if row[3] == "-" else 1)
            found.setdefault("relocation", []).append(
                (int(row[1], 16), info >> 32, info & 0xFFFFFFFF, addend % 2**64)
            )
    return found


def check(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """The file passes the look before it is opened, and both readers find the same in it."""
    ours = read_by_us(path)
    theirs = symbols(path)

    assert ours["segment"] == segments(path)
    tags = [re.match(r" 0x([0-9a-f]{16}) ", line) for line in run("readelf", "-dW", str(path))]
    assert ours["entry"] == [(int(tag[1], 16),) for tag in tags if tag][:-1]  # the last is DT_NULL
    for table in (".dynsym", ".symtab"):
        found = [(*s[:5], str(s[5]).split("@")[0]) for s in ours.get(table, [])]
        assert found == theirs.get(table, []), table
    written = relocations(path)
    assert ours.get("relocation", []) == written.get("relocation", [])
    assert [r[:1] for r in ours.get("packed", [])] == written.get("packed", [])
    return ours


@pytest.mark.parametrize("flags", LINKED.values(), ids=LINKED.keys())
def test_a_file_is_read_as_readelf_reads_it(flags: tuple[str, ...]) -> None:
    path = compile_snippet("readable", SOURCE, flags=flags)

    ours = check(path)

    assert ("hidden" in [s[-1] for s in ours.get(".symtab", [])]) == ("strip" not in str(flags))


def test_packed_relocations_are_those_that_are_written_out_elsewhere() -> None:
    """The same source, linked in both ways: addends of packed ones are in the words themselves."""
    files = [
        compile_snippet("readable", SOURCE, flags=LINKED[kind])
        for kind in ("plain", "packed relocations")
    ]
    plain, packed = (read_by_us(path) for path in files)
    if "packed" not in packed:
        pytest.skip("this linker packs no relocations; install binutils 2.38 or later")

    at = {address: addend for address, _, _, addend in packed["packed"]}
    others = {s[-1]: s[0] for s in packed[".symtab"]}
    start = others["addresses"]
    assert isinstance(start, int)
    assert [at.get(start + 8 * i) for i in (0, 65, 69)] == [others["hidden"]] * 3
    relative = {r[2] for r in packed["packed"]}
    assert len(relative) == 1
    assert sum(r[2] in relative for r in plain["relocation"]) == len(at)


@pytest.mark.parametrize(
    "path", mapped(["libc", "libm", "libstdc++", "_native", "libpython"]), ids=str
)
def test_a_file_of_this_process_is_read_as_readelf_reads_it(path: Path) -> None:
    ours = check(path)

    assert ours[".dynsym"]


def test_a_program_that_is_no_shared_object_is_refused_with_a_reason() -> None:
    result = subprocess.run(
        [BUILD / "tests" / "elf_dump", __file__], capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stdout) == (1, "")
    assert "it is not an ELF file" in result.stderr
