"""test_site.py: the site that `make docs` makes: without a warning, again in seconds, with an error
for what is wrong; and in a browser no page is wider than the window."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.browser import Browser, chromium

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = sorted(ROOT.glob(".venv/docs-*/bin/python"))
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not PYTHONS, reason="no environment with Sphinx; make docs makes it"),
]
Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all that the site is made of."""
    made = tmp_path_factory.mktemp("tree")
    for name in ("docs", "examples", "include", "python"):
        shutil.copytree(ROOT / name, made / name, ignore=shutil.ignore_patterns("__pycache__"))
    for document in ROOT.glob("*.md"):
        shutil.copy(document, made)
    return made


@pytest.fixture(scope="module")
def make(tree: Path) -> Make:
    def run(*options: object) -> subprocess.CompletedProcess[str]:
        command = [PYTHONS[0], ROOT / "tools" / "docs_site.py", "--root", tree, *options]
        return subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def html(make: Make, tree: Path) -> Path:
    """The site, made without a warning."""
    made = make()
    assert (made.returncode, made.stderr) == (0, "")
    return tree / "build" / "docs" / "html"


def test_nothing_is_made_again_where_nothing_changed(html: Path, make: Make) -> None:
    before = {file: file.stat().st_mtime_ns for file in html.rglob("*.html")}
    begin = sum(os.times()[2:4])  # of child processes that have ended
    again = make()

    assert (again.returncode, again.stderr) == (0, "")
    assert "(0 pages changed)" in again.stdout
    same = [file for file, when in before.items() if file.stat().st_mtime_ns == when]
    # Sphinx writes the index of names and the search page each time.
    assert len(before) - len(same) <= 4, sorted(set(before) - set(same))
    assert sum(os.times()[2:4]) - begin < 10  # seconds of CPU time; everything takes 18


def test_an_edit_makes_its_page_again(html: Path, make: Make, tree: Path) -> None:
    document = tree / "docs" / "pool.md"
    document.write_text(document.read_text() + "\nOne sentence more.\n")
    again = make()

    assert (again.returncode, again.stderr) == (0, "")
    assert "(1 pages changed)" in again.stdout
    assert "One sentence more." in (html / "pool.html").read_text()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("docs/pool.md", "[x](using.md#nowhere)", "docs/pool.md:{line}: WARNING: "),
        ("docs/pool.md", "[x](nowhere.md)", "docs/pool.md:{line}: links to nowhere.md, which is"),
        ("include/hpystate/odd.h", "/* hpystate/odd.h: odd. */", "include/hpystate/odd.h: add it"),
    ],
    ids=["anchor", "link", "header"],
)
def test_what_is_wrong_is_named_and_stays_an_error(
    html: Path, make: Make, tree: Path, name: str, text: str, message: str
) -> None:
    document = tree / name
    before = document.read_text() if document.exists() else None
    document.write_text((f"{before}\n" if before else "") + text + "\n")
    line = document.read_text().count("\n")
    try:
        for _ in range(2):  # a second time, when Sphinx has read the page
            failed = make()
            assert failed.returncode == 1
            assert message.format(line=line) in failed.stderr, failed.stderr
    finally:
        if before is None:
            document.unlink()
        else:
            document.write_text(before)


#: What of the contents is beyond the window and not in a box that scrolls.
BEYOND = """
[...document.querySelectorAll("article *")].filter(each => {
    const box = each.getBoundingClientRect();
    if (box.width === 0 || box.right <= window.innerWidth + 1) return false;
    for (let up = each; up !== document.body; up = up.parentElement)
        if (up !== document.body && ["auto", "scroll"].includes(getComputedStyle(up).overflowX))
            return false;
    return true;
}).map(each => each.tagName + ": " + each.textContent.trim().slice(0, 60)).slice(0, 3)
"""


def looked_at(html: Path) -> list[Path]:
    """All documents; of what is generated, the largest pages of each folder."""
    pages = sorted(html.glob("*.html"))
    for folder in ("api", "decisions", "files"):
        generated = sorted(
            html.joinpath(folder).rglob("*.html"), key=lambda page: page.stat().st_size
        )
        pages += generated[-4:]
    return pages


@pytest.mark.skipif(chromium() is None, reason="no chromium in PATH; apt install chromium")
def test_no_page_is_wider_than_the_window_of_a_desktop_or_a_phone(
    html: Path, tmp_path: Path
) -> None:
    pages = looked_at(html)
    wide = []
    with Browser(tmp_path) as browser:
        for page in pages:
            browser.open(page.as_uri())
            for width, height in ((1280, 900), (390, 844)):
                browser.resize(width, height)
                shown, window = browser.run("[document.documentElement.scrollWidth, innerWidth]")
                beyond = browser.run(BEYOND)
                assert window == width
                if shown > width or beyond:
                    wide.append(f"{page.relative_to(html)}: {shown} pixels {json.dumps(beyond)}")

    assert len(pages) > 40
    assert wide == []


@pytest.mark.skipif(chromium() is None, reason="no chromium in PATH; apt install chromium")
def test_a_page_that_is_too_wide_is_found(tmp_path: Path) -> None:
    page = tmp_path / "wide.html"
    page.write_text("<article><p style='width: 2000px'>too wide</p></article>")
    with Browser(tmp_path / "profile") as browser:
        browser.resize(390, 844)
        browser.open(page.as_uri())

        assert browser.run("document.documentElement.scrollWidth") >= 2000
        assert browser.run(BEYOND) == ["P: too wide"]
