"""test_cpp_compiles.py: hpystate/global.hpp with every compiler, API and option that it promises,
and what it refuses to compile."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from hpystate.build import include_folder
from tests.face.plain import WARNINGS
from tests.face.test_compiles import API_PARAMS, APIS, COMPILERS

# Two files that are copied: no other file of ours is beside them.
USES = """
#include "global.hpp"
struct Pool { explicit Pool(int number, const char* = "") : count(number) {} int count; };
struct Plain { int first, second; };
struct Item { PyObject* base; int value; };
struct alignas(256) Wide { char bytes[256]; };
namespace statics {
static hpystate::global<> value;
static hpystate::global<PyTypeObject> type;
static hpystate::global<Item> item;
static hpystate::per_interpreter<Pool> pool;
static hpystate::per_interpreter<Plain> plain;
static hpystate::per_interpreter<Wide> wide;
struct Together { hpystate::global<> a; hpystate::per_interpreter<int> b; hpystate::ref<> c; };
static Together together;
}
using namespace statics;
static_assert(sizeof(value) == sizeof(hpystate_global), "");
static_assert(!std::is_copy_constructible_v<hpystate::global<>>, "");
static_assert(!std::is_move_constructible_v<hpystate::per_interpreter<Pool>>, "");
static_assert(std::is_trivially_destructible_v<hpystate::per_interpreter<Pool>>, "");
static_assert(!std::is_copy_constructible_v<hpystate::ref<>>, "");
static_assert(std::is_nothrow_move_constructible_v<hpystate::ref<>>, "");
static_assert(std::is_nothrow_move_assignable_v<hpystate::ref<Item>>, "");
static_assert(sizeof(hpystate::ref<>) == sizeof(PyObject*), "");
static_assert(!std::is_convertible_v<hpystate::ref<>, bool>, "");
static_assert(!std::is_constructible_v<hpystate::ref<>, PyObject*>, "steal or borrow");
int use(PyObject* object);
int use(PyObject* object) {
    if (hpystate_import() < 0 || !value.store(object) || !value.clear()) return -1;
    if (!value.store(hpystate::ref<>::borrow(object)) || !together.a.store(object)) return -1;
    hpystate::result<PyTypeObject> found = type.get();
    if (found.failed()) return -1;
    if (found.unset() && found.get() == nullptr) return 0;
    if (auto held = item.get()) return held->value;
    hpystate::ref<> made = value.get_or_init([] { return hpystate::ref<>::steal(PyList_New(0)); });
    if (!made || !value.call(object, found.get()) || !value.call()) return -1;
    if (!type.import("collections", "OrderedDict") || hpystate_is(object, type.c())) return -1;
    if (value.borrow() != value.borrow_in(hpystate_current())) return -1;
    if (plain.get(1, 2) == nullptr || plain.get() == nullptr || wide.get() == nullptr) return -1;
    const Pool* const own = pool.get(3);
    if (own == nullptr || pool.get(4, "text") != own || pool.find() != own) return -1;
    int* const number = together.b.get(5);
    return number != nullptr ? *number : -1;
}
"""
NOT_USED = '#include "global.hpp"\nint used();\nint used() { return 1; }\n'

CXX = [each for each in COMPILERS if str(each.values[0]).endswith("++")]
OPTIONS = {
    "full": [["-fno-exceptions", "-fno-rtti", "-fvisibility=hidden"], ["-fno-rtti"]],
    "static": [["-fno-exceptions", "-fno-rtti"]],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("global.h", "global.hpp"):
        shutil.copy(include_folder() / "hpystate" / name, tmp_path)
    return tmp_path


def compile_text(
    folder: Path, text: str, compiler: str, *options: str
) -> subprocess.CompletedProcess[str]:
    command = [compiler, *options, f"-isystem{sysconfig.get_path('include')}", f"-I{folder}"]
    return subprocess.run(
        [*command, "-x", "c++", "-"], input=text, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("api", API_PARAMS)
@pytest.mark.parametrize(("compiler", "standard"), CXX)
def test_the_header_compiles_without_a_warning(
    folder: Path, compiler: str, standard: str, api: str
) -> None:
    command = [f"-std={standard}", "-fPIC", *WARNINGS, "-Wshadow", *APIS[api]]
    # The optimizer has warnings of its own, and takes most of the time.
    optimized = ["-O2", "-c", "-o", "/dev/null"] if api == "full" else ["-fsyntax-only"]
    made = compile_text(folder, USES, compiler, *command, *optimized)
    assert made.returncode == 0, made.stderr
    for more in OPTIONS.get(api, []):
        made = compile_text(folder, USES, compiler, *command, *more, "-fsyntax-only")
        assert made.returncode == 0, f"{more}\n{made.stderr}"
    made = compile_text(folder, NOT_USED, compiler, *command, "-fsyntax-only")
    assert made.returncode == 0, made.stderr


REFUSED = {
    "a destructor that may throw": (
        "struct T { ~T() noexcept(false); };",
        "s.get()",
        "the destructor of T must be public, and noexcept",
    ),
    "a destructor that is private": (
        "class T { ~T() = default; };",
        "s.get()",
        "the destructor of T must be public, and noexcept",
    ),
    "an array": ("using T = int[3];", "s.get()", "put an array into a struct"),
    "a constant": ("using T = const int;", "s.get()", "T is the type of an object that can be"),
    "an object of Python": ("using T = PyObject;", "s.get()", "go into a hpystate::global"),
    "a maker of something else": (
        "using T = int;",
        "g.get_or_init([] { return 5; })",
        "the maker returns a hpystate::ref<T>",
    ),
    "a result that is dropped": ("using T = int;", "g.get(), 0", "unused-result"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_work_does_not_compile(folder: Path, what: str) -> None:
    start, use, message = REFUSED[what]
    text = f'#include "global.hpp"\n{start}\nstatic hpystate::per_interpreter<T> s;\n'
    text += f"static hpystate::global<> g;\nvoid use();\nvoid use() {{ (void)s; {use}; }}\n"
    made = compile_text(folder, text, "g++", "-std=c++17", "-fsyntax-only", "-Wall", "-Werror")
    assert made.returncode != 0
    assert message in made.stderr


def test_an_older_standard_is_refused_by_a_message(folder: Path) -> None:
    made = compile_text(folder, NOT_USED, "g++", "-std=c++14", "-fsyntax-only")
    assert made.returncode != 0
    assert "needs C++17: -std=c++17 or later" in made.stderr


def test_functions_that_use_the_files_link_are_hidden(folder: Path) -> None:
    """Two extensions with classes of one name must not share them by RTLD_GLOBAL."""
    target = folder / "uses.so"
    for options in (["-O0"], ["-O2"]):
        made = compile_text(
            folder, USES, "g++", "-std=c++17", "-fPIC", "-shared", *options, "-o", str(target)
        )
        assert made.returncode == 0, made.stderr
        text = subprocess.run(
            ["nm", "-DC", "--defined-only", str(target)], capture_output=True, text=True, check=True
        ).stdout
        names = [line.split(maxsplit=2)[2] for line in text.splitlines()]
        assert "use(_object*)" in names
        linked = ("hpystate::global<", "hpystate::per_interpreter<", "hpystate_unstable_")
        # Constructors write nothing but zeros.
        found = [name for name in names if name.startswith(linked) and "::c()" not in name]
        assert [name for name in found if "{lambda" not in name] == []
