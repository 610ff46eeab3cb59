"""test_inspect.py: hpystate.inspect() and snapshot(): what is set where, and what was changed."""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

import hpystate
from hpystate import _native
from hpystate.testing import Interpreter
from tests.clients.pages import block
from tests.conftest import Child
from tests.inspect import holder

HERE = _native.state()["interpreter"]


def test_a_global_has_its_symbol_its_place_and_its_value(module: Any) -> None:
    value = ["put here"]
    module.put(value)
    module.put_unlisted(2.5)
    rows = holder.of(hpystate.inspect(), HERE)

    assert {name: row["index"] for name, row in rows.items()} == {
        "first": 0,
        "second": 1,
        "unlisted": None,
    }
    first = rows["first"]
    assert (first["module"], first["set"], first["type"]) == ("holder", True, "list")
    assert (first["repr"], first["bytes"]) == ("['put here']", sys.getsizeof(value))
    assert first["address"] == id(value)
    assert (rows["second"]["set"], rows["second"]["type"], rows["second"]["repr"]) == (
        False,
        None,
        None,
    )
    assert (rows["unlisted"]["module"], rows["unlisted"]["repr"]) == (None, "2.5")


def test_the_totals_are_those_of_the_rows_and_of_the_runtime(module: Any) -> None:
    module.put("x")
    found = hpystate.inspect()
    (own,) = (each for each in found.interpreters if each["interpreter"] == HERE)
    state = _native.state()

    assert (own["slots"], own["values"]) == (state["slots"], state["values"])
    assert own["window_bytes"] == state["pages"] * 4096
    assert own["bytes"] == sum(row["bytes"] or 0 for row in own["globals"])
    assert "holder" in own["modules"] and own["why"] is None
    assert sum(found.to_dict()["regions"].values()) == state["regions"]
    assert json.loads(found.to_json()) == found.to_dict()


def test_no_object_is_kept(module: Any) -> None:
    class Value:
        pass

    value = Value()
    watched = weakref.ref(value)
    module.put(value)
    kept = (hpystate.inspect(), hpystate.snapshot())
    module.clear()
    del value
    gc.collect()

    assert watched() is None
    assert len(kept) == 2


def test_of_another_interpreter_it_is_known_what_is_set_and_no_object_is_touched(
    module: Any, interpreter: Interpreter
) -> None:
    loud = "class Loud:\n    def __repr__(self): raise SystemExit('repr() ran')\n"
    interpreter.run(holder.load_code() + loud + "module.put(Loud())")
    found = hpystate.inspect()
    rows = holder.of(found, interpreter.id)
    (row,) = (each for each in found.interpreters if each["interpreter"] == interpreter.id)

    assert (rows["first"]["set"], rows["first"]["type"], rows["second"]["set"]) == (
        True,
        None,
        False,
    )
    assert (row["modules"], row["slots"], row["values"], row["bytes"]) == (["holder"], 2, 1, None)
    assert row["window_bytes"] in (4096, 8192)
    assert "inspect(all=True)" in row["why"]
    assert holder.of(found, HERE)["first"]["set"] is False


def test_all_reads_the_values_of_the_others(interpreter: Interpreter) -> None:
    interpreter.run(holder.load_code() + "module.put({1})")
    found = hpystate.inspect(all=True)
    (row,) = (each for each in found.interpreters if each["interpreter"] == interpreter.id)

    first = holder.of(found, interpreter.id)["first"]
    assert (first["type"], first["repr"]) == ("set", "{1}")
    assert (row["why"], row["bytes"]) == (None, first["bytes"])
    leftovers = "answer = [name for name in dir() if 'read' in name or 'send' in name]"
    assert interpreter.run(leftovers) == []


def test_an_interpreter_that_is_at_work_is_not_waited_for() -> None:
    """The main interpreter is, while it runs the code of another one."""
    with Interpreter() as second:
        found = second.run(
            "import hpystate; answer = [(each['interpreter'], each['why']) "
            "for each in hpystate.inspect(all=True).interpreters]"
        )
    reasons = dict(found)
    # 3.12 counts its threads first: "already running", or "has more than one thread".
    assert reasons[HERE].startswith("interpreter ")
    assert reasons[second.id] is None


def test_an_interpreter_without_the_package_in_its_path_is_a_row_with_the_reason() -> None:
    with Interpreter() as second:
        second.run(holder.load_code())
        second.run("import sys; del sys.modules['hpystate']; sys.path[:] = []")
        found = hpystate.inspect(all=True)
        (row,) = (each for each in found.interpreters if each["interpreter"] == second.id)
    assert "hpystate" in row["why"] and "ModuleNotFoundError" in row["why"]
    assert row["slots"] == 2


def test_an_ended_interpreter_is_not_listed() -> None:
    with Interpreter() as second:
        second.run(holder.load_code())
    assert second.id not in {each["interpreter"] for each in hpystate.inspect().interpreters}


def test_a_value_that_fails_or_writes_to_the_terminal_is_shown_as_text(module: Any) -> None:
    class Fails:
        def __repr__(self) -> str:
            raise ValueError("not today")

        def __sizeof__(self) -> int:
            raise ValueError("neither")

    class Writes:
        def __repr__(self) -> str:
            return "\x1b[2J\ud800" + "x" * 200

    module.put([Fails()])
    module.put_unlisted(Fails())
    rows = holder.of(hpystate.inspect(), HERE)
    assert rows["first"]["repr"] == "<repr() raised ValueError>"
    assert rows["unlisted"]["repr"] == "<repr() raised ValueError>"
    assert rows["unlisted"]["bytes"] is None

    module.put(Writes())
    text = holder.of(hpystate.inspect(), HERE)["first"]["repr"]
    assert text.startswith("\\x1b[2J\\ud800xxx") and len(text) == 80 and text.endswith("...")


def test_it_can_be_read_while_other_interpreters_work_and_end() -> None:
    """A thread makes, fills and ends interpreters; what is seen is possible at some moment."""
    done = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(4):
                with Interpreter() as each:
                    each.run(holder.load_code() + "for i in range(2000): module.put([i])")
        except BaseException as error:
            failures.append(error)
        finally:
            done.set()

    worker = threading.Thread(target=work)
    worker.start()
    seen = 0
    while not done.is_set():
        for _, _, phase, pages, slots in _native.regions():
            assert phase in ("free", "live", "dying")
            assert (pages > 0) == bool(slots)
            seen += 1
    worker.join()
    assert failures == [] and seen > 0


def test_atexit_of_an_interpreter_still_finds_the_values() -> None:
    read, write = os.pipe()
    code = f"""
import atexit, os
from hpystate import _native, inspect
here = _native.state()["interpreter"]
def show():
    row = next(each for each in inspect().interpreters if each["interpreter"] == here)
    os.write({write}, f"{{row['values']}}, {{row['why']}}".encode())
module.put("kept")
atexit.register(show)
"""
    with Interpreter() as second:
        second.run(holder.load_code() + code)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() == "1, None"


# ---- snapshots ---------------------------------------------------------------------------------


def changes(later: Any, earlier: Any, interpreter: int = HERE) -> dict[str, Any]:
    found = later.diff(earlier).to_dict()["interpreters"]
    return next((each for each in found if each["interpreter"] == interpreter), {})


def test_a_difference_names_the_globals_the_types_and_the_bytes(module: Any) -> None:
    module.put([1])
    before = hpystate.snapshot()
    module.put({"a": 1})
    module.put_unlisted("text")
    now = hpystate.snapshot()
    found = changes(now, before)

    assert {each["name"]: each["change"] for each in found["globals"]} == {
        "holder.first": "replaced",
        f"{holder.compiled().name}.unlisted": "set",
    }
    assert found["types"] == {"dict": 1, "list": -1, "str": 1}
    sizes = sys.getsizeof({"a": 1}) + sys.getsizeof("text") - sys.getsizeof([1])
    assert found["bytes"] == sizes
    assert "replaced holder.first" in str(now.diff(before))
    assert not now.diff(now) and str(now.diff(now)) == "nothing changed"


def test_a_list_that_grows_is_resized_and_a_cleared_global_is_cleared(module: Any) -> None:
    value: list[int] = []
    module.put(value)
    begin = hpystate.snapshot()
    value.extend(range(100))
    grown = hpystate.snapshot()
    module.clear()
    cleared = hpystate.snapshot()

    assert changes(grown, begin)["globals"] == [{"name": "holder.first", "change": "resized"}]
    assert changes(grown, begin)["types"] == {}
    assert {"name": "holder.first", "change": "cleared"} in changes(cleared, grown)["globals"]


def test_a_new_interpreter_and_one_that_ended_are_differences() -> None:
    before = hpystate.snapshot(all=True)
    with Interpreter() as second:
        second.run(holder.load_code() + "module.put([1, 2])")
        during = hpystate.snapshot(all=True)
    after = hpystate.snapshot(all=True)

    new = changes(during, before, second.id)
    assert (new["change"], new["types"]) == ("new", {"list": 1})
    assert {"name": "holder.first", "change": "set"} in new["globals"]
    assert changes(after, during, second.id)["change"] == "gone"


def test_what_was_not_read_has_no_difference_of_bytes() -> None:
    with Interpreter() as second:
        second.run(holder.load_code() + "module.put([1, 2])")
        before = hpystate.snapshot()
        second.run("module.clear()")
        found = changes(hpystate.snapshot(), before, second.id)
    assert found["bytes"] is None and found["types"] == {}
    assert {"name": "holder.first", "change": "cleared"} in found["globals"]


def test_a_snapshot_is_compared_with_a_snapshot() -> None:
    with pytest.raises(TypeError, match=r"earlier is dict; what hpystate\.snapshot\(\) returned"):
        hpystate.snapshot().diff({})  # type: ignore[arg-type]


# ---- the document ------------------------------------------------------------------------------


def test_the_example_prints_what_it_promises(child: Child, tmp_path: Path) -> None:
    code = block("python", "hpystate.inspect", "docs/inspect.md")
    folders = (str(tmp_path), str(holder.compiled().parent))
    result = child(f"import os, sys; os.chdir({folders[0]!r}); sys.path[:0] = {folders!r}\n{code}")

    assert (result.returncode, result.stderr) == (0, "")
    promised = re.findall(r"# prints: (.*)$", code, re.MULTILINE)
    assert promised and [line.strip() for line in result.stdout.splitlines()] == promised
    assert (tmp_path / "now.html").is_file()
