"""scipy.py: linear algebra, special functions, a sparse solver, integration, optimization."""

from __future__ import annotations

import numpy as np
from scipy import integrate, linalg, optimize, sparse, special, stats
from scipy.sparse.linalg import spsolve


def work(i: int) -> object:
    a = np.vander(np.arange(1.0, 5.0)) + i * np.eye(4)
    lu, pivots = linalg.lu_factor(a)
    area, _ = integrate.quad(lambda x: x**i, 0, 1)
    root = optimize.brentq(lambda x: x**3 - i - 1, 0, 10)
    matrix = sparse.csc_matrix(np.diag(np.arange(1.0, 6.0)) + i * np.eye(5))
    try:
        linalg.cholesky(-np.eye(2))
    except linalg.LinAlgError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return (
        [round(float(x), 9) for x in linalg.lu_solve((lu, pivots), np.ones(4))],
        round(area, 12),
        round(root, 9),
        [round(float(x), 12) for x in spsolve(matrix, np.ones(5))],
        [round(float(x), 12) for x in special.gamma([i + 0.5, i + 1])],
        round(float(stats.norm.cdf(i / 4)), 12),
        said,
    )
