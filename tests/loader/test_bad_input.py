"""test_bad_input.py: what is wrong with a file or a definition is said, and nothing is lost.

The libraries are plain C without any header of HPy, so that they can lack and lie.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hpystate
from hpystate import LoadError, _native
from hpystate.testing import Interpreter, InterpreterError, compile_snippet

Library = Callable[..., Path]

# What HPy's module definition is made of, by layout alone.
STRUCTS = """
    #include <stdint.h>
    #include <stddef.h>
    typedef struct {
        const char *doc; intptr_t size; void *legacy; void **defines; void **globals;
    } Def;
    void HPyInitGlobalContext_mock(void *ctx) {}
"""
VERSIONS = """
    uint32_t get_required_hpy_major_version_mock(void) { return MAJOR; }
    uint32_t get_required_hpy_minor_version_mock(void) { return MINOR; }
"""


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Compiles C text to a file of the given name."""

    def compile_(source: str, file: str = "mock.hpy0.so", major: int = 0, minor: int = 0) -> Path:
        text = tmp_path / "mock.c"
        text.write_text(STRUCTS + source)
        target = tmp_path / file
        flags = [f"-DMAJOR={major}", f"-DMINOR={minor}", "-shared", "-fPIC"]
        subprocess.run(["cc", *flags, "-o", target, text], check=True)
        return target

    return compile_


@pytest.fixture(autouse=True)
def nothing_is_lost_or_half_registered() -> Iterator[None]:
    """The interpreter's state after a failure is the state before it."""
    before = _native.state()
    yield
    after = _native.state()
    for key in ("values", "slots", "generation"):
        assert after[key] == before[key]


def refused(path: str | Path, kind: str, *words: str, name: str = "mock") -> LoadError:
    """Loads what must be refused; the message holds the file and every word."""
    with pytest.raises(ImportError) as caught:
        hpystate.load(name, path)
    error = caught.value
    assert isinstance(error, LoadError)
    assert isinstance(error, RuntimeError)
    assert error.kind == kind
    assert error.path == os.path.abspath(path)
    for word in (os.path.abspath(path), *words):
        assert word in str(error)
    return error


# ---- files -------------------------------------------------------------------------------------


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    refused(tmp_path / "mock.hpy0.so", "missing-file", "No such file")


def test_a_directory(tmp_path: Path) -> None:
    refused(tmp_path, "not-shared-object", "no regular file")


def test_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "mock.hpy0.so"
    file.touch()

    refused(file, "not-shared-object", "no ELF file")


def test_a_file_that_is_no_shared_object(tmp_path: Path) -> None:
    file = tmp_path / "mock.hpy0.so"
    file.write_text("print('hello')\n" * 100)

    refused(file, "not-shared-object", "no ELF file")


def test_a_file_of_another_machine(library: Library) -> None:
    file = library(VERSIONS)
    data = bytearray(file.read_bytes())
    data[18:20] = (0x28).to_bytes(2, "little")  # e_machine: 32-bit ARM
    file.write_bytes(data)

    refused(file, "not-shared-object", "another machine")


def test_an_object_file_is_no_shared_object(library: Library) -> None:
    file = library(VERSIONS)
    data = bytearray(file.read_bytes())
    data[16:18] = (1).to_bytes(2, "little")  # e_type: ET_REL
    file.write_bytes(data)

    refused(file, "not-shared-object", "no shared object")


@pytest.mark.parametrize("part", [0.02, 0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file(library: Library, part: float) -> None:
    whole = library(VERSIONS).read_bytes()
    file = library(VERSIONS)
    file.write_bytes(whole[: int(len(whole) * part)])

    refused(file, "truncated", "truncated")


def test_every_truncation_is_refused_or_loads(library: Library, child: Callable) -> None:
    """dlopen of a truncated file dies by SIGBUS: in a child, every 97th length."""
    file = library(VERSIONS)
    script = """
import sys, os, hpystate
path = sys.argv[1]
data = open(path, "rb").read()
refused = 0
for length in range(0, len(data), 97):
    cut = path + f".{length}.hpy0.so"
    with open(cut, "wb") as file:
        file.write(data[:length])
    try:
        hpystate.load("mock", cut)
    except ImportError as error:
        refused += error.kind in ("truncated", "not-shared-object")
    os.unlink(cut)
print("refused", refused, "of", len(range(0, len(data), 97)))
"""
    result = child(script, str(file))

    assert result.returncode == 0, result.stderr
    words = result.stdout.split()
    assert words[1] == words[3]


@pytest.mark.parametrize("offset", range(16, 64, 4))
def test_a_damaged_header_is_no_crash(library: Library, child: Callable, offset: int) -> None:
    file = library(VERSIONS)
    data = bytearray(file.read_bytes())
    data[offset : offset + 4] = b"\xff\xff\xff\x7f"
    file.write_bytes(data)
    script = """
import sys, hpystate
try:
    hpystate.load("mock", sys.argv[1])
except ImportError as error:
    print(error.kind)
"""
    result = child(script, str(file))

    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_a_library_that_needs_what_is_not_there(library: Library) -> None:
    file = library("void nowhere(void); void *use(void) { return (void *)nowhere; }")

    refused(file, "open-failed", "nowhere")


# ---- versions ----------------------------------------------------------------------------------


def test_missing_version_symbols(library: Library) -> None:
    file = library("void *HPyInit_other(void) { return NULL; }")

    refused(file, "missing-version", "get_required_hpy_major_version_mock", "HPy_MODINIT(mock")


@pytest.mark.parametrize("present", ["major", "minor"])
def test_one_missing_version_symbol(library: Library, present: str) -> None:
    file = library(f"uint32_t get_required_hpy_{present}_version_mock(void) {{ return 0; }}")

    absent = "minor" if present == "major" else "major"
    refused(file, "missing-version", f"get_required_hpy_{absent}_version_mock")


def test_an_extension_for_the_cpython_abi(library: Library) -> None:
    file = library("void *PyInit_mock(void) { return NULL; }")

    refused(file, "missing-version", "PyInit_mock", "CPython ABI")


def test_an_extension_that_looks_like_an_older_version(library: Library) -> None:
    file = library("void *HPyInit_mock(void *ctx) { return NULL; }")

    refused(file, "missing-version", "0.0.4")


@pytest.mark.parametrize(("major", "minor"), [(3, 0), (0, 1), (999, 7)])
def test_a_version_that_we_lack(library: Library, major: int, minor: int) -> None:
    file = library(VERSIONS, major=major, minor=minor, file=f"mock.hpy{major}.so")

    refused(file, "unsupported-version", f"HPy ABI {major}.{minor}", "0.0 (HPy 0.9)")


def test_a_tag_in_the_file_name_that_is_not_the_version_inside(library: Library) -> None:
    file = library(VERSIONS, file="mock.hpy7.so")

    error = refused(file, "tag-mismatch", "says HPy ABI 7", "ABI 0.0")
    assert error.details["tag"] == "7"


@pytest.mark.parametrize("name", ["mock.so", "mock.hpy.so", "mock.hpyx0.so"])
def test_no_tag_in_the_file_name(library: Library, name: str) -> None:
    refused(library(VERSIONS, file=name), "no-tag", "mock.hpy0.so")


def test_a_tag_in_a_folder_says_nothing(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "x.hpy7"
    folder.mkdir()
    file = library(VERSIONS)
    moved = folder / "mock.hpy0.so"
    file.rename(moved)

    refused(moved, "missing-init")


# ---- functions and definitions -----------------------------------------------------------------


def test_no_init_function(library: Library) -> None:
    refused(library(VERSIONS), "missing-init", "HPyInit_mock")


def test_no_context_function(library: Library) -> None:
    source = (VERSIONS + "void *HPyInit_mock(void) { return NULL; }").replace("mock", "bare")

    refused(library(source, file="bare.hpy0.so"), "missing-context-init", name="bare")


def test_an_init_function_that_returns_null(library: Library) -> None:
    file = library(VERSIONS + "void *HPyInit_mock(void) { return NULL; }")

    refused(file, "init-null", "HPyInit_mock returned NULL")


@pytest.mark.parametrize("size", [1, 64, -1])
def test_a_definition_with_a_size(library: Library, size: int) -> None:
    file = library(
        VERSIONS
        + f"static Def def = {{ .size = {size} }}; Def *HPyInit_mock(void) {{ return &def; }}"
    )

    refused(file, "module-size", f"size {size}")


def test_a_global_in_read_only_memory(library: Library) -> None:
    file = library(
        VERSIONS
        + """
        static intptr_t good;
        static const intptr_t constant = 0;
        static void *globals[] = {&good, (void *)&constant, NULL};
        static Def def = {.globals = globals};
        Def *HPyInit_mock(void) { return &def; }
        intptr_t *look(void) { return &good; }
        """
    )

    error = refused(file, "read-only-global", "globals[1]", "read-only memory")
    assert error.details["index"] == "1"
    import ctypes  # the slot before the bad one was not written

    look = ctypes.CDLL(str(file)).look
    look.restype = ctypes.POINTER(ctypes.c_ssize_t)
    assert look()[0] == 0


def test_a_global_that_is_not_aligned(library: Library) -> None:
    file = library(
        VERSIONS
        + """
        static intptr_t words[2];
        static void *globals[] = {(char *)words + 4, NULL};
        static Def def = {.globals = globals};
        Def *HPyInit_mock(void) { return &def; }
        """
    )

    refused(file, "misaligned-global", "not aligned to 8")


def test_a_global_at_no_memory(library: Library) -> None:
    file = library(
        VERSIONS
        + """
        static void *globals[] = {(void *)0x1000, NULL};
        static Def def = {.globals = globals};
        Def *HPyInit_mock(void) { return &def; }
        """
    )

    refused(file, "read-only-global", "no mapped memory")


def test_legacy_methods(library: Library) -> None:
    file = library(
        VERSIONS
        + """
        static void *methods[4];
        static Def def = {.legacy = methods};
        Def *HPyInit_mock(void) { return &def; }
        """
    )

    refused(file, "legacy", "legacy methods")


@pytest.mark.parametrize("word", ["everywhere", ""])
def test_an_extension_that_names_no_known_interpreters(library: Library, word: str) -> None:
    file = library(
        VERSIONS
        + f"""
        static Def def;
        Def *HPyInit_mock(void) {{ return &def; }}
        const char *hpystate_interpreters_mock(void) {{ return "{word}"; }}
        """
    )

    refused(file, "bad-interpreters", "'shared-gil'")


# ---- arguments ---------------------------------------------------------------------------------


def test_arguments_of_the_wrong_type_or_value(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="name is int"):
        hpystate.load(3, tmp_path)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="name is empty"):
        hpystate.load("", tmp_path)
    with pytest.raises(ValueError, match="mode is 'fast'"):
        hpystate.load("x", tmp_path, mode="fast")
    with pytest.raises(ValueError, match="interpreters is 'all'"):
        hpystate.load("x", tmp_path, interpreters="all")


def test_a_module_name_that_is_not_ascii(tmp_path: Path, library: Library) -> None:
    refused(library(VERSIONS), "bad-name", "not end in an ASCII name", name="möck")


def test_a_mode_that_is_not_there_yet(library: Library) -> None:
    with pytest.raises(NotImplementedError, match="debug"):
        hpystate.load("mock", library(VERSIONS), mode="debug")


# ---- globals that are accepted -----------------------------------------------------------------

KEEPER = """
    #include <hpy.h>
    static HPyGlobal kept, other;
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPyGlobal_Store(ctx, &kept, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) {
        HPy h = HPyGlobal_Load(ctx, kept);
        if (HPy_IsNull(h) && !HPyErr_Occurred(ctx))
            return HPyUnicode_FromString(ctx, "nothing");
        return h;
    }
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        HPy sys = HPyImport_ImportModule(ctx, "sys");
        HPy fail = HPy_GetAttr_s(ctx, sys, "keeper_fails");
        HPy_Close(ctx, sys);
        if (HPy_IsNull(fail)) {
            HPyErr_Clear(ctx);
            return 0;
        }
        HPyGlobal_Store(ctx, &kept, fail);
        HPy_Close(ctx, fail);
        HPyErr_SetString(ctx, ctx->h_ZeroDivisionError, "half-way");
        return -1;
    }
    static HPyDef *defines[] = {&put, &get, &exec, NULL};
    static HPyGlobal *globals[] = {&kept, &other, &kept, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(keeper, def)
"""


@pytest.fixture
def keeper() -> Path:
    return compile_snippet("keeper", KEEPER)


def test_a_slot_that_is_listed_twice_is_accepted(keeper: Path) -> None:
    with Interpreter() as other:
        answer = other.run(f"""
            import hpystate
            module = hpystate.load("keeper", {str(keeper)!r})
            module.put("here")
            answer = module.get(), hpystate._native.state()["slots"]
        """)
    assert answer == ("here", 2)


def test_a_load_before_any_store_is_null_without_an_exception(keeper: Path) -> None:
    with Interpreter() as other:
        answer = other.run(f"""
            import hpystate
            answer = hpystate.load("keeper", {str(keeper)!r}).get()
        """)
    assert answer == "nothing"


def test_an_exec_that_fails_half_way_leaves_no_value(
    keeper: Path, interpreter: Interpreter
) -> None:
    answer = interpreter.run(f"""
        import sys, hpystate
        class Value:
            ended = 0
            def __del__(self):
                Value.ended += 1
        sys.keeper_fails = Value()
        try:
            hpystate.load("keeper", {str(keeper)!r})
            raised = None
        except ZeroDivisionError as error:
            raised = str(error)
        del sys.keeper_fails
        state = hpystate._native.state()
        module = hpystate.load("keeper", {str(keeper)!r})
        answer = raised, state["values"], state["slots"], Value.ended, module.get()
    """)
    assert answer == ("half-way", 0, 2, 1, "nothing")


def test_an_exec_that_fails_leaves_the_values_of_another_module(
    keeper: Path, interpreter: Interpreter
) -> None:
    answer = interpreter.run(f"""
        import sys, hpystate
        first = hpystate.load("keeper", {str(keeper)!r})
        first.put("first")
        sys.keeper_fails = "second"
        try:
            hpystate.load("keeper", {str(keeper)!r})
        except ZeroDivisionError:
            pass
        answer = first.get()
    """)
    assert answer == "second"  # what the failing one stored stands; nothing was cleared


# ---- interpreters that refuse ------------------------------------------------------------------


def load_in(interpreter: Interpreter, file: Path, where: str) -> str:
    """The kind of the error, or "loaded"."""
    return interpreter.run(f"""
        import hpystate
        try:
            hpystate.load("keeper", {str(file)!r}, interpreters={where!r})
            answer = "loaded"
        except hpystate.LoadError as error:
            answer = error.kind
    """)


def test_a_module_for_the_main_interpreter_is_refused_elsewhere(
    keeper: Path, interpreter: Interpreter
) -> None:
    assert load_in(interpreter, keeper, "main") == "refused-interpreter"


def test_a_module_for_a_shared_gil_is_refused_where_the_gil_is_not_shared(keeper: Path) -> None:
    with Interpreter("own") as own, Interpreter("shared") as shared:
        assert load_in(own, keeper, "shared-gil") == "refused-interpreter"
        assert load_in(shared, keeper, "shared-gil") == "loaded"


def test_a_refused_module_can_be_loaded_with_another_answer(keeper: Path) -> None:
    with Interpreter("own") as own:
        assert load_in(own, keeper, "main") == "refused-interpreter"
        assert load_in(own, keeper, "own-gil") == "loaded"


def test_the_environment_decides_by_pattern(keeper: Path, child: Callable) -> None:
    script = """
import os, sys
os.environ["HPYSTATE_INTERPRETERS"] = "other*=own-gil, kee*=main"
from hpystate.testing import Interpreter
with Interpreter() as own:
    try:
        own.run(f'import hpystate; hpystate.load("keeper", {sys.argv[1]!r})')
    except Exception as error:
        print("main interpreter only" in str(error))
"""
    result = child(script, str(keeper))

    assert result.stdout.strip() == "True", result.stderr


def test_an_environment_that_cannot_be_read_is_an_error(
    keeper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPYSTATE_INTERPRETERS", "keeper=everywhere")
    with pytest.raises(ValueError, match="HPYSTATE_INTERPRETERS"):
        hpystate.load("keeper", keeper)


def test_an_exception_in_another_interpreter_is_carried_over() -> None:
    with Interpreter() as other, pytest.raises(InterpreterError, match="ZeroDivisionError"):
        other.run("1 / 0")
