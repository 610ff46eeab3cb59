"""test_isolation.py: what users of many interpreters would notice."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate.testing import Interpreter, compile_snippet
from tests.face import plain
from tests.face.slots import compile_slots

SLOTS = """
    #include <hpy.h>
    static HPyGlobal listed, unlisted;
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPyGlobal_Store(ctx, &listed, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(clear, "clear", HPyFunc_NOARGS)
    static HPy clear_impl(HPyContext *ctx, HPy self) {
        HPyGlobal_Store(ctx, &listed, HPy_NULL);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) {
        HPy h = HPyGlobal_Load(ctx, listed);
        return HPy_IsNull(h) ? HPyUnicode_FromString(ctx, "nothing") : h;
    }
    HPyDef_METH(token, "token", HPyFunc_NOARGS)
    static HPy token_impl(HPyContext *ctx, HPy self) {
        return HPyLong_FromSsize_t(ctx, listed._i);
    }
    static HPyDef *defines[] = {&put, &clear, &get, &token, NULL};
    static HPyGlobal *globals[] = {&listed, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(slots, def)
"""


@dataclass(frozen=True)
class Slots:
    """A module `slots`, and how it is loaded."""

    file: Path
    of_the_c_api: bool

    def load(self) -> ModuleType:
        if self.of_the_c_api:
            return plain.load("slots", self.file)
        return hpystate.load("slots", self.file)

    def load_code(self, file: str | None = None) -> str:
        """The same as code for another interpreter, which binds `module`."""
        path = file or str(self.file)
        if self.of_the_c_api:
            return plain.load_code("slots", Path(path))
        return f"import hpystate; module = hpystate.load('slots', {path!r})\n"


@pytest.fixture(params=["hpy", "c", "embed"])
def slots(request: pytest.FixtureRequest) -> Slots:
    """An HPyGlobal, and a hpystate_global of hpystate/global.h, with either back end."""
    if request.param != "hpy":
        return Slots(compile_slots("embed" if request.param == "embed" else "runtime"), True)
    return Slots(compile_snippet("slots", SLOTS), False)


def test_a_store_is_not_seen_by_another_interpreter(slots: Slots) -> None:
    with Interpreter(gil="own") as first, Interpreter(gil="shared") as second:
        for interpreter in (first, second):
            interpreter.run(slots.load_code())
        first.run("module.put(['first'])")

        assert second.run("answer = module.get()") == "nothing"
        second.run("module.put(['second'])")
        assert first.run("answer = module.get()") == ["first"]


def test_the_slot_holds_one_value_for_the_whole_process(slots: Slots) -> None:
    module = slots.load()
    if slots.of_the_c_api:
        module.put(0)  # no list of the module names the slot: its first store writes it
    before = module.token()
    with Interpreter() as other:
        token = other.run(slots.load_code() + "module.put(1); answer = module.token()")

    assert token == before == module.token()
    assert token % 8 == 0


def test_values_survive_the_module_object(slots: Slots, interpreter: Interpreter) -> None:
    answer = interpreter.run(
        slots.load_code() + "module.put('kept'); del module\n"
        "import gc; gc.collect()\n" + slots.load_code() + "answer = module.get()"
    )
    assert answer == "kept"


def test_an_old_value_is_released_after_the_new_one_stands(
    slots: Slots, interpreter: Interpreter
) -> None:
    answer = interpreter.run(
        slots.load_code()
        + """
class Value:
    def __del__(self, get=module.get):
        seen.append(get())
seen = []
module.put("first")  # without the GIL it is kept until the end
module.put(Value())
module.put("new")
module.put(Value())
module.clear()
answer = seen
"""
    )
    assert answer == ["new", "nothing"]


def test_a_destructor_may_store_into_the_slot_it_leaves(
    slots: Slots, interpreter: Interpreter
) -> None:
    answer = interpreter.run(
        slots.load_code()
        + """
class Value:
    def __del__(self, put=module.put):
        put("from the destructor")
module.put("first")
module.put(Value())
module.clear()
answer = module.get()
"""
    )
    assert answer == "from the destructor"


def test_the_collector_is_told_who_refers_to_a_value(slots: Slots) -> None:
    module = slots.load()
    value = ["value"]
    module.put(value)
    try:
        referrers = [type(r).__name__ for r in gc.get_referrers(value)]
        assert "GlobalsHolder" in referrers
    finally:
        module.clear()


def test_every_object_that_only_a_global_held_is_destroyed_at_the_end(
    slots: Slots, child: Callable
) -> None:
    """Cycles too; the destructors see nothing in their slot, and their stores have no effect."""
    script = f"""
import os, sys
from hpystate.testing import Interpreter
read, write = os.pipe()
for gil in ("own", "shared"):
    with Interpreter(gil) as other:
        other.run({slots.load_code()!r} + '''
import os
class Value:
    def __init__(self):
        self.cycle = self
    def __del__(self, write=os.write, get=module.get, put=module.put):
        write(WRITE, b"%r;" % get())  # no builtins any more: they are gone by now
        put("too late")
        write(WRITE, b"%r;" % get())
module.put(Value())
del module
'''.replace("WRITE", str(write)))
    os.write(write, b"ended;")
print(os.read(read, 1000).decode())
sys.stdout.flush()
os._exit(0)
"""
    result = child(script)

    assert result.stdout.strip() == "'nothing';'nothing';ended;" * 2, result.stderr


def test_the_main_interpreter_releases_its_values_at_exit(slots: Slots, child: Callable) -> None:
    script = f"""
import os
{slots.load_code()}
class Value:
    def __init__(self):
        self.cycle = self
    def __del__(self, write=os.write):
        write(1, b"released")
module.put(Value())
"""
    result = child(script)

    assert (result.returncode, result.stdout) == (0, "released")


def test_eight_interpreters_work_at_once(slots: Slots) -> None:
    interpreters = [Interpreter(gil="own") for _ in range(8)]
    wrong: list[object] = []

    def work(interpreter: Interpreter) -> None:
        wrong.append(
            interpreter.run(
                slots.load_code()
                + f"""
wrong = 0
for i in range(20_000):
    module.put(({interpreter.id}, i))
    wrong += module.get() != ({interpreter.id}, i)
answer = wrong
"""
            )
        )

    threads = [threading.Thread(target=work, args=(i,)) for i in interpreters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for interpreter in interpreters:
        interpreter.close()
    assert wrong == [0] * 8


def test_the_first_import_happens_in_many_interpreters_at_once(
    slots: Slots, child: Callable
) -> None:
    """Nobody in the process has opened the file before; all do so in the same moment."""
    script = f"""
import os, shutil, sys, tempfile, threading
from hpystate.testing import Interpreter
folder = tempfile.mkdtemp()
file = shutil.copy({str(slots.file)!r}, folder)
code = {slots.load_code("FILE")!r}.replace("FILE", file)
interpreters = [Interpreter("own") for _ in range(12)]
barrier = threading.Barrier(len(interpreters))
answers = []
def work(interpreter):
    barrier.wait()
    answers.append(interpreter.run(
        code + f'''
before = module.get()
module.put({{interpreter.id}})
answer = before, module.get() == {{interpreter.id}}, module.token()
'''))
threads = [threading.Thread(target=work, args=(i,)) for i in interpreters]
for t in threads: t.start()
for t in threads: t.join()
assert len(answers) == 12, len(answers)
assert all(a[:2] == ("nothing", True) for a in answers), answers
assert len({{a[2] for a in answers}}) == 1
for i in interpreters: i.close()
shutil.rmtree(folder)
print("ok")
sys.stdout.flush()
os._exit(0)
"""
    result = child(script)

    assert result.stdout == "ok\n", result.stderr
