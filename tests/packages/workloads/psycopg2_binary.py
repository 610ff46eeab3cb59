"""psycopg2_binary.py: adapters, types that are registered, a connection that is refused."""

from __future__ import annotations

import datetime

import psycopg2
from psycopg2 import extensions, sql


class Point:
    def __init__(self, x: int) -> None:
        self.x = x


def adapt_point(point: Point) -> extensions.AsIs:
    return extensions.AsIs(f"'({point.x}, 0)'")


extensions.register_adapter(Point, adapt_point)
# Not called: with None for a cursor psycopg2 writes behind None, which all interpreters have.
LIST = extensions.new_type((4711,), "LIST", lambda text, _: None if text is None else text.split())


def quoted(value: object) -> bytes:
    return extensions.adapt(value).getquoted()


def work(i: int) -> object:
    try:
        psycopg2.connect(f"host=127.0.0.1 port=1 user=u{i} connect_timeout=2")
    except psycopg2.OperationalError as error:
        said = f"{type(error).__name__}: {'refused' in str(error)}"
    else:
        said = "nothing was raised"
    return (
        quoted(Point(i)),
        quoted([1, None, f"it's {i}"]),
        quoted(datetime.date(2020, 1, i + 1)),
        (LIST.name, LIST.values),
        extensions.parse_dsn(f"dbname=d{i} user=u"),
        repr(sql.SQL("select {}").format(sql.Identifier(f"t{i}"))),
        said,
    )
