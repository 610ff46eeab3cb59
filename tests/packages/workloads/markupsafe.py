"""markupsafe.py: escapes by the C function, objects with __html__, Markup's operators."""

from __future__ import annotations

import markupsafe
from markupsafe import Markup, escape


class Page:
    def __init__(self, i: int) -> None:
        self.i = i

    def __html__(self) -> str:
        return f"<b>{self.i}</b>"


def work(i: int) -> object:
    if markupsafe._escape_inner.__module__ != "markupsafe._speedups":
        raise ImportError("markupsafe: its C module was expected, and it works in Python")
    text = escape(f"<a href='x'>{i} & more</a>")
    return (
        str(text),
        str(escape(Page(i))),
        type(escape(3)) is Markup,
        str(Markup("<i>%s</i>") % "<"),
        str(Markup("<p>{}</p>").format(Page(i))),
        text.unescape(),
    )
