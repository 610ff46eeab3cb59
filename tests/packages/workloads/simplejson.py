"""simplejson.py: the C scanner and encoder, decimals, its exception, objects with for_json."""

from __future__ import annotations

import decimal

import simplejson
from simplejson import encoder, scanner


class Box:
    def __init__(self, n: int) -> None:
        self.n = n

    def for_json(self) -> dict[str, int]:
        return {"box": self.n}


def work(i: int) -> object:
    if encoder.c_make_encoder is None or scanner.c_make_scanner is None:
        raise ImportError("simplejson: its C module was expected, and it works in Python")
    text = simplejson.dumps({"b": Box(i), "a": [1.5, None, "é" * i]}, for_json=True, sort_keys=True)
    exact = simplejson.loads(f"[1.1{i}, 2]", use_decimal=True)
    try:
        simplejson.loads('{"a": ' + "[" * i)
    except simplejson.JSONDecodeError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return (
        text,
        exact[0] + decimal.Decimal("0.1") == decimal.Decimal(f"1.1{i}") + decimal.Decimal("0.1"),
        repr(exact),
        said,
    )
