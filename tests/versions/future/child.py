"""child.py: runs in a process whose runtime has HPy 1.0: child.py FOLDER... MODE

Imports an extension for 1.0 and one for 0.9 from the folders, in the main interpreter and in one
with a GIL of its own, in a mode.
"""

from __future__ import annotations

import os
import sys

CHECKS = """
import sys
sys.path[:0] = {folders!r}
import hpystate
hpystate.install()
import newer, older

me = {me!r}
assert newer.get() == older.get() == "nothing"
newer.put([me, 1])
older.put([me, 0])
assert newer.get() == [me, 1] and older.get() == [me, 0]

# removed in 1.0, emulated for 0.9
class Liar(dict):
    def keys(self):
        return ["lie"]

def fails(kind, function, *args):
    try:
        function(*args)
    except kind as error:
        return str(error)
    raise AssertionError(f"{{function}}{{args}} raised nothing")

assert older.keys({{"b": 1, "a": 2}}) == ["b", "a"]
assert older.keys(Liar(real=1)) == ["real"]
fails(SystemError, older.keys, [])
assert older.without_x({{"x": 1, "y": 2}}) == {{"y": 2}}
assert fails(KeyError, older.without_x, {{}}) == "'x'"

# changed in 1.0
for value in ("text", 12, -1, (1, 2)):
    assert newer.hash_of(value) == older.hash_of(value) == hash(value)
fails(TypeError, newer.hash_of, [])
fails(TypeError, older.hash_of, [])

# added in 1.0
assert newer.attribute_or(me, "upper", None)() == me.upper()
assert newer.attribute_or(me, "lower_", 5) == 5
class Broken:
    @property
    def value(self):
        raise RuntimeError("broken")
assert fails(RuntimeError, newer.attribute_or, Broken(), "value", 5) == "broken"

# what stayed, at other places
assert newer.build(7, text="t") == ([7, ...], "t", {{"half": 3.5}})
assert newer.build(number=-8) == ([-8, ...], "", {{"half": -4.0}})
fails(TypeError, newer.build)
assert fails(ValueError, newer.fail, "this") == "this is not wanted"
assert newer.twice(21) == 42
if {mode!r} != "debug":
    assert newer.by_trampoline(21) == 42
    fails(TypeError, newer.by_trampoline, None)

# calls between the versions
thing = object()
assert older.there_and_back(thing) is thing

# a type of 1.0
box, same, other = newer.Box(3), newer.Box(3), newer.Box(4)
assert box == same and box < other and box != 3 and box.number == 3
assert box.held is None
box.held = me
assert box.held == me
assert box(1, 2) == 5
box.held = box  # a circle, for the collector
class Derived(newer.Box):
    pass
assert Derived(9)() == 9
answer = (newer.get(), older.get())
"""


def main(*arguments: str) -> None:
    *folders, mode = arguments
    if mode != "universal":
        os.environ["HPY"] = mode
    import hpystate  # the runtime with 1.0
    from hpystate.testing import Interpreter

    assert [row["release"] for row in hpystate._native.offers()] == ["0.9", "0.0.4", "1.0"]

    def checks(me: str) -> str:
        return CHECKS.format(folders=folders, me=me, mode=mode)

    namespace: dict[str, object] = {}
    exec(checks("main"), namespace)
    with Interpreter() as first:
        assert first.run(checks("first")) == (["first", 1], ["first", 0])
        with Interpreter() as second:
            assert second.run(checks("second")) == (["second", 1], ["second", 0])
        # memory of an interpreter that ended serves the next one
        with Interpreter() as third:
            assert third.run(checks("third")) == (["third", 1], ["third", 0])
        assert first.run("answer = newer.get(), older.get()") == (["first", 1], ["first", 0])
    found = (namespace["newer"].get(), namespace["older"].get())  # type: ignore[attr-defined]
    assert found == (["main", 1], ["main", 0]), found
    print("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
