"""cli/new.py: `hpystate new NAME`: writes a small project that builds, with a test that passes.

The project is examples/myext with another name: the files of `common`, and those of one build
system. So the example and what this writes are the same files, and one test builds both.
"""

from __future__ import annotations

import argparse
import json
import keyword
import os
import shlex
import sys
from pathlib import Path

import hpystate
from hpystate.cli import CommandError

OLD_NAME = "myext"
#: the folder of a build system -> what pip needs for it, besides hpystate
BUILDS = {
    "scikit-build-core": "scikit-build-core",
    "setuptools": "setuptools",
    "meson": "meson-python ninja",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of the project and of its package, as myext")
    parser.add_argument(
        "--build",
        choices=tuple(BUILDS),
        default="scikit-build-core",
        help="what builds it; default: scikit-build-core, which is CMake",
    )
    parser.add_argument("--in", dest="parent", metavar="FOLDER", default=".", help="default: here")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    name = arguments.name
    if not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name):
        raise CommandError(
            f"{name!r} cannot be imported; letters, digits and _ were expected. Type: "
            f"{arguments.parser.prog} {_better(name)}"
        )
    folder = Path(arguments.parent) / name
    try:
        files = write(name, folder, arguments.build)
    except FileExistsError:
        raise CommandError(
            f"{folder} is there already, and nothing was written. Delete it, or choose another "
            f"NAME or "
            "--in FOLDER."
        ) from None
    except OSError as error:
        raise CommandError(
            f"{error.filename or folder}: {error.strerror}. Choose another --in FOLDER."
        ) from None
    commands = [
        f"cd {shlex.quote(str(folder))}",
        f"{_python()} -m pip install {BUILDS[arguments.build]}",
        f"{_python()} -m pip install --no-build-isolation .",
        f"{_python()} -m unittest discover tests",
    ]
    if arguments.json:
        print(json.dumps({"folder": str(folder), "files": files, "commands": commands}, indent=2))
        return 0
    print(
        f"{folder}: {len(files)} files: {', '.join(files)}\nBuild it, and test it in eight "
        f"interpreters:"
    )
    print("\n".join(f"  {command}" for command in commands))
    return 0


def write(name: str, folder: Path, build: str) -> list[str]:
    """Writes the project into a new folder; returns its files. OSError: it cannot be written;
    FileExistsError: the folder is there."""
    example = Path(hpystate.__file__).parent / "examples" / OLD_NAME
    texts = {}
    for part in (example / "common", example / build):
        found = sorted(file for file in part.rglob("*") if file.suffix != ".pyc" and file.is_file())
        if not found:
            raise CommandError(f"{part}: the example is missing. Install hpystate again.")
        for file in found:
            texts[str(file.relative_to(part))] = file.read_text(encoding="utf-8")
    folder.mkdir(parents=True)
    for path, text in texts.items():
        target = folder / path.replace(OLD_NAME, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(text, name), encoding="utf-8")
    return sorted(path.replace(OLD_NAME, name) for path in texts)


def _renamed(text: str, name: str) -> str:
    """The class of the test has the name in it too."""
    return text.replace(OLD_NAME.capitalize(), name.capitalize()).replace(OLD_NAME, name)


def _better(name: str) -> str:
    kept = "".join(each if each.isascii() and each.isalnum() else "_" for each in name).strip("_")
    return kept if kept.isidentifier() and not keyword.iskeyword(kept) else OLD_NAME


def _python() -> str:
    """How the reader calls this Python: by its name where it is the first on PATH."""
    import shutil

    found = shutil.which("python")
    same = found is not None and os.path.samefile(
        os.path.dirname(found), os.path.dirname(sys.executable)
    )
    return "python" if same else shlex.quote(sys.executable)
