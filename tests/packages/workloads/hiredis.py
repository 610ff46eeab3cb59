"""hiredis.py: parses replies in pieces, packs commands, a reply that is an error."""

from __future__ import annotations

import hiredis


class Failed(Exception):
    """What the reader makes of an error reply."""


def work(i: int) -> object:
    reader = hiredis.Reader(replyError=Failed, protocolError=Failed, encoding="utf-8")
    reader.feed(b"*3\r\n$3\r\nabc\r\n:%d\r\n" % i)
    waits = reader.gets()
    reader.feed(b"$2\r\n\xc3\xa4\r\n-ERR no %d\r\n" % i)
    got, error = reader.gets(), reader.gets()
    try:
        reader.feed(b"x")
        reader.gets()
    except Failed as raised:
        said = str(raised)
    else:
        said = "nothing was raised"
    packed = hiredis.pack_command(("SET", f"key{i}", i))
    return waits, got, type(error) is Failed and str(error), said, packed
