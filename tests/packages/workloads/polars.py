"""polars.py: groups, joins, a lazy query, a column that is not there."""

from __future__ import annotations

import polars as pl


def work(i: int) -> object:
    frame = pl.DataFrame({"n": [n * i for n in range(20)], "s": [f"s{n % 3}" for n in range(20)]})
    grouped = frame.group_by("s").agg(pl.col("n").sum(), pl.len().alias("k")).sort("s")
    lazy = frame.lazy().filter(pl.col("n") > 3 * i).with_columns(x=pl.col("n") / 2).collect()
    joined = frame.join(pl.DataFrame({"s": ["s1"], "w": [i]}), on="s")
    try:
        frame.select("nothing")
    except pl.exceptions.ColumnNotFoundError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return grouped.rows(), lazy.height, joined["w"].to_list(), str(frame.schema), said
