"""test_legacy.py: types with legacy slots, and objects between handles and the C API.

Long: each kind of legacy definition, with one set of fixtures.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

import hpystate
from hpystate.testing import compile_snippet

SOURCE = r"""
#include <Python.h>
#include <structmember.h>
#include <hpy.h>
#include <string.h>

/* `child` serves as an HPyField and as a PyObject *, which is what a handle is on CPython. */
typedef struct {
    PyObject_HEAD
    PyObject *child;
    long number;
    PyObject *dict;
    PyObject *weakrefs;
} Node;
typedef struct { Node node; HPyField other; } Leaf;

static long freed, destroyed, finalized, cleared;

static void Node_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    if (PyType_IS_GC(type)) PyObject_GC_UnTrack(self);
    freed += ((Node *)self)->number;
    Py_XDECREF(((Node *)self)->child);
    type->tp_free(self);
    Py_DECREF(type);
}
static int Node_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Node *)self)->child);
    return 0;
}
static int Node_clear(PyObject *self) {
    cleared++;
    Py_CLEAR(((Node *)self)->child);
    return 0;
}
#if PY_VERSION_HEX < 0x030D0000
#define PyObject_VisitManagedDict _PyObject_VisitManagedDict
#define PyObject_ClearManagedDict _PyObject_ClearManagedDict
#endif
static int managed_traverse(PyObject *self, visitproc visit, void *arg) {
    const int result = PyObject_VisitManagedDict(self, visit, arg);
    return result ? result : Node_traverse(self, visit, arg);
}
static int managed_clear(PyObject *self) {
    PyObject_ClearManagedDict(self);
    return Node_clear(self);
}
static PyObject *Node_repr(PyObject *self) {
    return PyUnicode_FromFormat("<node %ld>", ((Node *)self)->number);
}
static PyObject *Node_twice(PyObject *self, PyObject *ignored) {
    return PyLong_FromLong(2 * ((Node *)self)->number);
}
static PyObject *Node_get_half(PyObject *self, void *closure) {
    return PyLong_FromLong(((Node *)self)->number / 2);
}
static PyObject *Node_call(PyObject *self, PyObject *args, PyObject *kwargs) {
    return PyUnicode_FromString("legacy");
}
static int Node_buffer(PyObject *self, Py_buffer *view, int flags) {
    return PyBuffer_FillInfo(view, self, "legacy", 6, 1, flags);
}
static PyMethodDef no_methods[] = {{NULL}};
static PyGetSetDef no_getset[] = {{NULL}};
static PyMethodDef Node_methods[] = {{"twice", Node_twice, METH_NOARGS, "Twice."}, {NULL}};
static PyGetSetDef Node_getset[] = {{"half", Node_get_half, NULL, "Half.", NULL}, {NULL}};
static PyMemberDef Node_members[] = {
    {"number", T_LONG, offsetof(Node, number), 0, "Number."},
    {"child", T_OBJECT, offsetof(Node, child), 0, NULL},
    {NULL},
};
static PyMemberDef Node_offsets[] = {
    {"number", T_LONG, offsetof(Node, number), 0, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Node, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Node, weakrefs), READONLY, NULL},
    {NULL},
};

HPyDef_SLOT(field_traverse, HPy_tp_traverse)
static int field_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT((HPyField *)&((Node *)self)->child);
    return 0;
}
HPyDef_SLOT(leaf_traverse, HPy_tp_traverse)
static int leaf_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((Leaf *)self)->other);
    return 0;
}
HPyDef_SLOT(destroy, HPy_tp_destroy)
static void destroy_impl(void *self) { destroyed += ((Node *)self)->number; }
HPyDef_SLOT(finalize, HPy_tp_finalize)
static void finalize_impl(HPyContext *ctx, HPy self) { finalized++; }
HPyDef_SLOT(repr, HPy_tp_repr)
static HPy repr_impl(HPyContext *ctx, HPy self) { return HPyUnicode_FromString(ctx, "<hpy>"); }
HPyDef_SLOT(call, HPy_tp_call)
static HPy call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy names) {
    return HPyUnicode_FromString(ctx, "hpy");
}
HPyDef_SLOT(buffer, HPy_bf_getbuffer)
static int buffer_impl(HPyContext *ctx, HPy self, HPy_buffer *view, int flags) {
    *view = (HPy_buffer){.buf = "hpy", .obj = HPy_Dup(ctx, self), .len = 3, .itemsize = 1,
                         .readonly = 1, .ndim = 1};
    return 0;
}
HPyDef_MEMBER(number, "number", HPyMember_LONG, offsetof(Node, number))
HPyDef_MEMBER(child, "child", HPyMember_OBJECT, offsetof(Node, child))
HPyDef_MEMBER(other, "other", HPyMember_OBJECT, offsetof(Leaf, other))
HPyDef_METH(me, "me", HPyFunc_NOARGS)
static HPy me_impl(HPyContext *ctx, HPy self) { return HPy_Dup(ctx, self); }
HPyDef_SLOT(new_node, HPy_tp_new)
static HPy new_node_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t n, HPy kw) {
    void *data;
    HPy h = HPy_New(ctx, type, &data);
    if (!HPy_IsNull(h) && data != (void *)HPy_AsPyObject(ctx, h)) return HPy_NULL;
    if (!HPy_IsNull(h)) Py_DECREF((PyObject *)data);
    return h;
}

#define SLOT(name, value) {Py_##name, (void *)(value)}
#define END {0, NULL}

/* make(kind, bases) */
HPyDef_METH(make, "make", HPyFunc_VARARGS)
static HPy make_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    static PyType_Slot full[] = {
        SLOT(tp_dealloc, Node_dealloc), SLOT(tp_traverse, Node_traverse),
        SLOT(tp_clear, Node_clear), SLOT(tp_repr, Node_repr), SLOT(tp_methods, Node_methods),
        SLOT(tp_getset, Node_getset), SLOT(tp_members, Node_members), END};
    static PyType_Slot dealloc[] = {SLOT(tp_dealloc, Node_dealloc), END};
    static PyType_Slot visited[] = {
        SLOT(tp_traverse, Node_traverse), SLOT(tp_clear, Node_clear),
        SLOT(tp_members, Node_members), END};
    static PyType_Slot managed[] = {
        SLOT(tp_traverse, managed_traverse), SLOT(tp_clear, managed_clear), END};
    static PyType_Slot offsets[] = {SLOT(tp_members, Node_offsets), END};
    static PyType_Slot clear[] = {SLOT(tp_clear, Node_clear), END};
    static PyType_Slot traverse[] = {SLOT(tp_traverse, Node_traverse), END};
    static PyType_Slot one_repr[] = {SLOT(tp_repr, Node_repr), END};
    static PyType_Slot last[] = {
        SLOT(tp_repr, NULL), SLOT(tp_methods, Node_methods), SLOT(tp_getset, Node_getset),
        SLOT(tp_members, Node_offsets), SLOT(tp_dealloc, Node_dealloc), {Py_tp_base, &PyList_Type},
        SLOT(tp_repr, Node_repr), SLOT(tp_methods, no_methods), SLOT(tp_getset, no_getset),
        SLOT(tp_members, Node_members), SLOT(tp_dealloc, NULL), {Py_tp_base, &PyBaseObject_Type},
        END};
    static PyType_Slot calls[] = {SLOT(tp_call, Node_call), SLOT(bf_getbuffer, Node_buffer), END};
    static PyType_Slot docs[] = {SLOT(tp_doc, "one"), SLOT(tp_doc, "two"), END};
    static PyType_Slot unknown[] = {{999, (void *)Node_repr}, END};
    static PyType_Slot base[] = {{Py_tp_base, NULL}, END};
    static PyType_Slot bases[] = {{Py_tp_bases, NULL}, END};

    const char *kind = HPyUnicode_AsUTF8AndSize(ctx, args[0], NULL);
    HPyDef *defines[8] = {NULL};
    HPyType_Spec spec = {.name = "legacy.Made", .basicsize = sizeof(Node), .defines = defines,
                         .builtin_shape = HPyType_BuiltinShape_Legacy,
                         .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE};
    HPyType_SpecParam params[] = {{HPyType_SpecParam_BasesTuple, HPy_NULL}, {0}};
    if (nargs > 1) params[0].object = args[1];
    else params[0].kind = (HPyType_SpecParam_Kind)0;
    HPyDef **at = defines;
#define KIND(word) if (!strcmp(kind, word))
    KIND("full") { spec.legacy_slots = full; spec.flags |= HPy_TPFLAGS_HAVE_GC; *at++ = &me; }
    KIND("bare") { *at++ = &number; *at++ = &child; }
    KIND("dealloc") { spec.legacy_slots = dealloc; *at++ = &number; *at++ = &child; }
    KIND("destroy") { *at++ = &destroy; *at++ = &number; *at++ = &finalize; }
    KIND("field") {
        spec.flags |= HPy_TPFLAGS_HAVE_GC;
        *at++ = &field_traverse; *at++ = &destroy; *at++ = &number; *at++ = &child;
    }
    KIND("visited") {
        spec.legacy_slots = visited; spec.flags |= HPy_TPFLAGS_HAVE_GC; *at++ = &destroy;
    }
    KIND("managed") {
        spec.legacy_slots = managed; spec.flags |= HPy_TPFLAGS_HAVE_GC | Py_TPFLAGS_MANAGED_DICT;
    }
    KIND("leaf") {
        spec.basicsize = sizeof(Leaf); spec.flags |= HPy_TPFLAGS_HAVE_GC;
        *at++ = &leaf_traverse; *at++ = &other;
    }
    KIND("empty") spec.basicsize = 0;
    KIND("offsets") { spec.legacy_slots = offsets; }
    KIND("new") { spec.basicsize = 0; *at++ = &new_node; spec.legacy_slots = one_repr; }
    KIND("new, dealloc") { spec.basicsize = 0; *at++ = &new_node; spec.legacy_slots = dealloc; }
    KIND("base") {
        spec.basicsize = 0; spec.legacy_slots = base; base[0].pfunc = HPy_AsPyObject(ctx, args[1]);
        params[0].kind = (HPyType_SpecParam_Kind)0;
    }
    KIND("bases") {
        spec.basicsize = 0; spec.legacy_slots = bases;
        bases[0].pfunc = HPy_AsPyObject(ctx, args[1]);
        params[0].kind = (HPyType_SpecParam_Kind)0;
    }
    KIND("base and param") {
        spec.basicsize = 0; spec.legacy_slots = base; base[0].pfunc = &PyList_Type;
    }
    KIND("last") { spec.legacy_slots = last; *at++ = &me; }
    KIND("repr twice") { spec.legacy_slots = one_repr; *at++ = &repr; }
    KIND("call and buffer twice") { spec.legacy_slots = calls; *at++ = &call; *at++ = &buffer; }
    /* what does not go together */
    KIND("pure") { spec.legacy_slots = one_repr; spec.builtin_shape = HPyType_BuiltinShape_Object; }
    KIND("two docs") spec.legacy_slots = docs;
    KIND("dealloc and destroy") { spec.legacy_slots = dealloc; *at++ = &destroy; }
    KIND("dealloc and traverse") { spec.legacy_slots = dealloc; *at++ = &field_traverse; }
    KIND("traverse twice") { spec.legacy_slots = traverse; *at++ = &field_traverse; }
    KIND("clear and traverse") { spec.legacy_slots = clear; *at++ = &field_traverse; }
    KIND("unknown slot") spec.legacy_slots = unknown;
    KIND("collected by nobody") { spec.legacy_slots = dealloc; spec.flags |= HPy_TPFLAGS_HAVE_GC; }
    HPy made = HPyType_FromSpec(ctx, &spec, params);
    KIND("base") Py_DECREF(base[0].pfunc);
    KIND("bases") Py_DECREF(bases[0].pfunc);
    return made;
}
HPyDef_METH(counts, "counts", HPyFunc_NOARGS)
static HPy counts_impl(HPyContext *ctx, HPy self) {
    HPy result = HPy_BuildValue(ctx, "(llll)", freed, destroyed, finalized, cleared);
    freed = destroyed = finalized = cleared = 0;
    return result;
}
HPyDef_METH(new_of, "new_of", HPyFunc_O)
static HPy new_of_impl(HPyContext *ctx, HPy self, HPy type) {
    void *data;
    return HPy_New(ctx, type, &data);
}
/* The references that each step takes: AsPyObject, FromPyObject, closing both. */
HPyDef_METH(steps, "steps", HPyFunc_O)
static HPy steps_impl(HPyContext *ctx, HPy self, HPy arg) {
    PyObject *object = HPy_AsPyObject(ctx, arg);
    Py_ssize_t first = Py_REFCNT(object);
    HPy h = HPy_FromPyObject(ctx, object);
    Py_ssize_t second = Py_REFCNT(object);
    HPy_Close(ctx, h);
    Py_ssize_t third = Py_REFCNT(object);
    Py_DECREF(object);
    return HPy_BuildValue(ctx, "(ll)", (long)(second - first), (long)(third - first));
}
HPyDef_METH(null, "null", HPyFunc_NOARGS)
static HPy null_impl(HPyContext *ctx, HPy self) {
    HPy h = HPy_FromPyObject(ctx, NULL);
    return HPy_IsNull(h) && !HPyErr_Occurred(ctx) ? HPy_Dup(ctx, ctx->h_True) : h;
}
HPyDef_METH(same, "same", HPyFunc_O)
static HPy same_impl(HPyContext *ctx, HPy self, HPy arg) {
    PyObject *object = HPy_AsPyObject(ctx, arg);
    PyObject *pair = PyTuple_Pack(2, object, object);
    Py_DECREF(object);
    HPy h = HPy_FromPyObject(ctx, pair);
    Py_XDECREF(pair);
    return h;
}

static HPyDef *defines[] = {&make, &counts, &new_of, &steps, &null, &same, NULL};
static HPyModuleDef def = {.defines = defines};
HPy_MODINIT(legacy, def)
"""


@pytest.fixture(scope="module", params=["universal", "debug", "trace"])
def loaded(request: pytest.FixtureRequest) -> ModuleType:
    path = compile_snippet("legacy", SOURCE, abi="hybrid")
    return hpystate.load("legacy", path, mode=request.param)


@pytest.fixture
def legacy(loaded: ModuleType) -> Iterator[ModuleType]:
    gc.collect()
    loaded.counts()
    yield loaded


class Thing:
    held: object = None


# ---- handles and objects ------------------------------------------------------------------------


def test_each_way_gives_a_reference_of_its_own(legacy: ModuleType) -> None:
    thing = Thing()
    before = sys.getrefcount(thing)

    steps = legacy.steps(thing)
    pair = legacy.same(thing)

    assert steps[0] == 1
    assert pair == (thing, thing)
    del pair
    assert legacy.null() is True
    if legacy.__spec__.loader.mode != "debug":  # there a closed handle may keep its object a while
        assert steps == (1, 0)
        assert sys.getrefcount(thing) == before


# ---- legacy slots -------------------------------------------------------------------------------


def test_legacy_slots_work_beside_definitions(legacy: ModuleType) -> None:
    node = legacy.make("full")()
    node.number = 21

    assert (node.twice(), node.half, repr(node), node.me()) == (42, 10, "<node 21>", node)
    assert (type(node).twice.__doc__, type(node).half.__doc__) == ("Twice.", "Half.")
    assert type(node).number.__doc__ == "Number."
    assert (type(node).__name__, type(type(node))) == ("Made", type)


def test_a_legacy_dealloc_serves_as_it_is(legacy: ModuleType) -> None:
    for kind in ("full", "dealloc"):
        cls = legacy.make(kind)

        class Sub(cls):  # type: ignore[misc, valid-type]
            pass

        for made in (cls, Sub, legacy.make("leaf", (cls,)), legacy.make("empty", (Sub,))):
            before = sys.getrefcount(made)
            thing = Thing()
            watched = weakref.ref(thing)
            node = made()
            node.number, node.child = 3, thing
            del node, thing
            assert watched() is None
            assert legacy.counts()[0] == 3
            assert sys.getrefcount(made) == before


def test_a_legacy_type_is_collected_by_its_own_functions(legacy: ModuleType) -> None:
    for kind in ("full", "visited"):
        cls = legacy.make(kind)

        class Sub(cls):  # type: ignore[misc, valid-type]
            pass

        for made in (cls, Sub):
            node, thing = made(), Thing()
            watched = weakref.ref(thing)
            node.number, node.child, thing.held = 2, thing, node
            assert sum(referent is made for referent in gc.get_referents(node)) == 1
            del node, thing
            gc.collect()
            assert watched() is None
            counts = legacy.counts()
            assert counts[0] + counts[1] == 2 and counts[3] == 1


@pytest.mark.parametrize("kind", ["full", "visited", "field"])
def test_what_derives_from_a_collected_legacy_type_is_visited_once(
    legacy: ModuleType, kind: str
) -> None:
    class Between(legacy.make(kind)):  # type: ignore[misc]
        pass

    for base in (legacy.make(kind), Between):
        for made in (legacy.make("leaf", (base,)), legacy.make("empty", (base,))):

            class Top(made):  # type: ignore[misc, valid-type]
                pass

            for cls in (made, Top):
                node, thing = cls(), Thing()
                watched = weakref.ref(thing)
                node.number, node.child, thing.held = 2, thing, node
                if hasattr(cls, "other"):
                    node.other = thing
                if hasattr(node, "__dict__"):
                    node.__dict__["attribute"] = node
                wanted = 1 + hasattr(cls, "other")
                referents = gc.get_referents(node)
                assert sum(referent is thing for referent in referents) == wanted
                assert sum(referent is cls for referent in referents) == 1
                del referents, node, thing
                gc.collect()
                assert watched() is None
                assert sum(legacy.counts()[:2]) == 2


def test_a_dict_that_a_legacy_base_shows_is_shown_once(legacy: ModuleType) -> None:
    """Seen twice, a list has no owner left in the collector's count, and is emptied."""
    base = legacy.make("managed")
    for cls in (base, legacy.make("leaf", (base,)), legacy.make("empty", (base,))):
        node = cls()
        kept = [node]
        node.kept = kept
        node.thing = Thing()
        watched = weakref.ref(node.thing)
        del node

        gc.collect()

        assert len(kept) == 1 and kept[0].kept is kept
        del kept
        gc.collect()
        assert watched() is None


def test_a_legacy_type_may_have_a_destroy_and_no_dealloc(legacy: ModuleType) -> None:
    cls = legacy.make("destroy")
    for made in (cls, legacy.make("empty", (cls,)), type("Sub", (cls,), {})):
        before = sys.getrefcount(made)
        for _ in range(10):
            made().number = 4
        assert legacy.counts() == (0, 40, 10, 0)
        assert sys.getrefcount(made) == before


def test_a_legacy_type_without_slots_is_freed(legacy: ModuleType) -> None:
    cls = legacy.make("bare")
    before = sys.getrefcount(cls)
    for _ in range(200):
        cls().number = 1
    blocks = sys.getallocatedblocks()
    for _ in range(200):
        cls().number = 1
    assert sys.getallocatedblocks() - blocks < 20
    assert sys.getrefcount(cls) == before
    assert not gc.is_tracked(cls())


@pytest.mark.types_die
def test_a_legacy_type_dies_with_its_last_instance(legacy: ModuleType) -> None:
    for kind in ("full", "visited", "field"):
        cls = legacy.make(kind)
        cls.instance = cls()
        cls.instance.child = cls
        watched = weakref.ref(cls)
        del cls
        gc.collect()
        assert watched() is None


def test_offsets_among_legacy_members_are_looked_after(legacy: ModuleType) -> None:
    cls = legacy.make("offsets")
    for made in (cls, type("Sub", (cls,), {}), legacy.make("empty", (cls,))):
        thing, node = Thing(), made()
        watched = weakref.ref(thing), weakref.ref(node)
        node.attribute = thing
        del thing, node
        assert watched[0]() is None
        assert watched[1]() is None


def test_new_of_legacy_types(legacy: ModuleType) -> None:
    for kind in ("full", "bare", "field"):
        node = legacy.new_of(legacy.make(kind))
        assert (node.number, node.child) == (0, None)


@pytest.mark.parametrize("kind", ["new", "new, dealloc"])
def test_a_tp_new_that_calls_new_returns(legacy: ModuleType, kind: str, child: Callable) -> None:
    """A legacy dealloc makes a type look like one of the C API; its tp_new is HPy's still."""
    if "dealloc" not in kind:
        for base in (object, list, Exception):
            assert isinstance(legacy.make(kind, (base,))(), base)
    script = f"""
import hpystate
legacy = hpystate.load("legacy", {legacy.__file__!r})
print(len(legacy.make({kind!r}, (list,))().__class__.__mro__), flush=True)
import os
os._exit(0)  # Node_dealloc knows nothing of lists
"""
    keep = script.replace("print(", "made = legacy.make('new')\nprint(")
    result = child(keep)
    assert result.stdout == "3\n", result.stderr


@pytest.mark.parametrize("kind", ["base", "bases"])
def test_bases_among_the_legacy_slots(legacy: ModuleType, kind: str) -> None:
    class Python:
        pass

    for base in (list, dict, Python, legacy.make("field")):
        cls = legacy.make(kind, base if kind == "base" else (base,))
        assert cls.__bases__ == (base,)
        node, thing = cls(), Thing()
        watched = weakref.ref(thing)
        if base is list:
            node.append(thing)
        elif base is dict:
            node[1] = thing
        elif base is Python:
            node.attribute = thing
        else:
            node.child = thing
        assert sum(r is cls for r in gc.get_referents(node)) == 1
        thing.held = node
        del thing, node
        gc.collect()
        assert watched() is None


def test_of_several_legacy_slots_with_one_number_the_last_one_counts(legacy: ModuleType) -> None:
    """As in CPython's own PyType_FromSpec; NumPy's types rely on it."""
    cls = legacy.make("last")
    node = cls()
    node.number = 21

    assert (repr(node), node.me(), cls.__bases__) == ("<node 21>", node, (object,))
    assert not hasattr(node, "twice") and not hasattr(node, "half")
    assert not hasattr(node, "__dict__") and hasattr(node, "child")
    del node
    assert legacy.counts() == (0, 0, 0, 0)  # the first tp_dealloc does not serve


def test_a_legacy_slot_counts_before_hpys_but_for_calls_and_buffers(legacy: ModuleType) -> None:
    """As under upstream's runtime."""
    node = legacy.make("repr twice")()
    node_of_both = legacy.make("call and buffer twice")()

    assert repr(node) == "<node 0>"
    assert node_of_both() == "hpy"
    assert bytes(node_of_both) == b"hpy"


# ---- what does not go together ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ("pure", TypeError, r"cannot specify \.legacy_slots without setting"),
        ("two docs", SystemError, "[Mm]ultiple Py_tp_doc"),
        ("dealloc and destroy", TypeError, "legacy tp_dealloc is incompatible"),
        ("dealloc and traverse", TypeError, "legacy tp_dealloc is incompatible"),
        ("traverse twice", TypeError, "HPy_tp_traverse"),
        ("clear and traverse", TypeError, "HPy_tp_traverse"),
        ("unknown slot", (SystemError, RuntimeError), "slot"),
        ("collected by nobody", ValueError, "HPy_tp_traverse"),
    ],
)
def test_what_does_not_go_together_is_refused(
    legacy: ModuleType, kind: str, error: type[Exception], words: str
) -> None:
    for _ in range(2):
        with pytest.raises(error, match=words):
            legacy.make(kind)


def test_bases_are_given_in_one_way(legacy: ModuleType) -> None:
    with pytest.raises(TypeError, match="Py_tp_base"):
        legacy.make("base and param", (dict,))
