"""served_tables.py: the tables of what `make hosts` and `make bench-service` measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from pyglobal_tables import lines_of

BENCH = Path(__file__).resolve().parents[1] / "bench"
APACHE = BENCH / "apache" / "results.json"
SERVICE = BENCH / "service.json"
Document = dict[str, Any]


def machine_of(found: Document, load: list[float]) -> str:
    loads = " to ".join(f"{each:.1f}" for each in sorted(load))
    return f"{found['date']}, CPython {found['python']}; load of the machine {loads}"


def apache_answers() -> str:
    """README's: the extension beside plain C statics, and what came back."""
    rows = []
    for row in json.loads(APACHE.read_text())["answers"]:
        failed = sum(row["errors"].values()) + row["lost"]
        told = f"; {row['error']}" if row["error"] else ""
        rows.append(
            [
                row["name"],
                *(f"{row[key]:,}" for key in ("asked", "right", "wrong")),
                f"{failed:,}{told}",
            ]
        )
    return lines_of(["extension", "requests", "right", "wrong", "failed"], rows)


def apache_installs() -> str:
    rows = [
        [row["name"], row["outcome"], row["error"].partition(";")[0]]
        for row in json.loads(APACHE.read_text())["install"]
    ]
    return lines_of(["before `import sheet`", "the group", "in Apache's error log"], rows)


def busy(found: Document) -> str:
    """Instead of ratios, where other programs had the processors; "" on a quiet machine."""
    before = found["load"]
    if before <= found["processors"]:
        return ""
    return (
        f"The load was {before:.0f} on {found['processors']} processors when the results were "
        "written, so ratios of them say nothing. On a quiet machine `make hosts ARGS=--write` "
        "writes this table.\n"
    )


def apache_rates() -> str:
    """A row for each kind of request and number of clients; the ways beside each other."""
    found = json.loads(APACHE.read_text())
    if told := busy(found):
        return told
    cells: dict[tuple[str, int], dict[str, str]] = {}
    for row in found["rates"]["rows"]:
        ratio = f"{median(row['two against one']):.2f}"
        cells.setdefault((row["size"], row["clients"]), {})[f"{row['sheet']} {row['way']}"] = ratio
    columns = [
        f"{sheet} {way}"
        for way in ("one GIL", "own GILs", "changed", "processes")
        for sheet in ("hpy", "python")
    ]
    rows = [
        [size, str(clients), *(row.get(name, "") for name in columns)]
        for (size, clients), row in sorted(cells.items(), key=lambda each: each[0][1])
    ]
    note = machine_of(found, [found["load"]]) + f"; {found['rates']['rounds']} rounds.\n\n"
    return note + lines_of(["a request takes", "clients a group", *columns], rows)


def apache_waits() -> str:
    found = json.loads(APACHE.read_text())
    if told := busy(found):
        return told
    rows = [
        [
            row["sheet"],
            row["way"],
            str(row["alpha"]),
            *(f"{row[key]:.1f}" for key in ("p50 ms", "p99 ms", "longest ms")),
        ]
        for row in found["rates"]["waits"]
    ]
    head = ["alpha's application", "way", "clients of alpha", "p50, ms", "p99, ms", "longest, ms"]
    return lines_of(head, rows)


def service_table() -> str:
    found = json.loads(SERVICE.read_text())
    rows = [
        [
            row["kind"],
            str(row["connections"]),
            *(f"{row[key]:.1f}" for key in ("p50 ms", "p99 ms")),
            f"{row['rate']:.0f}",
            f"{row['rate, of processes']:.2f}",
            f"{found['KiB'][row['kind']] / 1024:.0f}",
        ]
        for row in sorted(found["found"], key=lambda row: row["connections"])
    ]
    head = ["workers", "connections", "p50, ms", "p99, ms", "requests per second", "of processes"]
    note = f"{machine_of(found, found['load'])}; {found['machine']}; {found['workers']} workers, "
    note += f"requests of {found['bytes']:,} bytes.\n\n"
    return note + lines_of([*head, "memory (Pss), MiB"], rows)


#: Document, name of the table, what makes it.
SERVED: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("README.md", "Apache", apache_answers),
    ("docs/embedding.md", "Apache installs", apache_installs),
    ("docs/embedding.md", "Apache rates", apache_rates),
    ("docs/embedding.md", "Apache waits", apache_waits),
    ("docs/pool.md", "service", service_table),
)
