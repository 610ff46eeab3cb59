"""test_in_flight.py: what runs where an object dies leaves an exception in flight alone.

Long: each kind of function that CPython calls while an object dies.

CPython runs finalizers, destructors and releases of buffers while an exception is on its way. What
they raise themselves goes to sys.unraisablehook, as of a `__del__` in Python.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import hpystate
from hpystate import debug
from hpystate.testing import Interpreter, compile_snippet
from tests.conftest import Child

SOURCE = r"""
#include <hpy.h>

static HPyGlobal told; /* a function, called wherever something dies */
static long sets;      /* what a destroy or a capsule's destructor does with the C API */

static void tell(HPyContext *ctx) {
    HPy function = HPyGlobal_Load(ctx, told);
    if (HPy_IsNull(function)) return;
    if (HPy_Is(ctx, function, ctx->h_None)) {
        HPyErr_Clear(ctx);
    } else {
        HPy_Close(ctx, HPy_CallTupleDict(ctx, function, HPy_NULL, HPy_NULL));
    }
    HPy_Close(ctx, function);
}

typedef struct { HPyField link; char bytes[8]; } S;
HPyType_HELPERS(S)
HPyDef_SLOT(S_finalize, HPy_tp_finalize)
static void S_finalize_impl(HPyContext *ctx, HPy self) { tell(ctx); }
HPyDef_SLOT(S_get, HPy_bf_getbuffer)
static int S_get_impl(HPyContext *ctx, HPy self, HPy_buffer *buffer, int flags) {
    static HPy_ssize_t one = 1, eight = 8;
    *buffer = (HPy_buffer){.buf = S_AsStruct(ctx, self)->bytes, .obj = HPy_Dup(ctx, self),
        .len = 8, .itemsize = 1, .ndim = 1, .shape = &eight, .strides = &one};
    return 0;
}
HPyDef_SLOT(S_release, HPy_bf_releasebuffer)
static void S_release_impl(HPyContext *ctx, HPy self, HPy_buffer *buffer) { tell(ctx); }
HPyDef_SLOT(S_traverse, HPy_tp_traverse)
static int S_traverse_impl(void *data, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((S *)data)->link);
    return 0;
}
HPyDef_MEMBER(S_link, "link", HPyMember_OBJECT, offsetof(S, link))

static void act(void) {
#ifdef Py_PYTHON_H
    if (sets == 1) PyErr_SetString(PyExc_KeyError, "of the end");
    if (sets == 2) PyErr_Clear();
#endif
}
HPyDef_SLOT(D_destroy, HPy_tp_destroy)
static void D_destroy_impl(void *data) { act(); }
HPyCapsule_DESTRUCTOR(capsule_end)
static void capsule_end_impl(const char *name, void *pointer, void *context) { act(); }

#define SPEC(variable, text, ...)                                                          \
    static HPyDef *variable##_defines[] = {__VA_ARGS__, NULL};                             \
    static HPyType_Spec variable##_spec = {.name = "flight." text, .basicsize = sizeof(S), \
        .builtin_shape = SHAPE(S), .defines = variable##_defines,                          \
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE | variable##_FLAGS};
#define Plain_FLAGS 0
#define Linked_FLAGS HPy_TPFLAGS_HAVE_GC
#define Lent_FLAGS 0
#define Destroyed_FLAGS 0
SPEC(Plain, "Plain", &S_finalize)
SPEC(Linked, "Linked", &S_finalize, &S_traverse, &S_link)
SPEC(Lent, "Lent", &S_get, &S_release)
SPEC(Destroyed, "Destroyed", &D_destroy)

HPyDef_METH(on_end, "on_end", HPyFunc_O)
static HPy on_end_impl(HPyContext *ctx, HPy self, HPy function) {
    HPyGlobal_Store(ctx, &told, function);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(set_act, "set_act", HPyFunc_O)
static HPy set_act_impl(HPyContext *ctx, HPy self, HPy number) {
    sets = HPyLong_AsLong(ctx, number);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(capsule, "capsule", HPyFunc_NOARGS)
static HPy capsule_impl(HPyContext *ctx, HPy self) {
    return HPyCapsule_New(ctx, &sets, "flight", &capsule_end);
}
HPyDef_METH(closes, "closes", HPyFunc_O)
static HPy closes_impl(HPyContext *ctx, HPy self, HPy type) {
    /* The last reference goes while the exception is set. */
    HPy dies = HPy_CallTupleDict(ctx, type, HPy_NULL, HPy_NULL);
    if (HPy_IsNull(dies)) return HPy_NULL;
    HPyErr_SetString(ctx, ctx->h_ValueError, "in flight");
    HPy_Close(ctx, dies);
    return HPy_NULL;
}
HPyDef_METH(stores, "stores", HPyFunc_O)
static HPy stores_impl(HPyContext *ctx, HPy self, HPy value) {
    HPyErr_SetString(ctx, ctx->h_ValueError, "in flight");
    HPyGlobal_Store(ctx, &told, value);
    return HPy_NULL;
}
HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module) {
    return HPyHelpers_AddType(ctx, module, "Plain", &Plain_spec, NULL) &&
           HPyHelpers_AddType(ctx, module, "Linked", &Linked_spec, NULL) &&
           HPyHelpers_AddType(ctx, module, "Lent", &Lent_spec, NULL) &&
           HPyHelpers_AddType(ctx, module, "Destroyed", &Destroyed_spec, NULL) ? 0 : -1;
}
static HPyDef *defines[] = {&on_end, &set_act, &capsule, &closes, &stores, &exec, NULL};
static HPyGlobal *globals[] = {&told, NULL};
static HPyModuleDef def = {.defines = defines, .globals = globals};
HPy_MODINIT(flight, def)
"""

MODES = ["universal", "debug", "trace"]


@pytest.fixture(params=MODES)
def flight(request: pytest.FixtureRequest) -> ModuleType:
    return hpystate.load("flight", compile_snippet("flight", SOURCE), mode=request.param)


@pytest.fixture(params=MODES)
def hybrid(request: pytest.FixtureRequest) -> ModuleType:
    """The same with the C API, which needs no context."""
    path = compile_snippet("flight", "#include <Python.h>\n" + SOURCE, abi="hybrid")
    return hpystate.load("flight", path, mode=request.param)


@pytest.fixture
def ignored(monkeypatch: pytest.MonkeyPatch) -> list[tuple[type[BaseException], str]]:
    """What sys.unraisablehook was told: the exception's type, and what it came from."""
    seen: list[tuple[type[BaseException], str]] = []

    def hook(told: Any) -> None:
        seen.append((told.exc_type, repr(told.object)))

    monkeypatch.setattr(sys, "unraisablehook", hook)
    return seen


def boom() -> None:
    raise KeyError("of the finalizer")


def swallow() -> None:
    """Raises and handles an exception of its own."""
    try:
        raise KeyError("handled")
    except KeyError:
        pass


def drop_at_return(make: Callable[[], object]) -> int:
    kept = make()
    assert kept is not None
    return 5


def fail() -> None:
    raise ValueError("in flight")


def drop_while_raising(make: Callable[[], object]) -> list[object]:
    """What is on the frame's stack is released while the exception propagates."""
    return [make(), fail()]


def drop_with_the_traceback(make: Callable[[], object]) -> None:
    kept = make()
    assert kept is not None
    fail()


def lend(flight: ModuleType) -> Callable[[], object]:
    return lambda: memoryview(flight.Lent())


def sub(base: type) -> type:
    return type("Sub", (base,), {})


#: What dies, and what its report names.
ENDS: dict[str, tuple[Callable[[ModuleType], Callable[[], object]], str]] = {
    "finalizer": (lambda flight: flight.Plain, "<flight.Plain object"),
    "of the collector": (lambda flight: flight.Linked, "<flight.Linked object"),
    "of a class made in Python": (lambda flight: sub(flight.Plain), ".Sub object"),
    "release of a buffer": (lend, "<flight.Lent object"),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_error_of_its_own_is_unraisable(
    flight: ModuleType, ignored: list[tuple[type, str]], end: str
) -> None:
    make, name = ENDS[end]
    flight.on_end(boom)

    assert drop_at_return(make(flight)) == 5
    assert len(ignored) == 1
    assert ignored[0][0] is KeyError
    assert name in ignored[0][1]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("function", [boom, swallow, None, len])
def test_the_exception_in_flight_arrives(
    flight: ModuleType,
    ignored: list[tuple[type, str]],
    end: str,
    function: Callable[[], None] | None,
) -> None:
    """Whatever runs meanwhile: it raises, handles, clears (None), or is called in a wrong way."""
    make, _ = ENDS[end]
    flight.on_end(function)

    with pytest.raises(ValueError, match="^in flight$") as caught:
        drop_while_raising(make(flight))

    assert caught.value.__context__ is None
    own = {boom: [KeyError], len: [TypeError]}.get(function, [])
    assert [kind for kind, _ in ignored] == own


def test_what_a_traceback_held_dies_after_the_exception_was_handled(
    flight: ModuleType, ignored: list[tuple[type, str]]
) -> None:
    flight.on_end(boom)
    try:
        drop_with_the_traceback(flight.Plain)
    except ValueError as caught:
        assert caught.args == ("in flight",)

    assert [kind for kind, _ in ignored] == [KeyError]


@pytest.mark.parametrize("name", ["Plain", "Linked", "Destroyed"])
def test_a_handle_may_be_closed_while_an_exception_is_set(
    flight: ModuleType, ignored: list[tuple[type, str]], name: str
) -> None:
    flight.on_end(boom)
    with pytest.raises(ValueError, match="^in flight$"):
        flight.closes(getattr(flight, name))

    assert len(ignored) == (name != "Destroyed")


def test_every_finalizer_of_a_cycle_runs_without_the_errors_of_the_others(
    flight: ModuleType, ignored: list[tuple[type, str]]
) -> None:
    raised = []

    def note_and_raise() -> None:
        raised.append(sys.exc_info()[0])
        raise KeyError("of one")

    flight.on_end(note_and_raise)
    first, second = flight.Linked(), flight.Linked()
    first.link, second.link = second, first
    del first, second
    gc.collect()

    assert raised == [None, None]
    assert [kind for kind, _ in ignored] == [KeyError, KeyError]


def test_a_finalizer_that_python_calls_reports_too(
    flight: ModuleType, ignored: list[tuple[type, str]]
) -> None:
    flight.on_end(boom)
    kept = flight.Plain()

    assert kept.__del__() is None
    assert [kind for kind, _ in ignored] == [KeyError]
    flight.on_end(swallow)


@pytest.mark.parametrize(
    ("end", "named"),
    [("Destroyed", "<class 'flight.Destroyed'>"), ("capsule", "<class 'PyCapsule'>")],
)
def test_the_c_api_at_the_end_of_an_object_disturbs_nobody(
    hybrid: ModuleType, ignored: list[tuple[type, str]], end: str, named: str
) -> None:
    """HPy_tp_destroy and a capsule's destructor have no context, but may call the C API."""
    hybrid.set_act(1)
    assert drop_at_return(getattr(hybrid, end)) == 5
    with pytest.raises(ValueError, match="^in flight$"):
        drop_while_raising(getattr(hybrid, end))
    assert [kind for kind, _ in ignored] == [KeyError, KeyError]
    assert all(source.startswith(named) for _, source in ignored)

    hybrid.set_act(2)
    with pytest.raises(ValueError, match="^in flight$"):
        drop_while_raising(getattr(hybrid, end))
    assert len(ignored) == 2


@pytest.mark.parametrize("error", [None, KeyError])
def test_a_search_of_the_heap_leaves_the_exception_in_flight_alone(
    monkeypatch: pytest.MonkeyPatch,
    ignored: list[tuple[type, str]],
    error: type[BaseException] | None,
) -> None:
    """Debug mode looks for a stored value with the help of Python's gc module."""
    flight = hpystate.load("flight", compile_snippet("flight", SOURCE), mode="debug")

    def failing() -> None:
        raise KeyError

    if error is not None:
        monkeypatch.setattr(gc, "get_objects", failing)
    debug.set_search_heap(True)
    try:
        with pytest.raises(ValueError, match="^in flight$"):
            flight.stores([])
    finally:
        debug.set_search_heap(False)
        flight.on_end(None)

    assert [kind for kind, _ in ignored] == ([error] if error is not None else [])


def test_functions_beyond_the_pool_keep_the_exception_too(child: Child) -> None:
    """The 257th finalizer and the 129th release come through the file's own trampolines."""
    count = 300
    parts = [SOURCE.partition("HPy_MODINIT")[0].replace("&stores, &exec", "&stores, &many, &exec")]
    for i in range(count):
        parts.append(
            f"HPyDef_SLOT(fin_{i}, HPy_tp_finalize)\n"
            f"static void fin_{i}_impl(HPyContext *ctx, HPy self) {{ tell(ctx); }}\n"
            f"HPyDef_SLOT(rel_{i}, HPy_bf_releasebuffer)\n"
            f"static void rel_{i}_impl(HPyContext *ctx, HPy self, HPy_buffer *b) {{ tell(ctx); }}\n"
            f"static HPyDef *defs_{i}[] = {{&fin_{i}, &S_get, &rel_{i}, NULL}};\n"
            f'static HPyType_Spec spec_{i} = {{.name = "flight.T{i}", .basicsize = sizeof(S),\n'
            f"    .builtin_shape = SHAPE(S), .defines = defs_{i}}};\n"
        )
    table = ", ".join(f"&spec_{i}" for i in range(count))
    parts.append(
        f"static HPyType_Spec *specs[] = {{{table}}};\n"
        'HPyDef_METH(many, "many", HPyFunc_O)\n'
        "static HPy many_impl(HPyContext *ctx, HPy self, HPy number) {\n"
        "    return HPyType_FromSpec(ctx, specs[HPyLong_AsLong(ctx, number)], NULL);\n"
        "}\n"
    )
    head, _, tail = parts[0].partition("static HPyDef *defines[]")
    source = head + "".join(parts[1:]) + "static HPyDef *defines[]" + tail
    path = compile_snippet("flight", source + "HPy_MODINIT(flight, def)\n")
    run = child(
        f"""
import sys, hpystate
flight = hpystate.load("flight", {str(path)!r})
types = [flight.many(i) for i in range({count})]
seen = []
sys.unraisablehook = lambda told: seen.append(told.exc_type)
def boom():
    raise KeyError
flight.on_end(boom)
def fail():
    raise ValueError
def drop(type):
    return [memoryview(type()), fail()]
for type in types:
    try:
        drop(type)
    except ValueError:
        continue
    raise SystemExit("the exception in flight was lost")
print(len(seen), set(seen) == {{KeyError}})
"""
    )
    assert (run.stdout, run.stderr, run.returncode) == (f"{2 * count} True\n", "", 0)


def test_it_is_so_in_every_interpreter(interpreter: Interpreter) -> None:
    path = str(compile_snippet("flight", SOURCE))
    answer = interpreter.run(f"""
        import hpystate, sys
        flight = hpystate.load("flight", {path!r})
        seen = []
        sys.unraisablehook = lambda told: seen.append(told.exc_type.__name__)
        def boom():
            raise KeyError
        flight.on_end(boom)
        try:
            [flight.Plain(), 1 // 0]
        except ZeroDivisionError:
            seen.append("in flight")
        answer = seen
    """)
    assert answer == ["KeyError", "in flight"]
