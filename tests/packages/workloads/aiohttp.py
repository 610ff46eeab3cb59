"""aiohttp.py: its C parser and its C writer of headers, and a request that is not HTTP."""

from __future__ import annotations

import asyncio

from aiohttp import http_exceptions, http_parser, http_writer
from multidict import CIMultiDict


class Protocol:
    """What the parser tells of its stream; it never waits here."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def parsed(data: bytes) -> object:
    loop = asyncio.new_event_loop()
    try:
        parser = http_parser.HttpRequestParser(Protocol(), loop, 2**16)
        messages, upgraded, tail = parser.feed_data(data)
    finally:
        loop.close()
    return [
        (m.method, m.path, str(m.version), sorted(m.headers.items()), m.should_close)
        for m, _ in messages
    ], (upgraded, bytes(tail))


def work(i: int) -> object:
    request = b"GET /path/%d?q=1 HTTP/1.1\r\nHost: example\r\nX-N: %d\r\n\r\n" % (i, i)
    try:
        parsed(b"NOT \x00 HTTP %d\r\n\r\n" % i)
    except http_exceptions.HttpProcessingError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    headers = CIMultiDict({"A": "b", "Length": str(i)})
    written = http_writer._serialize_headers(f"HTTP/1.1 {200 + i} OK", headers)
    return parsed(request), said, bytes(written)
