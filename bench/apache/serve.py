"""serve.py: Apache with mod_wsgi, interpreters with a GIL of their own, an HPy extension in each.

    python bench/apache/serve.py [--quick] [--only PART...] [--write] [--json FILE]

PART is `answers` (wrong answers, beside plain C statics), `install` (what a forgotten install() and
`hpystate enable` give) or `rates` (throughput of two groups against one, and where the time goes).
Exit status 0: the HPy extension gave no wrong answer, and installing works as docs/embedding.md
describes; 1: not so, and the last lines name it; 2: it could not measure.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import mod_wsgi
from load import Load
from rates import rates, show
from server import HERE, Apache, HostError, Site, apache_version

import hpystate
from hpystate.build import BuildError, compile_extension, kept, make_cache_folder

RESULTS = HERE / "results.json"
CONCURRENCY = 16
ROWS = 200

# name, what it is, implementation, own GIL
ANSWERS = (
    ("hpystate, own GIL", "hpy", True),
    ("plain C statics, shared GIL", "static", False),
    ("plain C statics, own GIL", "static", True),
    ("plain C statics that claim to be safe, own GIL", "claims", True),
)


def build_sheets() -> Path:
    """A folder with one folder for each implementation of the module `sheet`."""
    folder = make_cache_folder("hosts")
    compile_extension("sheet", [HERE / "sheet_hpy.c"], folder / "hpy")
    source, suffix = HERE / "sheet_static.c", sysconfig.get_config_var("EXT_SUFFIX")
    for name, flags in (("static", []), ("claims", ["-DCLAIMS_OWN_GIL"])):
        include = f"-I{sysconfig.get_path('include')}"
        command = ["cc", "-O2", "-fPIC", "-shared", include, *flags]
        built = kept(command, [source], f"sheet-{name}.so")
        _copy(built.read_bytes(), folder / name / f"sheet{suffix}")
    _copy((HERE / "sheet_python.py").read_bytes(), folder / "python" / "sheet.py")
    return folder


def _copy(data: bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    scratch.write_bytes(data)
    scratch.replace(target)


class Hosts:
    """Starts servers, each in a folder of its own that goes when the run ends."""

    def __init__(self, scratch: Path) -> None:
        self.module, self.extensions = mod_wsgi.need_mod_wsgi(), build_sheets()
        self.scratch, self._count = scratch, 0

    def apache(
        self,
        *sites: Site,
        environment: dict[str, str] | None = None,
        home: str = sys.prefix,
        module: Path | None = None,
    ) -> Apache:
        self._count += 1
        folder = self.scratch / str(self._count)
        module = module or self.module
        return Apache(folder, list(sites), module, self.extensions, environment or {}, home)


def answers(hosts: Hosts, requests: int) -> list[dict[str, Any]]:
    rows = []
    for name, sheet, own_gil in ANSWERS:
        site = Site("site", sheet, own_gil)
        with hosts.apache(site) as apache:
            load = Load(apache.port, "site", site.groups, ROWS, CONCURRENCY, requests)
            load.at_half = apache.restart
            got = load.run()
            log = apache.log()
        rows.append(
            {
                "name": name,
                "asked": got.asked,
                "right": got.right,
                "wrong": got.wrong,
                "errors": {str(status): count for status, count in got.errors.items()},
                "lost": got.lost,
                "asked again": got.again,
                "processes": len(got.processes),
                "crashes": apache.crashes(),
                "first wrong": got.first_wrong,
                "error": _last_error(log, hosts.extensions),
                "seconds": got.seconds,
            }
        )
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items() if value), flush=True)
    return rows


def _last_error(log: str, folder: Path) -> str:
    """The last exception's line in Apache's log, without what Apache puts before it, and without
    this machine's folder."""
    lines = [line for line in log.splitlines() if "Error: " in line]
    return lines[-1].rpartition("] ")[2].replace(f"{folder}/", "") if lines else ""


NAME, WORD = "HPYSTATE_INTERPRETERS", "sheet=main"
INSTALL = ("import hpystate", "hpystate.install()")


def installs(hosts: Hosts) -> list[dict[str, Any]]:
    """What a script does before `import sheet`, and what comes of it."""
    enabled = hosts.scratch / "enabled"
    python = str(enabled / "bin" / "python")
    package = str(Path(hpystate.__file__).absolute().parent.parent)
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(enabled)],
        [python, "-m", "hpystate", "enable"],
    ):
        subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": package}
        )
    setting = {NAME: WORD}
    by_script = ("import os", f"os.environ[{NAME!r}] = {WORD!r}", *INSTALL)
    cases: tuple[tuple[str, str, Site, dict[str, Any]], ...] = (
        ("hpystate.install() in the script", "answers", Site("site", "hpy"), {}),
        ("nothing", "refused", Site("site", "hpy", first=()), {}),
        ("import hpystate, no install()", "refused", Site("site", "hpy", first=INSTALL[:1]), {}),
        ("nothing, after `hpystate enable`", "answers", Site("site", "hpy", first=()),
         {"home": str(enabled)}),
        (f"{NAME}={WORD} in Apache's environment", "refused", Site("site", "hpy"),
         {"environment": setting}),
        (f"{NAME}={WORD} by SetEnv", "answers", Site("site", "hpy", set_env=setting), {}),
        (f"os.environ[{NAME!r}] = {WORD!r} in the script", "refused",
         Site("site", "hpy", first=by_script), {}),
    )  # fmt: skip
    rows = []
    for name, expected, site, how in cases:
        with hosts.apache(site, **how) as apache:
            got = Load(apache.port, "site", site.groups, ROWS, 3, 30).run()
            error = _last_error(apache.log(), hosts.extensions)
        outcome = "answers" if got.right == got.asked else "refused"
        row = {"name": name, "expected": expected, "outcome": outcome, "error": error}
        rows.append(row)
        print("  ".join(f"{key}: {value}" for key, value in row.items() if value), flush=True)
    return rows


def measure(hosts: Hosts, parts: list[str], quick: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "processors": len(os.sched_getaffinity(0)),
        "apache": apache_version(),
        "mod_wsgi": mod_wsgi.VERSION,
        "concurrency": CONCURRENCY,
        "load": os.getloadavg()[0],  # of other programs: the parts below make a load of their own
    }
    if "answers" in parts:
        found["answers"] = answers(hosts, 2_000 if quick else 20_000)
    if "install" in parts:
        found["install"] = installs(hosts)
    if "rates" in parts:
        changed = mod_wsgi.need_mod_wsgi(changed=True)
        found["rates"] = rates(hosts.apache, changed, *((1, 0.5) if quick else (5, 1.0)))
        print("\n".join(show(found["rates"])))
    return found


def faults(found: dict[str, Any]) -> list[str]:
    """What may not be: a wrong or missing answer of ours; an outcome that was not expected."""
    lines = []
    ours = next(iter(found.get("answers", ())), None)
    if ours is not None and ours["right"] != ours["asked"]:
        lines.append(f"{ours['name']}: {ours['asked'] - ours['right']} answers are not right")
    if ours is not None and ours["processes"] < 2:
        lines.append("the graceful restart made no new process: no answer came from one")
    for row in found.get("install", ()):
        if row["outcome"] != row["expected"]:
            lines.append(f"{row['name']}: {row['outcome']}; {row['expected']} was expected")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2,000 requests instead of 20,000")
    parts = ("answers", "install", "rates")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, metavar="PART")
    parser.add_argument("--write", action="store_true", help="write results.json and the tables")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there")
    options = parser.parse_args()
    if options.write and (options.quick or set(options.only) != set(parts)):
        parser.error("--write takes a whole run, without --quick and --only")
    try:
        with tempfile.TemporaryDirectory(prefix="hpystate-hosts-") as scratch:
            found = measure(Hosts(Path(scratch)), options.only, options.quick)
    except (BuildError, HostError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        print(f"bench/apache/serve.py: {error}", file=sys.stderr)
        return 2
    text = json.dumps(found, indent=2) + "\n"
    if options.json is not None:
        options.json.write_text(text)
    if options.write:
        RESULTS.write_text(text)
        subprocess.run(
            [sys.executable, HERE.parents[1] / "tools" / "tables.py", "--write"], check=True
        )
    wrong = faults(found)
    for line in wrong:
        print(f"bench/apache/serve.py: {line}", file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
