"""test_top.py: `hpystate top`: a script runs as it would without, and what is in it is shown."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from hpystate import cli
from tests.inspect import holder

STAGE = Path(cli.__file__).absolute().parents[2]
PROGRAM = (sys.executable, "-m", "hpystate", "top")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(STAGE), "COLUMNS": "80"}


def top(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def script(folder: Path, text: str) -> str:
    path = folder / "work.py"
    path.write_text(textwrap.dedent(text))
    return str(path)


WORK = f"""
    import os, sys, time, hpystate
    from hpystate import interpreters
    folder = os.path.dirname(os.path.abspath(__file__))
    print(__name__, sys.argv[1:], sys.path[0] == folder, flush=True)
    path = {str(holder.compiled())!r}
    hpystate.load("holder", path).put("here")
    other = interpreters.create("own")
    code = f"import sys; sys.path[:] = {{sys.path!r}}; import hpystate, os; "
    code += f"module = hpystate.load('holder', {{path!r}}); os.write(1, b'from there\\\\n')"
    failure = interpreters.execute(other, code)
    print(failure, flush=True)
    time.sleep(0.5)
    interpreters.destroy(other)
"""


def test_json_has_a_line_for_each_sample_and_the_script_writes_to_stderr(tmp_path: Path) -> None:
    path = script(tmp_path, WORK)
    result = top("--json", "--interval", "0.1", path, "--json", "word", folder=tmp_path)
    samples = [json.loads(line) for line in result.stdout.splitlines()]

    assert result.returncode == 0, result.stderr
    assert result.stderr == "__main__ ['--json', 'word'] True\nfrom there\nNone\n"
    assert len(samples) >= 3
    assert [each["seconds"] for each in samples] == sorted(each["seconds"] for each in samples)
    assert all(each["resident_bytes"] > 2**20 for each in samples)
    pairs = [each["interpreters"] for each in samples if len(each["interpreters"]) == 2]
    main, other = pairs[-1]  # the other one has loaded it by now
    assert (main["modules"], main["slots"], main["values"]) == (1, 2, 1)
    assert (other["modules"], other["slots"], other["values"]) == (1, 2, 0)
    last = samples[-1]["interpreters"]  # the other one has ended
    assert [each["interpreter"] for each in last] == [main["interpreter"]]


ENDS = [
    ("def f():\n    1 / 0\nf()", 1),
    ("if True", 1),
    ("import sys; sys.exit(7)", 7),
    ("import sys; sys.exit('a reason')", 1),
    ("raise SystemExit", 0),
    ("b = 1\nprint('done')", 0),
    ("import atexit; atexit.register(print, 'at the end')", 0),
    ("import sys\nsys.excepthook = lambda *error: print('own hook', error[1])\n{}['x']", 1),
]


@pytest.mark.parametrize(("text", "status"), ENDS)
def test_a_script_ends_as_it_does_without_top(text: str, status: int, tmp_path: Path) -> None:
    path = script(tmp_path, text)
    plain = subprocess.run(
        [sys.executable, path],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    result = top("--json", path, folder=tmp_path)

    assert (result.returncode, plain.returncode) == (status, status)
    assert result.stderr == plain.stdout + plain.stderr
    assert len([json.loads(line) for line in result.stdout.splitlines()]) >= 2


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ((), ("SCRIPT", "hpystate top --help")),
        (("--json", "missing.py"), ("missing.py", "No such file", "hpystate top --help")),
        (("--json", "."), ("Is a directory", "a file of Python was expected")),
        (("here.py",), ("stderr is not a terminal", "hpystate top --json here.py")),
        (("--interval", "0", "here.py"), ("'0'", "0.01 to 3600")),
        (("--interval", "soon", "here.py"), ("'soon'", "0.01 to 3600")),
    ],
)
def test_wrong_arguments_are_one_line(
    words: tuple[str, ...],
    parts: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.py").write_text("raise AssertionError('it ran')\n")
    try:
        found: object = cli.main(["top", *words])
    except SystemExit as error:
        found = error.code

    said = capsys.readouterr()
    assert (found, said.out) == (2, "")
    assert said.err.count("\n") == 1, said.err
    for part in parts:
        assert part in said.err.replace("__main__.py", "hpystate").replace("pytest", "hpystate")


def test_who_reads_the_samples_may_stop(tmp_path: Path) -> None:
    path = script(tmp_path, "import time; time.sleep(1); print('went on')")
    read, write = os.pipe()
    with subprocess.Popen(
        [*PROGRAM, "--json", "--interval", "0.05", path],
        stdout=write,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
    ) as process:
        os.close(write)
        os.close(read)
        _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (141, "went on\n")


def test_on_a_terminal_there_is_a_table_and_the_script_prints_above_it(tmp_path: Path) -> None:
    path = script(tmp_path, WORK + "    raise ValueError('at the end')\n")
    read, write = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, "--interval", "0.1", path],
        stdin=write,
        stdout=write,
        stderr=write,
        env=ENVIRONMENT | {"TERM": "xterm"},
    ) as process:
        os.close(write)
        chunks = []
        try:
            while chunk := os.read(read, 65536):
                chunks.append(chunk)
        except OSError:  # EIO: the other end is closed
            pass
        os.close(read)
        process.wait(timeout=120)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(chunks).decode())

    assert process.returncode == 1
    assert "__main__ [] True" in shown and "MiB resident" in shown
    for column in ("interpreter", "modules", "slots", "values", "window bytes"):
        assert column in shown
    assert "2 in all" in shown and "1 in all" in shown
    assert shown.rindex("ValueError: at the end") > shown.rindex("1 in all")
    assert "cli/top.py" not in shown
