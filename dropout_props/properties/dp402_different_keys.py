"""DP402: masks of different keys are independent, however the keys are related."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.properties.declaration import Property, Statistical
from dropout_props.properties.mask_cases import canonical, keep_of, large_block_cases
from dropout_props.statistics import Trials, agreement

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_PAIRS = ("adjacent seeds", "split siblings", "consecutive fold_in")


def _key_pairs(sampler: Sampler, pairing: str, block: int) -> jax.Array:
    """Return key[2 * num_pairs]: two and two related by `pairing`, pairs independent."""
    count = max(1, sampler.num_keys // 2)
    if pairing == "adjacent seeds":
        seeds = sampler.words(count, role=pairing, block=block)[:, 0] // np.uint32(2)
        both = np.stack([2 * seeds, 2 * seeds + 1], axis=1)
        return _each(jax.random.key, jnp.asarray(both.reshape(-1)))
    parents = sampler.keys(count, role=pairing, block=block)
    if pairing == "split siblings":
        return _each(jax.random.split, parents).reshape(-1)
    steps = np.arange(2 * count, dtype=np.uint32)
    return _each(jax.random.fold_in, jnp.repeat(parents, 2), jnp.asarray(steps))


def _each(function: Callable[..., Any], *arrays: jax.Array) -> jax.Array:
    """Return the function of each key or number along the first axis."""
    batched: jax.Array = jax.vmap(function)(*arrays)
    return batched


def _observe(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    null = agreement(keep_of(sampler))
    families = []
    for pairing in _PAIRS:
        kept = sampler.masks(_key_pairs(sampler, pairing, block))
        first, second = kept[0::2].reshape(len(kept) // 2, -1), kept[1::2].reshape(-1, kept[0].size)
        for order, other in _orders(second).items():
            agree = int(np.count_nonzero(first == other))
            families.append(Trials.of(agree, first.size, null, label=f"{pairing}, {order}"))
    return tuple(families)


def _orders(masks: np.ndarray) -> dict[str, np.ndarray]:
    """Return the masks as they are, reversed, and shifted by half their length."""
    return {
        "unit by unit": masks,
        "reversed": masks[:, ::-1],
        "half-shifted": np.roll(masks, masks.shape[1] // 2, axis=1),
    }


_LABELS = tuple(
    f"{pairing}, {order}"
    for pairing in _PAIRS
    for order in ("unit by unit", "reversed", "half-shifted")
)

PROPERTY = Property(
    id="DP402",
    name="keys give independent masks",
    level="core",
    sentence="Masks of different keys are independent, for adjacent seeds, split siblings and "
    "consecutive fold_in, unit by unit, reversed and half-shifted.",
    formula="P(both kept or both dropped) = keep^2 + rate^2, for disjoint pairs of units",
    means="Steps, layers or examples that should get independent noise get the same noise.",
    assumes="DP201 holds. A wrong keep rate (DP202) also changes how often masks agree, and fails "
    "here too.",
    mutants=("constant_key", "seed_halved", "mirrored_neighbour"),
    blocked_by=("DP201",),
    needs=("mask",),
    decision=Statistical(
        cases=large_block_cases,
        observe=_observe,
        discrepancies=dict.fromkeys(_LABELS, 0.005),
        explicit=canonical(),
    ),
)
