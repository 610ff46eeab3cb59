"""topics.py [--catch2] TOPIC: whether `make test T=TOPIC` can find a test, without building.

A topic is a tag of Catch2 or what pytest's -k takes: a piece of the name of a folder, file, class,
function or parameter below tests/. Exit status 0: one may have it (with --catch2: it is a tag, and
is printed as the tests spell it); 2: none has, and stderr names those that there are. A parameter's
name may be made while tests are collected: every string of one word in a test, and every word of a
list of include/, may be one. So a topic that is accepted here may still find nothing.
"""

from __future__ import annotations

import ast
import difflib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPERATORS = {"and", "or", "not", "(", ")"}


def tags() -> set[str]:
    """The tags of the Catch2 tests."""
    found = set()
    for path in (ROOT / "tests").rglob("*.cpp"):
        for case in re.findall(r"TEST_CASE\(([^;{]*?)\)\s*\{", path.read_text(), re.DOTALL):
            found |= {tag for tag in re.findall(r"\[([^\]\[]+)\]", case) if not tag.startswith(".")}
    return found


def folders() -> set[str]:
    """Folders below tests/ with tests of pytest."""
    return {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}


def names() -> set[str]:
    """What pytest's -k may find: names, and strings of one word, of which parameters are made."""
    found = set()
    for path in (ROOT / "tests").rglob("*.py"):
        found |= set(path.relative_to(ROOT / "tests").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    found.add(name)
                case ast.Constant(value=str(text)) if not re.search(r"\s", text):
                    found.add(text)
                case ast.Attribute(attr=name):  # a mark
                    found.add(name)
    for path in (ROOT / "include").rglob("*.def"):
        found |= set(re.findall(r"\w+", path.read_text()))
    return found


def topics() -> set[str]:
    """What is worth being offered: tags, folders, and the topics that files are named after."""
    files = (ROOT / "tests").glob("*/test_*.py")
    return tags() | folders() | {path.stem.removeprefix("test_") for path in files}


def words_of(topic: str) -> list[str]:
    """The names in an expression for -k, such as `window and not slow`."""
    words = re.findall(r"\(|\)|[^\s()]+", topic)
    return [word for word in words if word not in OPERATORS]


def may_exist(topic: str) -> bool:
    if topic.lower() in {tag.lower() for tag in tags()}:
        return True
    known = [name.lower() for name in names()]
    words = words_of(topic)
    # `not x` alone is everything but x
    return "not" in topic.split() or any(w.lower() in name for w in words for name in known)


def message(topic: str) -> str:
    known = sorted(topics())
    lines = [f"T={topic}: no test has this topic; a piece of a test's name or a tag was expected."]
    close = difflib.get_close_matches(topic.lower(), known, n=3)
    if close:
        lines.append(f"Did you mean {' or '.join(close)}?")
    lines.append(f"Folders and tags: {', '.join(sorted(tags() | folders()))}.")
    lines.append(
        "Python files are topics too: ls tests/*/test_*.py; for one function: T=test_its_name. "
        "A C++ file's tests have tags: grep TEST_CASE tests/*/*.cpp."
    )
    return "\n".join(lines)


def main() -> int:
    only_catch2 = sys.argv[1:2] == ["--catch2"]
    arguments = sys.argv[2:] if only_catch2 else sys.argv[1:]
    if len(arguments) != 1 or not arguments[0].strip():
        print("topics: one topic was expected", file=sys.stderr)
        return 2
    topic = arguments[0]
    tagged = [tag for tag in tags() if tag.lower() == topic.lower()]
    known = bool(tagged) if only_catch2 else may_exist(topic)
    if not known:
        print(message(topic), file=sys.stderr)
    elif only_catch2:
        print(tagged[0])
    return 0 if known else 2


if __name__ == "__main__":
    sys.exit(main())
