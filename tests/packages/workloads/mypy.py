"""mypy.py: its compiled parser and types, on a small source and on one that is not Python."""

from __future__ import annotations

from mypy import fastparse, nodes, options
from mypy.errors import CompileError, Errors
from mypy.types import AnyType, NoneType, TypeOfAny, UnionType

SOURCE = (
    "class Shelf:\n    n: int = {0}\n    def move(self, x: int = {0}) -> int:\n        return x\n"
)


def parse(text: str) -> tuple[nodes.MypyFile, Errors]:
    chosen = options.Options()
    errors = Errors(chosen)
    return fastparse.parse(text, "shelf.py", "shelf", errors, chosen), errors


def work(i: int) -> object:
    tree, _ = parse(SOURCE.format(i))
    shelf = tree.defs[0]
    assert isinstance(shelf, nodes.ClassDef)
    either = UnionType([NoneType(), AnyType(TypeOfAny.explicit)])
    _, errors = parse("class (:\n" * (i + 1))
    try:
        errors.raise_error()
    except CompileError as error:
        said = str(error.messages[0])
    else:
        said = "nothing was raised"
    kinds = [type(each).__name__ for each in shelf.defs.body]
    return shelf.name, kinds, str(tree)[:200], str(either), either.serialize(), said
