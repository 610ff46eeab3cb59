"""test_hosts.py: the table of docs/hosts.md is what the hosts do; PyPy's column: test_pypy.py."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import hpystate
from hpystate.build import include_flags
from tests.conftest import WITH_UPSTREAM
from tests.hosts import hosts

HEADERS = Path(hpystate.include_dir())

#: A program that makes contexts of other runtimes: functions at 0x7f.., handles as PyPy has them.
PROGRAM = r"""
#include <hpy.h>
#include <stdio.h>

static struct { HPyContext context; void *more; } host;
static int probes;
static HPy type_of(HPyContext *ctx, HPy h) {
    HPy t = {0x56};
    (void)ctx, (void)h;
    ++probes;
    return t;
}
static int is(HPyContext *ctx, HPy a, HPy b) {
    (void)ctx;
    return a._i == 0x56 && b._i == (IS_DICT ? 0x53 : 0);
}
static void end(HPyContext *ctx, HPy h) { (void)ctx, (void)h; }
static void fatal(HPyContext *ctx, const char *text) {
    (void)ctx;
    printf("fatal: %s\n", text);
    exit(3);
}
static const char *name_of(HPyContext *ctx, HPy h) { (void)ctx, (void)h; return "dict"; }
static const char *another(HPyContext *ctx, HPy h) { (void)ctx, (void)h; return "another"; }

int main(void) {
    HPyContext *ctx = &host.context;
    HPy any = {1};
    ctx->name = NAME;
    ctx->h_Builtins._i = 0x52;
    ctx->ctx_Type = &type_of, ctx->ctx_Is = &is;
    ctx->ctx_Close = &end, ctx->ctx_FatalError = &fatal;
    /* another function behind each, so a wrong place is noticed */
    (&ctx->ctx_Type_GetName)[0] = &another;
    (&ctx->ctx_Type_GetName)[1] = &another;
    (&ctx->ctx_Type_GetName)[MOVED] = &name_of;
    HPy word = {WORD};
    memcpy(&ctx->ctx_Capsule_New, &word, sizeof word);
    ctx->hpystate_layout = MARK;
    for (int i = 0; i < 3; ++i) printf("%s ", HPyType_GetName(ctx, any));
    printf("%d\n", probes);
    return 0;
}
"""
PYPY_NAME = '"HPy Universal ABI (PyPy backend)"'
CODE = "0x7f0000001000"


def run_program(folder: Path, compiler: str = "cc", **defined: object) -> tuple[int, str]:
    values = {"NAME": PYPY_NAME, "WORD": "0x53", "MOVED": 1, "IS_DICT": 1, "MARK": 0} | defined
    source = folder / "program.c"
    source.write_text(PROGRAM)
    program = folder / "program"
    flags = [*include_flags(), *(f"-D{name}={value}" for name, value in values.items())]
    command = [compiler, "-O2", "-Wall", "-Werror", *flags, "-o", str(program), str(source)]
    subprocess.run(command, check=True)
    result = subprocess.run([program], capture_output=True, text=True, timeout=30, check=False)
    return result.returncode, result.stdout.strip()


@pytest.mark.parametrize("compiler", ["cc", "clang"])
def test_a_moved_function_is_found_after_one_proof(tmp_path: Path, compiler: str) -> None:
    assert run_program(tmp_path, compiler) == (0, "dict dict dict 1")


@pytest.mark.parametrize(
    "defined",
    [
        {"MARK": "HPYSTATE_LAYOUT_AS_LISTED"},  # ours, whatever the rest is
        {"WORD": CODE},  # a PyPy for Python 3.10
        {"NAME": '"HPy Universal ABI (CPython backend)"'},
        {"HPYSTATE_OTHER_HOSTS": 0},
    ],
    ids=lambda defined: "-".join(defined),
)
def test_no_other_context_is_taken_for_a_moved_one(tmp_path: Path, defined: dict) -> None:
    assert run_program(tmp_path, MOVED=0, **defined) == (0, "dict dict dict 0")


def test_the_handle_that_trace_mode_leaves_null_is_proved_by_the_function(tmp_path: Path) -> None:
    assert run_program(tmp_path, WORD=0, IS_DICT=0) == (0, "dict dict dict 1")


@pytest.mark.parametrize("defined", [{"IS_DICT": 0}, {"MOVED": 0}], ids=str)
def test_a_move_that_is_not_proved_ends_the_process_with_the_cause(
    tmp_path: Path, defined: dict
) -> None:
    status, said = run_program(tmp_path, **defined)

    assert status == 3
    assert "not the type dict" in said and "7.3.19" in said


def test_the_functions_that_may_have_moved_are_nineteen(tmp_path: Path) -> None:
    listed = (HEADERS / "hpy" / "abi" / "hpy_0_9.def").read_text()
    between = listed.partition("HPY_HANDLE(Builtins)")[2].partition("HPY_HANDLE(DictType)")[0]
    names = re.findall(r"^HPY_FUNC\([^,]+, (\w+),", between, re.MULTILINE)
    source = tmp_path / "count.c"
    every = re.findall(r"^HPY_FUNC\([^,]+, (\w+),", listed, re.MULTILINE)
    lines = [f"_Static_assert(HPYSTATE_MAY_MOVE({n}) == {int(n in names)}, {n!r});" for n in every]
    source.write_text("#include <hpy.h>\n" + "\n".join(lines).replace("'", '"') + "\n")
    subprocess.run(["cc", "-fsyntax-only", *include_flags(), str(source)], check=True)

    assert (len(names), names[0], names[-1]) == (19, "Capsule_New", "CallMethod")


def test_every_row_is_as_expected_here() -> None:
    found = hosts.measure(hosts.OURS)

    assert found == hosts.expected(hosts.OURS)
    assert {text for rows in found.values() for text in rows.values()} == {""}


@pytest.mark.slow
@WITH_UPSTREAM
def test_hpys_own_runtime_does_what_the_table_has() -> None:
    assert hosts.measure(hosts.UPSTREAM) == hosts.expected(hosts.UPSTREAM)
