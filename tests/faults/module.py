"""module.py FILE MODE LASTING: makes the module faulty, of a file that is open already."""

from __future__ import annotations

import json
import sys
from types import ModuleType

from sweep import sweep

import hpystate
from hpystate import _native
from hpystate.finder import spec_of


def use(module: ModuleType) -> None:
    """A module that was made must be whole."""
    thing = module.Thing(20)
    assert module.twice(21) == 42
    assert thing.number == 20
    assert thing.half == 10.0
    assert module.kept() == "kept"


def main(file: str, mode: str, lasting: bool) -> None:
    use(hpystate.load("faulty", file, mode=mode))  # the file is open, its definitions are interned
    _native._debug.set_closed_handles_queue_max_size(8)  # debug mode keeps so many records
    spec = spec_of("faulty", file, mode)

    def make() -> ModuleType:
        opened, _ = _native.inspect("faulty", file)
        module = _native.create(opened, spec, mode, None)
        _native.execute(module)
        return module

    print(json.dumps(sweep(make, use, lasting=lasting)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] == "lasting")
