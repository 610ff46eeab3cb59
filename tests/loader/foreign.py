"""foreign.py: a small host in C that stands for another HPy runtime, and what tests do with it.

It puts a context of its own into a file, and content of its own into slots.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conftest import Child

HOST = r"""
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

/* The head of a context, as every runtime lays it out. */
static struct { const char *name; void *own; int version; void *rest[300]; } context = {NAME};
static volatile int stop;
static long changes;
static pthread_t reader;

int host_takes(const char *path, const char *function) {
    void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void (*init)(void *) = file ? (void (*)(void *))dlsym(file, function) : 0;
    if (!init) return -1;
    init(&context);
    return 0;
}
uintptr_t host_context(void) { return (uintptr_t)&context; }
int host_has(uintptr_t word) { return *(void **)word == (void *)&context; }
void host_writes(uintptr_t slot, uintptr_t content) { *(volatile uintptr_t *)slot = content; }

/* As a runtime that calls through the file's pointer all the time. */
static void *read_on(void *word) {
    while (!stop)
        if (*(void *volatile *)word != (void *)&context) ++changes;
    return 0;
}
int host_begins_reading(uintptr_t word) {
    return pthread_create(&reader, 0, read_on, (void *)word);
}
long host_ends_reading(void) { stop = 1; pthread_join(reader, 0); return changes; }
"""

MODULE = """
    #include <hpy.h>
    static HPyGlobal first, second;
    static HPyGlobal *of(HPyContext *ctx, HPy number) {
        return HPyLong_AsLong(ctx, number) == 0 ? &first : &second;
    }
    HPyDef_METH(put, "put", HPyFunc_VARARGS)
    static HPy put_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n) {
        HPyGlobal_Store(ctx, of(ctx, args[0]), args[1]);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_O)
    static HPy get_impl(HPyContext *ctx, HPy self, HPy number) {
        HPy value = HPyGlobal_Load(ctx, *of(ctx, number));
        if (HPy_IsNull(value) && !HPyErr_Occurred(ctx))
            return HPyUnicode_FromString(ctx, "nothing");
        return value;
    }
    HPyDef_METH(address, "address", HPyFunc_O)
    static HPy address_impl(HPyContext *ctx, HPy self, HPy number) {
        return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)of(ctx, number));
    }
    HPyDef_METH(content, "content", HPyFunc_O)
    static HPy content_impl(HPyContext *ctx, HPy self, HPy number) {
        return HPyLong_FromSsize_t(ctx, of(ctx, number)->_i);
    }
    HPyDef_METH(context_word, "context_word", HPyFunc_NOARGS)
    static HPy context_word_impl(HPyContext *ctx, HPy self) {
        return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)&_ctx_for_trampolines);
    }
    static HPyDef *defines[] = {&put, &get, &address, &content, &context_word, NULL};
    static HPyGlobal *globals[] = {&first, &second, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(both, definition)
"""

BEGIN = """
import ctypes, os, sys, warnings
import hpystate
warnings.simplefilter("always")
path = sys.argv[1]
host = ctypes.CDLL(sys.argv[2])
host.host_writes.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
host.host_has.argtypes = host.host_begins_reading.argtypes = [ctypes.c_size_t]
host.host_ends_reading.restype = ctypes.c_long
def host_takes():
    assert host.host_takes(path.encode(), b"HPyInitGlobalContext_both") == 0
def load(**how):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        module = hpystate.load("both", path, **how)
    return module, [str(one.message) for one in told]
def raised(module, number):
    try:
        return module.get(number)
    except SystemError as error:
        return str(error)
"""


def host_named(name: str, folder: Path) -> Path:
    source = folder / "host.c"
    source.write_text(HOST.replace("NAME", f'"{name}"'))
    target = folder / "host.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-pthread", "-o", str(target), str(source)]
    subprocess.run(command, check=True)
    return target


def output(child: Child, script: str, *arguments: Path) -> list[str]:
    """The lines that a process prints, which has BEGIN first: its arguments are the extension's
    file, the host's, and what the script wants."""
    result = child(BEGIN + script, *(str(one) for one in arguments))
    assert result.returncode == 0, result.stderr
    lines: list[str] = result.stdout.splitlines()
    return lines
