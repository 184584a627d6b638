"""DP407: distinct keys give distinct masks, however many and however similar they are."""

from math import log2, prod

import jax
import numpy as np

from dropout_props.properties.catalogue import NotRun, Sampler, Violation, exact, strategies

_KEYS = 2**14
_UNITS = 2**21
_BASES = 4
_WORD = 32
_LOG2_CHANCE = -40.0


@exact(
    "DP407",
    "keys give distinct masks",
    statement="Distinct keys give distinct masks, in a set of 16384 random keys and among keys "
    "that differ in a single bit, but for one coincidence.",
    formula="mask(k) = mask(k') with probability (keep^2 + rate^2)^size for k other than k'",
    if_broken="The layer ignores part of the key: masks repeat after 256, 65536 or 2^32 keys.",
    assumes="Masks have 120 units or more at a rate from 0.3 to 0.7, and a mask depends on its key "
    "through at most 16 values of 64 bits, each as good as random. Then two coincidences have a "
    "probability below 2^-66 a case.",
    level="core",
    needs=("mask",),
    explained_by=("DP306", "DP307", "DP402"),
    killed_by=("constant_key", "key_low8", "key_low16", "one_word_key"),
    cases=lambda profile, _: strategies.cases(
        rate=(0.3, 0.7),
        pool=strategies.WIDE_BLOCK_SHAPES if profile.wide_pools else strategies.BLOCK_SHAPES,
        values=("distinct",),
        min_size=120,
    ),
    weight=4,
    one_program=True,
)
def distinct_masks(sampler: Sampler) -> None:
    count = min(_KEYS, _UNITS // sampler.size)
    if count < 2:  # noqa: PLR2004 (one mask cannot repeat)
        raise NotRun(f"masks of {sampler.size} units are too large to be drawn by the dozen")
    keep, units = sampler.case.keep, prod(sampler.case.mask_shape)
    if 2 * log2(count) + units * log2(keep**2 + (1.0 - keep) ** 2) > _LOG2_CHANCE:
        raise NotRun(f"at rate {sampler.case.rate:g} two of {count} masks may be equal by chance")
    _all_distinct(sampler, sampler.keys(count), f"{count} random keys")
    words = sampler.words(_BASES, role="alike")
    flips = np.uint32(1) << np.arange(_WORD, dtype=np.uint32)
    alike = [words]
    for word in range(words.shape[1]):
        changed = np.repeat(words[:, None], _WORD, axis=1)
        changed[:, :, word] ^= flips
        alike.append(changed.reshape(-1, words.shape[1]))
    stacked = np.concatenate(alike)
    keys = sampler.wrapped(stacked)
    _all_distinct(sampler, keys, f"{len(stacked)} keys that differ in one bit")


def _all_distinct(sampler: Sampler, keys: jax.Array, what: str) -> None:
    kept = sampler.many_masks(keys).reshape(len(keys), -1)
    distinct = len(np.unique(np.packbits(kept, axis=1), axis=0))
    # Two of 2^14 random keys of 64 bits are the same key once in 2^37 cases, and the derivation of
    # a mask adds as much with each of its steps: one coincidence proves nothing.
    if distinct < len(keys) - 1:
        raise Violation(f"{what} gave {distinct} distinct masks")
