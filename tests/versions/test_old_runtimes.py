"""test_old_runtimes.py: files of HPy 0.0.4, and other runtimes or copies of this one beside them.

Each case is a process of its own.
"""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

import pytest

import hpystate
from tests.conftest import Child
from tests.loader.foreign import host_named, output
from tests.upstream.old import compile_old_snippet
from tests.versions.sources import KEEPER

ROOT = Path(__file__).resolve().parents[2]

#: HPyInit_both of a 0.0.4 file creates the module, so a host cannot call it with a context that has
#: no functions: it writes the pointer, whose place the module tells.
SOURCE = """
    #include <Python.h>
    #include <hpy.h>
    static HPyGlobal kept;
    HPyDef_METH(put, "put", put_impl, HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy value) {
        HPyGlobal_Store(ctx, &kept, value);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", get_impl, HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, kept); }
    HPyDef_METH(context_word, "context_word", context_word_impl, HPyFunc_NOARGS)
    static HPy context_word_impl(HPyContext *ctx, HPy self) {
        return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)&_ctx_for_trampolines);
    }
    HPyDef_METH(by_kept, "by_kept", by_kept_impl, HPyFunc_O)
    static HPy by_kept_impl(HPyContext *ctx, HPy self, HPy value) { return get_impl(ctx, self); }

    HPyDef_SLOT(power, power_impl, HPy_nb_power)
    static HPy power_impl(HPyContext *ctx, HPy left, HPy right, HPy modulus) {
        return HPyGlobal_Load(ctx, kept);
    }
    HPyDef_SLOT(length, length_impl, HPy_sq_length)
    static HPy_ssize_t length_impl(HPyContext *ctx, HPy self) {
        HPy h = HPyGlobal_Load(ctx, kept);
        HPy_ssize_t n = HPyLong_AsSsize_t(ctx, h);
        HPy_Close(ctx, h);
        return n;
    }
    static HPyDef *power_defines[] = {&power, &length, NULL};
    static HPyType_Spec power_spec = {.name = "both.Power", .defines = power_defines};
    HPyDef_METH(make_power, "make_power", make_power_impl, HPyFunc_NOARGS)
    static HPy make_power_impl(HPyContext *ctx, HPy self) {
        return HPyType_FromSpec(ctx, &power_spec, NULL);
    }

    /* The file calls its own trampolines, as a legacy table does. */
    static PyObject *get_by_trampoline(PyObject *self, PyObject *nothing) {
        return get_trampoline(self, nothing);
    }
    static PyObject *power_by_trampoline(PyObject *self, PyObject *args) {
        return power_trampoline(PyTuple_GET_ITEM(args, 0), PyTuple_GET_ITEM(args, 1), Py_None);
    }
    static PyObject *length_by_trampoline(PyObject *self, PyObject *object) {
        Py_ssize_t n = length_trampoline(object);
        return n < 0 ? NULL : PyLong_FromSsize_t(n);
    }
    static PyMethodDef table[] = {
        {"get_by_trampoline", get_by_trampoline, METH_NOARGS},
        {"power_by_trampoline", power_by_trampoline, METH_VARARGS},
        {"length_by_trampoline", length_by_trampoline, METH_O},
        {NULL},
    };
    static HPyDef *defines[] = {&put, &get, &context_word, &by_kept, &make_power, NULL};
    static HPyGlobal *globals[] = {&kept, NULL};
    static HPyModuleDef def = {
        .name = "both", .legacy_methods = table, .defines = defines, .globals = globals};
    HPy_MODINIT(both)
    static HPy init_both_impl(HPyContext *ctx) { return HPyModule_Create(ctx, &def); }
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    flags = (f"-I{sysconfig.get_path('include')}",)
    return compile_old_snippet("both", SOURCE, tmp_path_factory.mktemp("old"), flags=flags)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    return host_named("HPy Universal ABI (host of a test)", tmp_path)


#: The context that the host gives to a file.
TAKE = """
host.host_context.restype = ctypes.c_size_t
address = host.host_context()
"""


@pytest.mark.parametrize("policy", ["None", '"share"', '"refuse"'])
def test_a_file_that_another_runtime_has_is_refused_whatever_the_policy(
    child: Child, file: Path, host: Path, policy: str
) -> None:
    """And its pointer keeps the other's context: HPyInit, which would write it, is not called."""
    script = f"""
module, told = load()
at = module.context_word()
{TAKE}
host.host_writes(at, address)
try:
    load(other_runtimes={policy})
except hpystate.LoadError as error:
    print(error.kind, "cannot be shared" in str(error), "copy" in str(error))
print(host.host_has(at))
module.put("ours")
print(module.get(), told)
"""
    lines = output(child, script, file, host)

    assert lines == ["other-runtime True True", "1", "ours []"]


#: Tells where its words are before any runtime has called it.
WITH_LINK = """
    #include <hpy.h>
    #include <hpystate/sibling.h>
    static HPyModuleDef def = {.name = "both"};
    HPy_MODINIT(both)
    static HPy init_both_impl(HPyContext *ctx) { return HPyModule_Create(ctx, &def); }
    __attribute__((visibility("default"))) size_t context_word(void) {
        return (size_t)&_ctx_for_trampolines;
    }
"""


def test_nothing_is_written_to_a_file_that_is_refused(
    child: Child, host: Path, tmp_path: Path
) -> None:
    """Its link to the functions of hpystate/sibling.h is filled by the first load that is not."""
    flags = (f"-idirafter{ROOT / 'include'}",)
    linked = compile_old_snippet("both", WITH_LINK, tmp_path, flags=flags)
    script = f"""
file = ctypes.CDLL(path)
file.context_word.restype = file.hpystate_sibling_link_1.restype = ctypes.c_size_t
link = ctypes.c_size_t.from_address(file.hpystate_sibling_link_1())
{TAKE}
host.host_writes(file.context_word(), address)
try:
    load()
except hpystate.LoadError as error:
    print(error.kind, link.value)
host.host_writes(file.context_word(), 0)
load()
print(link.value != 0)
"""
    assert output(child, script, linked, host) == ["other-runtime 0", "True"]


def test_a_private_copy_of_such_a_file_works(child: Child, file: Path, host: Path) -> None:
    script = f"""
module, _ = load()
at = module.context_word()
{TAKE}
host.host_writes(at, address)
copied, told = load(other_runtimes="copy")
copied.put("the copy's")
print(copied.get(), copied.context_word() != at, host.host_has(at), told)
"""
    assert output(child, script, file, host) == ["the copy's True 1 []"]


def test_every_interpreter_writes_a_context_and_none_is_another_runtimes(
    child: Child, file: Path, host: Path
) -> None:
    script = """
from hpystate.testing import Interpreter
module, told = load(other_runtimes="refuse")
module.put(1)
code = f'''
import hpystate
how = dict(interpreters="own-gil", other_runtimes="refuse", mode="MODE")
module = hpystate.load("both", {path!r}, **how)
module.put(2)
answer = module.get_by_trampoline()
'''
for mode in ("universal", "debug", "trace"):
    with Interpreter() as other:
        print(other.run(code.replace("MODE", mode)), module.get_by_trampoline())
"""
    assert output(child, script, file, host) == ["2 1"] * 3


TWO_COPIES = """
import importlib.machinery, importlib.util
def native(name, path):
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module
def load_by(native):
    spec = importlib.machinery.ModuleSpec("both", None, origin=path)
    file, stated = native.inspect("both", path)
    module = native.create(file, spec, "universal", None, "refuse")
    native.execute(module)
    return module
copies = [native("_native", path) for path in (hpystate._native.__file__, sys.argv[3])]
"""


@pytest.mark.parametrize("last", [0, 1])
def test_two_copies_of_this_runtime_share_a_file_and_its_trampolines(
    child: Child, file: Path, host: Path, tmp_path: Path, last: int
) -> None:
    """Whichever wrote its context into the file last; and where no operand tells, it is refused."""
    copied = shutil.copy(hpystate._native.__file__, tmp_path)
    script = f"""{TWO_COPIES}
modules = [load_by(copy) for copy in copies]
if {last} == 0: load_by(copies[0])
for number, module in enumerate(modules):
    module.put(number)
for by in modules:
    for module in modules:
        power = module.make_power()()
        print(by.power_by_trampoline(2, power), by.power_by_trampoline(power, 2),
              by.length_by_trampoline(power), module.get_by_trampoline(), 2 ** power)
first, second = modules
for call in (lambda: first.power_by_trampoline(2, 3), lambda: second.length_by_trampoline([])):
    try:
        print(call())
    except SystemError as error:
        print(str(error).count("two copies of hpystate"))
"""
    lines = output(child, script, file, host, Path(copied))

    assert lines == ["0 0 0 0 0", "1 1 1 1 1"] * 2 + ["1", "1"]


def test_a_universal_file_works_with_two_copies(child: Child, tmp_path: Path, host: Path) -> None:
    source = KEEPER.replace("keeper", "both")
    keeper = compile_old_snippet("both", source, tmp_path / "keeper")
    copied = shutil.copy(hpystate._native.__file__, tmp_path)
    script = f"""{TWO_COPIES}
modules = [load_by(copy) for copy in copies]
for number, module in enumerate(modules):
    module.put(number)
print([module.get() for module in modules])
print([module.Box(number).open() for number, module in enumerate(modules)])
"""
    assert output(child, script, keeper, host, Path(copied)) == ["[0, 1]", "[0, 1]"]
