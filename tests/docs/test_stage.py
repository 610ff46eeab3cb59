"""test_stage.py: what `make docs` gives to Sphinx: links that work in the site, every document in a
chapter, a page for every header; and what is wrong is named."""

from __future__ import annotations

import importlib
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(ROOT / "tools")
    return ROOT / "tools"


@pytest.fixture
def stage(tools: Path) -> ModuleType:
    return importlib.import_module("docs_stage")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The headers, and three documents, of which the index lists two."""
    shutil.copytree(ROOT / "include", tmp_path / "include")
    (tmp_path / "docs" / "decisions").mkdir(parents=True)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.c").write_text("int a;\n")
    write(tmp_path, "README.md", "# Read\n\n[use](docs/using.md)\n")
    write(tmp_path, "docs/using.md", "# Using\n\n## One part\n")
    chapter = "# Site\n\n## Start\n\n- [Overview](../README.md): first\n- [`Use`](using.md)\n"
    write(tmp_path, "docs/index.md", chapter)
    return tmp_path


def write(tree: Path, name: str, text: str) -> None:
    (tree / name).write_text(text)


def problems(stage: ModuleType, tree: Path) -> list[str]:
    with pytest.raises(stage.DocumentError) as caught:
        stage.Stage(tree).texts()
    return str(caught.value).splitlines()


# ---- the tree itself ----
def test_every_document_of_the_tree_is_in_a_chapter_and_every_link_has_a_target(
    stage: ModuleType,
) -> None:
    texts = stage.Stage(ROOT).texts()

    assert {"index.md", "readme.md", "contributing.md", "decisions/index.md"} <= set(texts)
    assert {f"{path.stem}.md" for path in (ROOT / "docs").glob("*.md")} <= set(texts)
    tree = texts["index.md"]
    chapters = re.findall(r"^:caption: (.+)$", tree, re.MULTILINE)
    assert chapters[:2] == ["Start", "Use"] and chapters[-1] == "For contributors"
    assert tree.count(":::{grid-item-card} ") == len(chapters) >= 8


def test_each_contract_of_the_public_headers_is_on_a_page(stage: ModuleType, tools: Path) -> None:
    """Those that tools/check_api.py checks, with all that they promise."""
    headers = importlib.import_module("api_headers")
    texts = stage.Stage(ROOT).texts()
    include = ROOT / "include"
    seen = 0
    for header in [*(include / "hpy").glob("*.h"), *(include / "hpystate").glob("*.h")]:
        page = texts[f"api/{header.relative_to(include)}.rst"]
        functions, _ = headers.functions_of(header, include, "(?:_?HPy|hpystate_)")
        for function in functions:
            if function.contract is None or "unstable" in function.name:
                continue
            entry = re.search(rf"\.\. c:function:: .*\b{function.name}\(.*\)\n(?:\n| .*\n)*", page)
            assert entry is not None, function
            keys, _ = headers.keys_of(function.contract)
            for key, _ in keys:
                name = "param " + key if key in function.parameters else key
                assert re.search(rf"^ +:{re.escape(name)}: \S", entry[0], re.M | re.I), (
                    function,
                    key,
                )
            seen += 1
    assert seen > 270


def test_the_classes_of_cpp_have_their_members(stage: ModuleType) -> None:
    page = stage.Stage(ROOT).texts()["api/hpystate/global.hpp.rst"]

    (part,) = re.findall(r"cpp:class:: .*::per_interpreter\n((?:\n| .*\n)*)", page)
    assert ".. cpp:function:: template <typename... Args> T* get(Args&&... args)" in part
    assert ":returns: borrowed: valid until the interpreter ends." in part


# ---- links ----
def test_links_lead_to_pages_to_the_reference_and_to_shown_files(
    stage: ModuleType, tree: Path
) -> None:
    write(
        tree,
        "docs/using.md",
        "[r](../README.md) [h](../include/hpystate/global.h) [f](../src/a.c) ![d](d.svg)\n"
        "[out](https://example.org/x.md) [here](#part) `[no](link.md)`\n"
        "```\n[no](link.md)\n```\n",
    )
    write(tree, "docs/d.svg", "<svg/>")
    texts = stage.Stage(tree).texts()

    assert texts["using.md"].splitlines() == [
        "[r](readme.md) [h](api/hpystate/global.h.rst) [f](files/src/a.c.rst) ![d](d.svg)",
        "[out](https://example.org/x.md) [here](#part) `[no](link.md)`",
        "```",
        "[no](link.md)",
        "```",
    ]
    assert texts["readme.md"] == "# Read\n\n[use](using.md)\n"
    assert "   int a;\n" in texts["files/src/a.c.rst"]
    assert ":caption: Start\n\nOverview <readme>\nUse <using>\n" in texts["index.md"]


def test_a_link_whose_text_is_a_files_name_gets_the_title_of_the_index(
    stage: ModuleType, tree: Path
) -> None:
    write(tree, "README.md", "[docs/using.md](docs/using.md), [more](docs/using.md)\n")
    texts = stage.Stage(tree).texts()

    assert texts["readme.md"] == "[`Use`](using.md), [more](using.md)\n"


def test_a_link_from_a_folder_goes_up(stage: ModuleType, tree: Path) -> None:
    write(tree, "docs/decisions/README.md", "[u](../using.md#one-part) [d](0001-x.md)\n")
    write(tree, "docs/decisions/0001-x.md", "[list](README.md)\n")
    write(
        tree, "docs/index.md", (tree / "docs/index.md").read_text() + "- [d](decisions/README.md)\n"
    )
    texts = stage.Stage(tree).texts()

    assert texts["decisions/index.md"].startswith("[u](../using.md#one-part) [d](0001-x.md)\n")
    assert texts["decisions/0001-x.md"] == "[list](index.md)\n"


def test_a_link_to_nothing_or_to_a_folder_is_named_with_its_line(
    stage: ModuleType, tree: Path
) -> None:
    write(tree, "docs/using.md", "# Using\n[x](gone.md) and [y](../src)\n")

    assert problems(stage, tree) == [
        "docs/using.md:2: links to gone.md, which is not there",
        "docs/using.md:2: links to ../src, which is a folder; name a file in it",
    ]


def test_a_document_that_no_chapter_or_two_chapters_list_is_named(
    stage: ModuleType, tree: Path
) -> None:
    write(tree, "docs/new.md", "# New\n")
    text = (tree / "docs" / "index.md").read_text()
    write(tree, "docs/index.md", text + "\n## Again\n\n- [Use](using.md)\n")

    assert problems(stage, tree) == [
        "docs/index.md: 0 chapters list docs/new.md; one was expected. Add or remove a line with a "
        "link to it.",
        "docs/index.md: 2 chapters list docs/using.md; one was expected. Add or remove a line with "
        "a link to it.",
    ]


# ---- headers ----
def test_a_header_without_a_chapter_is_named(stage: ModuleType, tree: Path) -> None:
    write(tree, "include/hpystate/new.h", "/* hpystate/new.h: new. */\n")

    with pytest.raises(ValueError) as caught:
        stage.Stage(tree).texts()
    assert str(caught.value) == (
        "include/hpystate/new.h: add it to a chapter of HEADERS of tools/docs_api.py"
    )


def test_a_header_that_is_gone_is_named(stage: ModuleType, tree: Path) -> None:
    (tree / "include" / "hpystate" / "fused.h").unlink()

    with pytest.raises(ValueError) as caught:
        stage.Stage(tree).texts()
    assert str(caught.value) == (
        "HEADERS of tools/docs_api.py names hpystate/fused.h, and include/hpystate/fused.h is not "
        "there"
    )


def test_a_block_in_front_of_nothing_that_can_be_shown_is_named_with_its_line(
    stage: ModuleType, tree: Path
) -> None:
    file = tree / "include" / "hpy" / "float.h"
    text = file.read_text()
    write(tree, "include/hpy/float.h", text + "/** What? */\n()\n")

    with pytest.raises(ValueError) as caught:
        stage.Stage(tree).texts()
    line = text.count("\n") + 2
    assert str(caught.value).startswith(f"include/hpy/float.h:{line}: ")


def test_a_file_without_a_page_any_more_is_removed(
    stage: ModuleType, tree: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert stage.write(tree, out)[1]
    assert stage.write(tree, out) == (0, False)
    write(tree, "docs/using.md", "[f](../src/a.c)\n")
    assert stage.write(tree, out) == (2, True)
    write(tree, "docs/using.md", "# Using\n")

    assert stage.write(tree, out) == (1, True)
    assert not (out / "files" / "src" / "a.c.rst").exists()
