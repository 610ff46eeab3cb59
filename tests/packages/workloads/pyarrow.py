"""pyarrow.py: arrays, a table, a filter, IPC in memory, an invalid cast."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def work(i: int) -> object:
    table = pa.table({"n": [n * i for n in range(20)], "s": [f"s{n % 3}" for n in range(20)]})
    kept = table.filter(pc.greater(table["n"], 4 * i))
    summed = table.group_by("s").aggregate([("n", "sum")]).sort_by("s")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    again = pa.ipc.open_stream(sink.getvalue()).read_all()
    try:
        pa.array(["x"]).cast(pa.int64())
    except pa.ArrowInvalid as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return kept.num_rows, summed.to_pydict(), again.equals(table), str(table.schema), said
