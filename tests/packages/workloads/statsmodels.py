"""statsmodels.py: least squares, a smoothing by its Cython module, a Kalman filter."""

from __future__ import annotations

import numpy as np
from statsmodels.nonparametric.smoothers_lowess import lowess
from statsmodels.regression.linear_model import OLS
from statsmodels.tsa.statespace.sarimax import SARIMAX


def work(i: int) -> object:
    x = np.arange(30.0)
    y = 2 * x + np.sin(x + i) * 3 + i
    fit = OLS(y, np.column_stack([np.ones(30), x])).fit()
    smooth = lowess(y, x, frac=0.4, return_sorted=False)
    model = SARIMAX(y, order=(1, 0, 0))
    likelihood = model.loglike([0.5, 1.0 + i])
    return (
        [round(float(n), 6) for n in fit.params],
        round(float(fit.rsquared), 9),
        [round(float(n), 6) for n in smooth[:5]],
        round(float(likelihood), 6),
    )
