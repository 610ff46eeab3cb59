"""h5py.py: a file in memory: groups, a compressed data set, attributes, a key that is not there."""

from __future__ import annotations

import h5py
import numpy as np


def work(i: int) -> object:
    with h5py.File(f"in-memory-{i}.h5", "w", driver="core", backing_store=False) as file:
        group = file.create_group(f"group{i}")
        data = group.create_dataset("d", data=np.arange(200) * i, chunks=(50,), compression="gzip")
        data.attrs["unit"] = f"metre {i}"
        kind = np.dtype([("n", "i4"), ("x", "f8")])
        group.create_dataset("t", data=np.array([(i, 1.5), (2, i / 2)], dtype=kind))
        group["text"] = [f"ä{i}", "b"]
        try:
            file["not there"]
        except KeyError as error:
            said = str(error)
        else:
            said = "nothing was raised"
        return (
            int(data[10:20].sum()),
            data.attrs["unit"],
            group["t"][:].tolist(),
            sorted(group),
            [text.decode() for text in group["text"][:]],
            type(file[f"group{i}"]) is h5py.Group,
            said,
        )
