"""Decides whether two outputs are equal by more than coincidence.

Question: are these two outputs always equal, or were they equal this once?
Guarantee: the outputs must be equal under as many keys as a layer of one single trial needs, for
that to have a probability below 2^-64; at rate 1/2 these are 64 keys. So a model that hides its
masks, or a layer whose units are not independent, is not accused of this fault too. One equality
suffices for a layer that promises to be plain dropout on every input, if its mask is large enough.
A model whose output is computed from the key and is equal under all of them is not accused either:
a last layer that begins with zeros hides every mask before it.
Cannot say: whether an output depends on its key at a rate so close to 0 or 1 that `MOST` keys may
agree by chance; such a case is not run.
"""

from __future__ import annotations

from math import ceil, log2, prod
from typing import TYPE_CHECKING, Any

from dropout_props.properties.bits import same_bits
from dropout_props.properties.dataflow import depends_on_argument
from dropout_props.properties.declaration import NotRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.properties.sampler import Sampler

__all__ = ["MOST", "always_equal", "num_keys_for", "one_suffices"]

MOST = 1024
"""The most keys that are tried."""

_BITS = 64.0
_FEW = 8


def num_keys_for(sampler: Sampler) -> int:
    """Return under how many keys two outputs must be equal, so that chance does not explain it.

    Returns:
        1 where the mask shows and has units enough; else the number for a single trial.

    Raises:
        NotRun: at this rate even `MOST` keys may agree by chance.
    """
    if one_suffices(sampler):
        return 1
    case = sampler.case
    bits = -log2(max(case.keep, case.rate)) if 0.0 < case.rate < 1.0 else 0.0
    if not bits or ceil(_BITS / bits) > MOST:
        raise NotRun(f"at rate {case.rate:g} the outputs of {MOST} keys may be equal by chance")
    return ceil(_BITS / bits)


def one_suffices(sampler: Sampler) -> bool:
    """Return whether one equality cannot be chance: the mask shows, and has units enough."""
    traits, case = sampler.subject.traits, sampler.case
    shows = traits.takes == "all" and traits.output_law.has_two_values
    if not shows or not 0.0 < case.rate < 1.0:
        return False
    return prod(case.mask_shape) * -log2(case.keep**2 + case.rate**2) >= _BITS


def always_equal(
    sampler: Sampler, pair: Callable[[Any], tuple[Any, Any]], *, role: str = "mask"
) -> bool:
    """Return whether two outputs are equal bit for bit, under every key that is tried.

    Args:
        sampler: of the subject that gives the outputs.
        pair: returns the two outputs of a key.
        role: role of the first key, as in `Sampler.key`.

    Raises:
        NotRun: they are equal once, and at this rate that says nothing; or the model hides what it
            drops.
    """
    if not same_bits(*pair(sampler.key(role))):
        return False
    more = num_keys_for(sampler) - 1
    if more == 0:
        return True
    if _hides_its_masks(sampler):
        raise NotRun(
            "its output is computed from the key, and is the same under every key: parameters that "
            "begin as zeros, or a normalisation, hide what is dropped"
        )
    return all(same_bits(*pair(key)) for key in sampler.keys(more, role=f"{role}, again"))


def _hides_its_masks(sampler: Sampler) -> bool:
    """Return whether a model draws, and its training output is nevertheless always the same."""
    traits = sampler.subject.traits
    if traits.output_law.shows_mask or traits.batching != "vmap":
        return False
    output = sampler.output_of()
    first, *others = map(output, sampler.key_list(_FEW, role="hidden"))
    return all(same_bits(first, one) for one in others) and depends_on_argument(
        output, sampler.key("hidden")
    )
