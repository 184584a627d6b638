"""Judges one example of a statistical property: draws block by block until it is decided.

The example is "refuted" when the evidence reaches the threshold, "excluded" when the promised
discrepancy has been excluded on both sides of every member, at whichever looks, and "undecided"
when its blocks are used up. There are as many blocks as a fixed-sample test would need, and so many
that correct code is undecided only with the probability that the budget has for that. Evidence is
valid at any stopping time (Ville), so a look after every block costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, exp, inf, log
from typing import TYPE_CHECKING

import numpy as np

from dropout_props.engine.device_blocks import device_blocks, forecast
from dropout_props.engine.families import require_same
from dropout_props.results.records import Counts, ExampleResult
from dropout_props.statistics import (
    Trials,
    blocks_to_decide,
    clopper_pearson,
    excluded_sides,
    log_evalues,
    log_mean_evalue,
    normal_isf,
)
from dropout_props.subjects.subject import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dropout_props.engine.device_blocks import DeviceBlocks
    from dropout_props.properties import Statistical
    from dropout_props.properties.sampler import Sampler

# The self-test measures `excluded_sides` and `log_evalues` as this module uses them.
__all__ = ["Example", "Rule", "excluded_sides", "judge_example", "log_evalues"]


@dataclass(frozen=True)
class Rule:
    """When an example stops.

    Args:
        log_threshold: natural log of the evidence that refutes.
        false_pass_rate: upper bound on the chance that an existing discrepancy is excluded.
        factor: the profile's factor on the discrepancies of the property.
        undecided_rate: upper bound on the chance that an example of correct code is undecided.
    """

    log_threshold: float
    false_pass_rate: float
    factor: float
    undecided_rate: float = 1e-12

    def trials_per_variance(self, num_members: int) -> float:
        """Return how many trials of a member a fault gets, times discrepancy^2/variance.

        It is about the fixed-sample size of the same two error rates for all members together.
        Normal quantiles suffice: this chooses between "undecided" and "refuted" for a wrong layer,
        and a correct one is decided by `blocks_to_decide`, which is exact.
        """
        z_fail = normal_isf(0.5 * exp(-self.log_threshold))
        z_member = normal_isf(self.false_pass_rate / num_members)
        return (z_fail + normal_isf(self.false_pass_rate) + z_member) ** 2


@dataclass(frozen=True)
class Example:
    """A decided example: the counts of each family, and the evidence against the property.

    Args:
        sampler: drew the masks.
        families: the counts.
        discrepancies: the promised discrepancy of each member, as a difference of probabilities.
        decision: excluded, refuted or undecided.
        log_evidence: natural log of the evidence against the property.
        blocks: number of blocks drawn.
        max_blocks: the most that could be drawn.
        draws: number of units drawn; a unit may be in many counts.
        log_threshold: natural log of the evidence that refutes.
        trace: units drawn and evidence so far (natural log), after 1, 2, 4, 8 ... blocks and at the
            end. It records what each look computed and decides nothing.
    """

    sampler: Sampler
    families: tuple[Trials, ...]
    discrepancies: tuple[np.ndarray, ...]
    decision: str
    log_evidence: float
    blocks: int
    max_blocks: int
    draws: int
    log_threshold: float
    trace: tuple[tuple[int, float], ...]

    def record(self, *, confidence: float) -> ExampleResult:
        """Return the example as plain numbers."""
        pairs = zip(self.families, self.discrepancies, strict=True)
        return ExampleResult(
            case=str(self.sampler.case),
            rate=self.sampler.case.rate,
            digest=self.sampler.case.digest(),
            decision=self.decision,
            draws=self.draws,
            blocks=self.blocks,
            log10_evidence=self.log_evidence / log(10),
            counts=tuple(self._counts(family, d, confidence) for family, d in pairs),
            looks=self.max_blocks,
            log10_threshold=self.log_threshold / log(10),
            trace=tuple((draws, evidence / log(10)) for draws, evidence in self.trace),
        )

    def _counts(self, family: Trials, discrepancy: np.ndarray, confidence: float) -> Counts:
        evidence = log_evalues(family, discrepancy=discrepancy)
        worst = int(np.argmax(evidence))
        successes, trials = int(family.successes[worst]), int(family.trials[worst])
        # It is the member that stands out, at whichever look: all of them share the error.
        interval = clopper_pearson(
            successes, trials, confidence=confidence, num_looks=self.max_blocks * len(family)
        )
        return Counts(
            label=family.label,
            members=len(family),
            successes=sum(family.successes.tolist()),
            trials=sum(family.trials.tolist()),
            lowest=float(family.lowest.min()),
            highest=float(family.highest.max()),
            worst=worst,
            worst_successes=successes,
            worst_trials=trials,
            interval=(interval.lowest, interval.highest),
            discrepancy=float(discrepancy.max()),
            log10_evidence=log_mean_evalue([evidence]) / log(10),
        )


def _absolute(family: Trials, discrepancies: Mapping[str, float], factor: float) -> np.ndarray:
    """Return the discrepancy of each member as a difference of probabilities."""
    middle = (family.lowest + family.highest) / 2
    return factor * discrepancies[family.label] * np.sqrt(middle * (1.0 - middle))


def judge_example(sampler: Sampler, decision: Statistical, rule: Rule) -> Example:
    """Draw blocks of one case until it is decided; a pure function of its arguments.

    The blocks are drawn on the device where this is quicker. Those of the host decide where the
    two differ, and wherever a layer is refuted.
    """
    before = len(sampler.drawn)
    first = _observed(decision, sampler, 0)
    discrepancies = tuple(_absolute(f, decision.discrepancies, rule.factor) for f in first)
    start = _Start(
        sampler=sampler,
        rule=rule,
        first=first,
        discrepancies=discrepancies,
        max_blocks=_max_blocks(first, discrepancies, decision.discrepancies, rule),
        before=sum(sampler.drawn[:before]),
    )
    quick = _device_blocks(start, decision)
    if quick is not None:
        found = _on_device(start, decision, quick)
        if found is not None:
            return found
        del sampler.drawn[before + 1 :]  # block 0 was drawn on the host
    return _decided(start, lambda block: _observed(decision, sampler, block))


@dataclass(frozen=True)
class _Start:
    """An example after its first block.

    Args:
        sampler: draws the masks.
        rule: when the example stops.
        first: the counts of block 0.
        discrepancies: the promised discrepancy of each member.
        max_blocks: the most that are drawn.
        before: units that the sampler had drawn before the example.
    """

    sampler: Sampler
    rule: Rule
    first: tuple[Trials, ...]
    discrepancies: tuple[np.ndarray, ...]
    max_blocks: int
    before: int


def _device_blocks(start: _Start, decision: Statistical) -> DeviceBlocks | None:
    if decision.positions is None and decision.pairs is None:
        return None
    blocks = forecast(
        start.first,
        start.discrepancies,
        log_threshold=start.rule.log_threshold,
        false_pass_rate=start.rule.false_pass_rate,
    )
    return device_blocks(start.sampler, decision, start.first, num_blocks=blocks)


def _on_device(start: _Start, decision: Statistical, quick: DeviceBlocks) -> Example | None:
    """Decide on the device; None if the host has to."""
    try:
        found = _decided(start, quick.draw)
        again = replace(start.sampler)  # what it draws is not drawn for the example
        last = _observed(decision, again, found.blocks - 1)
        agree = quick.count(found.blocks - 1) == last
    except Exception:  # noqa: BLE001 (whatever it is, the host says what the layer does)
        return None
    return found if agree and found.decision != "refuted" else None


def _decided(start: _Start, draw: Callable[[int], tuple[Trials, ...]]) -> Example:
    """Look at the evidence after each block, and draw the next until the example is decided."""
    sampler, rule, discrepancies = start.sampler, start.rule, start.discrepancies
    blocks, max_blocks, verdict, evidence = 1, start.max_blocks, "undecided", -inf
    # One family of all members: a look at them is one call, not one for each family.
    members, discrepancy = Trials.joined(start.first), np.concatenate(discrepancies)
    ends = np.cumsum([len(family) for family in start.first])[:-1]
    ruled_out = np.zeros((2, len(members)), dtype=bool)
    trace: dict[int, float] = {}
    while True:
        evalues = log_evalues(members, discrepancy=discrepancy)
        evidence = log_mean_evalue(np.split(evalues, ends))
        ruled_out |= excluded_sides(
            members, discrepancy=discrepancy, false_pass_rate=rule.false_pass_rate
        )
        if evidence >= rule.log_threshold:
            verdict = "refuted"
        elif ruled_out.all():
            verdict = "excluded"
        if verdict != "undecided" or blocks >= max_blocks or blocks.bit_count() == 1:
            trace[sum(sampler.drawn) - start.before] = evidence
        if verdict != "undecided" or blocks >= max_blocks:
            break
        drawn = draw(blocks)
        require_same(start.first, drawn, block=blocks)
        members += Trials.joined(drawn)
        blocks += 1
    return Example(
        sampler,
        members.parted(start.first),
        discrepancies,
        verdict,
        evidence,
        blocks,
        max_blocks,
        sum(sampler.drawn) - start.before,
        rule.log_threshold,
        tuple(trace.items()),
    )


def _observed(decision: Statistical, sampler: Sampler, block: int) -> tuple[Trials, ...]:
    """Return the counts of a block, without families of which this case has no trial.

    Raises:
        Unsupported: the masks of the case are too small for any of the counts.
    """
    counted = tuple(one for one in decision.observe(sampler, block) if one.trials.any())
    if not counted:
        raise Unsupported(f"a mask of {sampler.case.shape} has too few units to count")
    return counted


def _max_blocks(
    families: tuple[Trials, ...],
    discrepancies: tuple[np.ndarray, ...],
    promised: Mapping[str, float],
    rule: Rule,
) -> int:
    """Return the number of blocks after which an example is left undecided."""
    to_refute = max(
        ceil(
            rule.trials_per_variance(len(family))
            / (rule.factor * promised[family.label]) ** 2
            / max(1, int(family.trials.min()))
        )
        for family in families
    )
    to_pass = blocks_to_decide(
        list(zip(families, discrepancies, strict=True)),
        false_pass_rate=rule.false_pass_rate,
        undecided_rate=rule.undecided_rate,
    )
    return max(to_refute, to_pass)
