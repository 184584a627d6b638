"""Names of layers in a model, and of factories in messages.

``a/b`` puts a layer ``b`` in a block ``a``. Guarantees a tree in which no name is taken twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Tree: TypeAlias = "dict[str, int | Tree]"


def tree_of(names: Sequence[str]) -> Tree:
    """Returns the tree of names, whose leaves are positions in ``names``.

    Args:
        names: names of the layers; ``a/b`` is layer ``b`` of block ``a``.

    Returns:
        A dict by name: an int for a layer, another dict for a block.

    Raises:
        ValueError: a name is empty, taken twice, or both a layer's and a block's.
    """
    root: Tree = {}
    for position, name in enumerate(names):
        *blocks, leaf = name.split("/")
        if not leaf or not all(blocks):
            raise ValueError(f"names={list(names)!r}: {name!r} has an empty part; leave none out")
        here = root
        for block in blocks:
            below = here.setdefault(block, {})
            if isinstance(below, int):
                raise ValueError(  # noqa: TRY004 - the names are at fault, not a type
                    f"names={list(names)!r}: {block!r} is both a layer and a block; rename one"
                )
            here = below
        if leaf in here:
            raise ValueError(f"names={list(names)!r}: {name!r} is taken twice; rename one")
        here[leaf] = position
    return root


def name_of(factory: Callable[..., Any]) -> str:
    """Returns the name of a factory, looking through ``functools.partial``."""
    inner = getattr(factory, "func", factory)
    return str(getattr(inner, "__qualname__", type(inner).__name__)).rpartition(".")[2]


def source_of(factory: Callable[..., Any]) -> str:
    """Returns ``module:attr`` of a factory, or nothing if it cannot be found there again."""
    module, attr = getattr(factory, "__module__", None), getattr(factory, "__qualname__", None)
    if not module or not attr or "<" in attr:
        return ""
    return f"{module}:{attr}"
