"""hpystate-gdb.py: gdb shows what a slot, a handle, a context and a region hold.

gdb runs it when it loads the runtime, whose file it is beside; gdb must be told once that it may:
`add-auto-load-safe-path FOLDER` in its settings, or `source FILE` by hand. Types come from the
debug information of the program: an extension that is compiled with -g has HPy, HPyGlobal and
HPyContext. That is enough, also for the interpreter of a context: the runtime exports a few words
for it (python/hpystate/gdb_layout.cpp). hpystate::Token and hpystate::Region are types of a build
of hpystate with -g, and of nothing less (-g1 has no types).

Nothing is called in the program, so a core file will do. Memory that cannot be read is shown as
the number that it is.
"""

from __future__ import annotations

import gdb
import gdb.printing

# A handle of debug mode has bit 0 set; its record begins with this (runtime/layers/debug/handle.h).
DEBUG_MAGIC = 0x48507944
DEBUG_LIFE, DEBUG_OBJECT = 4, 16
LIVES = ("spare", "open", "closed", "constant", "borrowed")
PHASES = ("free", "live", "dying")


def unsigned(address: int, bytes_: int = 8) -> int:
    """Memory of the program as a number. gdb.MemoryError: it cannot be read."""
    memory = gdb.selected_inferior().read_memory(address, bytes_)
    return int.from_bytes(bytes(memory), "little")


def text_at(address: int, most: int = 200) -> str:
    found = bytearray()
    while len(found) < most and (byte := unsigned(address + len(found), 1)) != 0:
        found.append(byte)
    return found.decode("utf-8", "replace")


def has_no_gil() -> bool:
    """Of a Python without the GIL, whose objects have a longer head."""
    try:
        gdb.parse_and_eval("&_Py_ExplicitMergeRefcount")
    except gdb.error:  # it has no such function
        return False
    return True


def object_text(address: int) -> str:
    """An object by its address: "0x7f0c (str)", by ob_type and tp_name."""
    type_at, name_at = (24, 40) if has_no_gil() else (8, 24)
    try:
        name = text_at(unsigned(unsigned(address + type_at) + name_at))
    except gdb.MemoryError:
        name = ""
    return f"{address:#x} ({name})" if name and name.isprintable() else f"{address:#x}"


def handle_text(bits: int) -> str:
    """A handle: an object, or in debug mode a struct around one."""
    if bits == 0:
        return "HPy_NULL"
    record = bits - 1
    try:
        if bits & 1 == 0 or unsigned(record, 4) != DEBUG_MAGIC:
            return object_text(bits)
        life = unsigned(record + DEBUG_LIFE, 1)
        address = unsigned(record + DEBUG_OBJECT)
    except gdb.MemoryError:
        return f"{bits:#x}, which is not in memory"
    word = LIVES[life] if life < len(LIVES) else f"life {life}"
    return f"{word} debug handle of {object_text(address) if address else 'no object'}"


def symbol_at(address: int) -> str:
    """The variable at an address: "slots.cache in section .bss of ..."; "" where none is known."""
    found = gdb.execute(f"info symbol {address:#x}", to_string=True).strip()
    return "" if found.startswith("No symbol") else found


def slot_text(content: int, own: int | None) -> str:
    """What a slot holds, which is at the address `own` (None: it is a copy of one)."""
    if content == 0:
        return "a slot that was never stored to or listed"
    name = symbol_at(content) or f"{content:#x}"
    if own is None or content == own:
        return f"slot {name}"
    return f"{content:#x}, which is not the address of this slot: a copy, or another runtime's"


def number(value: gdb.Value) -> int:
    """The value of a std::atomic, or of an integer."""
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_STRUCT:
        return number(value.address.cast(kind.template_argument(0).pointer()).dereference())
    return int(value)


# ---- the interpreter of a context ---------------------------------------------------------------
# The words of hpystate_gdb_1, in their order (python/hpystate/gdb_layout.cpp).
LAYOUT = (
    "plain_private",
    "head_magic",
    "head_region",
    "head_trunk",
    "region_plain",
    "region_phase",
    "region_generation",
    "region_interpreter_id",
)


def layout() -> dict[str, int] | None:
    """What the runtime tells of itself; None: it is not loaded, or is another version."""
    try:
        begin = int(gdb.parse_and_eval("(unsigned long)&hpystate_gdb_1"))
    except gdb.error:
        return None
    return {name: unsigned(begin + 8 * i) for i, name in enumerate(LAYOUT)}


def region_of(context: int, known: dict[str, int]) -> int | None:
    """The region of a context; None: it is of another runtime."""
    head = unsigned(context + 8)  # _private, in every version of the ABI
    if head == known["plain_private"]:
        return context - known["region_plain"]
    if head == 0 or unsigned(head) != known["head_magic"]:
        return None
    trunk = unsigned(head + known["head_trunk"])
    return unsigned(head + known["head_region"]) or (region_of(trunk, known) if trunk else None)


def interpreter_text(context: int) -> str:
    """ ", interpreter 1, live, generation 2"; "" where that cannot be known."""
    try:
        known = layout()
        region = region_of(context, known) if known is not None else None
        if known is None or region is None:
            return ""
        phase = unsigned(region + known["region_phase"], 1)
        identity = unsigned(region + known["region_interpreter_id"])
        generation = unsigned(region + known["region_generation"], 4)
    except gdb.MemoryError:
        return ""
    return f", interpreter {identity}, {phase_text(phase)}, generation {generation}"


def phase_text(phase: int) -> str:
    return PHASES[phase] if phase < len(PHASES) else f"phase {phase}"


# ---- printers ------------------------------------------------------------------------------------
class Handle:
    def __init__(self, value: gdb.Value) -> None:
        self._value = value

    def to_string(self) -> str:
        return handle_text(int(self._value["_i"]))


class Slot:
    def __init__(self, value: gdb.Value) -> None:
        self._value = value

    def to_string(self) -> str:
        own = self._value.address
        return slot_text(int(self._value["_i"]), None if own is None else int(own))


class Token:
    def __init__(self, value: gdb.Value) -> None:
        self._value = value

    def to_string(self) -> str:
        return slot_text(int(self._value["bits_"]), None)


class Context:
    def __init__(self, value: gdb.Value) -> None:
        self._value = value

    def to_string(self) -> str:
        try:
            name = text_at(int(self._value["name"]))
        except gdb.MemoryError:
            name = "a name that is not in memory"
        address = self._value.address
        interpreter = "" if address is None else interpreter_text(int(address))
        return f"context {name}, ABI {int(self._value['abi_version'])}{interpreter}"


class Region:
    """For a region, and for a pointer to one: gdb reads no value of 2 MiB unless it is told to."""

    def __init__(self, value: gdb.Value) -> None:
        self._value = value

    def to_string(self) -> str:
        if self._value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR and int(self._value) == 0:
            return "no region"
        interpreter = int(self._value["interpreter_id"])
        return (
            f"region of interpreter {interpreter}, generation {int(self._value['generation'])}, "
            f"{phase_text(number(self._value['phase']))}, "
            f"owner {number(self._value['owner']):#x}, "
            f"{number(self._value['leaders'])} modules and anchors lead to it"
        )


class Printers(gdb.printing.RegexpCollectionPrettyPrinter):
    """Finds a printer by the name of a type, and that of a region by a pointer's target too."""

    def __call__(self, value: gdb.Value) -> object | None:
        kind = value.type.strip_typedefs()
        if kind.code == gdb.TYPE_CODE_PTR:
            target = kind.target().unqualified().strip_typedefs()
            return Region(value) if target.tag == "hpystate::Region" else None
        return super().__call__(value)


printers = Printers("hpystate")
# HPyGlobal's struct has a name in C++ only; gdb compares that of the typedef then.
printers.add_printer("handle", "^(_HPy_s|HPy)$", Handle)
printers.add_printer("slot", "^HPyGlobal$", Slot)
printers.add_printer("context", "^_HPyContext_s$", Context)
printers.add_printer("token", "^hpystate::Token$", Token)
printers.add_printer("region", "^hpystate::Region$", Region)
gdb.printing.register_pretty_printer(gdb.current_objfile(), printers, replace=True)
