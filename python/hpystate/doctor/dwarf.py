"""dwarf.py: the members of a file's statics, by its debug information: their names and types.

    python -m hpystate.doctor.dwarf FILE

Prints JSON: the name of each word as C would write it (`cache.items[3].name`), and which of them
have a type that is a pointer to an object. It is a process of its own because pyelftools may take
minutes for what a compiler wrote in seconds.

Entries are found by what they hold: a location that is the address of a static is nine bytes that
occur nowhere else. So most of the information is never parsed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

from hpystate.doctor.elf import Facts, is_parser, read

_LOCATION = re.compile(rb"\x09\x03(.{8})", re.DOTALL)  # nine bytes: DW_OP_addr and an address
_POINTER = 8
_MOST_WORDS = 4096  # of one static that are listed by type
_DEEPEST = 8  # members of members
_SAME = {
    "DW_TAG_typedef",
    "DW_TAG_const_type",
    "DW_TAG_volatile_type",
    "DW_TAG_restrict_type",
    "DW_TAG_atomic_type",
}
_STRUCTS = {"DW_TAG_structure_type", "DW_TAG_class_type", "DW_TAG_union_type"}
_HEADS = {"_object", "PyVarObject", "PyObject"}
#: Objects that are defined in place: CPython fills them.
_IN_PLACE = {"_typeobject", "PyModuleDef", "PyModuleDef_Base"}


def _name(die: DIE) -> str:
    found = die.attributes.get("DW_AT_name")
    return found.value.decode("utf-8", "replace") if found is not None else ""


def _type_of(die: DIE) -> DIE | None:
    """Its type, without typedef, const and volatile; None for void."""
    while "DW_AT_type" in die.attributes:
        die = die.get_DIE_from_attribute("DW_AT_type")
        if die.tag not in _SAME:
            return die
    return None


def _whole(die: DIE) -> DIE:
    """A variable's entry with a name and a type: perhaps the declaration that it completes."""
    while "DW_AT_specification" in die.attributes or "DW_AT_abstract_origin" in die.attributes:
        key = "DW_AT_specification"
        key = key if key in die.attributes else "DW_AT_abstract_origin"
        die = die.get_DIE_from_attribute(key)
    return die


def _around(die: DIE) -> str:
    """`N::C::` of the namespaces and classes that a declaration is in."""
    text = ""
    while (parent := die.get_parent()) is not None and parent.tag != "DW_TAG_compile_unit":
        text = f"{_name(parent)}::{text}" if _name(parent) else text
        die = parent
    return text


def _size(kind: DIE | None) -> int:
    if kind is None:
        return 0
    if "DW_AT_byte_size" in kind.attributes:
        return int(kind.attributes["DW_AT_byte_size"].value)
    if kind.tag == "DW_TAG_pointer_type":
        return _POINTER
    if kind.tag == "DW_TAG_array_type":
        count = 1
        for length in _lengths(kind):
            count *= length
        return count * _size(_type_of(kind))
    return 0


def _lengths(kind: DIE) -> list[int]:
    found = []
    for each in kind.iter_children():
        if each.tag == "DW_TAG_subrange_type":
            if "DW_AT_count" in each.attributes:
                found.append(int(each.attributes["DW_AT_count"].value))
            elif "DW_AT_upper_bound" in each.attributes:
                found.append(int(each.attributes["DW_AT_upper_bound"].value) + 1)
            else:
                found.append(0)
    return found


def _members(kind: DIE) -> list[tuple[int, str, DIE]]:
    """Of a struct, class or union: offset, name ("" for a base class) and type."""
    found = []
    for each in kind.iter_children():
        if each.tag not in ("DW_TAG_member", "DW_TAG_inheritance"):
            continue
        of = _type_of(each)
        at = each.attributes.get("DW_AT_data_member_location")
        if of is None or "DW_AT_external" in each.attributes or "DW_AT_bit_size" in each.attributes:
            continue
        if at is None or isinstance(at.value, int):
            found.append((at.value if at else 0, _name(each), of))
    return found


def _is_object(kind: DIE | None, deep: int = 0) -> bool:
    """Whether a struct begins with PyObject."""
    if kind is None or kind.tag not in _STRUCTS or deep > _DEEPEST:
        return False
    if _name(kind) in _HEADS or _name(kind) == "_typeobject":
        return True
    first = next((of for at, _, of in _members(kind) if at == 0), None)
    return _is_object(first, deep + 1)


def _words(kind: DIE | None, at: int, name: str, deep: int = 0) -> Iterator[tuple[int, str, bool]]:
    """The words of a variable: offset, name, and whether its type is a pointer to an object."""
    if kind is None or deep > _DEEPEST:
        return
    if kind.tag == "DW_TAG_pointer_type":
        yield at, name, _is_object(_type_of(kind))
    elif kind.tag == "DW_TAG_array_type":
        of = _type_of(kind)
        size = _size(of)
        for index in range(min(_size(kind) // size if size else 0, _MOST_WORDS)):
            yield from _words(of, at + index * size, name + _subscript(kind, index), deep + 1)
    elif kind.tag in _STRUCTS and _name(kind) not in _IN_PLACE:
        for offset, member, of in _members(kind):
            yield from _words(of, at + offset, f"{name}.{member}" if member else name, deep + 1)
    elif _size(kind) == _POINTER:
        yield at, name, False


def _subscript(kind: DIE, index: int) -> str:
    """3 of an array [2][2] is [1][1]."""
    text = ""
    for length in reversed(_lengths(kind)):
        text = f"[{index % length if length else 0}]{text}"
        index //= length or 1
    return text


class Reader:
    """The debug information of one file."""

    def __init__(self, elf: ELFFile, facts: Facts) -> None:
        self._dwarf = elf.get_dwarf_info()
        self._facts = facts
        self._data = self._dwarf.debug_info_sec.stream.getvalue()

    def variables(self) -> Iterator[tuple[int, str, DIE | None]]:
        """Statics in writable memory: address, name, type. Two names of one come twice."""
        hits = []
        for found in _LOCATION.finditer(self._data):
            address = int.from_bytes(found[1], "little")
            if self._facts.is_writable(address):
                hits.append((found.start(), address))
        units = list(self._dwarf.iter_CUs())
        for unit in units:
            end = unit.cu_offset + unit["unit_length"] + unit.structs.initial_length_field_size()
            inside = {at: to for at, to in hits if unit.cu_offset <= at < end}
            if inside:
                yield from self._of_unit(unit, end, inside)
            elif unit["version"] >= 5 and self._dwarf.debug_addr_sec is not None:
                yield from self._by_index(unit)

    def _of_unit(
        self, unit: CompileUnit, end: int, hits: dict[int, int]
    ) -> Iterator[tuple[int, str, DIE | None]]:
        todo = [(unit.get_top_DIE(), end, "")]
        while todo:
            parent, end, scope = todo.pop()
            children = list(parent.iter_children())
            ends = [each.offset for each in children[1:]] + [end]
            for each, last in zip(children, ends, strict=True):
                inside = [at for at in hits if each.offset <= at < last]
                if not inside:
                    continue
                if each.tag == "DW_TAG_variable":
                    whole = _whole(each)
                    own = [at for at in inside if at < each.offset + each.size]
                    if own:
                        around = scope if whole == each else _around(whole)
                        yield hits[own[0]], around + _name(whole), _type_of(whole)
                elif each.has_children:
                    todo.append((each, last, self._scope(scope, each)))

    @staticmethod
    def _scope(outer: str, die: DIE) -> str:
        """`f::` for what is inside of a function or a namespace."""
        name = _name(_whole(die))
        return f"{outer}{name}::" if name else outer

    def _by_index(self, unit: CompileUnit) -> Iterator[tuple[int, str, DIE | None]]:
        """Addresses in a table of their own, as clang writes them: all entries are read."""
        for each in unit.iter_DIEs():
            location = each.attributes.get("DW_AT_location")
            if each.tag != "DW_TAG_variable" or location is None:
                continue
            bytes_of = location.value
            if not isinstance(bytes_of, list) or not bytes_of or bytes_of[0] != 0xA1:
                continue  # DW_OP_addrx
            index = shift = 0
            for byte in bytes_of[1:]:
                index |= (byte & 0x7F) << shift
                shift += 7
            address = self._dwarf.get_addr(unit, index)
            if self._facts.is_writable(address):
                whole = _whole(each)
                yield address, _around(whole) + _name(whole), _type_of(whole)


def describe(path: str) -> dict[str, list[Any]]:
    """names: address and name of each word of a static; typed: addresses of those whose type is a
    pointer to an object."""
    names: dict[int, str] = {}
    typed: set[int] = set()
    facts = read(path)
    with open(path, "rb") as file:
        for address, name, kind in Reader(ELFFile(file), facts).variables():
            for at, text, is_object in _words(kind, address, name):
                names[at] = text
                if is_object and not is_parser(text):
                    typed.add(at)
    return {"names": sorted(names.items()), "typed": sorted(typed)}


if __name__ == "__main__":
    print(json.dumps(describe(sys.argv[1])))
