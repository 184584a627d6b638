"""Keys differ for every run seed, property, case, role and block, and can be reproduced."""

import gc
from dataclasses import replace
from itertools import combinations

import jax
import numpy as np
import pytest

from dropout_props.cases.case import Case
from dropout_props.properties import sampler as sampler_module
from dropout_props.properties.sampler import BLOCK_UNITS, LOOPED_UNITS, Sampler
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.subjects.compiled.adapter import in_one_program

_SAMPLER = Sampler(
    kernel_subject(Kernel(), api="linen", name="control.reference"), Case(), "DP202", run_seed=0
)


def _variants() -> list[np.ndarray]:
    return [
        _SAMPLER.words(64, role="mask"),
        replace(_SAMPLER, run_seed=1).words(64, role="mask"),
        replace(_SAMPLER, property_id="DP203").words(64, role="mask"),
        replace(_SAMPLER, case=Case(seed=1)).words(64, role="mask"),
        replace(_SAMPLER, case=Case(rate=0.25)).words(64, role="mask"),
        _SAMPLER.words(64, role="other"),
        _SAMPLER.words(64, role="mask", block=1),
    ]


def test_no_two_uses_share_a_key() -> None:
    """Another run seed, property, case, role or block gives other keys; none is shared."""
    for first, second in combinations(_variants(), 2):
        assert not {tuple(w) for w in first.tolist()} & {tuple(w) for w in second.tolist()}


def test_the_same_arguments_give_the_same_keys() -> None:
    """A draw is a pure function of its arguments, so that shrinking and replay repeat it."""
    for first, second in zip(_variants(), _variants(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_block_repeats_no_key() -> None:
    """All keys of a block differ."""
    words = _SAMPLER.words(4096, role="mask", block=0)
    assert len({tuple(word) for word in words.tolist()}) == 4096


def test_blocks_have_one_size_per_shape() -> None:
    """The number of keys depends only on shape and batching, so that a block compiles once."""
    assert _SAMPLER.num_keys == BLOCK_UNITS // 128
    assert replace(_SAMPLER, case=Case(rate=0.9, seed=3)).num_keys == _SAMPLER.num_keys
    traits = replace(_SAMPLER.subject.traits, batching="loop")
    looped = replace(_SAMPLER, subject=replace(_SAMPLER.subject, traits=traits))
    assert looped.num_keys == LOOPED_UNITS // 128


def test_a_loop_draws_the_masks_that_vmap_draws() -> None:
    """The batching of a subject changes no mask."""
    traits = replace(_SAMPLER.subject.traits, batching="loop")
    looped = replace(_SAMPLER, subject=replace(_SAMPLER.subject, traits=traits))
    keys = _SAMPLER.keys(5)
    np.testing.assert_array_equal(looped.kept(keys), _SAMPLER.kept(keys))


def test_keys_are_typed_keys_of_the_default_implementation() -> None:
    """A subject gets keys of the kind that `jax.random.key` makes."""
    keys = _SAMPLER.keys(3)
    assert keys.shape == (3,)
    assert keys.dtype == jax.random.key(0).dtype


def test_a_large_input_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lives as long as its block is drawn: the largest masks leave no memory for it."""
    monkeypatch.setattr(sampler_module, "_KEPT", 1030)
    sampler = replace(
        _SAMPLER, subject=in_one_program(_SAMPLER.subject), case=Case(shape=(1031,), rate=0.5)
    )
    keys = sampler.keys(3)
    masks = sampler.masks(keys)
    gc.collect()
    assert (1031,) not in [array.shape for array in jax.live_arrays()]
    np.testing.assert_array_equal(masks, replace(sampler, subject=_SAMPLER.subject).masks(keys))
