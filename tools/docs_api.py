"""docs_api.py: the pages of the API reference: one for each public header, out of its contracts,
and those of the Python package, whose texts Sphinx's autodoc reads from the sources."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

from api_blocks import Entry, HeaderError, entries_of, introduction

#: The headers of include/ by the chapter of the reference; a new header needs a place here.
HEADERS = {
    "Globals for extensions of CPython's API": ("hpystate/global.h", "hpystate/global.hpp"),
    "Beyond HPy": ("hpystate/fused.h", "hpystate/sibling.h", "hpystate/asks.h"),
    "HPy: to describe": ("hpy.h", "hpy/define.h", "hpy/macros.h", "hpy/handle.h", "hpy/context.h"),
    "HPy: any object": ("hpy/object.h", "hpy/call.h", "hpy/iter.h", "hpy/number.h"),
    "HPy: builtin types": (
        *("hpy/long.h", "hpy/float.h", "hpy/unicode.h", "hpy/bytes.h", "hpy/tuple.h"),
        *("hpy/list.h", "hpy/dict.h", "hpy/slice.h", "hpy/builder.h"),
    ),
    "HPy: types": ("hpy/type.h", "hpy/structseq.h", "hpy/typehelpers.h"),
    "HPy: references": ("hpy/field.h", "hpy/global.h"),
    "HPy: the interpreter": (
        *("hpy/error.h", "hpy/import.h", "hpy/eval.h", "hpy/capsule.h", "hpy/contextvar.h"),
        "hpy/thread.h",
    ),
    "HPy: convenience": ("hpy/argparse.h", "hpy/buildvalue.h", "hpy/format.h", "hpy/tracker.h"),
    "HPy: the C API, versions": ("hpy/legacy.h", "hpy/version.h"),
    "Between a file and a runtime": (
        *("hpystate/fused_link.h", "hpystate/fused_table.h", "hpystate/fallback.h"),
        *("hpystate/sibling_table.h", "hpystate/cpython_table.h", "hpystate/other_hosts.h"),
        *("hpystate/inline_forms.h", "hpystate/inline_handles.h", "hpystate/inline_items.h"),
        *("hpystate/inline_numbers.h", "hpystate/version.h", "hpy/trampoline.h"),
        *("hpy/layout.h", "hpy/signature.h", "hpy/attributes.h"),
    ),
}


class Module(NamedTuple):
    title: str
    source: str  # the file whose link in a document leads to the page
    parts: tuple[tuple[str, str, str], ...]  # directive of autodoc, name, options


MEMBERS = ":members:"
INHERITED = ":members:\n   :undoc-members:"
#: The pages of the package, by the name of the page.
PYTHON = {
    "hpystate": Module(
        "hpystate: import and load",
        "python/hpystate/__init__.py",
        (
            ("module", "hpystate", ":no-members:"),
            *(("function", f"hpystate.{name}", "") for name in ("install", "uninstall", "load")),
            ("function", "hpystate.include_dir", ""),
            ("exception", "hpystate.LoadError", MEMBERS),
        ),
    ),
    "pool": Module(
        "hpystate.pool: a pool of interpreters",
        "python/hpystate/pool/__init__.py",
        (
            ("module", "hpystate.pool", ":no-members:"),
            ("class", "hpystate.InterpreterPool", MEMBERS),
            ("class", "hpystate.pool.engine.Counters", MEMBERS),
            *(
                ("exception", f"hpystate.pool.{name}", "")
                for name in ("BrokenInterpreterPool", "WorkerDied", "TaskInterrupted")
            ),
            ("exception", "hpystate.pool.TransferError", ""),
            ("exception", "hpystate.pool.RemoteTraceback", ""),
            ("module", "hpystate.pool.dask", ":no-members:"),
            ("class", "hpystate.pool.dask.DaskExecutor", ""),
            ("module", "hpystate.pool.joblib", ":no-members:"),
            ("function", "hpystate.pool.joblib.register", ""),
        ),
    ),
    "isolate": Module(
        "hpystate.isolate: private images of C extensions",
        "python/hpystate/images/__init__.py",
        (
            ("module", "hpystate.images", ":no-members:"),
            ("function", "hpystate.isolate", ""),
            ("module", "hpystate.images.packages", ":no-members:"),
        ),
    ),
    "inspect": Module(
        "hpystate.inspect, hpystate.snapshot: what each interpreter has",
        "python/hpystate/look/__init__.py",
        (
            ("module", "hpystate.look", ":no-members:"),
            ("function", "hpystate.inspect", ""),
            ("function", "hpystate.snapshot", ""),
            ("class", "hpystate.look.Inspection", INHERITED),
            ("class", "hpystate.look.Snapshot", MEMBERS),
            ("class", "hpystate.look.Diff", MEMBERS),
        ),
    ),
    "build": Module(
        "hpystate.build: compile an extension",
        "python/hpystate/build.py",
        (
            ("module", "hpystate.build", ":no-members:"),
            ("function", "hpystate.build.compile_extension", ""),
            ("function", "hpystate.build_cython.compile_cython", ""),
            *(
                ("function", f"hpystate.build.{name}", "")
                for name in ("include_flags", "include_folder", "file_suffix", "helper_sources")
            ),
            ("function", "hpystate.build.embed_library", ""),
            ("function", "hpystate.build.cache_dir", ""),
            ("exception", "hpystate.build.BuildError", ""),
            ("module", "hpystate.config", MEMBERS),
        ),
    ),
    "testing": Module(
        "hpystate.testing: interpreters for tests",
        "python/hpystate/testing.py",
        (
            ("module", "hpystate.testing", ":no-members:"),
            ("class", "hpystate.testing.Interpreter", MEMBERS),
            ("function", "hpystate.testing.compile_snippet", ""),
            ("exception", "hpystate.testing.InterpreterError", ""),
        ),
    ),
    "debug": Module(
        "hpystate.debug, hpystate.trace: modes that watch calls",
        "python/hpystate/debug/__init__.py",
        (
            ("module", "hpystate.debug", ":no-members:"),
            ("class", "hpystate.debug.leakdetector.LeakDetector", MEMBERS),
            ("exception", "hpystate.debug.leakdetector.HPyLeakError", ""),
            ("module", "hpystate.trace", ":no-members:"),
        ),
    ),
}
#: Pages of commands; their texts are the parsers' own.
COMMANDS = "api/commands"


def header_page(header: str) -> str:
    return f"api/{header}"


def python_page(name: str) -> str:
    return f"api/python/{name}"


def pages_of_files() -> dict[str, str]:
    """File of the repository -> page of the reference: where a link to the file leads."""
    found = {f"include/{name}": header_page(name) for names in HEADERS.values() for name in names}
    found |= {module.source: python_page(name) for name, module in PYTHON.items()}
    return found | {"python/hpystate/cli/__init__.py": COMMANDS}


# ---- text ----
#: In a comment: a document, or a name that may have an entry of its own.
NAME = re.compile(
    r"\bdocs/(?P<page>[\w/-]+)\.md\b"
    r"|(?<![\w:.])(?P<name>_?HPy\w+|hpystate_\w+|HPYSTATE_\w+)(?:\(\))?"
)


class Writer:
    """Turns the plain text of comments into reStructuredText; `roles` has the names that are
    entries of some page."""

    def __init__(self, roles: dict[str, str]) -> None:
        self.roles = roles

    def words(self, text: str) -> str:
        """A line of prose: names become links, all else is plain."""
        parts = re.split(r"(`[^`\n]+`)", text)
        return "".join(
            f"``{part[1:-1]}``" if place % 2 else self._plain(part)
            for place, part in enumerate(parts)
        )

    def _plain(self, text: str) -> str:
        made, end = "", 0
        for found in NAME.finditer(text):
            made += escaped(text[end : found.start()])
            end = found.end()
            if found["page"]:
                link = f":doc:`{found[0]} </{found['page']}>`"
            elif (role := self.roles.get(found["name"])) is not None:
                link = f":{role}:`{found['name']}`"
            else:
                made += escaped(found[0])
                continue
            # A role begins behind a space and ends in front of something that is not a word.
            before = "" if re.match(r"$|[\s(]", text[found.start() - 1 : found.start()]) else "\\ "
            made += before + link + ("" if re.match(r"$|[\s.,;:!?)']", text[end:]) else "\\ ")
        return made + escaped(text[end:])

    def prose(self, text: str) -> list[str]:
        """Paragraphs; what is indented is shown as it is."""
        made: list[str] = []
        literal: list[str] = []
        for line in [*text.splitlines(), ""]:
            if literal and line and not line.startswith("  "):
                self._show(made, literal)
            if line.startswith("  ") or (literal and not line):
                literal.append(line)
                continue
            made.append(self.words(line))
        if literal:
            self._show(made, literal)
        return made

    @staticmethod
    def _show(made: list[str], literal: list[str]) -> None:
        body = textwrap.dedent("\n".join(literal)).strip("\n").splitlines()
        made += ["", ".. code-block:: text", "", *(f"   {line}".rstrip() for line in body), ""]
        literal.clear()


def escaped(text: str) -> str:
    return re.sub(r"([\\*`|]|_(?!\w)|(?<=\w)_(?=\w))", r"\\\1", text)


# ---- headers ----
def fields(entry: Entry, writer: Writer) -> list[str]:
    titles = {"raises": "Raises", "thread": "Thread", "since": "Since", "source": "Source"}
    made = []
    for key, text in entry.keys:
        name = "returns" if key == "returns" else titles.get(key, f"param {key}")
        made.append(f":{name}: {writer.words(text)}")
    return made


def directive(entry: Entry) -> str:
    if entry.cpp:
        return f"cpp:{entry.kind}"
    if entry.kind == "type":
        words = entry.declarations[0].split()
        return f"c:{words[0]}" if words[0] in ("struct", "enum") and len(words) == 2 else "c:type"
    return {"function": "c:function", "macro": "c:macro", "object": "c:var"}[entry.kind]


def shown(entry: Entry, writer: Writer) -> list[str]:
    name = directive(entry)
    heads = entry.declarations
    if name in ("c:struct", "c:enum"):
        heads = [entry.name]
    start = f".. {name}:: "
    made = [
        f"{start if place == 0 else ' ' * len(start)}{head}" for place, head in enumerate(heads)
    ]
    inner = ["", *writer.prose(entry.text), ""]
    if entry.body:
        body = textwrap.dedent(entry.body).strip("\n").splitlines()
        inner += [".. code-block:: c", "", *(f"   {line}".rstrip() for line in body), ""]
    inner += [*fields(entry, writer), ""]
    for member in entry.members:
        inner += ["", *shown(member, writer)]
    return [*made, *(f"   {line}".rstrip() for line in inner)]


def title(text: str, mark: str = "=") -> list[str]:
    return [text, mark * len(text), ""]


def page_of_header(include: Path, header: str, entries: list[Entry], roles: dict[str, str]) -> str:
    writer = Writer(roles)
    lines = [*title(header), f"``#include <{header}>``", ""]
    told = introduction((include / header).read_text())
    begins_with_a_name = re.match(r"\S*[/.]\w", told) is not None
    lines += writer.prose(told if begins_with_a_name else told[:1].upper() + told[1:])
    for entry in entries:
        lines += ["", *shown(entry, writer)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def entries_by_header(include: Path) -> dict[str, list[Entry]]:
    """HeaderError names a header that is not there, or has no place in HEADERS."""
    listed = [name for names in HEADERS.values() for name in names]
    there = [
        str(path.relative_to(include))
        for folder in ("hpy", "hpystate")
        for path in sorted((include / folder).glob("*.h*"))
    ]
    where = "HEADERS of tools/docs_api.py"
    for name in listed:
        if not (include / name).is_file():
            raise HeaderError(f"{where} names {name}, and include/{name} is not there")
    for name in there:
        if name not in listed:
            raise HeaderError(f"include/{name}: add it to a chapter of {where}")
    found = {}
    for name in listed:
        try:
            found[name] = entries_of(include / name)
        except (HeaderError, ValueError) as error:
            raise HeaderError(f"include/{name}:{error}") from error
    return found


def roles_of(entries: dict[str, list[Entry]]) -> dict[str, str]:
    kinds = {"function": "func", "macro": "macro", "type": "type", "object": "data"}
    return {
        each.name: f"c:{kinds[each.kind]}"
        for found in entries.values()
        for each in found
        if not each.cpp
    }


# ---- the package ----
def page_of_module(module: Module) -> str:
    lines = title(module.title)
    for directive_name, name, options in module.parts:
        lines += [f".. auto{directive_name}:: {name}"]
        lines += [f"   {options}", ""] if options else [""]
    return "\n".join(lines)


def toctree(pages: list[str]) -> list[str]:
    # An absolute name: the page may be in a folder.
    return [".. toctree::", "   :maxdepth: 1", "", *(f"   /{page}" for page in pages), ""]


def api_pages(root: Path) -> dict[str, str]:
    """Name of a page, without its suffix -> its text."""
    include = root / "include"
    entries = entries_by_header(include)
    roles = roles_of(entries)
    pages = {
        header_page(name): page_of_header(include, name, found, roles)
        for name, found in entries.items()
    }
    pages |= {python_page(name): page_of_module(module) for name, module in PYTHON.items()}
    pages[COMMANDS] = "\n".join([*title("The command line"), ".. hpystate-commands::", ""])
    index = title("Reference")
    index += [
        "Made from the contracts in the headers, which ``make check`` compares with the code,"
    ]
    index += ["and from the docstrings of the package.", ""]
    index += [*title("Python", "-"), *toctree([python_page(name) for name in PYTHON] + [COMMANDS])]
    for chapter, names in HEADERS.items():
        index += [*title(chapter, "-"), *toctree([header_page(name) for name in names])]
    return pages | {"api/index": "\n".join(index)}
