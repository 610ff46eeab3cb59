"""tornado.py: masks by the C function, templates, a loop with callbacks, an HTTP error."""

from __future__ import annotations

import asyncio

from tornado import gen, speedups, template, util, web


async def steps(i: int) -> list[int]:
    got = []
    for n in range(3):
        await gen.sleep(0.001)
        got.append(n * i)
    return got


def work(i: int) -> object:
    if util._websocket_mask is not speedups.websocket_mask:
        raise ImportError("tornado: its C function was expected, and it masks in Python")
    page = template.Template("{% for n in range(k) %}<{{ n }}>{% end %}").generate(k=i)
    loop = asyncio.new_event_loop()
    try:
        got = loop.run_until_complete(steps(i))
    finally:
        loop.close()
    try:
        speedups.websocket_mask(i, b"data")
    except TypeError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    mask = speedups.websocket_mask(bytes([1, 2, 3, i]), b"payload %d" % i)
    return mask, page, got, said, str(web.HTTPError(400 + i))
