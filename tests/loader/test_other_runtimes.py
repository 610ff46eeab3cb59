"""test_other_runtimes.py: another HPy runtime uses the same file: what it writes, and what we do.

The other runtime is a small host in C (foreign.py). Each case is a process of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hpystate.testing import compile_snippet
from tests.conftest import Child
from tests.loader.foreign import MODULE, host_named, output


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("both", MODULE)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    return host_named("HPy Universal ABI (host of a test)", tmp_path)


def test_a_shared_file_keeps_the_others_context_and_is_reported_once(
    child: Child, file: Path, host: Path
) -> None:
    script = """
host_takes()
module, told = load()
print(len(told), "host of a test" in told[0], "host.so" in told[0])
print(host.host_has(module.context_word()), len(load()[1]))
module.put(0, "ours")
print(module.get(0), module.content(0) == module.address(0))
"""
    assert output(child, script, file, host) == ["1 True True", "1 0", "ours True"]


def test_what_another_runtime_writes_stays_and_our_values_are_found(
    child: Child, file: Path, host: Path
) -> None:
    script = """
host_takes()
module, told = load()
module.put(0, "before")
host.host_writes(module.address(0), 87)
print(module.get(0), module.content(0))
module.put(0, "after")
print(module.get(0), module.content(0), module.get(1))
host.host_writes(module.address(1), 88)
module.put(1, "second")
print(module.get(0), module.get(1), module.content(0), module.content(1))
again, told = load()
print(again.get(1), told)
"""
    lines = ["before 87", "after 87 nothing", "after second 87 88", "second []"]
    assert output(child, script, file, host) == lines


@pytest.mark.parametrize("content", [3, 87, 0x5555_0000_0008])
def test_content_that_two_slots_or_none_hold_is_a_system_error_that_names_the_cause(
    child: Child, file: Path, host: Path, content: int
) -> None:
    script = f"""
host_takes()
module, told = load()
module.put(0, "a"); module.put(1, "b")
for number in (0, 1):
    host.host_writes(module.address(number), {content})
text = raised(module, 0)
print("HPyGlobal_Load" in text, "0x%x" % {content} in text, "2 slots" in text, "copy" in text)
host.host_writes(module.address(1), {content} + 8)
print(module.get(0), module.get(1))
"""
    assert output(child, script, file, host) == ["True True True True", "a b"]


def test_content_of_no_listed_slot_is_a_system_error(
    child: Child, tmp_path: Path, host: Path
) -> None:
    unlisted = compile_snippet(
        "both",
        MODULE.replace(
            "&first, &second, NULL};\n    static HPyModuleDef",
            "&first, NULL};\n    static HPyModuleDef",
        ),
    )
    script = """
host_takes()
module, told = load()
host.host_writes(module.address(1), 87)
module.put(1, "kept")
print(module.content(1), "no slot that a module lists" in raised(module, 1))
host.host_writes(module.address(1), module.address(1))
print(module.get(1))
"""
    assert output(child, script, unlisted, host) == ["87 True", "kept"]


def test_foreign_content_without_a_known_runtime_warns_once_at_a_safe_point(
    child: Child, file: Path, host: Path
) -> None:
    script = """
module, told = load()
module.put(0, "kept")
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    for i in range(3):
        host.host_writes(module.address(0), 87 + i)
        assert module.get(0) == "kept"
    for i in range(1000): pass
print(told, [str(one.message).count("another HPy runtime") for one in seen])
"""
    assert output(child, script, file, host) == ["[] [1]"]


def test_the_files_pointer_is_looked_at_and_never_written(
    child: Child, file: Path, host: Path
) -> None:
    """The other runtime reads its pointer all the time, on another thread, while we refuse the
    file and while we share it."""
    script = """
module, _ = load()
at = module.context_word()
host_takes()
host.host_begins_reading(at)
for i in range(300):
    try:
        hpystate.load("both", path, other_runtimes="refuse")
        print("loaded")
    except hpystate.LoadError as error:
        assert error.kind == "other-runtime", error
    load(other_runtimes="share")
print(host.host_ends_reading(), host.host_has(at))
"""
    assert output(child, script, file, host) == ["0 1"]


@pytest.mark.parametrize("from_where", ["argument", "environment"])
def test_the_policy_copy_has_slots_of_its_own(
    child: Child, file: Path, host: Path, from_where: str
) -> None:
    how = 'other_runtimes="copy"' if from_where == "argument" else ""
    script = f"""
if {from_where == "environment"}:
    os.environ["HPYSTATE_OTHER_RUNTIMES"] = "nothing=refuse, bo*=copy"
host_takes()
module, told = load({how})
again, _ = load({how})
module.put(0, "ours")
own = module.content(0) == module.address(0)
print(told, again.get(0), own, host.host_has(module.context_word()))
from hpystate.testing import Interpreter
with Interpreter() as other:
    print(other.run(f'''
import hpystate
module = hpystate.load("both", {{path!r}}, other_runtimes="copy")
answer = module.address(0), module.get(0)
''') == (module.address(0), "nothing"))
print(module.__file__ == path)
from hpystate.private_copy import private_copy
print(os.path.dirname(private_copy(path)))
"""
    *lines, folder = output(child, script, file, host)

    assert lines == ["[] ours True 0", "True", "True"]
    assert not Path(folder).exists(), "removed at the end of the process"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("HPy Universal ABI (CPython backend)", "other-runtime"),
        ("HPy Debug Mode ABI", "other-runtime"),
        ("HPy Universal ABI (PyPy backend)", "shared"),
    ],
)
def test_the_default_refuses_upstreams_runtime_and_shares_with_others(
    child: Child, file: Path, tmp_path: Path, name: str, kind: str
) -> None:
    script = """
host_takes()
try:
    load()
    print("shared")
except hpystate.LoadError as error:
    print(error.kind)
    load(other_runtimes="share")
"""
    assert output(child, script, file, host_named(name, tmp_path)) == [kind]


def test_a_runtime_that_comes_later_is_noticed_at_the_next_load(
    child: Child, file: Path, host: Path
) -> None:
    script = """
module, told = load()
host_takes()
again, later = load()
module.put(0, "ours")
print(len(told), len(later), again.get(0))
"""
    assert output(child, script, file, host) == ["0 1 ours"]


@pytest.mark.parametrize("word", ["sometimes", ""])
def test_a_word_that_is_no_policy_is_named(child: Child, file: Path, host: Path, word: str) -> None:
    script = f"""
try:
    load(other_runtimes={word!r})
except ValueError as error:
    print("other_runtimes" in str(error), "'share'" in str(error))
"""
    assert output(child, script, file, host) == ["True True"]
