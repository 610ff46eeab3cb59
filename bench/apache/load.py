"""load.py: asks a server on the loopback interface a bounded number of times; judges answers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

KEYS = 64  # of application.py's module `sheet`
ANSWER_SECONDS = 60
PAUSE_SECONDS = 0.05
#: What Apache answers while mod_wsgi's daemon processes are replaced.
RESTARTING = (502, 503)


@dataclass
class Answers:
    """What came back.

    wrong   answers that another group's interpreter had a part in; `errors` counts those with
            another status than 200
    again   requests that got no answer, or one of RESTARTING, and were sent again; `lost` those
            that had none after ANSWER_SECONDS
    """

    right: int = 0
    wrong: int = 0
    lost: int = 0
    again: int = 0
    errors: Counter[int] = field(default_factory=Counter)
    processes: set[int] = field(default_factory=set)
    processor_us: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    client_seconds: float = 0.0
    first_wrong: str = ""

    @property
    def asked(self) -> int:
        return self.right + self.wrong + self.lost + sum(self.errors.values())

    @property
    def rate(self) -> float:
        return self.right / self.seconds


def right_answer(group: str, number: int, rows: int) -> list[str]:
    whole, rest = divmod(rows, KEYS)
    total = whole * sum(range(KEYS)) + sum((number + i) % KEYS for i in range(rest))
    return [group, str(number), str(total), "0"]


@dataclass
class Load:
    """Requests over `concurrency` connections, each for one of `groups`.

    requests     how many; or as many as fit into `seconds`
    at_half      called when half of `requests` were sent
    """

    port: int
    site: str
    groups: tuple[str, ...]
    rows: int
    concurrency: int
    requests: int = 1_000_000
    seconds: float = 600.0
    at_half: Callable[[], object] | None = None

    def run(self) -> Answers:
        answers = Answers()
        before = time.process_time()
        asyncio.run(self._run(answers))
        answers.client_seconds = time.process_time() - before
        return answers

    def stop(self) -> None:
        """From another thread: run() returns after the requests that are under way."""
        self._end = 0.0

    async def _run(self, answers: Answers) -> None:
        numbers = self._numbers()
        begin = time.monotonic()
        self._end = begin + self.seconds
        await asyncio.gather(
            *(
                self._client(self.groups[i % len(self.groups)], numbers, answers)
                for i in range(self.concurrency)
            )
        )
        answers.seconds = time.monotonic() - begin

    def _numbers(self) -> Iterator[int]:
        for number in range(self.requests):
            if self.at_half is not None and number == self.requests // 2:
                self.at_half()
            yield number

    async def _client(self, group: str, numbers: Iterator[int], answers: Answers) -> None:
        connection = None
        for number in numbers:
            if time.monotonic() > self._end:
                break
            limit = time.monotonic() + ANSWER_SECONDS
            while True:
                try:
                    if connection is None:
                        connection = await asyncio.open_connection("127.0.0.1", self.port)
                    asked = self._ask(connection, group, number, answers)
                    again, close = await asyncio.wait_for(asked, ANSWER_SECONDS)
                except (OSError, EOFError, TimeoutError):
                    again = close = True
                if close and connection is not None:
                    connection[1].close()
                    connection = None
                if not again:
                    break
                if time.monotonic() > limit:
                    answers.lost += 1
                    break
                answers.again += 1
                await asyncio.sleep(PAUSE_SECONDS)
        if connection is not None:
            connection[1].close()

    async def _ask(
        self,
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        group: str,
        number: int,
        answers: Answers,
    ) -> tuple[bool, bool]:
        """Whether to ask again, and whether the server closes the connection."""
        reader, writer = connection
        path = f"/{self.site}/{group}?{number}+{self.rows}"
        begin = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        body = (await reader.readexactly(int(fields["content-length"]))).decode()
        status = int(head[0].split()[1])
        if status == 200:
            answers.latencies.append(time.perf_counter() - begin)
            self._judge(group, number, body, answers)
        elif status not in RESTARTING:
            answers.errors[status] += 1
        return status in RESTARTING, fields.get("connection") == "close"

    def _judge(self, group: str, number: int, body: str, answers: Answers) -> None:
        *answer, pid, processor = body.split()
        if answer == right_answer(group, number, self.rows):
            answers.right += 1
        else:
            answers.wrong += 1
            answers.first_wrong = answers.first_wrong or f"{group} {number} got: {body}"
        answers.processes.add(int(pid))
        answers.processor_us.append(int(processor))
