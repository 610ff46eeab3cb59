"""test_error.py: exceptions, warnings and the end of the process."""

from __future__ import annotations

import errno
import signal
import sys
import warnings
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import Child
from tests.context.snippet import NULL, references

SOURCE = r"""
FUNCTION(fatal) { HPy_FatalError(ctx, TEXT(0)); return done(ctx); }
FUNCTION(set_string) { HPyErr_SetString(ctx, ARG(0), TEXT(1)); return done(ctx); }
FUNCTION(set_object) { HPyErr_SetObject(ctx, ARG(0), ARG(1)); return done(ctx); }
FUNCTION(from_errno) {
    const char *name = TEXT(2);
    errno = (int)SIZE(1);
    return handle(ctx, HPyErr_SetFromErrnoWithFilename(ctx, ARG(0), name));
}
FUNCTION(from_errno_objects) {
    HPy type = ARG(0), first = ARG(2), second = ARG(3);
    errno = (int)SIZE(1);
    return handle(ctx, HPyErr_SetFromErrnoWithFilenameObjects(ctx, type, first, second));
}
FUNCTION(no_memory) { HPyErr_NoMemory(ctx); return done(ctx); }
FUNCTION(occurred) {
    if (!HPy_IsNull(ARG(0))) HPyErr_SetString(ctx, ARG(0), "set");
    int occurred = HPyErr_Occurred(ctx);
    HPyErr_Clear(ctx);
    if (HPyErr_Occurred(ctx)) return wrong(ctx, "there is an exception after Clear");
    return HPyBool_FromBool(ctx, occurred);
}
FUNCTION(matches) {
    if (!HPy_IsNull(ARG(0))) HPyErr_SetString(ctx, ARG(0), "set");
    int matches = HPyErr_ExceptionMatches(ctx, ARG(1));
    if (HPy_IsNull(ARG(1))) return matches == 0 ? HPy_NULL : wrong(ctx, "0 where it raises");
    HPyErr_Clear(ctx);
    return HPyLong_FromLong(ctx, matches);
}
FUNCTION(unraisable) {
    HPyErr_SetString(ctx, ctx->h_ValueError, "unraisable");
    HPyErr_WriteUnraisable(ctx, ARG(0));
    return done(ctx);
}
FUNCTION(new_exception) {
    return handle(ctx, HPyErr_NewException(ctx, TEXT(0), ARG(1), ARG(2)));
}
FUNCTION(new_with_doc) {
    return handle(ctx, HPyErr_NewExceptionWithDoc(ctx, TEXT(0), TEXT(1), ARG(2), ARG(3)));
}
FUNCTION(warn) { return status(ctx, HPyErr_WarnEx(ctx, ARG(0), TEXT(1), SIZE(2))); }
"""


def test_a_fatal_error_ends_the_process_with_its_message(c: ModuleType, child: Child) -> None:
    ended = child(
        f"import hpystate; hpystate.load({c.__name__!r}, {c.__file__!r}).fatal('the end')"
    )

    assert ended.returncode == -signal.SIGABRT
    assert "the end" in ended.stderr


def test_an_exception_is_set_with_its_message(c: ModuleType) -> None:
    with pytest.raises(KeyError) as raised:
        c.set_string(KeyError, "h\xe4")

    assert raised.value.args == ("h\xe4",)


def test_an_exception_whose_message_is_null_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyErr_SetString: 'utf8_message' is NULL"):
        c.set_string(KeyError, NULL)


@pytest.mark.parametrize("function", ["set_string", "set_object"])
def test_what_is_not_an_exception_type_is_a_system_error(c: ModuleType, function: str) -> None:
    with pytest.raises(SystemError):
        getattr(c, function)(int, "message")


@pytest.mark.parametrize("type_", [int, 3, "ValueError", (ValueError, KeyError), ValueError()])
@pytest.mark.parametrize("function", ["set_string", "set_object"])
def test_what_cannot_be_raised_is_a_system_error(
    c: ModuleType, function: str, type_: object
) -> None:
    with pytest.raises(SystemError, match="not a BaseException subclass"):
        getattr(c, function)(type_, "message")


@pytest.mark.parametrize("type_", [int, 3, "OSError", object, (OSError,)])
@pytest.mark.parametrize("function", ["from_errno", "from_errno_objects"])
def test_errno_as_something_that_cannot_be_raised_is_an_error(
    c: ModuleType, function: str, type_: object
) -> None:
    """CPython calls it first, and looks then whether it can be raised."""
    with pytest.raises((TypeError, SystemError, ValueError)):
        getattr(c, function)(type_, errno.ENOENT, "a name")


@pytest.mark.parametrize("base", [3, "Exception", (Exception, 3)])
@pytest.mark.parametrize("function", ["new_exception", "new_with_doc"])
def test_a_new_exception_on_what_is_not_a_class_is_a_type_error(
    c: ModuleType, function: str, base: object
) -> None:
    arguments = (base, NULL) if function == "new_exception" else ("A doc.", base, NULL)
    with pytest.raises(TypeError):
        getattr(c, function)("errors.Bad", *arguments)


def test_an_exception_is_set_with_its_value(c: ModuleType) -> None:
    with pytest.raises(KeyError) as raised:
        c.set_object(KeyError, (1, 2))

    assert raised.value.args == (1, 2)


def test_an_exception_object_is_raised_itself(c: ModuleType) -> None:
    error = KeyError("itself")

    with pytest.raises(KeyError) as raised:
        c.set_object(KeyError, error)

    assert raised.value is error


def test_an_exception_needs_no_value(c: ModuleType) -> None:
    with pytest.raises(KeyError) as raised:
        c.set_object(KeyError, NULL)

    assert raised.value.args == ()


@pytest.mark.parametrize("name", [NULL, "a-file"])
def test_errno_becomes_the_exception_that_python_has_for_it(c: ModuleType, name: Any) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        c.from_errno(OSError, errno.ENOENT, name)

    assert raised.value.filename == (None if name is NULL else name)


@pytest.mark.parametrize("names", [(NULL, NULL), ("one", NULL), ("one", "two")])
def test_errno_takes_up_to_two_names(c: ModuleType, names: tuple[Any, Any]) -> None:
    expected = tuple(None if name is NULL else name for name in names)

    with pytest.raises(PermissionError) as raised:
        c.from_errno_objects(OSError, errno.EACCES, *names)

    assert (raised.value.filename, raised.value.filename2) == expected


def test_a_second_name_without_a_first_is_left_out_of_the_error(c: ModuleType) -> None:
    with pytest.raises(PermissionError) as raised:
        c.from_errno_objects(OSError, errno.EACCES, NULL, "two")

    assert (raised.value.filename, raised.value.filename2) == (None, None)


def test_missing_memory_is_a_memory_error(c: ModuleType) -> None:
    with pytest.raises(MemoryError):
        c.no_memory()


@pytest.mark.parametrize(("error", "expected"), [(KeyError, True), (NULL, False)])
def test_occurred_tells_whether_an_exception_is_set(
    c: ModuleType, error: Any, expected: bool
) -> None:
    assert c.occurred(error) is expected


@pytest.mark.parametrize(
    ("error", "asked", "expected"),
    [
        (KeyError, KeyError, 1),
        (KeyError, LookupError, 1),
        (KeyError, ValueError, 0),
        (KeyError, (ValueError, KeyError), 1),
        (NULL, KeyError, 0),
    ],
)
def test_a_match_knows_subtypes_tuples_and_none_at_all(
    c: ModuleType, error: Any, asked: Any, expected: int
) -> None:
    assert c.matches(error, asked) == expected


def test_a_match_with_null_leaves_the_exception_that_is_set(c: ModuleType) -> None:
    with pytest.raises(KeyError, match="set"):
        c.matches(KeyError, NULL)


@pytest.mark.parametrize("subject", [NULL, "subject"])
def test_an_unraisable_exception_goes_to_the_hook(
    c: ModuleType, monkeypatch: pytest.MonkeyPatch, subject: Any
) -> None:
    seen: list[tuple[str, object]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda u: seen.append((str(u.exc_value), u.object)))

    c.unraisable(subject)

    assert seen == [("unraisable", None if subject is NULL else subject)]


@pytest.mark.parametrize("base", [NULL, LookupError, (LookupError, OSError)])
def test_a_new_exception_has_its_name_and_bases(c: ModuleType, base: Any) -> None:
    made = c.new_exception("package.Made", base, NULL)

    bases = base if isinstance(base, tuple) else (Exception if base is NULL else base,)
    assert (made.__module__, made.__name__, made.__bases__) == ("package", "Made", bases)


def test_a_new_exception_takes_attributes(c: ModuleType) -> None:
    assert c.new_exception("package.Made", NULL, {"code": 5}).code == 5


@pytest.mark.parametrize(("doc", "expected"), [("about it", "about it"), (NULL, None)])
def test_a_new_exception_takes_a_doc(c: ModuleType, doc: Any, expected: str | None) -> None:
    assert c.new_with_doc("package.Made", doc, NULL, NULL).__doc__ == expected


def test_a_new_exception_without_a_module_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError):
        c.new_exception("Made", NULL, NULL)


@pytest.mark.parametrize(
    ("function", "slot"),
    [("new_exception", "Err_NewException"), ("new_with_doc", "Err_NewExceptionWithDoc")],
)
def test_a_new_exception_without_a_name_is_a_system_error(
    c: ModuleType, function: str, slot: str
) -> None:
    with pytest.raises(SystemError, match=f"^HPy{slot}: 'utf8_name' is NULL"):
        getattr(c, function)(NULL, NULL, NULL, NULL)


@pytest.mark.parametrize(
    ("function", "operands"),
    [("new_exception", ("m.E", NULL, 5)), ("new_with_doc", ("m.E", "doc", NULL, 5))],
)
def test_attributes_that_are_not_a_dict_are_a_type_error(
    c: ModuleType, function: str, operands: tuple[Any, ...]
) -> None:
    with pytest.raises(TypeError, match="'dict' is a 'int'"):
        getattr(c, function)(*operands)


@pytest.mark.parametrize(("category", "seen"), [(NULL, RuntimeWarning), (UserWarning, UserWarning)])
def test_a_warning_is_given(c: ModuleType, category: Any, seen: type[Warning]) -> None:
    with pytest.warns(seen, match="look out"):
        c.warn(category, "look out", 1)


def test_a_warning_that_is_an_error_raises(c: ModuleType) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="look out"):
            c.warn(UserWarning, "look out", 1)


def test_a_category_that_is_not_a_type_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.warn(5, "look out", 1)


def test_a_warning_without_a_message_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyErr_WarnEx: 'utf8_message' is NULL"):
        c.warn(UserWarning, NULL, 1)


@pytest.mark.parametrize(
    ("function", "slot", "operands", "position"),
    [
        ("set_string", "SetString", (NULL, "x"), 1),
        ("set_object", "SetObject", (NULL, 1), 1),
        ("from_errno", "SetFromErrnoWithFilename", (NULL, 1, NULL), 1),
        ("from_errno_objects", "SetFromErrnoWithFilenameObjects", (NULL, 1, NULL, NULL), 1),
    ],
)
def test_a_null_type_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str, operands: tuple[Any, ...], position: int
) -> None:
    with pytest.raises(SystemError, match=rf"^HPyErr_{slot}: parameter {position} is HPy_NULL"):
        getattr(c, function)(*operands)


def test_an_exception_value_is_released_with_the_exception(c: ModuleType) -> None:
    value = object()
    before = references(value)

    with pytest.raises(KeyError) as raised:
        c.set_object(KeyError, value)
    del raised

    assert references(value) == before
