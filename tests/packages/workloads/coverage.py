"""coverage.py: the C tracer on a function, with its lines and arcs."""

from __future__ import annotations

from coverage.tracer import CTracer

SOURCE = "def f(n):\n    if n > 3:\n        return 'many'\n    return 'few'\ngot = f({0})\n"


def work(i: int) -> object:
    tracer = CTracer()
    data: dict[str, set[object]] = {}
    tracer.data = data
    tracer.trace_arcs = False
    tracer.should_trace = lambda name, frame: Disposition(name)
    tracer.should_trace_cache = {}
    tracer.warn = lambda *_, **__: None
    tracer.lock_data = tracer.unlock_data = lambda: None
    tracer.should_start_context = tracer.switch_context = tracer.check_include = None
    tracer.concur_id_func = None
    code = compile(SOURCE.format(i), f"traced{i}", "exec")
    scope: dict[str, object] = {}
    tracer.start()
    exec(code, scope)
    tracer.stop()
    return sorted((name, sorted(lines)) for name, lines in data.items()), scope["got"]


class Disposition:
    """What the tracer reads of a file: whether it is traced, and under which name."""

    def __init__(self, name: str) -> None:
        self.original_filename = self.source_filename = name
        self.trace = name.startswith("traced")
        self.reason, self.file_tracer, self.has_dynamic_filename = "", None, False
        self.canonical_filename = name
