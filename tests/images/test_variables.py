"""test_variables.py: what the environment and the table of packages do to isolate()."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.images.conftest import Script
from tests.images.made import MULTI, SINGLE, compiled

VARIABLE = """
    import os
    os.environ.update({variables!r})
    with Interpreter() as first:
        answer = first.run('''
            import hpystate, sys
            try:
                hpystate.install()
                import single, multi
                answer = [type(each.__loader__).__name__ for each in (single, multi)]
            except Exception as error:
                answer = [type(error).__name__, str(error)]
        ''')
"""


@pytest.mark.parametrize(
    ("value", "loaders"),
    [
        ("single,multi", ["ImageLoader", "ImageLoader"]),
        (" * , -other ", ["ImageLoader", "ImageLoader"]),
        ("*,-no*", ["ImageLoader", "ImageLoader"]),
    ],
)
def test_install_isolates_what_the_variable_names(
    script: Script, value: str, loaders: list[str]
) -> None:
    code = VARIABLE.format(variables={"HPYSTATE_ISOLATE": value})

    assert script(code, compiled("single", SINGLE), compiled("multi", MULTI)) == loaders


def test_an_exception_of_the_variable_is_left_to_cpython(script: Script) -> None:
    answer = script(
        """
        import os
        os.environ["HPYSTATE_ISOLATE"] = "*,-single"
        with Interpreter("shared") as first:
            answer = first.run('''
                import hpystate
                hpystate.install()
                hpystate.install()
                import single, multi
                answer = [type(each.__loader__).__name__ for each in (single, multi)]
                answer.append(single.__loader__.is_image)
            ''')
        """,
        compiled("single", SINGLE),
        compiled("multi", MULTI),
    )
    assert answer == ["ImageLoader", "ImageLoader", False]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"HPYSTATE_ISOLATE": "single,,multi"}, "HPYSTATE_ISOLATE: name is empty"),
        ({"HPYSTATE_ISOLATE": "-single"}, "exceptions alone were found (single); a name or a pat"),
        ({"HPYSTATE_ISOLATE": "*,-"}, "HPYSTATE_ISOLATE: an exception is empty"),
        (
            {"HPYSTATE_ISOLATE": "single", "HPYSTATE_IMAGES": "loud"},
            "HPYSTATE_IMAGES: 'loud' was found; 'log', 'files' or 'log,files' was expected",
        ),
        (
            {"HPYSTATE_ISOLATE": "single", "HPYSTATE_PACKAGES": "/nowhere.json"},
            "HPYSTATE_PACKAGES: /nowhere.json cannot be read: No such file",
        ),
    ],
)
def test_a_wrong_variable_is_named(script: Script, variables: dict[str, str], message: str) -> None:
    kind, text = script(VARIABLE.format(variables=variables), compiled("single", SINGLE))

    assert kind == "ValueError"
    assert message in text


def test_log_has_a_line_for_each_file(script: Script, capfd: pytest.CaptureFixture[str]) -> None:
    single, multi = compiled("single", SINGLE), compiled("multi", MULTI)
    answer = script(
        """
        import contextlib, io, os
        os.environ["HPYSTATE_IMAGES"] = "log"
        with Interpreter("shared") as first:
            answer = first.run('''
                import contextlib, hpystate, io
                hpystate.isolate("single")
                with contextlib.redirect_stderr(io.StringIO()) as stream:
                    import single, multi
                answer = stream.getvalue()
            ''')
        """,
        single,
        multi,
    )
    first, second = answer.splitlines()
    assert first.startswith(f"hpystate.images: interpreter 1: single: image of {single}: ")
    assert "KiB shared with the file" in first and "libraries: none" in first
    assert first.endswith(" ms") and second.endswith(" ms")
    assert f"multi: {multi} is left to CPython, not isolated" in second


def test_a_line_that_cannot_be_written_is_a_warning(script: Script) -> None:
    answer = script(
        """
        import os
        os.environ["HPYSTATE_IMAGES"] = "log"
        with Interpreter() as first:
            answer = first.run('''
                import hpystate, io, sys, warnings
                hpystate.isolate("single")
                kept, sys.stderr = sys.stderr, io.StringIO()
                sys.stderr.close()
                with warnings.catch_warnings(record=True) as seen:
                    warnings.simplefilter("always")
                    import single
                sys.stderr = None
                del sys.modules["single"]
                import single
                sys.stderr = kept
                answer = [str(each.message) for each in seen]
            ''')
        """,
        compiled("single", SINGLE),
    )
    (text,) = answer
    assert text.startswith("HPYSTATE_IMAGES: the line 'hpystate.images: interpreter 1: single")
    assert "could not be written to sys.stderr" in text


# ---- the table ---------------------------------------------------------------------------------


def test_a_package_that_the_table_refuses(script: Script, tmp_path: Path) -> None:
    table = tmp_path / "mine.json"
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    table.write_text(json.dumps({"single": {"refuse": {version: "it bites"}}}))
    file = compiled("single", SINGLE)
    kind, name, path, message, loaded = script(
        f"""
        with Interpreter() as first:
            answer = first.run('''
                import hpystate, sys
                hpystate.isolate("single", packages={str(table)!r})
                try:
                    import single
                except hpystate.LoadError as error:
                    answer = [error.kind, error.name, error.path, str(error)]
                from hpystate import _images
                answer.append(["single" in sys.modules, _images.images()])
            ''')
        """,
        file,
    )
    assert (kind, name, path, loaded) == ("refused", "single", str(file), [False, []])
    assert f"on CPython {version}: it bites. Import it in the main" in message
    assert "HPYSTATE_PACKAGES" in message


def test_a_package_brings_what_it_needs_and_its_variables(script: Script, tmp_path: Path) -> None:
    table = tmp_path / "mine.json"
    entry = {"also": ["multi"], "environment": {"HPYSTATE_A": "1", "HPYSTATE_B": "2"}}
    table.write_text(json.dumps({"single": entry}))
    answer = script(
        f"""
        import os
        os.environ.update(HPYSTATE_PACKAGES={str(table)!r}, HPYSTATE_B="mine")
        with Interpreter() as first, Interpreter() as second:
            for each, asked in ((first, True), (second, False)):
                each.run(f'''
                    import hpystate, os
                    hpystate.isolate("single", set_environment={{asked}})
                    before = os.environ.get("HPYSTATE_A")
                    import single, multi
                ''')
            names = "answer = [before, os.environ.get('HPYSTATE_A'), os.environ['HPYSTATE_B']]"
            answer = [each.run(names) for each in (first, second)]
        """,
        compiled("single", SINGLE),
        compiled("multi", MULTI),
    )
    assert answer == [[None, "1", "mine"], [None, None, "mine"]]
