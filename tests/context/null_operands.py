"""null_operands.py: calls each function of the context with HPy_NULL for one operand after another.

The file is compiled once and runs under our runtime and under upstream's, so it is a script too:

    python null_operands.py FILE MODE

prints a JSON object: "Name 1" -> what the call did with HPy_NULL as its first parameter after ctx.
MODE is universal, debug, trace or upstream. Each call is made in a process of its own: some crash.
"""

from __future__ import annotations

import contextvars
import importlib.util
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LIST = Path(__file__).parents[2] / "include" / "hpy" / "abi" / "hpy_0_9.def"

#: What a function gets for its handles where all is well; [1, 2, 3] where it is not said.
GOOD: dict[str, list[Any]] = {
    "Long_AsVoidPtr": [0], "Float_AsDouble": [1.5], "Length": [[]], "Power": [1, 2, None],
    "InPlacePower": [1, 2, None], "MatrixMultiply": [1, 2], "CallTupleDict": [dict, (), {}],
    "Err_SetString": [KeyError], "Err_SetObject": [KeyError, 1],
    "Err_SetFromErrnoWithFilename": [OSError],
    "Err_SetFromErrnoWithFilenameObjects": [OSError, "a", "b"],
    "Err_ExceptionMatches": [KeyError], "Err_NewException": [Exception, {}],
    "Err_NewExceptionWithDoc": [Exception, {}], "Err_WarnEx": [UserWarning],
    "Type_GenericNew": [object, None], "GetAttr": [1, "real"], "HasAttr": [1, "real"],
    "SetAttr": [KeyError(), "x", 1], "SetAttr_s": [KeyError(), 1], "GetItem": [{1: 2}, 1],
    "GetItem_i": [[5]], "GetItem_s": [{"real": 1}], "Contains": [[1], 1], "SetItem": [{}, 1, 2],
    "SetItem_i": [{}, 2], "SetItem_s": [{}, 2], "TypeCheck": [1, int], "New": [object],
    "Bytes_Size": [b""], "Bytes_GET_SIZE": [b""], "Bytes_AsString": [b""],
    "Bytes_AS_STRING": [b""], "Unicode_AsASCIIString": [""], "Unicode_AsLatin1String": [""],
    "Unicode_AsUTF8String": [""], "Unicode_AsUTF8AndSize": [""], "Unicode_EncodeFSDefault": [""],
    "Unicode_ReadChar": ["a"], "List_Append": [[], 1], "Type_GetBuiltinShape": [int],
    "DelItem": [{1: 2}, 1], "DelItem_i": [[1]], "DelItem_s": [{"real": 1}],
    "EvalCode": [compile("1", "x", "eval"), {}, {}], "Type_GetName": [int],
    "Type_IsSubtype": [bool, int], "Unicode_FromEncodedObject": [b"a"],
    "Unicode_Substring": ["a"], "Dict_Keys": [{}], "Dict_Copy": [{}], "Slice_Unpack": [slice(1)],
    "Call": [dict, ()], "CallMethod": ["bit_length", ()], "List_Insert": [[], 1],
    "GetSlice": [[1]], "SetSlice": [[1], []], "DelSlice": [[1]], "GetIter": [[]],
    "Iter_Next": [iter([1])], "ContextVar_Get": [contextvars.ContextVar("a"), 1],
    "ContextVar_Set": [contextvars.ContextVar("a"), 1], "ContextVar_New": [1],
}  # fmt: skip
#: What is passed for the other parameters, by their type.
OTHERS = {
    "const char *utf8_name": '"real"', "const char *utf8_key": '"real"',
    "const char *name": '"real"', "const char *filename_fsencoded": '"x"',
    "const char *utf8_message": '"x"', "const char *utf8_doc": '"x"',
    "const char *encoding": '"ascii"', "const char *errors": '"strict"',
    "HPy_ssize_t *size": "&numbers[0]", "HPy_ssize_t *start": "&numbers[0]",
    "HPy_ssize_t *stop": "&numbers[1]", "HPy_ssize_t *step": "&numbers[2]",
    "HPy *result": "&given", "void **data": "&pointer", "int op": "2",
    "HPy_ssize_t start": "0", "HPy_ssize_t end": "1", "HPy_ssize_t idx": "0",
    "HPy_ssize_t index": "0", "HPy_ssize_t stack_level": "1", "HPy_ssize_t nargs": "0",
    "HPyField *target_field": "&field", "HPyField source_field": "field",
    "HPyListBuilder builder": "list", "HPyTupleBuilder builder": "tuple",
    "HPyTracker ht": "tracker", "HPyGlobal *global": "&global",
    "_HPyCapsule_key key": "HPyCapsule_key_Pointer", "HPyCallFunction *func": "&call_function",
    "HPyCapsule_Destructor *destructor": "NULL", "void *value": "&numbers",
}  # fmt: skip
#: The name of a new class must have a dot.
DOTTED = "Err_NewException", "Err_NewExceptionWithDoc"
#: Where there are arguments beside them.
CALLS = {"Call": "NULL, 0", "CallMethod": "&self_argument, 1", "Type_GenericNew": "NULL, 0"}

HEAD = r"""
#include <hpy.h>

HPyDef_CALL_FUNCTION(call_function)
static HPy call_function_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy names) {
    return HPy_Dup(ctx, ctx->h_None);
}
static HPyGlobal global;

static HPy text(HPyContext *ctx, const char *kind, HPy value) {
    HPy result = HPyErr_Occurred(ctx) ? HPy_NULL : HPy_BuildValue(ctx, "(sO)", kind, value);
    HPy_Close(ctx, value);
    return result;
}
static HPy handle(HPyContext *ctx, HPy h) {
    if (HPyErr_Occurred(ctx)) return HPy_NULL;
    return text(ctx, HPy_IsNull(h) ? "HPy_NULL" : "object",
                HPy_IsNull(h) ? HPy_Dup(ctx, ctx->h_None) : HPy_Repr(ctx, h));
}
static HPy number(HPyContext *ctx, long long value) {
    if (HPyErr_Occurred(ctx)) return HPy_NULL;
    return text(ctx, "number", HPyLong_FromLongLong(ctx, value));
}
/* An address in the first page is one that was counted from NULL. */
static HPy address(HPyContext *ctx, const void *value) {
    if (HPyErr_Occurred(ctx)) return HPy_NULL;
    return text(ctx, (uintptr_t)value < 4096 ? "NULL" : "address", HPy_Dup(ctx, ctx->h_None));
}
static HPy nothing(HPyContext *ctx) {
    return HPyErr_Occurred(ctx) ? HPy_NULL : text(ctx, "nothing", HPy_Dup(ctx, ctx->h_None));
}

/* call(number of the function, its handles): HPy_NULL for Ellipsis */
HPyDef_METH(call, "call", HPyFunc_VARARGS)
static HPy call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    HPy h[4] = {HPy_NULL, HPy_NULL, HPy_NULL, HPy_NULL};
    HPy given = HPy_NULL;
    HPy self_argument = ctx->h_True;
    HPy_ssize_t numbers[3] = {0, 0, 0};
    void *pointer = NULL;
    HPyField field = HPyField_NULL;
    HPyListBuilder list = HPyListBuilder_New(ctx, 1);
    HPyTupleBuilder tuple = HPyTupleBuilder_New(ctx, 1);
    HPyTracker tracker = HPyTracker_New(ctx, 1);
    for (size_t i = 1; i < nargs; ++i)
        h[i - 1] = HPy_Is(ctx, args[i], ctx->h_Ellipsis) ? HPy_NULL : args[i];
    (void)given; (void)self_argument; (void)numbers; (void)pointer; (void)field;
    switch (HPyLong_AsLong(ctx, args[0])) {
"""
TAIL = r"""
    }
    HPyErr_SetString(ctx, ctx->h_AssertionError, "there is no such function");
    return HPy_NULL;
}
static HPyDef *defines[] = {&call, NULL};
static HPyGlobal *globals[] = {&global, NULL};
static HPyModuleDef def = {.defines = defines, .globals = globals};
HPy_MODINIT(null_operands, def)
"""

#: Needs an instance with a field, or a type with the call protocol: tests of their own.
ELSEWHERE = {"Field_Load", "Field_Store", "SetCallFunction", "Capsule_Set"}


def functions() -> Iterator[tuple[int, str, str, list[str]]]:
    """Number, name, result and parameters of each function that takes a handle."""
    pattern = r"^HPY_FUNC\((.+?), (\w+), \(HPyContext \*ctx(?:, (.*))?\)\)$"
    found = re.findall(pattern, LIST.read_text(encoding="utf-8"), re.MULTILINE)
    for number, (result, name, parameters) in enumerate(found):
        each = parameters.split(", ")
        if name not in ELSEWHERE and any(re.fullmatch(r"HPy \w+", one) for one in each):
            yield number, name, result, each


def source() -> str:
    """The file in C."""
    cases = []
    for number, name, result, parameters in functions():
        handles = iter(range(4))
        values = []
        for one in parameters:
            if re.fullmatch(r"HPy \w+", one):
                values.append(f"h[{next(handles)}]")
            elif one in ("const HPy *args", "size_t nargs") or (
                name in CALLS and one == "HPy_ssize_t nargs"
            ):
                values += [CALLS[name]] if one.startswith("const") else []
            elif one == "const char *utf8_name" and name in DOTTED:
                values.append('"real.E"')
            else:
                values.append(OTHERS[one])
        call = f"HPY_FUNCTION(ctx, {name})({', '.join(['ctx', *values])})"
        if result == "void":
            statement = f"{call}; return nothing(ctx);"
        else:
            kind = "handle" if result == "HPy" else "address" if "*" in result else "number"
            statement = f"return {kind}(ctx, {call});"
        cases.append(f"    case {number}: {statement}")
    return HEAD + "\n".join(cases) + TAIL


def cases() -> Iterator[tuple[str, int, list[Any]]]:
    """ "Name 1", the function's number, and its operands with Ellipsis for HPy_NULL."""
    for number, name, _, parameters in functions():
        indexes = [i for i, one in enumerate(parameters, 1) if re.fullmatch(r"HPy \w+", one)]
        for at, index in enumerate(indexes):
            operands = [*GOOD.get(name, [1, 2, 3])[: len(indexes)]]
            operands[at] = ...
            yield f"{name} {index}", number, operands


def load(path: str, mode: str) -> Any:
    if mode == "upstream":
        from hpy.universal import MODE_UNIVERSAL, load  # type: ignore[import-not-found]

        spec = importlib.util.spec_from_file_location("null_operands", path)
        return load("null_operands", path, spec, mode=MODE_UNIVERSAL)
    import hpystate

    return hpystate.load("null_operands", path, mode=mode)


def outcome(module: Any, number: int, operands: list[Any]) -> str:
    """ "value ...", "raises ...", or "crashes"."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(2)
        try:
            said = "value " + " ".join(map(str, module.call(number, *operands)))
        except BaseException as error:
            said = f"raises {type(error).__name__} {error}"
        os.write(write_end, said.encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return said if status == 0 else "crashes"


def main() -> None:
    path, mode = sys.argv[1:]
    module = load(path, mode)
    print(json.dumps({case: outcome(module, *rest) for case, *rest in cases()}))


if __name__ == "__main__":
    main()
