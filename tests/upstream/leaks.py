"""leaks.py: memory that the runtime allocated, that nothing refers to any more, by LeakSanitizer.

For processes that run with AddressSanitizer in front of everything. What CPython and the tests'
extensions leave behind is not looked at: an allocation counts where our code asked for it.
"""

from __future__ import annotations

import ctypes
import os
import re
import tempfile

OURS = "_native"
#: Stands between our code and the allocation, at most.
BETWEEN = re.compile(r" in operator new| in (__interceptor_)?(malloc|calloc|realloc)\b|libstdc\+\+")


def is_ours(report: str) -> bool:
    """Whether the first frame that is neither the allocator's nor the C++ library's is ours."""
    frames = [line for line in report.splitlines() if re.match(r"\s+#\d+ ", line)]
    first = next((line for line in frames if not BETWEEN.search(line)), "")
    return OURS in first


def find() -> list[str]:
    """The reports of this process. AttributeError where no sanitizer is loaded."""
    run_time = ctypes.CDLL(None)
    check = run_time.__lsan_do_recoverable_leak_check
    run_time.__sanitizer_set_report_path(b"stderr")  # tools/setup.sh may want reports in files
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            check()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        text = file.read().decode(errors="replace")
    reports = re.findall(r"^(?:Direct|Indirect) leak of .*?(?=^\s*$)", text, re.M | re.S)
    if "LeakSanitizer" in text and not reports:
        raise RuntimeError(f"LeakSanitizer said something that was not understood: {text[:2000]}")
    return [report for report in reports if is_ours(report)]
