"""test_page.py: Inspection.to_html(): the page has what the dict has, in a browser too."""

from __future__ import annotations

import html.parser
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import hpystate
from hpystate.look.html import GLOBALS, INTERPRETERS, rows_of_globals, text_of
from hpystate.testing import Interpreter
from tests.inspect import holder


class Tables(html.parser.HTMLParser):
    """The cells of each table, by its id; and every address that the page would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.fetched: list[str] = []
        self._rows: list[list[str]] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "table":
            self._rows = self.tables.setdefault(found["id"] or "", [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self._rows[-1][-1] += data


def expected(found: dict[str, Any]) -> dict[str, list[list[str]]]:
    def rows(columns: tuple[str, ...], dicts: list[dict[str, Any]]) -> list[list[str]]:
        heads = [column.replace("_", " ") for column in columns]
        return [heads, *([text_of(each[column]) for column in columns] for each in dicts)]

    return {
        "interpreters": rows(INTERPRETERS, found["interpreters"]),
        "globals": rows(GLOBALS, rows_of_globals(found)),
    }


def written(module: Any, path: Path) -> dict[str, Any]:
    """A page with values that HTML has other ideas about, and what is in it."""
    module.put({"<b>&amp;\"'": "</td><script>alert(1)</script>"})
    module.put_unlisted(3)
    with Interpreter() as second:
        second.run(holder.load_code() + "module.put('of another one')")
        found = hpystate.inspect(all=True)
    found.to_html(path)
    return found.to_dict()


def test_the_page_has_the_dict_in_its_tables_and_fetches_nothing(
    module: Any, tmp_path: Path
) -> None:
    found = written(module, tmp_path / "page.html")
    page = Tables((tmp_path / "page.html").read_text(encoding="utf-8"))

    assert page.tables == expected(found)
    assert page.fetched == []
    assert "<script" not in (tmp_path / "page.html").read_text()
    assert any("</td><script>" in "".join(row) for row in page.tables["globals"])


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "headless_shell")
    return next((path for path in map(shutil.which, names) if path), None)


@pytest.mark.long
@pytest.mark.skipif(chromium() is None, reason="no chromium in PATH; apt install chromium")
def test_a_browser_shows_the_same_tables(module: Any, tmp_path: Path) -> None:
    found = written(module, tmp_path / "page.html")
    command = [str(chromium()), "--headless", "--no-sandbox", "--disable-gpu"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    result = subprocess.run(
        [*command, (tmp_path / "page.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert Tables(result.stdout).tables == expected(found)


def test_a_page_that_cannot_be_written_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        hpystate.inspect().to_html(tmp_path / "nowhere" / "page.html")
