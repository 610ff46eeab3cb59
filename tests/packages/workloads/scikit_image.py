"""scikit_image.py: labels, distances, contours, a filter, on a small picture."""

from __future__ import annotations

import numpy as np
from skimage import draw, filters, measure, morphology, transform


def work(i: int) -> object:
    picture = np.zeros((40, 40))
    rows, columns = draw.disk((12, 12), 4 + i % 5)
    picture[rows, columns] = 1
    picture[25:35, 25 : 30 + i % 5] = 1
    labels = measure.label(picture)
    regions = [(int(r.area), tuple(map(int, r.bbox))) for r in measure.regionprops(labels)]
    contours = measure.find_contours(picture, 0.5)
    thin = morphology.skeletonize(picture > 0)
    return (
        regions,
        [len(contour) for contour in contours],
        int(thin.sum()),
        round(float(filters.sobel(picture).sum()), 6),
        round(float(transform.rotate(picture, 10 * i).sum()), 6),
    )
