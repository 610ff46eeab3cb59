"""cli/enable.py: `hpystate enable` and `disable`: whether every interpreter of an environment
imports NAME.hpy0.so without a call of hpystate.install(), and isolates what HPYSTATE_ISOLATE names.

CPython executes the lines of .pth files in site-packages that begin with `import`, at the start
of the main interpreter and of every subinterpreter. Ours appends a finder to sys.meta_path, which
is called where no other finder has found a module, and calls install() as soon as there is a file
of HPy's.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import sys
import tempfile
from pathlib import Path

from hpystate.cli import CommandError

NAME = "hpystate-enable.pth"
# CPython reads such lines until 3.17, and 3.18 will not: by then a .start file (PEP 829) has to
# take the line's place, which imports pkgutil and a module.
# Every start compiles this text and calls the finder, for `sitecustomize`; so it is short, and the
# finder is a function with the attributes of one: to make a class takes a tenth of the time. It
# looks at what CPython's finders have read of all folders, which is more than those of the
# module's path: then install() is called too early, and the answer is the same. A finder
# puts a new set in the place of an old one, so another thread never changes what is read here.
FINDER = """\
def finder(name, *rest):
    files = {{name.rpartition('.')[2] + end for end in {suffixes}}}
    for one in list(sys.path_importer_cache.values()):
        if name[:4] in ('hpy', 'hpy.') or not files.isdisjoint(getattr(one, '_path_cache', ())):
            exec({text!r}, scope := {{}})
            return scope['find_spec'](finder, name, *rest)
finder.find_spec = finder.first_miss = finder
sys.meta_path.append(finder)
"""


def line() -> str:
    """The line of the .pth file."""
    from hpystate import first_miss
    from hpystate.finder import SUFFIXES

    tree = ast.parse(Path(first_miss.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    finder = FINDER.format(suffixes=SUFFIXES, text=ast.unparse(tree))
    # The site-packages of a virtual environment are read twice. A second finder would do no harm.
    there = "hasattr(sys.meta_path[-1], 'first_miss')"
    # What HPYSTATE_ISOLATE names has to be isolated before its first import, which no finder
    # misses: so install() is called at the start. It is outside of the text, which costs most.
    isolate = "__import__('hpystate').install() if os.environ.get('HPYSTATE_ISOLATE')"
    return f"import os, sys; {isolate} else {there} or exec({finder!r}, {{'sys': sys}})\n"


def site_packages(user: bool) -> Path:
    """The folder whose .pth files this Python reads. CommandError: it reads none of the user's."""
    import site
    import sysconfig

    if not user:
        return Path(sysconfig.get_path("purelib"))
    if not site.ENABLE_USER_SITE:
        raise CommandError(
            f"--user: {sys.executable} does not read the user's site-packages. Leave --user out, "
            f"which "
            "is for a Python outside of a virtual environment."
        )
    return Path(site.getusersitepackages())


def _write(file: Path, text: str) -> None:
    """In one step: an interpreter that starts meanwhile reads the old line or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=file.parent, prefix=".hpystate-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(scratch, 0o644)
        os.replace(scratch, file)
    except BaseException:
        os.unlink(scratch)
        raise


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--user", action="store_true", help="in the user's site-packages, not the environment's"
    )
    parser.add_argument(
        "--status",
        action="store_true",
        help="change nothing: print whether it is enabled; 1: it is not",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run_enable(arguments: argparse.Namespace) -> int:
    return _run(arguments, True)


def run_disable(arguments: argparse.Namespace) -> int:
    return _run(arguments, False)


def _run(arguments: argparse.Namespace, enable: bool) -> int:
    file = site_packages(arguments.user) / NAME
    if not arguments.status:
        try:
            if enable:
                _write(file, line())
            else:
                file.unlink(missing_ok=True)
        except OSError as error:
            raise CommandError(
                f"{file} cannot be written: {error.strerror}. Work in a virtual environment "
                "(python -m venv), or add --user."
            ) from None
    there = file.is_file()
    if arguments.json:
        print(json.dumps({"enabled": there, "file": str(file)}))
    elif there:
        print(f"enabled: every interpreter of {sys.prefix} imports NAME.hpy0.so\n{file}")
    else:
        print(f"not enabled: {file} is not there")
    return 0 if there or not arguments.status else 1
