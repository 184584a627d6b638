"""Names of layers in a model, and names of factories in messages.

The name `a/b` means layer `b` of block `a`. `tree_of` guarantees that no name is used twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Tree: TypeAlias = "dict[str, int | Tree]"


def other_stream(own: str | None) -> str:
    """Return the name of a stream that a layer does not draw from.

    Args:
        own: the stream that it draws from.
    """
    return next(name for name in ("noise", "dropout") if name != own)


def tree_of(names: Sequence[str]) -> Tree:
    """Return the tree of names; a leaf is a position in `names`.

    Args:
        names: names of the layers, such as `a` or `block/a`.

    Returns:
        A dict by name, with an int for a layer and another dict for a block.

    Raises:
        ValueError: a name is empty, taken twice, or both a layer's and a block's.
    """
    root: Tree = {}
    for position, name in enumerate(names):
        *blocks, leaf = name.split("/")
        if not leaf or not all(blocks):
            raise ValueError(f"names={list(names)!r}: {name!r} has an empty part; leave none out")
        level = root
        for block in blocks:
            below = level.setdefault(block, {})
            if isinstance(below, int):
                raise ValueError(  # noqa: TRY004 - the value of names is wrong, not its type
                    f"names={list(names)!r}: {block!r} is both a layer and a block; rename one"
                )
            level = below
        if leaf in level:
            raise ValueError(f"names={list(names)!r}: {name!r} is taken twice; rename one")
        level[leaf] = position
    return root


def name_of(factory: Callable[..., Any]) -> str:
    """Return the name of a factory, looking through `functools.partial`."""
    inner = getattr(factory, "func", factory)
    return str(getattr(inner, "__qualname__", type(inner).__name__)).rpartition(".")[2]


def source_of(factory: Callable[..., Any]) -> str:
    """Return `module:attr` of a factory, or "" if it cannot be imported from there."""
    module, attr = getattr(factory, "__module__", None), getattr(factory, "__qualname__", None)
    if not module or not attr or "<" in attr:
        return ""
    return f"{module}:{attr}"
