"""service.py: an HTTP service on asyncio that answers from a pool of interpreters.

    python service.py                     prints its address; Ctrl-C ends it
    python service.py --port 8080 --workers 4
    curl --data-binary $'rome;21.5\\nrome;19\\noslo;-3' http://127.0.0.1:8080/summary

POST /summary answers {station: [count, least, mean, most]} for lines `station;number`. The main
interpreter reads and writes HTTP; a worker, with a GIL of its own, parses with the HPy extension
`readings`. `--executor threads` and `processes` do the same with the standard pools, to compare.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import sys
from concurrent import futures
from pathlib import Path

import work

import hpystate
from hpystate.build import BuildError, cache_dir, compile_extension

HERE = Path(__file__).resolve().parent
MOST_BYTES = 4 << 20  # of a request's body
MOST_HEADER_LINES = 100
IDLE_SECONDS = 60
LAST_SECONDS = 5  # at the end, for requests that are under way
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
REASONS |= {413: "Content Too Large", 500: "Internal Server Error"}


class Refused(Exception):
    """A request that gets an error and ends the connection."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def make_executor(kind: str, workers: int, folder: str) -> futures.Executor:
    start = {"initializer": work.begin, "initargs": (folder,)}
    if kind == "interpreters":
        return hpystate.InterpreterPool(workers, **start)
    if kind == "threads":
        return futures.ThreadPoolExecutor(workers, **start)
    spawn = multiprocessing.get_context("spawn")
    return futures.ProcessPoolExecutor(workers, spawn, work.begin_process, (folder,))


class Service:
    def __init__(self, executor: futures.Executor) -> None:
        self.executor = executor
        self.answered = 0
        self._open: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._ending = False

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while await self._one(task, reader, writer) and not self._ending:
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass  # the client has gone, or is silent
        except asyncio.CancelledError:
            pass  # close(); the streams of CPython 3.12.1 print a traceback for a task that ends so
        finally:
            self._open.discard(task)
            self._busy.discard(task)
            writer.close()

    async def _one(
        self,
        task: asyncio.Task[None],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answers a request; False ends the connection."""
        keep = True
        try:
            method, path, headers = await asyncio.wait_for(_head(reader), IDLE_SECONDS)
            self._busy.add(task)
            body = await asyncio.wait_for(_body(reader, headers), IDLE_SECONDS)
            keep = headers.get("connection", "").lower() != "close"
            status, answer = await self._answer(method, path, body)
        except Refused as error:
            keep, status, answer = False, error.status, _error(str(error))
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(answer)}\r\n"
        head += "\r\n" if keep else "Connection: close\r\n\r\n"
        writer.write(head.encode() + answer)
        await asyncio.wait_for(writer.drain(), IDLE_SECONDS)
        self.answered += 1
        self._busy.discard(task)
        return keep

    async def _answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if path != "/summary":
            return 404, _error(f"{path[:80]} is not there; POST /summary was expected")
        if method != "POST":
            return 405, _error(f"{method} /summary is not answered; POST was expected")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.executor, work.summarize, body)
        except Exception as error:  # the service goes on; who runs it sees why
            print(f"service.py: {type(error).__name__}: {error}", file=sys.stderr)
            return 500, _error("the worker failed")

    async def close(self) -> None:
        """Connections that wait end now; requests under way have LAST_SECONDS."""
        self._ending = True
        for task in self._open - self._busy:
            task.cancel()
        if self._busy:
            _, late = await asyncio.wait(self._busy, timeout=LAST_SECONDS)
            for task in late:
                task.cancel()


async def _head(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]]:
    try:
        line = (await reader.readuntil(b"\r\n")).decode("latin-1").split()
        if len(line) != 3 or not line[2].startswith("HTTP/1."):
            raise Refused(400, "`METHOD /path HTTP/1.1` was expected")
        headers: dict[str, str] = {}
        for _ in range(MOST_HEADER_LINES):
            name, mark, value = (await reader.readuntil(b"\r\n")).decode("latin-1").partition(":")
            if not mark:
                return line[0], line[1], headers
            headers[name.strip().lower()] = value.strip()
    except asyncio.LimitOverrunError:
        raise Refused(400, "a line of the request's head is too long") from None
    raise Refused(400, f"more than {MOST_HEADER_LINES} header lines")


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise Refused(400, "Content-Length was expected, not Transfer-Encoding")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Refused(400, "Content-Length is not a number")
    if len(length) > 9 or int(length) > MOST_BYTES:
        raise Refused(413, f"the body has more than {MOST_BYTES} bytes")
    return await reader.readexactly(int(length))


def _error(text: str) -> bytes:
    return json.dumps({"error": text}).encode()


async def serve(executor: futures.Executor, port: int) -> int:
    """Until SIGINT or SIGTERM; how many requests were answered."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    service = Service(executor)
    server = await asyncio.start_server(service.connected, "127.0.0.1", port)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/summary", flush=True)
    await stop.wait()
    server.close()
    await service.close()
    return service.answered


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="default: one that is free")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    kinds = ("interpreters", "threads", "processes")
    parser.add_argument("--executor", choices=kinds, default=kinds[0])
    options = parser.parse_args()
    if options.workers < 1:
        parser.error(f"--workers is {options.workers}; 1 or more was expected")
    try:
        file = compile_extension("readings", [HERE / "readings.c"], cache_dir() / "http_service")
    except BuildError as error:
        print(f"service.py: {error}", file=sys.stderr)
        return 2
    executor = make_executor(options.executor, options.workers, str(file.parent))
    try:
        # The workers start now and not with the first requests; a failure is seen here.
        executor.submit(work.place).result()
        try:
            answered = asyncio.run(serve(executor, options.port))
        except OSError as error:
            text = os.strerror(error.errno or 0)
            print(f"service.py: port {options.port}: {text}", file=sys.stderr)
            return 2
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
    print(f"{answered} requests answered", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
