"""DP418: every bit of a key counts."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from dropout_props.properties.catalogue import Sampler, Trials, statistical
from dropout_props.properties.sampler import folded, in_pieces
from dropout_props.statistics import agreement
from dropout_props.subjects.keys import key_data, num_words
from dropout_props.subjects.operations import WithKey

_WORD = 32
_OF_KEY = "bit of the key"
_OF_NUMBER = "bit of the number folded in"
_OF_EXPLICIT = "bit of a key at the call"


@statistical(
    "DP418",
    "every bit of a key counts",
    statement="Flipping any one bit of a key, or of the number that is folded into it, gives an "
    "independent mask; so does flipping one of a key that is handed to the call.",
    formula="P(both kept or both dropped) = keep^2 + rate^2, for mask(k) and mask(k ^ 2^b), for "
    "every b",
    if_broken="A part of the key is ignored, or hardly mixed in: some keys give masks that are "
    "alike.",
    assumes="DP201 holds. A fault of the keep rate moves agreement too.",
    explained_by=("DP402", "DP407"),
    killed_by=("top_bit_weak", "explicit_bit_ignored"),
    discrepancies=dict.fromkeys((_OF_KEY, _OF_NUMBER, _OF_EXPLICIT), 0.05),
)
def key_bits(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    families = [
        _flipped(sampler, _OF_KEY, _flipped_keys, sampler.masks, block),
        _flipped(sampler, _OF_NUMBER, _flipped_numbers, sampler.masks, block),
    ]
    if sampler.subject.traits.lacks("explicit_key") is None:
        explicit = _flipped(sampler, _OF_EXPLICIT, _flipped_keys, _at_the_call(sampler), block)
        families.append(explicit)
    return tuple(families)


def _flipped(
    sampler: Sampler,
    label: str,
    keys_of: Callable[[Sampler, str, int, int], jax.Array],
    draw: Callable[[jax.Array], np.ndarray],
    block: int,
) -> Trials:
    """Count, bit by bit, the units that agree under a key and under the same with that bit flipped.

    Of each group of keys the first one has no bit flipped, and each other one a bit of its own.
    Members share the first mask of a group; within a member each trial has a unit of its own.
    """
    width = _WORD * (1 if label == _OF_NUMBER else num_words())
    groups = max(1, sampler.num_keys // (width + 1))
    keys = keys_of(sampler, label, groups, block)
    kept = np.concatenate([draw(batch) for batch in sampler.batches(keys)])
    kept = kept[: len(keys)].reshape(groups, width + 1, -1)
    agree = (kept[:, :1] == kept[:, 1:]).sum(axis=(0, 2))
    return Trials.of(agree, groups * kept.shape[-1], agreement(sampler.keep), label=label)


def _flipped_keys(sampler: Sampler, role: str, groups: int, block: int) -> jax.Array:
    words = np.asarray(jax.random.key_data(sampler.keys(groups, role=role, block=block)))
    num_words = words.shape[-1]
    flips = np.zeros((_WORD * num_words + 1, num_words), np.uint32)
    bits = np.arange(_WORD * num_words)
    flips[1 + bits, bits // _WORD] = np.uint32(1) << (bits % _WORD).astype(np.uint32)
    flipped = (words[:, None] ^ flips).reshape(-1, num_words)
    return jax.random.wrap_key_data(jax.device_put(flipped))


def _flipped_numbers(sampler: Sampler, role: str, groups: int, block: int) -> jax.Array:
    words = key_data(sampler.words(groups, role=role, block=block))
    numbers = sampler.words(groups, role=f"{role}, which", block=block)[:, :1]
    flips = np.append(np.uint32(0), np.uint32(1) << np.arange(_WORD, dtype=np.uint32))
    flipped = (numbers ^ flips).reshape(-1)
    return in_pieces(folded, np.repeat(words, len(flips), axis=0), flipped)


def _at_the_call(sampler: Sampler) -> Callable[[jax.Array], np.ndarray]:
    """Return what draws masks from keys that are handed to the call itself."""
    x = sampler.inputs()

    def one(key: Any) -> Any:
        return sampler.subject.run(WithKey(), x, key=key, rate=sampler.case.rate)[0]

    return lambda keys: sampler.masks_in(sampler.each(one, keys))
