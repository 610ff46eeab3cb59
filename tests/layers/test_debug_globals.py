"""test_debug_globals.py: debug mode enforces the contract of HPyGlobal, by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate import debug
from hpystate.testing import Interpreter, compile_snippet
from tests.layers.conftest import told_in

SOURCE = """
    #include <hpy.h>
    #include <string.h>
    static HPyGlobal Listed_Slot, Other_Slot, Unlisted_Slot;
    static long call_counter;

    static HPyGlobal *slot_of(HPyContext *ctx, HPy name) {
        const char *text = HPyUnicode_AsUTF8AndSize(ctx, name, NULL);
        return strcmp(text, "listed") == 0 ? &Listed_Slot : &Unlisted_Slot;
    }
    HPyDef_METH(put, "put", HPyFunc_VARARGS)
    static HPy put_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
        HPyGlobal_Store(ctx, slot_of(ctx, args[0]), args[1]);
        return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_O)
    static HPy get_impl(HPyContext *ctx, HPy self, HPy name) {
        HPy h = HPyGlobal_Load(ctx, *slot_of(ctx, name));
        return HPy_IsNull(h) ? HPyUnicode_FromString(ctx, "nothing") : h;
    }
    HPyDef_METH(damage, "damage", HPyFunc_O)
    static HPy damage_impl(HPyContext *ctx, HPy self, HPy number) {
        Listed_Slot._i = HPyLong_AsSsize_t(ctx, number);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(repair, "repair", HPyFunc_NOARGS)
    static HPy repair_impl(HPyContext *ctx, HPy self) {
        Listed_Slot._i = (intptr_t)&Listed_Slot;
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(count, "count", HPyFunc_NOARGS)
    static HPy count_impl(HPyContext *ctx, HPy self) {
        return HPyLong_FromLong(ctx, ++call_counter);
    }
    HPyDef_METH(address, "address", HPyFunc_NOARGS)
    static HPy address_impl(HPyContext *ctx, HPy self) {
        return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)&Listed_Slot);
    }
    HPyDef_METH(load_at, "load_at", HPyFunc_O)
    static HPy load_at_impl(HPyContext *ctx, HPy self, HPy address) {
        HPyGlobal global;
        global._i = HPyLong_AsSsize_t(ctx, address);
        HPy h = HPyGlobal_Load(ctx, global);
        return HPy_IsNull(h) ? HPyUnicode_FromString(ctx, "nothing") : h;
    }
    static HPyDef *defines[] = {&put, &get, &damage, &repair, &count, &address, &load_at, NULL};
    static HPyGlobal *globals[] = {&Other_Slot, &Listed_Slot, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(dbgslots, def)
"""


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("dbgslots", SOURCE)


@pytest.fixture
def module(file: Path) -> ModuleType:
    return hpystate.load("dbgslots", file, mode="debug")


def only(told: list[tuple[str, str]], *words: str) -> None:
    """One report was made, about a global, and it has all the words."""
    assert [kind for kind, _ in told] == ["global"], told
    assert [word for word in words if word not in told[0][1]] == [], told[0][1]
    told.clear()


def test_correct_use_is_not_reported(module: ModuleType, told: list[tuple[str, str]]) -> None:
    module.put("listed", [1])

    assert module.get("listed") == [1]
    assert told == []


def test_a_store_to_an_unlisted_slot(module: ModuleType, told: list[tuple[str, str]]) -> None:
    module.put("unlisted", 1)

    only(told, "Unlisted_Slot", "no module lists it", "dbgslots.hpy0.so+0x", "interpreter 0")


def test_a_load_of_a_slot_that_nobody_stored(file: Path) -> None:
    with Interpreter() as interpreter, told_in(interpreter) as told:
        found = interpreter.run(f"""
            module = hpystate.load("dbgslots", {str(file)!r}, mode="debug")
            answer = module.load_at(0)
        """)

    assert found == "nothing"
    only(told, "never stored", "List it", f"interpreter {interpreter.id}")


def test_a_slot_that_this_interpreter_did_not_register(file: Path, module: ModuleType) -> None:
    other = compile_snippet("dbgother", SOURCE_OF_ANOTHER)
    module.put("listed", "of the main interpreter")
    with Interpreter() as interpreter, told_in(interpreter) as told:
        found = interpreter.run(f"""
            other = hpystate.load("dbgother", {str(other)!r}, mode="debug")
            answer = other.load_at({module.address()})
            other.store_at({module.address()}, 1)
        """)

    load, store = told
    assert found == "nothing"
    only([load], "Listed_Slot, globals[1] of module dbgslots", "imported in this interpreter")
    only([store], "HPyGlobal_Store", "Listed_Slot, globals[1] of module dbgslots")
    assert module.get("listed") == "of the main interpreter"


SOURCE_OF_ANOTHER = """
    #include <hpy.h>
    HPyDef_METH(load_at, "load_at", HPyFunc_O)
    static HPy load_at_impl(HPyContext *ctx, HPy self, HPy address) {
        HPyGlobal global;
        global._i = HPyLong_AsSsize_t(ctx, address);
        HPy h = HPyGlobal_Load(ctx, global);
        return HPy_IsNull(h) ? HPyUnicode_FromString(ctx, "nothing") : h;
    }
    HPyDef_METH(store_at, "store_at", HPyFunc_VARARGS)
    static HPy store_at_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
        HPyGlobal_Store(ctx, (HPyGlobal *)HPyLong_AsSsize_t(ctx, args[0]), args[1]);
        return HPy_Dup(ctx, ctx->h_None);
    }
    static HPyDef *defines[] = {&load_at, &store_at, NULL};
    static HPyModuleDef def = {.defines = defines};
    HPy_MODINIT(dbgother, def)
"""


@pytest.mark.parametrize("content", [8, -16, 0x5555_0000_0000])
def test_a_slot_that_foreign_hands_wrote(
    module: ModuleType, told: list[tuple[str, str]], content: int
) -> None:
    module.put("listed", "kept")
    module.damage(content)
    try:
        # One listed slot holds this content, so it is the one.
        assert module.get("listed") == "kept"
        only(told, "Listed_Slot, globals[1] of module dbgslots", "does not hold its own address")
        module.put("listed", "again")
        only(told, "HPyGlobal_Store", "Listed_Slot", "does not hold its own address")
    finally:
        module.repair()

    assert module.get("listed") == "again"
    assert told == []


def test_a_stripped_file_is_named_by_place(file: Path, tmp_path: Path) -> None:
    stripped = tmp_path / file.name
    subprocess.run(["strip", "-o", str(stripped), str(file)], check=True)
    module = hpystate.load("dbgslots", stripped, mode="debug")
    told: list[tuple[str, str]] = []
    debug.set_on_misuse(lambda kind, text: told.append((kind, text)))
    module.damage(8)
    module.get("listed")
    module.repair()
    debug.set_on_misuse(None)

    assert "Listed_Slot" not in told[0][1]
    only(told, "globals[1] of module dbgslots (dbgslots.hpy0.so+0x")


def test_a_c_static_that_changes_after_exec(file: Path) -> None:
    with Interpreter() as interpreter, told_in(interpreter) as told:
        before = interpreter.run(f"""
            module = hpystate.load("dbgslots", {str(file)!r}, mode="debug")
            hpystate.debug.set_watch_statics(True)
            module.put("listed", 1)
            answer = list(told)
        """)
        interpreter.run("module.count(); module.count()")

    assert before == [], "a slot that is written is not reported as a change"
    only(told, "'call_counter' of dbgslots.hpy0.so", "changed after exec")  # once


def test_a_value_that_the_heap_does_not_know(
    module: ModuleType, told: list[tuple[str, str]]
) -> None:
    # A tracked object is known, one that is not tracked is not looked for.
    debug.set_search_heap(True)
    try:
        module.put("listed", [1])
        module.put("listed", "text")
    finally:
        debug.set_search_heap(False)

    assert told == []


def test_without_a_hook_it_is_a_message_and_an_abort(file: Path) -> None:
    code = (
        "import hpystate\n"
        f"module = hpystate.load('dbgslots', {str(file)!r}, mode='debug')\n"
        "module.put('unlisted', 1)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == -6
    assert "Unlisted_Slot" in result.stderr
    assert "no module lists it" in result.stderr


def test_a_plain_module_of_the_same_file_is_not_watched(
    file: Path, told: list[tuple[str, str]]
) -> None:
    plain = hpystate.load("dbgslots", file)

    plain.put("unlisted", 1)

    assert plain.get("unlisted") == 1
    assert told == []
