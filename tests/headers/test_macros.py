"""test_macros.py: every macro of hpy/macros.h and every trampoline, as C and as C++."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate.build import compile_extension
from hpystate.demo.upstream import upstream_python
from hpystate.testing import Interpreter, compile_snippet
from tests.conftest import WITH_UPSTREAM
from tests.headers import macro_checks
from tests.headers.test_alone import ABIS, WARNINGS, WAYS, compile_text

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "every_macro.c"
CHECKS = HERE / "macro_checks.py"
EXPECTED = {
    "functions": [
        "1",
        "TypeError",
        "'x'",
        "TypeError",
        "None",
        "3",
        "40",
        "42",
        "12",
        "TypeError",
        "[None, 'gives it back', 'the last one', 'many', 'every macro']",
    ],
    "slots": [
        "TypeError",
        "a thing",
        "1002",
        "[True, True, True, False, False, False]",
        "TypeError",
        "-2.5",
        "[True, False, False]",
        "77",
        "[True, False]",
        repr(sys.maxsize),
        "42",
        "[True, False]",
        "20",
        "12",
        "4003",
        "5004",
        "[(2.5,), False]",
        "8",
        "502",
        "601",
        "20",
    ],
    "attributes": [
        "[2.5, 2, 'held', None, 7]",
        "[4.0, 8.0]",
        "[1.5, 'TypeError']",
        "AttributeError",
        "AttributeError",
        "AttributeError",
        "37",
        "6",
        "['how many', 'by a closure', 'twice the value']",
        "[None, 'destroyed, finalized', None]",
        "101",
    ],
    "lifetime": ["[4, 4]", "7"],
    "shapes": ["[[1, 2, 3], 1, 2, True]"],
}


@pytest.fixture(scope="module", params=["c", "cpp"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("macros")
    source = folder / f"every_macro.{request.param}"
    source.write_text(SOURCE.read_text())
    return compile_extension("every_macro", [source], folder / request.param)


@pytest.fixture
def c(file: Path) -> ModuleType:
    return hpystate.load("every_macro", str(file))


# Definitions have designated initializers, which C++17 does not have.
@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize(
    ("compiler", "language", "standard"), [way for way in WAYS if way.values[2] != "c++17"]
)
def test_a_file_with_every_macro_compiles_without_a_warning(
    compiler: str, language: str, standard: str, abi: str
) -> None:
    command = [compiler, f"-std={standard}", *WARNINGS, *ABIS[abi], "-x", language]
    result = compile_text(SOURCE.read_text(), *command)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("group", EXPECTED)
def test_definitions_do_what_they_say(c: ModuleType, group: str) -> None:
    assert getattr(macro_checks, group)(c) == EXPECTED[group]


def test_another_interpreter_gets_the_same(file: Path) -> None:
    with Interpreter("own") as interpreter:
        found = interpreter.run(f"""
            import hpystate
            from tests.headers import macro_checks
            answer = macro_checks.everything(hpystate.load("every_macro", {str(file)!r}))
        """)

    assert found == EXPECTED


@pytest.mark.slow
@WITH_UPSTREAM
def test_upstreams_runtime_gets_the_same_through_the_trampolines(file: Path) -> None:
    """It enters an extension by the file's own trampolines alone."""
    result = subprocess.run(
        [str(upstream_python()), str(CHECKS), str(file)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == EXPECTED


def test_a_slot_that_does_not_exist_is_named() -> None:
    text = "#include <hpy.h>\nHPyDef_SLOT(x, HPy_nb_nothing)\n"
    result = compile_text(text, "cc", *ABIS["universal"], "-x", "c")

    assert "HPy_nb_nothing" in result.stderr


def test_a_signature_that_does_not_exist_is_named() -> None:
    text = '#include <hpy.h>\nHPyDef_METH(x, "x", HPyFunc_NOTHING)\n'
    result = compile_text(text, "cc", *ABIS["universal"], "-x", "c")

    assert "HPyFunc_NOTHING" in result.stderr


def test_a_function_of_another_signature_is_an_error() -> None:
    text = """
        #include <hpy.h>
        HPyDef_METH(x, "x", HPyFunc_NOARGS)
        static HPy x_impl(HPyContext *ctx, HPy self, HPy arg) { return HPy_NULL; }
    """
    result = compile_text(text, "cc", *ABIS["universal"], "-x", "c")

    assert "x_impl" in result.stderr
    assert result.returncode != 0


EMBEDDED = """
    #define HPY_EMBEDDED_MODULES
    #include <hpy.h>
    HPY_MOD_EMBEDDABLE({name})
    HPyDef_METH({name}_number, "number", HPyFunc_NOARGS)
    static HPy {name}_number_impl(HPyContext *ctx, HPy self) {{
        return HPyLong_FromLong(ctx, _ctx_for_trampolines != NULL ? {number} : -1);
    }}
    static HPyDef *defines[] = {{&{name}_number, NULL}};
    static HPyModuleDef def = {{.defines = defines}};
    HPy_MODINIT({name}, def)
"""


def test_two_modules_in_one_file_have_a_context_each(tmp_path: Path) -> None:
    sources = []
    for name, number in (("first", 1), ("second", 2)):
        source = tmp_path / f"{name}.c"
        source.write_text(EMBEDDED.format(name=name, number=number))
        sources.append(source)
    file = compile_extension("first", sources, tmp_path)

    first, second = (hpystate.load(name, str(file)) for name in ("first", "second"))

    assert (first.number(), second.number()) == (1, 2)


def test_what_a_file_exports_is_what_a_loader_looks_for() -> None:
    file = compile_snippet(
        "exports",
        """
        #include <hpy.h>
        static HPyModuleDef def = {.doc = NULL};
        HPy_MODINIT(exports, def)
        """,
    )
    result = subprocess.run(
        ["nm", "-D", "--defined-only", str(file)], capture_output=True, text=True, check=True
    )

    assert {line.split()[-1] for line in result.stdout.splitlines()} == {
        "HPyInit_exports",
        "HPyInitGlobalContext_exports",
        "get_required_hpy_major_version_exports",
        "get_required_hpy_minor_version_exports",
        "hpystate_asks_exports",
    }
