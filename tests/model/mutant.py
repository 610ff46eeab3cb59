"""mutant.py: what a deliberate mistake is.

A mutant names the variant of the model it is found (with the GIL or without), and a piece of
the violation that is reported, so that it is not found by chance.
"""

from __future__ import annotations

from typing import NamedTuple


class Patch(NamedTuple):
    file: str
    old: str
    new: str


class Mutant(NamedTuple):
    name: str
    variant: str
    part: str  # the tag of the test that finds it
    found: str
    patches: list[Patch]
