"""test_no_gil.py: many threads in one interpreter at once. With the GIL they take turns, which is
a test too. Scripts run in a process of their own: what they may do wrong is a crash.
"""

from __future__ import annotations

import sysconfig
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from hpystate.testing import compile_snippet
from tests.interpreters.crowd import SOURCE, THREADS

Run = Callable[[str], str]

NEEDS_NO_GIL = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"),
    reason="needs a Python without the GIL, such as that of `tools/get-python.sh 3.13t FOLDER`: "
    "with the GIL an extension must not keep a field's value over a store",
)


@pytest.fixture(scope="module")
def crowd() -> Path:
    return compile_snippet("crowd", SOURCE)


@pytest.fixture
def run(crowd: Path, child: Callable) -> Run:
    """What a script prints; it has `crowd`, the module, and `together`."""

    def run_(script: str) -> str:
        begin = f"file = {str(crowd)!r}\n" + THREADS + 'crowd = hpystate.load("crowd", file)\n'
        result = child(begin + textwrap.dedent(script), timeout=120)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    return run_


def test_loads_among_stores_give_what_was_stored(run: Run) -> None:
    out = run("""
        class Value:
            def __init__(self, slot, number):
                self.slot, self.check = slot, (slot, number)
        def store(slot):
            for number in range(4000):
                crowd.store(slot, Value(slot, number))
                if number % 16 == 0: crowd.store(slot)
        def load(slot):
            for _ in range(8000):
                value = crowd.load(slot)
                if value is not None: assert value.check[0] == value.slot == slot
        slots = (0, 1, -1)
        together(*[lambda s=s: store(s) for s in slots for _ in range(2)],
                 *[lambda s=s: load(s) for s in slots])
        print("ok")
    """)

    assert out == "ok"


def test_fused_calls_among_stores_use_a_living_object(run: Run) -> None:
    out = run("""
        class Value:
            def __init__(self, number): self.number = number
            def __call__(self, argument): return self.number - argument
            def __getitem__(self, key): return self.number
        crowd.store(0, Value(0))
        def store():
            for number in range(4000):
                crowd.store(0, Value(number))
        def call():
            for _ in range(4000):
                assert crowd.call(0, -1) > 0
                assert crowd.item(0, "any") >= 0
        together(store, store, call, call)
        print("ok")
    """)

    assert out == "ok"


def test_types_are_checked_and_instances_made_while_the_type_is_replaced(run: Run) -> None:
    out = run("""
        first = crowd.new()
        def make():
            for _ in range(200): crowd.make_type()
        def use():
            for _ in range(2000):
                box = crowd.new()
                crowd.box_put(box, box)
                assert type(crowd.box_get(box)).__name__ == "Box"
                assert crowd.checks(first, 10) in range(11)
        together(make, use, use)
        import gc
        gc.collect()
        print("ok")
    """)

    assert out == "ok"


def test_what_was_stored_first_and_replaced_lives_until_the_end_and_no_more_than_that(
    run: Run,
) -> None:
    out = run("""
        import gc, sysconfig
        living = set()
        class Value:
            def __init__(self, number):
                self.number = number
                living.add(number)
            def __del__(self): living.discard(self.number)
        for number in range(100):
            crowd.store(0, Value(number))
        gc.collect()
        kept = {0} if sysconfig.get_config_var("Py_GIL_DISABLED") else set()
        assert living == kept | {99}, living
        assert hpystate._native.state()["kept"] == len(kept)
        print("ok")
    """)

    assert out == "ok"


def test_a_first_value_is_made_once_however_many_threads_ask(run: Run) -> None:
    out = run("""
        made = []
        def maker():
            made.append(object())
            return made[-1]
        seen = []
        together(*[lambda: seen.append(crowd.load_or_init(maker))] * 8)
        assert len(made) == 1 and all(value is made[0] for value in seen)
        print("ok")
    """)

    assert out == "ok"


def test_a_field_is_stored_to_by_many_threads(run: Run) -> None:
    out = run("""
        import gc
        living = 0
        lock = threading.Lock()
        class Value:
            def __init__(self):
                global living
                with lock: living += 1
            def __del__(self):
                global living
                with lock: living -= 1
        box = crowd.new()
        def put():
            for _ in range(3000): crowd.box_put(box, Value())
        together(put, put, put)
        del box
        gc.collect()
        assert living == 0, living
        print("ok")
    """)

    assert out == "ok"


@NEEDS_NO_GIL
def test_a_load_that_a_store_overtook_gives_what_is_there_now(run: Run) -> None:
    """The field was read before: with the GIL nothing can happen between that and the load."""
    out = run("""
        box, other = crowd.new(), crowd.new()
        for number in range(100):
            crowd.box_put(box, ["old", number])
            crowd.remember(box)
            crowd.box_put(box, ["new", number])
            assert crowd.load_remembered(box) == ["new", number]
            box.value = ("newer", number)
            assert crowd.load_remembered(box) == ("newer", number)
        print("ok")
    """)

    assert out == "ok"


@NEEDS_NO_GIL
def test_a_load_that_a_store_of_null_overtook_gives_null(run: Run) -> None:
    out = run("""
        for number in range(100):
            box = crowd.new()
            crowd.box_put(box, [number])
            crowd.remember(box)
            del box.value
            others = [crowd.new() for _ in range(number)]  # take the cells that are free
            for other in others: other.value = [-1]
            assert crowd.load_remembered(box) is None
        print("ok")
    """)

    assert out == "ok"


FIELD = """
    class Value:
        def __init__(self, number): self.numbers = number, number
    boxes = [crowd.new() for _ in range(2)]
    def put():
        for number in range(4000):
            for box in boxes: crowd.box_put(box, Value(number))
    def set():
        for number in range(4000):
            for box in boxes: box.value = Value(number)
    def clear():
        for _ in range(2000):
            for box in boxes: box.value = None
            for box in boxes: del box.value
            for box in boxes: crowd.box_put(box, None)
    def get():
        for _ in range(4000):
            for box in boxes: look(crowd.box_get(box))
    def member():
        for _ in range(4000):
            for box in boxes: look(box.value)
    def look(value):
        if value is not None: assert value.numbers[0] == value.numbers[1]
"""


@pytest.mark.parametrize(
    "works", ["put, get, get", "set, get, member", "put, set, get, member", "put, clear, member"]
)
def test_a_field_is_loaded_while_other_threads_store_to_it(run: Run, works: str) -> None:
    out = run(textwrap.dedent(FIELD) + f"together({works})\nprint('ok')")

    assert out == "ok"


def test_a_field_is_loaded_while_other_threads_make_it_null(run: Run) -> None:
    """A load may find it null after HPyField_IsNull said no; then it gives HPy_NULL."""
    out = run(
        textwrap.dedent(FIELD)
        + textwrap.dedent("""
        def get_or_null():
            for _ in range(4000):
                for box in boxes:
                    try: look(crowd.box_get(box))
                    except SystemError as error: assert "NULL" in str(error)
        together(put, clear, get_or_null, get_or_null)
        print("ok")
        """)
    )

    assert out == "ok"


def test_many_threads_load_an_extension_at_once(child: Callable, crowd: Path) -> None:
    script = f"""
file = {str(crowd)!r}
{THREADS}
modules = []
def load():
    module = hpystate.load("crowd", file)
    assert module.checks(module.new(), 3) in (0, 3)
    modules.append(module)
together(*[load] * 8)
assert len(modules) == 8
print("ok")
"""
    result = child(script)

    assert result.stdout.strip() == "ok", result.stderr


def test_many_threads_import_an_extension_at_once(child: Callable, crowd: Path) -> None:
    script = f"""
file = {str(crowd)!r}
{THREADS}
hpystate.install()
sys.path.insert(0, {str(crowd.parent)!r})
def use():
    import crowd
    assert crowd.checks(crowd.new(), 3) == 3
together(*[use] * 8)
print("ok")
"""
    result = child(script)

    assert result.stdout.strip() == "ok", result.stderr


def test_values_of_the_main_interpreter_are_released_at_its_end(run: Run) -> None:
    out = run("""
        import os
        class Value:
            def __del__(self, load=crowd.load, write=os.write):
                if load(self.number) is None: write(1, b"released %d\\n" % self.number)
        def store(first):
            for number in range(first, first + 3):
                value = Value()
                value.number = number
                crowd.store(number, value)
        together(lambda: store(0), lambda: store(3))
    """)

    assert sorted(out.splitlines()) == [f"released {number}" for number in range(6)]


INSIDE = """
crowd = hpystate.load("crowd", file)
class Value:
    def __init__(self, home): self.home = home
def store():
    for _ in range(1000): crowd.store(0, Value(home))
def load():
    for _ in range(1000):
        value = crowd.load(0)
        if value is not None: assert value.home == home
together(store, store, load, load)
answer = hpystate._native.state()["values"]
"""


@pytest.mark.parametrize("gil", ["own", "shared"])
def test_threads_of_several_interpreters_store_and_load_at_once(
    gil: str, child: Callable, crowd: Path
) -> None:
    script = f"""
inside = {THREADS + INSIDE!r}
{THREADS}
from hpystate.testing import Interpreter
for _ in range(2):
    interpreters = [Interpreter({gil!r}) for _ in range(3)]
    def work(home):
        code = f"file, home = {str(crowd)!r}, {{home}}" + inside
        assert interpreters[home].run(code) >= 3
    if sys.version_info >= (3, 13):
        together(*[lambda n=n: work(n) for n in range(3)])
    else:  # a thread of 3.12 that ran another interpreter's threads is never joined
        for number in range(3):
            work(number)
    for interpreter in interpreters:
        interpreter.close()
print("ok")
"""
    result = child(script, timeout=120)

    assert result.stdout.strip() == "ok", result.stderr
