"""test_slice.py: slices from and to C integers."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from tests.context.snippet import NULL

SOURCE = r"""
FUNCTION(unpack) {
    HPy_ssize_t start = 7, stop = 7, step = 7;
    int result = HPySlice_Unpack(ctx, ARG(0), &start, &stop, &step);
    if (HPyErr_Occurred(ctx) != (result == -1)) return wrong(ctx, "-1 and an exception");
    if (result == -1) return HPy_NULL;
    return HPy_BuildValue(ctx, "nnn", start, stop, step);
}
FUNCTION(unpack_nowhere) {
    HPy_ssize_t somewhere;
    HPy_ssize_t *out[3] = {&somewhere, &somewhere, &somewhere};
    out[SIZE(1)] = NULL;
    return status(ctx, HPySlice_Unpack(ctx, ARG(0), out[0], out[1], out[2]));
}
FUNCTION(make) { return handle(ctx, APPENDED(Slice_New)(ctx, ARG(0), ARG(1), ARG(2))); }
"""


class Index:
    def __index__(self) -> int:
        return 4


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (slice(1, 5, 2), (1, 5, 2)),
        (slice(None), (0, sys.maxsize, 1)),
        (slice(None, None, -1), (sys.maxsize, -sys.maxsize - 1, -1)),
        (slice(Index(), -3), (4, -3, 1)),
        (slice(-(1 << 80), 1 << 80), (-sys.maxsize - 1, sys.maxsize, 1)),
    ],
)
def test_a_slice_is_unpacked(c: ModuleType, value: slice, expected: tuple[int, ...]) -> None:
    assert c.unpack(value) == expected


def test_a_step_of_zero_is_a_value_error(c: ModuleType) -> None:
    with pytest.raises(ValueError, match="zero"):
        c.unpack(slice(0, 1, 0))


def test_a_slice_of_what_has_no_index_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.unpack(slice("a", 1))


def test_what_is_not_a_slice_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPySlice_Unpack: a 'list'"):
        c.unpack([])


@pytest.mark.parametrize(("position", "name"), [(0, "start"), (1, "stop"), (2, "step")])
def test_nowhere_to_write_to_is_a_system_error(c: ModuleType, position: int, name: str) -> None:
    with pytest.raises(SystemError, match=f"^HPySlice_Unpack: '{name}' is NULL"):
        c.unpack_nowhere(slice(1), position)


@pytest.mark.parametrize(
    ("operands", "expected"),
    [((1, 5, 2), slice(1, 5, 2)), ((NULL, 5, NULL), slice(5)), ((NULL, NULL, NULL), slice(None))],
)
def test_a_slice_is_made_and_null_means_none(
    c: ModuleType, operands: tuple[Any, ...], expected: slice
) -> None:
    assert c.make(*operands) == expected


def test_unpacking_null_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPySlice_Unpack: parameter 1 is HPy_NULL"):
        c.unpack(NULL)
