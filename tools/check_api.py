"""check_api.py: the functions of include/hpy/ and the slots of the ABI agree, both ways.

    python tools/check_api.py [ROOT]      exit status 1 names every fault

- every slot of hpy_0_9.def has one public function, of the slot's name and type, that calls it;
- a function that calls a slot calls one that exists;
- every public function, also of hpystate/fused.h and hpystate/sibling.h, has a contract: its
  parameters in order, then returns, raises, thread, since, source;
- hpy.h includes every header, and its comment names it;
- the ABI is reached through HPY_FUNCTION alone (docs/decisions/0001-cpython-abi.md).
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from api_headers import OUR_NAMES, Function, contract_problems, functions_of

# Functions that are not one plain call of their slot, or have another type: (slot, type or None for
# the slot's own, reason).
SPECIAL = {
    "_HPy_New": ("New", None, "a pointer of its own goes to the slot, so `data` can stay local"),
    "HPy_FatalError": ("FatalError", None, "calls abort() behind the slot, which never returns"),
    "HPyErr_SetString": (
        "Err_SetString",
        "HPy (*)(HPyContext *, HPy, const char *)",
        "returns HPy_NULL, so that a caller may return it",
    ),
    "HPyErr_SetObject": ("Err_SetObject", "HPy (*)(HPyContext *, HPy, HPy)", "returns HPy_NULL"),
    "HPyErr_NoMemory": ("Err_NoMemory", "HPy (*)(HPyContext *)", "returns HPy_NULL"),
    "HPyErr_SetFromErrnoWithFilenameObjects": (
        "Err_SetFromErrnoWithFilenameObjects",
        "HPy (*)(HPyContext *, HPy, HPy, HPy)",
        "returns HPy_NULL",
    ),
    "HPyTuple_FromArray": (
        "Tuple_FromArray",
        "HPy (*)(HPyContext *, const HPy *, HPy_ssize_t)",
        "HPy's master made the array const; the ABI is the same",
    ),
}
# Not called by a function of the API: trampolines call it.
TRAMPOLINES_ONLY = "CallRealFunctionFromTrampoline"
TRAMPOLINES = "hpy/trampoline.h"
# Of hpystate/sibling.h: what its functions are made of. No extension calls these by name.
PARTS = {
    "hpystate_sibling_link_1",
    "hpystate_sibling_functions",
    "hpystate_is_own_version",
    "hpystate_shown_name",
}
# Where a member of the context may be named.
REACHES_THE_ABI = {"hpy/layout.h", "hpy/context.h", "hpystate/other_hosts.h", TRAMPOLINES}
# Inline forms of the CPython ABI: they name members; they are not the functions of the API.
INLINE_FORMS = "hpy/cpython/"
# Not in hpy.h's list: itself generated, or included by what is listed.
UNLISTED = {"hpy/attributes.h", "hpy/layout.h", "hpy/signature.h", TRAMPOLINES}


def slots(include: Path) -> list[str]:
    text = (include / "hpy/abi/hpy_0_9.def").read_text()
    return re.findall(r"^HPY_FUNC\([^,]+, (\w+),", text, re.MULTILINE)


def names_of(slot: str) -> set[str]:
    """What the public function of a slot may be called: HPyDict_New, HPy_Add, _HPy_Dump."""
    return {f"{front}{slot}" for front in ("HPy", "HPy_", "_HPy", "_HPy_")}


def pair(functions: list[Function], known: list[str]) -> tuple[dict[str, str], list[str]]:
    """function -> slot, and what is wrong with who calls what."""
    pairs: dict[str, str] = {}
    problems: list[str] = []
    by_slot: dict[str, list[Function]] = defaultdict(list)
    for function in functions:
        for slot in function.slots:
            if slot not in known:
                problems.append(f"{function}: calls slot {slot}, which hpy_0_9.def does not have")
        if function.name in SPECIAL:
            if function.slots != [SPECIAL[function.name][0]]:
                problems.append(
                    f"{function}: calls {function.slots}, {SPECIAL[function.name][0]} was expected"
                )
            pairs[function.name] = SPECIAL[function.name][0]
        elif function.direct is not None:
            pairs[function.name] = function.direct
        elif function.slots and not any(function.name in names_of(s) for s in function.slots):
            continue  # made of slots that have a function each
        elif function.slots:
            problems.append(
                f"{function}: is not one call with its parameters in order; if that is meant, name "
                "it in SPECIAL of tools/check_api.py with the reason"
            )
        if function.name in pairs:
            by_slot[pairs[function.name]].append(function)
    for slot in known:
        who = [each for each in by_slot[slot] if each.name in names_of(slot)]
        if slot == TRAMPOLINES_ONLY:
            problems += [f"{each}: calls {slot}" for each in who if each.header != TRAMPOLINES]
        elif not who:
            there = ", ".join(f"{each} calls it" for each in by_slot[slot])
            expected = " or ".join(sorted(names_of(slot)))
            problems.append(f"slot {slot}: no function {expected}{'; ' * bool(there)}{there}")
    for slot, callers in by_slot.items():
        problems += [
            f"{each}: is a call of slot {slot} and nothing more, under another name"
            for each in callers
            if slot in known and each.name not in names_of(slot)
        ]
    return {name: slot for name, slot in pairs.items() if slot in known}, problems


def type_problems(include: Path, pairs: dict[str, str]) -> list[str]:
    """Lets a C compiler compare the types."""
    lines = ['#include "hpy.h"']
    for name, slot in sorted(pairs.items()):
        member = f"__typeof__(((HPyContext *)0)->ctx_{slot})"
        expected = SPECIAL.get(name, (slot, None))[1] or member
        lines.append(
            f"_Static_assert(_Generic(&{name}, {expected}: 1, default: 0), "
            f'"type: {name} is not of the type of slot {slot}");'
        )
    command = [*(shlex.split(os.environ.get("CC", "")) or ["cc"]), "-std=c11", "-fsyntax-only"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "agree.c"
        file.write_text("\n".join(lines) + "\n")
        command += ["-DHPY_ABI_UNIVERSAL", f"-I{include}", str(file)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    found = sorted(set(re.findall(r'"type: ([^"]*)"', result.stderr)))
    return found or [f"the headers do not compile:\n{result.stderr.strip()}"]


def abi_problems(header: str, text: str) -> list[str]:
    if header in REACHES_THE_ABI or header.startswith(INLINE_FORMS):
        return []
    return [
        f"{header}:{number}: names a member of the context; only HPY_FUNCTION may"
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(r"(->|\.)\s*ctx_\w+|\bctx_##", line)
    ]


def listing_problems(include: Path, headers: list[Path]) -> list[str]:
    text = (include / "hpy.h").read_text()
    problems = []
    for header in headers:
        name = str(header.relative_to(include))
        if name in UNLISTED:
            continue
        if f'#include "{name}"' not in text:
            problems.append(f"hpy.h: does not include {name}")
        if not re.search(rf"^ \*.*\b{re.escape(name)}", text, re.MULTILINE):
            problems.append(f"hpy.h: its table of contents does not name {name}")
    return problems


def check(root: Path) -> list[str]:
    include = root / "include"
    headers = sorted((include / "hpy").glob("*.h"))
    documented = [*headers, include / "hpystate" / "fused.h"]
    problems = listing_problems(include, headers)
    functions: list[Function] = []
    for header in documented:
        found, unread = functions_of(header, include)
        functions += found
        problems += unread
    ours, unread = functions_of(include / "hpystate" / "sibling.h", include, OUR_NAMES)
    problems += unread
    for function in [*functions, *(each for each in ours if each.name not in PARTS)]:
        problems += contract_problems(function)
    for source in sorted([*include.rglob("*.h"), *include.rglob("*.c")]):
        problems += abi_problems(str(source.relative_to(include)), source.read_text())
    pairs, wrong = pair(functions, slots(include))
    return problems + wrong + type_problems(include, pairs)


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    problems = check(root)
    print("\n".join(problems) or "api: ok")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
