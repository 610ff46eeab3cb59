"""inline_forms.py: writes an extension for the CPython ABI that calls functions of the context by
their inline form and through the context."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Results that a method returns as an int.
INTS = {"int", "int32_t", "uint32_t", "int64_t", "uint64_t", "size_t", "HPy_ssize_t", "HPy_hash_t"}
INTS |= {"HPy_UCS4", "bool"}
#: What the method makes of the result `r`; a result beside an exception is told apart.
RESULTS = {
    "void": 'HPyUnicode_FromString(ctx, "void")',
    "HPy": "r",
    "double": "HPyFloat_FromDouble(ctx, r)",
    "const char *": 'r == NULL ? HPyUnicode_FromString(ctx, "NULL") : HPyBytes_FromString(ctx, r)',
    "void *": "HPyLong_FromSsize_t(ctx, (HPy_ssize_t)(intptr_t)r)",
    "struct": "HPyLong_FromSsize_t(ctx, r == NULL ? -1 : (HPy_ssize_t)((intptr_t)r - a0._i))",
}
#: A parameter's type -> its letter, and how it is read from an argument; ... is HPy_NULL and NULL.
PARAMETERS = {
    "HPy ": ("H", "HPy_Is(ctx, {0}, ctx->h_Ellipsis) ? HPy_NULL : {0}"),
    "const char *": ("S", "HPy_Is(ctx, {0}, ctx->h_Ellipsis) ? NULL : HPyBytes_AsString(ctx, {0})"),
    "double ": ("D", "HPyFloat_AsDouble(ctx, {0})"),
    **{f"{each} ": ("I", f"({each})HPyLong_AsLongLong(ctx, {{0}})") for each in INTS},
}
#: They end the process, close what the caller borrows, or read memory of whatever they get.
LEFT_OUT = {"FatalError", "Close", "AsPyObject", "Bytes_GET_SIZE", "Bytes_AS_STRING"}
METHOD = """
HPyDef_METH({name}_{way}, "{name}_{way}", HPyFunc_VARARGS)
static HPy {name}_{way}_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {{
    (void)self, (void)args, (void)nargs;
    {before}
    if (HPyErr_Occurred(ctx)) return HPy_NULL;
    {result}{call}(ctx{arguments});
    if (HPyErr_Occurred(ctx)) return HPy_NULL;
    return {made};
}}
"""


def function(name: str, result: str, parameters: str, inline: set[str]) -> tuple[str, str] | None:
    """The two methods of a function, and the letters of its parameters; None: it is left out."""
    kind = "struct" if name.startswith("AsStruct") else result
    made = RESULTS.get(kind, "HPyLong_FromLongLong(ctx, (long long)r)")
    letters, before, arguments = "", "", ""
    for index, parameter in enumerate(re.findall(r", ([^,)]+)", parameters)):
        match = re.fullmatch(r"(.*?[ *])(\w+)", parameter)
        if match is None or match[1] not in PARAMETERS:
            return None
        letter, read = PARAMETERS[match[1]]
        letters += letter
        before += f"{match[1]}a{index} = {read.format(f'args[{index}]')};\n    "
        arguments += f", a{index}"
    if name not in inline - LEFT_OUT or (result not in RESULTS and result not in INTS):
        return None
    values = {
        "name": name,
        "before": before,
        "arguments": arguments,
        "result": "" if result == "void" else f"{result} r = ",
        "made": made,
    }
    ways = {"inline": f"HPY_FUNCTION(ctx, {name})", "context": f"ctx->ctx_{name}"}
    return "".join(METHOD.format(**values, way=w, call=c) for w, c in ways.items()), letters


def functions(frozen: str, inline: set[str]) -> Iterator[tuple[str, str, str]]:
    """Name, letters and source of each function of the frozen list that has an inline form."""
    for result, name, parameters in re.findall(
        r"^HPY_FUNC\(([^,]+), (\w+), (\(.*\))\)$", frozen, re.MULTILINE
    ):
        found = function(name, result, parameters, inline)
        if found is not None:
            yield name, found[1], found[0]


def extension(frozen: str, inline: set[str]) -> tuple[str, dict[str, str]]:
    """The source of the extension `forms`, and the letters of each function."""
    found = list(functions(frozen, inline))
    methods = "".join(f"&{n}_inline, &{n}_context, " for n, _, _ in found)
    source = "#include <hpy.h>\n" + "".join(text for _, _, text in found)
    source += f"static HPyDef *defines[] = {{{methods}NULL}};\n"
    source += "static HPyModuleDef definition = {.defines = defines};\n"
    return source + "HPy_MODINIT(forms, definition)\n", {n: letters for n, letters, _ in found}
