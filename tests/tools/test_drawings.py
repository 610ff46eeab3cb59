"""test_drawings.py: the drawings in docs/drawings are those that tools/drawings.py writes, and can
be read on a phone, in light and in dark."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tools" / "drawings.py"
FILES = sorted((ROOT / "docs" / "drawings").glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


def drawings(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The program in a tree of its own, where it has written its drawings."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "docs").mkdir()
    program = tmp_path / "tools" / "drawings.py"
    program.write_text(PROGRAM.read_text())
    assert drawings(program, "--write").returncode == 0
    return program


def test_the_committed_drawings_are_those_that_are_written() -> None:
    result = drawings(PROGRAM, "--check")

    assert (result.returncode, result.stdout) == (0, "drawings: ok\n")
    assert len(FILES) == 4


def test_a_drawing_that_differs_is_missing_or_too_many_is_named(copy: Path) -> None:
    folder = copy.parents[1] / "docs" / "drawings"
    (folder / "slot.svg").write_text("<svg/>")
    (folder / "token.svg").unlink()
    (folder / "old.svg").touch()

    result = drawings(copy, "--check")

    assert result.returncode == 1
    for text in ("slot.svg differs", "token.svg is missing", "old.svg is of no drawing"):
        assert f"docs/drawings/{text}; type: tools/drawings.py --write" in result.stdout


def test_other_arguments_are_refused(copy: Path) -> None:
    for arguments in ((), ("--read",)):
        assert drawings(copy, *arguments).returncode == 2


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_drawing_can_be_read_on_a_phone_in_light_and_dark(file: Path) -> None:
    root = ET.parse(file).getroot()
    texts = list(root.iter(f"{SVG}text"))

    assert float(root.attrib["viewBox"].split()[2]) <= 400
    assert len(texts) > 8
    assert min(float(text.attrib["font-size"]) for text in texts) >= 16
    style = next(root.iter(f"{SVG}style")).text or ""
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for text in (light, dark):  # a ground of its own, and text that differs from it
        ground = re.search(r"\.ground { fill: (#\w+)", text)
        ink = re.search(r"text { fill: (#\w+)", text)
        assert ground is not None and ink is not None
        assert abs(brightness(ground[1]) - brightness(ink[1])) > 0.7
    used = {element.attrib["class"] for element in root.iter() if "class" in element.attrib}
    assert all(f".{name} " in light for name in used)


def brightness(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_page_shows_every_drawing_and_its_numbers_are_those_of_the_sources() -> None:
    page = (ROOT / "docs" / "how-it-works.md").read_text()
    shown = re.findall(r"!\[(.+?)\]\(drawings/(\w+)\.svg\)", page)

    assert sorted(name for _, name in shown) == [file.stem for file in FILES]
    titles = {file.stem: next(ET.parse(file).getroot().iter(f"{SVG}title")).text for file in FILES}
    assert {name: alternative for alternative, name in shown} == titles
    window = (ROOT / "interp_state" / "window.h").read_text()
    bits = re.search(r"kBits = (\d+);", window)
    assert bits is not None
    drawing = (ROOT / "docs" / "drawings" / "window.svg").read_text()
    for text in (page, drawing):
        assert f"{2 ** int(bits[1]):,} entries of 16 bytes" in text
    assert f"the low {bits[1]} bits" in drawing
    assert "(token.bits() >> 3)" in window and "shift by 3" in drawing
