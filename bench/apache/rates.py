"""rates.py: throughput of two application groups against one, and which process used the time.

Rounds are interleaved, and what is compared comes from the same round. Processor time per request
is the more certain number where other programs use the machine too.
"""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from load import Answers, Load
from server import Apache, Site, processor_seconds

GROUPS = ("alpha", "beta")
SHEETS = ("hpy", "python")
PARTS = ("page()", "rest of the daemon", "Apache", "client")
#: What a request does -> rows of its page, so many that both implementations need about that time.
SIZES = {
    "nothing": {"hpy": 1, "python": 1},
    "1 ms": {"hpy": 24_000, "python": 9_000},
    "20 ms": {"hpy": 480_000, "python": 180_000},
}
LONG = "20 ms"  # of which several have to wait for each other while a round lasts
#: How two groups are served. `changed`: by the mod_wsgi with a lock for each interpreter.
WAYS: dict[str, dict[str, Any]] = {
    "own GILs": {"own_gil": True},
    "changed": {"own_gil": True},
    "one GIL": {"own_gil": False},
    "processes": {"processes": True},
}


class Row(NamedTuple):
    size: str
    sheet: str
    way: str
    clients: int  # connections for each group; with 1 no request waits for the GIL of its group

    @property
    def site(self) -> str:
        return f"{self.sheet}-{self.way}".replace(" ", "-")


ROWS = [
    *(Row("nothing", sheet, way, 4) for sheet in SHEETS for way in WAYS if way != "one GIL"),
    *(Row("1 ms", sheet, "one GIL", 4) for sheet in SHEETS),
    *(
        Row(size, sheet, way, clients)
        for size in ("1 ms", "20 ms")
        for sheet in SHEETS
        for clients in (1, 4)
        for way in WAYS
        if way != "one GIL"
    ),
]


def sites(*ways: str) -> list[Site]:
    rows = {(row.site, row.sheet, row.way): None for row in ROWS if row.way in ways}
    return [Site(name, sheet, groups=GROUPS, **WAYS[way]) for name, sheet, way in rows]


def rates(
    start: Callable[..., Apache], changed: Path, rounds: int, seconds: float
) -> dict[str, Any]:
    """start(*sites, module=...) makes a server; `changed` is the module with more locks"""
    found: dict[tuple[Row, int], list[dict[str, float]]] = {}
    plain = sites(*(way for way in WAYS if way != "changed"))
    with contextlib.ExitStack() as stack:
        published = stack.enter_context(start(*plain))
        other = stack.enter_context(start(*sites("changed"), module=changed))
        servers = {way: other if way == "changed" else published for way in WAYS}
        for row in ROWS:  # the first request of a group makes its interpreter
            _check(Load(servers[row.way].port, row.site, GROUPS, 1, 4, 40).run())
        for _ in range(rounds):
            for row in ROWS:
                for count in (1, 2):
                    one = _one(servers[row.way], row, count, seconds)
                    found.setdefault((row, count), []).append(one)
        waits = _waits(servers, seconds)
    rows = [_summary(row, found[row, 1], found[row, 2]) for row in ROWS]
    return {
        "rounds": rounds,
        "seconds": seconds,
        "sizes": SIZES,
        "rows": rows,
        "waits": waits,
    }


def _waits(servers: dict[str, Apache], seconds: float) -> list[dict[str, Any]]:
    """What the requests of group beta, which do nothing, wait while alpha is at work."""
    rows = []
    for sheet in SHEETS:
        for way in ("own GILs", "changed", "processes"):
            for clients in (1, 4):
                row, port = Row(LONG, sheet, way, clients), servers[way].port
                alpha = Load(port, row.site, GROUPS[:1], SIZES[LONG][sheet], clients)
                alpha.seconds = 4.5 * seconds
                beta = Load(port, row.site, GROUPS[1:], 1, 1, seconds=4 * seconds)
                with ThreadPoolExecutor(1) as other:
                    busy = other.submit(alpha.run)
                    got = beta.run()
                _check(busy.result())
                _check(got)
                milliseconds = [1e3 * each for each in got.latencies]
                rows.append(
                    {
                        "sheet": sheet,
                        "way": way,
                        "alpha": clients,
                        "requests": got.right,
                        "p50 ms": statistics.median(milliseconds),
                        "p99 ms": statistics.quantiles(milliseconds, n=100, method="inclusive")[98],
                        "longest ms": max(milliseconds),
                    }
                )
    return rows


def _check(got: Answers) -> None:
    if got.right != got.asked or got.right == 0:
        raise RuntimeError(f"{got.wrong} wrong answers and {got.errors}: {got.first_wrong}")


def _one(apache: Apache, row: Row, count: int, seconds: float) -> dict[str, float]:
    """The rate of `count` groups, and microseconds of processor time for each request."""
    pids = apache.children()
    before = {pid: processor_seconds(pid) for pid in pids}
    rows, groups = SIZES[row.size][row.sheet], GROUPS[:count]
    load = Load(apache.port, row.site, groups, rows, row.clients * count, seconds=seconds)
    got = load.run()
    _check(got)
    used = {pid: processor_seconds(pid) - before[pid] for pid in pids}
    daemon = sum(used[pid] for pid in got.processes)
    page = sum(got.processor_us) / got.right
    return {
        "rate": got.rate,
        "page()": page,
        "rest of the daemon": daemon * 1e6 / got.right - page,
        "Apache": (sum(used.values()) - daemon) * 1e6 / got.right,
        "client": got.client_seconds * 1e6 / got.right,
    }


def _summary(row: Row, one: list[dict[str, float]], two: list[dict[str, float]]) -> dict[str, Any]:
    pairs = list(zip(one, two, strict=True))
    return {
        **row._asdict(),
        "rates": [statistics.median(each["rate"] for each in side) for side in (one, two)],
        "two against one": [b["rate"] / a["rate"] for a, b in pairs],
        "page(), two against one": statistics.median(b["page()"] / a["page()"] for a, b in pairs),
        "us": {
            part: [statistics.median(each[part] for each in side) for side in (one, two)]
            for part in PARTS
        },
    }


def show(found: dict[str, Any]) -> list[str]:
    lines = []
    for row in found["rows"]:
        parts = ", ".join(f"{part} {us[0]:.0f}/{us[1]:.0f}" for part, us in row["us"].items())
        ratio = statistics.median(row["two against one"])
        lines.append(
            f"{row['size']:7} {row['sheet']:6} {row['clients']} {row['way']:9} {ratio:.2f}  "
            f"{row['rates'][0]:.0f}/{row['rates'][1]:.0f} per s;  us per request: {parts}"
        )
    for row in found["waits"]:
        lines.append(
            f"{row['sheet']:6} {row['way']:9} {row['alpha']} of alpha: a request of beta "
            f"waits {row['p50 ms']:.1f} ms, p99 {row['p99 ms']:.1f}, "
            f"at most {row['longest ms']:.1f}; {row['requests']}"
        )
    return lines
