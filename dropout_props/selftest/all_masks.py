"""(e) Every count of every statistical property, over all masks that there are.

Question: does each member of a property count independent trials of one probability, which the null
contains? Evidence assumes this, and no measurement of evidence can show that it is wrong.
Guarantee: over all masks of a few units, each with its probability, the law of each member is
computed without simulation, and compared with the binomial law of the same number of trials and the
same mean. Counts that use a unit twice differ from it.
Cannot say: whether counts on larger masks do the same. Of masks that a property compares, each pair
is enumerated together; a fault that needs three of them at once is not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from scipy.stats import binom

from dropout_props.cases.case import Case
from dropout_props.engine.reference_masks import Drawing, ExactSampler, ExactSubject
from dropout_props.properties import CATALOGUE, Statistical, find
from dropout_props.selftest.measured import Measured, at_most

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dropout_props.statistics import Trials

__all__ = ["KEEP_RATES", "Law", "laws", "measure"]

KEEP_RATES = (0.875, 0.5, 0.1)

_PART = "(e) all masks"
_BITS = 12
_DIFFERENT = 3  # masks that share no unit: any two that a property compares are two of these
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Law:
    """The law of one member of a count.

    Args:
        property_id: id of the property.
        label: label of the family.
        member: number of the member.
        keep: keep probability of every unit.
        distance: total variation distance to the binomial law of the same mean.
        outside: how far the mean success probability lies outside the null.
    """

    property_id: str
    label: str
    member: int
    keep: float
    distance: float
    outside: float


@dataclass(frozen=True)
class _OneKey(ExactSampler):
    """Draws with one key a block; keys do not matter, so they are made once."""

    @property
    def num_keys(self) -> int:
        """Keys in one block."""
        return 1

    def words(self, count: int, *, role: str, block: int = 0) -> np.ndarray[Any, Any]:  # noqa: ARG002
        """Return words that depend on nothing, uint32[count, 2]."""
        return np.ones((count, 2), np.uint32)

    def batches(self, keys: jax.Array) -> list[jax.Array]:
        """Return all keys as one batch, so that the masks of one block have their own bits."""
        return [keys]

    def keys(self, count: int, *, role: str = "mask", block: int = 0) -> jax.Array:  # noqa: ARG002
        """Return keys that depend on nothing."""
        return _keys(count)


@lru_cache(maxsize=8)
def _keys(count: int) -> jax.Array:
    return jax.random.split(jax.random.key(0), count)


def _all_bits(number: int) -> np.ndarray[Any, Any]:
    """Return bool[2**number, number]: every outcome."""
    return (np.arange(2**number)[:, None] >> np.arange(number)) % 2 == 1


def _drawing(bits: np.ndarray[Any, Any], shape: tuple[int, ...]) -> Drawing:
    """Return a function that draws these bits: as one mask, or as three, of which more are copies.

    The first mask, those at odd places and those at even ones have bits of their own.
    """

    def draw(
        keys: Any, copies: int, drawn: tuple[int, ...], keep: float
    ) -> np.ndarray[Any, Any]:  # the bits are given, so the keep probability is a weight
        assert drawn == shape, (drawn, shape, keep)
        number = copies * len(keys)
        place = np.arange(number)
        which = np.where(place == 0, 0, 2 - place % 2)
        return bits.reshape(-1, *shape)[which].reshape(copies, len(keys), *shape)

    return draw


def _compares_masks(property_id: str, decision: Statistical) -> bool:
    """Return whether one block of the property draws several masks."""
    drawn = []

    def draw(keys: Any, copies: int, shape: tuple[int, ...], _keep: float) -> Any:
        drawn.append(copies * len(keys))
        return np.zeros((copies, len(keys), *shape), dtype=bool)

    subject: Any = ExactSubject(masks=draw)
    decision.observe(_OneKey(subject, Case(shape=(3, 4)), property_id), 0)
    return max(drawn) > 1


def _case(property_id: str, bits: int, keep: float, *, several: bool) -> Case:
    if several:
        return Case(shape=(max(2, bits // 4),), rate=1.0 - keep)
    columns = next(n for n in range(int(bits**0.5), 0, -1) if bits % n == 0)
    if property_id == "DP302":
        return Case(shape=(2, bits), broadcast_dims=(0,), rate=1.0 - keep)
    return Case(shape=(columns, bits // columns), rate=1.0 - keep)


def laws(property_id: str, *, bits: int, keep: float) -> Iterator[Law]:
    """Yield the law of every member of a property.

    Args:
        property_id: id of a statistical property.
        bits: units of a mask; where a property compares masks, each has a quarter, or 2 at least.
        keep: keep probability.
    """
    decision = find(property_id).decision
    assert isinstance(decision, Statistical)
    several = _compares_masks(property_id, decision)
    case = _case(property_id, bits, keep, several=several)
    drawn = prod(case.mask_shape) * (_DIFFERENT if several else 1)
    outcomes = _all_bits(drawn)
    kept = outcomes.sum(axis=1)
    weights = keep**kept * (1.0 - keep) ** (drawn - kept)
    every: list[tuple[Trials, ...]] = []
    for outcome in outcomes:
        subject: Any = ExactSubject(masks=_drawing(outcome, case.mask_shape))
        every.append(decision.observe(_OneKey(subject, case, property_id), 0))
    for number, family in enumerate(every[0]):
        successes = np.stack([families[number].successes for families in every])
        for member in range(len(family)):
            trials = int(family.trials[member])
            law = np.bincount(successes[:, member], weights=weights, minlength=trials + 1)
            mean = float(law @ np.arange(trials + 1)) / max(trials, 1)
            binomial = binom.pmf(np.arange(trials + 1), trials, mean)
            low, high = float(family.lowest[member]), float(family.highest[member])
            yield Law(
                property_id,
                family.label,
                member,
                keep,
                distance=float(np.abs(law - binomial).sum()) / 2,
                outside=max(low - mean, mean - high, 0.0),
            )


def measure(*, bits: int = _BITS, properties: Sequence[str] = ()) -> Iterator[Measured]:
    """Compute the law of every member of every statistical property; yield the worst.

    Args:
        bits: as in `laws`.
        properties: ids of properties; empty for all.
    """
    found = [
        law
        for prop in CATALOGUE
        if prop.is_statistical
        and "sized" not in prop.needs  # it counts sizes of noise, and no mask
        and (not properties or prop.id in properties)
        for keep in KEEP_RATES
        for law in laws(prop.id, bits=bits, keep=keep)
    ]
    members = len(found) // len(KEEP_RATES)
    for what, figures in (
        ("distance of a count from its binomial law", [law.distance for law in found]),
        ("probability of a count outside its null", [law.outside for law in found]),
    ):
        at = int(np.argmax(figures))
        worst = found[at]
        yield at_most(
            _PART,
            what,
            figures[at],
            _ROUNDING,
            note=f"all masks of {bits} units, {members} members, {len(KEEP_RATES)} keep rates; the "
            f"worst is {worst.property_id} {worst.label} {worst.member} at {worst.keep}",
        )
