"""test_hostile.py: extensions as real ones are: unchecked, lazy, unlucky with addresses.

Long: a hostile extension each, with its source beside the test.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import hpystate
from hpystate.testing import Interpreter, compile_snippet

# ---- a finalizer that loads a type when its interpreter ends, and uses it ----------------------

LATE = """
    #include <hpy.h>
    #include <stdatomic.h>
    static HPyGlobal Type, Other;
    static atomic_int finalized, without_type;
    typedef struct { HPyField self; } Late;
    HPyType_HELPERS(Late)
    HPyDef_SLOT(traverse, HPy_tp_traverse)
    static int traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
        HPy_VISIT(&((Late *)self)->self);
        return 0;
    }
    HPyDef_SLOT(finalize, HPy_tp_finalize)
    static void finalize_impl(HPyContext *ctx, HPy self) {
        HPy type = HPyGlobal_Load(ctx, Type);   /* nobody checks what this gives */
        HPy other = HPy_Call(ctx, type, NULL, 0, HPy_NULL);
        HPyGlobal_Store(ctx, &Other, other);
        HPy text = HPy_Repr(ctx, other);
        HPy_Close(ctx, text);
        if (HPy_TypeCheck(ctx, self, type))
            HPy_Close(ctx, HPy_GetAttr_s(ctx, type, "__name__"));
        atomic_fetch_add(&finalized, 1);
        atomic_fetch_add(&without_type, HPy_IsNull(type));
        HPy_Close(ctx, other);
        HPy_Close(ctx, type);
        HPyErr_Clear(ctx);
    }
    static HPyDef *type_defines[] = {&traverse, &finalize, NULL};
    static HPyType_Spec spec = {
        .name = "late.Late", .basicsize = sizeof(Late), .builtin_shape = SHAPE(Late),
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC, .defines = type_defines,
    };
    HPyDef_METH(keep, "keep", HPyFunc_NOARGS)
    static HPy keep_impl(HPyContext *ctx, HPy self) {
        HPy type = HPyGlobal_Load(ctx, Type);
        Late *data;
        HPy h = HPy_New(ctx, type, &data);
        HPyField_Store(ctx, h, &data->self, h);
        HPyGlobal_Store(ctx, &Other, h);
        HPy_Close(ctx, type);
        HPy_Close(ctx, h);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(counts, "counts", HPyFunc_NOARGS)
    static HPy counts_impl(HPyContext *ctx, HPy self) {
        return HPy_BuildValue(ctx, "(ii)", atomic_load(&finalized), atomic_load(&without_type));
    }
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        HPy type = HPyType_FromSpec(ctx, &spec, NULL);
        if (HPy_IsNull(type))
            return -1;
        HPyGlobal_Store(ctx, &Type, type);
        HPy_Close(ctx, type);
        return 0;
    }
    static HPyDef *defines[] = {&keep, &counts, &exec, NULL};
    static HPyGlobal *globals[] = {&Type, &Other, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(late, def)
"""


def test_a_finalizer_that_uses_a_type_at_the_end_does_not_crash(child: Callable) -> None:
    file = compile_snippet("late", LATE)
    script = f"""
import hpystate, os, sys
from hpystate.testing import Interpreter
counts = hpystate.load("late", {str(file)!r}).counts
for gil in ("own", "shared"):
    before = counts()
    with Interpreter(gil) as other:
        other.run(f'import hpystate; hpystate.load("late", {{sys.argv[1]!r}}).keep()')
    after = counts()
    print(after[0] - before[0], after[1] - before[1])
sys.stdout.flush()
os._exit(0)
"""
    result = child(script, str(file))

    assert result.stdout == "1 1\n1 1\n", result.stderr


# ---- unlisted slots behind a C flag of the process ---------------------------------------------

LAZY = """
    #include <hpy.h>
    static HPyGlobal unlisted;
    static int ready;            /* one for all interpreters: the second one skips the store */
    HPyDef_METH(name_of_type, "name_of_type", HPyFunc_NOARGS)
    static HPy name_of_type_impl(HPyContext *ctx, HPy self) {
        if (!ready) {
            HPyGlobal_Store(ctx, &unlisted, ctx->h_LongType);
            ready = 1;
        }
        HPy type = HPyGlobal_Load(ctx, unlisted);
        HPy name = HPy_GetAttr_s(ctx, type, "__name__");
        HPy_Close(ctx, type);
        return name;
    }
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPyGlobal_Store(ctx, &unlisted, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, unlisted); }
    static HPyDef *defines[] = {&name_of_type, &put, &get, NULL};
    static HPyModuleDef def = {.defines = defines};
    HPy_MODINIT(lazy, def)
"""


def test_a_lazy_store_behind_a_c_flag_is_an_error_in_the_second_interpreter() -> None:
    file = compile_snippet("lazy", LAZY)
    with Interpreter() as first, Interpreter() as second:
        for interpreter in (first, second):
            interpreter.run(f"import hpystate; lazy = hpystate.load('lazy', {str(file)!r})")

        assert first.run("answer = lazy.name_of_type()") == "int"
        raised = second.run("""
            try:
                answer = lazy.name_of_type()
            except SystemError as error:
                answer = str(error)
        """)
        assert "HPy_GetAttr_s" in raised and "HPy_NULL" in raised
        assert first.run("answer = lazy.name_of_type()") == "int"


def test_an_unlisted_slot_keeps_its_value_while_others_store() -> None:
    file = compile_snippet("lazy", LAZY)
    with Interpreter() as first, Interpreter() as second:
        for interpreter in (first, second):
            interpreter.run(f"import hpystate; lazy = hpystate.load('lazy', {str(file)!r})")
        first.run("lazy.put('first')")
        second.run("lazy.put('second')")

        assert first.run("answer = lazy.get()") == "first"
        assert second.run("answer = lazy.get()") == "second"


# ---- two shared objects whose slots fall on one entry of the window ----------------------------

# The array covers every entry once; the constructor lists the one slot that falls on entry 4711.
TWIN = """
    #include <hpy.h>
    enum { ENTRIES = 1 << 17, WANTED = 4711 };
    static HPyGlobal all[ENTRIES];
    static HPyGlobal *globals[2];
    static HPyGlobal *mine;
    __attribute__((constructor)) static void choose(void) {
        for (int i = 0; i < ENTRIES; i++)
            if (((uintptr_t)&all[i] >> 3 & (ENTRIES - 1)) == WANTED)
                globals[0] = mine = &all[i];
    }
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPyGlobal_Store(ctx, mine, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) {
        HPy h = HPyGlobal_Load(ctx, *mine);
        return HPy_IsNull(h) ? HPyUnicode_FromString(ctx, "nothing") : h;
    }
    static HPyDef *defines[] = {&put, &get, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(NAME, def)
"""


@pytest.fixture
def twins() -> tuple[Path, Path]:
    one = compile_snippet("twin_one", TWIN.replace("NAME", "twin_one"))
    two = compile_snippet("twin_two", TWIN.replace("NAME", "twin_two"))
    return one, two


def test_slots_on_one_entry_do_not_mix_whatever_the_order_of_import(
    twins: tuple[Path, Path],
) -> None:
    load = "import hpystate; {name} = hpystate.load('twin_{name}', {file!r})"
    one, two = (
        load.format(name=name, file=str(file))
        for name, file in zip(("one", "two"), twins, strict=True)
    )
    with Interpreter() as first, Interpreter() as second:
        first.run(one), first.run(two)
        second.run(two), second.run(one)
        for number, interpreter in enumerate((first, second)):
            assert interpreter.run("answer = one.get(), two.get()") == ("nothing", "nothing")
            interpreter.run(f"one.put(('one', {number})); two.put(('two', {number}))")
            assert interpreter.run("answer = hpystate._native.state()['overflow']") == 1
        for number, interpreter in enumerate((first, second)):
            expected = (("one", number), ("two", number))
            assert interpreter.run("answer = one.get(), two.get()") == expected


# ---- two types of one file in A() + B(), and super() in every slot -----------------------------

TYPES = """
    #include <hpy.h>
    #include <string.h>
    typedef struct { long value; } Number;
    HPyType_HELPERS(Number)
    static long value_of(HPyContext *ctx, HPy h) { return Number_AsStruct(ctx, h)->value; }

    #define BINARY(NAME, SLOT, TEXT)                                                           \\
        HPyDef_SLOT(NAME, SLOT)                                                                \\
        static HPy NAME##_impl(HPyContext *ctx, HPy a, HPy b) {                                \\
            return HPyUnicode_FromString(ctx, TEXT);                                           \\
        }
    /* A adds only what is on its left; B only what is on its right. */
    HPyDef_SLOT(A_add, HPy_nb_add)
    static HPy A_add_impl(HPyContext *ctx, HPy a, HPy b) {
        HPy type = HPy_Type(ctx, a);
        const char *name = HPyType_GetName(ctx, type);
        int mine = strcmp(name, "B") != 0;
        HPy_Close(ctx, type);
        return mine ? HPyUnicode_FromString(ctx, "A.add")
                    : HPy_Dup(ctx, ctx->h_NotImplemented);
    }
    HPyDef_SLOT(B_add, HPy_nb_add)
    static HPy B_add_impl(HPyContext *ctx, HPy a, HPy b) {
        HPy type = HPy_Type(ctx, a);
        const char *name = HPyType_GetName(ctx, type);
        int mine = strcmp(name, "B") == 0;
        HPy_Close(ctx, type);
        return mine ? HPyUnicode_FromString(ctx, "B.add")
                    : HPy_Dup(ctx, ctx->h_NotImplemented);
    }
    HPyDef_SLOT(A_sub, HPy_nb_subtract)
    static HPy A_sub_impl(HPyContext *ctx, HPy a, HPy b) {
        return HPy_Dup(ctx, ctx->h_NotImplemented);
    }
    HPyDef_SLOT(B_sub, HPy_nb_subtract)
    static HPy B_sub_impl(HPyContext *ctx, HPy a, HPy b) {
        return HPyUnicode_FromString(ctx, "B.sub");
    }
    BINARY(A_mul, HPy_nb_multiply, "A.mul")
    HPyDef_SLOT(A_repr, HPy_tp_repr)
    static HPy A_repr_impl(HPyContext *ctx, HPy self) {
        return HPyUnicode_FromString(ctx, "A.repr");
    }
    HPyDef_SLOT(A_str, HPy_tp_str)
    static HPy A_str_impl(HPyContext *ctx, HPy self) { return HPyUnicode_FromString(ctx, "A.str"); }
    HPyDef_SLOT(A_hash, HPy_tp_hash)
    static HPy_hash_t A_hash_impl(HPyContext *ctx, HPy self) { return 4711; }
    HPyDef_SLOT(A_len, HPy_sq_length)
    static HPy_ssize_t A_len_impl(HPyContext *ctx, HPy self) { return 7; }
    HPyDef_SLOT(A_item, HPy_mp_subscript)
    static HPy A_item_impl(HPyContext *ctx, HPy self, HPy key) { return HPy_Dup(ctx, key); }
    HPyDef_SLOT(A_set, HPy_mp_ass_subscript)
    static int A_set_impl(HPyContext *ctx, HPy self, HPy key, HPy value) {
        Number_AsStruct(ctx, self)->value = HPy_IsNull(value) ? -1 : HPyLong_AsLong(ctx, value);
        return 0;
    }
    HPyDef_SLOT(A_contains, HPy_sq_contains)
    static int A_contains_impl(HPyContext *ctx, HPy self, HPy item) { return 1; }
    HPyDef_SLOT(A_bool, HPy_nb_bool)
    static int A_bool_impl(HPyContext *ctx, HPy self) { return 0; }
    HPyDef_SLOT(A_int, HPy_nb_int)
    static HPy A_int_impl(HPyContext *ctx, HPy self) {
        return HPyLong_FromLong(ctx, value_of(ctx, self));
    }
    HPyDef_SLOT(A_neg, HPy_nb_negative)
    static HPy A_neg_impl(HPyContext *ctx, HPy self) { return HPyUnicode_FromString(ctx, "A.neg"); }
    HPyDef_SLOT(A_pow, HPy_nb_power)
    static HPy A_pow_impl(HPyContext *ctx, HPy a, HPy b, HPy c) {
        return HPyUnicode_FromString(ctx, "A.pow");
    }
    HPyDef_SLOT(A_compare, HPy_tp_richcompare)
    static HPy A_compare_impl(HPyContext *ctx, HPy a, HPy b, HPy_RichCmpOp op) {
        return HPyBool_FromBool(ctx, op == HPy_LE);
    }
    HPyDef_SLOT(A_call, HPy_tp_call)
    static HPy A_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames) {
        HPy_ssize_t keywords = HPy_IsNull(kwnames) ? 0 : HPy_Length(ctx, kwnames);
        HPy last = keywords ? args[nargs + keywords - 1] : ctx->h_None;
        return HPy_BuildValue(ctx, "(nnO)", (HPy_ssize_t)nargs, keywords, last);
    }
    HPyDef_SLOT(A_init, HPy_tp_init)
    static int A_init_impl(HPyContext *ctx, HPy self, const HPy *args, HPy_ssize_t nargs, HPy kw) {
        Number_AsStruct(ctx, self)->value = nargs ? HPyLong_AsLong(ctx, args[0]) : 0;
        return HPyErr_Occurred(ctx) ? -1 : 0;
    }
    HPyDef_GETSET(A_value, "value", .closure = NULL)
    static HPy A_value_get(HPyContext *ctx, HPy self, void *closure) {
        return HPyLong_FromLong(ctx, value_of(ctx, self));
    }
    static int A_value_set(HPyContext *ctx, HPy self, HPy value, void *closure) {
        Number_AsStruct(ctx, self)->value = HPyLong_AsLong(ctx, value);
        return HPyErr_Occurred(ctx) ? -1 : 0;
    }
    HPyDef_METH(A_method, "method", HPyFunc_O)
    static HPy A_method_impl(HPyContext *ctx, HPy self, HPy arg) { return HPy_Dup(ctx, arg); }

    static HPyDef *A_defines[] = {
        &A_add, &A_sub, &A_mul, &A_repr, &A_str, &A_hash, &A_len, &A_item, &A_set, &A_contains,
        &A_bool, &A_int, &A_neg, &A_pow, &A_compare, &A_call, &A_init, &A_value, &A_method, NULL,
    };
    static HPyDef *B_defines[] = {&B_add, &B_sub, NULL};
    static HPyType_Spec A_spec = {
        .name = "types.A", .basicsize = sizeof(Number), .builtin_shape = SHAPE(Number),
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE, .defines = A_defines,
    };
    static HPyType_Spec B_spec = {
        .name = "types.B", .basicsize = sizeof(Number), .builtin_shape = SHAPE(Number),
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE, .defines = B_defines,
    };
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        return HPyHelpers_AddType(ctx, module, "A", &A_spec, NULL) &&
               HPyHelpers_AddType(ctx, module, "B", &B_spec, NULL) ? 0 : -1;
    }
    static HPyDef *defines[] = {&exec, NULL};
    static HPyModuleDef def = {.defines = defines};
    HPy_MODINIT(types, def)
"""


@pytest.fixture
def types() -> object:
    return hpystate.load("types", compile_snippet("types", TYPES))


def test_two_types_of_one_file_are_both_asked_in_an_operation(types: object) -> None:
    a, b = types.A(), types.B()  # type: ignore[attr-defined]

    assert a + b == "A.add"
    assert b + a == "B.add"
    assert a - b == "B.sub"
    assert b - a == "B.sub"
    with pytest.raises(TypeError):
        a - a


def test_super_reaches_every_slot_once(types: object) -> None:
    class Sub(types.A):  # type: ignore[name-defined, misc]
        def __init__(self, *args: int) -> None:
            super().__init__(*args)

        def __add__(self, other: object) -> str:
            return f"Sub+{super().__add__(other)}"

        def __mul__(self, other: object) -> str:
            return f"Sub+{super().__mul__(other)}"

        def __repr__(self) -> str:
            return f"Sub+{super().__repr__()}"

        def __str__(self) -> str:
            return f"Sub+{super().__str__()}"

        def __hash__(self) -> int:
            return 1 + super().__hash__()

        def __len__(self) -> int:
            return 1 + super().__len__()

        def __getitem__(self, key: object) -> object:
            return ("Sub", super().__getitem__(key))

        def __setitem__(self, key: object, value: int) -> None:
            super().__setitem__(key, value + 1)

        def __delitem__(self, key: object) -> None:
            super().__delitem__(key)

        def __contains__(self, item: object) -> bool:
            return not super().__contains__(item)

        def __bool__(self) -> bool:
            return not super().__bool__()

        def __int__(self) -> int:
            return 100 + super().__int__()

        def __neg__(self) -> str:
            return f"Sub+{super().__neg__()}"

        def __pow__(self, other: object, modulus: object = None) -> str:
            return f"Sub+{super().__pow__(other)}"

        def __le__(self, other: object) -> bool:
            return not super().__le__(other)

        def __lt__(self, other: object) -> bool:
            return not super().__lt__(other)

        def __call__(self, *args: object, **kwargs: object) -> tuple:
            return ("Sub", *super().__call__(*args, **kwargs))

        def method(self, arg: object) -> tuple:
            return ("Sub", super().method(arg))

    sub = Sub(20)
    assert (sub.value, int(sub)) == (20, 120)
    sub[0] = 30
    assert sub.value == 31
    del sub[0]
    assert sub.value == -1
    assert (sub + 1, sub * 1, repr(sub), str(sub)) == (
        "Sub+A.add",
        "Sub+A.mul",
        "Sub+A.repr",
        "Sub+A.str",
    )
    assert (hash(sub), len(sub), sub["k"]) == (4712, 8, ("Sub", "k"))
    assert (1 in sub, bool(sub), -sub, sub**2) == (False, True, "Sub+A.neg", "Sub+A.pow")
    assert (sub <= 1, sub < 1) == (False, True)
    assert sub(1, 2, x=3, y=4) == ("Sub", 2, 2, 4)
    assert sub(1) == ("Sub", 1, 0, None)
    assert sub.method("arg") == ("Sub", "arg")


def test_a_type_may_be_renamed_and_used(types: object) -> None:
    cls = types.A  # type: ignore[attr-defined]
    cls.__name__ = "Renamed"

    assert int(cls(3)) == 3
    assert type(cls) is type
