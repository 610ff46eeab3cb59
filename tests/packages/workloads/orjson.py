"""orjson.py: dumps of many types, a default function, its exceptions, its cache of keys."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import uuid

import orjson


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    colour: Colour


def work(i: int) -> object:
    day = datetime.datetime(2020, 1, 1 + i, tzinfo=datetime.UTC)
    data = {"point": Point(i, Colour.RED), "day": day, "id": uuid.UUID(int=i), "f": i / 3}
    data |= {f"key{n}": n for n in range(30)}
    text = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    said = []
    try:
        orjson.loads(b"[1, %d" % i)
    except orjson.JSONDecodeError as error:
        said.append(f"{type(error).__name__}: {error}")
    try:
        orjson.dumps({"x": object()})
    except orjson.JSONEncodeError as error:
        said.append(f"{type(error).__name__}: {error}")
    by_default = orjson.dumps([{1, i + 2}], default=sorted)
    return text, orjson.loads(text)["key7"], by_default, said
