"""The miss rate at the promised discrepancy, and the rate of passes at a quarter of it.

Question: if a success probability is off by exactly the discrepancy that a property promises to
see, how often does the property pass nevertheless? One member of each family of each statistical
property is shifted, and the sequential rule runs on it as in the engine, thousands of times at
once. The probability that a pass excludes the shift is bounded for each member alone, so the other
members need no simulation. Cannot say: how soon a fault in many members is seen; it is sooner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, log
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.engine import Settings, decide, sequential_test
from dropout_props.engine.reference_masks import families
from dropout_props.engine.sequential_test import Rule
from dropout_props.properties import CATALOGUE, Statistical, find
from dropout_props.selftest.measured import Measured, upper_bound
from dropout_props.selftest.spread import spread
from dropout_props.statistics import Trials

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Power", "measure"]

_LOOKS = 60
_RATES = (0.5, 0.1)
_MORE = 8  # times as many simulations where the first ones leave it open
_NEAR = 0.25  # of the promised discrepancy: passes more often than not


@dataclass(frozen=True)
class Power:
    """Rates of passes with one member of a family shifted.

    Args:
        property_id: id of the property.
        family: label of the counts.
        rate: dropout rate of the case.
        missed: rate of passes at the promised discrepancy, with its bound.
        near_passed: rate of passes at a quarter of it.
    """

    property_id: str
    family: str
    rate: float
    missed: Measured
    near_passed: float

    @property
    def passed(self) -> bool:
        """Whether misses keep their bound, and a quarter of the discrepancy mostly passes."""
        return self.missed.held and self.near_passed > 0.5  # noqa: PLR2004


@dataclass(frozen=True)
class _Simulation:
    """The sequential rule of the engine, and the number of simulations."""

    rule: Rule
    generator: np.random.Generator
    times: int

    def measure(self, property_id: str, family: Trials, wanted: float, rate: float) -> Power:
        """Shift a member by the promised discrepancy, and by a quarter of it."""
        lowest, highest = float(family.lowest[0]), float(family.highest[0])
        middle = (lowest + highest) / 2
        shift = wanted * (middle * (1 - middle)) ** 0.5
        start, sign = (highest, 1.0) if highest + shift <= 1.0 else (lowest, -1.0)
        bound = self.rule.false_pass_rate
        missed, upper = self._missed(family, start + sign * shift, shift, wanted)
        if (
            0.0 < missed <= bound < upper
        ):  # not settled: a larger sample, independent of it, decides
            more = replace(self, times=_MORE * self.times)
            missed, upper = more._missed(family, start + sign * shift, shift, wanted)  # noqa: SLF001
        near = self._passed(family, start + sign * _NEAR * shift, shift, wanted)
        what = f"{property_id} {family.label}"
        figure = Measured("power", what, missed, upper, bound, upper <= bound)
        return Power(property_id, family.label, rate, figure, near / self.times)

    def _missed(
        self, family: Trials, probability: float, shift: float, wanted: float
    ) -> tuple[float, float]:
        """Return the rate of passes, and its upper bound."""
        missed = self._passed(family, probability, shift, wanted)
        return missed / self.times, upper_bound(missed, self.times)[1]

    def _passed(self, family: Trials, probability: float, shift: float, wanted: float) -> int:
        """Return how many of the simulated members end with the shift excluded."""
        rule, generator = self.rule, self.generator
        block = ceil(rule.trials_per_variance(len(family)) / wanted**2 / _LOOKS)
        counts = np.zeros((2, self.times), dtype=np.int64)
        alive = np.ones(self.times, dtype=bool)
        ruled_out = np.zeros((2, self.times), dtype=bool)
        passed = 0
        crowd = log(
            len(family)
        )  # evidence is the mean over members; those that are not shifted add nothing
        for _ in range(_LOOKS):
            counts[0, alive] += generator.binomial(block, probability, int(alive.sum()))
            counts[1, alive] += block
            fields: Any = (counts[0, alive], counts[1, alive], family.lowest[0], family.highest[0])
            now = Trials(*fields)
            refuted = (
                sequential_test.log_evalues(now, discrepancy=shift) - crowd >= rule.log_threshold
            )
            ruled_out[:, alive] |= sequential_test.excluded_sides(
                now, discrepancy=shift, false_pass_rate=rule.false_pass_rate
            )
            over = ruled_out[:, alive].all(axis=0)
            passed += int((over & ~refuted).sum())
            alive[np.flatnonzero(alive)[over | refuted]] = False
            if not alive.any():
                break
        return passed


def measure(
    *, run_seed: int = 0, profile: str = "ci", simulations: int = 40_000, processes: int = 1
) -> Iterator[Power]:
    """Simulate each family of each statistical property at two rates.

    Args:
        run_seed: enters the randomness of every simulation.
        profile: whose thresholds and discrepancies are used.
        simulations: number of simulated runs a family and rate.
        processes: how many processes share them; the figures do not depend on it.
    """
    ids = [prop.id for prop in CATALOGUE if prop.is_statistical]
    pieces = [(one, rate, run_seed, profile, simulations) for one in ids for rate in _RATES]
    for rows in spread(_of_property, pieces, processes=processes):
        yield from rows


def _of_property(piece: tuple[str, float, int, str, int]) -> list[Power]:
    """Simulate each family of one property at one rate."""
    property_id, rate, run_seed, profile, simulations = piece
    settings = Settings.of(run_seed=run_seed, profile=profile)
    rule = Rule(
        decide.example_threshold(settings.budget.share, settings.profile.statistical_examples),
        settings.budget.false_pass_rate,
        settings.profile.discrepancy_factor,
    )
    own = int(property_id.removeprefix("DP")) * len(_RATES) + _RATES.index(rate)
    generator = np.random.Generator(np.random.Philox(key=(run_seed + 2, own)))
    simulation = _Simulation(rule, generator, simulations)
    decision = find(property_id).decision
    assert isinstance(decision, Statistical)
    return [
        simulation.measure(
            property_id, family, rule.factor * decision.discrepancies[family.label], rate
        )
        for family in families(property_id, decision, rate=rate, run_seed=run_seed)
    ]
