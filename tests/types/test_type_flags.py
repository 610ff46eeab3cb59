"""test_type_flags.py: each flag of a type's spec has its effect, or is refused by its name.

Long: a table of all 34 flags, and the extension that sets them.

Upstream's runtime hands all of them to CPython. So do we, but for those that CPython owns or that
would make it read what is not there.
"""

from __future__ import annotations

import _asyncio
import asyncio
import contextlib
import gc
import inspect
import json
import sys
import weakref
from types import ModuleType
from typing import Any

import pytest

import hpystate
from hpystate.build import Abi
from hpystate.testing import compile_snippet
from tests.conftest import Child

SOURCE = r"""
#include <hpy.h>

typedef struct { void *header[2]; long number; HPyField held; } Legacy;
typedef struct { long number; HPyField held; } Pure;

HPyDef_SLOT(legacy_traverse, HPy_tp_traverse)
static int legacy_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((Legacy *)self)->held);
    return 0;
}
HPyDef_SLOT(pure_traverse, HPy_tp_traverse)
static int pure_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((Pure *)self)->held);
    return 0;
}
HPyDef_SLOT(new, HPy_tp_new)
static HPy new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t n, HPy kw) {
    void *data;
    return HPy_New(ctx, type, &data);
}
HPyDef_SLOT(descr_get, HPy_tp_descr_get)
static HPy descr_get_impl(HPyContext *ctx, HPy self, HPy object, HPy type) {
    return HPy_Dup(ctx, self);
}
HPyDef_MEMBER(legacy_held, "held", HPyMember_OBJECT, offsetof(Legacy, held))
HPyDef_MEMBER(pure_held, "held", HPyMember_OBJECT, offsetof(Pure, held))
HPyDef_MEMBER(legacy_dict, "__dictoffset__", HPyMember_HPYSSIZET, offsetof(Legacy, held),
              .readonly = 1)
HPyDef_MEMBER(pure_dict, "__dictoffset__", HPyMember_HPYSSIZET, offsetof(Pure, held),
              .readonly = 1)
HPyDef_MEMBER(legacy_weak, "__weaklistoffset__", HPyMember_HPYSSIZET, offsetof(Legacy, held),
              .readonly = 1)
HPyDef_MEMBER(pure_weak, "__weaklistoffset__", HPyMember_HPYSSIZET, offsetof(Pure, held),
              .readonly = 1)

/* make(legacy, flags, words, bases): words are "new", "get", "dict", "weak", "empty", "tuple",
   and "items" for items of 8 bytes */
HPyDef_METH(make, "make", HPyFunc_VARARGS)
static HPy make_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    const long legacy = HPyLong_AsLong(ctx, args[0]);
    HPyDef *defines[8] = {NULL}, **at = defines;
    HPyType_Spec spec = {
        .name = "flags.Made", .defines = defines,
        .basicsize = legacy ? (int)sizeof(Legacy) : (int)sizeof(Pure),
        .flags = HPyLong_AsUnsignedLong(ctx, args[1]),
        .builtin_shape = legacy ? HPyType_BuiltinShape_Legacy : HPyType_BuiltinShape_Object,
    };
    const HPyType_SpecParam params[] = {
        {nargs > 3 ? HPyType_SpecParam_BasesTuple : (HPyType_SpecParam_Kind)0,
         nargs > 3 ? args[3] : HPy_NULL}, {(HPyType_SpecParam_Kind)0, HPy_NULL}};
#define WORD(text) \
    HPy name##text = HPyUnicode_FromString(ctx, #text); \
    const int has_##text = HPy_Contains(ctx, args[2], name##text); \
    HPy_Close(ctx, name##text); \
    if (has_##text)
    WORD(new) *at++ = &new;
    WORD(get) *at++ = &descr_get;
    WORD(dict) *at++ = legacy ? &legacy_dict : &pure_dict;
    WORD(weak) *at++ = legacy ? &legacy_weak : &pure_weak;
    WORD(items) spec.itemsize = 8;
    WORD(empty) spec.basicsize = 0;
    WORD(tuple) spec.builtin_shape = HPyType_BuiltinShape_Tuple;
    if (spec.flags & HPy_TPFLAGS_HAVE_GC && spec.basicsize) {
        *at++ = legacy ? &legacy_traverse : &pure_traverse;
        *at++ = legacy ? &legacy_held : &pure_held;
    }
    return HPyType_FromSpec(ctx, &spec, (HPyType_SpecParam *)params);
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

static HPyDef *module_defines[] = {&make, &new_of, &generic_new_of, NULL};
static HPyModuleDef def = {.defines = module_defines};
HPy_MODINIT(flags, def)
""".replace("header[2]", f"header[{object.__basicsize__ // 8}]")  # four words without the GIL

#: With the names of CPython's headers, as a hybrid extension writes them.
VAULT = r"""
#include <Python.h>
#include <hpy.h>
#include <string.h>

typedef struct { const char *name; } Door;
HPyType_HELPERS(Door)
HPyDef_METH(Door_length, "name_length", HPyFunc_NOARGS)
static HPy Door_length_impl(HPyContext *ctx, HPy self) {
    return HPyLong_FromSize_t(ctx, strlen(Door_AsStruct(ctx, self)->name));
}
static HPyDef *Door_defines[] = {&Door_length, NULL};
static HPyType_Spec spec = {
    .name = "vault.Door", .basicsize = sizeof(Door), .builtin_shape = SHAPE(Door),
    .flags = HPy_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .defines = Door_defines,
};
HPyDef_METH(open, "open", HPyFunc_O)
static HPy open_impl(HPyContext *ctx, HPy self, HPy type) {
    Door *door;
    HPy made = HPy_New(ctx, type, &door);
    if (!HPy_IsNull(made)) door->name = "green";
    return made;
}
HPyDef_SLOT(setup, HPy_mod_exec)
static int setup_impl(HPyContext *ctx, HPy module) {
    return HPyHelpers_AddType(ctx, module, "Door", &spec, NULL) ? 0 : -1;
}
static HPyDef *defines[] = {&open, &setup, NULL};
static HPyModuleDef def = {.defines = defines};
HPy_MODINIT(vault, def)
"""

NUMBERS = """
#define Py_TPFLAGS_DISALLOW_INSTANTIATION (1UL << 7)
#define Py_TPFLAGS_IMMUTABLETYPE (1UL << 8)
"""

HEAPTYPE, VERSION_TAG = 1 << 9, 1 << 18
DEFAULT, GC, BASETYPE = HEAPTYPE | VERSION_TAG, 1 << 14, 1 << 10
WEAKREF, DICT, SEQUENCE, MAPPING = 1 << 3, 1 << 4, 1 << 5, 1 << 6
NO_INSTANCES, IMMUTABLE, METHOD, ABSTRACT = 1 << 7, 1 << 8, 1 << 17, 1 << 20
MATCH_SELF, ITEMS_AT_END = 1 << 22, 1 << 23

BIT_TWO = "INLINE_VALUES" if sys.version_info >= (3, 13) else "INTERNAL_IS_HPY_TYPE"
#: Bits that no spec can set, and the words by which the TypeError names them.
REFUSED = {
    1: "STATIC_BUILTIN", 2: BIT_TWO, 12: "READY", 13: "READYING", 15: "STACKLESS",
    16: "STACKLESS", 19: "VALID_VERSION_TAG", 21: "bit 21", 24: "LONG_SUBCLASS",
    25: "LIST_SUBCLASS", 26: "TUPLE_SUBCLASS", 27: "BYTES_SUBCLASS", 28: "UNICODE_SUBCLASS",
    29: "DICT_SUBCLASS", 30: "BASE_EXC_SUBCLASS", 31: "TYPE_SUBCLASS", 32: "bit 32", 63: "bit 63",
}  # fmt: skip
#: Bits that need something beside them, which the parametrised tests give.
NEEDS = {3: GC, 4: GC}
WORDS = {11: "vectorcall", 17: "get"}

pytestmark = pytest.mark.parametrize("legacy", [False, True], ids=["pure", "legacy"])


@pytest.fixture(scope="module")
def c() -> ModuleType:
    return hpystate.load("flags", compile_snippet("flags", SOURCE))


def made(c: ModuleType, legacy: bool, flags: int, *words: str, bases: Any = None) -> type:
    arguments = () if bases is None else (bases,)
    return c.make(legacy, DEFAULT | flags, words, *arguments)


# ---- every bit ---------------------------------------------------------------------------------

EVERY_BIT = """
import gc, json, sys, hpystate
path, legacy, flags, bit, word = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
c = hpystate.load("flags", path)
try:
    cls = c.make(legacy, flags | 1 << bit, (word,))
except TypeError as error:
    print(json.dumps(str(error)))
    sys.exit()
for round in range(3):
    instances = [c.new_of(cls) for _ in range(50)]
    if bit == 7:
        assert cls.__new__ is object.__new__
    else:
        try:
            instances += [cls() for _ in range(50)]
        except AttributeError as error:
            assert bit == 20 and "__abstractmethods__" in str(error), error
    for one in instances:
        assert isinstance(one, cls) and not isinstance(one, (int, list, dict, str, type))
        str(one), hash(one), one == one, callable(one)
        match one:
            case [*_]: kind = "sequence"
            case {}: kind = "mapping"
            case _: kind = "other"
        assert kind == {5: "sequence", 6: "mapping"}.get(bit, "other"), kind
    del one, instances
    gc.collect()
print(json.dumps(cls.__flags__))
"""


@pytest.mark.parametrize("bit", [*range(32), 32, 63])
def test_every_bit_has_its_effect_or_is_refused_by_name(
    child: Child, legacy: bool, bit: int
) -> None:
    path = str(compile_snippet("flags", SOURCE))
    flags = DEFAULT | NEEDS.get(bit, 0) | (GC if bit == 14 else 0)

    run = child(EVERY_BIT, path, str(int(legacy)), str(flags), str(bit), WORDS.get(bit, ""))

    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    if bit in REFUSED:
        assert "flags.Made" in answer
        assert REFUSED[bit] in answer
    elif bit == 11:  # tests/context/test_call_function.py has what it needs
        assert "HPy_TPFLAGS_HAVE_VECTORCALL needs an HPy_tp_call slot" in answer
    else:
        assert answer & 1 << bit, hex(answer)


def test_the_tables_of_this_file_name_bits_that_exist(legacy: bool) -> None:
    assert legacy in (False, True)
    assert not set(REFUSED) & (set(NEEDS) | set(WORDS))


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_python_gets_no_door_without_a_name(legacy: bool, mode: str) -> None:
    """A method of an instance that must not exist would follow its pointer."""
    abi: Abi = "hybrid" if legacy else "universal"
    source = VAULT if legacy else VAULT.replace("#include <Python.h>", NUMBERS)
    vault = hpystate.load("vault", compile_snippet("vault", source, abi=abi), mode=mode)

    with pytest.raises(TypeError, match="cannot create 'vault.Door' instances"):
        vault.Door()
    with pytest.raises(TypeError, match="immutable type 'vault.Door'"):
        vault.Door.x = 1
    assert vault.open(vault.Door).name_length() == 5


# ---- no instances, no attributes ---------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("new",)], ids=["plain", "with tp_new"])
def test_a_type_that_may_not_be_instantiated_has_instances_of_c_only(
    c: ModuleType, legacy: bool, words: tuple[str, ...]
) -> None:
    cls = made(c, legacy, NO_INSTANCES, *words)

    with pytest.raises(TypeError, match="cannot create 'flags.Made' instances"):
        cls()
    with pytest.raises(TypeError):
        object.__new__(cls)
    assert "__new__" not in vars(cls)
    assert type(c.new_of(cls)) is cls
    assert type(c.generic_new_of(cls)) is cls


def test_a_class_in_python_below_one_without_instances_has_none_either(
    c: ModuleType, legacy: bool
) -> None:
    class Below(made(c, legacy, NO_INSTANCES | BASETYPE)):  # type: ignore[misc]
        pass

    with pytest.raises(TypeError, match="cannot create"):
        Below()


def test_an_immutable_type_takes_no_attribute(c: ModuleType, legacy: bool) -> None:
    cls = made(c, legacy, IMMUTABLE)

    for name in ("new_one", "__doc__", "__name__"):
        with pytest.raises(TypeError, match="immutable type"):
            setattr(cls, name, "x")
    assert type(cls()) is cls


@pytest.mark.filterwarnings("error")
def test_an_immutable_type_on_a_mutable_base_is_what_cpython_makes_of_it(
    c: ModuleType, legacy: bool
) -> None:
    base = made(c, legacy, BASETYPE)
    error = TypeError if sys.version_info >= (3, 14) else DeprecationWarning

    with pytest.raises(error, match="immutable type flags.Made from mutable base"):
        made(c, legacy, IMMUTABLE, "empty", bases=(base,))


# ---- what is in front of an instance -----------------------------------------------------------


@pytest.mark.parametrize("flag", [DICT, WEAKREF, DICT | WEAKREF], ids=["dict", "weak", "both"])
def test_instances_with_words_in_front_live_and_die_among_others(
    c: ModuleType, legacy: bool, flag: int
) -> None:
    """The memory of a dead instance serves the next one of its size, which has no words there."""
    with_words, without = made(c, legacy, GC | flag, "new"), made(c, legacy, GC, "new")
    died: list[str] = []

    for _ in range(3):
        instances = [cls() for cls in (with_words, without) * 50]
        for number, one in enumerate(instances):
            one.held = instances  # a cycle
            if flag & DICT and type(one) is with_words:
                one.number = number
            if flag & WEAKREF and type(one) is with_words:
                weakref.finalize(one, died.append, "died")
        if flag & DICT:
            assert [each.number for each in instances[::2]] == list(range(0, 100, 2))
        with pytest.raises(AttributeError):
            without().number = 1  # type: ignore[attr-defined]
        del one, instances
        gc.collect()
    assert len(died) == (150 if flag & WEAKREF else 0)


def test_a_managed_dict_is_seen_by_the_collector_and_released(c: ModuleType, legacy: bool) -> None:
    class Watched:
        pass

    one, alone = made(c, legacy, GC | DICT)(), made(c, legacy, GC | DICT)()
    alone.value, one.me, one.value = Watched(), one, Watched()  # type: ignore[attr-defined]
    watched = weakref.ref(one.value)  # type: ignore[attr-defined]
    released = weakref.ref(alone.value)  # type: ignore[attr-defined]

    del alone
    assert released() is None
    del one
    gc.collect()
    assert watched() is None


@pytest.mark.parametrize("derive", ["in C", "in Python"])
def test_a_managed_dict_is_inherited(c: ModuleType, legacy: bool, derive: str) -> None:
    class Watched:
        pass

    base = made(c, legacy, GC | DICT | WEAKREF | BASETYPE)
    if derive == "in C":
        cls = made(c, legacy, GC, "empty" if legacy else "new", bases=(base,))
    else:
        cls = type("Below", (base,), {})
    one = cls()
    one.me, one.value = one, Watched()  # type: ignore[attr-defined]
    watched, itself = weakref.ref(one.value), weakref.ref(one)  # type: ignore[attr-defined]

    del one
    gc.collect()

    assert (watched(), itself()) == (None, None)


@pytest.mark.parametrize("flag", [DICT, WEAKREF], ids=["dict", "weak"])
def test_words_in_front_need_the_collector(c: ModuleType, legacy: bool, flag: int) -> None:
    name = "DICT" if flag == DICT else "WEAKREF"
    with pytest.raises(TypeError, match=f"Py_TPFLAGS_MANAGED_{name} .* HPy_TPFLAGS_HAVE_GC"):
        made(c, legacy, flag)


@pytest.mark.parametrize(("flag", "member"), [(DICT, "dict"), (WEAKREF, "weak")])
def test_a_dict_or_weak_references_have_one_place(
    c: ModuleType, legacy: bool, flag: int, member: str
) -> None:
    with pytest.raises(TypeError, match="Py_TPFLAGS_MANAGED_.* member"):
        made(c, legacy, GC | flag, member)
    base: type = made(c, legacy, GC | BASETYPE, member)
    with pytest.raises(TypeError, match="Py_TPFLAGS_MANAGED_.* a base"):
        made(c, legacy, GC | flag, bases=(base,))


def test_a_dict_that_the_foreign_base_shows_is_shown_once(c: ModuleType, legacy: bool) -> None:
    """Seen twice, the list below has no owner left in the collector's count, and is emptied."""
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        cls = made(c, legacy, 0, "empty", bases=(_asyncio.Future,))
        one = cls(loop=loop)
        kept = [one]
        one.kept = kept
        del one

        gc.collect()

        assert len(kept) == 1
        assert kept[0].kept is kept


# ---- the others --------------------------------------------------------------------------------


def test_a_method_descriptor_needs_a_descr_get(c: ModuleType, legacy: bool) -> None:
    with pytest.raises(TypeError, match="Py_TPFLAGS_METHOD_DESCRIPTOR .* HPy_tp_descr_get"):
        made(c, legacy, METHOD)
    base = made(c, legacy, BASETYPE, "get")
    assert made(c, legacy, METHOD, "empty", bases=(base,)).__flags__ & METHOD


def test_an_abstract_type_is_one(c: ModuleType, legacy: bool) -> None:
    assert inspect.isabstract(made(c, legacy, ABSTRACT))
    assert not inspect.isabstract(made(c, legacy, 0))


def test_a_type_that_matches_itself_does(c: ModuleType, legacy: bool) -> None:
    cls, other = made(c, legacy, MATCH_SELF), made(c, legacy, 0)
    match one := cls():
        case cls(caught):
            assert caught is one
        case _:
            raise AssertionError("the class pattern does not match")
    with pytest.raises(TypeError, match="accepts 0 positional"):
        match other():
            case other(_):
                pass


@pytest.mark.parametrize("base", [int, list, tuple, bytes, str, dict, BaseException, type])
def test_a_flag_of_a_builtin_type_is_taken_where_a_base_has_it(
    c: ModuleType, legacy: bool, base: type
) -> None:
    bit = [int, list, tuple, bytes, str, dict, BaseException, type].index(base) + 24

    assert made(c, legacy, 1 << bit, "empty", bases=(base,)).__flags__ & 1 << bit


def test_items_at_the_end_go_with_items_and_not_with_a_struct_behind_them(
    c: ModuleType, legacy: bool
) -> None:
    assert made(c, legacy, ITEMS_AT_END, "items").__flags__ & ITEMS_AT_END
    with pytest.raises(TypeError, match="Py_TPFLAGS_ITEMS_AT_END .* Tuple"):
        made(c, legacy, ITEMS_AT_END, "tuple", bases=(tuple,))
