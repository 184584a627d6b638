"""Forecasts what each statistical property detects, and what that costs; no layer is run.

Question: which discrepancy does a profile promise to detect, how many trials does that take, and
how many seconds of drawing?
Cannot say: the time of a family of many members, which is that of its slowest member; the forecast
is of one. Compilation is not included.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, inf
from typing import TYPE_CHECKING, Any

from dropout_props.engine import Settings
from dropout_props.engine.device_blocks import LEAST_UNITS, LEAST_UNITS_OF_PAIRS
from dropout_props.engine.reference_masks import EXACT_UNITS, families
from dropout_props.properties import CATALOGUE, Statistical
from dropout_props.properties.sampler import BLOCK_UNITS
from dropout_props.results.forecast import Forecast, Plan
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

__all__ = [
    "KEEP_RATES",
    "UNITS_PER_SECOND",
    "UNITS_PER_SECOND_ON_DEVICE",
    "forecasts",
    "plan",
]

KEEP_RATES = (0.5, 0.9, 0.99)

UNITS_PER_SECOND = 3e7
"""Units drawn and counted in a second, without compilation: `python benchmarks/check_time.py`
measures it."""

UNITS_PER_SECOND_ON_DEVICE = 1.2e8
"""The same where a case has so many that they are counted on the device: `python
benchmarks/check_counting.py` measures it on a CPU."""


def plan(*, profile: str) -> Plan:
    """Return the forecasts of a profile, with the error rates that hold for them."""
    settings = Settings.of(profile=profile)
    found = tuple(forecasts(profile=profile))
    ids = {one.property_id for one in found}
    return Plan(
        profile=profile,
        statistical_examples=settings.profile.statistical_examples,
        false_fail_rate=settings.budget.false_fail_rate,
        share=settings.budget.share,
        false_pass_rate=settings.budget.false_pass_rate,
        keep_rates=KEEP_RATES,
        names={prop.id: prop.name for prop in CATALOGUE if prop.id in ids},
        forecasts=found,
    )


def forecasts(*, profile: str) -> Iterator[Forecast]:
    """Forecast each family of each statistical property."""
    settings = Settings.of(profile=profile)
    for prop in CATALOGUE:
        if isinstance(prop.decision, Statistical):
            examples = settings.profile.statistical_examples
            yield from _where_counted(
                list(_of_property(prop, prop.decision, settings)), prop.decision, examples
            )


def _where_counted(
    found: list[Forecast], decision: Statistical, num_examples: int
) -> list[Forecast]:
    """Return forecasts with the seconds of the device where a case is counted there."""
    units = max(one.seconds for one in found) * UNITS_PER_SECOND / num_examples
    least = inf
    if decision.positions is not None:
        least = LEAST_UNITS
    elif decision.pairs is not None:
        least = LEAST_UNITS_OF_PAIRS
    if units < least:
        return found
    faster = UNITS_PER_SECOND_ON_DEVICE / UNITS_PER_SECOND
    return [replace(one, seconds=one.seconds / faster) for one in found]


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
