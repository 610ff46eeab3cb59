"""test_cpp.py: hpystate/global.hpp: C++ objects with one value per interpreter, typed globals."""

from __future__ import annotations

import functools
import gc
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from hpystate.testing import Interpreter, InterpreterError
from tests.face.cpp import compile_objects
from tests.face.plain import LIMITED, LIMITED_API, NO_GIL, compile_module, load, load_code


# The full API, whose fast paths are inline, and the limited one, which calls more.
@pytest.fixture(params=["full", LIMITED_API])
def file(request: pytest.FixtureRequest) -> Path:
    # move_refs looks at counts, which is a function there.
    return compile_objects((LIMITED,) if request.param == "limited" else ())


@pytest.fixture
def module(file: Path) -> ModuleType:
    module = load("objects", file)
    module.take_history()
    return module


ALREADY = "was destroyed already: this interpreter is ending, and what was made last ends first"


def test_objects_end_with_their_interpreter_the_last_one_first(
    file: Path, module: ModuleType
) -> None:
    others = [Interpreter("own"), Interpreter("shared"), Interpreter("own")]
    code = load_code("objects", file)
    for number, other in enumerate(others):
        # The destructor of each finds the list of its own interpreter.
        assert other.run(f"{code}answer = module.use_user([None] * {number})") == other.id
        other.run(f"module.rename_base('base {number}')")
        assert other.run("answer = module.name_of_base()") == f"base {number}"
    assert module.take_history() == []
    for number, other in enumerate(others):
        other.close()
        user, base, error = module.take_history()
        assert user == f"{other.id} user ends; uses base {number}; {number} kept"
        assert base == f"{other.id} base {number} ends; no user; {number} kept"
        assert error.startswith(f"{other.id} RuntimeError: hpystate::per_interpreter::get: ")
        assert ALREADY in error


def test_objects_of_the_main_interpreter_end_too(file: Path, child: Callable) -> None:
    code = load_code("objects", file)
    result = child(f"{code}module.print_history(); module.use_user([1, 2])")
    assert result.returncode == 0, result.stderr
    user, base, error = result.stderr.splitlines()
    assert user == "0 user ends; uses base; 2 kept"
    assert base == "0 base ends; no user; 2 kept"
    assert ALREADY in error


# Its globals are gone when it is called: what it needs are its defaults. A collection must not take
# the values of globals for garbage.
FUNCTION = """
import gc
def function(kept, collect=gc.collect):
    kept.append(collect())
    collect()
"""


def test_a_destructor_may_run_python_code_and_make_another_object(
    file: Path, module: ModuleType
) -> None:
    with Interpreter() as other:
        number = other.id
        code = load_code("objects", file) + FUNCTION + "answer = module.use_caller(function)"
        assert other.run(code) == 7
    assert module.take_history() == [
        f"{number} caller 7 ends; called: good; 1 kept",
        f"{number} late is made",
        f"{number} late ends; 0 kept",
    ]


def test_an_exception_of_a_destructors_call_goes_no_further(file: Path, module: ModuleType) -> None:
    with Interpreter() as other:
        number = other.id
        other.run(load_code("objects", file) + "module.use_caller(1)")
    assert module.take_history()[0] == (
        f"{number} caller 7 ends; called: TypeError: 'int' object is not callable; 0 kept"
    )


@pytest.mark.parametrize(
    ("how", "expected", "text"),
    [
        ("python_error", KeyError, "'a key'"),
        ("nothing set", SystemError, "hpystate::python_error was thrown, and no exception of Py"),
        ("left", KeyError, "'left behind'"),
        ("bad_alloc", MemoryError, ""),
        ("out_of_range", IndexError, "too far"),
        ("invalid_argument", ValueError, "not that"),
        ("domain_error", ValueError, "outside"),
        ("length_error", ValueError, "too long"),
        ("overflow_error", OverflowError, "too large"),
        ("runtime_error", RuntimeError, "cannot"),
        ("latin 1", RuntimeError, r"caf\xe9"),
        ("both", RuntimeError, "cannot"),
        ("int", RuntimeError, "an exception of C++ that is not a std::exception was thrown"),
    ],
)
def test_a_constructor_that_fails_is_an_exception(
    file: Path, module: ModuleType, how: str, expected: type[Exception], text: str
) -> None:
    with Interpreter() as other:
        name = other.run(
            load_code("objects", file)
            + f"try: module.make_failing({how!r})\n"
            + "except BaseException as e: answer = type(e).__name__, str(e), repr(e.__context__)"
        )
        assert name[0] == expected.__name__
        assert name[1].startswith(text)
        assert name[2] == ("KeyError('a key')" if how == "both" else "None")
        answer = other.run(
            f"try: module.make_failing_again({how!r})\n"
            "except BaseException as error:\n"
            "    while error.__context__: error = error.__context__\n"
            "    answer = repr(error)"
        )
        assert answer == "LookupError('before')"
        assert module.take_history() == _ends(how, other.id)
        other.run("module.make_failing_again('good')")  # the next call tries again
    assert module.take_history() == [f"{other.id} failing ends"]


def _ends(how: str, interpreter: int) -> list[str]:
    """A constructor that returned has made an object, which is destroyed."""
    return [f"{interpreter} failing ends"] * 2 if how == "left" else []


def test_a_constructor_that_asks_for_its_own_object_is_refused(file: Path) -> None:
    with Interpreter() as other:
        for _ in range(2):
            with pytest.raises(InterpreterError) as caught:
                other.run(load_code("objects", file) + "module.make_itself()")
            assert "RuntimeError: hpystate::per_interpreter::get: the first value of" in str(
                caught.value
            )
            assert "is already being made by this thread" in str(caught.value)


def test_threads_that_want_an_object_get_the_same_one(file: Path, module: ModuleType) -> None:
    module.address_of_slow()
    before = module.count_slow()
    code = """
import threading
addresses = []
threads = [threading.Thread(target=lambda: addresses.append(module.address_of_slow()))
           for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
answer = len(addresses), len(set(addresses)), addresses[0] % 64
"""
    with Interpreter() as other:
        assert other.run(load_code("objects", file) + code) == (6, 1, 0)
    assert module.count_slow() == before + 1


def test_interpreters_that_run_at_once_have_objects_of_their_own(
    file: Path, module: ModuleType
) -> None:
    others = [Interpreter("own") for _ in range(8)]
    barrier = threading.Barrier(len(others))

    def use(other: Interpreter) -> object:
        other.run(load_code("objects", file))
        barrier.wait()
        other.run(f"module.use_user([]); module.rename_base('{other.id}')")
        names = other.run("answer = {module.name_of_base() for _ in range(2000)}")
        return names, other.run("answer = module.address_of_slow()")

    with ThreadPoolExecutor(len(others)) as pool:
        found = list(pool.map(use, others))
    assert [names for names, _ in found] == [{str(other.id)} for other in others]
    assert len({address for _, address in found}) == len(others)
    for other in others:
        other.close()
    lines = [line.partition(";")[0] for line in module.take_history()]
    ended = [line for line in lines if "user ends" not in line and "Error" not in line]
    assert ended == [f"{other.id} {other.id} ends" for other in others]


def test_a_typed_global_has_an_object_or_not(file: Path, module: ModuleType) -> None:
    def make(argument: object) -> object:
        return [argument]

    made = functools.partial(make)  # no function or class: CPython 3.13 without the GIL keeps those
    module.clear_type()
    assert module.get_type() == "unset"
    before = sys.getrefcount(made)
    module.put_type(made)
    assert module.get_type() is made
    assert module.call_type(5) == [5]
    assert sys.getrefcount(made) == before + 1
    with Interpreter() as other:
        assert other.run(load_code("objects", file) + "answer = module.get_type()") == "unset"
    module.clear_type()
    gc.collect()
    assert sys.getrefcount(made) == before + NO_GIL  # where the first one stays


def test_a_value_is_made_by_a_function_that_may_throw(module: ModuleType) -> None:
    with pytest.raises(ValueError, match="an empty word"):
        module.make_value("")
    assert module.make_value("word") == module.make_value("") == "word"
    assert module.import_value() is OrderedDict


def test_what_a_call_did_not_return_is_not_stored(module: ModuleType) -> None:
    with pytest.raises(AttributeError, match="nothing"):
        module.store_failed()


def test_references_are_moved_and_released_once(module: ModuleType) -> None:
    assert module.move_refs(["a list"]) == 0


def test_a_use_before_the_import_is_an_error() -> None:
    module = load("objects", compile_objects(("-DHPYSTATE_ANOTHER_FILE",), on_import="0"))
    for call, name in (
        (module.get_type, "global::get"),
        (module.clear_type, "global::clear"),
        (module.name_of_base, "per_interpreter::get"),
    ):
        with pytest.raises(SystemError, match=rf"^hpystate::{name}: the extension did not call"):
            call()


def test_as_a_plain_static_there_is_one_object(child: Callable) -> None:
    file = compile_objects(("-DHPYSTATE_GLOBAL_STATIC",))
    code = "import sys; sys.modules['hpystate._native'] = None\n" + load_code("objects", file)
    result = child(
        code
        + "module.print_history(); module.use_user([1]); module.rename_base('one')\n"
        + "print(module.name_of_base(), module.make_value('made'), module.get_type())\n"
        + "try: module.make_failing('invalid_argument')\nexcept ValueError as e: print(e)"
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == ["one made unset", "not that"]


WITHOUT_EXCEPTIONS = """
    #include <hpystate/global.hpp>
    struct Part {
        /* It may set an exception. */
        explicit Part(PyObject *number) : value(PyLong_AsLong(number)) {}
        long value;
    };
    static hpystate::per_interpreter<Part> part;
    static PyObject *number_of_part(PyObject *, PyObject *number) {
        Part *own = part.get(number);
        return own != nullptr ? PyLong_FromLong(own->value) : nullptr;
    }
    static int on_exec(PyObject *) { return hpystate_import(); }
"""


def test_without_exceptions_a_constructor_leaves_one_of_python() -> None:
    flags = ("-std=c++17", "-fno-exceptions", "-fno-rtti")
    file = compile_module("parts", WITHOUT_EXCEPTIONS, ["number_of_part"], flags=flags, cxx=True)
    module = load("parts", file)
    with pytest.raises(TypeError):
        module.number_of_part("a word")
    assert module.number_of_part(5) == module.number_of_part(6) == 5


@pytest.mark.skipif(
    os.environ.get("HPYSTATE_SANITIZED") == "asan" and sys.version_info[:2] == (3, 13),
    reason="CPython reads the freed state of a daemon thread (docs/cpython-faults.md)",
)
def test_a_daemon_thread_in_a_constructor_does_not_abort_the_process(
    file: Path, child: Callable
) -> None:
    """3.12 and 3.13 unwind its stack when it wants the GIL again; later versions let it hang."""
    code = (
        load_code("objects", file)
        + """
import sys, threading, time
started = threading.Event()
real = time.sleep
def sleep(seconds):
    started.set()
    real(seconds)
    print("not reached")  # the end has begun by then
time.sleep = sleep
def function(kept, real=real):  # runs in a destructor at the end, and lets other threads run
    real(0.3)
module.print_history()
module.use_caller(function)
threading.Thread(target=module.address_of_slow, daemon=True).start()
started.wait()
"""
    )
    result = child(code)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert result.stderr.splitlines()[0] == "0 caller 7 ends; called: good; 0 kept"
