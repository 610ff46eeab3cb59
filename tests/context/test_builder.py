"""test_builder.py: list and tuple builders; only Build raises."""

from __future__ import annotations

import threading
from types import ModuleType
from typing import Any

import pytest

from tests.context.snippet import NULL, references

_BUILDER = r"""
FUNCTION(@build) { /* size, then an index and an item for every Set */
    HPy@Builder builder = HPy@Builder_New(ctx, SIZE(0));
    if (HPyErr_Occurred(ctx)) return wrong(ctx, "New raises nothing");
    for (size_t i = 1; i + 1 < nargs; i += 2) HPy@Builder_Set(ctx, builder, SIZE(i), ARG(i + 1));
    return handle(ctx, HPy@Builder_Build(ctx, builder));
}
FUNCTION(@cancel) {
    HPy@Builder builder = HPy@Builder_New(ctx, SIZE(0));
    HPy@Builder_Set(ctx, builder, 0, ARG(1));
    HPy@Builder_Cancel(ctx, builder);
    return done(ctx);
}
FUNCTION(@failed_size) {
    HPy@Builder builder = HPy@Builder_New(ctx, HPy_Length(ctx, ARG(0)));
    HPy@Builder_Set(ctx, builder, 0, ARG(0));
    return handle(ctx, HPy@Builder_Build(ctx, builder));
}
FUNCTION(@failed_item) {
    HPy@Builder builder = HPy@Builder_New(ctx, 2);
    HPy@Builder_Set(ctx, builder, 0, ARG(0));
    HPy@Builder_Set(ctx, builder, 1, HPy_GetAttr_s(ctx, ARG(0), "missing"));
    return handle(ctx, HPy@Builder_Build(ctx, builder));
}
"""

SOURCE = _BUILDER.replace("@", "List") + _BUILDER.replace("@", "Tuple")

KINDS = {"List": list, "Tuple": tuple}
pytestmark = pytest.mark.parametrize("kind", KINDS)


class Watcher:
    """Tells what was in its place when it was released."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    def __del__(self) -> None:
        self.seen.append("released")


def test_items_stand_where_they_were_set(c: ModuleType, kind: str) -> None:
    made = getattr(c, f"{kind}build")(3, 2, "c", 0, "a", 1, "b")

    assert made == KINDS[kind]("abc")


def test_nothing_is_built_of_nothing(c: ModuleType, kind: str) -> None:
    assert getattr(c, f"{kind}build")(0) == KINDS[kind]()


def test_an_item_that_was_not_set_is_none(c: ModuleType, kind: str) -> None:
    assert getattr(c, f"{kind}build")(3, 1, "b", 2, NULL) == KINDS[kind]([None, "b", None])


def test_a_second_set_replaces_and_releases_the_first_item(c: ModuleType, kind: str) -> None:
    seen: list[str] = []

    made = getattr(c, f"{kind}build")(1, 0, Watcher(seen), 0, "second")

    assert made == KINDS[kind](["second"])
    assert seen == ["released"]


@pytest.mark.parametrize("size", [0, 2])
@pytest.mark.parametrize("index", [-1, 2, 1 << 40])
def test_an_index_out_of_range_is_an_index_error(
    c: ModuleType, kind: str, size: int, index: int
) -> None:
    with pytest.raises(IndexError, match=rf"^HPy{kind}Builder_Set: index {index} is out of range"):
        getattr(c, f"{kind}build")(size, index, "x")


def test_a_negative_size_is_a_system_error_of_build(c: ModuleType, kind: str) -> None:
    with pytest.raises(
        SystemError, match=f"^HPy{kind}Builder_Build: the builder was made with a negative size"
    ):
        getattr(c, f"{kind}build")(-2, 0, "x")


@pytest.mark.parametrize("size", [1 << 58, (1 << 63) - 1])
def test_missing_memory_is_a_memory_error_of_build(c: ModuleType, kind: str, size: int) -> None:
    with pytest.raises(MemoryError):
        getattr(c, f"{kind}build")(size, 0, "x")


@pytest.mark.parametrize("size", [1, 3, -2, 1 << 58])
def test_a_cancelled_builder_raises_nothing_and_keeps_no_item(
    c: ModuleType, kind: str, size: int
) -> None:
    item = object()
    before = references(item)

    assert getattr(c, f"{kind}cancel")(size, item) is None

    assert references(item) == before


def test_build_raises_the_exception_of_a_failed_item(c: ModuleType, kind: str) -> None:
    item = object()
    before = references(item)

    with pytest.raises(AttributeError, match="missing"):
        getattr(c, f"{kind}failed_item")(item)

    assert references(item) == before


def test_build_raises_the_exception_of_a_failed_size(c: ModuleType, kind: str) -> None:
    with pytest.raises(TypeError, match="has no len"):
        getattr(c, f"{kind}failed_size")(object())


def test_a_bad_index_raises_where_all_items_are_set(c: ModuleType, kind: str) -> None:
    def build() -> None:
        with pytest.raises(IndexError, match="index 7 is out of range"):
            getattr(c, f"{kind}build")(1, 0, item, 7, item)
        assert getattr(c, f"{kind}build")(1, 0, item) == KINDS[kind]([item])
        done.append(kind)

    item = object()
    before = references(item)
    done: list[str] = []

    build()
    thread = threading.Thread(target=build)
    thread.start()
    thread.join()

    assert done == [kind, kind]
    assert references(item) == before


def test_what_was_built_has_references_of_its_own(c: ModuleType, kind: str) -> None:
    item = object()
    before = references(item)

    made: Any = getattr(c, f"{kind}build")(2, 0, item, 1, item)

    assert references(item) == before + 2
    del made
    assert references(item) == before
