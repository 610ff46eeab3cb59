"""pywavelets.py: transforms and back, its wavelets, a name that is not one."""

from __future__ import annotations

import numpy as np
import pywt


def work(i: int) -> object:
    signal = np.sin(np.arange(32) * (i + 1) / 5)
    parts = pywt.wavedec(signal, "db2", level=2)
    again = pywt.waverec(parts, "db2")
    wavelet = pywt.Wavelet("haar")
    try:
        pywt.Wavelet(f"nothing{i}")
    except ValueError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        [[round(float(n), 9) for n in part] for part in parts],
        bool(np.allclose(again, signal)),
        [round(n, 9) for n in wavelet.dec_lo],
        wavelet.family_name,
        said,
    )
