"""Forecasts what each statistical property detects, and what that costs; no layer is run.

Question: which discrepancy does a profile promise to detect, how many trials does that take, and
how many seconds of drawing?
Cannot say: the time of a family of many members, which is that of its slowest member; the forecast
is of one. Compilation is not included.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from dropout_props.engine import Settings
from dropout_props.engine.reference_masks import EXACT_UNITS, families
from dropout_props.properties import CATALOGUE, Statistical
from dropout_props.properties.sampler import BLOCK_UNITS
from dropout_props.statistics import (
    Interval,
    expected_num_trials,
    min_discrepancy,
    min_num_trials,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.properties import Property
    from dropout_props.statistics import Trials

__all__ = ["KEEP_RATES", "UNITS_PER_SECOND", "Forecast", "forecasts"]

KEEP_RATES = (0.5, 0.9, 0.99)

UNITS_PER_SECOND = 3e7
"""Units drawn and counted in a second, without compilation: `python benchmarks/check_time.py`
measures it."""


@dataclass(frozen=True)
class Forecast:
    """The forecast of one family of counts of one property.

    Args:
        property_id: id of the property.
        family: label of the counts.
        members: number of counts in the family, in the case of the forecast.
        promised: discrepancy that a pass excludes, in standard deviations of one trial.
        shifts: the same as a difference of probabilities, at each of `KEEP_RATES`.
        num_trials: expected trials of one member until correct code passes, at keep 0.5.
        fixed_num_trials: trials of the fixed-sample exact test with the same error rates.
        resolvable: discrepancy that this fixed sample detects: at most the promised one.
        round_trip: trials of a fixed sample that detects `resolvable`: as many, or fewer where the
            power of the test, which is a saw tooth, allows it.
        seconds: seconds of drawing, for all cases of the profile.
    """

    property_id: str
    family: str
    members: int
    promised: float
    shifts: tuple[float, ...]
    num_trials: int
    fixed_num_trials: int
    resolvable: float
    round_trip: int
    seconds: float


def forecasts(*, profile: str) -> Iterator[Forecast]:
    """Forecast each family of each statistical property."""
    settings = Settings.of(profile=profile)
    for prop in CATALOGUE:
        if isinstance(prop.decision, Statistical):
            yield from _of_property(prop, prop.decision, settings)


def _of_property(prop: Property, decision: Statistical, settings: Settings) -> Iterator[Forecast]:
    at = {keep: _by_label(prop.id, decision, 1.0 - keep) for keep in KEEP_RATES}
    for label, family in at[KEEP_RATES[0]].items():
        promised = settings.profile.discrepancy_factor * decision.discrepancies[label]
        shifts = [promised * _sd(found[label]) if label in found else 0.0 for found in at.values()]
        null = Interval(float(family.lowest[0]), float(family.highest[0]))
        rates: dict[str, Any] = {
            "probability": null,
            "false_fail_rate": settings.budget.share,
            "false_pass_rate": settings.budget.false_pass_rate,
        }
        fixed = min_num_trials(discrepancy=shifts[0], **rates)
        resolvable = min_discrepancy(num_trials=fixed, **rates)
        trials = expected_num_trials(discrepancy=shifts[0], **rates)
        per_block = int(family.trials.min()) * BLOCK_UNITS / EXACT_UNITS
        blocks = settings.profile.statistical_examples * ceil(trials / per_block)
        yield Forecast(
            property_id=prop.id,
            family=label,
            members=len(family),
            promised=promised,
            shifts=tuple(shifts),
            num_trials=trials,
            fixed_num_trials=fixed,
            resolvable=resolvable,
            round_trip=min_num_trials(discrepancy=resolvable, **rates),
            seconds=blocks * BLOCK_UNITS / UNITS_PER_SECOND,
        )


def _by_label(property_id: str, decision: Statistical, rate: float) -> dict[str, Trials]:
    return {family.label: family for family in families(property_id, decision, rate=rate)}


def _sd(family: Trials) -> float:
    middle = float(family.lowest[0] + family.highest[0]) / 2
    return float((middle * (1.0 - middle)) ** 0.5)
