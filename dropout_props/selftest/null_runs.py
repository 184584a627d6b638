"""(c) Thousands of runs of the engine on exact Bernoulli masks, and (d) runs with an adversary.

Question: does the engine as a whole keep its budget? The budget is enlarged until alarms can be
counted; Hypothesis draws the cases, each statistical property counts, and the ledger decides, as in
any run. The adversary scans shapes and rates under one seed and reports any alarm: it gains nothing
as long as every case has fresh bits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

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
from dropout_props.selftest.spread import spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.properties import Property

__all__ = ["adversary", "measure"]

_SHARE = 0.05
_PART = 10  # run seeds that one process takes at a time
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


class _Tally(NamedTuple):
    """What some runs of one property gave: alarms, and the counts of each run."""

    alarms: int
    counts: tuple[tuple[int, ...], ...]


def measure(*, run_seed: int = 0, runs: int = 250, processes: int = 1) -> Iterator[Measured]:
    """Run every statistical property under `runs` run seeds, at keep 0.001 to 0.999.

    Yields the rate of alarms, that of the worst property, and that of repeated counts.
    """
    ids = [prop.id for prop in CATALOGUE if prop.is_statistical]
    pieces = [(one, part) for one in ids for part in _parts(run_seed, runs)]
    found: dict[str, list[_Tally]] = {one: [] for one in ids}
    tallies = spread(_tally, pieces, processes=processes)
    for (one, _), tally in zip(pieces, tallies, strict=True):
        found[one].append(tally)
    alarms = {one: sum(tally.alarms for tally in found[one]) for one in ids}
    different = {one: len({c for tally in found[one] for c in tally.counts}) for one in ids}
    total, ledgers = sum(alarms.values()), len(ids) * runs
    _, high = upper_bound(total, ledgers)
    yield at_most(
        "(c) null runs",
        f"false alarm of a property at {_SHARE}",
        total / ledgers,
        _SHARE,
        upper=high,
        note=f"{total} alarms in {ledgers} ledgers: {len(ids)} properties x "
        f"{runs}, keep {KEEP_RATES[0]} to {KEEP_RATES[-1]}",
    )
    worst, name = max((count, one) for one, count in alarms.items())
    low, high = upper_bound(worst, runs)
    yield at_most(
        "(c) null runs",
        f"the same of the worst property, {name if worst else 'none'}",
        worst / runs,
        _SHARE,
        upper=high,
        lower=low,
        note=f"{worst} alarms in {runs} runs; refuted if the lower bound {low:.3f} exceeds it",
    )
    yield at_most(
        "(c) null runs",
        "runs that repeat the counts of another",
        (ledgers - sum(different.values())) / ledgers,
        0.2,
        note="each two runs have the same rates: a run seed without effect repeats half of them",
    )


def adversary(*, run_seed: int = 0, runs: int = 600, processes: int = 1) -> Iterator[Measured]:
    """Scan shapes and rates, with one seed per run; yield the rate of alarms."""
    alarms = sum(spread(_scan, _parts(run_seed, runs), processes=processes))
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


def _parts(first: int, number: int) -> list[range]:
    """Cut `number` run seeds from `first` on into parts, which several processes can take."""
    return [
        range(at, min(at + _PART, first + number)) for at in range(first, first + number, _PART)
    ]


def _tally(piece: tuple[str, range]) -> _Tally:
    """Decide one property under some run seeds."""
    property_id, run_seeds = piece
    prop = find(property_id)
    outcomes = [
        decide_statistical(
            ExactSubject(),  # type: ignore[arg-type]
            _coarse(prop, _at_rates_of(prop, run)),
            _settings(run, _QUICK),
        )
        for run in run_seeds
    ]
    return _Tally(
        sum(one.verdict is Verdict.FAIL for one in outcomes),
        tuple(tuple(c.successes for e in one.examples for c in e.counts) for one in outcomes),
    )


def _scan(run_seeds: range) -> int:
    """Return the number of run seeds under which the scan raises an alarm."""
    prop = _coarse(find("DP202"), _SCAN, _SCANNED_DISCREPANCY)
    profile = replace(_QUICK, statistical_examples=len(_SCAN))
    alarms = 0
    for run in run_seeds:
        settings = _settings(run, profile, _SCANNED_SHARE)
        outcome = decide_statistical(ExactSubject(), prop, settings)  # type: ignore[arg-type]
        alarms += outcome.verdict is Verdict.FAIL
    return alarms


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
