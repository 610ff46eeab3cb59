"""safetensors.py: writes and reads tensors of NumPy, a header that is broken."""

from __future__ import annotations

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save


def work(i: int) -> object:
    tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3) * i, "b": np.array([i], np.int64)}
    data = save(tensors, metadata={"i": str(i)})
    again = load(data)
    try:
        load(data[: 8 + i])
    except SafetensorError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return len(data), again["a"].tolist(), again["b"].tolist(), said
