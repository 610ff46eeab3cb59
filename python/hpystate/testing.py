"""testing.py: interpreters and small extensions for tests, ours and those of extension authors."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import tempfile
import textwrap
from pathlib import Path
from types import TracebackType
from typing import Any

from hpystate.build import (
    Abi,
    Headers,
    compile_extension,
    content_of_headers,
    make_cache_folder,
)
from hpystate.interpreters import Gil, create, destroy, execute


class InterpreterError(RuntimeError):
    """Code that ran in an Interpreter raised; the message is its traceback."""


class Interpreter:
    """A subinterpreter of this process, ended at the end of the `with` block.

    gil  "own": a GIL of its own, as PEP 684 has it; "shared": a legacy one, with the main GIL

    Code runs on the thread that calls run(), in the interpreter's __main__, which lives on between
    calls. Answers are pickled and sent through a pipe: plain data only.
    """

    def __init__(self, gil: Gil = "own") -> None:
        self.gil = gil
        self._handle: Any = create(gil)
        #: PyInterpreterState_GetID of the interpreter; stays when it has ended.
        self.id = int(self._handle)
        self.run(f"import sys; sys.path[:] = {sys.path!r}")

    def run(self, code: str) -> Any:
        """Executes `code`; the value of the name `answer` in it, if it binds one, is returned.

        Raises InterpreterError with the traceback of what `code` raised.
        """
        read_end, write_end = os.pipe()
        with os.fdopen(read_end, "rb") as pipe:
            self._execute(_wrap(textwrap.dedent(code), write_end))
            raised, value = pickle.loads(pipe.read())
        if raised is not None:
            raise InterpreterError(f"in an interpreter with gil={self.gil!r}:\n{raised}")
        return value

    def _execute(self, script: str) -> None:
        failure = execute(self._handle, script)
        if failure is not None:  # the script itself catches everything
            raise InterpreterError(failure)

    def close(self) -> None:
        """Ends the interpreter. A second call does nothing."""
        if self._handle is not None:
            ended, self._handle = self._handle, None
            destroy(ended)

    def __enter__(self) -> Interpreter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _wrap(code: str, write_end: int) -> str:
    """`code`, with its answer or its traceback written to the pipe. A large answer needs a reader
    that is at work meanwhile: 64 KiB fit into a pipe, so the rest goes through a file."""
    return textwrap.dedent(f"""
        def _run_and_answer():
            import os, pickle
            scope = __import__("__main__").__dict__
            scope.pop("answer", None)
            raised = value = None
            try:
                exec(compile({code!r}, "<interpreter>", "exec"), scope)
                value = scope.pop("answer", None)
                data = pickle.dumps((None, value))
            except BaseException:
                import traceback
                data = pickle.dumps((traceback.format_exc(), None))
            if len(data) > 60000:
                text = f"the answer has {{len(data)}} bytes; at most 60000 are supported"
                data = pickle.dumps((text, None))
            with os.fdopen({write_end}, "wb") as pipe:
                pipe.write(data)
        _run_and_answer()
        del _run_and_answer
    """)


def compile_snippet(
    name: str,
    source: str,
    *,
    flags: tuple[str, ...] = (),
    abi: Abi = "universal",
    headers: Headers = "hpystate",
) -> Path:
    """Compiles the C source of a module `name`; the path of its file. The same text is compiled
    once for each $CC and $CXX and each state of our headers, and has a folder of its own there: a
    run with another compiler at the same time replaces no file that this one has loaded."""
    text = textwrap.dedent(source)
    compilers = (os.environ.get("CC"), os.environ.get("CXX"))
    key = (name, text, flags, headers, compilers, content_of_headers())
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    folder = make_cache_folder("snippets", digest)
    target = folder / f"{name}.c"
    if not target.is_file() or target.read_text() != text:
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".c", delete=False) as scratch:
            scratch.write(text)
        os.replace(scratch.name, target)
    return compile_extension(name, [target], folder, flags=flags, abi=abi, headers=headers)
