"""demo/upstream.py: the same check of the same files under upstream's hpy.universal.

Upstream's runtime is built from its source distribution into a virtual environment of its own,
once. The check runs in a child process, since it may crash: it keeps one value per process, and
that value may be an object of an interpreter that has ended.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hpystate.build import HPY_VERSION, BuildError, make_cache_folder, upstream_sdist
from hpystate.demo import build_extensions

if TYPE_CHECKING:
    import argparse

CHILD = Path(__file__).with_name("upstream_child.py")


def upstream_python() -> Path:
    """The Python of an environment in which upstream's runtime is installed; made where missing.

    Raises BuildError where this is not CPython 3.12 (upstream crashes on later ones) or pip fails.
    """
    if sys.version_info[:2] != (3, 12):
        raise BuildError(
            f"--runtime upstream needs CPython 3.12, this is {sys.version_info[0]}."
            f"{sys.version_info[1]}: upstream's runtime crashes on later versions"
        )
    return install_upstream(sys.executable)


def install_upstream(program: str) -> Path:
    """The Python of an environment for that interpreter, with upstream's runtime; made where
    missing. On a CPython after 3.12 it compiles, and much of it crashes.

    Raises BuildError if pip fails.
    """
    ask = [program, "-c", "import sys; print(sys.implementation.cache_tag)"]
    tag = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    folder = make_cache_folder() / f"upstream-hpy-{HPY_VERSION}-{tag}"
    python = folder / "bin" / "python"
    ready = folder / ".installed"
    if ready.is_file():
        return python
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [program, "-m", "venv", "--clear", str(folder)],
        [*pip, "setuptools<81", "setuptools-scm", "wheel"],
        [*pip, "--no-build-isolation", f"hpy=={HPY_VERSION}"],
    ):
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise BuildError(f"{' '.join(command)}\n{result.stderr.strip()[-2000:]}")
    ready.touch()
    return python


def run_upstream(options: argparse.Namespace) -> int:
    console = Console()
    with Progress(console=console, transient=not console.is_terminal) as progress:
        task = progress.add_task("finding HPy's examples", total=4)
        upstream_sdist()
        progress.update(task, advance=1, description="building the extensions")
        folder = build_extensions()
        progress.update(task, advance=1, description="building upstream's runtime (a minute, once)")
        python = upstream_python()
        progress.update(task, advance=1, description="checking")
        reports, ending = _check(python, folder, options)
        progress.advance(task)
    problems = _problems(reports, ending)
    console.print(_table(reports))
    for problem in problems:
        console.print(f"[red]{problem}[/red]", highlight=False)
    verdict = "BROKEN" if problems else "ok"
    console.print(f"upstream's runtime, HPy {HPY_VERSION}: isolation: {verdict}", highlight=False)
    if options.json is not None:
        result = {"runtime": f"upstream {HPY_VERSION}", "isolation": verdict, "problems": problems}
        options.json.write_text(json.dumps(result | {"reports": reports}, indent=2) + "\n")
    # The check ran, which is success here, whatever it found.
    return 0 if reports else 2


def _check(
    python: Path, folder: Path, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], str]:
    """Every line that the child wrote, and how it ended ("": well)."""
    command = [str(python), str(CHILD), str(folder), str(options.interpreters)]
    limit = 60 + 10 * options.seconds
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as error:
        written = error.stdout.decode() if isinstance(error.stdout, bytes) else ""
        return _lines(written), f"it did not end within {limit:.0f} seconds"
    ending = ""
    if child.returncode < 0:
        ending = f"it was killed by {signal.Signals(-child.returncode).name}"
    elif child.returncode != 0:
        ending = f"it ended with status {child.returncode}: {child.stderr.strip()[-500:]}"
    return _lines(child.stdout), ending


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _problems(reports: list[dict[str, Any]], ending: str) -> list[str]:
    problems = [
        f"{report['interpreter']}: {report['wrong']} of {report['loads']} loads did not return its "
        "own value"
        for report in reports
        if report["wrong"]
    ]
    if ending:
        after = reports[-1]["interpreter"] if reports else "the start"
        problems.append(f"the process: {ending} (after {after})")
    if not reports:
        problems.append("the process: it reported nothing")
    return problems


def _table(reports: list[dict[str, Any]]) -> Table:
    table = Table(title=f"upstream's hpy.universal {HPY_VERSION}, legacy interpreters")
    table.add_column("interpreter")
    table.add_column("loads", justify="right")
    table.add_column("wrong", justify="right")
    for report in reports:
        table.add_row(report["interpreter"], f"{report['loads']:,}", f"{report['wrong']:,}")
    return table
