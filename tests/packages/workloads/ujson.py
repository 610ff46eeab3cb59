"""ujson.py: encodes, decodes, catches ujson's exception, and decodes decimals, imported lazily."""

from __future__ import annotations

import ujson


def work(i: int) -> object:
    rows = [{"id": i * n, "name": f"käse {n}", "f": n / 4, "none": None} for n in range(20)]
    text = ujson.dumps(rows, sort_keys=True, ensure_ascii=bool(i % 2))
    try:
        ujson.loads("{" * (i + 1))
    except ujson.JSONDecodeError as error:
        said = f"{type(error).__name__}: {error}"
    else:
        said = "nothing was raised"
    return ujson.loads(text) == rows, len(text), text[:60], said
