"""compiled.py FILE LASTING: makes the module faulty, of a file for the CPython ABI that is open
already."""

from __future__ import annotations

import json
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import two_phases
from module import use
from sweep import sweep

from hpystate import policy


def main(file: str, lasting: bool) -> None:
    definition = two_phases.definition(file, "PyInit_faulty")
    spec = ModuleSpec("faulty", None, origin=file)

    def make() -> ModuleType:
        module: ModuleType = two_phases.make(definition, spec)
        return module

    # A dict: os.environ loses a MemoryError on 3.12 and 3.13 (docs/cpython-faults.md).
    policy.os = SimpleNamespace(environ={})  # type: ignore[attr-defined]
    use(make())  # its definitions are interned
    print(json.dumps(sweep(make, use, lasting=lasting)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] == "lasting")
