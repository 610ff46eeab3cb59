"""kiwisolver.py: a system of constraints, strengths, a constraint that cannot be met."""

from __future__ import annotations

import itertools

import kiwisolver as kiwi


def work(i: int) -> object:
    solver = kiwi.Solver()
    cells = [kiwi.Variable(f"x{n}") for n in range(8)]
    solver.addConstraint((cells[0] >= i) | "strong")
    for left, right in itertools.pairwise(cells):
        solver.addConstraint(right >= left + i + 1)
    solver.addEditVariable(cells[-1], "weak")
    solver.suggestValue(cells[-1], 100 + i)
    solver.updateVariables()
    conflict = cells[1] + 1 <= cells[0]
    try:
        solver.addConstraint(conflict | "required")
    except kiwi.UnsatisfiableConstraint as error:
        said = type(error.args[0]) is kiwi.Constraint
    else:
        said = False
    terms = 2 * cells[0] + cells[1] + i
    return (
        [cell.value() for cell in cells],
        said,
        type(terms) is kiwi.Expression,
        terms.value(),
        kiwi.strength.strong,
        [term.coefficient() for term in terms.terms()],
    )
