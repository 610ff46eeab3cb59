"""test_global.py: hpystate/global.h as an extension of the C API uses it."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from hpystate.testing import Interpreter
from tests.face.every import BODY, source_of
from tests.face.plain import BackEnd, load, load_code


@pytest.fixture
def file(back_end: BackEnd) -> Path:
    return source_of(BODY, back_end)


@pytest.fixture
def every(file: Path) -> ModuleType:
    return load("every", file)


class Own:
    """A class of the test's interpreter."""

    word = "of the class"


def test_a_value_is_stored_loaded_and_cleared(every: ModuleType) -> None:
    value = ["value"]
    before = sys.getrefcount(value)
    every.clear()
    assert every.get_ref() == (0, False)
    assert every.borrow() == "unset"
    every.put(value)
    assert every.get_ref() == (1, value)
    assert every.borrow() is value
    assert every.borrow_often(value) == 0
    assert every.borrow_often(None) == 1001
    assert sys.getrefcount(value) == before + 1
    every.put("other")
    assert every.borrow() == "other"
    every.clear()
    assert every.borrow() == "unset"
    # Without the GIL the first value of a slot is kept until the end.
    assert sys.getrefcount(value) <= before + 1


def test_a_value_is_made_once_in_each_interpreter(file: Path, every: ModuleType) -> None:
    first = every.get_or_init()
    assert every.get_or_init() is first
    before = every.count_makes()
    with Interpreter() as other:
        code = load_code("every", file) + "answer = module.get_or_init() is module.get_or_init()"
        assert other.run(code) is True
    assert every.count_makes() == before + 1


def test_a_maker_that_fails_leaves_the_global_unset(every: ModuleType) -> None:
    for _ in range(2):
        with pytest.raises(KeyError, match="not made"):
            every.init_fails()
    with pytest.raises(RuntimeError, match="hpystate_global_get_or_init: the first value of"):
        every.init_of_itself()


def test_an_object_is_imported_once(every: ModuleType) -> None:
    import collections

    assert every.import_object() is collections.OrderedDict
    assert every.import_object() is collections.OrderedDict
    with pytest.raises(AttributeError, match="Nothing"):
        every.import_nothing()


def test_fused_calls_use_the_object_of_a_global(every: ModuleType) -> None:
    every.keep(len)
    assert every.call("four") == 4
    every.keep("upper")
    assert every.call_method("four") == "FOUR"
    every.keep("word")
    assert every.getattr(Own) == "of the class"
    every.keep(Own)
    assert every.type_check(Own()) == 1
    assert every.type_check(type("Below", (Own,), {})()) == 1
    assert every.type_check("other") == 0
    assert type(every.new_object()) is Own
    cache: dict[object, object] = {}
    every.keep(cache)
    assert every.setitem("key") == 0
    assert every.getitem("key") == "key"
    assert every.is_same(cache) == 1
    assert every.is_same({}) == 0
    with pytest.raises(KeyError):
        every.getitem("other")
    every.keep(ValueError)
    with pytest.raises(ValueError, match="^a string$"):
        every.err_string()
    with pytest.raises(ValueError, match="^object$"):
        every.err_object("object")
    with pytest.raises(ValueError, match="^7 and 'seven'$"):
        every.err_format("seven")
    assert every.err_matches(UnicodeError) == 1
    assert every.err_matches(KeyError) == 0


def test_a_type_is_expected_where_one_is_used(every: ModuleType) -> None:
    every.keep("not a type")
    with pytest.raises(TypeError, match="hpystate_type_check: the global holds 'not a type'"):
        every.type_check("x")
    with pytest.raises(TypeError, match="hpystate_new: the global holds 'not a type'"):
        every.new_object()


def test_the_table_is_one_for_the_process(file: Path, every: ModuleType) -> None:
    every.table()
    tables = {every.table()}
    for gil in ("own", "shared"):
        with Interpreter(gil) as other:
            tables.add(other.run(load_code("every", file) + "answer = module.table()"))
    assert len(tables) == 1
    assert tables != {0}


def test_interpreters_that_share_an_entry_of_the_memory_of_places_find_their_values(
    file: Path,
) -> None:
    """Twenty at once: some meet in hpystate_fast.seen, whatever it is indexed by."""
    interpreters = [Interpreter() for _ in range(20)]
    try:
        for other in interpreters:
            other.run(load_code("every", file) + f"module.put([{other.id}])")
        for _ in range(3):
            for other in interpreters:
                assert other.run("answer = module.borrow()") == [other.id]
    finally:
        for other in interpreters:
            other.close()


def test_a_thread_that_outlives_many_interpreters_never_meets_an_old_value(file: Path) -> None:
    """The next interpreter often has the address of the last one."""
    for _ in range(12):
        with Interpreter() as other:
            code = load_code("every", file) + "answer = module.borrow(); module.put(['old'])"
            assert other.run(code) == "unset"


def test_threads_of_eight_interpreters_make_their_first_values_at_once(file: Path) -> None:
    interpreters = [Interpreter() for _ in range(8)]
    wrong: list[object] = []
    for other in interpreters:
        other.run("import threading")  # its main thread is the one that imports it first

    def work(other: Interpreter) -> None:
        answer = other.run(
            load_code("every", file)
            + f"""
import threading
lists = []
threads = [threading.Thread(target=lambda: lists.append(module.get_or_init())) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
lists[0].append({other.id})
answer = [each == [{other.id}] for each in lists]
"""
        )
        if answer != [True] * 4:
            wrong.append(answer)

    threads = [threading.Thread(target=work, args=(each,)) for each in interpreters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in interpreters:
        other.close()
    assert wrong == []
