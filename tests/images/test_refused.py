"""test_refused.py: a system that gives no file in memory, no folder, and no more mappings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.images.conftest import Script
from tests.images.made import MULTI, SINGLE, compiled

#: The calling process gets EPERM of memfd_create (319 on x86-64) from here on.
NO_MEMFD = """
import ctypes, struct

def no_memfd():
    rows = [(0x20, 0, 0, 0), (0x15, 0, 1, 319), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
    start = ctypes.addressof(program)
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rows), start))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    assert libc.prctl(22, 2, head, 0, 0) == 0, ctypes.get_errno()  # PR_SET_SECCOMP: a filter
    try:
        os.memfd_create("x")
    except PermissionError:
        return
    raise AssertionError("memfd_create works")
"""
IMPORT = """
import hpystate
hpystate.isolate("single")
try:
    import single
    answer = single.bump()
except hpystate.LoadError as error:
    answer = [error.kind, error.name, str(error)]
"""


def test_without_files_in_memory_an_image_is_a_file_that_only_the_user_may_read(
    script: Script, tmp_path: Path
) -> None:
    answer = script(
        f"""
        import os
        os.environ["TMPDIR"] = {str(tmp_path)!r}
        exec({NO_MEMFD!r})
        no_memfd()
        answer = []
        with Interpreter() as first:
            answer.append(first.run({IMPORT!r}))
            (folder,) = os.listdir({str(tmp_path)!r})
            folder = os.path.join({str(tmp_path)!r}, folder)
            modes = {{os.stat(os.path.join(folder, each)).st_mode & 0o077
                      for each in [".", *os.listdir(folder)]}}
            answer += [sorted(modes), any("single" in each for each in os.listdir(folder))]
        """,
        compiled("single", SINGLE),
    )
    assert answer == [1, [0], True]
    assert list(tmp_path.iterdir()) == [], "the end of the process removes them"


def test_without_files_in_memory_and_without_a_folder_there_is_a_message_and_it_works_later(
    script: Script, tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    answer = script(
        f"""
        import os
        os.environ["TMPDIR"] = {str(missing)!r}
        exec({NO_MEMFD!r})
        no_memfd()
        with Interpreter() as first:
            answer = [first.run({IMPORT!r})]
            os.mkdir({str(missing)!r})
            answer.append(first.run({IMPORT!r}))
        """,
        compiled("single", SINGLE),
    )
    kind, name, message = answer[0]
    assert (kind, name) == ("no-memory-file", "single")
    assert str(missing) in message and "TMPDIR" in message
    assert answer[1] == 1


#: Takes all mappings but so many; give_back() undoes it.
MAPPINGS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
PAGES = 2 * int(open("/proc/sys/vm/max_map_count").read()) + 1000
block = libc.mmap(None, PAGES * 4096, 0, 0x4022, -1, 0)  # private, anonymous, no reserve
assert block not in (None, 2**64 - 1)

def take_all():
    page = 0
    while libc.mprotect(block + page * 4096, 4096, 1) == 0:
        page += 2
        assert page < PAGES
    return page - 2

def leave(count, last):
    # A page that is as its neighbours are makes one mapping of three.
    for each in range((count + 1) // 2):
        assert libc.mprotect(block + (last - 2 * each) * 4096, 4096, 0) == 0

def give_back():
    assert libc.munmap(block, PAGES * 4096) == 0
"""


@pytest.mark.slow
@pytest.mark.skipif(
    int(Path("/proc/sys/vm/max_map_count").read_text()) > 1_000_000,
    reason="vm.max_map_count is too high to be reached",
)
def test_without_mappings_there_is_a_message_and_it_works_later(script: Script) -> None:
    """However many are left: the import is right, or a clear error and right later."""
    answer = script(
        f"""
        exec({MAPPINGS!r})
        READY = "import hpystate; hpystate.isolate('single', 'multi'); import multi; answer = None"
        TRY = '''
            try:
                import single
                answer = single.bump()
            except hpystate.LoadError as error:
                answer = error.kind
            except MemoryError:
                answer = "MemoryError"
        '''
        answer = []
        with ExitStack() as stack:
            made = [stack.enter_context(Interpreter()) for _ in range(10)]
            for each in made: each.run(READY)
            last = take_all()
            for number, each in enumerate(made):
                leave(2, last - 2 * number)
                answer.append(each.run(TRY))
            give_back()
            answer = [answer, [each.run("import single; answer = single.bump()") for each in made]]
        """,
        compiled("single", SINGLE),
        compiled("multi", MULTI),
    )
    tried, later = answer
    assert set(tried) <= {"no-mappings", "MemoryError", 1}, tried
    assert "no-mappings" in tried, tried
    assert later == [2 if each == 1 else 1 for each in tried]
