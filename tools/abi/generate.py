"""generate.py: makes every generated file of the tree: the tests of the layouts, two headers.

    python tools/abi/generate.py            checks the files; exit status 1 names each that differs
    python tools/abi/generate.py --write    writes them

The dump (abi/dumps/) is what a compiler saw in upstream's published headers: the oracle, never an
input of the build. tests/abi/layout_* are lists of static assertions about our own
headers; compiling them is the test, and it is part of every build. The headers: see
tools/abi/trampolines.py.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import layout_0_0_4
from trampolines import signature_header, trampoline_header

ROOT = Path(__file__).resolve().parents[2]
DUMP = ROOT / "tools" / "abi" / "dumps" / "hpy-0.9.0.json"

# Names of function types that upstream spells in another way than our lists do.
SPELLINGS = {
    "HPyFunc_keywords": "HPyFunc_KEYWORDS_t",
    "HPyFunc_Capsule_Destructor": "HPyFunc_CAPSULE_DESTRUCTOR_t",
}
# Structs that belong to helpers which upstream compiles into the extension: no part of the ABI.
HELPERS = {"HPyStructSequence_Field", "HPyStructSequence_Desc", "_HPy_s"}


def assertion(condition: str, message: str) -> str:
    return f'_Static_assert({condition}, "frozen: {message}");'


def type_is(expression: str, c_type: str, message: str) -> str:
    spelled = SPELLINGS.get(c_type, c_type)
    return assertion(f"_Generic(({expression}), {spelled}: 1, default: 0)", f"type of {message}")


def member_lines(struct: str, field: dict[str, Any]) -> list[str]:
    """Offset, size and type of a member."""
    name = field["name"]
    lines = [
        assertion(f"offsetof({struct}, {name}) == {field['offset']}", f"{name}"),
        assertion(f"sizeof((({struct} *)0)->{name}) == {field['size']}", f"size of {name}"),
    ]
    lines.append(type_is(f"(({struct} *)0)->{name}", field["type"], f"{struct}.{name}"))
    return lines


def context_lines(dump: dict[str, Any]) -> list[str]:
    context = dump["HPyContext"]
    lines = ["", "/* ---- the context, in memory order ---- */"]
    for field in context["fields"]:
        lines += member_lines("HPyContext", field)
    last = context["fields"][-1]
    end = last["offset"] + last["size"]
    lines.append(f"_Static_assert({end} == {context['sizeof']}, \"the end of HPy 0.9.0\");")
    lines += ["", "/* ---- appended by HPy's master ---- */"]
    changed = {
        change[0][0]: change[1][1] for change in dump["appended_after_0_9_0_more"]["type_changes"]
    }
    assert set(changed) == {"ctx_Tuple_FromArray"}, changed  # const only: no change of the ABI
    for field in dump["appended_after_0_9_0"]:
        lines += member_lines("HPyContext", field)
    return lines


def struct_lines(dump: dict[str, Any]) -> list[str]:
    lines = ["", "/* ---- structs ---- */"]
    for name, struct in dump["structs"].items():
        if name in HELPERS:
            continue
        lines.append(assertion(f"sizeof({name}) == {struct['sizeof']}", f"size of {name}"))
        for field in struct["fields"]:
            for inner in field.get("fields", []):  # a union without a name
                offset = field["offset"] + inner["offset"]
                lines.append(
                    assertion(f"offsetof({name}, {inner['name']}) == {offset}", f"{inner['name']}")
                )
                lines.append(
                    type_is(
                        f"(({name} *)0)->{inner['name']}", inner["type"], f"{name}.{inner['name']}"
                    )
                )
            if "fields" not in field:
                lines += member_lines(name, field)
    return lines


def enum_lines(dump: dict[str, Any]) -> list[str]:
    lines = ["", "/* ---- enumerators ---- */"]
    for name, enum in dump["enums"].items():
        lines.append(assertion(f"sizeof({name}) == {enum['sizeof']}", f"size of {name}"))
        lines += [assertion(f"{key} == {value}", key) for key, value in enum["values"].items()]
    more = dump["appended_after_0_9_0_more"]["enums"]
    for enum in more.values():
        lines += [assertion(f"{key} == {value}", key) for key, value in enum["only_master"].items()]
    return lines


def signature_lines(dump: dict[str, Any]) -> list[str]:
    lines = ["", "/* ---- signatures of the extension's functions ---- */"]
    for name, signature in dump["signatures"].items():
        lines.append(assertion(f"{name} == {signature['value']}", name))
        impl = signature.get("impl")
        if impl is None:
            continue
        parameters = ", ".join(parameter["type"] for parameter in impl["params"])
        lines.append(
            type_is(
                f"({name}_t)0", f"{impl['return']} (*)({parameters})", f"the function of {name}"
            )
        )
    lines += ["", "/* ---- which signature a slot has ---- */", "enum {"]
    lines += ["#define HPY_SLOT(name, value, signature) signature_of_##name = HPyFunc_##signature,"]
    lines += ['#include "hpy/abi/slots.def"', "};"]
    slots = dump["slots"] | dump["appended_after_0_9_0_more"]["slots"]
    for name, slot in slots.items():
        plain = re.sub("^HPy_", "", name)
        lines.append(
            assertion(
                f"(int)signature_of_{plain} == (int){slot['signature']}", f"signature of {name}"
            )
        )
    return lines


def layout() -> str:
    dump = json.loads(DUMP.read_text())
    lines = [
        "/* tests/abi/layout_0_9.c: the ABI of HPy 0.9.0 as static assertions. C11.",
        " * GENERATED by tools/abi/generate.py out of tools/abi/dumps/; compiling it is the test.",
        " * Long: an assertion for each offset, size and type. */",
        '#include "hpy/context.h"',
        '#include "hpy/trampoline.h"',
    ]
    lines += context_lines(dump) + struct_lines(dump) + enum_lines(dump) + signature_lines(dump)
    return "\n".join(lines) + "\n"


FILES = {
    "tests/abi/layout_0_0_4.cpp": layout_0_0_4.layout,
    "tests/abi/layout_0_9.c": layout,
    "include/hpy/signature.h": signature_header,
    "include/hpy/trampoline.h": trampoline_header,
}


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--write"]):
        print(__doc__)
        return 2
    stale = 0
    for name, generate in FILES.items():
        target, text = ROOT / name, generate()
        if arguments == ["--write"]:
            target.write_text(text)
        elif not target.is_file() or target.read_text() != text:
            print(
                f"{name}: is not what tools/abi/generate.py gives; run that with --write, "
                "read the diff"
            )
            stale += 1
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
