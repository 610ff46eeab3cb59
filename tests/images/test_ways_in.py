"""test_ways_in.py: private images in a pool, by `hpystate run`, by `hpystate enable`, and in what
hpystate.inspect() shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpystate.cli.enable import line
from hpystate.pool import InterpreterPool
from tests.images.conftest import Script
from tests.images.made import SINGLE, compiled

# ---- pools -------------------------------------------------------------------------------------

IN_A_POOL = """
    single = "__import__('single')"
    with hpystate.InterpreterPool(1, {options}) as pool:
        try:
            answer = [pool.submit(eval, f"{{single}}.bump()").result() for _ in range(2)]
            answer.append(pool.submit(eval, f"type({{single}}.__loader__).__name__").result())
        except Exception as error:
            answer = [type(error).__name__, str(error), *getattr(error, "__notes__", [])]
"""


def in_a_pool(script: Script, options: str) -> Any:
    return script(IN_A_POOL.format(options=options), compiled("single", SINGLE))


@pytest.mark.parametrize("names", [["single"], ["*", "-torch"]])
def test_a_worker_isolates_before_it_imports_modules(script: Script, names: list[str]) -> None:
    answer = in_a_pool(script, f"isolate={names!r}, modules=['single']")

    assert answer == [1, 2, "ImageLoader"]


def test_a_worker_isolates_before_its_initializer(script: Script) -> None:
    answer = in_a_pool(script, "isolate=['single'], initializer=eval, initargs=('1',)")

    assert answer == [1, 2, "ImageLoader"]


def test_the_variable_reaches_the_workers(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPYSTATE_ISOLATE", "single")

    assert in_a_pool(script, "") == [1, 2, "ImageLoader"]


def test_a_wrong_variable_is_why_a_worker_could_not_start(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPYSTATE_ISOLATE", "-single")
    kind, text, *_ = in_a_pool(script, "")

    assert kind == "BrokenInterpreterPool"
    assert "HPYSTATE_ISOLATE: exceptions alone were found (single)" in text


@pytest.mark.skipif(
    sys.version_info[:3] == (3, 13, 0), reason="3.13.0 aborts where it refuses a module"
)
def test_without_it_the_note_tells_what_to_try(script: Script) -> None:
    kind, text, note = in_a_pool(script, "")

    assert (kind, text) == (
        "ImportError",
        "module single does not support loading in subinterpreters",
    )
    assert "try InterpreterPool(isolate=['single'])" in note


@pytest.mark.parametrize(
    ("isolate", "error", "message"),
    [
        ("numpy", TypeError, r"isolate is 'numpy'; a list of names was expected"),
        ([3], TypeError, "isolate: name is int, a str was expected"),
        ([""], ValueError, "isolate: name is empty"),
        (["-torch"], ValueError, r"isolate: exceptions alone were found \(torch\)"),
    ],
)
def test_a_pool_refuses_wrong_names_at_once(
    isolate: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        InterpreterPool(1, isolate=isolate)


def run(*arguments: str, folder: Path) -> tuple[int, str, str]:
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "hpystate", "run", *arguments],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_run_isolates(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        "def bump(text):\n    import single\n"
        "    return f'{text}{single.bump()}{type(single.__loader__).__name__}'\n"
    )
    compiled("single", SINGLE, beside=tmp_path)
    options = ("--isolate", "single", "--interpreters", "1")

    assert run("work:bump", *options, "a", "b", folder=tmp_path) == (
        0,
        "a1ImageLoader\nb2ImageLoader\n",
        "",
    )
    status, _, errors = run("work:bump", "--isolate", "-x", "a", folder=tmp_path)
    assert status == 2 and "--isolate" in errors
    status, _, errors = run("work:bump", "--isolate=single,", "a", folder=tmp_path)
    assert status == 2 and "--isolate: name is empty" in errors


# ---- hpystate enable ---------------------------------------------------------------------------


@pytest.fixture
def pth(tmp_path: Path) -> str:
    """A file with the line that `hpystate enable` writes."""
    (tmp_path / "line.py").write_text(line())
    return str(tmp_path / "line.py")


def test_an_enabled_environment_isolates_at_the_start_of_an_interpreter(
    script: Script, pth: str
) -> None:
    """site executes the line in every interpreter; twice in a virtual environment."""
    answer = script(
        f"""
        import os
        os.environ["HPYSTATE_ISOLATE"] = "single"
        with Interpreter() as first:
            answer = first.run('''
                import sys
                exec(open({pth!r}).read())
                exec(open({pth!r}).read())
                import single
                names = [type(each).__name__ for each in sys.meta_path]
                answer = [type(single.__loader__).__name__,
                          sum(hasattr(each, "first_miss") for each in sys.meta_path),
                          names.count("HPyFinder")]
            ''')
        """,
        compiled("single", SINGLE),
    )
    assert answer[0] == "ImageLoader"
    assert answer[1] <= 1 and answer[2] == 1


def test_without_the_variable_an_enabled_environment_imports_nothing(
    script: Script, pth: str
) -> None:
    answer = script(
        f"""
        with Interpreter() as first:
            answer = first.run('''
                import sys
                exec(open({pth!r}).read())
                answer = ["hpystate" in sys.modules,
                          sum(hasattr(each, "first_miss") for each in sys.meta_path)]
            ''')
        """
    )
    assert answer == [False, 1]


# ---- inspect -----------------------------------------------------------------------------------


def test_inspect_shows_the_images_of_interpreters_that_it_reads(
    script: Script, tmp_path: Path
) -> None:
    file = compiled("single", SINGLE)
    answer = script(
        f"""
        with Interpreter() as first:
            first.run("import hpystate; hpystate.isolate('single'); import single")
            seen, all_of_them = hpystate.inspect(), hpystate.inspect(all=True)
            there = first.run('''
                found = hpystate.inspect()
                found.to_json()
                found.to_html({str(tmp_path / "page.html")!r})
                answer = [found.to_dict()["images"]["images"], str(found)]
            ''')
            answer = [
                seen.interpreters[0]["images"], seen.interpreters[1]["images"],
                all_of_them.interpreters[1]["images"], seen.to_dict()["images"], *there,
            ]
        """,
        file,
    )
    main, unread, (image,), counts, number, text = answer
    page = (tmp_path / "page.html").read_text()

    assert (main, unread, counts, number) == ([], None, None, 1)
    assert image["file"] == str(file)
    assert image["libraries"] == []
    assert image["shared"] > 0 and image["private"] > 0
    line_of_it = f"  image of {file}: {image['shared']} bytes shared with the file, "
    assert line_of_it in text
    assert "<h2>Private images</h2>" in page and str(file) in page
