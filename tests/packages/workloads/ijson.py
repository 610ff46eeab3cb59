"""ijson.py: items and events of a text by the C backend, a text that ends early."""

from __future__ import annotations

import io

from ijson.backends import yajl2_c
from ijson.common import IncompleteJSONError


def work(i: int) -> object:
    rows = ", ".join(f'{{"n": {n * i}, "f": 1.5}}' for n in range(9))
    data = f'{{"rows": [{rows}], "end": "ä"}}'.encode()
    try:
        list(yajl2_c.items(io.BytesIO(data[:-3]), "rows.item"))
        list(yajl2_c.parse(io.BytesIO(data[:-3])))
    except IncompleteJSONError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        [int(row["n"]) for row in yajl2_c.items(io.BytesIO(data), "rows.item")],
        [str(event) for event in yajl2_c.basic_parse(io.BytesIO(data))][:6],
        list(yajl2_c.kvitems(io.BytesIO(data), ""))[-1],
        said,
    )
