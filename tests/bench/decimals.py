"""decimals.py FOLDER: does the decimal type of `make bench-pyglobal` give what `decimal` gives?
With each back end; a child process of test_pyglobal.py, which gets the differences as JSON.
"""

from __future__ import annotations

import decimal
import json
import operator
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
from pyglobal_rows import BACK_ENDS  # noqa: E402
from pyglobal_worker import compute_pi  # noqa: E402
from worker import load_c  # noqa: E402

from hpystate.testing import Interpreter, InterpreterError  # noqa: E402

#: The first digits of pi, from a table.
PI = "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899"
PRECISIONS = (1, 2, 3, 9, 10, 18, 19, 28, 50, 200)
ROUNDS = 800
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    "+a": lambda a, _: +a,
    "-a": lambda a, _: -a,
    "int": lambda a, _: int(a),
    "bool": lambda a, _: bool(a),
    "repr": lambda a, _: repr(a),
}
#: What random numbers do not meet: halves that go to even, signs of zero, sums that cancel,
#: exponents that are far apart or at their ends.
PAIRS = (
    ("0.5", "0"),
    ("-0", "0"),
    ("-0", "-0E-9"),
    ("0E+5", "1E-3"),
    ("125E-2", "1"),
    ("1.0000000005", "1"),
    ("9999999999999999999999999999.5", "0"),
    ("1E+999999", "9E+999999"),
    ("1E-999999", "1"),
    ("1E+900000", "-1E-900000"),
    ("999999999", "1E-9"),
    ("1000000000000000000", "999999999"),
    ("123456789012345678901234567890", "1234567890"),
)
#: `decimal` has more names for what has no result.
NAMES = {"DivisionUndefined": "InvalidOperation", "DivisionImpossible": "InvalidOperation"}


def outcome(operation: Callable[[Any, Any], Any], a: Any, b: Any) -> str:
    try:
        return str(operation(a, b))
    except ArithmeticError as error:
        name = type(error).__name__
        return NAMES.get(name, name)


def random_number(rng: random.Random) -> str:
    digits = rng.choice("0123456789 059".split())
    length = rng.choice((1, 2, 5, 9, 10, 18, 19, 27, 28, 29, 40, 100))
    text = "".join(rng.choice(digits) for _ in range(length))
    exponent = rng.choice((0, rng.randint(-5, 5), rng.randint(-40, 40), rng.randint(-400, 400)))
    return f"{rng.choice(('', '-'))}{text}E{exponent}"


def differences(module: ModuleType, seed: int) -> list[str]:
    rng = random.Random(seed)
    pairs = [(a, b, p) for a, b in PAIRS for p in PRECISIONS]
    pairs += [
        (random_number(rng), random_number(rng), rng.choice(PRECISIONS)) for _ in range(ROUNDS)
    ]
    found = []
    for a, b, precision in pairs:
        decimal.getcontext().prec = module.getcontext().prec = precision
        theirs: tuple[Any, Any] = decimal.Decimal(a), decimal.Decimal(b)
        ours: tuple[Any, Any] = module.Decimal(a), module.Decimal(b)
        # An int, of one limb or many, on either side.
        if (a, b) not in PAIRS and rng.random() < 0.1:
            number = rng.choice((7, -(10**9), 3**80))
            side = rng.randrange(2)
            theirs = (number, theirs[1]) if side else (theirs[0], number)
            ours = (number, ours[1]) if side else (ours[0], number)
        for name, operation in OPERATIONS.items():
            if name == "int" and theirs[0] and decimal.Decimal(theirs[0]).adjusted() > 2000:
                continue  # an int of a million digits takes seconds
            want, got = outcome(operation, *theirs), outcome(operation, *ours)
            if want != got:
                found.append(f"precision {precision}: {a} {name} {b}: {got}, not {want}")
    # `decimal` has subnormal numbers, which its traps let through; here that is an exception.
    if (got := outcome(operator.truediv, module.Decimal("1E-999999"), 100)) != "Underflow":
        found.append(f"1E-999999 / 100: {got}, not Underflow")
    for digits in (2, 9, 28, 77):
        module.getcontext().prec = digits
        decimal.getcontext().prec = digits + 2
        want = str(decimal.Context(prec=digits).create_decimal(PI))
        if (got := str(compute_pi(module))) != want:
            found.append(f"pi, {digits} digits: {got}, not {want}")
    return found


def elsewhere(folder: Path, name: str) -> str:
    """What becomes of the module in another interpreter, beside this one."""
    code = f"""
        import pathlib, sys
        sys.path.insert(0, {str(BENCH)!r})
        from pyglobal_worker import compute_pi
        from worker import load_c
        module = load_c(pathlib.Path({str(folder)!r}), {name!r})
        module.getcontext().prec = 20
        answer = f"{{compute_pi(module)}} by {{id(module.Decimal)}}"
        """
    try:
        with Interpreter() as other:
            return other.run(code)
    except InterpreterError as error:
        return str(error).strip().rpartition("\n")[2]


def main() -> None:
    folder = Path(sys.argv[1])
    answer: dict[str, Any] = {}
    for seed, (side, back_end) in enumerate(BACK_ENDS.items()):
        name = f"pi_{back_end.lower()}"
        module = load_c(folder, name)
        answer[side] = {
            "differences": differences(module, seed),
            "elsewhere": elsewhere(folder, name),
            "here": id(module.Decimal),
        }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
