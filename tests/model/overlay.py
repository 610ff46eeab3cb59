"""overlay.py: copies of real files for the model: small geometry, and where asked one mistake.

    python -m tests.model.overlay TARGET            writes the patched copies below TARGET
    python -m tests.model.overlay TARGET MUTANT     the same with a deliberate mistake
    python -m tests.model.overlay --list            the mutants: name and variant
    python -m tests.model.overlay --files [MUTANT]  the files that it would write

Every patch replaces one piece of text that must stand in the file exactly once. Where it does not,
the code has changed and the patch means nothing any more: that is an error, never a pass.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.model.mutant import Patch
from tests.model.mutants import GEOMETRY, MUTANTS

ROOT = Path(__file__).resolve().parent.parent.parent


def patches_of(names: list[str]) -> list[Patch]:
    known = {mutant.name: mutant.patches for mutant in MUTANTS}
    return GEOMETRY + [patch for name in names for patch in known[name]]


def patched(patches: list[Patch]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for patch in patches:
        text = texts.get(patch.file) or (ROOT / patch.file).read_text()
        count = text.count(patch.old)
        if count != 1:
            sys.exit(
                f"overlay.py: {patch.file} has this text {count} times, expected once:\n"
                f"    {patch.old}\nThe file has changed: adapt the patch to it."
            )
        texts[patch.file] = text.replace(patch.old, patch.new)
    return texts


def write(target: Path, patches: list[Patch]) -> None:
    for file, text in patched(patches).items():
        copy = target / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)


def main(arguments: list[str]) -> None:
    if arguments == ["--list"]:
        print("\n".join(f"{mutant.name} {mutant.variant}" for mutant in MUTANTS))
    elif arguments[0] == "--files":
        print("\n".join(sorted({patch.file for patch in patches_of(arguments[1:])})))
    else:
        write(Path(arguments[0]), patches_of(arguments[1:]))


if __name__ == "__main__":
    main(sys.argv[1:])
