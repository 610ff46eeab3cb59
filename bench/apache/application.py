"""application.py: what all three groups run: GET /GROUP?NUMBER+ROWS answers what `sheet` made.

The answer's line has the title, the number, the sum, and how many rows were of another title;
then the process, and the microseconds of processor time that page() took.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application_of(sheet: Any, group: str) -> Application:
    sheet.start(group)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        number, rows = map(int, environ["QUERY_STRING"].split("+"))
        processor = time.thread_time_ns()
        answer = sheet.page(number, rows)
        processor = (time.thread_time_ns() - processor) // 1000
        line = " ".join(map(str, (*answer, os.getpid(), processor))).encode()
        start_response("200 OK", [("Content-Length", str(len(line)))])
        return [line]

    return application
