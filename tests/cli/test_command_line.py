"""test_command_line.py: what people expect of a command: help, errors of one line, JSON, exit
statuses, a quick start, completion. What the commands do is tested beside their topics and, from a
wheel, in tests/wheel."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pty
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

from hpystate import cli, config
from hpystate.cli import COMMANDS
from hpystate.cli.progress import waiting

PROGRAM = (sys.executable, "-m", "hpystate")
STAGE = Path(cli.__file__).absolute().parents[2]


def run(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(
        [*PROGRAM, *words],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(STAGE)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_help_has_examples_and_statuses_in_80_columns_without_colours(
    name: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        cli.main([*([name] if name else []), "--help"])

    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert "examples:\n" in text and "exit status:\n  0  " in text
    assert max(map(len, text.splitlines())) <= 80
    assert "\033" not in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_the_help_are_understood(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shlex

    for example in COMMANDS[name].examples:
        program, command, *words = shlex.split(example)
        assert (program, command) == ("hpystate", name)
        cli.parsed(name, words)


@pytest.mark.parametrize(
    ("words", "status", "parts"),
    [
        (("nonsense",), 2, ("nonsense", "--help")),
        (("build",), 2, ("FILE", "build --help")),
        (("build", "missing.c"), 2, ("missing.c", "no such source file")),
        (("build", "two words.c"), 2, ("'two words'", "--name NAME")),
        (("build", "x.c", "--flags='"), 2, ("--flags", "quotation")),
        (("new", "a-b"), 2, ("'a-b'", "new a_b")),
        (("new", "class"), 2, ("'class'", "new myext")),
        (("new", "x", "--in", "/dev/null"), 2, ("/dev/null", "--in FOLDER")),
        (("abi", "--module", "x"), 2, ("--module needs a FILE", "abi FILE --module NAME")),
        (("doctor", "--exercise", "x"), 2, ("--exercise needs a NAME", "doctor NAME")),
        (("demo", "--interpreters", "0"), 2, ("--interpreters is 0", "demo --help")),
    ],
)
def test_an_error_is_one_line_that_names_the_thing_and_the_next_step(
    words: tuple[str, ...],
    status: int,
    parts: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        found: object = cli.main(words)
    except SystemExit as error:
        found = error.code

    said = capsys.readouterr()
    assert (found, said.out) == (status, "")
    assert said.err.count("\n") == 1, said.err
    for part in parts:
        assert part in said.err


def test_a_compilers_message_is_shown_and_the_status_is_1(tmp_path: Path) -> None:
    (tmp_path / "bad.c").write_text("int bad(\n")
    result = run("build", "bad.c", folder=tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("hpystate build: ") and "bad.c:" in result.stderr


def test_json_is_what_a_program_can_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def answer(*words: str) -> dict[str, object]:
        assert cli.main(words) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    made = answer("new", "shapes", "--json")
    assert "src/_core.c" in made["files"] and made["folder"] == "shapes"  # type: ignore[operator]
    source = "shapes/src/_core.c"
    built = answer("build", source, "--out", "lib", "--json")
    assert built == {"file": "lib/_core.hpy0.so", "module": "_core", "abi": "universal"}
    assert (tmp_path / "lib" / "_core.hpy0.so").is_file()
    assert answer("doctor", "--json")["executable"] == sys.executable
    assert answer("abi", "--json")["offers"]
    assert config.main(["--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(config.OPTIONS)


def test_config_prints_a_line_for_each_option_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert config.main(["--version", "--extension-suffix", "--prefix"]) == 0

    version, suffix, prefix = capsys.readouterr().out.splitlines()
    assert (version, suffix) == (config.hpystate.__version__, ".hpy0.so")
    assert Path(prefix, "cmake", "hpystate-config.cmake").is_file()
    assert Path(prefix, "share", "pkgconfig", "hpystate.pc").is_file()
    with pytest.raises(SystemExit) as ended:
        config.main([])
    assert ended.value.code == 2


def test_the_folders_are_printed_for_other_builds(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--include-dir"]) == cli.main(["--cmake-dir"]) == 0

    include, cmake = map(Path, capsys.readouterr().out.splitlines())
    assert (include / "hpy.h").is_file() and (cmake / "hpystate-config.cmake").is_file()


def test_a_start_takes_less_than_100_ms_more_than_python(tmp_path: Path) -> None:
    """Processor time of the child, the least of several: other work on the machine adds to it."""

    # As after an installation: what a first start compiles is kept.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)

    def least(*words: str) -> float:
        found = []
        for _ in range(5):
            before = os.times()
            subprocess.run(
                words, stdout=subprocess.DEVNULL, check=False, timeout=60, env=environment
            )
            after = os.times()
            mine = after.children_user + after.children_system
            found.append(mine - before.children_user - before.children_system)
        return min(found)

    plain = least(sys.executable, "-c", "pass")
    # A debug build of CPython takes three times as long, and nobody waits for it.
    most = 0.3 if sysconfig.get_config_var("Py_DEBUG") else 0.1
    assert least(*PROGRAM, "--help") - plain < most
    assert least(*PROGRAM, "build", "--help") - plain < most


def test_only_the_module_of_the_command_is_imported() -> None:
    code = (
        "import sys; from hpystate.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'hpystate.build', 'hpystate.doctor', 'hpystate.demo', 'rich', 'shtab'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ctrl_c_and_a_closed_pipe_end_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(argv: object) -> int:
        raise KeyboardInterrupt

    assert cli.script(interrupted, []) == 130
    assert capsys.readouterr().err == "hpystate: interrupted\n"
    # `head` ends after the first character, and the rest meets a closed pipe.
    command = f"{sys.executable} -m hpystate abi --json | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{", "")


def test_completion_knows_commands_and_options_or_names_what_it_needs() -> None:
    result = run("--print-completion", "bash")
    try:
        importlib.import_module("shtab")
    except ModuleNotFoundError:
        assert result.returncode == 2 and "pip install shtab" in result.stderr
        assert result.stderr.count("\n") == 1
    else:
        assert result.returncode == 0, result.stderr
        for word in (*COMMANDS, "--exercise", "--abi", "--interpreters"):
            assert word in result.stdout


def test_progress_is_shown_on_a_terminal_from_the_third_second_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hpystate.cli.progress.BEFORE_THE_FIRST", 0.05)
    reader, writer = pty.openpty()
    with open(writer, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        with waiting("compiling point"):
            time.sleep(0.3)
        with waiting("nothing"):  # it is quick: no line
            pass
    shown = ""
    with contextlib.suppress(OSError):  # the terminal's other end is closed
        while more := os.read(reader, 1000):
            shown += more.decode()
    os.close(reader)
    assert "compiling point: 0 s" in shown and "nothing" not in shown
    assert shown.endswith("\r\033[K")
