"""pyproj.py: transforms coordinates, measures on an ellipsoid, describes a system."""

from __future__ import annotations

from pyproj import CRS, Geod, Proj, Transformer
from pyproj.exceptions import CRSError


def work(i: int) -> object:
    transformer = Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True)
    x, y = transformer.transform(12 + i / 10, 55)
    geod = Geod(ellps="WGS84")
    _, _, metres = geod.inv(0, 0, i, 10)
    crs = CRS.from_epsg(4326)
    try:
        CRS.from_user_input(f"EPSG:99999{i}")
    except CRSError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        (round(x, 3), round(y, 3)),
        round(metres, 3),
        crs.name,
        crs.is_geographic,
        [round(n, 3) for n in Proj(proj="merc")(i, 10)],
        said,
    )
