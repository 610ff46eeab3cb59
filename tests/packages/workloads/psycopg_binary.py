"""psycopg_binary.py: dumps and loads by the C transformer, a connection that is refused."""

from __future__ import annotations

import datetime

import psycopg
from psycopg import adapt, pq
from psycopg.types.json import Jsonb


def dumped(value: object, form: adapt.PyFormat) -> bytes:
    dumper = adapt.Transformer().get_dumper(value, form)
    return bytes(dumper.dump(value) or b"")


def work(i: int) -> object:
    if pq.__impl__ != "binary":
        raise ImportError(f"psycopg: the implementation 'binary' was expected, found {pq.__impl__}")
    text, binary = adapt.PyFormat.TEXT, adapt.PyFormat.BINARY
    loader = adapt.Transformer().get_loader(psycopg.adapters.types["int4"].oid, pq.Format.BINARY)
    try:
        psycopg.connect(f"host=127.0.0.1 port=1 user=u{i} connect_timeout=2")
    except psycopg.OperationalError as error:
        said = f"{type(error).__name__}: {'refused' in str(error)}"
    else:
        said = "nothing was raised"
    return (
        dumped(i * 1000, binary),
        dumped(datetime.date(2020, 1, i + 1), text),
        dumped(datetime.date(2020, 1, i + 1), binary),
        dumped(Jsonb({"i": i}), text),
        dumped(f"text {i}", text),
        loader.load(b"\0\0\1" + bytes([i])),
        said,
    )
