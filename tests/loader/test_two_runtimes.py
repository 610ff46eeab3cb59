"""test_two_runtimes.py: a file that another HPy runtime of the same process works with.

Upstream's runtime keeps an object's address in a global, this one a token; and each writes its
context into the file. So a file belongs to the runtime that loads it first. Each case is a process
of its own, since upstream's runtime cannot know that the file is taken and crashes.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import hpystate
from hpystate.demo.upstream import upstream_python
from hpystate.testing import compile_snippet
from tests.conftest import WITH_UPSTREAM, Child

STAGE = Path(hpystate.__file__).parents[1]

SOURCE = """
    #include <hpy.h>

    typedef struct { long x; } Point;
    HPyType_HELPERS(Point)
    HPyDef_SLOT(point_new, HPy_tp_new)
    static HPy point_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t n, HPy kw) {
        Point *point;
        HPy h = HPy_New(ctx, type, &point);
        if (!HPy_IsNull(h)) point->x = 7;
        return h;
    }
    HPyDef_METH(point_x, "x", HPyFunc_NOARGS)
    static HPy point_x_impl(HPyContext *ctx, HPy self) {
        return HPyLong_FromLong(ctx, Point_AsStruct(ctx, self)->x);
    }
    static HPyDef *point_defines[] = {&point_new, &point_x, NULL};
    static HPyType_Spec spec = {
        .name = "shared.Point", .basicsize = sizeof(Point), .defines = point_defines,
        .builtin_shape = HPyType_BuiltinShape_Object};

    HPyDef_METH(make_type, "make_type", HPyFunc_NOARGS)
    static HPy make_type_impl(HPyContext *ctx, HPy self) {
        return HPyType_FromSpec(ctx, &spec, NULL);
    }
    HPyDef_METH(add, "add", HPyFunc_VARARGS)
    static HPy add_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n) {
        return HPy_Add(ctx, args[0], args[1]);
    }
"""
WITHOUT_GLOBALS = """
    static HPyDef *defines[] = {&make_type, &add, NULL};
    static HPyModuleDef definition = {.defines = defines};
    HPy_MODINIT(shared, definition)
"""
WITH_GLOBALS = """
    static HPyGlobal other, kept;
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy value) {
        HPyGlobal_Store(ctx, &kept, value);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, kept); }

    /* What another runtime does to a slot: it keeps something of its own there. */
    HPyDef_METH(overwrite, "overwrite", HPyFunc_O)
    static HPy overwrite_impl(HPyContext *ctx, HPy self, HPy value) {
        kept._i = HPyLong_AsSsize_t(ctx, value);
        return HPyLong_FromSsize_t(ctx, kept._i);
    }
    HPyDef_METH(read, "read", HPyFunc_NOARGS)
    static HPy read_impl(HPyContext *ctx, HPy self) { return HPyLong_FromSsize_t(ctx, kept._i); }

    static HPyDef *defines[] = {&make_type, &add, &put, &get, &overwrite, &read, NULL};
    static HPyGlobal *globals[] = {&other, &kept, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(shared, definition)
"""

BOTH = """
import sys
from importlib.machinery import ModuleSpec
import hpy.universal  # upstream's
sys.path.insert(0, sys.argv[1])
import hpystate
path = sys.argv[2]
assert "universal.cpython-312" in hpy.universal.__file__

def upstreams(name="shared", path=path):
    spec = ModuleSpec(name, None, origin=path)
    return hpy.universal.load(name, path, spec, mode=hpy.universal.MODE_UNIVERSAL)

def ours(path=path):
    try:
        return hpystate.load("shared", path)
    except hpystate.LoadError as error:
        print(error.kind, str(error).count("universal.cpython-312"), "a copy of" in str(error))
"""

WORK = """
def work(module, kept):
    Point = module.make_type()
    assert Point().x() == 7
    assert module.add(20, 22) == 42
    if hasattr(module, "get"):
        if kept is not None:
            module.put(kept)
        return module.get()
"""

UPSTREAM_FIRST = """
first = upstreams()
Point = first.make_type()
value = object()
if hasattr(first, "put") and stores:
    first.put(value)
assert ours() is None
assert ours() is None  # and again
if hasattr(first, "put"):
    first.put(value)
    assert first.get() is value
assert Point().x() == 7
work(first, None)
print("the first one works")
import shutil
copy = sys.argv[3] + "/shared.hpy0.so"
shutil.copy(path, copy)
second = ours(copy)
print(work(second, "of the copy"))
"""

OURS_FIRST = """
first = ours()
first.Point = first.make_type()
second = upstreams()
work(second, None)
assert first.Point().x() == 7
work(first, None)
print("both work")
"""


@pytest.fixture(scope="module", params=["globals", "no globals"])
def file(request: pytest.FixtureRequest) -> Path:
    rest = WITH_GLOBALS if request.param == "globals" else WITHOUT_GLOBALS
    return compile_snippet("shared", SOURCE + rest)


@pytest.fixture(scope="module")
def with_globals() -> Path:
    return compile_snippet("shared", SOURCE + WITH_GLOBALS)


def under_both(script: str, *arguments: str) -> str:
    result = subprocess.run(
        [str(upstream_python()), "-X", "faulthandler", "-c", script, str(STAGE), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@WITH_UPSTREAM
@pytest.mark.parametrize("stores", [True, False])
@pytest.mark.parametrize("stripped", [False, True])
def test_a_file_that_upstreams_runtime_has_loaded_is_refused(
    file: Path, tmp_path: Path, stores: bool, stripped: bool
) -> None:
    if stripped:
        shutil.copy(file, tmp_path / "stripped.hpy0.so")
        file = tmp_path / "stripped.hpy0.so"
        subprocess.run(["strip", str(file)], check=True)
    script = f"{BOTH}{WORK}\nstores = {stores}\n{UPSTREAM_FIRST}"

    lines = under_both(script, str(file), str(tmp_path)).splitlines()

    refused = ["other-runtime 1 True"] * 2
    answer = "None" if "put" not in file.read_bytes().decode("latin-1") else "of the copy"
    assert lines == [*refused, "the first one works", answer]


BETWEEN = """
inspected, _ = hpystate._native.inspect("shared", path)
first = upstreams()
try:
    hpystate._native.create(inspected, ModuleSpec("shared", None, origin=path), "universal", None)
except hpystate.LoadError as error:
    print(error.kind)
assert first.make_type()().x() == 7
"""


@WITH_UPSTREAM
def test_a_file_that_upstreams_runtime_loads_after_we_opened_it_is_refused(
    with_globals: Path,
) -> None:
    assert under_both(BOTH + BETWEEN, str(with_globals)) == "other-runtime\n"


@WITH_UPSTREAM
def test_without_globals_a_module_of_ours_goes_on_after_upstream_loads_its_file() -> None:
    file = compile_snippet("shared", SOURCE + WITHOUT_GLOBALS)

    assert under_both(BOTH + WORK + OURS_FIRST, str(file)) == "both work\n"


OVERWRITTEN = """
import sys
import hpystate
from hpystate.testing import Interpreter
path, content = sys.argv[1], int(sys.argv[2])
module = hpystate.load("shared", path)
own = module.read()
module.put("kept")
module.overwrite(content)
states = [hpystate._native.state()]
for gil in ("own", "shared", None):
    code = f'''
        import hpystate
        before = hpystate._native.state()
        try:
            hpystate.load("shared", {path!r})
            answer = "loaded"
        except hpystate.LoadError as error:
            answer = error.kind, error.details, str(error), before == hpystate._native.state()
    '''
    if gil is None:
        names = {}
        import textwrap
        exec(textwrap.dedent(code), names)
        found = names["answer"]
    else:
        with Interpreter(gil) as interpreter:
            found = interpreter.run(code)
    kind, details, text, same = found
    assert (kind, details["index"], int(details["content"], 16)) == ("foreign-global", "1", content)
    assert "kept, globals[1] of module shared, holds 0x" in text, text
    assert "0 or its own address was expected" in text and "one runtime only" in text
    assert same  # nothing was registered
    assert module.read() == content  # nor written
module.overwrite(own)
print(module.get(), hpystate.load("shared", path).get())
"""


@pytest.mark.parametrize("content", [8, 0x5555_0000_0000])
def test_a_slot_that_holds_something_else_is_refused_by_name(
    child: Child, with_globals: Path, content: int
) -> None:
    result = child(OVERWRITTEN, str(with_globals), str(content))

    assert (result.returncode, result.stdout) == (0, "kept kept\n"), result.stderr


#: A type whose instances answer `2 ** x` with the global of their runtime, and modules that have no
#: thunks, so that CPython calls the file's trampolines.
POWER = """
    static HPyGlobal kept;
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy value) {
        HPyGlobal_Store(ctx, &kept, value);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, kept); }
    HPyDef_SLOT(power, HPy_nb_power)
    static HPy power_impl(HPyContext *ctx, HPy left, HPy right, HPy modulus) {
        return HPyGlobal_Load(ctx, kept);
    }
    HPyDef_SLOT(in_place, HPy_nb_inplace_power)
    static HPy in_place_impl(HPyContext *ctx, HPy left, HPy right, HPy modulus) {
        return HPyGlobal_Load(ctx, kept);
    }
    static HPyDef *power_defines[] = {&power, &in_place, NULL};
    static HPyType_Spec power_spec = {.name = "shared.Power", .defines = power_defines};
    HPyDef_METH(make_power, "make_power", HPyFunc_NOARGS)
    static HPy make_power_impl(HPyContext *ctx, HPy self) {
        return HPyType_FromSpec(ctx, &power_spec, NULL);
    }
    /* As CPython calls a function for which no thunk is left: by the trampoline of the file. */
    HPyDef_METH(by_trampoline, "by_trampoline", HPyFunc_VARARGS)
    static HPy by_trampoline_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n) {
        typedef cpy_PyObject *(*Power)(cpy_PyObject *, cpy_PyObject *, cpy_PyObject *);
        Power call = (Power)power.slot.cpy_trampoline;
        cpy_PyObject *found = call((cpy_PyObject *)args[0]._i, (cpy_PyObject *)args[1]._i,
                                   (cpy_PyObject *)ctx->h_None._i);
        return (HPy){(intptr_t)found};
    }
    static HPyDef *defines[] = {&put, &get, &make_power, &by_trampoline, NULL};
    static HPyGlobal *globals[] = {&kept, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(shared, definition)
"""

POWERS = """
for number, module in enumerate(modules):
    module.put(number)
for by in modules:
    for module in modules:
        x = module.make_power()()
        assert 2 ** x == module.get(), (2 ** x, module.get())
        print(by.by_trampoline(2, x), by.by_trampoline(x, 2), end=" ")
try:
    modules[0].by_trampoline(2, 3)
except SystemError as error:
    print(str(error).count("two copies of hpystate"))
y = modules[0].make_power()()
y **= 5
print(y)
"""

TWO_COPIES = """
import importlib.machinery, importlib.util, sys
import hpystate
path, copied = sys.argv[1:]

def native(name, path):
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module

def load(native):
    spec = importlib.machinery.ModuleSpec("shared", None, origin=path)
    file, stated = native.inspect("shared", path)
    module = native.create(file, spec, "universal", None)
    native.execute(module)
    return module

copies = [native("_native", path) for path in (hpystate._native.__file__, copied)]
modules = [load(copy) for copy in copies]
"""
PUT_AND_GET = """
for number, module in enumerate(modules):
    module.put(number)
print([module.get() for module in modules], [module.make_type()().x() for module in modules])
print(modules[0].read() == modules[1].read(), load(copies[0]).get())
"""


def test_two_copies_of_this_runtime_share_a_file(
    child: Child, with_globals: Path, tmp_path: Path
) -> None:
    copy = shutil.copy(hpystate._native.__file__, tmp_path)

    result = child(TWO_COPIES + PUT_AND_GET, str(with_globals), copy)

    assert (result.returncode, result.stdout) == (0, "[0, 1] [7, 7]\nTrue 0\n"), result.stderr


def test_two_copies_of_this_runtime_are_each_called_by_the_one_trampoline(
    child: Child, tmp_path: Path
) -> None:
    """`2 ** x` gets to the copy that made the type of x, whichever loaded the file last; and
    where no operand tells, it is refused."""
    copy = shutil.copy(hpystate._native.__file__, tmp_path)
    file = compile_snippet("shared", "#include <hpy.h>\n" + POWER)

    result = child(TWO_COPIES + POWERS, str(file), copy)

    assert result.returncode == 0, result.stderr
    assert result.stdout == "0 0 1 1 0 0 1 1 1\n0\n"
