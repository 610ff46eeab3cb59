"""test_other_runtimes_policy.py: what a module states about other runtimes, and what cannot serve.

Each case is a process of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import hpystate._native
from hpystate.testing import compile_snippet
from tests.conftest import Child
from tests.loader.foreign import MODULE, host_named, output


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("both", MODULE)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    return host_named("HPy Universal ABI (host of a test)", tmp_path)


# ---- what the module itself states -------------------------------------------------------------


def file_that_says(word: str) -> Path:
    stated = f'HPYSTATE_OTHER_RUNTIMES(both, "{word}")'
    return compile_snippet("both", f"{MODULE}\n    {stated}\n")


@pytest.mark.parametrize(
    ("word", "lines"),
    [
        ("share", ["True 1", "ours"]),
        ("copy", ["False 0", "ours"]),
        ("refuse", ["other-runtime"]),
    ],
)
def test_the_policy_that_a_module_states_counts_where_nobody_else_says_one(
    child: Child, host: Path, tmp_path: Path, word: str, lines: list[str]
) -> None:
    script = """
host_takes()
try:
    module, told = load()
    print(bool(host.host_has(module.context_word())), len(told))
    module.put(0, "ours")
    print(module.get(0))
except hpystate.LoadError as error:
    print(error.kind)
"""
    assert output(child, script, file_that_says(word), host) == lines


@pytest.mark.parametrize("word", ["share", "copy", "refuse"])
def test_the_caller_and_the_environment_count_more_than_the_module(
    child: Child, host: Path, word: str
) -> None:
    script = """
host_takes()
os.environ["HPYSTATE_OTHER_RUNTIMES"] = "both=share"
shared, _ = load()
print(host.host_has(shared.context_word()))
try:
    load(other_runtimes="refuse")
except hpystate.LoadError as error:
    print(error.kind)
copied, _ = load(other_runtimes="copy")
print(host.host_has(copied.context_word()))
"""
    assert output(child, script, file_that_says(word), host) == ["1", "other-runtime", "0"]


def test_a_module_that_states_another_word_is_refused(child: Child, host: Path) -> None:
    script = """
try:
    load()
except hpystate.LoadError as error:
    print(error.kind, "'sometimes'" in str(error), "'share', 'copy' or 'refuse'" in str(error))
"""
    lines = output(child, script, file_that_says("sometimes"), host)

    assert lines == ["bad-other-runtimes True True"]


def test_a_copy_that_cannot_be_made_leaves_nothing_behind(
    child: Child, file: Path, host: Path, tmp_path: Path
) -> None:
    script = f"""
import shutil, tempfile
tempfile.tempdir = {str(tmp_path)!r}
before = set(os.listdir(tempfile.tempdir))
real = shutil.copy
def full(source, target):
    real(source, target)
    raise OSError(28, "No space left on device")
shutil.copy = full
try:
    load(other_runtimes="copy")
except OSError as error:
    print(error.errno, set(os.listdir(tempfile.tempdir)) - before)
shutil.copy = real
module, _ = load(other_runtimes="copy")
module.put(0, "ours")
print(module.get(0))
"""
    assert output(child, script, file, host) == ["28 set()", "ours"]


def test_no_trampoline_is_used_of_a_file_that_another_runtime_has_and_the_error_tells_why(
    child: Child, file: Path, host: Path
) -> None:
    script = """
hpystate._native._pretend_other_module_layout()
host_takes()
try:
    load()
except SystemError as error:
    print("there is no thunk" in str(error))
    print("another layout" in str(error), "another HPy runtime has the file" in str(error))
"""
    if not hasattr(hpystate._native, "_pretend_other_module_layout"):
        pytest.skip("left out: a build without checks has no other module layout to pretend")

    assert output(child, script, file, host) == ["True", "True True"]


#: More functions of one kind than there are thunks: those beyond are the file's trampolines.
MANY = 520
MANY_SOURCE = (
    "#include <hpy.h>\n"
    + "".join(
        f'HPyDef_METH(f{n}, "f{n}", HPyFunc_NOARGS)\n'
        f"static HPy f{n}_impl(HPyContext *ctx, HPy self) {{\n"
        f"    return HPyLong_FromLong(ctx, {n});\n"
        "}\n"
        for n in range(MANY)
    )
    + "static HPyDef *defines[] = {"
    + "".join(f"&f{n}, " for n in range(MANY))
    + "NULL};\nstatic HPyModuleDef definition = {.defines = defines};\n"
    "HPy_MODINIT(both, definition)\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False])
def test_a_pool_that_is_used_up_is_named_if_another_runtime_has_the_file(
    child: Child, host: Path, shared: bool
) -> None:
    script = f"""
if {shared}: host_takes()
try:
    module, _ = load()
    print([getattr(module, f"f{{n}}")() for n in range({MANY})] == list(range({MANY})))
except SystemError as error:
    text = str(error)
    print("512 different functions" in text, "another HPy runtime has the file" in text)
"""
    lines = output(child, script, compile_snippet("both", MANY_SOURCE), host)

    assert lines == (["True True"] if shared else ["True"])
