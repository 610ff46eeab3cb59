"""docs_site.py: makes the site of the documents in build/docs/html; `make docs` calls it.

    python tools/docs_site.py [--root FOLDER] [--out FOLDER]

A warning of Sphinx is an error, and all of them are shown. What did not change is not made again;
after an error everything is, since Sphinx warns only where it reads a page.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from api_blocks import HeaderError
from docs_stage import DocumentError, Stage, write

ROOT = Path(__file__).resolve().parents[1]


def sphinx(root: Path, out: Path) -> tuple[int, str]:
    """The exit status, and what Sphinx printed, with the names of the documents themselves."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", "-j", "2"]
    command += ["-c", str(root / "docs"), "-d", str(out / "doctrees")]
    pages = out / "pages"
    result = subprocess.run(
        [*command, str(pages), str(out / "html")],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    names = {file: document for document, file in Stage(root).pages.items()}

    def named(match: re.Match[str]) -> str:
        return names.get(match[1], match[1])

    return result.returncode, re.sub(rf"{re.escape(str(pages))}/([\w./-]+)", named, result.stdout)


def make(root: Path, out: Path) -> int:
    try:
        written, other_pages = write(root, out / "pages")
    except (DocumentError, HeaderError) as error:
        print(error, file=sys.stderr)
        return 1
    if other_pages:  # a page that is gone must not stay in the site
        shutil.rmtree(out / "html", ignore_errors=True)
        shutil.rmtree(out / "doctrees", ignore_errors=True)
    status, said = sphinx(root, out)
    if said:
        print(said, end="", file=sys.stderr)
    if status != 0:
        shutil.rmtree(out / "doctrees", ignore_errors=True)
        print("docs: the site has the errors above", file=sys.stderr)
        return 1
    print(f"docs: {out / 'html' / 'index.html'} ({written} pages changed)")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    parser.add_argument("--out", type=Path, help="a folder for the site; build/docs by default")
    options = parser.parse_args()
    if importlib.util.find_spec("sphinx") is None:
        parser.error("this Python has no Sphinx. Type: make docs")
    root = options.root.resolve()
    return make(root, (options.out or root / "build" / "docs").resolve())


if __name__ == "__main__":
    sys.exit(main())
