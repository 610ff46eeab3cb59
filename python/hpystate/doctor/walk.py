"""walk.py: the words of a module's statics, and which of them are addresses of live objects.

Runs inside the interpreter that it examines, also in one with a GIL of its own: child.py executes
its text there. So it imports what every such interpreter may import: not ctypes, nothing of ours.
Memory is read from /proc/self/mem, where an address that is not mapped is an error, not a crash.

A word holds an object if it is the address of one that the collector knows or that is reached from
those. Strings, numbers and the like that nothing but the static refers to are not reached: such a
word is an object if its type's field is the address of a type that is reached, and its count of
references can be one.
"""

from __future__ import annotations

import gc
import os
import sys
from array import array

WORD = 8
#: Bytes of PyObject.
HEAD = object.__basicsize__
#: Bytes of PyTypeObject in CPython 3.12 to 3.15; tests/doctor/test_walk.py asks the compiler.
TYPE_SIZE = (408 if sys.version_info >= (3, 15) else 400) + HEAD
_TYPE = HEAD - WORD  # the type is the last field of PyObject, with and without the GIL
_NAME, _FLAGS = HEAD + WORD, HEAD + 19 * WORD  # tp_name, tp_flags
_HEAPTYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_READY = 1 << 12  # Py_TPFLAGS_READY
_LOWEST, _HIGHEST = 1 << 16, 1 << 47
#: Without the GIL the count has two halves, which tell less.
_HAS_ONE_COUNT = HEAD == 2 * WORD
#: Above is what cannot be a count. From 3.14 on its upper half has flags.
_MOST_REFERENCES = 1 << (62 if sys.version_info >= (3, 14) else 33)
# Not by the object's own attributes: a class may have others of these names.
_dict_of = type.__dict__["__dict__"].__get__
_order_of = type.__dict__["__mro__"].__get__


class Memory:
    """This process's memory, read without a risk. Not for several threads at once."""

    def __init__(self) -> None:
        self._file = os.open("/proc/self/mem", os.O_RDONLY)

    def close(self) -> None:
        os.close(self._file)

    def words(self, begin: int, end: int) -> array[int]:
        """The words of [begin, end); those from the first page on that cannot be read are left
        out."""
        found = array("Q")
        while begin < end:
            try:
                data = os.pread(self._file, min(end - begin, 1 << 24), begin)
            except (OSError, OverflowError):
                break
            data = data[: len(data) // WORD * WORD]
            if not data:
                break
            found.frombytes(data)
            begin += len(data)
        return found

    def word(self, address: int) -> int | None:
        found = self.words(address, address + WORD)
        return found[0] if found else None

    def text(self, address: int) -> str:
        """A string of C, of 200 bytes at most; "" where there is none in UTF-8."""
        try:
            return os.pread(self._file, 200, address).partition(b"\0")[0].decode()
        except (OSError, OverflowError, UnicodeDecodeError):
            return ""


class Mapping:
    """Which file each address belongs to, from /proc/self/maps."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int, str]] = []  # begin, end, offset in the file, file
        with open("/proc/self/maps") as lines:
            for line in lines:
                fields = line.rstrip("\n").split(None, 5)
                begin, end = (int(part, 16) for part in fields[0].split("-"))
                name = fields[5] if len(fields) > 5 else ""
                self.rows.append((begin, end, int(fields[2], 16), name))

    def base(self, path: str, offset: int, address: int) -> int | None:
        """What the linker added to the addresses in a file; None where it is not mapped.

        offset, address   of the file's first segment that is loaded, rounded down to a page
        """
        for begin, _, at, name in self.rows:
            if name == path and at == offset:
                return begin - address
        return None

    def of_python(self) -> list[tuple[int, int]]:
        """Where the interpreter's own statics are: types, None, small numbers."""
        program = os.path.realpath("/proc/self/exe")
        spans: list[tuple[int, int]] = []
        for begin, end, _, name in self.rows:
            # without a name and without a gap: the end of its .bss
            is_rest = not name and bool(spans) and spans[-1][1] == begin
            if name == program or "/libpython" in name or is_rest:
                spans.append((begin, end))
        return spans


def live_objects() -> dict[int, object]:
    """All objects that the collector knows, and what they refer to, by address."""
    found: dict[int, object] = {}
    todo: list[object] = gc.get_objects()
    while todo:
        fresh = []
        for each in todo:
            if id(each) not in found:
                found[id(each)] = each
                fresh.append(each)
        todo = gc.get_referents(*fresh) if fresh else []
        for each in fresh:
            kind = type(each)
            if id(kind) not in found:
                todo.append(kind)
            if issubclass(kind, type):  # a static type has no traversal
                todo += gc.get_referents(_dict_of(each))
                todo += _order_of(each) or ()
    return found


class Walk:
    """One walk over the statics of a module.

    spans    the addresses of its writable words, [begin, end) each, as they are in memory
    ignored  [begin, end) of what CPython itself writes: the definition of the module
    """

    def __init__(self, spans: list[tuple[int, int]], ignored: tuple[int, int]) -> None:
        self.ignored = ignored
        self.memory = Memory()
        self.spans = spans
        self.python = Mapping().of_python()
        self.objects = live_objects()
        self.types = {at: each for at, each in self.objects.items() if issubclass(type(each), type)}
        self.words = {begin: self.memory.words(begin, end) for begin, end in spans}

    def close(self) -> None:
        self.objects.clear()
        self.memory.close()

    def _is_pythons(self, address: int) -> bool:
        return any(begin <= address < end for begin, end in self.python)

    def _is_inside(self, address: int) -> bool:
        return any(begin <= address < end for begin, end in self.spans)

    def _type_of(self, address: int) -> type | None:
        """The type of what is at an address, if that looks like an object."""
        found = self.types.get(self.memory.word(address + _TYPE) or 0)
        if found is None or not _HAS_ONE_COUNT:
            return found
        count = self.memory.word(address) or 0
        return found if 0 < count < _MOST_REFERENCES else None

    def static_types(self) -> dict[int, str]:
        """Types that are ready and are themselves static memory of the module, with their names."""
        kinds = {at for at, each in self.types.items() if issubclass(each, type)}
        found = {}
        for begin, words in self.words.items():
            for index, word in enumerate(words):
                at = begin + WORD * index - _TYPE
                if word not in kinds or not self._is_inside(at + TYPE_SIZE - WORD):
                    continue
                flags = self.memory.word(at + _FLAGS) or 0
                name = self.memory.text(self.memory.word(at + _NAME) or 0)
                # A pointer to `type` is not the head of one: what follows makes no sense then.
                is_static = flags & _READY and not flags & _HEAPTYPE
                if is_static and name and name.isprintable() and self._type_of(at) is not None:
                    found[at] = name
        return found

    def holders(self) -> list[tuple[int, int, str, str]]:
        """The words that hold an object: address of the word, of the object, its type's name, and
        "collector" or "shape": how it was found.

        Left out: objects of the interpreter's own static memory, which every interpreter has (None,
        small numbers, builtin types), definitions of modules, and what is inside of a static type.
        """
        found = []
        static = self.static_types()
        for begin, words in self.words.items():
            for index, word in enumerate(words):
                if word % WORD or not _LOWEST <= word < _HIGHEST:
                    continue
                at = begin + WORD * index
                if word == at:  # __dso_handle: the next word may be a type
                    continue
                if any(t <= at < t + TYPE_SIZE for t in static) or self._is_pythons(word):
                    continue
                if self.ignored[0] <= at < self.ignored[1]:
                    continue
                each = self.objects.get(word)
                kind = type(each) if word in self.objects else self._type_of(word)
                if kind is None or kind.__name__ == "moduledef":
                    continue
                how = "collector" if word in self.objects else "shape"
                found.append((at, word, kind.__name__, how))
        return found


def snapshot(spans: list[tuple[int, int]], ignored: tuple[int, int]) -> dict[str, object]:
    """What one walk finds, as plain data: words (bytes by span), holders, static_types."""
    gc.collect()
    walk = Walk(spans, ignored)
    try:
        return {
            "words": {begin: words.tobytes() for begin, words in walk.words.items()},
            "holders": walk.holders(),
            "static_types": walk.static_types(),
        }
    finally:
        walk.close()
