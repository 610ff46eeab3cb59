"""test_verdicts.py: the doctor's verdict and its certainty for one extension of each kind."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from hpystate.doctor.verdict import LAYERS, Verdict
from hpystate.testing import compile_snippet
from tests.doctor import extensions as c
from tests.doctor.conftest import Diagnose
from tests.loader.mock import GOOD

HOLDS = c.multi("holds", c.HOLDS, c.FILL, slots=c.OWN)
LAZY = c.multi("lazy", c.LAZY, methods=c.FILL_ROW, slots=c.OWN)


def names(found: Verdict) -> list[str]:
    return [static["name"] for static in found.statics]


def outcome(found: Verdict) -> tuple[str, str]:
    return found.verdict, found.certainty


def test_a_module_that_declares_it_and_holds_nothing_is_ready(diagnose: Diagnose) -> None:
    counter = "static long counter; static const char *text = 0;"
    found = diagnose("good", c.multi("good", counter, "counter++; text = __FILE__;", slots=c.OWN))

    assert outcome(found) == ("ready", "differential"), found
    assert found.statics == found.static_types == []
    assert tuple(found.layers) == LAYERS
    assert "own GIL" in found.layers["declared"]
    assert "0 objects shared" in found.layers["differential"]
    assert "1 other words changed" in found.layers["differential"]  # the counter


NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


@pytest.mark.parametrize(
    ("slots", "why"),
    [
        ("", "does not declare Py_mod_multiple_interpreters"),
        (c.SHARED, "declares support for a shared GIL only"),
        (
            "{Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},",
            "declares that it does not support several interpreters",
        ),
    ],
)
def test_a_module_that_holds_nothing_needs_only_the_declaration(
    diagnose: Diagnose, slots: str, why: str
) -> None:
    found = diagnose("plain", c.multi("plain", slots=slots))

    # Without the GIL no interpreter takes what declares "not supported", so nothing was compared.
    refused = NO_GIL and "NOT_SUPPORTED" in slots
    assert outcome(found) == ("declare only", "observed" if refused else "differential"), found
    assert found.why == [f"no static holds an object; it {why}"]
    assert "Py_MOD_PER_INTERPRETER_GIL_SUPPORTED" in found.next


# ---- statics with objects ----------------------------------------------------------------------
def test_statics_with_objects_are_named_by_symbols(diagnose: Diagnose) -> None:
    found = diagnose("holds", HOLDS)

    assert outcome(found) == ("port", "differential"), found
    # A static of a function: GCC names it set.0, clang cached_set.set.
    plain = [name.removesuffix(".0").rpartition(".")[2] for name in names(found)]
    assert sorted(plain) == [
        "pi",
        "set",
        "table+32",
        "table+72",
    ]
    assert {static["type"] for static in found.statics} == {"float", "list", "dict", "set"}
    (pi,) = (static for static in found.statics if static["name"] == "pi")
    assert pi["found_by"] == "shape"  # no collector knows a float
    assert "overwritten" in found.layers["differential"]


@pytest.mark.parametrize("version", [4, 5])
def test_debug_information_names_members(diagnose: Diagnose, version: int) -> None:
    found = diagnose("holds", HOLDS, "-g", f"-gdwarf-{version}")

    assert sorted(names(found)) == [
        "cached_set::set",
        "pi",
        "table.grid[1][0]",
        "table.items[1].object",
    ]
    assert any("table.grid[0][0]" in why for why in found.why)  # empty: its type tells


@pytest.mark.skipif(shutil.which("clang") is None, reason="clang is not installed")
def test_debug_information_of_clang_names_members(tmp_path: Path, diagnose: Diagnose) -> None:
    """Its addresses are in a table of their own."""
    file = c.build(tmp_path, "holds", HOLDS, "-g", "-gdwarf-5", compiler="clang")
    found = diagnose("holds", file)

    assert sorted(names(found)) == [
        "cached_set::set",
        "pi",
        "table.grid[1][0]",
        "table.items[1].object",
    ]


def test_debug_information_of_cpp_names_classes(tmp_path: Path, diagnose: Diagnose) -> None:
    body = """
        namespace shapes { struct Point { static PyObject *type; PyObject *own; }; }
        PyObject *shapes::Point::type;
        static shapes::Point points[2];
    """
    fill = "shapes::Point::type = PyList_New(0); points[1].own = PyList_New(0);"
    # A row of slots has a pointer to a function in it: C++ wants it cast.
    text = c.multi("members", body, fill).replace("exec_module}", "(void *)exec_module}")
    file = c.build(tmp_path, "members", text, "-g", "-xc++", "-std=c++20")
    found = diagnose("members", file)

    assert sorted(names(found)) == ["points[1].own", "shapes::Point::type"], found


def test_a_file_without_symbols_has_the_same_statics_by_address(
    tmp_path: Path, diagnose: Diagnose
) -> None:
    file = c.build(tmp_path, "holds", HOLDS)
    with_symbols = diagnose("holds", file)
    subprocess.run(["strip", "--strip-all", str(file)], check=True)
    found = diagnose("holds", file)

    assert outcome(found) == ("port", "differential")
    assert [s["address"] for s in found.statics] == [s["address"] for s in with_symbols.statics]
    assert names(found) == [f"0x{static['address']:x}" for static in found.statics]
    assert "addresses only" in found.layers["symbols and DWARF"]


def test_a_static_type_is_told_apart_from_a_heap_type(diagnose: Diagnose) -> None:
    body = c.STATIC_TYPE + "static PyObject *unused_error;"
    found = diagnose("shapes", c.multi("shapes", body, c.READY_TYPE, slots=c.OWN))

    assert found.verdict == "port", found
    assert found.static_types == ["shapes.Point"]
    assert found.statics == []  # what a static type holds is not counted again
    assert found.why == ["1 static type: shapes.Point"]


def test_a_pointer_to_type_is_not_the_head_of_a_static_type(diagnose: Diagnose) -> None:
    found = diagnose("decoys", c.multi("decoys", c.DECOY, c.FILL_DECOY, slots=c.OWN))

    assert (found.verdict, found.static_types) == ("ready", []), found


def test_a_static_heap_type_is_an_object(diagnose: Diagnose) -> None:
    body = """
        static PyObject *Error;
        static PyTypeObject *builtin = &PyTuple_Type;
    """
    fill = 'Error = PyErr_NewException("errors.Error", NULL, NULL);'
    found = diagnose("errors", c.multi("errors", body, fill, slots=c.OWN))

    assert names(found) == ["Error"]
    assert found.static_types == []


def test_a_module_of_one_phase_has_to_be_ported(diagnose: Diagnose) -> None:
    found = diagnose("single", c.SINGLE)

    assert outcome(found) == ("port", "declared"), found
    assert found.why == ["single-phase initialisation, which cannot declare it"]
    assert found.statics == []  # CPython's copy of its dict is in its definition
    assert "PyModuleDef_Init" in found.next


# ---- what is filled later, and what is missed --------------------------------------------------
def test_a_cache_that_is_filled_later_is_seen_after_the_exercise(
    tmp_path: Path, diagnose: Diagnose
) -> None:
    file = c.build(tmp_path, "lazy", LAZY)
    before = diagnose("lazy", file)
    found = diagnose("lazy", file, exercise="kept = lazy.fill()")

    assert before.verdict == "ready"
    assert "--exercise" in before.next
    assert outcome(found) == ("port", "differential")
    assert names(found) == ["cache"]
    assert found.statics[0]["step"] == "exercise"
    assert "1 after the exercise" in found.layers["observed"]


def test_its_type_tells_of_an_empty_static(diagnose: Diagnose) -> None:
    found = diagnose("lazy", LAZY, "-g")

    assert outcome(found) == ("port", "symbols and DWARF"), found
    assert found.why == ["1 static for objects, empty so far: cache"]


def test_a_pointer_with_a_tag_is_missed(diagnose: Diagnose) -> None:
    """As docs/doctor.md tells: only the count of other words that changed is left of it."""
    found = diagnose("tags", c.multi("tags", c.TAGGED, c.TAG, slots=c.OWN))

    assert outcome(found) == ("ready", "differential"), found
    assert "1 other words changed" in found.layers["differential"]


# ---- a second interpreter ----------------------------------------------------------------------
def test_a_module_that_refuses_a_second_interpreter_has_to_be_ported(diagnose: Diagnose) -> None:
    found = diagnose("guarded", c.multi("guarded", c.GUARDED, c.GUARD))

    assert outcome(found) == ("port", "differential"), found
    assert "Interpreter change detected" in found.why[0]


def test_a_module_is_not_blamed_for_another_that_refuses(
    tmp_path: Path, diagnose: Diagnose
) -> None:
    c.build(tmp_path, "guarded", c.multi("guarded", c.GUARDED, c.GUARD))
    needs = """
        PyObject *other = PyImport_ImportModule("guarded");
        if (!other) return -1;
        Py_DECREF(other);
    """
    found = diagnose("needs", c.multi("needs", fill=needs))

    assert outcome(found) == ("declare only", "observed"), found
    assert found.layers["differential"].startswith("not done: guarded.cpython-")
    assert "Interpreter change detected" in found.layers["differential"]


def test_a_static_that_only_a_second_interpreter_fills_is_found(diagnose: Diagnose) -> None:
    body = "static int imports; static PyObject *late;"
    found = diagnose("late", c.multi("late", body, "if (imports++) late = PyList_New(0);"))

    assert outcome(found) == ("port", "differential"), found
    assert names(found) == ["late"]
    assert found.statics[0]["step"] == "differential"


# ---- how it was built --------------------------------------------------------------------------
@pytest.mark.skipif(NO_GIL, reason="a CPython without the GIL refuses the limited API")
def test_an_old_stable_abi_cannot_declare_it(tmp_path: Path, diagnose: Diagnose) -> None:
    flags = ("-DPy_LIMITED_API=0x03060000",)
    file = c.build(tmp_path, "stable", c.multi("stable"), *flags, suffix=".abi3.so")
    info = tmp_path / "stable-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: stable\nVersion: 1.0\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: cp36-abi3-linux_x86_64\n")
    (info / "RECORD").write_text("stable.abi3.so,,\n")
    found = diagnose("stable", file)

    assert outcome(found) == ("cannot", "declared"), found
    assert "stable ABI of 3.6" in found.why[0]
    assert "Py_LIMITED_API=0x030C0000" in found.next


def test_hints_are_beside_the_verdict(diagnose: Diagnose) -> None:
    body = """
        static __thread long of_thread __attribute__((tls_model("initial-exec")));
        static PyObject *attach(PyObject *self, PyObject *unused) {
            PyGILState_Release(PyGILState_Ensure());
            return PyLong_FromLong(of_thread++);
        }
        __asm__(".type shared_by_all, @gnu_unique_object\\n" /* clang: that binding is enough */
                ".data\\nshared_by_all: .quad 1\\n.size shared_by_all, 8\\n.text");
    """
    row = '{"attach", attach, METH_NOARGS, NULL},'
    found = diagnose("hints", c.multi("hints", body, methods=row, slots=c.OWN))

    assert found.verdict == "ready", found
    told = " ".join(found.hints)
    assert "PyGILState_Ensure" in told
    assert "1 symbol with STB_GNU_UNIQUE" in told
    assert "initial-exec TLS" in told


# ---- HPy ---------------------------------------------------------------------------------------
def test_an_hpy_file_is_ready_where_hpystate_loads_it(diagnose: Diagnose) -> None:
    found = diagnose("good", compile_snippet("good", GOOD))

    assert found.verdict == "ready", found
    assert found.layers["declared"] == "HPy 0.9, ABI 0.0"
    assert found.next.startswith("python -m hpystate abi ")


def test_an_hpy_file_for_the_main_interpreter_only_is_not_ready(diagnose: Diagnose) -> None:
    word = """
    HPy_EXPORTED_FUNC const char *hpystate_interpreters_good(void) { return "main"; }
    HPy_MODINIT"""
    found = diagnose("good", compile_snippet("good", GOOD.replace("\n    HPy_MODINIT", word)))

    assert outcome(found) == ("declare only", "declared"), found
