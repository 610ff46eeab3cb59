"""test_apache.py: what `make hosts` is made of: the extensions agree, wrong answers are counted."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import hpystate
from hpystate.build import compile_extension
from hpystate.testing import Interpreter

BENCH = Path(__file__).resolve().parents[2] / "bench" / "apache"
sys.path.insert(0, str(BENCH))
import load  # noqa: E402
import rates  # noqa: E402
import serve as hosts  # noqa: E402
from server import Apache, Site  # noqa: E402


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_extension("sheet", [BENCH / "sheet_hpy.c"], tmp_path_factory.mktemp("sheet"))


def in_python() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sheet", BENCH / "sheet_python.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("number", "rows"), [(0, 0), (5, 1), (63, 200), (1000, 64_001)])
def test_the_extension_and_python_answer_what_the_client_expects(
    file: Path, number: int, rows: int
) -> None:
    for sheet in (hpystate.load("sheet", file), in_python()):
        sheet.start("alpha")
        assert [*map(str, sheet.page(number, rows))] == load.right_answer("alpha", number, rows)


def test_a_page_in_one_interpreter_has_nothing_of_another(file: Path) -> None:
    text = f"import hpystate; sheet = hpystate.load('sheet', {str(file)!r}); sheet.start('{{}}')"
    with Interpreter() as first, Interpreter() as second:
        for one, title in ((first, "alpha"), (second, "beta")):
            one.run(text.format(title))
        for one, title in ((first, "alpha"), (second, "beta")):
            assert [*one.run("answer = sheet.page(3, 200)")][::3] == [title, 0]


# ---- the client --------------------------------------------------------------------------------
Answer = Callable[[str, int], tuple[int, str]]


@contextmanager
def serving(answer: Answer) -> Iterator[int]:
    """A server for a thread of this process: answer(group, number) -> status, body."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path, _, query = head.decode().split()[1].partition("?")
                status, body = answer(path.rpartition("/")[2], int(query.partition("+")[0]))
                if status == 0:
                    break
                text = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                writer.write(text.encode())
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        stops.append((asyncio.get_running_loop(), stop := asyncio.Event()))
        ready.set()
        await stop.wait()
        server.close()

    ports: list[int] = []
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    assert ready.wait(30)
    try:
        yield ports[0]
    finally:
        stops[0][0].call_soon_threadsafe(stops[0][1].set)
        thread.join(30)


def right(group: str, number: int) -> str:
    return " ".join([*load.right_answer(group, number, 3), "77", "1"])


def asked(answer: Answer, requests: int = 40, **more: Any) -> load.Answers:
    with serving(answer) as port:
        return load.Load(port, "site", ("alpha", "beta"), 3, 4, requests, **more).run()


def test_right_answers_are_counted_and_the_restart_is_at_half() -> None:
    seen: list[int] = []
    at: list[int] = []

    def answer(group: str, number: int) -> tuple[int, str]:
        seen.append(number)
        return 200, right(group, number)

    got = asked(answer, at_half=lambda: at.append(len(seen)))

    assert (got.right, got.wrong, got.lost, got.again, got.asked) == (40, 0, 0, 0, 40)
    assert sorted(seen) == list(range(40))
    assert len(at) == 1 and 16 <= at[0] <= 20  # four connections
    assert got.processes == {77}


def test_the_answer_of_another_group_is_wrong() -> None:
    got = asked(lambda group, number: (200, right("beta", number)))

    assert got.wrong > 0 and got.right + got.wrong == 40
    assert got.first_wrong.startswith("alpha ")


def test_a_row_of_another_title_is_wrong() -> None:
    def answer(group: str, number: int) -> tuple[int, str]:
        title, told, total, _ = load.right_answer(group, number, 3)
        return 200, f"{title} {told} {total} 1 77 1"

    assert asked(answer).wrong == 40


def test_an_error_is_counted_and_a_restart_is_waited_for() -> None:
    tried: set[int] = set()

    def answer(group: str, number: int) -> tuple[int, str]:
        if number == 7:
            return 500, "broken"
        if number in (8, 9) and number not in tried:
            tried.add(number)
            return (503, "restarting") if number == 8 else (0, "")
        return 200, right(group, number)

    got = asked(answer)

    assert (got.right, dict(got.errors), got.again, got.lost) == (39, {500: 1}, 2, 0)


# ---- the run -----------------------------------------------------------------------------------
def test_each_site_has_its_processes_groups_and_gil(tmp_path: Path) -> None:
    pair = ("alpha", "beta")
    sites = [Site("one", "hpy"), Site("two", "python", own_gil=False, processes=True, groups=pair)]
    text = Apache(tmp_path, sites, Path("/m.so"), Path("/x"))._configuration()

    assert text.count("WSGIDaemonProcess") == 3
    assert text.count("application-group=") == 5
    assert text.count("PerInterpreterGIL On") == 1 and text.count("PerInterpreterGIL Off") == 2
    assert "Listen 127.0.0.1:" in text


def test_a_wrong_answer_of_ours_and_an_outcome_that_was_not_expected_are_faults() -> None:
    good = {"name": "ours", "asked": 9, "right": 9, "processes": 2}
    assert hosts.faults({"answers": [good, {"right": 0, "asked": 9, "processes": 1}]}) == []
    assert len(hosts.faults({"answers": [good | {"right": 8}]})) == 1
    assert len(hosts.faults({"answers": [good | {"processes": 1}]})) == 1
    row = {"name": "nothing", "expected": "refused", "outcome": "answers"}
    assert hosts.faults({"install": [row]}) == ["nothing: answers; refused was expected"]


def test_every_row_of_the_rates_has_a_server() -> None:
    served = {site.name for way in rates.WAYS for site in rates.sites(way)}
    assert {row.site for row in rates.ROWS} == served


def test_the_results_are_of_a_whole_run_without_faults() -> None:
    found = json.loads((BENCH / "results.json").read_text())
    assert hosts.faults(found) == []
    assert found["answers"][0]["asked"] == 20_000
    assert found["answers"][1]["wrong"] > 0, "the control found nothing"
