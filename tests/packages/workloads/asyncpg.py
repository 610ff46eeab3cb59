"""asyncpg.py: its UUIDs, ranges and records, a loop of its own, a server that refuses."""

from __future__ import annotations

import asyncio
import uuid

import asyncpg
from asyncpg.pgproto import pgproto
from asyncpg.protocol import protocol


async def connect(i: int) -> str:
    try:
        await asyncpg.connect(host="127.0.0.1", port=1, user=f"u{i}", timeout=10)
    except OSError as error:
        return type(error).__name__
    return "nothing was raised"


def work(i: int) -> object:
    mine = pgproto.UUID(f"{i:032x}")
    try:
        pgproto.UUID("not one")
    except ValueError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    row = protocol._create_record({"n": 0, "s": 1}, (i, f"text {i}"))
    return (
        str(mine),
        mine == uuid.UUID(int=i),
        isinstance(mine, uuid.UUID),
        hash(mine) == hash(uuid.UUID(int=i)),
        said,
        asyncio.run(connect(i)),
        dict(row),
        type(row) is asyncpg.Record,
        repr(asyncpg.Range(i, i + 3)),
    )
