"""api_blocks.py: what the `/** ... */` blocks of a public header describe, in its order: functions,
macros, types, and classes of C++ with their members.

tools/check_api.py checks functions and contracts; this is for who shows them (docs_api.py). Both
read contracts by api_headers.py. What cannot be read is an error, never passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from api_headers import block_from, keys_of, without_comments

BLOCK = re.compile(r"^( *)/\*\*((?:[^*]|\*(?!/))*)\*/[ \t]*\n", re.MULTILINE)
NAMESPACE = re.compile(r"^namespace (\w+) \{$", re.MULTILINE)
#: What a declaration has for the compiler and not for the reader.
NOISE = re.compile(
    r"\[\[\w+\]\]|__attribute__\(\(.*?\)\)(?=\s)|^static\b|\bextern\b(?! \")"
    r"|\bconstexpr\b|\bHPyAPI_HELPER\b|\bHPYSTATE_\w+\b(?=[\w\s*<>]* \**\w+\()|\b_HPy_HIDDEN\b"
    r"|\b_HPY_LEGACY\b|\b_HPy_NO_RETURN\b|\binline\b"
)


class HeaderError(ValueError):
    """A header that cannot be shown: the message names it, or its line, and what was expected."""


@dataclass
class Entry:
    kind: str  # function, macro, type, object, class
    name: str
    declarations: list[str]  # more than one: they share the text
    text: str  # prose
    keys: list[
        tuple[str, str]
    ]  # of its contract: parameters, then returns, raises, thread, since, source
    line: int
    cpp: bool = False
    body: str = ""  # of a struct or an enum: its members, as they are written
    members: list[Entry] = field(default_factory=list)


def introduction(text: str) -> str:
    """The comment that begins a header, without its marks, its name and why it is long."""
    found = re.match(r"/\*((?:[^*]|\*(?!/))*)\*/", text)
    if found is None:
        raise HeaderError("1: a comment was expected that tells what the header is")
    lines = [re.sub(r"^ \* ?", "", line) for line in found[1].strip().splitlines()]
    lines[0] = lines[0].partition(": ")[2]
    plain = "\n".join(lines)
    return re.sub(r"(?:^|\n)Long: [^\n]*(?:\n\S[^\n]*)*\n?", "", plain).strip("\n ")


def prose_of(comment: str) -> str:
    """What a block tells before its contract."""
    lines = [re.sub(r"^ *\* ?", "", line).rstrip() for line in comment.strip().splitlines()]
    told = []
    for line in lines:
        if re.match(r"^ \S+ {2,}\S", line):  # a line of the contract
            break
        told.append(line)
    return "\n".join(told).strip()


def contract_of(comment: str) -> list[tuple[str, str]]:
    """(key, text), also of a block in a class, which is indented."""
    return keys_of(re.sub(r"^ +\*", " *", comment, flags=re.MULTILINE))[0]


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def tidy(declaration: str) -> str:
    return re.sub(r"\s+", " ", NOISE.sub("", without_comments(declaration))).strip()


def macros_at(text: str) -> tuple[list[str], str]:
    """The `#define`s that follow one another, and the name of the first. `_NAME` behind it is a
    part of it."""
    found: list[str] = []
    for line in text.splitlines():
        define = re.match(r"#define (\w+(?:\([^)]*\))?)", line)
        if define is None or (found and define[1].startswith("_")):
            break
        found.append(define[1])
        if line.endswith("\\"):
            break
    return found, re.match(r"\w+", found[0])[0] if found else ""


def type_at(text: str) -> tuple[str, str, str] | None:
    """(declaration, name, members) of a struct, enum or typedef that begins here."""
    if found := re.match(r"typedef (struct|enum)(?: \w+)? \{", text):
        body = block_from(text, found.end())
        name = re.match(r"\}\s*(\w+);", text[found.end() + len(body) :])
        return (f"{found[1]} {name[1]}", name[1], body) if name else None
    if found := re.match(r"(struct|enum) (\w+) \{", text):
        return f"{found[1]} {found[2]}", found[2], block_from(text, found.end())
    if found := re.match(
        r"typedef ((?:const )?(?:struct )?\w+[\s*]+)\(\*(\w+)\)(\([^;]*\));", text
    ):
        return tidy(found[0].removeprefix("typedef ").rstrip(";")), found[2], ""
    if found := re.match(r"typedef struct \w+ (\w+);", text):
        return f"struct {found[1]}", found[1], ""
    return None


def head_of(text: str) -> str:
    """A declaration up to its body, its initializers or its semicolon."""
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and (character in ";{" or text.startswith(" : ", place)):
            return text[:place]
        if depth == 0 and character == "=" and "operator" not in text[:place]:
            if "<" in text[:place] and ">" not in text[:place].rpartition("<")[2]:
                continue  # the default of a parameter of a template
            return text[:place]
    raise HeaderError(f"no end of the declaration {text[:60]!r}")


def after_conditions(text: str, position: int) -> int:
    """The position behind `#if` lines: what a block describes is in the first branch."""
    while match := re.compile(r"#(?:if|ifdef|ifndef|else|include)\b(?:[^\n]*\\\n)*[^\n]*\n").match(
        text, position
    ):
        position = match.end()
    return position


def one_line_neighbours(text: str, position: int) -> list[str]:
    """Functions in the lines right behind a one-line function, which share its block."""
    found = []
    for line in text[text.find("\n", position) + 1 :].splitlines():
        if not re.match(r" +\[\[nodiscard\]\][^\n]*\}$", line):
            break
        found.append(tidy(head_of(line.strip())))
    return found


def entry_at(text: str, block: re.Match[str], cpp: bool) -> Entry:
    comment = block[2]
    place = after_conditions(text, block.end())
    rest = text[place:].lstrip(" ")
    line = line_of(text, place)
    made = Entry("", "", [], prose_of(comment), contract_of(comment), line, cpp)
    if rest.startswith("#define"):
        made.kind, (made.declarations, made.name) = "macro", macros_at(rest)
        return made
    if cpp and (found := re.match(r"(template <.*>\n)?class (?:\[\[\w+\]\] )?(\w+) \{", rest)):
        made.kind, made.name = "class", found[2]
        made.declarations = [tidy(f"{found[1] or ''} {found[2]}")]
        return made
    if described := type_at(rest):
        made.kind = "type"
        made.declarations, made.name, made.body = [described[0]], described[1], described[2]
        return made
    try:
        head = head_of(rest)
    except HeaderError as error:
        raise HeaderError(f"{line}: {error}") from None
    name = re.search(r"(~?\w+)\s*\(", NOISE.sub("", head))
    if name is None:
        last = re.search(r"(\w+)\s*$", without_comments(head))
        if last is None:
            raise HeaderError(f"{line}: cannot read what its block describes: {head[:60]!r}")
        made.kind, made.name, made.declarations = "object", last[1], [tidy(head)]
        return made
    made.kind, made.name, made.declarations = "function", name[1], [tidy(head)]
    if cpp:
        made.declarations += one_line_neighbours(text, place)
    return made


def entries_of(path: Path) -> list[Entry]:
    """What the blocks of a header describe. Members of a class are in its entry. A name that is
    described twice, as in two branches of an #if, is shown once."""
    text = path.read_text()
    cpp = path.suffix == ".hpp"
    prefix = "".join(f"{name[1]}::" for name in NAMESPACE.finditer(text) if name[1] != "unstable")
    found: list[Entry] = []
    names = set()
    classes: list[tuple[int, Entry]] = []  # where each ends
    for block in BLOCK.finditer(text):
        entry = entry_at(text, block, cpp)
        owner = next((each for end, each in reversed(classes) if block.start() < end), None)
        if owner is not None:
            owner.members.append(entry)
            continue
        if entry.name in names:
            continue
        names.add(entry.name)
        if cpp:
            entry.declarations = [
                with_scope(each, entry.name, prefix) for each in entry.declarations
            ]
        if entry.kind == "class":
            start = text.index("{", text.index("class ", block.end())) + 1
            classes.append((start + len(block_from(text, start)), entry))
        found.append(entry)
    return found


def with_scope(declaration: str, name: str, prefix: str) -> str:
    return re.sub(rf"\b{name}\b(?=\s*\(|$)", f"{prefix}{name}", declaration)
