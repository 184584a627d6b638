"""Counts of devices are the integers that a check counts on the host, block by block."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from dropout_props.cases.case import Case
from dropout_props.layers import registry
from dropout_props.properties import CATALOGUE, Statistical, find
from dropout_props.properties.counting.counters import (
    DeviceCounter,
    HostCounter,
    blocks_of_device,
    counts_on_device,
)
from dropout_props.properties.counting.kinds import PairsOfPositions, kind_of
from dropout_props.properties.sampler import Sampler
from dropout_props.subjects.isolated import run_isolated
from dropout_props.subjects.subject import Subject

_POSITIONS = [
    prop.id
    for prop in CATALOGUE
    if isinstance(prop.decision, Statistical) and prop.decision.positions
]
_PAIRS = [
    prop.id for prop in CATALOGUE if isinstance(prop.decision, Statistical) and prop.decision.pairs
]
_BLOCKS = range(3, 8)  # five: no number of devices divides them
_CASE = Case(shape=(8, 128), rate=0.1)


def _counted(
    name: str, property_id: str, implementation: str, numbers: tuple[int, ...]
) -> dict[int, Any]:
    """Return the counts by number of devices, 0 for the host; runs where there are eight."""
    config: Any = jax.config
    before = config.jax_default_prng_impl
    config.update("jax_default_prng_impl", implementation)
    try:
        subject = registry.load(name)
        shape = (4, 32) if property_id in _PAIRS else _CASE.shape
        shape = (2, 16) if subject.traits.min_rank > 1 else shape
        case = Case(shape=shape, rate=subject.traits.rate or _CASE.rate)
        sampler = Sampler(subject, case, property_id)
        found = {0: HostCounter(sampler)(_BLOCKS)}
        for number in numbers:
            devices = jax.devices()[:number]
            counter = DeviceCounter(sampler, num_blocks=len(_BLOCKS), devices=devices)
            found[number] = counter(_BLOCKS)
        return found
    finally:
        config.update("jax_default_prng_impl", before)


def _same(found: dict[int, Any], units: int) -> None:
    masks = 5 * max(2, 2**18 // units)
    assert found[0].dtype == np.int64
    assert 0 < found[0].min() <= found[0].max() < masks
    for number, counts in found.items():
        np.testing.assert_array_equal(counts, found[0], err_msg=f"{number} devices")
        assert counts.dtype == np.int64


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg"])
@pytest.mark.parametrize(("name", "numbers"), [("linen.Dropout", (1, 2, 8)), ("nnx.Dropout", (8,))])
def test_devices_count_as_the_host(
    name: str, numbers: tuple[int, ...], implementation: str
) -> None:
    """One, two and eight devices count the integers of the host, whatever the generator."""
    found = run_isolated(_counted, name, "DP203", implementation, numbers)
    _same(found, found[0].size)


@pytest.mark.parametrize(("property_id", "implementation"), [("DP301", "rbg")])
def test_devices_count_pairs_as_the_host(property_id: str, implementation: str) -> None:
    """Each pair of positions, by a product of matrices, whose diagonal is that of each position."""
    found = run_isolated(_counted, "linen.Dropout", property_id, implementation, (1, 8))
    _same(found, 128)
    assert found[0].shape == (128, 128)
    assert (found[0] == found[0].T).all()


def test_the_pairs_of_two_kept_say_how_often_each_two_agree() -> None:
    """From the integers that are stored, as from the masks; neighbours share no unit."""
    masks = np.random.default_rng(0).random((50, 3, 3)) < 0.7
    kind = kind_of("DP301", (3, 3))
    assert isinstance(kind, PairsOfPositions)
    stored = kind.stored(kind.of_host(masks))
    assert len(stored) == kind.size == 45
    flat = masks.reshape(50, 9).T
    agree = [[int((one == two).sum()) for two in flat] for one in flat]
    assert kind.agreements(stored, 50).tolist() == agree
    assert kind.trials == 4
    assert kind.successes(stored, 50) == sum(agree[at][at + 1] for at in (0, 2, 4, 6))


@pytest.mark.nightly
@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg", "unsafe_rbg"])
@pytest.mark.parametrize("property_id", [*_POSITIONS, *_PAIRS])
@pytest.mark.parametrize("name", registry.names())
def test_every_subject_counts_as_on_the_host(
    name: str, property_id: str, implementation: str
) -> None:
    """Every subject that ships and shows its mask is counted on devices, with equal integers."""
    subject = registry.load(name)
    if subject.traits.law == "composite":
        pytest.skip("its output does not show the mask")
    assert counts_on_device(Sampler(subject, _CASE, property_id))
    found = run_isolated(_counted, name, property_id, implementation, (1, 2, 8))
    _same(found, len(found[0]) if property_id in _PAIRS else found[0].size)


@pytest.mark.parametrize("property_id", [*_POSITIONS, *_PAIRS])
def test_counts_say_all_that_a_property_counts(property_id: str) -> None:
    """The families of the counts of a block are those that a check counts in it."""

    class Masks(Sampler):
        """Draws masks without a layer."""

        def block(self, block: int, *, role: str = "mask") -> np.ndarray[Any, Any]:
            """Return masks of NumPy."""
            words = self.words(self.num_keys * self.size, role=role, block=block)[:, 0]
            return (words < 0.9 * 2**32).reshape(self.num_keys, *self.case.shape)

    decision = find(property_id).decision
    assert isinstance(decision, Statistical)
    sampler = Masks(registry.load("linen.Dropout"), Case(shape=(3, 5), rate=0.1), property_id)
    masks = sampler.block(0)
    kind = kind_of(property_id, sampler.mask_shape)
    stored = kind.stored(kind.of_host(masks))
    counted = kind.families(sampler.keep, stored, len(masks))
    assert decision.observe(sampler, 0) == counted
    if property_id in _POSITIONS:
        assert counted[0].successes.sum() == masks.sum()


def test_one_program_never_counts_more_than_int32() -> None:
    """Blocks of a device are fewer where many devices add up, and too many devices are refused."""
    assert blocks_of_device(1000, 256, 2) == 64
    assert blocks_of_device(5, 256, 8) == 1
    assert blocks_of_device(5, 256, 2) == 3
    assert blocks_of_device(10**6, 2**17, 1024) == 15
    assert 15 * 2**17 * 1024 < 2**31 <= 16 * 2**17 * 1024
    with pytest.raises(ValueError, match="is more than int32 counts, 2147483647"):
        blocks_of_device(10**6, 2**17, 2**14)


def _doubled(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    if deterministic:
        return x
    return jax.numpy.where(jax.random.bernoulli(key, 1 - rate, x.shape), 2 * x, x)


def test_a_layer_whose_dropped_units_are_not_zero_is_counted_on_the_host() -> None:
    """Counting what is not 0 would be wrong for it, and so it would for noise."""
    subject = Subject.function(_doubled, dropped=None, kept=lambda x, _keep: 2 * x)
    assert not counts_on_device(Sampler(subject, _CASE, "DP202"))
    assert not counts_on_device(Sampler(registry.load("examples.GaussianNoise"), _CASE, "DP202"))
    assert counts_on_device(Sampler(registry.load("nnx.Dropout"), _CASE, "DP202"))
