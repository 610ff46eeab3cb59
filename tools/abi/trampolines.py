"""trampolines.py: makes include/hpy/signature.h and trampoline.h out of the lists of the ABI.

They hold what a preprocessor cannot do: names in lower case, and a macro per entry of a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

INCLUDE = Path(__file__).resolve().parents[2] / "include"
BACKSLASH = 99  # the column of a macro's backslash

# What CPython passes where the extension's function takes a type; any other type stays as it is.
PASSED_AS = {
    "HPy": "cpy_PyObject*",
    "HPy_buffer*": "cpy_Py_buffer*",
    "HPy_RichCmpOp": "int",
}
# What the runtime reads where CPython passes more, less or something else than the extension takes.
FRAMES = {
    "VARARGS": "cpy_PyObject* self, cpy_PyObject* const* args, HPy_ssize_t nargs",
    "KEYWORDS": "cpy_PyObject* self, cpy_PyObject* const* args, size_t nargsf, "
    "cpy_PyObject* kwnames",
    "INITPROC": "cpy_PyObject* self, cpy_PyObject* args, cpy_PyObject* kw",
    "NEWFUNC": "cpy_PyObject* self, cpy_PyObject* args, cpy_PyObject* kw",
    "GETBUFFERPROC": "cpy_PyObject* self, cpy_Py_buffer* view, int flags",
    "RELEASEBUFFERPROC": "cpy_PyObject* self, cpy_Py_buffer* view",
    "TRAVERSEPROC": "cpy_PyObject* self, cpy_visitproc visit, void* arg",
    "MOD_CREATE": "cpy_PyObject* spec",
}
# Passed by CPython, read by nobody.
UNREAD = {"MOD_CREATE": "cpy_PyModuleDef* def"}
# Signatures of which no definition is made: a call function has KEYWORDS, a capsule's destructor
# has a macro of its own.
UNDEFINED = ("CAPSULE_DESTRUCTOR", "VECTORCALLFUNC")


@dataclass(frozen=True)
class Parameter:
    c_type: str
    name: str

    def __str__(self) -> str:
        return f"{self.c_type} {self.name}"


@dataclass(frozen=True)
class Signature:
    name: str
    result: str
    parameters: list[Parameter]  # of the extension's function


def parameters_of(text: str) -> list[Parameter]:
    """Out of a list such as "HPyContext *ctx, const HPy *args"."""
    found = []
    for each in text.split(","):
        c_type, name = re.fullmatch(r"\s*(.*?[\s*])(\w+)\s*", each).groups()
        found.append(Parameter(re.sub(r"\s*\*\s*", "* ", c_type).strip(), name))
    return found


def signatures(include: Path = INCLUDE) -> list[Signature]:
    text = (include / "hpy/abi/signatures.def").read_text()
    lines = re.findall(r"^HPY_SIGNATURE\((\w+), \d+, (\w+), \((.*)\)\)$", text, re.MULTILINE)
    return [Signature(name, result, parameters_of(inner)) for name, result, inner in lines]


def slots(include: Path = INCLUDE) -> list[tuple[str, str]]:
    text = (include / "hpy/abi/slots.def").read_text()
    return re.findall(r"^HPY_SLOT\((\w+), \d+, (\w+)\)$", text, re.MULTILINE)


# ---- trampoline.h ----


def macro(lines: list[str]) -> list[str]:
    """A macro's lines with their backslashes in one column."""
    return [line.ljust(BACKSLASH) + "\\" for line in lines[:-1]] + [lines[-1]]


def frame_of(signature: Signature) -> list[Parameter]:
    """What the trampoline puts down for the runtime, in memory order, without the result."""
    if signature.name in FRAMES:
        return parameters_of(FRAMES[signature.name])
    kept = [each for each in signature.parameters if each.c_type != "HPyContext*"]
    # An enum's width is the ABI's, so it stays in the frame; the C API passes an int.
    in_frame = {key: value for key, value in PASSED_AS.items() if key != "HPy_RichCmpOp"}
    return [Parameter(in_frame.get(each.c_type, each.c_type), each.name) for each in kept]


def frame_lines(signature: Signature) -> list[str]:
    result = PASSED_AS.get(signature.result, signature.result)
    lines = ["typedef struct {"]
    lines += [f"    {each};" for each in frame_of(signature)]
    if result != "void":
        lines += [f"    {result} result;"]
    return [*lines, f"}} _HPyFunc_args_{signature.name};"]


def head(result: str, parameters: list[Parameter]) -> list[str]:
    """The head of the function; broken where clang-format breaks it."""
    start = f"    static {result} SYM("
    room = BACKSLASH - 1
    lines = [start]
    for position, each in enumerate(parameters):
        last = position == len(parameters) - 1
        word = f"{each}) {{" if last else f"{each}, "
        if len(lines[-1] + word.rstrip()) > room:
            lines[-1] = lines[-1].rstrip()
            lines.append(" " * len(start))
        lines[-1] += word
    return lines


def trampoline_lines(signature: Signature) -> list[str]:
    frame = frame_of(signature)
    result = PASSED_AS.get(signature.result, signature.result)
    passed = [Parameter(PASSED_AS.get(each.c_type, each.c_type), each.name) for each in frame]
    unread = parameters_of(UNREAD[signature.name]) if signature.name in UNREAD else []
    values = [
        f"({there.c_type}){each.name}" if there.c_type != each.c_type else each.name
        for each, there in zip(passed, frame, strict=True)
    ]
    values += ["0"] if result != "void" else []
    lines = [f"#define _HPyFunc_TRAMPOLINE_HPyFunc_{signature.name}(SYM, IMPL)"]
    lines += head(result, passed + unread)
    lines += [f"        (void){each.name};" for each in unread]
    lines += [f"        _HPyFunc_args_{signature.name} a = {{{', '.join(values)}}};"]
    lines += [f"        _HPY_ENTER(HPyFunc_{signature.name}, IMPL, &a);"]
    lines += ["        return a.result;"] if result != "void" else []
    return macro([*lines, "    }"])


TRAMPOLINE_HEAD = r"""
/* hpy/trampoline.h: functions of the C API that lead into an extension's own. C11, C++17.
 * GENERATED by tools/abi/generate.py out of hpy/abi/signatures.def.
 *
 * Long: a frame and a trampoline for each signature.
 *
 * A definition holds two functions: the extension's, and one that a runtime may give to CPython as
 * it is. The latter, the trampoline, puts its arguments into a frame and passes it to the runtime,
 * which finds the context, calls the extension's function and puts the result into the frame.
 *
 * The frames are part of the ABI. hpystate calls an extension through a thunk of its own while it
 * has one left for the definition (docs/design.md); upstream's runtime always uses a trampoline.
 */
#pragma once

#include "hpy/context.h"
#include "hpy/signature.h"

#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- entering the runtime ---- */

#if defined(HPY_EMBEDDED_MODULES)
#define _HPy_CTX_MODIFIER static
#else
#define _HPy_CTX_MODIFIER _HPy_HIDDEN
/** Where the trampolines of this shared object find a runtime. The loader sets it, by a function
 * that HPy_MODINIT defines. */
extern _HPy_HIDDEN HPyContext* _ctx_for_trampolines;
#endif

/** Calls a function of the extension with the arguments in a frame. For trampolines alone.
 *
 *  ctx      what the loader put into _ctx_for_trampolines
 *  sig      the function's signature, which determines what `args` points to
 *  func     the function
 *  args     in and out: the frame; for HPyFunc_CAPSULE_DESTRUCTOR, the capsule itself
 *  returns  nothing; the function's result is in the frame
 *  raises   anything
 *  thread   attached to an interpreter that loaded this file
 *  since    HPy 0.9
 *  source   HPy's own
 */
static inline void _HPy_CallRealFunctionFromTrampoline(HPyContext* ctx, HPyFunc_Signature sig,
                                                       HPyCFunction func, void* args) {
    HPY_FUNCTION(ctx, CallRealFunctionFromTrampoline)(ctx, sig, func, args);
}

#define _HPY_ENTER(SIG, IMPL, frame)                                                               \
    _HPy_CallRealFunctionFromTrampoline(_ctx_for_trampolines, SIG,                                 \
                                        _HPy_FUNCTION_AS(HPyCFunction, IMPL), frame)

/** Defines SYM, through which CPython can call IMPL, a function of signature SIG. */
#define HPyFunc_TRAMPOLINE(SYM, IMPL, SIG) _HPyFunc_TRAMPOLINE_##SIG(SYM, IMPL)

/* ---- without a frame ---- */

/** Passes the capsule to the runtime, which knows the arguments of its destructor. */
#define HPyCapsule_DESTRUCTOR_TRAMPOLINE(SYM, IMPL)                                                \
    static void SYM(cpy_PyObject* capsule) {                                                       \
        _HPY_ENTER(HPyFunc_CAPSULE_DESTRUCTOR, IMPL, capsule);                                     \
    }

/* The runtime calls it when it frees the struct. CPython has no slot for it. */
#define _HPyFunc_TRAMPOLINE_HPyFunc_DESTROYFUNC(SYM, IMPL)                                         \
    static void SYM(void) {                                                                        \
        abort();                                                                                   \
    }

/* ---- frames and trampolines ---- */
"""[1:]

FOOT = """
#ifdef __cplusplus
}
#endif
"""


def trampoline_header(include: Path = INCLUDE) -> str:
    lines = []
    for signature in signatures(include):
        if signature.name not in (*UNDEFINED, "DESTROYFUNC"):
            lines += ["", *frame_lines(signature), *trampoline_lines(signature)]
    return TRAMPOLINE_HEAD + "\n".join(lines) + "\n" + FOOT


# ---- signature.h ----

SIGNATURE_HEAD = """\
/* hpy/signature.h: names of the kinds of C function, and which kind a slot takes. C11, C++17.
 * GENERATED by tools/abi/generate.py out of hpy/abi/signatures.def and hpy/abi/slots.def.
 */
#pragma once

#include "hpy/define.h"

#ifdef __cplusplus
extern "C" {
#endif

/* _HPyFunc_<name>_function: the function type itself, not a pointer to one. */
#define HPY_SIGNATURE(name, value, ret, params) typedef ret _HPyFunc_##name##_function params;
#include "hpy/abi/signatures.def"

/** Declares SYM, a static function of signature SIG, which the extension defines. */
#define HPyFunc_DECLARE(SYM, SIG) static _##SIG##_function SYM

/* ---- pointers to functions, as HPy names them ---- */
"""

SLOT_HEAD = """
/* ---- which signature a slot has ---- */

#define HPySlot_SIG(SLOT) _HPySlot_SIG__##SLOT
"""


def signature_header(include: Path = INCLUDE) -> str:
    names = {each.name: each.name.lower() for each in signatures(include)}
    names["CAPSULE_DESTRUCTOR"] = "Capsule_Destructor"
    del names["VECTORCALLFUNC"]  # HPy has none
    lines = [f"typedef HPyFunc_{key}_t HPyFunc_{name};" for key, name in names.items()]
    text = SIGNATURE_HEAD + "\n".join(["", *lines, ""]) + SLOT_HEAD
    taken = [f"#define _HPySlot_SIG__HPy_{slot} HPyFunc_{name}" for slot, name in slots(include)]
    return text + "\n".join(taken) + "\n" + FOOT
