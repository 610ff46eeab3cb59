"""test_contexts_in_a_file.py: a file with several pointers to a context, of which some are ours.

Each module of a file has a pointer for its trampolines, and an extension may keep a context in a
static of its own. Each case is a process of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hpystate
from hpystate.build import helper_sources, include_folder
from hpystate.testing import compile_snippet
from tests.conftest import Child
from tests.loader.foreign import host_named, output

#: Two of them make a file of two modules.
PART = r"""
#define HPY_EMBEDDED_MODULES
#include <hpy.h>
HPY_MOD_EMBEDDABLE(NAME)
static HPyGlobal kept;
HPyDef_METH(NAME_put, "put", HPyFunc_O)
static HPy NAME_put_impl(HPyContext *ctx, HPy self, HPy value) {
    HPyGlobal_Store(ctx, &kept, value);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(NAME_get, "get", HPyFunc_NOARGS)
static HPy NAME_get_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, kept); }
static HPyDef *defines[] = {&NAME_put, &NAME_get, NULL};
static HPyGlobal *globals[] = {&kept, NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(NAME, definition)
"""


def compile_two(folder: Path) -> Path:
    sources = []
    for name in ("alpha", "both"):
        sources.append(folder / f"{name}.c")
        sources[-1].write_text(PART.replace("NAME", name))
    target = folder / "alpha.hpy0.so"
    command = ["cc", "-std=gnu11", "-shared", "-fPIC", "-O1", "-DHPY_ABI_UNIVERSAL"]
    command += [f"-I{include_folder()}", "-o", str(target)]
    subprocess.run([*command, *map(str, [*sources, *helper_sources()])], check=True)
    return target


@pytest.fixture
def host(tmp_path: Path) -> Path:
    return host_named("HPy Universal ABI (host of a test)", tmp_path)


@pytest.mark.parametrize("order", [("alpha", "both"), ("both", "alpha")])
def test_trampolines_of_the_second_module_of_a_file_work(
    child: Child, tmp_path: Path, host: Path, order: tuple[str, str]
) -> None:
    """Without thunks, as in modules of another layout, CPython calls trampolines."""
    if not hasattr(hpystate._native, "_pretend_other_module_layout"):
        pytest.skip("left out: a build without checks has no other module layout to pretend")
    script = f"""
hpystate._native._pretend_other_module_layout()
for name in {order!r}:
    module = hpystate.load(name, path)
    module.put(name)
    print(module.get())
"""
    assert output(child, script, compile_two(tmp_path), host) == list(order)


def test_another_runtime_that_has_one_module_of_a_file_has_the_file(
    child: Child, tmp_path: Path, host: Path
) -> None:
    script = """
host_takes()
for name in ("alpha", "both"):
    try:
        hpystate.load(name, path, other_runtimes="refuse")
    except hpystate.LoadError as error:
        print(name, error.kind)
"""
    lines = output(child, script, compile_two(tmp_path), host)

    assert lines == ["alpha other-runtime", "both other-runtime"]


def test_another_runtime_that_takes_the_second_module_later_is_noticed(
    child: Child, tmp_path: Path, host: Path
) -> None:
    script = """
for name in ("alpha", "both"):
    hpystate.load(name, path)
host_takes()
for name in ("alpha", "both"):
    try:
        hpystate.load(name, path, other_runtimes="refuse")
    except hpystate.LoadError as error:
        print(name, error.kind)
"""
    # alpha was given its context before both was, and looks at the words that had one then: its own
    # pointer is ours, so it works.
    assert output(child, script, compile_two(tmp_path), host) == ["both other-runtime"]


#: An extension that keeps its context in a static of its own.
KEEPS = """
    #include <hpy.h>
    static HPyContext *before = NULL;
    static HPyGlobal kept;
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy value) {
        before = ctx;
        HPyGlobal_Store(ctx, &kept, value);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, kept); }
    HPyDef_METH(forget, "forget", HPyFunc_O)
    static HPy forget_impl(HPyContext *ctx, HPy self, HPy value) {
        before = (HPyContext *)HPyLong_AsSsize_t(ctx, value);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(context_word, "context_word", HPyFunc_NOARGS)
    static HPy context_word_impl(HPyContext *ctx, HPy self) {
        return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)&_ctx_for_trampolines);
    }
    static HPyDef *defines[] = {&put, &get, &forget, &context_word, NULL};
    static HPyGlobal *globals[] = {&kept, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(both, definition)
"""


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_a_context_of_ours_that_an_extension_keeps_is_not_another_runtimes(
    child: Child, host: Path, tmp_path: Path, mode: str
) -> None:
    """Neither for this copy of the runtime nor for a second one in the same Python."""
    file = compile_snippet("both", KEEPS)
    copied = shutil.copy(hpystate._native.__file__, tmp_path)
    script = f"""
import importlib.machinery, importlib.util
module, told = load(mode={mode!r}, other_runtimes="refuse")
module.put("ours")
again, more = load(mode={mode!r}, other_runtimes="refuse")
# Without the GIL a mode brings it back, and warns.
print(again.get(), [text for text in told + more if "global interpreter lock" not in text])

name, second = "_native", sys.argv[3]
loader = importlib.machinery.ExtensionFileLoader(name, second)
native = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
loader.exec_module(native)
file, _ = native.inspect("both", path)
spec = importlib.machinery.ModuleSpec("both", None, origin=path)
other = native.create(file, spec, {mode!r}, None, "refuse")
native.execute(other)
other.put("the second's")
print(module.get(), other.get())
"""
    lines = output(child, script, file, host, Path(copied))

    assert lines == ["ours []", "ours the second's"]


@pytest.mark.parametrize("content", [0, 8, 0x5555_0000_0008])
def test_a_word_that_held_a_context_and_holds_something_else_is_not_followed(
    child: Child, host: Path, content: int
) -> None:
    """An extension's own pointer held the other runtime's context at our first load."""
    script = f"""
first = load()[0]
at = first.context_word()
first.put("kept")
host_takes()
second, told = load(other_runtimes="share")
host.host_writes(at, {content})
third, _ = load(other_runtimes="refuse")
first.forget({content})
fourth, _ = load(other_runtimes="refuse")
print(len(told), third.get(), fourth.get())
"""
    assert output(child, script, compile_snippet("both", KEEPS), host) == ["1 kept kept"]


#: A library that counts how often the kernel was asked for memory that may not be there.
COUNTER = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <sys/uio.h>
    static long reads;
    long count_of_reads(void) { return reads; }
    ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long n,
                             const struct iovec *remote, unsigned long m, unsigned long flags) {
        static ssize_t (*next)(pid_t, const struct iovec *, unsigned long, const struct iovec *,
                               unsigned long, unsigned long);
        if (!next) *(void **)&next = dlsym(RTLD_NEXT, "process_vm_readv");
        ++reads;
        return next(pid, local, n, remote, m, flags);
    }
"""

#: An extension with many numbers in a table that it may write.
TABLE = """
    #include <hpy.h>
    #define FOUR 1.5, -2.5, 1e300, 1e-300
    #define SIXTY_FOUR FOUR, FOUR, FOUR, FOUR, FOUR, FOUR, FOUR, FOUR, \\
        FOUR, FOUR, FOUR, FOUR, FOUR, FOUR, FOUR, FOUR
    static double table[64 * 64] = {
        [0 ... 64 * 64 - 1] = 1.5, [64] = SIXTY_FOUR, [640] = SIXTY_FOUR};
    HPyDef_METH(first, "first", HPyFunc_NOARGS)
    static HPy first_impl(HPyContext *ctx, HPy self) {
        table[1] += 1;
        return HPyFloat_FromDouble(ctx, table[0]);
    }
    static HPyDef *defines[] = {&first, NULL};
    static HPyModuleDef definition = {.defines = defines};
    HPy_MODINIT(numbers, definition)
"""

LOAD_TABLE = """
import ctypes, sys
import hpystate
module = hpystate.load("numbers", sys.argv[1])
print(module.first(), ctypes.CDLL(sys.argv[2]).count_of_reads())
"""


def test_a_table_of_numbers_is_not_read_as_addresses_one_by_one(tmp_path: Path) -> None:
    """4,096 doubles: each was asked of the kernel, 80 ms for 1 MiB of them."""
    if "HPYSTATE_SANITIZED" in os.environ:
        pytest.skip("left out: a sanitizer's run-time has to be the first library; the plain build")
    source = tmp_path / "counter.c"
    source.write_text(COUNTER)
    counter = tmp_path / "counter.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(counter), str(source), "-ldl"], check=True)
    file = compile_snippet("numbers", TABLE)

    result = subprocess.run(
        [sys.executable, "-c", LOAD_TABLE, str(file), str(counter)],
        env={**os.environ, "LD_PRELOAD": str(counter)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    value, reads = result.stdout.split()
    assert (value, 0 < int(reads) < 400) == ("1.5", True), result.stdout
