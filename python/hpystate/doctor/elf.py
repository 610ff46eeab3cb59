"""elf.py: what a shared object tells without being loaded: imports, segments, symbols, hints.

Symbols are read by `struct`, since there are many; pyelftools reads the rest. A file that cannot be
examined raises NotExaminable with a text for the user.
"""

from __future__ import annotations

import io
import os
import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile

PAGE = os.sysconf("SC_PAGE_SIZE")
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SYMBOL = struct.Struct("<IBBHQQ")
_SHARED, _OBJECT = 3, 1  # ET_DYN, STT_OBJECT
_UNIQUE = 10  # STB_GNU_UNIQUE
_STATIC_TLS = 0x10  # DF_STATIC_TLS
_MACHINES = {3: "x86", 40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V", 21: "PowerPC64"}
#: What pyelftools and struct raise where tables contradict each other.
_DAMAGED = (
    ELFError,
    struct.error,
    LookupError,
    ValueError,
    AttributeError,
    TypeError,
    ArithmeticError,
)
_PARSER = re.compile(r"(?:.*::)?_parser\b")
#: Bytes that the code of these tools leaves in a file.
_MAKERS = {
    "Cython": b"__pyx_",
    "pybind11": b"pybind11",
    "nanobind": b"nanobind",
    "PyO3": b"pyo3",
    "cffi": b"_cffi_backend",
    "mypyc": b"CPyInit_",
}


class NotExaminable(Exception):
    """The file is not one that this Python could load; the text names it and tells what it is."""


class Symbol(NamedTuple):
    address: int
    size: int
    name: str


@dataclass
class Facts:
    """One file. Addresses are those in the file, to which the linker adds a base."""

    path: str
    first: tuple[int, int]  #: of the first segment, by pages: offset in the file, address
    writable: list[tuple[int, int]]  #: [begin, end) of writable words that stay so
    imports: set[str] = field(default_factory=set)  #: undefined symbols
    exports: set[str] = field(default_factory=set)
    symbols: list[Symbol] = field(default_factory=list)  #: variables in `writable`, sorted
    has_debug_info: bool = False
    unique: list[str] = field(default_factory=list)  #: defined STB_GNU_UNIQUE symbols
    static_tls: bool = False
    maker: str | None = None  #: the tool that made its code

    def symbol_of(self, address: int) -> Symbol | None:
        """The variable that an address is in."""
        index = bisect_right(self.symbols, address, key=lambda each: each.address) - 1
        while index >= 0 and self.symbols[index].address == self.symbols[index - 1].address > 0:
            index -= 1  # two names of one variable: the first
        if index < 0:
            return None
        found = self.symbols[index]
        return found if address < found.address + max(found.size, 1) else None

    def is_writable(self, address: int) -> bool:
        return any(begin <= address < end for begin, end in self.writable)


def read(path: str) -> Facts:
    """The facts of a file. Raises NotExaminable, and OSError where it cannot be read."""
    with open(path, "rb") as file:
        content = file.read()
    _check_header(path, content)
    try:
        # In memory a damaged offset is an error of this module's, not of the system.
        elf = ELFFile(io.BytesIO(content))
        facts = _segments(path, elf, len(content))
        _dynamic(facts, elf)
        _symbols(facts, elf)
        facts.has_debug_info = elf.has_dwarf_info(strict=True)
    except _DAMAGED as error:
        raise NotExaminable(
            f"{path}: its ELF tables cannot be read ({type(error).__name__}: {error}). Copy or "
            "build it again."
        ) from None
    facts.maker = next((name for name, mark in _MAKERS.items() if mark in content), None)
    return facts


def is_parser(name: str) -> bool:
    """Whether a static is a _PyArg_Parser of Argument Clinic. CPython fills and frees its tuple of
    names for all interpreters."""
    return _PARSER.match(name) is not None


def machine(number: int) -> str:
    return _MACHINES.get(number, f"machine {number}")


def _own_header() -> tuple[bytes, int]:
    with open("/proc/self/exe", "rb") as file:
        header = _HEADER.unpack(file.read(_HEADER.size))
    return header[0][4:6], header[2]


def _check_header(path: str, content: bytes) -> None:
    data = content[: _HEADER.size]
    if data[:4] != b"\x7fELF":
        raise NotExaminable(
            f"{path}: not a shared object: it does not begin as an ELF file. Name an extension "
            "module, a package or a module."
        )
    if len(data) < _HEADER.size:
        raise NotExaminable(
            f"{path}: truncated: {len(data)} bytes are less than an ELF header. Copy or build it "
            "again."
        )
    mark, kind, machine_of, _, _, programs, sections, *_, p_size, p_count, s_size, s_count, _ = (
        _HEADER.unpack(data)
    )
    own = _own_header()
    if (mark[4:6], machine_of) != own:
        bits = {1: "32 bits", 2: "64 bits"}.get(mark[4], "unknown words")
        raise NotExaminable(
            f"{path}: built for {machine(machine_of)}, {bits}; this Python runs on "
            f"{machine(own[1])}. Examine it on such a machine, or build it for this one."
        )
    if kind != _SHARED:
        raise NotExaminable(
            f"{path}: an ELF file, but not a shared object (type {kind}). Link it with -shared."
        )
    size = len(content)
    end = max(programs + p_size * p_count, sections + s_size * s_count)
    if end > size:
        raise _truncated(path, end, size)


def _truncated(path: str, end: int, size: int) -> NotExaminable:
    return NotExaminable(
        f"{path}: truncated: its tables need {end} bytes, and it has {size}. Copy or build it "
        "again."
    )


def _segments(path: str, elf: ELFFile, size: int) -> Facts:
    loaded = [each.header for each in elf.iter_segments("PT_LOAD")]
    end = max((each.p_offset + each.p_filesz for each in loaded), default=0)
    if end > size:
        raise _truncated(path, end, size)
    if not loaded:
        raise NotExaminable(f"{path}: nothing of it would be loaded. Link it with -shared.")
    relro = [
        (each.header.p_vaddr, (each.header.p_vaddr + each.header.p_memsz) // PAGE * PAGE)
        for each in elf.iter_segments("PT_GNU_RELRO")
    ]
    writable: list[tuple[int, int]] = []
    for each in loaded:
        if each.p_flags & 2:
            begin, last = each.p_vaddr, each.p_vaddr + each.p_memsz
            for cut, uncut in relro:
                if cut <= begin < uncut:
                    begin = min(uncut, last)
                elif begin < cut < last:  # what is behind goes on as a span of its own
                    writable.append((_up(begin), cut))
                    begin = min(max(uncut, begin), last)
            if _up(begin) + 8 <= last:
                writable.append((_up(begin), last))
    first = loaded[0]
    return Facts(path, (first.p_offset // PAGE * PAGE, first.p_vaddr // PAGE * PAGE), writable)


def _up(address: int) -> int:
    """To the next word."""
    return -(-address // 8) * 8


def _dynamic(facts: Facts, elf: ELFFile) -> None:
    for segment in elf.iter_segments("PT_DYNAMIC"):
        assert isinstance(segment, DynamicSegment)
        for tag in segment.iter_tags("DT_FLAGS"):
            facts.static_tls = bool(tag.entry.d_val & _STATIC_TLS)


def _table(elf: ELFFile, name: str) -> Iterator[tuple[int, int, int, int, str]]:
    """The rows of a table of symbols: information, section, address, size, name."""
    section: Any = elf.get_section_by_name(name)
    if section is None or section.header.sh_type == "SHT_NOBITS":
        return
    names = elf.get_section(section.header.sh_link).data()
    data = section.data()
    data = data[: len(data) // _SYMBOL.size * _SYMBOL.size]
    for at, info, _, index, value, size in _SYMBOL.iter_unpack(data):
        text = names[at : names.find(b"\0", at)].decode("utf-8", "replace")
        yield info, index, value, size, text


def _symbols(facts: Facts, elf: ELFFile) -> None:
    found = []
    for table in (".symtab", ".dynsym"):
        for info, index, value, size, name in _table(elf, table):
            if index == 0:
                facts.imports.add(name)
                continue
            if table == ".dynsym":
                facts.exports.add(name)
                if info >> 4 == _UNIQUE:
                    facts.unique.append(name)
            if info & 15 == _OBJECT and size and facts.is_writable(value):
                found.append(Symbol(value, size, name))
    facts.symbols = sorted(set(found))
