"""DP402: masks of different keys are independent, however the keys are related."""

import jax
import numpy as np

from dropout_props.properties.catalogue import Sampler, Trials, statistical
from dropout_props.properties.mask_statistics import TWO_MASKS, shift_named, two_masks
from dropout_props.properties.sampler import folded, in_pieces
from dropout_props.statistics import agreement
from dropout_props.subjects.keys import key_data

_PAIRS = ("adjacent seeds", "split siblings", "consecutive fold_in")
_QUADS = 2**30  # groups of four seeds of 32 bits
_WORD = 32


def _key_pairs(sampler: Sampler, pairing: str, block: int) -> jax.Array:
    """Return key[2 * num_pairs]: two and two related by `pairing`, pairs independent."""
    count = max(1, sampler.num_keys // 2)
    if pairing == "adjacent seeds":
        return in_pieces(jax.random.key, _seeds(sampler, count, block).reshape(-1))
    words = key_data(sampler.words(count, role=pairing, block=block))
    if pairing == "split siblings":
        return in_pieces(lambda one: jax.random.split(jax.random.wrap_key_data(one)), words)
    # Even and odd numbers, of every size: any step may be the first of a pair.
    first = sampler.words(count, role=f"{pairing}, steps", block=block)[:, 0] // np.uint32(2)
    first >>= first % np.uint32(_WORD)
    steps = np.stack([first, first + np.uint32(1)], axis=1).reshape(-1)
    return in_pieces(folded, np.repeat(words, 2, axis=0), steps)


def _seeds(sampler: Sampler, count: int, block: int) -> np.ndarray:
    """Return uint32[count, 2], two adjacent seeds each; no seed of a case is in two pairs.

    Each pair lies within four seeds of its own, so that it may start at an even or an odd one.
    """
    factor, start = sampler.words(1, role="which seeds")[0].astype(np.uint64)
    numbers = np.arange(block * count, (block + 1) * count, dtype=np.uint64)
    quads = ((factor | np.uint64(1)) * numbers + start) % np.uint64(_QUADS)
    inside = sampler.words(count, role="where in four", block=block)[:, 0] % np.uint32(3)
    first = (4 * quads).astype(np.uint32) + inside
    return np.stack([first, first + np.uint32(1)], axis=1)


@statistical(
    "DP402",
    "keys give independent masks",
    statement="Masks of different keys are independent, for adjacent seeds, split siblings and "
    "consecutive fold_in, unit by unit, and at every shift of one against the other, forwards and "
    "backwards.",
    formula="P(both kept or both dropped) = keep^2 + rate^2, for disjoint pairs of units",
    if_broken="Steps, layers or examples that should get independent noise get the same noise.",
    assumes="DP201 holds. A wrong keep rate (DP202) also changes how often masks agree, and fails "
    "here too.",
    level="core",
    explained_by=("DP306", "DP307", "DP202", "DP301"),
    killed_by=(
        "constant_key",
        "seed_halved",
        "mirrored_neighbour",
        "seed_plus_tile",
        "odd_seeds_alike",
    ),
    discrepancies={
        f"{pairing}, {order}": promised
        for pairing in _PAIRS
        for order, promised in TWO_MASKS.items()
    },
    name_of=shift_named,
)
def different_keys(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    null = agreement(sampler.keep)
    families: list[Trials] = []
    for pairing in _PAIRS:
        kept = sampler.masks(_key_pairs(sampler, pairing, block))
        first, second = kept[0::2].reshape(len(kept) // 2, -1), kept[1::2].reshape(-1, kept[0].size)
        families += two_masks(first, second, null, f"{pairing}, ")
    return tuple(families)
