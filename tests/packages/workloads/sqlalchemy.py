"""sqlalchemy.py: rows and results by its compiled modules, a database in memory."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import result
from sqlalchemy.util import _has_cython


def work(i: int) -> object:
    if not _has_cython.HAS_CYEXTENSION:
        raise ImportError("sqlalchemy: its compiled modules were expected, and it works in Python")
    engine = sa.create_engine("sqlite://")
    table = sa.Table("t", sa.MetaData(), sa.Column("n", sa.Integer), sa.Column("s", sa.String))
    with engine.connect() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"n": n * i, "s": f"s{n}"} for n in range(6)])
        rows = connection.execute(sa.select(table).where(table.c.n >= i).order_by(table.c.s)).all()
        try:
            connection.execute(sa.text("select nothing"))
        except sa.exc.OperationalError as error:
            said = type(error).__name__
        else:
            said = "nothing was raised"
    engine.dispose()
    return [tuple(row) for row in rows], rows[0].s if rows else "", said, result.Row.__name__
