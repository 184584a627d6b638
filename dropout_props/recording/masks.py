"""Make the masks again, after the record: from key words, probability, shape and settings.

Exact for threefry keys, whose bits are a function of these alone. Keys of `rbg` and `unsafe_rbg`
give bits that depend on the compiled program, and their masks are not rebuilt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.recording.errors import RecordingError
from dropout_props.recording.records import Draw

EXACT = frozenset({"threefry2x32"})


def can_rebuild(draw: Draw) -> bool:
    """Say whether `mask` can make the mask of a draw."""
    site = draw.site
    return (
        site.sampler == "bernoulli" and site.impl in EXACT and isinstance(draw.probability, float)
    )


def masks(draws: Sequence[Draw]) -> np.ndarray[Any, Any]:
    """Make the masks of draws of one site.

    Args:
        draws: draws whose sites agree in shape, mode and implementation.

    Returns:
        bool[len(draws), *shape]: True where a unit is kept.

    Raises:
        RecordingError: a mask cannot be made again.
    """
    for draw in draws:
        if not can_rebuild(draw):
            raise RecordingError(
                f"the mask of {draw.site.sampler} at {draw.site.place.name} cannot be made again"
                f" (key implementation {draw.site.impl}, probability {draw.probability}): only"
                " bernoulli draws of threefry keys with one probability can."
            )
    if not draws:
        return np.zeros((0,), bool)
    site = draws[0].site
    dtype = jnp.dtype(draws[0].probability_dtype)
    words = jnp.asarray([draw.key for draw in draws], jnp.uint32)
    p = jnp.asarray([draw.probability for draw in draws], dtype)
    extra: dict[str, Any] = {"mode": site.mode} if site.mode == "high" else {}

    def one(words: Any, p: Any) -> Any:
        key = jax.random.wrap_key_data(words, impl=site.impl)
        return jax.random.bernoulli(key, p, site.shape, **extra)

    with jax.threefry_partitionable(site.partitionable):
        return np.asarray(jax.vmap(one)(words, p))
