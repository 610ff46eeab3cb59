"""test_isolate.py: hpystate.isolate(): its arguments, its names, when it is called, its end."""

from __future__ import annotations

from typing import Any

import pytest

import hpystate
from hpystate.images import choice, in_main_interpreter
from tests.images.conftest import Script
from tests.images.made import MULTI, MULTI_END, SINGLE, compiled


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((),), TypeError, "isolate: name is tuple, a str was expected"),
        ((b"numpy",), TypeError, "isolate: name is bytes, a str was expected"),
        (("",), ValueError, "isolate: name is empty; the import name of a package"),
        (("numpy.",), ValueError, "isolate: name is 'numpy.'; the import name"),
        (("./numpy.so",), ValueError, "the import name of a package or module, or a pattern"),
        (("num\0py",), ValueError, "the import name of a package"),
        (("numpy,lxml",), ValueError, "isolate: name is 'numpy,lxml'"),
        (("-torch",), ValueError, r"an exception is except_=\['torch'\]"),
        (("hpystate",), ValueError, "serve all interpreters as they are"),
        ((), ValueError, r'no name was found; .* hpystate.isolate\("numpy"\), or "\*" for all'),
    ],
)
def test_a_wrong_name_is_refused_in_the_main_interpreter_too(
    arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        hpystate.isolate(*arguments)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"except_": "torch"}, TypeError, r"except_ is 'torch'; a list of names was expected"),
        ({"except_": 3}, TypeError, r"except_ is 3; a list of names was expected"),
        ({"except_": [3]}, TypeError, "isolate: except_ is int, a str was expected"),
        ({"except_": [""]}, ValueError, "isolate: except_ is empty"),
        ({"set_environment": 1}, TypeError, "set_environment is int, a bool was expected"),
        ({"packages": 1}, TypeError, "packages is int, the path of a JSON file was expected"),
        ({"packages": "no.json"}, ValueError, "isolate: packages: no.json cannot be read: No such"),
    ],
)
def test_a_wrong_option_is_refused_in_the_main_interpreter_too(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        hpystate.isolate("numpy", **options)


def test_in_the_main_interpreter_it_does_nothing(script: Script) -> None:
    answer = script(
        """
        hpystate.isolate("single", except_=["multi"], set_environment=True)
        import single
        answer = [type(single.__loader__).__name__, "hpystate._images" in sys.modules]
        """,
        compiled("single", SINGLE),
    )
    assert in_main_interpreter()
    assert answer == ["ExtensionFileLoader", False]


def test_nothing_of_it_is_imported_where_it_is_not_used(script: Script) -> None:
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate, sys
                hpystate.install()
                answer = [name for name in sys.modules if "images" in name or name == "json"]
            ''')
        """
    )
    assert answer == []


def chosen(*names: str, without: tuple[str, ...] = ()) -> choice.Choice:
    return choice.Choice().added(names, without, {}, False, frozenset())


@pytest.mark.parametrize(
    ("names", "without", "covered", "left"),
    [
        (("numpy",), (), "numpy numpy.random numpy.random.mtrand", "numpyx num scipy"),
        (("lxml.etree",), (), "lxml.etree lxml.etree.part", "lxml lxml.html"),
        (("num*",), (), "numpy numexpr.interpreter", "scipy.num"),
        (("*",), ("torch",), "numpy a.b.c", "torch torch._C"),
        (("*",), ("a.*",), "a b.c", "a.b a.b.c"),
        (("[np]*",), (), "numpy pandas._libs", "scipy"),
        # A pattern leaves the standard library to CPython; a name does not.
        (("*",), (), "numpy", "_ctypes _datetime hpystate hpystate._native"),
        (("_c*", "_datetime"), (), "_cffi_backend _datetime", "_ctypes"),
    ],
)
def test_names_and_patterns(
    names: tuple[str, ...], without: tuple[str, ...], covered: str, left: str
) -> None:
    found = chosen(*names, without=without)

    assert [each for each in covered.split() if not found.covers(each)] == []
    assert [each for each in left.split() if found.covers(each)] == []


def test_a_second_call_adds(script: Script) -> None:
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate
                hpystate.isolate("single")
                import single
                hpystate.isolate("multi")
                hpystate.isolate("single")
                import multi
                answer = [type(each.__loader__).__name__ for each in (single, multi)]
            ''')
        """,
        compiled("single", SINGLE),
        compiled("multi", MULTI),
    )
    assert answer == ["ImageLoader", "ImageLoader"]


@pytest.mark.parametrize("name", ["single", "s*", "*"])
def test_after_a_plain_import_it_is_refused_and_names_the_module(script: Script, name: str) -> None:
    file = compiled("single", SINGLE)
    answer = script(
        f"""
        with Interpreter("shared") as first:
            answer = first.run('''
                import single, hpystate
                try:
                    hpystate.isolate({name!r})
                except RuntimeError as error:
                    answer = str(error)
                from hpystate import finder
                answer = [answer, finder.extension_loader().__name__]
            ''')
        """,
        file,
    )
    assert answer[0] == (
        "isolate: single was imported in this interpreter before, without a private image, from "
        f"{file}. Call hpystate.isolate() before the first import of single."
    )
    assert answer[1] == "ExtensionFileLoader"


def test_uninstall_takes_it_back(script: Script) -> None:
    answer = script(
        """
        with Interpreter("shared") as first:
            answer = first.run('''
                import hpystate, sys
                from importlib.machinery import ExtensionFileLoader
                hpystate.isolate("single")
                import single
                hpystate.uninstall()
                loaders = {loader for each in sys.path_importer_cache.values()
                           for suffix, loader in getattr(each, "_loaders", ())}
                import multi
                answer = ["ImageLoader" in {each.__name__ for each in loaders},
                          type(multi.__loader__) is ExtensionFileLoader]
                # What was isolated before is not remembered.
                hpystate.isolate("other")
                from hpystate.images import choice
                answer += choice.current.names
            ''')
        """,
        compiled("single", SINGLE),
        compiled("multi", MULTI),
    )
    assert answer == [False, True, "other"]


def test_other_finders_of_a_folder_get_the_loader_too(script: Script) -> None:
    """Libraries put path hooks of their own first and empty the cache of finders."""
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate, sys
                hpystate.isolate("single")
                sys.path_hooks.insert(0, lambda path: (_ for _ in ()).throw(ImportError()))
                sys.path_importer_cache.clear()
                import single
                answer = type(single.__loader__).__name__
            ''')
        """,
        compiled("single", SINGLE),
    )
    assert answer == "ImageLoader"


COUNTING = """
    #include <Python.h>
    static int runs;
    static PyMethodDef methods[] = {{NULL}};
    static int on_exec(PyObject *module) {
        return PyModule_AddIntConstant(module, "runs", ++runs);
    }
"""


def test_a_reload_executes_nothing_again_as_in_cpython(script: Script) -> None:
    code = """import counting, importlib
importlib.reload(counting)
answer = counting.runs
"""
    answer = script(
        f"""
        scope = {{}}
        exec({code!r}, scope)
        with Interpreter() as first:
            first.run("import hpystate; hpystate.isolate('counting')")
            answer = [scope["answer"], first.run({code!r})]
        """,
        compiled("counting", COUNTING + MULTI_END),
    )
    assert answer == [1, 1]


def test_a_reload_runs_no_plain_code(script: Script) -> None:
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate, importlib
                hpystate.isolate("single", "multi")
                import single, multi
                multi.put(7)
                answer = [importlib.reload(each) is each for each in (single, multi)]
                answer += [multi.get(), single.bump()]
                hpystate.isolate("other")  # which looks for plain imports
            ''')
        """,
        compiled("single", SINGLE),
        compiled("multi", MULTI),
    )
    assert answer == [True, True, 7, 1]


def test_faulthandler_of_the_executable_is_imported_too(script: Script) -> None:
    """CPython refuses it there; packages import it. An exception leaves it to CPython."""
    answer = script(
        """
        code = '''
            import sys
            answer = []
            try:
                import faulthandler
                answer.append(faulthandler.is_enabled())
            except ImportError as error:
                answer.append("refused")
        '''
        answer = []
        for call in ("", "isolate('single')", "isolate('*', except_=['faulthandler'])"):
            with Interpreter() as each:
                each.run(f"import hpystate\\nif {call!r}: hpystate.{call or 'install()'}")
                answer += each.run(code)
        """
    )
    assert answer == ["refused", True, "refused"]
