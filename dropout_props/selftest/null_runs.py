"""(c) Thousands of runs of the real engine on exact masks, and (d) under an adversary.

The budget is inflated until alarms can be counted; everything else is the engine as it is:
Hypothesis draws the cases, each statistical claim counts, the ledger decides. The adversary scans
shapes and rates under one seed and reports whatever it finds: it gains nothing as long as every
case has fresh bits.
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

    from dropout_props.properties import Claim

__all__ = ["adversary", "measure"]

_SHARE = 0.05
_SCANNED_SHARE = 1e-7  # so deep that one alarm in all scans is one too many
_COARSE = 0.4  # standard deviations: every discrepancy, so that a run takes few blocks
_QUICK = Profile("null", 1.0, 1, 3, wide_pools=False)
_SCANNED_DISCREPANCY = 0.15  # one block decides: the same bits say the same in every case
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


def measure(*, salt: int = 0, runs: int = 250) -> Iterator[Measured]:
    """Run every statistical claim under ``runs`` salts, at keep 0.001 to 0.999; yield alarms."""
    tally, worst = _Tally(), (0, "")
    claims = [claim for claim in CATALOGUE if claim.is_statistical]
    for claim in claims:
        alarms, seen = 0, set()
        for run in range(salt, salt + runs):
            outcome = decide_statistical(
                ExactSubject(),  # type: ignore[arg-type]
                _coarse(claim, _at_rates_of(claim, run)),
                _settings(run, _QUICK),
            )
            alarms += outcome.verdict is Verdict.FAIL
            seen.add(tuple(c.successes for e in outcome.examples for c in e.counts))
        tally.ledgers += runs
        tally.alarms += alarms
        tally.counts += runs
        tally.repeated += runs - len(seen)
        worst = max(worst, (alarms, claim.id))
    low, high = upper_bound(tally.alarms, tally.ledgers)
    yield at_most(
        "(c) null runs",
        f"false alarm of a claim at {_SHARE}",
        tally.alarms / tally.ledgers,
        _SHARE,
        upper=high,
        note=f"{tally.alarms} alarms in {tally.ledgers} ledgers: {len(claims)} claims x {runs}, "
        f"keep {KEEP_RATES[0]} to {KEEP_RATES[-1]}",
    )
    low, high = upper_bound(worst[0], runs)
    yield at_most(
        "(c) null runs",
        f"the same of the worst claim, {worst[1] or 'none'}",
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
        note="each two runs have the same rates: a salt without effect repeats half of them",
    )


def adversary(*, salt: int = 0, runs: int = 600) -> Iterator[Measured]:
    """Scan shapes and rates under one seed a run; yield alarms."""
    claim = _coarse(find("DP202"), _SCAN, _SCANNED_DISCREPANCY)
    profile = replace(_QUICK, statistical_examples=len(_SCAN))
    alarms = 0
    for run in range(salt, salt + runs):
        settings = _settings(run, profile, _SCANNED_SHARE)
        outcome = decide_statistical(ExactSubject(), claim, settings)  # type: ignore[arg-type]
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


def _at_rates_of(claim: Claim, run: int) -> tuple[Case, ...]:
    """Return the claim's cases at rates that go round from 0.001 to 0.999.

    Each two runs have the same rates, so that a salt without effect repeats their counts.
    """
    number = _QUICK.statistical_examples
    cases = [claim.decision.explicit[at % len(claim.decision.explicit)] for at in range(number)]
    at = [(run // 2 * number + position) % len(KEEP_RATES) for position in range(number)]
    return tuple(
        replace(case, rate=1.0 - KEEP_RATES[which]) for case, which in zip(cases, at, strict=True)
    )


def _coarse(claim: Claim, explicit: tuple[Case, ...], discrepancy: float = _COARSE) -> Claim:
    """Return the counts of a claim, which promises less and so draws less."""
    decision = claim.decision
    assert isinstance(decision, Statistical)
    coarse = replace(
        decision,
        discrepancies=dict.fromkeys(decision.discrepancies, discrepancy),
        explicit=explicit,
        also=None,
    )
    return replace(claim, decision=coarse)


def _settings(salt: int, profile: Profile, share: float = _SHARE) -> Any:
    budget = Budget(false_fail_rate=share, num_claims=1, capacity=1)
    return Settings(
        salt=salt, profile=profile, budget=budget, known=(), confirm=False, sampler=ExactSampler
    )
