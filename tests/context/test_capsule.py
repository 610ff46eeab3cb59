"""test_capsule.py: capsules, and what their destructors are told."""

from __future__ import annotations

import datetime
from types import ModuleType
from typing import Any

import pytest

from tests.context.snippet import NULL

SOURCE = r"""
static char first[] = "first name", second[] = "second name";
static int values[3] = {10, 20, 30}; /* pointers and contexts point to one of them */
static int calls, told_value, told_context;
static const char *told_name;

static void tell(int add, const char *name, void *pointer, void *context) {
    calls += add;
    told_name = name;
    told_value = *(int *)pointer;
    told_context = context == NULL ? 0 : *(int *)context;
}
HPyCapsule_DESTRUCTOR(by_one)
static void by_one_impl(const char *name, void *pointer, void *context) {
    tell(1, name, pointer, context);
}
HPyCapsule_DESTRUCTOR(by_ten)
static void by_ten_impl(const char *name, void *pointer, void *context) {
    tell(10, name, pointer, context);
}
static HPyCapsule_Destructor empty;

static HPyCapsule_Destructor *destructor(long which) {
    HPyCapsule_Destructor *all[] = {NULL, &by_one, &by_ten, &empty};
    return all[which];
}
static const char *named(long which) { return which == 0 ? NULL : which == 1 ? first : second; }

FUNCTION(make) { /* value, name, destructor */
    HPy_ssize_t value = SIZE(0);
    void *pointer = value < 0 ? NULL : &values[value];
    return handle(ctx, HPyCapsule_New(ctx, pointer, named(SIZE(1)), destructor(SIZE(2))));
}
FUNCTION(pointer) {
    int *value = HPyCapsule_GetPointer(ctx, ARG(0), named(SIZE(1)));
    if ((value == NULL) != HPyErr_Occurred(ctx)) return wrong(ctx, "NULL and an exception");
    return value == NULL ? HPy_NULL : HPyLong_FromLong(ctx, *value);
}
FUNCTION(name) {
    const char *name = HPyCapsule_GetName(ctx, ARG(0));
    if (HPyErr_Occurred(ctx)) return name == NULL ? HPy_NULL : wrong(ctx, "NULL where it raises");
    return name == NULL ? none(ctx) : HPyUnicode_FromString(ctx, name);
}
FUNCTION(context) {
    int *value = HPyCapsule_GetContext(ctx, ARG(0));
    if (HPyErr_Occurred(ctx)) return value == NULL ? HPy_NULL : wrong(ctx, "NULL where it raises");
    return value == NULL ? none(ctx) : HPyLong_FromLong(ctx, *value);
}
FUNCTION(get_key) {
    void *got = HPyCapsule_Get(ctx, ARG(0), (_HPyCapsule_key)SIZE(1), NULL);
    return got == NULL ? done(ctx) : wrong(ctx, "nothing to get");
}
FUNCTION(set_key) {
    return status(ctx, HPyCapsule_Set(ctx, ARG(0), (_HPyCapsule_key)SIZE(1), NULL));
}
FUNCTION(set_pointer) { return status(ctx, HPyCapsule_SetPointer(ctx, ARG(0), &values[SIZE(1)])); }
FUNCTION(set_name) { return status(ctx, HPyCapsule_SetName(ctx, ARG(0), named(SIZE(1)))); }
FUNCTION(set_context) { return status(ctx, HPyCapsule_SetContext(ctx, ARG(0), &values[SIZE(1)])); }
FUNCTION(set_destructor) {
    return status(ctx, HPyCapsule_SetDestructor(ctx, ARG(0), destructor(SIZE(1))));
}
FUNCTION(valid) { return answer(ctx, HPyCapsule_IsValid(ctx, ARG(0), named(SIZE(1)))); }
FUNCTION(get_while_raising) {
    HPyErr_SetString(ctx, ctx->h_KeyError, "pending");
    (void)HPyCapsule_GetContext(ctx, ARG(0));
    return done(ctx);
}
FUNCTION(told) { /* since the last time: calls, name, value, context */
    int since = calls;
    calls = 0;
    return HPy_BuildValue(ctx, "isii", since, told_name ? told_name : "", told_value, told_context);
}
"""

NOBODY, BY_ONE, BY_TEN, EMPTY = range(4)
POINTER, NAME, CONTEXT, DESTRUCTOR = range(4)


@pytest.fixture(autouse=True)
def _told_nothing_yet(c: ModuleType) -> None:
    c.told()


def test_a_capsule_has_what_it_was_made_of(c: ModuleType) -> None:
    capsule = c.make(1, 1, NOBODY)

    assert (c.pointer(capsule, 1), c.name(capsule), c.context(capsule)) == (20, "first name", None)


def test_a_capsule_needs_no_name(c: ModuleType) -> None:
    capsule = c.make(1, 0, NOBODY)

    assert (c.pointer(capsule, 0), c.name(capsule)) == (20, None)


def test_a_null_pointer_is_a_value_error(c: ModuleType) -> None:
    with pytest.raises(ValueError, match="null pointer"):
        c.make(-1, 1, BY_ONE)

    assert c.told()[0] == 0


def test_a_pointer_under_another_name_is_a_value_error(c: ModuleType) -> None:
    with pytest.raises(ValueError, match="incorrect name"):
        c.pointer(c.make(1, 1, NOBODY), 2)


def test_a_destructor_is_told_name_pointer_and_context(c: ModuleType) -> None:
    capsule = c.make(0, 1, BY_ONE)
    c.set_context(capsule, 2)

    del capsule

    assert c.told() == (1, "first name", 10, 30)


def test_a_destructor_gets_what_the_capsule_holds_when_it_dies(c: ModuleType) -> None:
    capsule = c.make(0, 1, BY_ONE)
    c.set_context(capsule, 1)
    c.set_name(capsule, 2)
    c.set_pointer(capsule, 2)
    c.set_context(capsule, 0)

    del capsule

    assert c.told() == (1, "second name", 30, 10)


def test_a_destructor_without_context_is_told_null(c: ModuleType) -> None:
    capsule = c.make(0, 1, BY_ONE)

    del capsule

    assert c.told() == (1, "first name", 10, 0)


@pytest.mark.parametrize(("before", "after", "calls"), [(1, 2, 10), (1, 0, 0), (0, 1, 1)])
def test_the_last_destructor_that_was_set_is_the_one(
    c: ModuleType, before: int, after: int, calls: int
) -> None:
    capsule = c.make(0, 1, before)
    c.set_destructor(capsule, after)

    del capsule

    assert c.told()[0] == calls


def test_two_capsules_have_a_context_each(c: ModuleType) -> None:
    one, two = c.make(0, 1, BY_ONE), c.make(0, 1, BY_ONE)
    c.set_context(one, 1)
    c.set_context(two, 2)

    assert (c.context(one), c.context(two)) == (20, 30)


@pytest.mark.parametrize("make", ["make", "set_destructor"])
def test_a_destructor_without_a_function_is_a_value_error(c: ModuleType, make: str) -> None:
    capsule = c.make(0, 1, BY_ONE)

    with pytest.raises(ValueError, match="the destructor has no function"):
        c.make(0, 1, EMPTY) if make == "make" else c.set_destructor(capsule, EMPTY)

    del capsule
    assert c.told()[0] == 1


@pytest.mark.parametrize("key", [DESTRUCTOR, 9])
def test_a_key_that_cannot_be_read_is_a_value_error(c: ModuleType, key: int) -> None:
    with pytest.raises(ValueError, match=f"^HPyCapsule_Get: key {key} "):
        c.get_key(c.make(0, 1, NOBODY), key)


def test_a_key_that_does_not_exist_cannot_be_set(c: ModuleType) -> None:
    with pytest.raises(ValueError, match="^HPyCapsule_Set: unknown key 9"):
        c.set_key(c.make(0, 1, NOBODY), 9)


def test_a_pointer_cannot_be_set_to_null(c: ModuleType) -> None:
    with pytest.raises(ValueError, match="null pointer"):
        c.set_key(c.make(0, 1, NOBODY), POINTER)


@pytest.mark.parametrize(("name", "expected"), [(1, True), (2, False), (0, False)])
def test_a_capsule_is_valid_under_its_name(c: ModuleType, name: int, expected: bool) -> None:
    assert c.valid(c.make(0, 1, NOBODY), name) is expected


def test_what_is_not_a_capsule_is_not_valid(c: ModuleType) -> None:
    assert c.valid("text", 1) is False


@pytest.mark.parametrize(
    ("function", "rest"),
    [
        ("pointer", (1,)),
        ("name", ()),
        ("context", ()),
        ("set_pointer", (0,)),
        ("set_name", (1,)),
        ("set_context", (0,)),
        ("set_destructor", (BY_ONE,)),
    ],
)
def test_what_is_not_a_capsule_is_a_value_error(
    c: ModuleType, function: str, rest: tuple[Any, ...]
) -> None:
    with pytest.raises(
        ValueError, match=r"^HPyCapsule_\w+: a '\w+' was given, a capsule was expected"
    ):
        getattr(c, function)("text", *rest)


def test_a_capsule_of_the_c_api_takes_no_destructor_of_hpy(c: ModuleType) -> None:
    foreign = datetime.datetime_CAPI  # type: ignore[attr-defined]

    assert c.context(foreign) is None
    with pytest.raises(ValueError, match="not made by HPy"):
        c.set_destructor(foreign, BY_ONE)


def test_reading_a_capsule_leaves_the_exception_that_is_set(c: ModuleType) -> None:
    foreign = datetime.datetime_CAPI  # type: ignore[attr-defined]

    with pytest.raises(KeyError, match="pending"):
        c.get_while_raising(foreign)


@pytest.mark.parametrize(
    ("function", "slot", "rest"),
    [("pointer", "Get", (1,)), ("set_name", "Set", (1,))],
)
def test_a_null_operand_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str, rest: tuple[Any, ...]
) -> None:
    with pytest.raises(SystemError, match=rf"^HPyCapsule_{slot}: parameter 1 is HPy_NULL"):
        getattr(c, function)(NULL, *rest)
