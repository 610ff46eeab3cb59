"""package_texts.py: a Sphinx extension: the docstrings of the package, which are plain text, as
reStructuredText; and a page of its commands, as their parsers describe them.

A docstring is paragraphs, lines `name  text` about parameters and results, with what is indented
below a line as its continuation, and examples, indented by four spaces.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.ext.autodoc.mock import mock
from sphinx.util.docutils import SphinxDirective

ITEM = re.compile(r"^(\S(?:[^\s]|\s(?!\s))*?) {2,}(\S.*)$")
FILE = re.compile(r"^[\w/]+\.py: ")


def plain(text: str) -> str:
    """A line of prose; what is in backquotes is code."""
    parts = re.split(r"(`[^`\n]+`|\bdocs/[\w/-]+\.md\b)", text)
    return "".join(
        re.sub(r"([\\*`|]|_)", r"\\\1", part)
        if place % 2 == 0
        else f"``{part[1:-1]}``"
        if part.startswith("`")
        else f":doc:`{part} </{part[5:-3]}>`"
        for place, part in enumerate(parts)
    )


def paragraphs(lines: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            part.append(line.rstrip())
        elif part:
            yield part
            part = []


def as_rst(lines: list[str], parameters: set[str]) -> list[str]:
    """`parameters` are those of the function: what is told about others is a list."""
    made: list[str] = []
    for part in paragraphs(lines):
        if all(line.startswith("    ") for line in part):
            code = [line[4:] for line in part]
            made += [f".. code-block:: {language(code)}", "", *(f"   {line}" for line in code), ""]
            continue
        if part[0].startswith(" "):  # more of the paragraph before
            part = textwrap.dedent("\n".join(part)).splitlines()
        items = None
        for line in part:
            # A long name may have its text in the lines below.
            found = ITEM.match(f"{line}  \\" if line in parameters else line)
            if found is not None:
                names = found[1].split(", ")
                items = "param" if set(names) <= parameters else "item"
                start = f"- ``{found[1]}``: "
                if items == "param":
                    more = "".join(f"and ``{name}``: " for name in names[1:])
                    start = f":param {names[0]}: {more}"
                if items == "item" and found[1] in ("returns", "raises"):
                    start = f":{found[1].capitalize()}: "
                if items != "param" and made and made[-1] and not made[-1].startswith(("-", " ")):
                    made.append("")
                made.append(start + plain(found[2].rstrip("\\")))
            elif items is not None and line.startswith(" "):
                made.append(f"   {plain(line.strip())}")
            else:
                if items is not None:
                    made.append("")
                items = None
                made.append(plain(line.strip()))
        made.append("")
    return made


def language(code: list[str]) -> str:
    try:
        compile("\n".join(code), "example", "exec")
    except SyntaxError:  # lines of a shell
        return "text"
    return "python"


def parameters_of(thing: Any) -> set[str]:
    try:
        return set(inspect.signature(thing).parameters)
    except (TypeError, ValueError):  # a module, or something without a signature
        return set()


def convert(
    _app: Sphinx, what: str, _name: str, thing: Any, _options: Any, lines: list[str]
) -> None:
    if what == "module" and lines:
        lines[0] = FILE.sub("", lines[0])
        lines[0] = lines[0][:1].upper() + lines[0][1:]
    lines[:] = as_rst(lines, parameters_of(thing))


# ---- commands ----
class Commands(SphinxDirective):
    """`.. hpystate-commands::`: a section for each command, with its --help."""

    def run(self) -> list[nodes.Node]:
        made: list[nodes.Node] = []
        for name, text in helps(self.config.autodoc_mock_imports).items():
            section = nodes.section(ids=[nodes.make_id(f"command-{name}")])
            section += nodes.title(name, name)
            section += nodes.literal_block(text, text, language="text")
            made.append(section)
        return made


def helps(mocked: list[str]) -> dict[str, str]:
    """Command -> what its --help prints, 80 columns wide and without colours."""
    before = sys.argv
    sys.argv = ["hpystate"]  # the name that the parsers show
    os.environ.update(COLUMNS="80", NO_COLOR="1")
    try:
        with mock(mocked):
            from hpystate import cli

            return {
                f"hpystate {name}": cli.parser_of(name).format_help().rstrip()
                for name in cli.COMMANDS
            }
    finally:
        sys.argv = before


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", convert)
    app.add_directive("hpystate-commands", Commands)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
