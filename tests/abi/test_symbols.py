"""test_symbols.py: what the extension module shows to others, and what it keeps for the process."""

from __future__ import annotations

import re
import subprocess
import sysconfig

import pytest

import hpystate._native

NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

# Every word of the module that can be written after it was loaded, with the reason. hpystate exists
# because statics are shared by all interpreters; these are the ones that must be.
WRITABLE = {
    r"hpystate::thunk_targets": "the target of each thunk: globals/thunk_table.h",
    r"hpystate::type_entries": "from a tp_dealloc to its record: types/record.h",
    r"hpystate::\(anonymous namespace\)::legacy_(deallocs|count)": "addresses: types/record.cpp",
    r"hpystate::\(anonymous namespace\)::python_dealloc": "CPython's own: foreign_base.cpp",
    r"hpystate::\(anonymous namespace\)::directory": "regions: interp_state/directory.cpp",
    r"(guard variable for )?hpystate::(registry|interner|thunk_table)\(\)::process_wide": "process",
    r"(guard variable for )?hpystate::\(anonymous namespace\)::files\(\)::process_wide": (
        "which file has its context: file_context.cpp"
    ),
    r"(guard variable for )?hpystate::around::\(anonymous namespace\)::board\(\)::process_wide": (
        "contexts around those of layers: versions/around/contexts.cpp"
    ),
    r"hpystate::\(anonymous namespace\)::makers": "one per thread: loader/old_module.cpp",
    r"(guard variable for )?hpystate::meeting\(\)::found|hpystate_meeting_1": (
        "where copies of the runtime meet: globals/copies.cpp"
    ),
    r"(guard variable for )?hpystate::context::this_copy\(.*\)::copy": "what it tells the others",
    r"(guard variable for )?hpystate::context::join_other_copies\(.*\)::joined": "that it has",
    r"(guard variable for )?hpystate::\(anonymous namespace\)::foreign_files\(\)::process_wide": (
        "files that another runtime has: elf/foreign_files.cpp"
    ),
    r"(guard variable for )?hpystate::\(anonymous namespace\)::private_copies\(\)::process_wide": (
        "copies of files: loader/private_copies.cpp"
    ),
    r"(guard variable for )?hpystate::keep_private_copy\(.*\)::at_end": "that they are removed",
    r"hpystate::\(anonymous namespace\)::reported": "once: interp_state/foreign_report.cpp",
    r"hpystate::\(anonymous namespace\)::(methods|slots|definition)": "CPython's tables",
    r"(guard variable for )?hpystate::\(anonymous namespace\)::number_definitions\(\)::numbered": (
        "that they are numbered: anchor.cpp"
    ),
    r"hpystate::(\(anonymous namespace\)::)?(anchor|public)_definition": "CPython's too",
    r"hpystate::other_module_layout": "whether modules are laid out otherwise: anchor.cpp",
    r"hpystate::\(anonymous namespace\)::looking_functions": "PyMethodDef: looking.cpp",
    r"hpystate::face::fast": "where regions are, for inline code of files: face/here.cpp",
    r"hpystate::\(anonymous namespace\)::thread_word": "once: cpython/thread_word.cpp",
    r"hpystate::raised_word": "the same: cpython/raised.cpp",
    r"hpystate_unstable_(link|nowhere)": "of hpystate/global.h, which this file includes: unused",
    r"hpystate::private_symbols": "tests take some away: cpython/private_symbols.cpp",
    r"hpystate::layers::\(anonymous namespace\)::(handle_)?(methods|slots|getsets|spec)": "too",
    r"PyInit__needs_gil(\(\))?::(slots|definition)": "too",
    r"hpystate::\(anonymous namespace\)::stripes": "cells of fields, without the GIL: field.cpp",
    r"hpystate::layers::\(anonymous namespace\)::crash": "pages with characters: debug_crash.cpp",
    r"hpystate::layers::\(anonymous namespace\)::(current|in_hook|waiting(_count)?)": "per thread",
    r"hpystate::\(anonymous namespace\)::board": "makers and waiters: interp_state/turns.cpp",
    r"hpystate::watch_forks\(\)::registered": "and that forks know of them",
    r"hpystate::\(anonymous namespace\)::(depth|nested)": "one per thread: calls, types",
    r"hpystate::held_rank\(\)::rank": "one per thread, in builds that check locks",
    r"completed\.0|__dso_handle|_ITM_.*|__gcc_.*|DW\.ref\..*|__TMC_END__": "the compiler's",
}


def nm(*flags: str) -> list[tuple[str, str]]:
    command = ["nm", "-C", *flags, hpystate._native.__file__]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.findall(r"^[0-9a-f ]{16} (\w) (.*)$", text, re.MULTILINE)


def writable_sections() -> set[str]:
    """Symbols of .data and .bss; .data.rel.ro is protected once it was relocated."""
    command = ["objdump", "-t", hpystate._native.__file__]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = re.findall(
        r"^[0-9a-f]{16} .{7} (?:\.data|\.bss|\.tbss|\.tdata)\t[0-9a-f]+ +(?:\.hidden )?(.*)$",
        text,
        re.M,
    )
    # clang gives each part of an array that it took apart a number.
    mangled = {re.sub(r"^(_Z.*)\.\d+$", r"\1", name) for name in rows if not name.startswith(".")}
    demangled = subprocess.run(
        ["c++filt"], input="\n".join(mangled), capture_output=True, text=True, check=True
    )
    return set(demangled.stdout.splitlines())


def test_nothing_is_exported_but_the_init_function_the_meeting_of_copies_and_a_layout() -> None:
    exported = {name for kind, name in nm("-D", "--defined-only") if kind not in "Uw"}

    # The meeting: globals/copies.h. For debuggers: gdb_layout.cpp. Without the GIL: gil.py.
    always = {"PyInit__native", "hpystate_meeting_1", "hpystate_gdb_1"}
    assert exported == always | ({"PyInit__needs_gil"} if NO_GIL else set())


def test_no_symbol_is_merged_between_two_copies_of_the_runtime() -> None:
    assert [name for kind, name in nm() if kind == "u"] == []


def test_every_word_that_can_be_written_has_a_reason() -> None:
    names = writable_sections()
    if not names:
        pytest.fail("the module was stripped; this test reads its symbols")
    unexplained = [
        name for name in sorted(names) if not any(re.fullmatch(p, name) for p in WRITABLE)
    ]
    assert unexplained == []
