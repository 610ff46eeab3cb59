"""test_bad_definition.py: what is wrong with a module's definition, or with what its slots do."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hpystate
from hpystate import _native
from hpystate.testing import compile_snippet

pytestmark = pytest.mark.usefixtures("nothing_is_lost_or_half_registered")

SOURCE = r"""
#include <hpy.h>
#include <string.h>

static int answer; /* of the slots; 2: raises and returns success */
static HPyGlobal slot;

HPyDef_METH(meth, "meth", HPyFunc_NOARGS)
static HPy meth_impl(HPyContext *ctx, HPy self) { return HPyLong_FromLong(ctx, 42); }
HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module) {
    if (answer == 2 || answer == -2) HPyErr_SetString(ctx, ctx->h_ZeroDivisionError, "on purpose");
    return answer < 0 ? -1 : 0;
}
HPyDef_SLOT(create, HPy_mod_create)
static HPy create_impl(HPyContext *ctx, HPy spec) {
    if (answer == -2) HPyErr_SetString(ctx, ctx->h_ZeroDivisionError, "on purpose");
    if (answer < 0) return HPy_NULL;
    HPy types = HPyImport_ImportModule(ctx, "types");
    if (answer == 1) return types;
    HPy made = HPy_CallMethodTupleDict_s(ctx, "SimpleNamespace", types, HPy_NULL, HPy_NULL);
    HPy_Close(ctx, types);
    if (answer == 2) HPyErr_SetString(ctx, ctx->h_ZeroDivisionError, "on purpose");
    return made;
}
HPyDef_SLOT(repr, HPy_tp_repr)
static HPy repr_impl(HPyContext *ctx, HPy self) { return HPy_NULL; }
HPyDef_GET(get, "get")
static HPy get_get(HPyContext *ctx, HPy self, void *closure) { return HPy_NULL; }
HPyDef_MEMBER(member, "member", HPyMember_LONG, 0)

#define METH(...) {.kind = HPyDef_Kind_Meth, .meth = {__VA_ARGS__}}
#define FUNC (HPyCFunction)meth_impl
static HPyDef nameless = METH(.impl = FUNC, .signature = HPyFunc_NOARGS);
static HPyDef empty = METH(.name = "meth", .signature = HPyFunc_NOARGS);
static HPyDef odd = METH("meth", FUNC, (cpy_PyCFunction)meth_trampoline, HPyFunc_UNARYFUNC);
static HPyDef unknown = {.kind = (HPyDef_Kind)77};
static HPyDef no_slot = {.kind = HPyDef_Kind_Slot, .slot = {.slot = (HPySlot_Slot)999}};
static HPyDef empty_exec = {.kind = HPyDef_Kind_Slot, .slot = {.slot = HPy_mod_exec}};
static HPyDef empty_create = {.kind = HPyDef_Kind_Slot, .slot = {.slot = HPy_mod_create}};

static const struct { const char *name; HPyDef *define; } table[] = {
#define ENTRY(name) {#name, &name}
    ENTRY(meth), ENTRY(exec), ENTRY(create), ENTRY(repr), ENTRY(get), ENTRY(member),
    ENTRY(nameless), ENTRY(empty), ENTRY(odd), ENTRY(unknown), ENTRY(no_slot), ENTRY(empty_exec),
    ENTRY(empty_create),
};
static HPyDef *defines[64];
static HPyGlobal *globals[] = {&slot, NULL};
static HPyModuleDef def = {.defines = defines};

/* Makes the definition of words: names of definitions, "doc", "globals". 0: all are known. */
HPy_EXPORTED_FUNC int choose(const char *const *words, int result);
int choose(const char *const *words, int result) {
    size_t count = 0, known;
    answer = result;
    def.doc = NULL;
    def.globals = NULL;
    for (; *words != NULL; ++words) {
        known = count;
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); ++i)
            if (strcmp(table[i].name, *words) == 0) defines[count++] = table[i].define;
        if (strcmp(*words, "doc") == 0) def.doc = "A doc.";
        else if (strcmp(*words, "globals") == 0) def.globals = globals;
        else if (known == count) return -1;
    }
    defines[count] = NULL;
    return 0;
}
HPy_MODINIT(defined, def)
"""

Load = Callable[..., Any]


@pytest.fixture(scope="module")
def load() -> Load:
    """Loads the module whose definition is made of words, and whose slots give `answer`."""
    file: Path = compile_snippet("defined", SOURCE)

    def load_(*words: str, answer: int = 0) -> Any:
        array = (ctypes.c_char_p * (len(words) + 1))(*(word.encode() for word in words), None)
        assert ctypes.CDLL(str(file)).choose(array, answer) == 0
        return hpystate.load("defined", file)

    return load_


def refused(load: Load, error: type[Exception], match: str, *words: str, answer: int = 0) -> None:
    """Twice: what the first failure left behind would change the second."""
    before = _native.state()
    for _ in range(2):
        with pytest.raises(error, match=match) as caught:
            load(*words, answer=answer)
        assert caught.type is error
        del caught
        gc.collect()
        assert _native.state() == before


def test_the_good_parts_make_a_module(load: Load) -> None:
    """What the tests below spoil is well without it."""
    assert load("meth", "exec", "exec", "doc").meth() == 42
    assert isinstance(load("create"), SimpleNamespace)


# ---- definitions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ("meth", "other definitions"),
        ("exec", "other definitions"),
        ("doc", "a doc"),
        ("globals", "globals"),
    ],
)
def test_a_create_slot_and_something_else_is_a_system_error(
    load: Load, other: str, found: str
) -> None:
    match = (
        rf"^HPyModuleDef defines a HPy_mod_create slot and {found} \(module 'defined'\): .* "
        "Leave them out, or leave the slot out."
    )
    refused(load, SystemError, match, "create", other)


def test_two_create_slots_are_a_system_error(load: Load) -> None:
    refused(load, SystemError, "HPy_mod_create is defined twice. Keep one", "create", "create")


@pytest.mark.parametrize(
    ("slot", "reason"),
    [
        ("repr", "is not a slot of a module"),
        ("no_slot", "is not a slot of a module"),
        ("empty_exec", "has no function"),
        ("empty_create", "has no function"),
    ],
)
def test_a_slot_that_is_none_of_a_module_is_a_system_error(
    load: Load, slot: str, reason: str
) -> None:
    refused(load, SystemError, rf"slot \d+ \(.*\) {reason}", "meth", slot)


@pytest.mark.parametrize("define", ["get", "member", "unknown"])
def test_a_definition_that_is_none_of_a_module_is_a_system_error(load: Load, define: str) -> None:
    refused(load, SystemError, r"kind \d+ does not belong in a module", "meth", define)


@pytest.mark.parametrize("define", ["nameless", "empty"])
def test_a_method_without_name_or_function_is_a_system_error(load: Load, define: str) -> None:
    refused(load, SystemError, "no name or no function", "meth", define)


def test_a_method_with_the_signature_of_none_is_a_value_error(load: Load) -> None:
    refused(load, ValueError, "^Unsupported HPyMeth signature$", "odd")


def test_too_many_exec_slots_are_a_system_error(load: Load) -> None:
    refused(
        load, SystemError, "has 14 HPy_mod_exec slots; at most 13 are supported", *["exec"] * 14
    )


# ---- what slots do -----------------------------------------------------------------------------


@pytest.mark.parametrize("slot", ["create", "exec"])
def test_what_a_slot_raises_is_raised(load: Load, slot: str) -> None:
    refused(load, ZeroDivisionError, "on purpose", slot, answer=-2)


@pytest.mark.parametrize("slot", ["create", "exec"])
def test_a_slot_that_fails_without_an_exception_is_a_system_error(load: Load, slot: str) -> None:
    refused(load, SystemError, "without (setting an )?exception|failed", slot, answer=-1)


@pytest.mark.parametrize("slot", ["create", "exec"])
def test_a_slot_that_succeeds_with_an_exception_is_a_system_error(load: Load, slot: str) -> None:
    refused(load, SystemError, "unreported exception", slot, answer=2)


def test_a_create_slot_that_returns_a_module_is_a_system_error(load: Load) -> None:
    match = (
        "^HPy_mod_create slot returned a builtin module object. This is currently not supported. "
        r"Return an object of another type \(module 'defined'\), or leave the slot out.$"
    )
    refused(load, SystemError, match, "create", answer=1)
