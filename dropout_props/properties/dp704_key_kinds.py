"""DP704: a layer works with every kind of key that JAX has."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from math import log2
from typing import Any

import jax

from dropout_props.properties.bits import same_bits
from dropout_props.properties.catalogue import Crashed, Sampler, Violation, exact
from dropout_props.properties.coincidence import one_suffices
from dropout_props.properties.outputs import agree, cause_text
from dropout_props.statistics import Interval
from dropout_props.subjects.keys import key_of, takes_raw_keys

_KINDS = {
    "threefry": ("threefry2x32", None),
    "threefry, partitionable": ("threefry2x32", True),
    "threefry, not partitionable": ("threefry2x32", False),
    "rbg": ("rbg", None),
    "unsafe_rbg": ("unsafe_rbg", None),
}
_LOG2_CHANCE = -64.0


@exact(
    "DP704",
    "every key type works",
    statement="Raw and typed keys of the same words give the same mask, and threefry "
    "(partitionable or not), rbg and unsafe_rbg keys each give a mask that repeats with the key, "
    "differs between keys and keeps about 1 - rate of the units.",
    formula="train(key_data(k), x) = train(k, x), and train(k, x) = train(k, x) for each kind",
    if_broken="The layer works with one kind of key only, or treats the others differently.",
    assumes="A count of kept units that fails, or two equal masks, have a probability below 2^-64. "
    "DP202 tests the keep rate more finely, with keys of the configured kind.",
    needs=("mask",),
    killed_by=("raw_key_folded", "rbg_ignored"),
    weight=4,
    one_program=True,
)
def key_kinds(sampler: Sampler) -> None:
    train, x = sampler.output, sampler.inputs()
    config: Any = jax.config
    raw_kind = config.jax_default_prng_impl if takes_raw_keys() else None
    words = sampler.words(2, role="kinds")
    for kind, (implementation, partitionable) in _KINDS.items():
        with _partitionable(partitionable):
            first, second = (key_of(two, implementation) for two in words)
            one = _call(partial(train, first, x), kind)
            again, other = train(first, x), train(second, x)
            if implementation == raw_kind:  # a raw key is of the default implementation
                raw = train(jax.random.key_data(first), x)
                agree(sampler, raw, one, f"{kind}: the raw form of the same key")
        if not same_bits(one, again):
            raise Violation(f"{kind}: the same key gave another mask the second time")
        if same_bits(one, other) and one_suffices(sampler):
            raise Violation(f"{kind}: two keys gave the same mask")
        mask = sampler.masks_in(one)
        if _log2_chance(int(mask.sum()), mask.size, sampler.keep) < _LOG2_CHANCE:
            raise Violation(f"{kind}: {int(mask.sum())} of {mask.size} units are kept")


def _call(train: Callable[[], Any], kind: str) -> Any:
    try:
        return train()
    except Crashed as error:
        raise Violation(f"{kind}: rejected, {cause_text(error)}") from error


def _log2_chance(count: int, size: int, keep: Interval) -> float:
    """Return an upper bound of the chance of a count so far from its mean (Chernoff)."""
    share = count / size
    nearest = min(max(share, keep.lowest), keep.highest)
    parts = ((share, nearest), (1.0 - share, 1.0 - nearest))
    return 1.0 - size * sum(p * log2(p / q) for p, q in parts if p and q)


def _partitionable(value: bool | None) -> AbstractContextManager[Any]:  # noqa: FBT001
    return nullcontext() if value is None else jax.threefry_partitionable(value)
