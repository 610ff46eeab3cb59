"""test_modules.py: modules of private images: statics, initialisation and what goes wrong in it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from hpystate.doctor.elf import read
from tests.images.conftest import Script
from tests.images.made import MULTI, MULTI_END, SINGLE, SUFFIX, compiled


def test_a_static_of_single_phase_is_one_per_interpreter(script: Script) -> None:
    answer = script(
        """
        import single
        single.bump()
        answer = [single.bump()]
        with Interpreter() as first, Interpreter() as second:
            for each in (first, second, first):
                answer.append(each.run('''
                    import hpystate
                    hpystate.isolate("single")
                    import single
                    assert single.found() is single
                    answer = single.bump()
                '''))
        answer.append(single.bump())
        """,
        compiled("single", SINGLE),
    )
    assert answer == [2, 1, 1, 2, 3]


def test_in_plain_cpython_legacy_interpreters_share_that_static(script: Script) -> None:
    answer = script(
        """
        import single
        answer = [single.bump()]
        with Interpreter("shared") as first:
            answer.append(first.run("import single; answer = single.bump()"))
        """,
        compiled("single", SINGLE),
    )
    assert answer == [1, 2]


def test_a_second_import_of_single_phase_gives_the_same_module(script: Script) -> None:
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate, sys
                hpystate.isolate("single")
                import single
                before = single
                single.bump()
                del sys.modules["single"]
                import single
                answer = [single is before, single.bump()]
            ''')
        """,
        compiled("single", SINGLE),
    )
    assert answer == [True, 2]


def test_an_object_in_a_static_of_multi_phase_is_one_per_interpreter(script: Script) -> None:
    answer = script(
        """
        import multi
        multi.put("main")
        with Interpreter() as first, Interpreter() as second:
            for each in (first, second):
                each.run(f'''
                    import hpystate
                    hpystate.isolate("multi")
                    import multi
                    assert multi.get() is None and multi.executed == "yes"
                    multi.put(["of", {each.id}])
                ''')
            answer = [each.run("answer = multi.get()[1]") == each.id for each in (first, second)]
        answer.append(multi.get())
        """,
        compiled("multi", MULTI),
    )
    assert answer == [True, True, "main"]


def test_with_cpythons_check_off_and_no_image_interpreters_share_that_static(
    script: Script,
) -> None:
    """The control of the test before, with an object that lives as long as the process."""
    answer = script(
        """
        import multi
        multi.put(None)
        with Interpreter() as first, Interpreter() as second:
            for each in (first, second):
                each.run("import _imp; _imp._override_multi_interp_extensions_check(-1)")
                each.run("import multi")
            first.run("multi.put(True)")
            answer = second.run("answer = multi.get()")
        """,
        compiled("multi", MULTI),
    )
    assert answer is True


@pytest.mark.skipif(
    sys.version_info[:3] == (3, 13, 0), reason="3.13.0 aborts where it refuses a module"
)
def test_a_module_that_is_not_isolated_is_refused_and_the_error_tells_what_to_type(
    script: Script,
) -> None:
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate
                hpystate.isolate("single")
                import single
                try:
                    import multi
                except ImportError as error:
                    answer = [str(error), *error.__notes__]
            ''')
        """,
        compiled("multi", MULTI),
        compiled("single", SINGLE),
    )
    assert answer[0] == "module multi does not support loading in subinterpreters"
    assert "hpystate.isolate('multi')" in answer[1]


NESTED = """
    #include <Python.h>
    static PyMethodDef methods[] = {{NULL}};
    static int on_exec(PyObject *module) {
        PyObject *other = PyImport_ImportModule("multi");
        if (other == NULL) return -1;
        Py_DECREF(other);
        return 0;
    }
"""


@pytest.mark.skipif(
    sys.version_info[:3] == (3, 13, 0), reason="3.13.0 aborts where it refuses a module"
)
def test_a_plain_file_that_an_image_imports_is_checked_as_always(script: Script) -> None:
    """And an image that it imports is not; the check is back where it was at the end."""
    answer = script(
        """
        with Interpreter() as first, Interpreter() as second:
            answer = first.run('''
                import _imp, hpystate
                hpystate.isolate("nested")
                try:
                    import nested
                except ImportError as error:
                    answer = [str(error), _imp._override_multi_interp_extensions_check(0)]
            ''')
            answer += second.run('''
                import _imp, hpystate
                hpystate.isolate("nested", "multi")
                import nested, multi
                answer = [multi.executed, _imp._override_multi_interp_extensions_check(0)]
            ''')
        """,
        compiled("nested", NESTED + MULTI_END),
        compiled("multi", MULTI),
    )
    assert answer == ["module multi does not support loading in subinterpreters", 0, "yes", 0]


def test_threads_that_import_at_once_find_the_check_as_each_of_them_needs_it(
    script: Script,
) -> None:
    """Two of images that overlap, with a plain file between them."""
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import _imp, hpystate
                hpystate.isolate("single")
                from hpystate.images.loader import _check
                set_word = _imp._override_multi_interp_extensions_check
                def word():
                    found = set_word(0)
                    set_word(found)
                    return found
                answer = []
                for before in (0, 1):
                    set_word(before)
                    one, two = _check.for_images(), _check.for_images()
                    plain = _check.for_plain_files()
                    steps = (one.__enter__, two.__enter__, one.__exit__, plain.__enter__,
                             plain.__exit__, two.__exit__, plain.__enter__, plain.__exit__)
                    for step in steps:
                        step()
                        answer.append(word())
                set_word(0)
            ''')
        """
    )
    assert answer[:8] == [-1, -1, -1, 0, -1, 0, 0, 0]
    assert answer[8:] == [-1, -1, -1, 1, -1, 1, 1, 1]


def test_attributes_are_those_that_cpython_sets(script: Script) -> None:
    """The same in main, but for the loader; both kinds of initialisation."""
    single, multi = compiled("single", SINGLE), compiled("multi", MULTI)
    answer = script(
        """
        code = '''
        import single, multi
        answer = [
            (each.__name__, each.__file__, each.__spec__.origin, each.__spec__.name,
             each.__package__, each.__loader__ is each.__spec__.loader)
            for each in (single, multi)
        ]
        '''
        scope = {}
        exec(__import__("textwrap").dedent(code), scope)
        with Interpreter() as first:
            first.run("import hpystate; hpystate.isolate('single', 'multi')")
            there = first.run(code)
        answer = [there == scope["answer"], there]
        """,
        single,
        multi,
    )
    assert answer[0] is True, answer
    assert answer[1][0][:3] == ["single", str(single), str(single)]


@pytest.mark.parametrize("name", ["größe", "数", "in-between"])
def test_the_init_function_has_the_name_that_cpython_looks_for(script: Script, name: str) -> None:
    symbol = name if name.isascii() else name.encode("punycode").decode()
    prefix = "PyInit_" if name.isascii() else "PyInitU_"
    # CPython has single-phase initialisation for ASCII names alone.
    text = MULTI.replace("PyInit_NAME", prefix + symbol.replace("-", "_"))
    answer = script(
        f"""
        import importlib
        answer = [importlib.import_module({name!r}).executed]
        with Interpreter() as first:
            answer.append(first.run('''
                import hpystate, importlib
                hpystate.isolate({name.replace("-", "?")!r})
                answer = importlib.import_module({name!r}).executed
            '''))
        """,
        compiled(name, text),
    )
    assert answer == ["yes", "yes"]


def test_a_module_of_a_package_has_its_dotted_name(script: Script, tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    compiled("part", SINGLE, beside=folder)
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate
                hpystate.isolate("pack")
                from pack import part
                answer = [part.__name__, part.__package__, part.bump()]
            ''')
        """,
        folder,
    )
    assert answer == ["pack.part", "pack", 1]


UNIQUE = """
    #include <Python.h>
    inline long &counter() { static long count; return count; }
    static PyObject *bump(PyObject *, PyObject *) { return PyLong_FromLong(++counter()); }
    static PyMethodDef methods[] = {{"bump", bump, METH_NOARGS, nullptr}, {}};
    static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT, "NAME", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};
    PyMODINIT_FUNC PyInit_NAME() { return PyModule_Create(&definition); }
"""


@pytest.fixture
def unique(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a static of an inline function, which g++ makes unique in the process."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is not in PATH; apt install g++")
    monkeypatch.setenv("CXX", "g++")
    file = compiled("unique", UNIQUE, cxx=True, flags=["-fgnu-unique"])
    assert read(str(file)).unique
    return file


def test_a_unique_symbol_of_cxx_is_one_per_interpreter(script: Script, unique: Path) -> None:
    answer = script(
        """
        import unique
        answer = [unique.bump()]
        with Interpreter() as first, Interpreter() as second:
            for each in (first, second, second):
                each.run("import hpystate; hpystate.isolate('unique'); import unique")
                answer.append(each.run("answer = unique.bump()"))
        """,
        unique,
    )
    assert answer == [1, 1, 1, 2]


def test_the_dynamic_linker_merges_unique_symbols_of_two_copies(
    script: Script, unique: Path, tmp_path: Path
) -> None:
    """The control: a copy of the file alone is not enough."""
    copies = [tmp_path / each for each in "ab"]
    for folder in copies:
        folder.mkdir()
        shutil.copy(unique, folder)
    answer = script(
        f"""
        import importlib.util
        answer = []
        for folder in {[str(each) for each in copies]!r}:
            file = f"{{folder}}/unique{SUFFIX}"
            spec = importlib.util.spec_from_file_location("unique", file)
            module = importlib.util.module_from_spec(spec)
            answer.append(module.bump())
        """
    )
    assert answer == [1, 2]


def test_a_file_under_two_names_has_two_modules(script: Script, tmp_path: Path) -> None:
    """Two init functions of one file, found by a link."""
    text = """
        #include <Python.h>
        static struct PyModuleDef one = {PyModuleDef_HEAD_INIT, "one", NULL, -1, NULL};
        static struct PyModuleDef two = {PyModuleDef_HEAD_INIT, "two", NULL, -1, NULL};
        PyMODINIT_FUNC PyInit_one(void) { return PyModule_Create(&one); }
        PyMODINIT_FUNC PyInit_two(void) { return PyModule_Create(&two); }
    """
    file = compiled("one", text)
    folder = tmp_path / "both"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}{SUFFIX}").symlink_to(file)
    answer = script(
        f"""
        sys.path.insert(0, {str(folder)!r})
        import one, two
        answer = [one.__name__, two.__name__]
        with Interpreter() as first:
            first.run("import sys; sys.path.insert(0, {str(folder)!r})")
            first.run("import hpystate; hpystate.isolate('one', 'two'); import one, two")
            answer += first.run("answer = [one.__name__, two.__name__]")
        """
    )
    assert answer == ["one", "two"] * 2
