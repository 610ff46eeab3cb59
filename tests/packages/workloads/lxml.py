"""lxml.py: parses, XPath, XSLT, element classes of a lookup, a tree that is not well-formed."""

from __future__ import annotations

from lxml import etree, html

SHEET = etree.XML(
    """<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform">
    <x:template match="/"><o><x:value-of select="sum(//n)"/></o></x:template></x:stylesheet>"""
)


class Number(etree.ElementBase):
    def double(self) -> int:
        return 2 * int(self.text)


def work(i: int) -> object:
    parser = etree.XMLParser()
    lookup = etree.ElementNamespaceClassLookup()
    lookup.get_namespace(None)["n"] = Number
    parser.set_element_class_lookup(lookup)
    inside = "".join(f"<n a='{n}'>{n * i}</n>" for n in range(12))
    tree = etree.fromstring(f"<r>{inside}</r>", parser)
    doubled = [child.double() for child in tree]
    summed = str(etree.XSLT(SHEET)(tree))
    try:
        etree.fromstring(f"<r><a{i}></r>")
    except etree.XMLSyntaxError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    page = html.fromstring(f"<p class=a>{i}<b>bold</b> tail</p>")
    return doubled, summed, tree.xpath("//n[@a>9]/text()"), said, html.tostring(page)
