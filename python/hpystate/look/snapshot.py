"""snapshot.py: what inspect() found, as counts, and what differs between two of them."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hpystate.look.read import label

#: An interpreter: PyInterpreterState_GetID, and which one of its region it is.
Key = tuple[int, int]


class Diff:
    """What changed between two snapshots.

    found  a dict that JSON can hold: interpreters is a list of dicts: interpreter, change ("new",
           "gone", "same"), globals (name and change: "new", "gone", "set", "cleared", "replaced",
           "resized"), types (name: difference of the count), bytes and window_bytes (differences;
           bytes is None where one of the two did not read the values)
    """

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found

    def to_dict(self) -> dict[str, Any]:
        return self.found

    def to_json(self) -> str:
        return json.dumps(self.found, indent=2)

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.found["interpreters"])

    def __str__(self) -> str:
        lines = []
        for each in self.found["interpreters"]:
            size = "" if each["bytes"] is None else f" {each['bytes']:+} bytes of objects,"
            change = "" if each["change"] == "same" else f" {each['change']},"
            window = f"window {each['window_bytes']:+} bytes"
            lines.append(f"interpreter {each['interpreter']}:{change}{size} {window}")
            lines += [f"  {row['change']} {row['name']}" for row in each["globals"]]
            lines += [f"  {count:+} {name}" for name, count in each["types"].items()]
        return "\n".join(lines) or "nothing changed"


class Snapshot:
    """Counts, sizes and addresses at one moment; no object is kept.

    A value is told from another one by its address, type and size. So a list that grew is noticed
    where its size changed, and a new object that got the memory of the old one, with the same type
    and size, is not.
    """

    def __init__(self, found: dict[str, Any]) -> None:
        self._rows: dict[Key, dict[str, Any]] = {
            (each["interpreter"], each["generation"]): each for each in found["interpreters"]
        }

    def diff(self, earlier: Snapshot) -> Diff:
        """What is otherwise in this snapshot than in the earlier one. TypeError: it is none."""
        if not isinstance(earlier, Snapshot):
            raise TypeError(
                f"earlier is {type(earlier).__name__}; what hpystate.snapshot() returned was "
                "expected"
            )
        found = []
        for key in sorted(self._rows.keys() | earlier._rows.keys()):
            before, now = earlier._rows.get(key), self._rows.get(key)
            row = {"interpreter": key[0], "change": _of_interpreter(before, now)}
            row |= {
                "globals": _of_globals(before, now),
                "types": _of_types(before, now),
                "bytes": _difference("bytes", before, now),
                "window_bytes": _difference("window_bytes", before, now),
            }
            changed = any(row[part] for part in ("globals", "types", "bytes", "window_bytes"))
            if changed or row["change"] != "same":
                found.append(row)
        return Diff({"interpreters": found})


Row = dict[str, Any] | None


def _of_interpreter(before: Row, now: Row) -> str:
    if before is None:
        return "new"
    return "gone" if now is None else "same"


def _both_read(before: Row, now: Row) -> bool:
    return all(each is None or each["why"] is None for each in (before, now))


def _difference(part: str, before: Row, now: Row) -> int | None:
    ends = [0 if each is None else each[part] for each in (before, now)]
    return None if None in ends else ends[1] - ends[0]


def _globals(row: Row) -> dict[tuple[str, int], dict[str, Any]]:
    return {} if row is None else {(one["file"], one["offset"]): one for one in row["globals"]}


def _of_globals(before: Row, now: Row) -> list[dict[str, str]]:
    were, are = _globals(before), _globals(now)
    values = _both_read(before, now)
    changes = []
    for key in sorted(were.keys() | are.keys()):
        old, new = were.get(key), are.get(key)
        change = _of_global(old, new, values)
        if change is not None:
            changes.append({"name": label(new or old or {}), "change": change})
    return changes


def _of_global(old: Row, new: Row, values: bool) -> str | None:
    if old is None:
        return "set" if new is not None and new["set"] else "new"
    if new is None:
        return "gone"
    if old["set"] != new["set"]:
        return "set" if new["set"] else "cleared"
    if not values:
        return None
    if (old["address"], old["type"]) != (new["address"], new["type"]):
        return "replaced"
    return "resized" if old["bytes"] != new["bytes"] else None


def _of_types(before: Row, now: Row) -> dict[str, int]:
    if not _both_read(before, now):
        return {}
    counts = [Counter(one["type"] for one in _globals(row).values()) for row in (before, now)]
    names = sorted({name for each in counts for name in each if name is not None})
    differences = {name: counts[1][name] - counts[0][name] for name in names}
    return {name: difference for name, difference in differences.items() if difference}
