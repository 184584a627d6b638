"""The explanation of masks that the key does not decide: a second call of one key shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jax
    import numpy as np

    from dropout_props.properties.sampler import Sampler

__all__ = ["unlike_again"]


def unlike_again(sampler: Sampler, keys: jax.Array, kept: np.ndarray[Any, Any]) -> str:
    """Return that the same keys give other masks when they are drawn again, or nothing.

    Args:
        sampler: draws the masks.
        keys: those that have been drawn.
        kept: what the first draw of them kept.
    """
    if (sampler.many_kept(keys) == kept).all():
        return ""
    return "the same keys give other masks when they are used again: the key alone does not decide"
