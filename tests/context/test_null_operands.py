"""test_null_operands.py: HPy_NULL for each operand of each function of the context.

docs/decisions/0002-null-operands.md lists the functions that take it, and why the others do not.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hpystate.demo.upstream import upstream_python
from hpystate.testing import compile_snippet
from tests.conftest import WITH_UPSTREAM
from tests.context import null_operands

#: What the functions do that are given HPy_NULL and take it. All others raise a SystemError.
TAKEN = {
    "Dup 1": "value HPy_NULL None", "Close 1": "value nothing None",
    "Number_Check 1": "value number 0", "Callable_Check 1": "value number 0",
    "Is 1": "value number 0", "Is 2": "value number 0", "Capsule_IsValid 1": "value number 0",
    "Err_ExceptionMatches 1": "value number 0", "Repr 1": "value object '<NULL>'",
    "Str 1": "value object '<NULL>'", "ASCII 1": "value object '<NULL>'",
    "Bytes 1": "value object b'<NULL>'", "EvalCode 3": "value object 1",
    "CallTupleDict 2": "value object {}", "CallTupleDict 3": "value object {}",
    "Call 4": "value object {}", "CallMethod 4": "value object 1",
    "Err_SetObject 2": "raises KeyError ", "Err_WarnEx 1": "value number 0",
    "Err_SetFromErrnoWithFilenameObjects 2": "raises OSError [Errno 0] Error",
    "Err_SetFromErrnoWithFilenameObjects 3": "raises OSError [Errno 0] Error: 'a'",
    "Err_NewException 2": "value object <class 'real.E'>",
    "Err_NewException 3": "value object <class 'real.E'>",
    "Err_NewExceptionWithDoc 3": "value object <class 'real.E'>",
    "Err_NewExceptionWithDoc 4": "value object <class 'real.E'>",
    "Err_WriteUnraisable 1": "value nothing None",
    "Type_GenericNew 4": "value object <object object>",
    "SetAttr 3": "raises AttributeError 'KeyError' object has no attribute 'x'",
    "SetAttr_s 3": "raises AttributeError 'KeyError' object has no attribute 'real'",
    "AsPyObject 1": "value NULL None", "Tracker_Add 2": "value number 0",
    "Global_Store 2": "value nothing None", "Dump 1": "value nothing None",
    "ContextVar_New 2": "value object <ContextVar name='real'>",
    "ContextVar_Get 2": "value number 0", "ListBuilder_Set 3": "value nothing None",
    "TupleBuilder_Set 3": "value nothing None", "SetSlice 4": "value number 0",
    "Slice_New 1": "value object slice(None, 2, 3)",
    "Slice_New 2": "value object slice(1, None, 3)",
    "Slice_New 3": "value object slice(1, 2, None)",
} | {
    f"AsStruct_{shape} 1": "value NULL None"
    for shape in "Object Legacy Type Long Float Unicode Tuple List Dict".split()
}  # fmt: skip

HEADERS = Path(__file__).parents[2] / "include" / "hpy"

#: Refused though upstream returns a value; the reason is in docs/decisions/0002-null-operands.md.
STRICTER_THAN_UPSTREAM = {"TypeCheck 2", "Type_IsSubtype 2", "Bytes_AS_STRING 1"}


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("null_operands", null_operands.source())


def outcomes(python: str, file: Path, mode: str) -> dict[str, str]:
    command = [python, str(null_operands.__file__), str(file), mode]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return {
        case: re.sub(r" at 0x[0-9a-f]+", "", outcome)
        for case, outcome in json.loads(result.stdout).items()
    }


def typed_names() -> dict[str, str]:
    """Function of the context -> the function that an extension's author calls, by our headers."""
    head = r"^static inline [^(]*?(HPy\w+)\(HPyContext\* ctx[^{;]*\{\n"
    pattern = head + r"(?:    .*\n)*?    .*HPY_FUNCTION\(ctx, (\w+)\)"
    texts = [path.read_text() for path in HEADERS.glob("*.h")]
    return {slot: name for text in texts for name, slot in re.findall(pattern, text, re.MULTILINE)}


def test_every_function_with_a_handle_is_called() -> None:
    called = {name for _, name, _, _ in null_operands.functions()}

    assert len(called) + len(null_operands.ELSEWHERE) == 148
    assert {case.split()[0] for case in TAKEN} <= called


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_a_null_operand_is_taken_or_a_system_error_naming_the_function(
    file: Path, mode: str
) -> None:
    found = outcomes(sys.executable, file, mode)

    typed = typed_names()
    refused = {case: outcome for case, outcome in found.items() if case not in TAKEN}
    assert {case: found[case] for case in TAKEN} == TAKEN
    for case, outcome in refused.items():
        name, index = case.split()
        expected = f"raises SystemError {typed[name]}: parameter {index} is HPy_NULL"
        assert outcome.startswith(expected)


@WITH_UPSTREAM
def test_where_upstream_answers_the_answer_is_the_same(file: Path) -> None:
    theirs = outcomes(str(upstream_python()), file, "upstream")
    ours = outcomes(sys.executable, file, "universal")

    answered = {case for case, outcome in theirs.items() if outcome.startswith("value")}
    assert len(answered) > 30
    assert answered >= STRICTER_THAN_UPSTREAM
    for case in answered - STRICTER_THAN_UPSTREAM:
        assert (case, ours[case]) == (case, theirs[case])
    for case, outcome in ours.items():
        if outcome.startswith("value"):
            assert case in answered or theirs[case] == "crashes", (case, theirs[case])
