"""Decides whether two outputs are equal by more than coincidence.

Question: are these two outputs always equal, or were they equal this once?
Guarantee: the outputs must be equal under as many keys as a layer of one single trial needs, for
that to have a probability below 2^-64; at rate 1/2 these are 64 keys. So a model that hides its
masks, or a layer whose units are not independent, is not accused of this fault too. One equality
suffices for a layer that promises to be plain dropout on every input, if its mask is large enough.
A model whose output is computed from the key and is equal under all of them is not accused either,
since a factor of 0 hides every mask before it; unless all its coins fall the same way.
Cannot say: whether an output depends on its key at a rate so close to 0 or 1 that `MOST` keys may
agree by chance; such a case is not run.
"""

from __future__ import annotations

from math import ceil, log2, prod
from typing import TYPE_CHECKING, Any

from dropout_props.properties.bits import same_bits
from dropout_props.properties.coins import tosses_one_way
from dropout_props.properties.dataflow import depends_on_argument
from dropout_props.properties.declaration import NotRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.properties.sampler import Sampler

__all__ = ["MOST", "always_equal", "more_keys", "num_keys_for", "one_suffices"]

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
    return all(same_bits(*pair(key)) for key in more_keys(sampler, role=f"{role}, again"))


def more_keys(sampler: Sampler, *, role: str) -> Any:
    """Return the keys under which two outputs must be equal too, so that chance explains nothing.

    Args:
        sampler: of the subject whose outputs were equal under one key.
        role: role of the keys, as in `Sampler.keys`.

    Raises:
        NotRun: at this rate that says nothing, or the model hides what it drops.
    """
    more = num_keys_for(sampler) - 1
    if more and _hides_its_masks(sampler, more):
        raise NotRun(
            "its output is computed from the key, and is the same under every key: a factor of 0, "
            "or a normalisation, hides what is dropped"
        )
    return sampler.keys(more, role=role) if more else ()


def _hides_its_masks(sampler: Sampler, count: int) -> bool:
    """Return whether a model may drop units, though its training output is always the same.

    Args:
        sampler: of the model.
        count: the number of keys under which one coin does not fall the same way by chance.
    """
    traits = sampler.subject.traits
    if traits.output_law.shows_mask or traits.batching != "vmap":
        return False
    output = sampler.output_of()
    first, *others = map(output, sampler.key_list(_FEW, role="hidden"))
    if not all(same_bits(first, one) for one in others):
        return False
    if not depends_on_argument(output, sampler.key("hidden")):
        return False
    return _has_state(sampler) or not tosses_one_way(output, sampler.keys(count, role="coins"))


def _has_state(sampler: Sampler) -> bool:
    """Return whether a model holds variables beside its parameters: one may count its steps.

    A schedule that begins at rate 0 drops nothing in the first step, and is right.
    """
    x, rate = sampler.inputs(), sampler.case.rate
    return bool(sampler.subject.adapter.collections(x, rate=rate) - {"params"})
