"""check_docs.py: what the documents name exists, and what exists is named.

Exit status 1 names every broken reference: a link, a path or the name of a file in backquotes that
is not there, a room that docs/design.md does not explain, a decision that the list of decisions
lacks, a make target that is not in the Makefile, an issue of CPython that the code names and
docs/cpython-faults.md does not.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from rooms import read_rooms

ROOT = Path(__file__).resolve().parent.parent
#: Files of the reader's, of CPython's, and of what a run writes: the pages name them, and this tree
#: does not have them.
NOT_OURS = {
    *("lazy.c", "point.c", "point.py", "setup.py", "tally.c", "three.py", "words.py", "X.py"),
    *(
        "counter.c",
        "eight.py",
        "host.c",
        "right.py",
        "shelf.c",
        "shelf.py",
        "test_shelf.py",
        "wrong.py",
    ),
    *("python-gdb.py", "evaluate.json", "evaluate.md", "wsgi_execute.c"),
}
SUFFIXES = "c|cmake|cpp|def|h|hpp|json|md|py|sh|toml|txt|yaml"


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def git(*arguments: str) -> str:
    """What Git prints; nothing where it finds nothing."""
    command = ["git", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode > 1:  # 1: nothing was found
        raise RuntimeError(f"{' '.join(command)} failed: {result.stderr.strip()}")
    return result.stdout


def broken_links(path: Path, text: str) -> list[str]:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    return [
        f"{path.relative_to(ROOT)}: links to {target}, which is not there"
        for target in targets
        if not (path.parent / target).exists()
    ]


def broken_paths(path: Path, text: str) -> list[str]:
    """`globals/token.h` and the like; a word with a slash that begins with one of our folders."""
    words = re.findall(r"`([\w.-]+/[\w./-]*)`", text)
    tops = {entry.name for entry in ROOT.iterdir() if entry.is_dir()} - {"build"}
    return [
        f"{path.relative_to(ROOT)}: names {word}, which is not there"
        for word in words
        if word.split("/")[0] in tops and not (ROOT / word).exists()
    ]


def broken_names(path: Path, text: str) -> list[str]:
    """`thunk_pool.h` and the like: a file's name without its folder, which some file must have."""
    words = re.findall(rf"`([\w-][\w.-]*\.(?:{SUFFIXES}))`", text)
    known = {name.rpartition("/")[2] for name in git("ls-files").splitlines()} | NOT_OURS
    return [
        f"{path.relative_to(ROOT)}: names {word}, and no file here has that name"
        for word in words
        if word not in known
    ]


def missing_targets(path: Path, text: str) -> list[str]:
    """In backquotes, or at the start of a line of a block."""
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"`make ([a-z-]+)", text)
    for block in re.findall(r"^ *```\w*\n(.*?)```", text, re.MULTILINE | re.DOTALL):
        named += re.findall(r"^ *make ([a-z-]+)", block, re.MULTILINE)
    return [
        f"{path.relative_to(ROOT)}: names make {target}, which the Makefile lacks"
        for target in named
        if target not in known
    ]


def unexplained_issues() -> list[str]:
    """Issues of CPython that the code steps around, and docs/cpython-faults.md does not name."""
    page = set(re.findall(r"gh-\d+", (ROOT / "docs" / "cpython-faults.md").read_text()))
    found = git("grep", "-noE", "gh-[0-9]+", "--", ":!*.md")
    places = [line.split(":", 2) for line in found.splitlines()]
    return [
        f"{file}:{line}: names {issue}, which docs/cpython-faults.md does not explain"
        for file, line, issue in places
        if issue not in page
    ]


def unexplained_rooms() -> list[str]:
    """Rooms that docs/design.md names nowhere but in its generated list, or not for themselves."""
    text = (ROOT / "docs" / "design.md").read_text()
    written = re.sub(r"<!-- tools/tables.py writes: .*?<!-- end of: ", "", text, flags=re.DOTALL)
    return [
        f"docs/design.md: does not explain {room.path}/"
        for room in read_rooms(ROOT)
        if not re.search(rf"(?<![\w/]){room.path}/(?!\w)", written)
    ]


def unlisted_decisions() -> list[str]:
    """Pages of docs/decisions/ to which its README.md has no link."""
    folder = ROOT / "docs" / "decisions"
    index = folder / "README.md"
    text = index.read_text() if index.is_file() else ""
    return [
        f"docs/decisions/README.md: has no link to {page.name}"
        for page in sorted(folder.glob("[0-9]*.md"))
        if f"]({page.name})" not in text
    ]


def main() -> int:
    problems = []
    for path in documents():
        text = path.read_text()
        for check in (broken_links, broken_paths, broken_names, missing_targets):
            problems += check(path, text)
    problems += unexplained_issues()
    problems += unexplained_rooms()
    problems += unlisted_decisions()
    print("\n".join(problems) or "docs: ok")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
