"""shapely.py: polygons, predicates, a union, WKT, an index, an invalid geometry."""

from __future__ import annotations

import shapely
from shapely import Point, Polygon, STRtree, wkt
from shapely.errors import GEOSException


def work(i: int) -> object:
    square = Polygon([(0, 0), (4 + i, 0), (4 + i, 4), (0, 4)])
    disc = Point(2, 2).buffer(1 + i / 4)
    both = square.intersection(disc)
    tree = STRtree([Point(n, n) for n in range(10)])
    try:
        wkt.loads(f"POINT ({i}")
    except GEOSException as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        square.area,
        round(both.area, 9),
        square.contains(Point(i, 1)),
        sorted(int(n) for n in tree.query(square)),
        shapely.to_wkt(square.centroid, rounding_precision=3),
        type(square.union(disc)) is Polygon,
        said,
    )
