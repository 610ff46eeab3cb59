"""cli/doctor.py: `hpystate doctor`: what a bug report needs; with a NAME, the doctor (doctor/)."""

from __future__ import annotations

import argparse
import json
import platform
import sys

import hpystate
from hpystate import _native
from hpystate.cli.abi import ABI
from hpystate.doctor import add_arguments

__all__ = ["add_arguments", "run"]


def run(arguments: argparse.Namespace) -> int:
    if arguments.name is not None:
        from hpystate import doctor

        return doctor.run(arguments, arguments.parser)
    if arguments.exercise is not None:
        arguments.parser.error(f"--exercise needs a NAME: {arguments.parser.prog} NAME")
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    found = {
        "hpystate": hpystate.__version__,
        "runtime": _native.__file__,
        "python": platform.python_version(),
        "gil": gil,
        "executable": sys.executable,
        "abi": ABI,
        "interpreter": _native.state(),
    }
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    print(f"hpystate {found['hpystate']} in {found['runtime']}")
    print(f"CPython {found['python']}, GIL {'on' if gil else 'off'}: {sys.executable}")
    print(ABI)
    state = _native.state().items()
    print("this interpreter: " + ", ".join(f"{key} {value}" for key, value in state))
    return 0
