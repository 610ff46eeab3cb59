"""check_words.py [ROOT]: turns of phrase that a newcomer has to decode, which must not spread.

TURNS has how often each may be found in code, comments and documents: the number of the day on
which the limit was set. MESSAGES is the same for the strings of the runtime and of the package,
which users read. Exit status 1 names every place of a turn that is found more often. Where one is
found less often, the output names the new limit; write it here. CONTRIBUTING.md has what to write
instead of each turn.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rooms import read_rooms

ROOT = Path(__file__).resolve().parent.parent
SUFFIXES = {".cpp", ".h", ".hpp", ".c", ".def", ".py", ".sh", ".txt", ".toml", ".md", ".cmake"}
#: They hold the turns themselves; and what was decided is history, which nobody writes anew.
LEFT_OUT = ("tools/check_words.py", "tests/tools/test_words.py", "docs/decisions/")
#: In CONTRIBUTING.md the table of turns is between these.
TABLE = re.compile(r"^## Turns to avoid\n.*?(?=^## )", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Turn:
    name: str
    pattern: str
    limit: int


TURNS = (
    # "there is no memory" is plain English.
    Turn("is no X", r"(?<!there )\b(?:is|are|was|were) no\b(?! longer\b| more\b)", 0),
    Turn("comes to", r"\b(?:comes?|came) to\b(?! an end\b)", 0),
    Turn("stands", r"\b(?:stands|stood)\b(?! for\b)", 0),
    Turn("lies in", r"\blies? in\b", 0),
    Turn("says", r"\bsays\b", 5),
    Turn("to be had", r"\bto be had\b", 0),
    Turn("a look at", r"\ba look\b", 2),
    Turn("the way to", r"\bthe way to\b", 0),
    Turn("is asked", r"\b(?:is|are) asked\b", 2),
    Turn("shall", r"\bshall\b", 0),
)
#: Messages with a turn; all but those of MAY_BE_SAID count.
MESSAGES = 0
#: A file or a definition does say something.
MAY_BE_SAID = ("says",)
#: Messages that HPy's own suite compares.
UPSTREAMS = "runtime/abi/"

CPP_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.DOTALL)


@dataclass(frozen=True)
class Place:
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text.strip()}"


def tracked(root: Path) -> list[str]:
    command = ["git", "ls-files"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    names = [name for name in result.stdout.split("\n") if Path(name).suffix in SUFFIXES]
    return [name for name in names if not name.startswith(LEFT_OUT)]


def places_of(turn: Turn, texts: dict[str, str]) -> list[Place]:
    pattern = re.compile(turn.pattern)
    found = []
    for path, text in texts.items():
        for number, line in enumerate(text.split("\n"), start=1):
            found += [Place(path, number, line)] * len(pattern.findall(line))
    return found


def cpp_messages(text: str) -> Iterator[tuple[int, str]]:
    """The string literals of C++, neighbours joined as the compiler does, with their lines."""
    end, begin, joined = 0, 0, ""
    for token in CPP_TOKEN.finditer(text):
        if not token.group().startswith('"'):
            continue
        if joined and text[end : token.start()].strip():
            yield text.count("\n", 0, begin) + 1, joined
            joined = ""
        if not joined:
            begin = token.start()
        joined += token.group()[1:-1]
        end = token.end()
    if joined:
        yield text.count("\n", 0, begin) + 1, joined


def python_messages(text: str) -> Iterator[tuple[int, str]]:
    """The strings of Python, but for what documents."""
    tree = ast.parse(text)
    documents = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            documents.add(node.value)
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and node not in documents:
            yield node.lineno, node.value


def messages(root: Path, texts: dict[str, str]) -> list[Place]:
    """Strings of the rooms, which are read by users, with a turn in them."""
    rooms = tuple(f"{room.path}/" for room in read_rooms(root) if room.path != "include")
    patterns = [re.compile(turn.pattern) for turn in TURNS if turn.name not in MAY_BE_SAID]
    found = []
    for path, text in texts.items():
        if not path.startswith(rooms) or path.startswith(UPSTREAMS):
            continue
        if path.endswith(".py"):
            strings = python_messages(text)
        elif path.endswith((".cpp", ".h")):
            strings = cpp_messages(text)
        else:
            continue
        for line, string in strings:
            if any(pattern.search(string) for pattern in patterns):
                found.append(Place(path, line, string))
    return found


def report(name: str, places: list[Place], limit: int) -> bool:
    """Prints what is to be done; whether there are too many."""
    if len(places) > limit:
        print(f'words: "{name}" is found {len(places)} times, {limit} are allowed:')
        print("\n".join(f"  {place}" for place in places))
    elif len(places) < limit:
        print(f'words: "{name}" is found {len(places)} times; lower its limit of {limit}')
    return len(places) > limit


def main(root: Path) -> int:
    texts = {name: (root / name).read_text() for name in tracked(root)}
    if "CONTRIBUTING.md" in texts:
        texts["CONTRIBUTING.md"] = TABLE.sub("", texts["CONTRIBUTING.md"])
    failed = [report(turn.name, places_of(turn, texts), turn.limit) for turn in TURNS]
    failed.append(report("a turn in a message", messages(root, texts), MESSAGES))
    if not any(failed):
        print("words: ok")
    return any(failed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
