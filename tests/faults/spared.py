"""spared.py: what CPython itself gets wrong where memory is missing; there it never is.

Run as a script, without hpystate: prints what this Python gets wrong, as JSON. Each is found out by
a try, so that a Python that is mended is not spared.
"""

from __future__ import annotations

import json

import fault_control
from outcome import outcome_of


def spare_what_cpython_gets_wrong() -> dict[str, bool]:
    """Name of what is spared -> whether this Python gets it wrong."""
    # 3.13.0's setdefault counts an item that there was no memory for, and the dict crashes when it
    # grows the next time. Types are made with it, so there the tables of dicts are always had.
    items = dict.fromkeys("abcde")  # the sixth item needs a larger table
    outcome_of(lambda: items.setdefault("f"), 1)
    setdefault = "f" not in items and len(items) == 6
    if setdefault:
        fault_control.spare_last()
    return {"setdefault": setdefault, "PyList_New": fault_control.spare_arrays_of_lists()}


if __name__ == "__main__":
    print(json.dumps(spare_what_cpython_gets_wrong()))
