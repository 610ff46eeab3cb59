"""zope_interface.py: interfaces, adapters and lookups by the C module, one that does not exist."""

from __future__ import annotations

from zope.interface import Interface, _zope_interface_coptimizations, implementer, providedBy
from zope.interface.adapter import AdapterRegistry
from zope.interface.interface import InterfaceBase


class IShelf(Interface):
    def size() -> int: ...


class ITable(Interface):
    pass


@implementer(IShelf)
class Shelf:
    def __init__(self, n: int) -> None:
        self.n = n


def work(i: int) -> object:
    if InterfaceBase is not _zope_interface_coptimizations.InterfaceBase:
        raise ImportError("zope.interface: its C module was expected, and it works in Python")
    registry = AdapterRegistry()
    registry.register([IShelf], ITable, "", lambda shelf: f"table of {shelf.n}")
    shelf = Shelf(i)
    try:
        ITable(shelf)
    except TypeError as error:
        said = str(error.args[0])
    else:
        said = "nothing was raised"
    return (
        IShelf.providedBy(shelf),
        ITable.providedBy(shelf),
        registry.queryAdapter(shelf, ITable),
        [each.__name__ for each in providedBy(shelf)],
        sorted([ITable, IShelf])[0].__name__,
        said,
    )
