"""Other numbers for parameters that are all zero, so that a model shows what its dropout does.

Question: what does a model do once training has moved its parameters from 0?
Guarantee: a last layer, a gate or an update that begins as zeros no longer hides what happens
before it. The numbers are fixed by the place of a parameter, differ from unit to unit, and are as
small as those of usual initialisers; every other parameter stays as it is.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["without_zeros"]

_LOW, _HIGH = 0.1, 0.3


def without_zeros(parameters: Any) -> Any:
    """Return a tree of parameters in which none is all zero.

    Args:
        parameters: any tree of arrays; what holds no real numbers stays what it is.
    """
    leaves, tree = jax.tree_util.tree_flatten(parameters)
    return jax.tree_util.tree_unflatten(
        tree, [_filled(leaf, place) for place, leaf in enumerate(leaves)]
    )


def _filled(leaf: Any, place: int) -> Any:
    if not jnp.issubdtype(getattr(leaf, "dtype", np.int32), jnp.floating):
        return leaf
    if not leaf.size or np.asarray(leaf).any():
        return leaf
    generator = np.random.Generator(np.random.Philox(key=place))
    words = generator.integers(2**32, size=leaf.shape, dtype=np.uint32)
    uniform = np.asarray(words).astype(np.float64) / 2.0**32
    if leaf.ndim < 2:  # noqa: PLR2004 (a bias or a gate: above 0, so that no relu cuts it off)
        numbers = _LOW + (_HIGH - _LOW) * uniform
    else:
        numbers = math.sqrt(12.0 / math.prod(leaf.shape[:-1])) * (uniform - 0.5)
    numbers = numbers.astype(leaf.dtype)
    return jnp.asarray(numbers) if isinstance(leaf, jax.Array) else numbers
