"""What a run hands on: frozen records of plain numbers and text, which reports read and no more.

They hold no array, no key and no object of a framework, so that a file of them is a snapshot.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dropout_props.verdict import Verdict

__all__ = ["ClaimResult", "Counts", "ExampleResult", "Failure", "RunResult"]


@dataclass(frozen=True)
class Counts:
    """The counts of one family in one example, and its worst member.

    Args:
        label: what was counted.
        members: how many probabilities the family holds.
        successes: summed over the members.
        trials: summed over the members.
        lowest: smallest null probability of a member.
        highest: largest null probability of a member.
        worst: index of the member with the most evidence against it.
        worst_successes: its successes.
        worst_trials: its trials.
        interval: exact confidence interval of the worst member's success probability.
        discrepancy: the deviation of a probability that exclusion means here.
        log10_evidence: of the whole family.
    """

    label: str
    members: int
    successes: int
    trials: int
    lowest: float
    highest: float
    worst: int
    worst_successes: int
    worst_trials: int
    interval: tuple[float, float]
    discrepancy: float
    log10_evidence: float


@dataclass(frozen=True)
class ExampleResult:
    """One case that was judged: its decision and its counts."""

    case: str
    rate: float
    digest: str
    decision: str
    draws: int
    blocks: int
    log10_evidence: float
    counts: tuple[Counts, ...] = ()


@dataclass(frozen=True)
class Failure:
    """One paragraph of the report.

    Args:
        claimed: the sentence of the claim.
        seen: what was seen instead, and where.
        decided_by: how that was decided.
        means: what it means for a user.
        reproduce: a command.
        confirmation: what the same key, fresh keys and a known-good mask gave.
        known: the reason and the link, when it is a listed deviation.
    """

    claimed: str
    seen: str
    decided_by: str
    means: str
    reproduce: str
    confirmation: str = ""
    known: str = ""


@dataclass(frozen=True)
class ClaimResult:
    """The verdict on one claim about one subject, and all that it rests on.

    Args:
        subject: name of the subject.
        claim: id of the claim.
        name: short name of the claim.
        kind: exact or statistical.
        verdict: one of the seven.
        shown: one line: what a pass excludes, what a failure saw, why it does not apply.
        failure: the paragraph, where there is something to explain.
        relative_interval: exact confidence interval of E[y]/x - 1, pooled over the examples.
        draws: units drawn to decide.
        num_examples: distinct cases judged.
        examples: the counted cases.
        seconds: wall time.
        compile_seconds: of which compiling.
        compilations: how many programs were compiled.
    """

    subject: str
    claim: str
    name: str
    kind: str
    verdict: Verdict
    shown: str = ""
    failure: Failure | None = None
    relative_interval: tuple[float, float] | None = None
    draws: int = 0
    num_examples: int = 0
    examples: tuple[ExampleResult, ...] = ()
    seconds: float = 0.0
    compile_seconds: float = 0.0
    compilations: int = 0


@dataclass(frozen=True)
class RunResult:
    """A whole run: what was installed, what was asked, what came out."""

    versions: dict[str, str]
    flags: dict[str, str]
    salt: int
    profile: str
    false_fail_rate: float
    false_pass_rate: float
    share: float
    num_claims: int
    collected: int
    results: tuple[ClaimResult, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())

    @property
    def complete(self) -> bool:
        """Whether every collected pair of subject and claim has a result."""
        return len(self.results) == self.collected

    @property
    def tally(self) -> Counter[Verdict]:
        """How often each verdict occurs."""
        return Counter(result.verdict for result in self.results)
