"""test_service.py: `make bench-service` checks the answers, and its plot can be drawn."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
import service  # noqa: E402


def test_a_request_has_its_answer() -> None:
    body, answer = service.request_and_answer(1)
    assert len(body.splitlines()) == service.LINES
    assert sum(row[0] for row in answer.values()) == service.LINES
    assert service.request_and_answer(2)[0] != body


@pytest.mark.long
def test_a_short_run_measures_all_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "CONNECTIONS", (2,))
    found = service.measure(1, 8)
    assert [row["kind"] for row in found["found"]] == list(service.COLOURS)
    assert all(0 < row["p50 ms"] <= row["p99 ms"] for row in found["found"])
    assert all(size > 1000 for size in found["KiB"].values())


def test_a_wrong_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    right = service.request_and_answer
    monkeypatch.setattr(service, "LINES", 10)
    monkeypatch.setattr(service, "COLOURS", {"threads": "black"})
    monkeypatch.setattr(service, "request_and_answer", lambda seed: (right(seed)[0], {}))
    with pytest.raises(service.ServiceError, match="a wrong answer"):
        service.measure(1, 4)


def test_the_results_can_be_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pip install 'hpystate[bench]'")
    found = json.loads((BENCH / "service.json").read_text())
    service.draw(found, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
