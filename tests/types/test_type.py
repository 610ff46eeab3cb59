"""test_type.py: types from specs: layout, members, bases, and the ends of types and instances."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from types import ModuleType

import pytest

import hpystate
from hpystate.testing import compile_snippet

SOURCE = r"""
#include <hpy.h>
#include <string.h>

typedef struct {
    long number;
    HPyField child;
    char letter;
} Node;
HPyType_HELPERS(Node)

static long destroyed, finalized;
static int keep_alive;
static HPyGlobal saved;

HPyDef_SLOT(Node_traverse, HPy_tp_traverse)
static int Node_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((Node *)self)->child);
    return 0;
}
HPyDef_SLOT(Node_destroy, HPy_tp_destroy)
static void Node_destroy_impl(void *self) { destroyed += ((Node *)self)->number; }
HPyDef_SLOT(Node_finalize, HPy_tp_finalize)
static void Node_finalize_impl(HPyContext *ctx, HPy self) {
    finalized++;
    if (keep_alive)
        HPyGlobal_Store(ctx, &saved, self);
}
HPyDef_SLOT(Node_new, HPy_tp_new)
static HPy Node_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t nargs, HPy kw) {
    Node *data;
    HPy h = HPy_New(ctx, cls, &data);
    if (HPy_IsNull(h))
        return HPy_NULL;
    data->number = nargs > 0 ? HPyLong_AsLong(ctx, args[0]) : 1;
    if (nargs > 1)
        HPyField_Store(ctx, h, &data->child, args[1]);
    return h;
}
HPyDef_MEMBER(Node_number, "number", HPyMember_LONG, offsetof(Node, number), .doc = "A number.")
HPyDef_MEMBER(Node_child, "child", HPyMember_OBJECT, offsetof(Node, child))
HPyDef_MEMBER(Node_letter, "letter", HPyMember_CHAR, offsetof(Node, letter), .readonly = 1)
HPyDef_GET(Node_twice, "twice")
static HPy Node_twice_get(HPyContext *ctx, HPy self, void *closure) {
    return HPyLong_FromLong(ctx, 2 * Node_AsStruct(ctx, self)->number);
}
HPyDef_METH(Node_me, "me", HPyFunc_NOARGS, .doc = "The node.")
static HPy Node_me_impl(HPyContext *ctx, HPy self) { return HPy_Dup(ctx, self); }

static HPyDef *Node_defines[] = {
    &Node_traverse, &Node_destroy, &Node_finalize, &Node_new, &Node_number, &Node_child,
    &Node_letter, &Node_twice, &Node_me, NULL,
};
static HPyType_Spec Node_spec = {
    .name = "kinds.Node", .doc = "A node.", .basicsize = sizeof(Node),
    .builtin_shape = SHAPE(Node), .defines = Node_defines,
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC | HPy_TPFLAGS_BASETYPE,
};

/* A type with a struct that begins with Node's. */
typedef struct { Node node; HPyField other; } Leaf;
HPyType_HELPERS(Leaf)
HPyDef_SLOT(Leaf_traverse, HPy_tp_traverse)
static int Leaf_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((Leaf *)self)->other);
    return 0;
}
HPyDef_SLOT(Leaf_destroy, HPy_tp_destroy)
static void Leaf_destroy_impl(void *self) { destroyed += 1000; }
HPyDef_MEMBER(Leaf_other, "other", HPyMember_OBJECT, offsetof(Leaf, other))
static HPyDef *Leaf_defines[] = {&Leaf_traverse, &Leaf_destroy, &Leaf_other, NULL};
static HPyType_Spec Leaf_spec = {
    .name = "kinds.Leaf", .basicsize = sizeof(Leaf), .builtin_shape = SHAPE(Leaf),
    .defines = Leaf_defines,
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC | HPy_TPFLAGS_BASETYPE,
};

HPyDef_METH(node_type, "node_type", HPyFunc_NOARGS)
static HPy node_type_impl(HPyContext *ctx, HPy self) {
    return HPyType_FromSpec(ctx, &Node_spec, NULL);
}
HPyDef_METH(leaf_type, "leaf_type", HPyFunc_O)
static HPy leaf_type_impl(HPyContext *ctx, HPy self, HPy base) {
    HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, base}, {0}};
    return HPyType_FromSpec(ctx, &Leaf_spec, params);
}
HPyDef_METH(counts, "counts", HPyFunc_NOARGS)
static HPy counts_impl(HPyContext *ctx, HPy self) {
    HPy result = HPy_BuildValue(ctx, "(ll)", destroyed, finalized);
    destroyed = finalized = 0;
    return result;
}
HPyDef_METH(resurrect, "resurrect", HPyFunc_O)
static HPy resurrect_impl(HPyContext *ctx, HPy self, HPy arg) {
    keep_alive = HPy_IsTrue(ctx, arg);
    HPy h = HPyGlobal_Load(ctx, saved);
    /* None, not null: without the GIL a slot keeps the first object that it is given. */
    HPyGlobal_Store(ctx, &saved, ctx->h_None);
    return HPy_IsNull(h) ? HPy_Dup(ctx, ctx->h_None) : h;
}

/* A spec that lives on the stack, wrong in a way that the caller chooses. */
HPyDef_METH(wrong_type, "wrong_type", HPyFunc_VARARGS)
static HPy wrong_type_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    const char *kind = HPyUnicode_AsUTF8AndSize(ctx, args[0], NULL);
    HPyDef nameless = {.kind = HPyDef_Kind_Meth, .meth = {.signature = HPyFunc_NOARGS}};
    HPyDef slot = {.kind = HPyDef_Kind_Slot, .slot = {.slot = (HPySlot_Slot)999}};
    HPyDef unknown = {.kind = (HPyDef_Kind)77};
    HPyDef odd = Node_me;
    odd.meth.signature = HPyFunc_UNARYFUNC;
    HPyDef *defines[] = {NULL, NULL};
    HPyType_Spec spec = {.name = "kinds.Wrong", .flags = HPy_TPFLAGS_DEFAULT, .defines = defines};
    HPyType_SpecParam params[] = {{0}, {0}, {0}};
    if (nargs > 1)
        params[0] = (HPyType_SpecParam){HPyType_SpecParam_Base, args[1]};
    if (!strcmp(kind, "name")) spec.name = NULL;
    else if (!strcmp(kind, "size")) spec.basicsize = -1;
    else if (!strcmp(kind, "shape")) spec.builtin_shape = (HPyType_BuiltinShape)99;
    else if (!strcmp(kind, "gc")) spec.flags |= HPy_TPFLAGS_HAVE_GC;
    else if (!strcmp(kind, "nameless")) defines[0] = &nameless;
    else if (!strcmp(kind, "slot")) defines[0] = &slot;
    else if (!strcmp(kind, "kind")) defines[0] = &unknown;
    else if (!strcmp(kind, "signature")) defines[0] = &odd;
    else if (!strcmp(kind, "member")) defines[0] = &Node_number;
    else if (!strcmp(kind, "struct")) spec.basicsize = 8;
    else if (!strcmp(kind, "both"))
        params[1] = (HPyType_SpecParam){HPyType_SpecParam_BasesTuple, args[2]};
    else if (!strcmp(kind, "metaclass"))
        params[0] = (HPyType_SpecParam){HPyType_SpecParam_Metaclass, args[1]};
    else if (!strcmp(kind, "param")) params[0].kind = (HPyType_SpecParam_Kind)9;
    return HPyType_FromSpec(ctx, &spec, params);
}
HPyDef_METH(new_of, "new_of", HPyFunc_O)
static HPy new_of_impl(HPyContext *ctx, HPy self, HPy type) {
    void *data;
    return HPy_New(ctx, type, &data);
}
HPyDef_METH(generic_new_of, "generic_new_of", HPyFunc_O)
static HPy generic_new_of_impl(HPyContext *ctx, HPy self, HPy type) {
    return HPyType_GenericNew(ctx, type, NULL, 0, HPy_NULL);
}
HPyDef_METH(name_of, "name_of", HPyFunc_O)
static HPy name_of_impl(HPyContext *ctx, HPy self, HPy type) {
    const char *name = HPyType_GetName(ctx, type);
    return name == NULL ? HPy_NULL : HPyUnicode_FromString(ctx, name);
}
HPyDef_METH(is_subtype, "is_subtype", HPyFunc_VARARGS)
static HPy is_subtype_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    int answer = HPyType_IsSubtype(ctx, args[0], args[1]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyBool_FromBool(ctx, answer);
}

static HPyDef *defines[] = {
    &node_type, &leaf_type, &counts, &resurrect, &wrong_type, &new_of, &generic_new_of, &name_of,
    &is_subtype, NULL,
};
static HPyGlobal *globals[] = {&saved, NULL};
static HPyModuleDef def = {.defines = defines, .globals = globals};
HPy_MODINIT(kinds, def)
"""


@pytest.fixture
def kinds() -> ModuleType:
    module = hpystate.load("kinds", compile_snippet("kinds", SOURCE))
    gc.collect()
    module.counts()
    return module


def test_a_type_looks_like_any_other(kinds: ModuleType) -> None:
    node = kinds.node_type()

    assert type(node) is type
    assert (node.__name__, node.__module__, node.__doc__) == ("Node", "kinds", "A node.")
    assert node.me.__doc__ == "The node."
    assert node.number.__doc__ == "A number."


def test_members_and_getsets_reach_the_struct(kinds: ModuleType) -> None:
    node = kinds.node_type()(21)
    node.child = "x"

    assert (node.number, node.twice, node.child, node.letter) == (21, 42, "x", "\0")
    with pytest.raises(AttributeError):
        node.letter = "a"
    with pytest.raises(AttributeError):
        node.twice = 1


def test_a_spec_may_be_used_any_number_of_times(kinds: ModuleType) -> None:
    """Definitions are read only: member offsets are the same for each type that is made."""
    for number in range(50):
        node = kinds.node_type()
        assert node(number, node).number == number
        assert node(number, node).child is node


def test_an_instance_gives_its_fields_and_itself_back(kinds: ModuleType) -> None:
    class Child:
        pass

    child = Child()
    watched = weakref.ref(child)
    node = kinds.node_type()(7, child)
    del child

    assert watched() is not None
    del node
    assert watched() is None
    assert kinds.counts() == (7, 1)


def test_a_cycle_of_instances_is_collected(kinds: ModuleType) -> None:
    cls = kinds.node_type()
    first = cls(1)
    first.child = cls(2, first)
    del first

    gc.collect()

    assert kinds.counts() == (3, 2)


@pytest.mark.types_die
def test_a_type_in_a_cycle_with_its_instance_is_collected(kinds: ModuleType) -> None:
    cls = kinds.node_type()
    cls.instance = cls(5, cls)
    watched = weakref.ref(cls)
    del cls

    gc.collect()

    assert watched() is None
    assert kinds.counts() == (5, 1)


def test_a_bound_method_keeps_what_it_needs(kinds: ModuleType) -> None:
    method = kinds.node_type()(3).me
    gc.collect()

    assert method().number == 3
    assert method.__self__.twice == 6


def test_a_finalizer_may_bring_its_object_back(kinds: ModuleType) -> None:
    kinds.resurrect(True)
    node = kinds.node_type()(9)
    del node
    assert kinds.counts() == (0, 1)

    node = kinds.resurrect(False)

    assert node.number == 9
    del node
    assert kinds.counts() == (9, 0)  # a finalizer runs once


def test_a_derived_type_visits_and_destroys_on_every_level(kinds: ModuleType) -> None:
    base = kinds.node_type()
    leaf = kinds.leaf_type(base)
    instance = leaf(4, "child")
    instance.other = instance

    referents = gc.get_referents(instance)
    assert sum(referent is leaf for referent in referents) == 1
    assert "child" in referents and instance in referents
    del referents, instance
    gc.collect()
    assert kinds.counts() == (1004, 1)


def test_a_class_made_in_python_is_destroyed_with_its_bases(kinds: ModuleType) -> None:
    class Sub(kinds.leaf_type(kinds.node_type())):  # type: ignore[misc]
        __slots__ = ("extra", "__weakref__")

    instance = Sub(6)
    instance.extra = instance
    watched = weakref.ref(instance)
    del instance

    gc.collect()

    assert watched() is None
    assert kinds.counts() == (1006, 1)


def test_a_long_chain_is_destroyed_without_using_up_the_stack(
    kinds: ModuleType, child: Callable
) -> None:
    script = f"""
import hpystate
kinds = hpystate.load("kinds", {kinds.__file__!r})
cls = kinds.node_type()
chain = None
for i in range(300_000):
    chain = cls(1, chain)
del chain
print(kinds.counts())
"""
    result = child(script)

    assert result.stdout == "(300000, 300000)\n", result.stderr


def test_new_objects_of_a_type_are_all_zero(kinds: ModuleType) -> None:
    cls = kinds.node_type()
    for make in (kinds.new_of, kinds.generic_new_of):
        node = make(cls)
        assert (node.number, node.child, node.letter) == (0, None, "\0")
        with pytest.raises(TypeError, match="must be a type"):
            make("no type")


def test_names_and_subtypes(kinds: ModuleType) -> None:
    node = kinds.node_type()
    leaf = kinds.leaf_type(node)

    assert (kinds.name_of(node), kinds.name_of(int)) == ("Node", "int")
    assert kinds.is_subtype(leaf, node) and kinds.is_subtype(leaf, object)
    assert not kinds.is_subtype(node, leaf)
    with pytest.raises(TypeError, match="where a type was expected"):
        kinds.name_of(3)
    with pytest.raises(TypeError, match="where a type was expected"):
        kinds.is_subtype(node, 3)


@pytest.mark.parametrize(
    ("kind", "error", "word"),
    [
        ("name", SystemError, "no name"),
        ("size", ValueError, "must not be negative. Set .basicsize to the sizeof"),
        ("shape", ValueError, "builtin shape 99 does not exist"),
        ("gc", ValueError, "HPy_tp_traverse"),
        ("nameless", SystemError, "no name or no function"),
        ("slot", SystemError, "slot 999"),
        ("kind", SystemError, "unknown kind 77"),
        ("signature", ValueError, "Unsupported HPyMeth signature"),
        ("member", TypeError, "a type whose basicsize is not 0"),
        ("param", TypeError, "unknown HPyType_SpecParam kind 9"),
    ],
)
def test_a_wrong_spec_is_refused(
    kinds: ModuleType, kind: str, error: type[Exception], word: str
) -> None:
    with pytest.raises(error, match=word):
        kinds.wrong_type(kind)


@pytest.mark.parametrize(
    ("kind", "arguments", "word"),
    [
        ("base", (3,), "a base is of type 'int', a type was expected"),
        ("both", (int, (int,)), "not both"),
        ("metaclass", (3,), "the metaclass is of type 'int', a subclass of type was expected"),
        ("struct", (dict,), "does not fit on the base 'dict'"),
    ],
)
def test_wrong_bases_are_refused(kinds: ModuleType, kind: str, arguments: tuple, word: str) -> None:
    with pytest.raises(TypeError, match=word):
        kinds.wrong_type(kind, *arguments)


def test_a_struct_smaller_than_the_bases_is_refused(kinds: ModuleType) -> None:
    with pytest.raises(TypeError, match="does not fit on the base 'kinds.Node'"):
        kinds.wrong_type("struct", kinds.node_type())
