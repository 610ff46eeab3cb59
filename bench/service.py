"""service.py: examples/http_service under load, from interpreters, threads and processes.

    python bench/service.py [--rounds N] [--requests N] [--json FILE] [--plot FILE] [--write]

Starts the service three times on the loopback interface, sends the same requests to each in turn,
and checks every answer. It prints latencies, rates and memory (Pss: what two processes share counts
half for each) and draws them. `--write` updates the table of docs/pool.md. Exit status 0: measured;
1: an answer was wrong; 2: it could not measure.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from plot import machine
from pool import pss

import hpystate

HERE = Path(__file__).resolve().parent
SERVICE = HERE.parent / "examples" / "http_service" / "service.py"
RESULTS = HERE / "service.json"
COLOURS = {"interpreters": "#2171b5", "threads": "#525252", "processes": "#e6550d"}
WORKERS = 2
CONNECTIONS = (1, 2, 4, 8, 16)
LINES, STATIONS = 20_000, 40  # of a request
SECONDS = 120  # for one answer


class ServiceError(RuntimeError):
    """The service did not start, or an answer was wrong."""


def request_and_answer(seed: int) -> tuple[bytes, dict[str, list[float]]]:
    """A body and what the service has to answer, computed here in Python."""
    chosen = random.Random(seed)
    found: dict[str, list[float]] = {}
    lines = []
    for _ in range(LINES):
        name, value = f"station {chosen.randrange(STATIONS)}", chosen.randrange(-300, 500) / 10
        lines.append(f"{name};{value}")
        found.setdefault(name, []).append(value)
    # reduce: from 3.12 on sum() rounds once, at the end, and the parser after each addition
    answer = {
        name: [len(all_of), min(all_of), reduce(add, all_of) / len(all_of), max(all_of)]
        for name, all_of in found.items()
    }
    return "\n".join(lines).encode(), answer


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    pids = [pid]
    for task in children.parents[1].iterdir():
        for child in (task / "children").read_text().split():
            pids += family(int(child))
    return pids


@dataclass
class Running:
    """The service with one kind of workers."""

    kind: str
    process: subprocess.Popen[str]
    port: int

    @classmethod
    def start(cls, kind: str) -> Running:
        command = [sys.executable, str(SERVICE), "--executor", kind, "--workers", str(WORKERS)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("http://"):
            raise ServiceError(f"{SERVICE} --executor {kind} did not start")
        return cls(kind, process, int(line.rpartition(":")[2].partition("/")[0]))

    def memory(self) -> int:
        """KiB, Pss, of the service and its workers."""
        return sum(pss(pid) for pid in family(self.process.pid))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise ServiceError(f"{self.kind}: the service did not end 30 s after SIGINT") from None


async def _client(
    port: int, count: int, body: bytes, answer: dict[str, list[float]], times: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /summary HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    for _ in range(count):
        begin = time.perf_counter()
        writer.write(head.encode() + body)
        said = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)).decode().lower()
        length = int(said.partition("content-length: ")[2].split("\r\n")[0])
        got = await reader.readexactly(length)
        times.append(time.perf_counter() - begin)
        if json.loads(got) != answer:
            raise ServiceError(f"a wrong answer: {got[:200]!r}")
    writer.close()


async def _load(
    port: int, connections: int, requests: int, body: bytes, answer: dict[str, list[float]]
) -> tuple[float, list[float]]:
    """Requests per second, and the seconds of each."""
    times: list[float] = []
    each = max(1, requests // connections)
    begin = time.perf_counter()
    await asyncio.gather(*(_client(port, each, body, answer, times) for _ in range(connections)))
    return len(times) / (time.perf_counter() - begin), times


def measure(rounds: int, requests: int) -> dict[str, Any]:
    body, answer = request_and_answer(1)
    services: list[Running] = []
    load = [os.getloadavg()[0]]
    try:
        services += [Running.start(kind) for kind in COLOURS]
        times: dict[tuple[str, int], list[float]] = {}
        rates: dict[tuple[str, int], list[float]] = {}
        for one in services:  # warm: all workers have started and imported
            asyncio.run(_load(one.port, 2 * WORKERS, 10 * WORKERS, body, answer))
        for _ in range(rounds):
            for connections in CONNECTIONS:
                for one in services:
                    rate, took = asyncio.run(_load(one.port, connections, requests, body, answer))
                    times.setdefault((one.kind, connections), []).extend(took)
                    rates.setdefault((one.kind, connections), []).append(rate)
        memory = {one.kind: one.memory() for one in services}
    finally:
        for one in services:
            one.stop()
    load.append(os.getloadavg()[0])
    found = []
    for (kind, connections), took in times.items():
        cuts = statistics.quantiles(took, n=100, method="inclusive")
        base = rates["processes", connections]
        ratios = [a / b for a, b in zip(rates[kind, connections], base, strict=True)]
        found.append(
            {
                "kind": kind,
                "connections": connections,
                "p50 ms": cuts[49] * 1e3,
                "p99 ms": cuts[98] * 1e3,
                "rate": statistics.median(rates[kind, connections]),
                "rate, of processes": statistics.median(ratios),
                "requests": len(took),
            }
        )
    return {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "hpystate": hpystate.__version__,
        "machine": machine(),
        "load": load,
        "workers": WORKERS,
        "bytes": len(body),
        "rounds": rounds,
        "found": found,
        "KiB": memory,
    }


def show(found: dict[str, Any]) -> list[str]:
    lines = [f"CPython {found['python']}, {found['machine']}, load {found['load']}"]
    for row in found["found"]:
        lines.append(
            f"{row['kind']:12} {row['connections']:3} connections: p50 {row['p50 ms']:7.2f} ms, "
            f"p99 {row['p99 ms']:7.2f} ms, {row['rate']:6.0f} per s, "
            f"{row['rate, of processes']:.2f} of processes"
        )
    lines += [f"{kind:12} {size:,} KiB (Pss)" for kind, size in found["KiB"].items()]
    return lines


def draw(found: dict[str, Any], file: Path) -> None:
    """Latencies against connections, and memory; a colour for each implementation."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
    figure.suptitle(
        f"examples/http_service, {found['workers']} workers   |   hpystate {found['hpystate']}, "
        f"CPython {found['python']}   |   {found['machine']}   |   {found['date']}",
        fontsize=10,
    )
    for kind, colour in COLOURS.items():
        rows = [row for row in found["found"] if row["kind"] == kind]
        at = [row["connections"] for row in rows]
        for key, style in (("p50 ms", "-"), ("p99 ms", "--")):
            label = f"{kind}, {key.split()[0]}"
            panels[0].plot(at, [row[key] for row in rows], style, color=colour, label=label)
        panels[1].plot(at, [row["rate"] for row in rows], "-o", color=colour, label=kind)
        size = found["KiB"][kind] / 1024
        panels[2].bar(kind, size, color=colour)
        panels[2].text(kind, size, f"{size:.0f}", ha="center", va="bottom", fontsize=9)
    for panel, unit, title in (
        (panels[0], "milliseconds", "latency of a request"),
        (panels[1], "requests per second", "throughput"),
        (panels[2], "MiB, Pss", "memory of the service and its workers"),
    ):
        panel.set_title(title, loc="left", fontsize=10, fontweight="bold")
        panel.set_ylabel(unit)
    panels[0].set_yscale("log")
    for panel in panels[1:]:
        panel.set_ylim(bottom=0)
    for panel in panels[:2]:
        panel.set_xscale("log", base=2)
        panel.set_xticks(CONNECTIONS, [str(count) for count in CONNECTIONS])
        panel.set_xlabel("connections at once")
        panel.legend(fontsize=8)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=100)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=96, help="of a round, for each row")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there")
    parser.add_argument("--plot", type=Path, metavar="FILE", default=HERE / "results/service.png")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} and the table")
    options = parser.parse_args()
    for name in ("rounds", "requests"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}; 1 or more was expected")
    try:
        found = measure(options.rounds, options.requests)
    except ServiceError as error:
        print(f"bench/service.py: {error}", file=sys.stderr)
        return 1 if "wrong answer" in str(error) else 2
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        print(f"bench/service.py: {error}", file=sys.stderr)
        return 2
    print("\n".join(show(found)))
    draw(found, options.plot)
    print(f"plot: {options.plot}")
    text = json.dumps(found, indent=2) + "\n"
    for file in filter(None, (options.json, RESULTS if options.write else None)):
        file.write_text(text)
    if options.write:
        subprocess.run([sys.executable, HERE.parent / "tools" / "tables.py", "--write"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
