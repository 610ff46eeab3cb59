"""optree.py: flattens and unflattens trees, a registered class, two trees that differ."""

from __future__ import annotations

import optree


class Pair:
    def __init__(self, left: object, right: object) -> None:
        self.left, self.right = left, right


optree.register_pytree_node(
    Pair,
    lambda pair: ((pair.left, pair.right), None),
    lambda _, both: Pair(*both),
    namespace="ours",
)


def work(i: int) -> object:
    tree = {"b": [i, (2, 3)], "a": Pair(i * 2, {"c": None}), "d": {}}
    leaves, shape = optree.tree_flatten(tree, namespace="ours")
    doubled = optree.tree_map(lambda n: 2 * n, tree, namespace="ours")
    try:
        optree.tree_unflatten(shape, [*leaves, 1])
    except ValueError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return (
        leaves,
        shape.num_leaves,
        str(optree.tree_structure({"x": [i, None]})),
        doubled["a"].left,
        type(shape) is optree.PyTreeSpec,
        [str(path) for path in optree.tree_paths(tree, namespace="ours")],
        said,
    )
