"""test_pypy.py: PyPy 7.3.19 alone, and in one process with CPython and this runtime.

`make test-pypy` gets PyPy. Where it is not in the cache, this file is one skip with the reason.
"""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.hosts import hosts
from tests.limits import limits

try:
    hosts.pypy_folder()
except hosts.NoPyPy as missing:
    pytest.skip(str(missing), allow_module_level=True)

#: PyPy begins in this process; `pypy(code)` runs code there. Each run has names of its own, so what
#: must stay goes into builtins. `load` is ours.
BEGIN = """
import ctypes, os, sys, warnings
sys.path[:] = {path!r}
library = ctypes.CDLL({library!r}, mode=os.RTLD_NOW | os.RTLD_LOCAL)
library.rpython_startup_code()
assert library.pypy_setup_home({exe!r}.encode(), 1) == 0
def pypy(code):
    assert library.pypy_execute_source(code.encode()) == 0, code
file = {file!r}
PYPY_LOADS = f'''
import builtins
from importlib.machinery import ModuleSpec
from hpy.universal import load
builtins.m = load("every", {{file!r}}, ModuleSpec("every", None, origin={{file!r}}), mode=0)
'''
import hpystate
def load(**how):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        module = hpystate.load("every", file, **how)
    return module, [str(one.message) for one in told]
def raised(function, *arguments):
    try:
        return repr(function(*arguments))
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"
"""


class Crash(AssertionError):
    """A signal ended the process; the message is its name."""


def beside(script: str) -> list[str]:
    """What a process prints that has both; it may crash, and has 60 seconds."""
    begin = BEGIN.format(
        path=sys.path,
        library=hosts.pypy_fact("library"),
        exe=hosts.pypy_fact("exe"),
        file=str(hosts.extension()),
    )
    result = limits.run([*hosts.python_beside_pypy(), "-c", begin + script], 60)
    if result.returncode < 0:
        raise Crash(signal.Signals(-result.returncode).name)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.splitlines()


def test_pypy_does_what_the_table_has() -> None:
    assert hosts.measure(hosts.PYPY) == hosts.expected(hosts.PYPY)


def test_headers_without_the_search_crash_there() -> None:
    """So the row HPy_Call of the table can fail."""
    without = hosts.extension(flags=["-DHPYSTATE_OTHER_HOSTS=0"])
    found = hosts.rows_of([hosts.pypy_fact("exe"), str(hosts.CHECKS)], [str(without), "0"], 13)

    assert found["HPy_Call"] in ("SIGSEGV", "SIGABRT")
    assert found["HPyDict_Keys, _Copy"] != ""


def test_pypys_word_stays_and_both_have_their_own_value() -> None:
    script = """
pypy(PYPY_LOADS + "m.store('of PyPy'); builtins.word = m.word_of_slot()")
module, told = load()
print(len(told), "libpypy3.11-c.so" in told[0], len(load()[1]))
print(module.load_unset(), module.word_of_slot())
module.store("of CPython")
print(module.load(), module.word_of_slot(), module.call(divmod, 7, 2), module.fused(len))
pypy("assert m.load() == 'of PyPy' and m.call(divmod, 7, 2) == (3, 1), m.load()")
pypy("m.store('again')")
print(module.load())
pypy("assert m.load() == 'again'")
"""
    assert beside(script) == [
        "1 True 0",
        "nothing another word",
        "of CPython another word (3, 1) 0",
        "of CPython",
    ]


def test_our_loads_find_their_slot_while_pypy_stores() -> None:
    """The word changes between a load's read and its search: the value, or a SystemError that names
    the cause, and nothing else."""
    script = """
import threading
pypy(PYPY_LOADS + "m.store(0)")
module, _ = load()
module.store("ours")
count, other, stop = 0, set(), False
def read():
    global count
    while not stop:
        count += 1
        found = raised(module.load)
        if found != "'ours'":
            other.add(found.split(":")[0] if "nother HPy runtime" in found else found)
thread = threading.Thread(target=read)
thread.start()
pypy('''
import time
end = time.time() + 1.5
while time.time() < end:
    for i in range(100): m.store(i)
''')
stop = True
thread.join()
print(count > 1000, other <= {"SystemError"}, module.load())
"""
    assert beside(script) == ["True True ours"]


def test_content_that_is_no_listed_slots_is_a_system_error_that_names_the_cause() -> None:
    """No module lists the slot that PyPy stores to, so nothing of ours is found by it."""
    script = """
pypy(PYPY_LOADS + "m.store_unlisted('of PyPy')")
module, _ = load()
print(raised(module.load_unlisted))
"""
    (said,) = beside(script)
    assert said.startswith("SystemError: HPyGlobal_Load") and "Another HPy runtime" in said, said


@pytest.mark.parametrize(
    ("policy", "printed"),
    [
        ("share", ["shared, 1 report", "another word"]),
        ("copy", ["shared, 0 report", "its address"]),
        ("refuse", ["LoadError other-runtime"]),
    ],
)
def test_the_policy_of_a_module_decides(policy: str, printed: list[str]) -> None:
    script = f"""
pypy(PYPY_LOADS + "m.store('of PyPy')")
try:
    module, told = load(other_runtimes={policy!r})
    module.store("ours")
    print(f"shared, {{len(told)}} report")
    print(module.word_of_slot())
    assert module.load() == "ours"
except hpystate.LoadError as error:
    print("LoadError", error.kind)
pypy("assert m.load() == 'of PyPy'")
"""
    assert beside(script) == printed


def test_a_runtime_that_stored_first_makes_pypy_crash_and_a_copy_does_not() -> None:
    """PyPy takes our address for a handle of its own. That is why a module has a policy."""
    script = """
import hpystate
module = hpystate.load("every", file, other_runtimes="POLICY")
module.store("ours")
pypy(PYPY_LOADS + "try: m.load()\\nexcept ValueError: pass")
print(module.load())
"""
    assert beside(script.replace("POLICY", "copy")) == ["ours"]
    with pytest.raises(Crash, match="SIGSEGV|SIGABRT"):
        beside(script.replace("POLICY", "share"))


def test_the_tool_names_the_interpreter_that_it_has_got() -> None:
    command = ["tools/get-pypy.sh", str(hosts.pypy_folder())]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert result.stdout.strip() == hosts.pypy_fact("exe")
