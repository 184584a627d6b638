"""Make the masks again, after the record: from key words, probability, shape and settings.

Exact for threefry keys, whose bits are a function of these alone. Keys of `rbg` and `unsafe_rbg`
give bits that depend on the compiled program; their masks are kept while recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.recording.errors import RecordingError
from dropout_props.recording.internals import wide
from dropout_props.recording.records import Draw

EXACT = frozenset({"threefry2x32"})


def can_rebuild(draw: Draw) -> bool:
    """Say whether `masks` can give the mask of a draw.

    Args:
        draw: any draw.

    Returns:
        Whether the mask is a function of what was recorded, or was kept.
    """
    site = draw.site
    if site.sampler != "bernoulli":
        return False
    if site.impl not in EXACT:
        return draw.mask is not None and draw.mask.bits is not None
    return isinstance(draw.probability, float)


def masks(draws: Sequence[Draw]) -> np.ndarray[Any, Any]:
    """Make the masks of draws of one kind.

    Args:
        draws: draws that agree in shape, mode, key implementation, dtype of the probability and
            `jax_threefry_partitionable`.

    Returns:
        bool[len(draws), *shape]: True where a unit is kept.

    Raises:
        RecordingError: a mask cannot be made again, or the draws do not agree.
    """
    for draw in draws:
        _check(draw, draws[0])
    if not draws:
        return np.zeros((0,), bool)
    site = draws[0].site
    if site.impl not in EXACT:
        return np.stack([kept for draw in draws if (kept := _kept(draw)) is not None])
    return _rebuilt(draws)


def _check(draw: Draw, first: Draw) -> None:
    """Refuse a draw whose mask is not there, and one that does not go with the first.

    Raises:
        RecordingError: naming the draw.
    """
    if not can_rebuild(draw):
        raise RecordingError(
            f"the mask of {draw.site.sampler} at {draw.site.place.name} cannot be made again"
            f" (key implementation {draw.site.impl}, probability {draw.probability}): only"
            " bernoulli draws of threefry keys with one probability can, and those of other keys"
            " whose masks were kept."
        )
    for name, one, other in zip(_TRAITS, _traits(draw), _traits(first), strict=True):
        if one != other:
            raise RecordingError(
                f"masks takes draws that are alike: {name} is {other} at {first.site.place.name}"
                f" and {one} at {draw.site.place.name}. Call it once for each kind, for example"
                " for each site."
            )


_TRAITS = ("shape", "mode", "key implementation", "dtype of the probability", "partitionable")


def _traits(draw: Draw) -> tuple[Any, ...]:
    """List all that the draws of one call must have in common."""
    site = draw.site
    return (site.shape, site.mode, site.impl, draw.probability_dtype, site.partitionable)


def _kept(draw: Draw) -> np.ndarray[Any, Any] | None:
    """Unpack a mask that was kept."""
    return None if draw.mask is None else draw.mask.unpack()


def _rebuilt(draws: Sequence[Draw]) -> np.ndarray[Any, Any]:
    """Draw the masks again."""
    site = draws[0].site
    dtype = np.dtype(jnp.dtype(draws[0].probability_dtype))
    words = np.asarray([draw.key for draw in draws], np.uint32)
    p = np.asarray([draw.probability for draw in draws], dtype)
    extra: dict[str, Any] = {"mode": site.mode} if site.mode == "high" else {}

    def one(words: Any, p: Any) -> Any:
        key = jax.random.wrap_key_data(words, impl=site.impl)
        return jax.random.bernoulli(key, p, site.shape, **extra)

    with wide([dtype]), jax.threefry_partitionable(site.partitionable):
        return np.asarray(jax.vmap(one)(words, p))
