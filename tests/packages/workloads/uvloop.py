"""uvloop.py: a loop with timers, tasks, a server and a client of its own."""

from __future__ import annotations

import asyncio

import uvloop


async def session(i: int) -> object:
    got: list[object] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline())[::-1])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"line %d\n" % i)
    got.append(await reader.read())
    writer.close()
    await writer.wait_closed()
    server.close()
    asyncio.get_running_loop().call_later(0.001, got.append, "timer")
    await asyncio.sleep(0.02)
    got.append(await asyncio.gather(*(asyncio.sleep(0.001, n * i) for n in range(5))))
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.002)
    except TimeoutError:
        got.append("timeout")
    return got


def work(i: int) -> object:
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(session(i)), type(loop).__module__
    finally:
        loop.close()
