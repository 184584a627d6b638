"""(c) Thousands of runs of the engine on exact Bernoulli masks, and (d) runs with an adversary.

Question: does the engine as a whole keep its budget? The budget is enlarged until alarms can be
counted; Hypothesis draws the cases, each statistical property counts, and the ledger decides, as in
any run. The adversary scans shapes and rates under one seed and reports any alarm: it gains nothing
as long as every case has fresh bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dropout_props.cases.case import Case
from dropout_props.cases.profiles import Profile
from dropout_props.engine import Settings
from dropout_props.engine.budget import Budget
from dropout_props.engine.decide import decide_statistical
from dropout_props.engine.reference_masks import ExactSampler, ExactSubject
from dropout_props.properties import CATALOGUE, Statistical, find
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.enumeration import KEEP_RATES
from dropout_props.selftest.measured import Measured, at_most, upper_bound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.properties import Property

__all__ = ["adversary", "measure"]

_SHARE = 0.05
_SCANNED_SHARE = 1e-7  # so small that one alarm in all scans is too many
_COARSE = 0.4  # standard deviations: the discrepancy of every count, so that a run draws few blocks
_QUICK = Profile("null", 1.0, 1, 3, wide_pools=False)
_SCANNED_DISCREPANCY = (
    0.15  # one block decides, so equal bits would give every case the same verdict
)
_SCAN = tuple(
    Case(shape=shape, rate=rate)
    for rate in (0.5, 0.499, 0.501, 0.498, 0.502, 0.497)
    for shape in ((128,), (127,), (129,), (16, 8), (8, 16), (2, 64), (4, 32), (130,))
)


@dataclass
class _Tally:
    ledgers: int = 0
    alarms: int = 0
    counts: int = 0
    repeated: int = 0


def measure(*, run_seed: int = 0, runs: int = 250) -> Iterator[Measured]:
    """Run every statistical property under `runs` run seeds, at keep 0.001 to 0.999.

    Yields the rate of alarms, that of the worst property, and that of repeated counts.
    """
    tally, worst = _Tally(), (0, "")
    properties = [prop for prop in CATALOGUE if prop.is_statistical]
    for prop in properties:
        alarms, seen = 0, set()
        for run in range(run_seed, run_seed + runs):
            outcome = decide_statistical(
                ExactSubject(),  # type: ignore[arg-type]
                _coarse(prop, _at_rates_of(prop, run)),
                _settings(run, _QUICK),
            )
            alarms += outcome.verdict is Verdict.FAIL
            seen.add(tuple(c.successes for e in outcome.examples for c in e.counts))
        tally.ledgers += runs
        tally.alarms += alarms
        tally.counts += runs
        tally.repeated += runs - len(seen)
        worst = max(worst, (alarms, prop.id))
    low, high = upper_bound(tally.alarms, tally.ledgers)
    yield at_most(
        "(c) null runs",
        f"false alarm of a property at {_SHARE}",
        tally.alarms / tally.ledgers,
        _SHARE,
        upper=high,
        note=f"{tally.alarms} alarms in {tally.ledgers} ledgers: {len(properties)} properties x "
        f"{runs}, keep {KEEP_RATES[0]} to {KEEP_RATES[-1]}",
    )
    low, high = upper_bound(worst[0], runs)
    yield at_most(
        "(c) null runs",
        f"the same of the worst property, {worst[1] or 'none'}",
        worst[0] / runs,
        _SHARE,
        upper=high,
        lower=low,
        note=f"{worst[0]} alarms in {runs} runs; refuted if the lower bound {low:.3f} exceeds it",
    )
    yield at_most(
        "(c) null runs",
        "runs that repeat the counts of another",
        tally.repeated / tally.counts,
        0.2,
        note="each two runs have the same rates: a run seed without effect repeats half of them",
    )


def adversary(*, run_seed: int = 0, runs: int = 600) -> Iterator[Measured]:
    """Scan shapes and rates, with one seed per run; yield the rate of alarms."""
    prop = _coarse(find("DP202"), _SCAN, _SCANNED_DISCREPANCY)
    profile = replace(_QUICK, statistical_examples=len(_SCAN))
    alarms = 0
    for run in range(run_seed, run_seed + runs):
        settings = _settings(run, profile, _SCANNED_SHARE)
        outcome = decide_statistical(ExactSubject(), prop, settings)  # type: ignore[arg-type]
        alarms += outcome.verdict is Verdict.FAIL
    low, high = upper_bound(alarms, runs)
    yield at_most(
        "(d) adversary",
        f"false alarm of a scan of {len(_SCAN)} cases at {_SCANNED_SHARE}",
        alarms / runs,
        _SCANNED_SHARE,
        upper=high,
        lower=low,
        note=f"{alarms} alarms in {runs} scans; refuted if the lower bound {low:.3f} exceeds it",
    )


def _at_rates_of(prop: Property, run: int) -> tuple[Case, ...]:
    """Return the cases of the property, at rates that cycle from 0.001 to 0.999.

    Two consecutive runs have the same rates: if the run seed had no effect, their counts would be
    equal.
    """
    number, explicit = _QUICK.statistical_examples, prop.decision.explicit
    cases = [explicit[position % len(explicit)] for position in range(number)]
    rates = [(run // 2 * number + position) % len(KEEP_RATES) for position in range(number)]
    return tuple(
        replace(case, rate=1.0 - KEEP_RATES[rate]) for case, rate in zip(cases, rates, strict=True)
    )


def _coarse(prop: Property, explicit: tuple[Case, ...], discrepancy: float = _COARSE) -> Property:
    """Return the property with larger discrepancies and other cases, so that it draws less."""
    decision = prop.decision
    assert isinstance(decision, Statistical)
    coarse = replace(
        decision,
        discrepancies=dict.fromkeys(decision.discrepancies, discrepancy),
        explicit=explicit,
        also=None,
    )
    return replace(prop, decision=coarse)


def _settings(run_seed: int, profile: Profile, share: float = _SHARE) -> Any:
    budget = Budget(false_fail_rate=share, num_properties=1, capacity=1)
    return Settings(
        run_seed=run_seed,
        profile=profile,
        budget=budget,
        known=(),
        confirm=False,
        sampler=ExactSampler,
    )
