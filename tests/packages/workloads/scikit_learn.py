"""scikit_learn.py: a tree, a regression, neighbours, clusters, on a small set of points."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier


def work(i: int) -> object:
    points = np.array([[n % 7, n * n % 11] for n in range(40)], dtype=float)
    labels = (points.sum(axis=1) + i) % 3 > 1
    tree = DecisionTreeClassifier(random_state=0).fit(points, labels)
    near = KNeighborsClassifier(3).fit(points, labels)
    means = KMeans(3, n_init=1, random_state=i, init=points[:3]).fit(points)
    try:
        Ridge().predict(points)
    except NotFittedError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        tree.predict(points).tolist(),
        near.predict(points + 0.1).tolist(),
        sorted(np.bincount(means.labels_).tolist()),
        [round(float(x), 9) for x in Ridge(1 + i).fit(points, labels).coef_],
        said,
    )
