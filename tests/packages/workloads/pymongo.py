"""pymongo.py: BSON by the C module: documents, identities, decimals, data that is cut."""

from __future__ import annotations

import datetime
import re

import bson
from bson import Decimal128, Int64, ObjectId, Regex
from bson.errors import InvalidBSON


def work(i: int) -> object:
    if not bson.has_c():
        raise ImportError("pymongo: its C module was expected, and bson works in Python")
    document = {
        "_id": ObjectId(f"{i:024x}"),
        "n": Int64(2**40 + i),
        "day": datetime.datetime(2020, 1, 1 + i),
        "d": Decimal128(f"{i}.25"),
        "r": re.compile("a+", re.IGNORECASE),
        "list": [1.5, None, b"x", {"deep": i}],
    }
    data = bson.encode(document)
    again = bson.decode(data)
    try:
        bson.decode(data[:-2])
    except InvalidBSON as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        data.hex(),
        again["_id"] == document["_id"],
        type(again["n"]) is Int64,
        type(again["r"]) is Regex,
        str(again["d"]),
        again["day"].isoformat(),
        repr(again["list"]),
        said,
    )
