"""test_finding.py: functions that cannot be found or used are an error that names the cause."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import hpystate
from hpystate.build import compile_extension
from hpystate.testing import Interpreter
from tests.conftest import Child
from tests.siblings import checks
from tests.siblings.conftest import (
    EXPECTED,
    HERE,
    MODES,
    Files,
    Load,
    compile_pair,
    compile_with_later_header,
)


def test_a_version_that_is_not_there_is_named_with_those_that_are(load: Load) -> None:
    _, borrower = load("universal", "universal")
    message = r"hpystate_context_for: a context of HPy ABI {} was asked for; this runtime has {}"
    for asked in ((0, 1), (1, 0), (7, 3)):
        with pytest.raises(RuntimeError) as caught:
            borrower.context_for(*asked)
        assert str(caught.value).startswith(
            message.format(f"{asked[0]}.{asked[1]}", "0.0 (HPy 0.9)")
        )


def test_functions_for_a_version_that_is_not_there_are_not_found(
    load: Load, tmp_path: Path
) -> None:
    later = compile_pair(tmp_path, "lender", "-DOTHER_VERSION")
    mine = compile_pair(tmp_path, "borrower")  # in the file that others use the API is known
    with pytest.raises(RuntimeError, match=r"HPy ABI 1\.7 was asked for; this runtime has 0\.0"):
        load("universal", "universal", (later, mine))


def test_a_module_with_fewer_functions_is_refused(load: Load, files: Files, tmp_path: Path) -> None:
    newer = compile_pair(tmp_path, "borrower", "-DMORE=8")
    with pytest.raises(
        ImportError, match=r"publishes 56 bytes of functions, .* compiled for 64\. Install a later"
    ):
        load("universal", "universal", (files[0], newer))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("attribute", "error"),
    [("", AttributeError), ("lender._C_API = 7", ValueError), ("lender._C_API = dt", ValueError)],
)
def test_an_attribute_that_is_not_such_a_capsule_is_refused(
    load: Load, files: Files, attribute: str, error: type[Exception], mode: str
) -> None:
    from datetime import datetime_CAPI as dt  # a capsule of another name

    lender, _ = load("universal", mode)
    del lender._C_API
    exec(attribute, {"lender": lender, "dt": dt})
    with pytest.raises(error) as caught:
        hpystate.load("borrower", files[1], mode=mode)

    if error is ValueError:
        assert "a capsule named hpystate.api.1 was expected" in str(caught.value)


def test_a_module_of_another_file_than_in_another_interpreter_is_refused(
    load: Load, files: Files, tmp_path: Path
) -> None:
    load("universal", "universal")
    other = compile_extension("lender", [HERE / "lender.c"], tmp_path)
    with Interpreter("own") as interpreter:
        answer = interpreter.run(f"""
            import sys, hpystate
            sys.modules["lender"] = hpystate.load("lender", {str(other)!r})
            try:
                hpystate.load("borrower", {str(files[1])!r})
                answer = "loaded"
            except ImportError as error:
                answer = str(error)
        """)

    assert "publishes other functions here than in an interpreter that imported this" in answer


def test_two_interpreters_that_find_two_files_at_once_do_not_mix_them(
    files: Files, tmp_path: Path, child: Child
) -> None:
    """What was found is one static of the borrower, which all interpreters write."""
    other = compile_extension("lender", [HERE / "lender.c"], tmp_path)
    script = f"""
import sys, threading
sys.path[:] = {sys.path!r}
from hpystate.testing import Interpreter
interpreters = []
for lender in {[str(files[0]), str(other)]!r}:
    interpreters.append(Interpreter("own"))
    interpreters[-1].run(f'''
        import sys, hpystate
        sys.modules["lender"] = hpystate.load("lender", {str(files[0])!r})
        borrower = hpystate.load("borrower", {str(files[1])!r})
        sys.modules["lender"] = hpystate.load("lender", {{lender!r}})
    ''')
refused = []
start = threading.Barrier(2)
def work(interpreter):
    start.wait()
    refused.append(interpreter.run("answer = borrower.find_many()"))
threads = [threading.Thread(target=work, args=[each]) for each in interpreters]
for each in threads: each.start()
for each in threads: each.join()
print(sum(refused), interpreters[0].run("answer = borrower.mixed()"))
for each in interpreters: each.close()
"""
    result = child(script)

    assert result.returncode == 0, result.stderr
    # Of two interpreters one is refused, whichever was first.
    assert result.stdout.split() == ["4000", "0"]


def test_a_long_name_in_a_message_is_cut_between_characters(load: Load) -> None:
    lender, borrower = load("universal", "universal")
    name = "x" + "\u00e9" * 60  # 121 bytes
    sys.modules[name] = lender
    try:
        with pytest.raises(ImportError, match="module 'x(\u00e9){49}' publishes 56 bytes"):
            borrower.find(name, 1000)
    finally:
        del sys.modules[name]


@pytest.mark.parametrize("which", ["lender", "borrower"])
def test_a_header_that_is_later_than_the_runtime_is_named(
    load: Load, files: Files, tmp_path: Path, which: str
) -> None:
    later = compile_with_later_header(tmp_path, which)
    pair = (later, files[1]) if which == "lender" else (files[0], later)
    if which == "lender":  # in the file that others use another lender is known
        pair = (later, compile_pair(tmp_path, "borrower"))
    with pytest.raises(ImportError, match=r"compiled with another hpystate/sibling\.h than this"):
        load("universal", "universal", pair)


def test_two_files_with_a_later_header_call_each_other(load: Load, tmp_path: Path) -> None:
    later = tuple(compile_with_later_header(tmp_path, name) for name in ("lender", "borrower"))
    lender, borrower = load("universal", "debug", later)

    assert checks.everything(lender, borrower) == EXPECTED
    assert borrower.context_by_table() == "none"


@pytest.mark.parametrize("optimised", ["-O0", "-O2"])
@pytest.mark.parametrize("name", ["lender", "borrower"])
def test_the_header_gives_no_warning_where_it_is_compiled(
    tmp_path: Path, name: str, optimised: str
) -> None:
    """Not only read: whether a text fits into its buffer is found where code is made."""
    # clang 14 does not know the third, and GCC takes any -Wno- in silence
    flags = ["-Wall", "-Wextra", "-Wformat-truncation=2", "-Wno-unknown-warning-option"]
    flags += ["-Werror", optimised]
    assert compile_pair(tmp_path, name, *flags).exists()
