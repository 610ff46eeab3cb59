"""test_inline_calls.py: each inline form of hpystate/inline_forms.h gives what the function of
HPy's headers gives, which calls the context: results, exceptions, counts of references."""

from __future__ import annotations

import itertools
import random
import re
import sys
from collections import deque, namedtuple
from collections.abc import Callable
from types import ModuleType
from typing import Literal, get_args

import pytest

import hpystate
from hpystate.build import include_folder
from hpystate.testing import compile_snippet
from tests.headers.inline_forms import METHOD, PARAMETERS, RESULTS
from tests.headers.test_inline_calls import MOST, operands, outcome

FORMS = set(
    re.findall(
        r"^#define (_?HPy\w+)\(",
        (include_folder() / "hpystate/inline_forms.h").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)
#: Those that test_inline_forms.py calls.
ELSEWHERE = {"HPy_Dup", "HPy_Close", "HPy_Is", "HPyGlobal_Load", "HPyField_Load", "HPyField_Store"}
ELSEWHERE |= {"_HPy_AsStruct_Object"}
BUILDERS = {f"HPy{kind}Builder_Set": kind for kind in ("List", "Tuple")}
INTS = {
    "Int32_t": "int32_t",
    "UInt32_t": "uint32_t",
    "UInt32_tMask": "uint32_t",
    "Int64_t": "int64_t",
    "UInt64_t": "uint64_t",
    "UInt64_tMask": "uint64_t",
    "Size_t": "size_t",
    "Ssize_t": "HPy_ssize_t",
    "Long": "long",
    "UnsignedLong": "unsigned long",
    "UnsignedLongMask": "unsigned long",
    "LongLong": "long long",
    "UnsignedLongLong": "unsigned long long",
    "UnsignedLongLongMask": "unsigned long long",
}
#: A function's result, and the letters of its parameters: tests/headers/inline_forms.py.
CALLED = {
    "HPy_Length": ("HPy_ssize_t", "H"),
    "HPy_GetItem": ("HPy", "HH"),
    "HPy_GetItem_i": ("HPy", "HI"),
    "HPy_Type": ("HPy", "H"),
    "HPy_TypeCheck": ("int", "HH"),
    "HPyList_Append": ("int", "HH"),
    "HPyFloat_AsDouble": ("double", "H"),
    "HPyLong_AsDouble": ("double", "H"),
    **{f"HPy{kind}_Check": ("int", "H") for kind in ("List", "Tuple", "Bytes", "Unicode", "Dict")},
    **{f"HPyLong_As{name}": (result, "H") for name, result in INTS.items()},
}
#: Types that are written as constants of the context.
CONSTANTS = ["Long", "List", "Tuple", "Bytes", "Unicode", "Type", "Slice", "Bool", "Capsule"]
CONSTANTS += ["MemoryView", "Float", "Complex", "BaseObject"]
BUILD = """
HPyDef_METH({name}_{way}, "{name}_{way}", HPyFunc_VARARGS)
static HPy {name}_{way}_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {{
    HPy{kind}Builder builder = HPy{kind}Builder_New(ctx, HPyLong_AsSsize_t(ctx, args[0]));
    for (size_t i = 1; i + 1 < nargs; i += 2) {{
        HPy item = HPy_Is(ctx, args[i + 1], ctx->h_Ellipsis) ? HPy_NULL : args[i + 1];
        {call}(ctx, builder, HPyLong_AsSsize_t(ctx, args[i]), item);
    }}
    return HPy{kind}Builder_Build(ctx, builder);
}}
"""
LETTERS = {name: letters for name, (_, letters) in CALLED.items()}
LETTERS |= {f"HPy_TypeCheck_{constant}": "H" for constant in CONSTANTS}
BY_LETTER = {letter: (type_, read) for type_, (letter, read) in reversed(PARAMETERS.items())}
BY_LETTER["I"] = "HPy_ssize_t ", PARAMETERS["HPy_ssize_t "][1]


def methods(name: str) -> str:
    """The two methods of a function: `HPy_Length(` is a macro, `(HPy_Length)(` is not."""
    function, _, constant = name.partition("Check_")
    function += "Check" if constant else ""
    result = CALLED[function][0]
    before, arguments = "", ""
    for index, letter in enumerate(LETTERS[name]):
        type_, read = BY_LETTER[letter]
        before += f"{type_}a{index} = {read.format(f'args[{index}]')};\n    "
        arguments += f", a{index}"
    values = {
        "name": name,
        "before": before,
        "arguments": arguments + (f", ctx->h_{constant}Type" if constant else ""),
        "result": f"{result} r = ",
        "made": RESULTS.get(result, "HPyLong_FromLongLong(ctx, (long long)r)"),
    }
    ways = {"inline": function, "context": f"({function})"}
    return "".join(METHOD.format(**values, way=way, call=call) for way, call in ways.items())


def source() -> str:
    text = "#include <hpy.h>\n#include <hpystate/fused.h>\n"
    text += "#if defined(OTHER_LAYOUT)\n__attribute__((constructor)) static void other(void) {\n"
    text += "    hpystate_fused_state.layout = HPYSTATE_OBJECT_LAYOUT + 1;\n}\n#endif\n"
    text += "".join(methods(name) for name in LETTERS)
    for name, kind in BUILDERS.items():
        for way, call in (("inline", name), ("context", f"({name})")):
            text += BUILD.format(name=name, way=way, call=call, kind=kind)
    both = "".join(f"&{name}_inline, &{name}_context, " for name in (*LETTERS, *BUILDERS))
    text += f"static HPyDef *defines[] = {{{both}NULL}};\n"
    text += "static HPyModuleDef definition = {.defines = defines};\n"
    return text + "HPy_MODINIT(both, definition)\n"


Way = Literal["known", "hybrid", "upstream's headers", "other layout"]


@pytest.fixture(scope="module", params=get_args(Way))
def both(request: pytest.FixtureRequest) -> ModuleType:
    way: Way = request.param
    file = compile_snippet(
        "both",
        source(),
        flags=("-DOTHER_LAYOUT",) if way == "other layout" else (),
        abi="hybrid" if way == "hybrid" else "universal",
        headers="upstream" if way == "upstream's headers" else "hpystate",
    )
    return hpystate.load("both", str(file))


def test_every_inline_form_is_called() -> None:
    assert set(CALLED) | set(BUILDERS) | ELSEWHERE == FORMS


class Int(int):
    def __float__(self) -> float:
        return 0.25

    def __index__(self) -> int:
        return 1


class Float(float):
    def __float__(self) -> float:
        return 0.5


class Tuple(tuple):  # type: ignore[type-arg]
    __slots__ = ()

    def __getitem__(self, key: object) -> object:
        return "its own", key

    def __len__(self) -> int:
        return 99


class Str(str):
    __slots__ = ()

    def __len__(self) -> int:
        return 98


class Flat(type):
    """Once `flat`, its classes have an MRO without their base."""

    flat = False

    def mro(cls) -> list[type]:
        return [cls, object] if Flat.flat else super().mro()


class Odd(int, metaclass=Flat):
    pass


ODD = Odd(3)
Flat.flat = True
Odd.__bases__ = Odd.__bases__  # which asks for the MRO again


Pair = namedtuple("Pair", "x y")
DIGIT = 2**30
NUMBERS = [0, 1, -1, 2, -2, 5, 255, 256, 257, -5, -6, DIGIT - 1, DIGIT, DIGIT + 1]
NUMBERS += [-DIGIT + 1, -DIGIT, -DIGIT - 1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32 - 1]
NUMBERS += [2**32, DIGIT**2 - 1, 2**60, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1]
NUMBERS += [2**64, -(2**64), 10**40, -(10**40), sys.maxsize, -sys.maxsize]
OBJECTS = [False, -0.0, float("inf"), float("nan"), Int(7), Float(1.25), Tuple((1, 2)), Str("abc")]
OBJECTS += [Pair("a", "b"), sys.version_info, (), "", b"", range(4), ODD, Odd, Flat]
OBJECTS += [
    memoryview(b"view"),
    slice(1),
    2j,
    object(),
    sys.maxsize,
    bytearray(b"abc"),
    (..., None),
]


def makers(letter: str, name: str) -> list[Callable[[], object]]:
    """What makes each operand anew, since a call may change it."""
    if letter == "I":
        indices = (0, 1, 2, 3, -1, -2, -3, 5, sys.maxsize, -sys.maxsize - 1)
        return [lambda index=index: index for index in indices]
    made = operands("H", name)
    made += [lambda each=each: each for each in (*NUMBERS, *OBJECTS)]
    return [*made, lambda: [1, "x"], list, lambda: [0] * 5, lambda: deque("abc")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", LETTERS)
def test_an_inline_form_gives_what_the_context_gives(both: ModuleType, name: str) -> None:
    calls = list(itertools.product(*(makers(letter, name) for letter in LETTERS[name])))
    if len(calls) > 3 * MOST:
        calls = random.Random(name).sample(calls, 3 * MOST)
    for call in calls:
        inline, context = (
            outcome(getattr(both, f"{name}_{way}"), [make() for make in call])
            for way in ("inline", "context")
        )
        assert inline == context


@pytest.mark.parametrize("index", [*range(-6, 6), Int(2), True, 2**30, -(2**62), 2**64, None, "x"])
@pytest.mark.parametrize("items", [(), (1, "x", None), [], [1, "x", None], Tuple("ab"), "text"])
def test_an_item_by_a_key_is_that_of_the_context(
    both: ModuleType, items: object, index: object
) -> None:
    inline = outcome(both.HPy_GetItem_inline, [items, index])

    assert inline == outcome(both.HPy_GetItem_context, [items, index])


@pytest.mark.parametrize("name", BUILDERS)
def test_a_builder_builds_what_the_contexts_builds(both: ModuleType, name: str) -> None:
    one, two = ["one"], ["two"]
    sets: list[list[object]] = [[], [0, one], [0, one, 1, two], [1, one], [0, one, 0, two]]
    sets += [[0, ...], [0, one, 0, ..., 0, two], [0, one, 5, two], [-1, one], [2, two]]
    for size, each in itertools.product((0, 1, 2, 3, -1), sets):
        inline, context = (
            outcome(getattr(both, f"{name}_{way}"), [size, *each]) for way in ("inline", "context")
        )
        assert inline == context


@pytest.mark.parametrize("way", ["inline", "context"])
def test_a_list_grows_as_that_of_python(both: ModuleType, way: str) -> None:
    append = getattr(both, f"HPyList_Append_{way}")
    made: list[int] = []
    expected: list[int] = []
    for number in range(1000, 3000):
        assert append(made, number) == 0
        expected.append(number)
        assert sys.getsizeof(made) == sys.getsizeof(expected)

    assert made == expected
    assert {sys.getrefcount(number) for number in made} == {
        sys.getrefcount(number) for number in expected
    }


@pytest.mark.parametrize("way", ["inline", "context"])
def test_a_list_that_is_being_sorted_notices_an_item(both: ModuleType, way: str) -> None:
    append = getattr(both, f"HPyList_Append_{way}")
    items = [3, 1, 2]

    def key(number: int) -> int:
        assert append(items, number) == 0
        return number

    with pytest.raises(ValueError, match="list modified during sort"):
        items.sort(key=key)
    assert items == [1, 2, 3]
