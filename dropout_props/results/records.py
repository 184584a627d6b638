"""What a run hands on: frozen records of plain numbers and text, which reports read and no more.

They hold no array, no key and no object of a framework, so that a file of them is a snapshot.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dropout_props.results.verdict import Verdict

__all__ = [
    "Answer",
    "CaseRecord",
    "Counts",
    "ExampleResult",
    "Failure",
    "KeepCount",
    "MaskDigest",
    "Parameter",
    "PropertyResult",
    "Replay",
    "RunResult",
    "Signature",
    "Snapshot",
    "SubjectSnapshot",
]


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
class CaseRecord:
    """A case as plain values: the fields of `dropout_props.cases.case.Case`, the rate as a text.

    Args:
        seed: names the bits.
        shape: shape of the input.
        rate: dropout rate as C99 hexadecimal, so that it survives every file bit for bit.
        dtype: dtype name of the input.
        broadcast_dims: axes along which one mask is shared.
        values: kind of input.
    """

    seed: int
    shape: tuple[int, ...]
    rate: str
    dtype: str
    broadcast_dims: tuple[int, ...]
    values: str


@dataclass(frozen=True)
class Replay:
    """What it takes to ask a failed property again, with the same bits.

    Args:
        id: stable short hash of subject, property, case, run seed and profile.
        decided: `counterexample`, `example` (one case alone), `ledger` (all cases together) or
            `error`.
        source: where the subject comes from, as ``module:attr``; empty when it ships.
        case: the case that failed, or the one with the most evidence.
        log10_evidence: of that case, for a statistical property.
        counts: of that case.
    """

    id: str
    decided: str
    source: str = ""
    case: CaseRecord | None = None
    log10_evidence: float | None = None
    counts: tuple[Counts, ...] = ()


@dataclass(frozen=True)
class ExampleResult:
    """One case that was judged: its decision, its counts, and how often drawing could stop."""

    case: str
    rate: float
    digest: str
    decision: str
    draws: int
    blocks: int
    log10_evidence: float
    counts: tuple[Counts, ...] = ()
    looks: int = 1


@dataclass(frozen=True)
class Failure:
    """One paragraph of the report.

    Args:
        stated: the sentence of the property.
        seen: what was seen instead, and where.
        decided_by: how that was decided.
        means: what it means for a user.
        reproduce: a command.
        confirmation: what the same key, fresh keys and a known-good mask gave.
        known: the reason and the link, when it is a listed deviation.
        replay: what it takes to ask again.
        reproducer: a program of JAX and Flax alone that shows a listed deviation, where it has one.
    """

    statement: str
    seen: str
    decided_by: str
    means: str
    reproduce: str
    confirmation: str = ""
    known: str = ""
    replay: Replay | None = None
    reproducer: str = ""


@dataclass(frozen=True)
class PropertyResult:
    """The verdict on one property about one subject, and all that it rests on.

    Args:
        subject: name of the subject.
        property_id: id of the property.
        name: short name of the property.
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
        unlisted: the verdict before the list of known deviations was looked at, where it differs.
        root_cause: of a BLOCKED result, the verdict of the property that it goes back to.
    """

    subject: str
    property_id: str
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
    unlisted: Verdict | None = None
    root_cause: Verdict | None = None


@dataclass(frozen=True)
class MaskDigest:
    """The mask of one canonical question, as a digest of its bits."""

    question: str
    digest: str


@dataclass(frozen=True)
class KeepCount:
    """How many units of canonical masks came through, at one rate; keys do not depend on a run seed.

    Args:
        rate: dropout rate.
        kept: units kept.
        units: units drawn.
        lowest: smallest keep probability that correct arithmetic gives.
        highest: largest one.
    """

    rate: float
    kept: int
    units: int
    lowest: float
    highest: float


@dataclass(frozen=True)
class Answer:
    """What a subject said to one canonical mistake.

    Args:
        mistake: what was wrong with the question.
        error: type of the exception; empty when there was none.
        message: its first line, addresses struck out; or what came instead.
    """

    mistake: str
    error: str
    message: str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a signature; `default` is None where there is none."""

    name: str
    kind: str
    default: str | None = None


@dataclass(frozen=True)
class Signature:
    """The parameters of a constructor or a call."""

    place: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class SubjectSnapshot:
    """What one subject does with canonical questions, whatever the run seed and the profile."""

    subject: str
    masks: tuple[MaskDigest, ...] = ()
    keeps: tuple[KeepCount, ...] = ()
    answers: tuple[Answer, ...] = ()
    signatures: tuple[Signature, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class Snapshot:
    """What a comparison needs beside the verdicts: everything installed, and canonical answers."""

    installed: dict[str, str]
    subjects: tuple[SubjectSnapshot, ...] = ()


@dataclass(frozen=True)
class RunResult:
    """A whole run: what was installed, what was asked, what came out.

    `stopped` says why a run did not reach its end, where it did not.
    """

    versions: dict[str, str]
    flags: dict[str, str]
    run_seed: int
    profile: str
    false_fail_rate: float
    false_pass_rate: float
    share: float
    num_properties: int
    collected: int
    results: tuple[PropertyResult, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())
    snapshot: Snapshot | None = None
    stopped: str = ""

    @property
    def complete(self) -> bool:
        """Whether every collected pair of subject and property has a result."""
        return len(self.results) == self.collected

    @property
    def tally(self) -> Counter[Verdict]:
        """How often each verdict occurs."""
        return Counter(result.verdict for result in self.results)
