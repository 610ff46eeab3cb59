"""test_broken_lists.py: a mistake in a list or a forgotten function breaks the build by name."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

import hpystate._native

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(hpystate._native.__file__).parents[2]
FLAGS = ["-std=c++20", "-fPIC", f"-isystem{sysconfig.get_path('include')}"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The lists and what is made of them, to be damaged."""
    for folder in ("include", "globals", "interp_state", "runtime"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def run(*command: str | Path) -> str:
    """The compiler's messages for a source that must not compile."""
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    return result.stderr


def damage(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_two_swapped_lines_are_named(copy: Path) -> None:
    file = copy / "include" / "hpy" / "abi" / "hpy_0_9.def"
    lines = file.read_text().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if "HPY_FUNC(HPy, Dup," in line)
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    file.write_text("".join(lines))

    layout = ROOT / "tests" / "abi" / "layout_0_9.c"
    message = run("cc", "-std=c11", "-fsyntax-only", f"-I{copy / 'include'}", layout)
    assert '"frozen: ctx_Dup"' in message
    assert '"frozen: ctx_Close"' in message
    assert "frozen: ctx_Add" not in message


def test_a_changed_parameter_is_named(copy: Path) -> None:
    damage(
        copy / "include/hpy/abi/hpy_0_9.def",
        "Long_FromInt32_t, (HPyContext *ctx, int32_t",
        "Long_FromInt32_t, (HPyContext *ctx, int64_t",
    )

    layout = ROOT / "tests" / "abi" / "layout_0_9.c"
    message = run("cc", "-std=c11", "-fsyntax-only", f"-I{copy / 'include'}", layout)
    assert "frozen: type of HPyContext.ctx_Long_FromInt32_t" in message


def test_a_trampolines_frame_of_another_layout_is_named(copy: Path) -> None:
    damage(
        copy / "include/hpy/trampoline.h",
        "    size_t nargsf;\n    cpy_PyObject* kwnames;\n",
        "    cpy_PyObject* kwnames;\n    size_t nargsf;\n",
    )

    layout = ROOT / "tests" / "abi" / "layout_0_9.c"
    message = run("cc", "-std=c11", "-fsyntax-only", f"-I{copy / 'include'}", layout)
    assert '"frozen: nargsf"' in message
    assert '"frozen: kwnames"' in message


def test_a_shape_with_another_number_is_named(copy: Path) -> None:
    damage(copy / "include/hpy/abi/shapes.def", "(Float, 3)", "(Float, 9)")

    layout = ROOT / "tests" / "abi" / "layout_0_9.c"
    message = run("cc", "-std=c11", "-fsyntax-only", f"-I{copy / 'include'}", layout)
    assert '"frozen: HPyType_BuiltinShape_Float"' in message
    assert "frozen: HPyType_BuiltinShape_Long" not in message


def test_a_shape_without_a_function_of_the_context_is_a_compile_error(copy: Path) -> None:
    damage(copy / "include/hpy/abi/shapes.def", "(List, 6)", "(List, 6)\nHPY_SHAPE_OF_TYPE(Set, 8)")

    include = [f"-I{copy}", f"-I{copy / 'include'}"]
    source = copy / "runtime/context/type.cpp"
    assert "ctx_AsStruct_Set" in run(
        "c++", *FLAGS, "-Wmissing-declarations", "-Werror", "-fsyntax-only", *include, source
    )


def test_a_missing_function_is_a_link_error_that_names_it(copy: Path) -> None:
    damage(copy / "runtime/context/dict.cpp", "HPy ctx_Dict_Copy(", "HPy ctx_Dict_Copied(")
    library = copy / "runtime.a"
    shutil.copyfile(BUILD / "libhpystate_runtime.a", library)
    subprocess.run(["ar", "d", library, "dict.cpp.o"], check=True)
    compiled = copy / "dict.o"
    command = ["c++", *FLAGS, f"-I{copy}", f"-I{copy / 'include'}", "-c", "-o", compiled]
    subprocess.run([*map(str, command), str(copy / "runtime/context/dict.cpp")], check=True)

    globals_ = BUILD / "libhpystate_globals.a"
    whole = ["-Wl,--whole-archive", library, globals_, "-Wl,--no-whole-archive"]
    message = run("c++", "-shared", "-Wl,--no-undefined", "-o", copy / "x.so", compiled, *whole)
    assert "hpystate::context::ctx_Dict_Copy(_HPyContext_s*, _HPy_s)" in message


def test_a_handle_without_an_object_is_a_compile_error_that_names_it(copy: Path) -> None:
    damage(
        copy / "runtime/versions/v0_9/objects.def", "HPY_OBJECT(TypeError, PyExc_TypeError)\n", ""
    )

    source = copy / "runtime/versions/v0_9/contexts.cpp"
    message = run("c++", *FLAGS, "-fsyntax-only", f"-I{copy}", f"-I{copy / 'include'}", source)
    assert "h_TypeError" in message


def test_a_slot_of_the_list_without_a_signature_is_a_compile_error(copy: Path) -> None:
    damage(
        copy / "include/hpy/abi/slots.def",
        "HPY_SLOT(nb_add, 7, BINARYFUNC)",
        "HPY_SLOT(nb_add, 7, BINARY)",
    )

    layout = ROOT / "tests" / "abi" / "layout_0_9.c"
    message = run("cc", "-std=c11", "-fsyntax-only", f"-I{copy / 'include'}", layout)
    assert "HPyFunc_BINARY" in message
