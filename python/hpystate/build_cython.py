"""build_cython.py: compiles a Cython module that uses hpystate's globals.

For small projects, examples and tests. A larger one lists the same things in its own build: the
folder that holds the package (`cimport hpystate` finds hpystate/__init__.pxd there), the folder of
the headers, and MACROS.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hpystate.build import BuildError, compiler, include_folder, run_tool

#: The first version that has the directive subinterpreters_compatible.
OLDEST = (3, 1)
#: What Cython makes for itself goes into the module's state, and a `cdef class` is a heap type.
#: With the first alone the second interpreter that imports such a class ends the process.
MACROS = ("-DCYTHON_USE_MODULE_STATE=1", "-DCYTHON_USE_TYPE_SPECS=1")


def _check_cython() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "cython", "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"version (\d+)\.(\d+)", result.stdout + result.stderr)
    wanted = ".".join(map(str, OLDEST))
    if found is None:
        raise BuildError(
            f"{sys.executable}: Cython was not found, and {wanted} or later is needed. Install it: "
            f"python -m pip install 'cython>={wanted}'"
        )
    if (int(found[1]), int(found[2])) < OLDEST:
        raise BuildError(
            f"{sys.executable}: Cython {found[1]}.{found[2]} was found, and {wanted} or later is "
            f"needed. Install it: python -m pip install --upgrade 'cython>={wanted}'"
        )


def compile_cython(
    source: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    *,
    flags: Sequence[str] = (),
) -> Path:
    """Compiles NAME.pyx, and returns the path of the extension module in `out_dir`, for the Python
    that runs this. NAME.c stays beside it, and headers that Cython writes. Each file appears as a
    whole, and a build uses its own: so any number may run at once, also into one folder.

    source   the Cython file; its name is the module's
    out_dir  where the files go; made if it is not there
    flags    for the C compiler and the linker, after our own
    raises   BuildError with the message of Cython or of the compiler, or if there is no Cython 3.1
             or later; FileNotFoundError for the source

    $CC chooses the compiler. MACROS are among the flags: a module that is not compiled for module
    state is refused by CPython in a second interpreter.
    """
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such source file")
    _check_cython()
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    package = include_folder().parent
    includes = [f"-I{include_folder()}", f"-I{sysconfig.get_path('include')}", f"-I{path.parent}"]
    name = path.stem + str(sysconfig.get_config_var("EXT_SUFFIX"))
    # In the same file system, so that a file can be moved there as a whole.
    with tempfile.TemporaryDirectory(dir=out, prefix=f".{path.stem}.") as scratch:
        generated = Path(scratch) / f"{path.stem}.c"
        command = [sys.executable, "-m", "cython", "-3", "-I", str(package.parent)]
        result = subprocess.run(
            [*command, str(path), "-o", str(generated)], capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            raise BuildError(f"{path}: Cython could not translate it\n{result.stderr.strip()}")
        # A debugger looks for NAME.c where it will be.
        common = ["-O2", "-fPIC", "-shared", f"-ffile-prefix-map={scratch}={out}"]
        made = Path(scratch) / name
        # Not taken from a cache: the source may include headers of its own.
        run_tool(
            [
                *(*compiler("CC", "cc"), *common, *MACROS, *includes, *flags),
                *(str(generated), "-o", str(made)),
            ]
        )
        for file in sorted(Path(scratch).iterdir(), key=lambda each: each == made):
            os.replace(file, out / file.name)  # a process that has the old file mapped keeps it
    return out / name
