"""test_counter.py: examples/cython_counter, and hpystate's functions as Cython calls them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cython.conftest import Compile, Run

EXAMPLE = Path(__file__).parents[2] / "examples" / "cython_counter"

IN_EACH = """
    import os
    from hpystate.testing import Interpreter

    interpreters = [Interpreter() for _ in range(3)]
    for number, each in enumerate(interpreters):
        each.run(f"import sys; sys.path[:] = {sys.path!r}\\nimport words; words.put({number})")
    print([interpreter.run("answer = words.get()") for interpreter in interpreters])
    for interpreter in interpreters:
        interpreter.close()
    sys.stdout.flush()
    os._exit(0)  # CPython 3.12 may abort at the end
"""


def test_the_example_keeps_eight_interpreters_apart(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, EXAMPLE / "run.py", "--folder", tmp_path],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines()[-1] == "8 of 8 interpreters found their own values"


def test_values_of_each_kind_are_those_of_the_interpreter(compile: Compile, run: Run) -> None:
    compile(
        "words",
        '''
        cimport hpystate
        from hpystate cimport hpystate_global
        cdef extern from *:
            """
            static hpystate_global word, type_of_word;
            """
            hpystate_global word
            hpystate_global type_of_word

        cdef object make(void *arg):
            return [<object>arg]

        cdef class Word:
            pass

        def put(value):
            if value == 2:
                hpystate.clear(&word)
            else:
                hpystate.hpystate_global_store(&word, ("word", value))

        def get():
            kind = hpystate.hpystate_type_check(Word(), &type_of_word)
            same = hpystate.hpystate_is(Word, &type_of_word)
            return hpystate.get(&word, "nothing"), kind, same

        hpystate.hpystate_import()
        hpystate.hpystate_global_store(&type_of_word, Word)
        ''',
    )
    result = run(IN_EACH)

    expected = [(("word", 0), True, True), (("word", 1), True, True), ("nothing", True, True)]
    assert result.stdout.strip() == repr(expected), result.stderr


def test_errors_are_exceptions(compile: Compile, run: Run) -> None:
    compile(
        "words",
        '''
        cimport hpystate
        from hpystate cimport hpystate_global, hpystate_pointer
        cdef extern from *:
            """
            static hpystate_global word;
            static hpystate_pointer table;
            """
            hpystate_global word
            hpystate_pointer table

        cdef object make(void *arg):
            raise KeyError("made nothing")

        cdef void *no_memory(void *arg) except? NULL:
            return NULL

        def load():
            return hpystate.load(&word)

        def make_value():
            return hpystate.hpystate_global_get_or_init(&word, make, NULL)

        def make_table():
            return hpystate.hpystate_pointer_get_or_init(&table, no_memory, NULL, NULL) != NULL

        def start():
            hpystate.hpystate_import()
        ''',
    )
    result = run(
        """
        import words
        def show(function):
            try:
                print(function())
            except BaseException as error:
                print(type(error).__name__, str(error).partition(":")[0])
        show(words.load)
        words.start()
        for function in (words.load, words.make_value, words.make_table):
            show(function)
        """
    )

    assert result.stdout.splitlines() == [
        "SystemError hpystate_global_get_ref",
        "LookupError hpystate.load",
        "KeyError 'made nothing'",
        "MemoryError ",
    ], result.stderr


def test_an_unset_slot_is_an_exception_in_a_fused_call(compile: Compile, run: Run) -> None:
    compile(
        "words",
        '''
        cimport hpystate
        from hpystate cimport hpystate_global
        cdef extern from *:
            """
            static hpystate_global kind;
            """
            hpystate_global kind

        def check(value):
            return hpystate.hpystate_type_check(value, &kind)

        def same(value):
            return hpystate.hpystate_is(value, &kind)

        def borrow():
            return hpystate.hpystate_global_borrow_in(NULL, &kind) != NULL

        def start():
            hpystate.hpystate_import()
        ''',
    )
    result = run(
        """
        import words
        def show(function, *values):
            try:
                print(function(*values))
            except SystemError as error:
                print(str(error).partition(":")[0])
        show(words.borrow)
        words.start()
        show(words.check, 1)
        show(words.same, 1)
        show(words.borrow)
        """
    )

    assert result.stdout.splitlines() == [
        "hpystate_global_borrow_in",
        "hpystate_type_check",
        "hpystate_is",
        "False",
    ], result.stderr


def test_a_cache_and_a_method_are_used_without_a_load(compile: Compile, run: Run) -> None:
    compile(
        "cached",
        '''
        cimport hpystate
        from cpython.ref cimport PyObject
        from hpystate cimport hpystate_global
        cdef extern from *:
            """
            static hpystate_global cache, upper, unset;
            """
            hpystate_global cache
            hpystate_global upper
            hpystate_global unset

        def put(key, value):
            hpystate.hpystate_setitem(&cache, key, value)

        def get(key):
            return hpystate.hpystate_getitem(&cache, key)

        def call_upper(text):
            cdef PyObject *args[1]
            args[0] = <PyObject *>text
            return hpystate.hpystate_call_method(&upper, args, 1, NULL)

        def put_unset():
            hpystate.hpystate_setitem(&unset, 1, 2)

        hpystate.hpystate_import()
        hpystate.hpystate_global_store(&cache, {})
        hpystate.hpystate_global_store(&upper, "upper")
        ''',
    )
    result = run(
        """
        import cached
        cached.put("a", [1])
        print(cached.get("a"), cached.call_upper("b"))
        for call in (lambda: cached.get("c"), lambda: cached.put([], 1), cached.put_unset):
            try:
                call()
            except Exception as error:
                print(type(error).__name__)
        """
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["[1] B", "KeyError", "TypeError", "SystemError"]
