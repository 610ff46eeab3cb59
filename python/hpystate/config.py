"""config.py: `hpystate-config`: what a build needs to know, as python-config prints it.

    gcc $(hpystate-config --cflags) -shared -fPIC point.c $(hpystate-config --sources) \\
        -o point$(hpystate-config --extension-suffix)

Each option prints a line, in the order in which they are given. --json prints all of it.
Exit status: 0: printed; 2: wrong arguments, or the package lacks files.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from typing import TYPE_CHECKING

import hpystate
from hpystate.cli import Parser
from hpystate.cli import script as run_script

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpystate.build import Abi

ABIS = ("universal", "hybrid", "cpython")


def prefix() -> str:
    """The folder of the package, which has all that a build needs in it."""
    return os.path.dirname(os.path.abspath(hpystate.__file__))


def include_dir() -> str:
    return hpystate.include_dir()


def cmake_dir() -> str:
    """For CMAKE_PREFIX_PATH or hpystate_DIR: the folder of hpystate-config.cmake."""
    return os.path.join(prefix(), "cmake")


def pkgconfig_dir() -> str:
    """For PKG_CONFIG_PATH: the folder of hpystate.pc."""
    return os.path.join(prefix(), "share", "pkgconfig")


def _cflags(abi: Abi) -> str:
    from hpystate.build import include_flags

    return shlex.join(include_flags(abi))


def _sources(abi: Abi) -> str:
    from hpystate.build import helper_sources

    return shlex.join(map(str, helper_sources(abi=abi)))


def _suffix(abi: Abi) -> str:
    from hpystate.build import file_suffix

    return file_suffix(abi)


#: option -> what it prints, and its help
OPTIONS: dict[str, tuple[Callable[[Abi], str], str]] = {
    "prefix": (lambda abi: prefix(), "the folder of the package"),
    "includes": (lambda abi: f"-I{include_dir()}", "flags for the folders of the headers"),
    "cflags": (_cflags, "those, and the macros of the ABI"),
    "sources": (_sources, "the C files that are compiled into every extension"),
    "cmakedir": (lambda abi: cmake_dir(), "the folder of the package of CMake"),
    "pkgconfigdir": (lambda abi: pkgconfig_dir(), "the folder of the file of pkg-config"),
    "extension-suffix": (_suffix, "how the name of an extension's file ends"),
    "version": (lambda abi: hpystate.__version__, "the version of hpystate"),
}


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="hpystate-config",
        description="Prints what a build of an extension needs, a line for each option.",
        epilog="examples:\n"
        "  gcc $(hpystate-config --cflags) -shared -fPIC point.c \\\n"
        "      $(hpystate-config --sources) -o point$(hpystate-config --extension-suffix)\n"
        "  cmake -Dhpystate_DIR=$(hpystate-config --cmakedir) -B build\n\n"
        "exit status:\n  0  printed\n  2  wrong arguments",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option, (_, text) in OPTIONS.items():
        parser.add_argument(
            f"--{option}", dest="wanted", action="append_const", const=option, help=text
        )
    parser.add_argument("--abi", choices=ABIS, default="universal", help="default: universal")
    parser.add_argument("--json", action="store_true", help="all of it as JSON, for programs")
    return parser


def main(argv: Sequence[str]) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.json:
        print(
            json.dumps(
                {name: value(arguments.abi) for name, (value, _) in OPTIONS.items()}, indent=2
            )
        )
        return 0
    if not arguments.wanted:
        parser.error(f"an option that names what to print was expected, as --{next(iter(OPTIONS))}")
    for name in arguments.wanted:
        print(OPTIONS[name][0](arguments.abi))
    return 0


def script() -> int:
    return run_script(main)


if __name__ == "__main__":
    sys.exit(script())
