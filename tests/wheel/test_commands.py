"""test_commands.py: the scripts that an installation puts on PATH."""

from __future__ import annotations

import sys
from pathlib import Path

from hpystate.cli import COMMANDS
from tests.wheel.conftest import Run, page_block


def test_the_script_and_the_module_are_the_same_command(run: Run, empty: Path) -> None:
    for python in (Path(sys.executable), empty):
        script = run(python.parent / "hpystate", "--help")
        module = run(python, "-m", "hpystate", "--help")
        # The name of the program differs, so the lines of the usage are broken elsewhere.
        examples = module.replace("python -m hpystate", "hpystate")
        assert script.partition("options:")[2] == examples.partition("options:")[2]
        assert script.startswith("usage: hpystate ")


def test_errors_of_the_scripts_name_what_to_type(run: Run) -> None:
    said = run("hpystate", "nonsense", status=2)
    assert said.count("\n") == 1 and said.endswith("Type: hpystate --help\n")
    said = run("hpystate-config", "--nonsense", status=2)
    assert said.count("\n") == 1 and said.endswith("Type: hpystate-config --help\n")


def test_a_shell_completes_commands_and_options(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / ".local" / "share" / "bash-completion" / "completions"
    folder.mkdir(parents=True)
    run(
        "bash", "-ec", page_block("sh", "--print-completion", "docs/install.md"), HOME=str(tmp_path)
    )

    ask = f"""
        source {folder / "hpystate"}
        COMP_WORDS=(hpystate "$1"); COMP_CWORD=1
        COMP_LINE="hpystate $1"; COMP_POINT=${{#COMP_LINE}}
        $(complete -p hpystate | sed 's/.*-F \\([^ ]*\\).*/\\1/') hpystate "$1" hpystate
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    found = set(run("bash", "-c", ask, "bash", "").split())
    assert set(COMMANDS) <= found
    assert run("bash", "-c", ask, "bash", "doc").split() == ["doctor"]


def test_without_shtab_the_completion_names_what_it_needs(run: Run, empty: Path) -> None:
    said = run(empty, "-m", "hpystate", "--print-completion", "bash", status=2)
    assert said.count("\n") == 1 and "-m pip install shtab" in said
