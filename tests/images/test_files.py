"""test_files.py: files that no image can be made of: one clear error, and nothing half-done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.images.conftest import Script
from tests.images.made import SINGLE, SUFFIX, compiled

TRY = """
    import hpystate, sys
    hpystate.isolate("single", "tls")
    try:
        import single
    except hpystate.LoadError as error:
        answer = [error.kind, error.name, error.path, str(error)]
    answer.append("single" in sys.modules)
"""
IN_ONE = f"""
    with Interpreter() as first:
        answer = first.run({TRY!r})
"""


def damaged(folder: Path, content: bytes) -> Path:
    file = folder / f"single{SUFFIX}"
    file.write_bytes(content)
    return file


def test_a_file_that_is_not_a_shared_object(script: Script, tmp_path: Path) -> None:
    file = damaged(tmp_path, b"not a shared object at all\n" * 100)
    kind, name, path, message, imported = script(IN_ONE, file)

    assert (kind, name, path, imported) == ("not-shared-object", "single", str(file), False)
    assert str(file) in message


@pytest.mark.parametrize("part", [0.02, 0.5, 0.95])
def test_a_file_that_is_truncated(script: Script, tmp_path: Path, part: float) -> None:
    whole = compiled("single", SINGLE).read_bytes()
    file = damaged(tmp_path, whole[: int(len(whole) * part)])
    kind, _, path, message, imported = script(IN_ONE, file)

    assert kind in ("truncated", "not-shared-object")
    assert (path, imported) == (str(file), False)
    assert str(file) in message


def test_an_empty_file(script: Script, tmp_path: Path) -> None:
    kind, *_, imported = script(IN_ONE, damaged(tmp_path, b""))

    assert kind in ("truncated", "not-shared-object")
    assert imported is False


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read(script: Script, tmp_path: Path) -> None:
    file = damaged(tmp_path, b"")
    file.chmod(0)
    kind, _, path, _, imported = script(IN_ONE, file)

    assert (kind, path, imported) == ("open-failed", str(file), False)


def test_a_file_that_was_replaced_works_as_a_file_of_its_own(
    script: Script, tmp_path: Path
) -> None:
    """After a failure the next import opens what is there then."""
    file = damaged(tmp_path, b"not yet")
    whole = compiled("single", SINGLE)
    answer = script(
        f"""
        import os, shutil
        with Interpreter() as first:
            answer = first.run({TRY!r})[:1]
            shutil.copy({str(whole)!r}, {str(file)!r} + ".new")
            os.replace({str(file)!r} + ".new", {str(file)!r})
            answer.append(first.run("import single; answer = single.bump()"))
        """,
        file,
    )
    assert answer == ["not-shared-object", 1]


def test_a_file_without_the_init_function(script: Script, tmp_path: Path) -> None:
    file = damaged(tmp_path, compiled("otherwise", SINGLE).read_bytes())
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate
                hpystate.isolate("single")
                try:
                    import single
                except ImportError as error:
                    answer = str(error)
            ''')
        """,
        file,
    )
    assert "PyInit_single" in answer and str(file) in answer


#: Thread-local data that the dynamic linker puts into the memory reserved at the start.
TLS = SINGLE.replace(
    "static long count;",
    '__attribute__((tls_model("initial-exec"))) static __thread long count, room[7];'
    " long *rest(void) { return room; }",
)


FILL = """
    answer = {"made": 0}
    with ExitStack() as stack:
        for _ in range(64):
            each = stack.enter_context(Interpreter())
            found = each.run('''
                import hpystate
                hpystate.isolate("tls")
                try:
                    import tls
                    answer = tls.bump()
                except hpystate.LoadError as error:
                    answer = [error.kind, error.name, str(error)]
            ''')
            if found != 1:
                answer["error"] = found
                break
            answer["made"] += 1
"""


@pytest.mark.long
def test_static_tls_is_used_up_with_a_message_and_what_it_tells_to_type_helps(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = compiled("tls", TLS)
    answer = script(FILL, file, timeout=120)
    kind, name, message = answer["error"]

    assert 5 <= answer["made"] < 64
    assert (kind, name) == ("static-tls", "tls")
    variable, _, value = message.partition("GLIBC_TUNABLES=")[2].rstrip(".").rpartition("=")
    assert variable == "glibc.rtld.optional_static_tls"
    monkeypatch.setenv("GLIBC_TUNABLES", f"{variable}={value}")
    assert script(FILL, file, timeout=120) == {"made": 64}


def test_files_mode_has_an_image_in_a_file(script: Script, tmp_path: Path) -> None:
    answer = script(
        f"""
        import os
        os.environ["HPYSTATE_IMAGES"], os.environ["TMPDIR"] = "files", {str(tmp_path)!r}
        with Interpreter() as first:
            answer = first.run('''
                import hpystate
                hpystate.isolate("single")
                import single
                from hpystate import _images
                (image,) = _images.images()
                lines = [line.split() for line in open("/proc/self/maps")]
                mapped = {{line[5] for line in lines if len(line) > 5 and "single" in line[5]}}
                answer = [single.bump(), image.name, sorted(mapped)]
            ''')
        """,
        compiled("single", SINGLE),
    )
    assert answer[0] == 1
    assert answer[1].startswith(str(tmp_path)), answer
