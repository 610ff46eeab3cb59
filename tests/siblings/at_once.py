"""at_once.py: the two extensions at work in main and three other interpreters at the same time."""

from __future__ import annotations

import threading
from types import ModuleType

from hpystate.testing import Interpreter
from tests.siblings import checks
from tests.siblings.conftest import Files


def loads(files: Files, modes: tuple[str, str]) -> str:
    """Code that loads both in an interpreter."""
    return f"""
        import sys, hpystate
        from tests.siblings import checks
        lender = hpystate.load("lender", {str(files[0])!r}, mode={modes[0]!r})
        sys.modules["lender"] = lender
        borrower = hpystate.load("borrower", {str(files[1])!r}, mode={modes[1]!r})
    """


def wrong_answers(
    here: tuple[ModuleType, ModuleType],
    files: Files,
    modes: tuple[str, str],
    expected: checks.Result,
) -> list[object]:
    """What differs from the expected in three interpreters and main. Each stores objects of its own
    in the lender's global, by the borrower, and in the borrower's."""
    lender, borrower = here
    interpreters = [Interpreter("own"), Interpreter("own"), Interpreter("shared")]
    wrong: list[object] = []
    start = threading.Barrier(len(interpreters) + 1)

    def work(number: int, interpreter: Interpreter) -> None:
        start.wait()
        wrong.extend(
            interpreter.run(f"""
                kept, own = ["of interpreter", {number}], ["own", {number}]
                borrower.keep(kept)
                borrower.remember(own)
                answer = []
                for i in range(300):
                    found = borrower.pair(i, kept)
                    if found != (i, kept, kept) or borrower.unwrap(borrower.wrap(i)) != i:
                        answer.append(repr(found))
                    if lender.kept_here() is not kept or borrower.remembered() is not own:
                        answer.append(repr((lender.kept_here(), borrower.remembered())))
                borrower.keep(None)
                if checks.everything(lender, borrower) != {expected!r}:
                    answer.append(repr(checks.everything(lender, borrower)))
            """)
        )

    try:
        for interpreter in interpreters:
            interpreter.run(loads(files, modes))
        threads = [
            threading.Thread(target=work, args=each) for each in enumerate(interpreters, start=1)
        ]
        for thread in threads:
            thread.start()
        start.wait()
        kept, own = ["of main"], ["own of main"]
        borrower.keep(kept)
        borrower.remember(own)
        for i in range(300):
            found = borrower.pair(i, kept)
            if found != (i, kept, kept) or lender.kept_here() is not kept:
                wrong.append(found)
            if borrower.remembered() is not own:
                wrong.append(borrower.remembered())
        for thread in threads:
            thread.join()
    finally:
        borrower.keep(None)
        for interpreter in interpreters:
            interpreter.close()
    return wrong
