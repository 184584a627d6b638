"""Decides whether two outputs are equal by more than coincidence.

Question: are these two outputs always equal, or were they equal this once?
Guarantee: the outputs must be equal under as many keys as a layer of one single trial needs, for
that to have a probability below 2^-64; at rate 1/2 these are 64 keys. So a model that hides its
masks, or a layer whose units are not independent, is not accused of this fault too. One equality
suffices for a layer that promises to be plain dropout on every input, if its mask is large enough.
Cannot say: whether an output depends on its key at a rate so close to 0 or 1 that `MOST` keys agree
by chance.
"""

from __future__ import annotations

from math import ceil, log2, prod
from typing import TYPE_CHECKING, Any

from dropout_props.properties.bits import same_bits

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.properties.sampler import Sampler

__all__ = ["MOST", "always_equal", "num_keys_for"]

MOST = 1024
"""The most keys that are tried."""

_BITS = 64.0


def num_keys_for(sampler: Sampler) -> int:
    """Return under how many keys two outputs must be equal, so that chance does not explain it.

    Returns:
        1 where the mask shows and has units enough; else the number for a single trial.
    """
    traits, case = sampler.subject.traits, sampler.case
    bits = -log2(max(case.keep, case.rate)) if 0.0 < case.rate < 1.0 else 0.0
    agreeing = -log2(case.keep**2 + case.rate**2) if bits else 0.0
    is_plain = traits.takes == "all" and traits.law == "dropout"
    if is_plain and prod(case.mask_shape) * agreeing >= _BITS:
        return 1
    return min(MOST, ceil(_BITS / bits)) if bits else MOST


def always_equal(
    sampler: Sampler, pair: Callable[[Any], tuple[Any, Any]], *, role: str = "mask"
) -> bool:
    """Return whether two outputs are equal bit for bit, under every key that is tried.

    Args:
        sampler: of the subject that gives the outputs.
        pair: returns the two outputs of a key.
        role: role of the first key, as in `Sampler.key`.
    """
    if not same_bits(*pair(sampler.key(role))):
        return False
    more = num_keys_for(sampler) - 1
    if more == 0:
        return True
    return all(same_bits(*pair(key)) for key in sampler.keys(more, role=f"{role}, again"))
