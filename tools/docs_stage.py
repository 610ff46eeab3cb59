"""docs_stage.py: writes what Sphinx reads: the pages of docs/ and of the repository's top folder
with links that work in the site, and the reference (docs_api.py).

A document links to other documents and to files of the repository by relative paths, as every
viewer of the repository resolves them. In the site a document is a page, a header or a module of
the package leads to its page of the reference, and any other file to a page that shows it. Lines
keep their numbers, so Sphinx's warnings are right for the documents too.
"""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path, PurePosixPath

from docs_api import api_pages, pages_of_files

#: Documents of the top folder; those of docs/ are all taken.
OF_THE_TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
IMAGES = {".svg", ".png"}
INDEX = "docs/index.md"
DECISIONS = "docs/decisions/README.md"
LANGUAGES = {
    ".c": "c",
    ".h": "c",
    ".cpp": "cpp",
    ".hpp": "cpp",
    ".py": "python",
    ".sh": "bash",
    ".toml": "toml",
    ".build": "meson",
    ".md": "markdown",
}
#: A block, code in a line, a link whose text is its target, or the target of a link or an image.
PARTS = re.compile(
    r"^(?P<space> *)(?P<fence>```+|~~~+).*?^(?P=space)(?P=fence) *$"
    r"|`[^`\n]+`"
    r"|\[(?P<named>[\w./-]+\.md)\]\((?P=named)\)"
    r"|\]\((?P<target>[^)\s]+)\)",
    re.MULTILINE | re.DOTALL,
)
CHAPTER = re.compile(r"^## (.+)\n((?:(?!^## )[^\n]*\n)*)", re.MULTILINE)
LINK = re.compile(r"\[([^]]+)\]\(([^)\s#]+)")


class DocumentError(ValueError):
    """What is wrong with documents: a line for each, with the file, the line and what to do."""


def documents(root: Path) -> list[str]:
    """Paths of all documents of the site, relative to the repository."""
    docs = sorted(path.relative_to(root).as_posix() for path in (root / "docs").rglob("*.md"))
    return [*(name for name in OF_THE_TOP if (root / name).is_file()), *docs]


def page_of(document: str) -> str:
    """The name of a document's page, without its suffix."""
    name = document.removeprefix("docs/").removesuffix(".md")
    if document == DECISIONS:
        return "decisions/index"
    return name.lower() if document in OF_THE_TOP else name


class Stage:
    """The pages of a site, as text by file name; `shown` are files that some document links to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[str] = []
        self.pages = {document: f"{page_of(document)}.md" for document in documents(root)}
        self.files = {file: f"{page}.rst" for file, page in pages_of_files().items()}
        self.shown: set[str] = set()
        index = root / INDEX
        #: Document -> how docs/index.md calls it.
        self.titles = {
            os.path.normpath(PurePosixPath(INDEX).parent / target): title
            for title, target in (LINK.findall(index.read_text()) if index.is_file() else [])
        }

    def texts(self) -> dict[str, str]:
        """File name -> text. DocumentError names all that is wrong."""
        found = {f"{page}.rst": text for page, text in api_pages(self.root).items()}
        for document, file in self.pages.items():
            text = (self.root / document).read_text()
            linked = self.with_links(document, text)
            if document == INDEX:
                linked = self.index(linked, text)
            if document == DECISIONS:
                linked += "\n" + hidden_toctree("", self.decisions())
            found[file] = linked
        for file in sorted(self.shown):
            found[self.files[file]] = self.file_page(file)
        if self.problems:
            raise DocumentError("\n".join(self.problems))
        return found

    # ---- links ----
    def with_links(self, document: str, text: str) -> str:
        def replaced(match: re.Match[str]) -> str:
            target = match["named"] or match["target"]
            if target is None or target.startswith("#") or re.match(r"[a-z]+:", target):
                return match[0]
            line = text.count("\n", 0, match.start()) + 1
            there = self.resolved(document, line, target)
            if not match["named"]:
                return f"]({there})"
            # In the repository a file's name tells where one goes; in the site its title does.
            file = os.path.normpath(PurePosixPath(document).parent / target)
            return f"[{self.titles.get(file, target)}]({there})"

        return PARTS.sub(replaced, text)

    def resolved(self, document: str, line: int, target: str) -> str:
        path, mark, anchor = target.partition("#")
        file = os.path.normpath(PurePosixPath(document).parent / path)
        if not (self.root / file).is_file():
            what = (
                "is a folder; name a file in it" if (self.root / file).is_dir() else "is not there"
            )
            self.problems.append(f"{document}:{line}: links to {target}, which {what}")
            return target
        page = self.pages.get(file) or self.files.get(file)
        if page is None:
            if file.startswith("docs/") and Path(file).suffix in IMAGES:
                page = file.removeprefix("docs/")
            else:
                self.shown.add(file)
                page = self.files[file] = f"files/{file}.rst"
        elif self.files.get(file, "").startswith("files/"):
            self.shown.add(file)
        here = PurePosixPath(self.pages[document]).parent
        return os.path.relpath(page, here) + mark + anchor

    def file_page(self, file: str) -> str:
        language = LANGUAGES.get(Path(file).suffix, "text")
        body = textwrap.indent((self.root / file).read_text(), "   ")
        return f":orphan:\n\n{file}\n{'=' * len(file)}\n\n.. code-block:: {language}\n\n{body}"

    # ---- chapters ----
    def index(self, linked: str, text: str) -> str:
        """The chapters of docs/index.md become cards, and the contents beside each page."""
        listed: list[str] = []
        trees = []
        for chapter in CHAPTER.finditer(text):
            pages: list[str] = []
            for title, target in LINK.findall(chapter[2]):
                file = os.path.normpath(PurePosixPath(INDEX).parent / target)
                if file in self.pages:
                    page = self.pages[file].removesuffix(".md")
                    pages.append(f"{title.replace('`', '')} <{page}>")
                    listed.append(file)
                elif file in self.files and "api/index" not in pages:
                    pages.append("api/index")
            trees.append(hidden_toctree(chapter[1], pages))
        for document in self.pages:
            decision = document.startswith("docs/decisions/") and document != DECISIONS
            if document != INDEX and not decision and listed.count(document) != 1:
                self.problems.append(
                    f"{INDEX}: {listed.count(document)} chapters list {document}; one was "
                    "expected. Add or remove a line with a link to it."
                )
        chapters = list(CHAPTER.finditer(linked))
        begin = linked[: chapters[0].start()] if chapters else linked
        return "\n".join([begin, OPEN_GRID, *map(card, chapters), CLOSE_GRID, *trees])

    def decisions(self) -> list[str]:
        return [
            PurePosixPath(file).stem
            for document, file in self.pages.items()
            if document.startswith("docs/decisions/") and document != DECISIONS
        ]


OPEN_GRID = "::::{grid} 1 1 2 2\n:gutter: 3\n"
CLOSE_GRID = "::::\n"


def card(chapter: re.Match[str]) -> str:
    return f":::{{grid-item-card}} {chapter[1]}\n{chapter[2].strip()}\n:::\n"


def hidden_toctree(caption: str, pages: list[str]) -> str:
    head = [":::{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), ""]
    return "\n".join([*head, *pages, ":::", ""])


# ---- files ----
def write(root: Path, to: Path) -> tuple[int, bool]:
    """Writes what changed; a file that has no page any more is removed. (how many were written,
    whether the set of pages is another one)"""
    texts: dict[str, str | bytes] = dict(Stage(root).texts())
    for image in (root / "docs").rglob("*"):
        if image.suffix in IMAGES:
            texts[image.relative_to(root / "docs").as_posix()] = image.read_bytes()
    written = 0
    before = {path.relative_to(to).as_posix() for path in to.rglob("*") if path.is_file()}
    for name, text in texts.items():
        data = text.encode() if isinstance(text, str) else text
        path = to / name
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            written += 1
    for gone in before - set(texts):
        (to / gone).unlink()
    return written, before != set(texts)
