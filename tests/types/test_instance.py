"""test_instance.py: the memory of freed instances serves the next ones, and nobody notices."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import sysconfig
import weakref
from types import ModuleType
from typing import Any

import pytest

import hpystate
from hpystate.testing import compile_snippet

SOURCE = r"""
#include <hpy.h>

typedef struct {
    HPyField child;
    long number;
} Node; /* 16 bytes, behind a header of 16 */
HPyType_HELPERS(Node)
typedef struct {
    long numbers[2];
} Pair;
HPyType_HELPERS(Pair)

HPyDef_SLOT(Node_traverse, HPy_tp_traverse)
static int Node_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((Node *)self)->child);
    return 0;
}
HPyDef_SLOT(Node_new, HPy_tp_new)
static HPy Node_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t nargs, HPy kw) {
    Node *node;
    HPy made = HPy_New(ctx, cls, &node);
    if (!HPy_IsNull(made) && (node->number != 0 || !HPyField_IsNull(node->child))) {
        HPyErr_SetString(ctx, ctx->h_AssertionError, "the struct is not zero");
        HPy_Close(ctx, made);
        return HPy_NULL;
    }
    return made;
}
HPyDef_MEMBER(Node_child, "child", HPyMember_OBJECT, offsetof(Node, child))
HPyDef_MEMBER(Node_number, "number", HPyMember_LONG, offsetof(Node, number))
HPyDef_SLOT(Pair_new, HPy_tp_new)
static HPy Pair_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t nargs, HPy kw) {
    Pair *pair;
    HPy made = HPy_New(ctx, cls, &pair);
    if (!HPy_IsNull(made) && (pair->numbers[0] != 0 || pair->numbers[1] != 0)) {
        HPyErr_SetString(ctx, ctx->h_AssertionError, "the struct is not zero");
        HPy_Close(ctx, made);
        return HPy_NULL;
    }
    return made;
}
HPyDef_MEMBER(Pair_first, "first", HPyMember_LONG, offsetof(Pair, numbers[0]))
HPyDef_MEMBER(Pair_second, "second", HPyMember_LONG, offsetof(Pair, numbers[1]))

static HPyDef *node_defines[] = {&Node_traverse, &Node_new, &Node_child, &Node_number, NULL};
static HPyDef *pair_defines[] = {&Pair_new, &Pair_first, &Pair_second, NULL};
static HPyType_Spec node_spec = {
    .name = "instance.Node", .basicsize = sizeof(Node), .builtin_shape = Node_SHAPE,
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE | HPy_TPFLAGS_HAVE_GC,
    .defines = node_defines};
static HPyType_Spec pair_spec = {
    .name = "instance.Pair", .basicsize = sizeof(Pair), .builtin_shape = Pair_SHAPE,
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE, .defines = pair_defines};

HPyDef_METH(make_node_type, "make_node_type", HPyFunc_NOARGS)
static HPy make_node_type_impl(HPyContext *ctx, HPy self) {
    return HPyType_FromSpec(ctx, &node_spec, NULL);
}
HPyDef_METH(make_pair_type, "make_pair_type", HPyFunc_NOARGS)
static HPy make_pair_type_impl(HPyContext *ctx, HPy self) {
    return HPyType_FromSpec(ctx, &pair_spec, NULL);
}
static HPyDef *defines[] = {&make_node_type, &make_pair_type, NULL};
static HPyModuleDef definition = {.defines = defines};
HPy_MODINIT(instance, definition)
"""

#: Builds that look for misuse of memory keep none.
KEEPS = not (sysconfig.get_config_var("Py_DEBUG") or sysconfig.get_config_var("Py_GIL_DISABLED"))
KEEPS = KEEPS and not (os.environ.get("PYTHONMALLOC") or sys.flags.dev_mode)
BOUND = 4096 // 32
#: Blocks of the test itself: ints, its lists.
SLACK = 4


class Plain:
    """An instance of CPython's, of which no memory is kept."""

    __slots__ = tuple(f"slot{number}" for number in range(30))


@pytest.fixture(scope="module")
def module() -> ModuleType:
    return hpystate.load("instance", compile_snippet("instance", SOURCE))


@pytest.fixture(params=["node", "pair"])
def cls(request: pytest.FixtureRequest, module: ModuleType) -> Any:
    return getattr(module, f"make_{request.param}_type")()


def left_after(cls: Any, count: int) -> int:
    """Blocks of memory more than before, after so many instances were made and freed at once."""
    made: list[Any] = [None] * count
    gc.collect()
    before = sys.getallocatedblocks()
    for i in range(count):
        made[i] = cls()
    for i in range(count):
        made[i] = None
    return sys.getallocatedblocks() - before


def test_the_struct_of_a_new_instance_is_zero_whoever_was_there(module: ModuleType) -> None:
    node, pair = module.make_node_type(), module.make_pair_type()
    for _ in range(3):
        nodes, pairs = [node() for _ in range(300)], [pair() for _ in range(300)]
        for one, two in zip(nodes, pairs, strict=True):
            one.child, one.number, two.first, two.second = two, -1, -1, -1
        del nodes, pairs, one, two


def test_no_more_memory_is_kept_than_a_list_may_have(cls: Any) -> None:
    made: list[Any] = [cls() for _ in range(BOUND)]
    made.clear()  # the list is full now, whatever was in it before
    # The measurement itself makes ints: 5 on 3.15, for a Python class as for an HPy type.
    assert left_after(cls, 5_000) <= left_after(Plain, 5_000) + SLACK
    # A full list serves first, and takes the same number back.
    made = [cls() for _ in range(BOUND)]
    freed = sys.getallocatedblocks()
    made.clear()
    kept = BOUND - (freed - sys.getallocatedblocks())
    assert abs(kept - (BOUND if KEEPS else 0)) <= SLACK


@pytest.mark.types_die
def test_a_type_dies_though_the_memory_of_its_instances_is_kept(cls: Any) -> None:
    made = [type(cls)("Below", (cls,), {}) for _ in range(3)]
    for one in (cls, *made):
        [one() for _ in range(10)]
    ends = [weakref.ref(one) for one in made]
    made.clear()
    del one
    gc.collect()
    assert [end() for end in ends] == [None] * 3


@pytest.mark.types_die
def test_the_type_itself_dies(module: ModuleType) -> None:
    for make in (module.make_node_type, module.make_pair_type):
        made = make()
        [made() for _ in range(10)]
        end = weakref.ref(made)
        del made
        gc.collect()
        assert end() is None
        other = make()  # of the same size: gets the memory
        assert all(type(one) is other for one in [other() for _ in range(20)])


def test_a_cycle_through_instances_in_used_memory_is_collected(module: ModuleType) -> None:
    class Watched:
        pass

    node = module.make_node_type()
    [node() for _ in range(50)]
    ends = []
    for _ in range(50):
        one, watched = node(), Watched()
        one.child, watched.back = watched, one  # type: ignore[attr-defined]
        assert gc.is_tracked(one)
        ends.append(weakref.ref(watched))
        del one, watched
    gc.collect()
    assert all(end() is None for end in ends)


def test_the_memory_of_a_subclass_is_not_used_for_its_base(cls: Any) -> None:
    class Bare(cls):
        __slots__ = ()

    class Full(cls):
        pass

    for below in (Bare, Full):
        for _ in range(3):
            [below() for _ in range(20)]
            assert all(type(one) is cls for one in [cls() for _ in range(20)])
    full = Full()
    full.attribute = 1
    assert full.attribute == 1


def test_a_finalizer_that_is_set_later_runs_for_each_instance(cls: Any) -> None:
    finalized = []
    [cls() for _ in range(5)]
    cls.__del__ = lambda self: finalized.append(id(self))
    for n in range(1, 6):
        cls()
        assert len(finalized) == n
    del cls.__del__
    [cls() for _ in range(5)]
    assert len(finalized) == 5


CHILD = """
import sys
import hpystate
module = hpystate.load("instance", sys.argv[1])
for cls in (module.make_node_type(), module.make_pair_type()):
    made = [None] * 50
    before = sys.getallocatedblocks()
    for i in range(50):
        made[i] = cls()
    held = sys.getallocatedblocks() - before
    for i in range(50):
        made[i] = None
    print(held - (sys.getallocatedblocks() - before) > 40)
"""


@pytest.mark.skipif(
    not sysconfig.get_config_var("WITH_PYMALLOC"),
    reason="blocks of pymalloc are counted, and this Python was configured --without-pymalloc, as "
    "those with AddressSanitizer are; any other runs this",
)
@pytest.mark.parametrize(
    ("options", "environment"),
    [((), {"PYTHONMALLOC": "debug"}), (("-X", "dev"), {})],
    ids=["PYTHONMALLOC", "development mode"],
)
def test_a_debugging_allocator_sees_each_instance_freed(
    options: tuple[str, ...], environment: dict[str, str]
) -> None:
    file = compile_snippet("instance", SOURCE)
    result = subprocess.run(
        [sys.executable, *options, "-c", CHILD, str(file)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert result.stdout.split() == ["True", "True"]
