"""duckdb.py: a database in memory, a function of Python's, a statement that is wrong."""

from __future__ import annotations

import duckdb


def work(i: int) -> object:
    with duckdb.connect(config={"threads": 1}) as base:
        base.execute("create table t (n integer, s varchar, d date)")
        rows = [(n * i, f"s{n % 3}", f"2020-01-{n + 1:02}") for n in range(12)]
        base.executemany("insert into t values (?, ?, ?)", rows)
        grouped = base.execute("select s, sum(n), max(d) from t group by s order by s").fetchall()
        try:
            base.execute("select nothing from t")
        except duckdb.BinderException as error:
            said = type(error).__name__
        else:
            said = "nothing was raised"
        struct = base.execute("select {'a': ?, 'b': [1, 2]}, 1.5::decimal(4, 2)", [i]).fetchone()
    return repr(grouped), repr(struct), said
