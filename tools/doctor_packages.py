"""doctor_packages.py [--only NAME,NAME] [--venv FOLDER]: the doctor's verdicts on packages as pip
installs them.

Installs PACKAGES into a virtual environment of its own (build/doctor-packages-<X>) with the Python
that runs this, lets `python -m hpystate doctor` examine each, with a small workload, and writes
tests/doctor/results/packages.json. `tools/tables.py --write` makes the table of docs/doctor.md from
it. The network is needed for what is not installed yet. Exit status 1: a package cannot be
installed, or the doctor gave no answer; the text names it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "tests" / "doctor" / "results" / "packages.json"
SECONDS = 3600  # for one package; the doctor has a limit for each module

#: Packages with a workload that runs their compiled code; "" where importing it does.
PACKAGES = {
    "aiohttp": "from aiohttp import _http_parser, http_writer",
    "bcrypt": "import bcrypt; bcrypt.hashpw(b'word', bcrypt.gensalt(4))",
    "cffi": "import cffi; cffi.FFI().new('int *', 3)[0]",
    "coverage": "import coverage.tracer; coverage.tracer.CTracer()",
    "cryptography": "from cryptography import fernet; fernet.Fernet.generate_key()",
    "frozenlist": "import frozenlist; frozenlist.FrozenList([1]).freeze()",
    "greenlet": "import greenlet; greenlet.greenlet(lambda: 1).switch()",
    "isojson": "",
    "kiwisolver": "import kiwisolver as k; s = k.Solver(); s.addConstraint(k.Variable('x') >= 1)",
    "lxml": "from lxml import etree; etree.fromstring('<a><b/></a>').xpath('//b')",
    "lz4": "import lz4.frame as f; f.decompress(f.compress(b'abc'))",
    "markupsafe": "import markupsafe; markupsafe.escape('<a>')",
    "msgpack": "import msgpack; msgpack.unpackb(msgpack.packb({'a': [1, None]}))",
    "multidict": "import multidict; multidict.CIMultiDict(a=1)['A']",
    "numpy": "import numpy; numpy.linalg.inv(numpy.eye(3)).sum(); numpy.fft.fft([1.0, 2.0])",
    "orjson": "import orjson; orjson.loads(orjson.dumps({'a': [1.5, None]}))",
    "pillow": "from PIL import Image; Image.new('RGB', (4, 4)).resize((2, 2))",
    "propcache": "from propcache import api; type('C', (), {'x': api.cached_property(len)})",
    "psutil": "import psutil; psutil.Process().memory_info()",
    "pydantic-core": "import pydantic_core as p; p.SchemaValidator({'type': 'int'})",
    "pyyaml": "import yaml; yaml.load('a: [1]', yaml.CSafeLoader)",
    "pyzmq": "import zmq; zmq.Context().term()",
    "rapidfuzz": "from rapidfuzz import fuzz; fuzz.ratio('this', 'that')",
    "regex": "import regex; regex.findall(r'\\p{L}+', 'a b')",
    "time-machine": "import time_machine; time_machine.travel(0).start()",
    "ujson": "import ujson; ujson.loads(ujson.dumps({'a': [1.5, None]}))",
    "uvloop": "import uvloop; uvloop.new_event_loop().close()",
    "wrapt": "import wrapt; wrapt.ObjectProxy([]).append(1)",
    "yarl": "import yarl; yarl.URL('http://a/b c').human_repr()",
    "zstandard": "import zstandard as z; z.decompress(z.compress(b'abc'))",
}


#: What modules of a package need besides, which pip does not know.
BESIDE = {"greenlet": ["objgraph"]}  # its tests


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--only", metavar="NAME,NAME", help="these of the list")
    parser.add_argument(
        "--venv", type=Path, metavar="FOLDER", help="an environment that has them all"
    )
    options = parser.parse_args(arguments)
    options.names = options.only.split(",") if options.only else list(PACKAGES)
    unknown = [name for name in options.names if name not in PACKAGES]
    if unknown:
        parser.error(f"--only: {', '.join(unknown)}: names of PACKAGES were expected")
    return options


def install(names: list[str], folder: Path) -> Path:
    """The Python of an environment that has the packages and what the doctor needs."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    beside = [each for name in names for each in BESIDE.get(name, ())]
    wanted = ["pyelftools", "rich", *names, *beside]
    subprocess.run([*pip, "--only-binary", ":all:", *wanted], check=True)
    return python


def versions(python: Path) -> dict[str, str]:
    command = [str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout
    return {row["name"].lower().replace("_", "-"): row["version"] for row in json.loads(listed)}


def examine(python: Path, name: str) -> dict[str, Any]:
    """What the doctor prints as JSON. Raises RuntimeError where it prints none."""
    command = [str(python), "-m", "hpystate", "doctor", name, "--json"]
    if PACKAGES[name]:
        command += ["--exercise", PACKAGES[name]]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=ROOT / "build",  # a folder without packages, which would come first
        check=False,
    )
    if not result.stdout:
        raise RuntimeError(f"{name}: the doctor gave no answer: {result.stderr.strip()}")
    return json.loads(result.stdout)


def named_by(layer: str) -> str:
    """The doctor's sentence on names as one word."""
    return next(
        (
            word
            for begin, word in (
                ("debug information;", "DWARF"),
                ("symbols", "symbols"),
                ("no symbols", "nothing"),
            )
            if layer.startswith(begin)
        ),
        "",
    )


def initialisation(declared: str) -> str:
    """What it declares, as one word."""
    if declared.startswith("single-phase"):
        return "single-phase"
    value = declared.partition("Py_mod_multiple_interpreters: ")[2].partition(";")[0]
    return {"absent": "nothing"}.get(value, value)


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """What the results keep of a package."""
    rows = [
        {
            "module": each["module"],
            "verdict": each["verdict"],
            "certainty": each["certainty"],
            "why": each["why"],
            "declared": each["layers"].get("declared", ""),
            "differential": each["layers"].get("differential", ""),
            "initialisation": initialisation(each["layers"].get("declared", "")),
            "named_by": named_by(each["layers"].get("symbols and DWARF", "")),
            "words": len(each["statics"]),
            "variables": len({s["variable"] for s in each["statics"]}),
            "only_after_exercise": sum(s["step"] == "exercise" for s in each["statics"]),
            "static_types": len(each["static_types"]),
            "hints": each["hints"],
            "exercise_failed": each["exercise_failed"],
        }
        for each in found["modules"]
    ]
    return {"counts": found["counts"], "modules": rows}


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    folder = options.venv or ROOT / "build" / f"doctor-packages-{sys.version_info[1]}"
    try:
        python = install(options.names, folder)
    except subprocess.CalledProcessError as error:
        print(f"doctor_packages: {' '.join(error.cmd[:4])} failed; see above", file=sys.stderr)
        return 1
    known = versions(python)
    document: dict[str, Any] = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "python": platform.python_version(),
        "packages": {},
    }
    failed = False
    for number, name in enumerate(options.names, start=1):
        begin = time.monotonic()
        try:
            found = examine(python, name)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"doctor_packages: {error}", file=sys.stderr)
            failed = True
            continue
        seconds = time.monotonic() - begin
        document["packages"][name] = {"version": known.get(name, "?"), **summary(found)}
        counted = ", ".join(f"{count} {what}" for what, count in found["counts"].items() if count)
        print(f"[{number}/{len(options.names)}] {name}: {counted} ({seconds:.1f} s)", flush=True)
    if options.only is None and not failed:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(document, indent=1) + "\n")
        print(f"written: {os.path.relpath(RESULTS)}; now tools/tables.py --write")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
