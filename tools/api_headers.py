"""api_headers.py: reads the public headers: functions, their contracts, and what they call.

The headers are in one form (style: clang-format, one contract block in front of each function), so
regular expressions read them. What they cannot read is a finding of its own, never passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# How public names begin: HPy's own in include/hpy/, ours in hpystate/sibling.h.
HPYS_NAMES = "_?HPy"
OUR_NAMES = "hpystate_"
FUNCTION = r"""
    (?:/\*\*(?P<contract>(?:[^*]|\*(?!/))*)\*/\s*)?        # a contract block, right in front
    ^(?P<result>(?!typedef)\w[\w\s]*?[\s*]+)(?P<name>NAMES\w+)\((?P<parameters>[^()]*)\)
    \s*(?P<end>[;{]|_+\w+)                                 # a declaration may end in an attribute
    """
# Every beginning of one; FUNCTION must read each of these.
BEGINNING = r"^(?!typedef)(?:static inline [^=]*?|\w[\w *]*)\bNAMES\w+\("
SLOT_CALL = re.compile(r"HPY_FUNCTION\(\s*\w+,\s*(\w+)\)")
KEY_LINE = re.compile(r"^  (\S+)(\s+)(\S.*)$")
CONTINUED = re.compile(r"^   +\S")
LAST_KEYS = ("returns", "raises", "thread", "since", "source")
THREADS = ("attached to ", "detached from ", "any", "traverse")
SINCE = ("HPy 0.9", "HPy master after 0.9.0", "fused ", "sibling ")


@dataclass(frozen=True)
class Function:
    header: str  # relative to the include folder
    name: str
    parameters: list[str]  # their names; "..." for what may follow
    contract: str | None
    body: str | None  # None: declared here, defined elsewhere

    def __str__(self) -> str:
        return f"{self.header}: {self.name}"

    @property
    def slots(self) -> list[str]:
        return SLOT_CALL.findall(self.body or "")

    @property
    def direct(self) -> str | None:
        """The slot, where the function is one call of it with the parameters as they are."""
        arguments = r",\s*".join(map(re.escape, self.parameters))
        call = rf"(?:return )?HPY_FUNCTION\({self.parameters[0]}, (\w+)\)\({arguments}\);"
        found = re.fullmatch(call, (self.body or "").strip()) if self.parameters else None
        return found[1] if found else None


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


def block_from(text: str, start: int) -> str:
    """The text between the brace before `start` and the one that closes it."""
    depth = 1
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position]
    raise ValueError(f"no closing brace after {text[start : start + 40]!r}")


def parameter_names(text: str) -> list[str]:
    names = [re.sub(r"\[\w*\]$", "", each.strip()) for each in text.split(",") if each.strip()]
    names = ["..." if name == "..." else re.split(r"[\s*]+", name)[-1] for name in names]
    return [] if names == ["void"] else names


def functions_of(
    header: Path, include: Path, names: str = HPYS_NAMES
) -> tuple[list[Function], list[str]]:
    """The functions of a header whose names begin so, and what could not be read. A declaration in
    front of a definition is the same function."""
    name = str(header.relative_to(include))
    text = header.read_text()
    found: dict[str, Function] = {}
    read = set()
    heads = re.compile(FUNCTION.replace("NAMES", names), re.VERBOSE | re.MULTILINE)
    for match in heads.finditer(text):
        read.add(match.start("result"))
        defined = match["end"] == "{"
        if defined or match["name"] not in found:
            found[match["name"]] = Function(
                name,
                match["name"],
                parameter_names(match["parameters"]),
                match["contract"],
                without_comments(block_from(text, match.end())) if defined else None,
            )
    unread = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: cannot read this function's head"
        for match in re.finditer(BEGINNING.replace("NAMES", names), text, re.MULTILINE)
        if match.start() not in read
    ]
    return list(found.values()), unread


# ---- contracts ----


def keys_of(contract: str) -> tuple[list[tuple[str, str]], list[str]]:
    """(key, text) in order, and what is wrong with the form."""
    lines = [re.sub(r"^ \*", "", line) for line in contract.splitlines()]
    keys: list[tuple[str, str]] = []
    columns = set()
    for line in lines:
        if CONTINUED.match(line) and keys:
            columns.add(len(line) - len(line.lstrip()))
            keys[-1] = (keys[-1][0], f"{keys[-1][1]} {line.strip()}")
        elif match := KEY_LINE.match(line):
            columns.add(match.start(3))
            keys.append((match[1], match[3]))
    wrong = ["its texts do not begin in one column"] if len(columns) > 1 else []
    if not lines or not re.search(r"\w", lines[0]):
        wrong.append("its first line does not say what the function does")
    return keys, wrong


def contract_problems(function: Function) -> list[str]:
    if function.contract is None:
        return [f"{function}: has no contract block right in front of it"]
    keys, wrong = keys_of(function.contract)
    names = [key for key, _ in keys]
    # Prose names what may follow a format; a line for it is allowed.
    parameters = [each for each in function.parameters if each != "..." or each in names]
    expected = [*parameters, *LAST_KEYS]
    if missing := [name for name in expected if name not in names]:
        wrong.append(f"its contract lacks {', '.join(missing)}")
    if foreign := [name for name in names if name not in expected]:
        wrong.append(f"its contract has {', '.join(foreign)}: no parameter and no key")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        wrong.append(f"its contract has {', '.join(twice)} more than once")
    if not wrong and names != expected:
        wrong.append(f"its contract has the order {', '.join(names)}, not {', '.join(expected)}")
    texts = dict(keys)
    for key, beginnings in (("thread", THREADS), ("since", SINCE)):
        if key in texts and not texts[key].startswith(beginnings):
            wrong.append(f"its `{key}` is {texts[key]!r}; one of {beginnings} begins it")
    return [f"{function}: {each}" for each in wrong]
