"""The records of a run: frozen dataclasses of plain numbers and text.

Reports read them and nothing else. They hold no array, key or object of a framework, so a file
holds a whole run.
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
    "RecordedSite",
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
        label: description of the count.
        members: number of probabilities in the family.
        successes: sum over the members.
        trials: sum over the members.
        lowest: smallest null probability of a member.
        highest: largest null probability of a member.
        worst: index of the member with the most evidence against it.
        worst_successes: successes of that member.
        worst_trials: trials of that member.
        interval: exact confidence interval of that member's success probability.
        discrepancy: absolute deviation of a probability that a pass excludes.
        log10_evidence: evidence of the whole family against its null, in powers of ten.
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
        seed: part of every key.
        shape: shape of the input.
        rate: dropout rate as C99 hexadecimal, which keeps every bit in a file.
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
    """The inputs that judge a failed property again with the same bits.

    Args:
        id: stable short hash of subject, property, case, run seed and profile.
        decided: `counterexample`, `example` (one case alone), `ledger` (all cases together) or
            `error`.
        source: path of the subject, as ``module:attr``; empty for a subject that ships.
        case: the case that failed, or the one with the most evidence.
        log10_evidence: evidence of that case, for a statistical property.
        counts: counts of that case.
    """

    id: str
    decided: str
    source: str = ""
    case: CaseRecord | None = None
    log10_evidence: float | None = None
    counts: tuple[Counts, ...] = ()


@dataclass(frozen=True)
class ExampleResult:
    """One judged case.

    Args:
        case: the case in words.
        rate: its dropout rate.
        digest: digest of the whole case.
        decision: excluded, refuted or undecided.
        draws: number of units drawn.
        blocks: number of blocks in which they were drawn.
        log10_evidence: evidence against the property, in powers of ten.
        counts: the counts of each family.
        looks: the number of looks at which it could stop.
        log10_threshold: the evidence at which the case alone fails the property; None in a file of
            a version that did not record it.
        trace: units drawn and evidence so far, after 1, 2, 4, 8 ... blocks and at the end.
    """

    case: str
    rate: float
    digest: str
    decision: str
    draws: int
    blocks: int
    log10_evidence: float
    counts: tuple[Counts, ...] = ()
    looks: int = 1
    log10_threshold: float | None = None
    trace: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Failure:
    """One paragraph of the report.

    Args:
        statement: the sentence of the property.
        seen: the observation that contradicts it, and its place.
        decided_by: the counterexample, or the evidence and its threshold.
        means: the consequence for a user.
        reproduce: a command that judges the pair again.
        confirmation: the outcome with the same key, with fresh keys and with a correct layer.
        known: reason and link of a known deviation; empty for other failures.
        replay: the inputs of `dropout-props replay`.
        reproducer: a program of JAX and Flax alone that shows a known deviation; may be empty.
        diagnosis: the simple explanation that holds, such as a constant axis; may be empty.
        masks: the first units of some masks of new keys in the failing case, one text for each
            row, "1" for a unit that is kept; empty where the layer hides its mask.
        program: a program without this package that exits with 1 while the failure occurs; empty
            where none can be written, and in results without a file.
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
    diagnosis: str = ""
    masks: tuple[tuple[str, ...], ...] = ()
    program: str = ""


@dataclass(frozen=True)
class PropertyResult:
    """The verdict on one property of one subject, with its evidence.

    Args:
        subject: name of the subject.
        property_id: id of the property.
        name: short name of the property.
        kind: exact or statistical.
        verdict: one of the seven.
        shown: one line: what a pass excludes, what a failure observed, or why it does not apply.
        failure: the paragraph of a failure, an error or a known deviation; else None.
        relative_interval: exact confidence interval of E[y]/x - 1 that holds at once for every
            example at a rate from 0.01 to 0.9.
        draws: number of units drawn.
        num_examples: number of distinct cases judged.
        examples: the cases that were counted.
        seconds: wall time.
        compile_seconds: part of it that JAX compiled.
        compilations: number of programs that JAX compiled.
        unlisted: the verdict without the list of known deviations, where it differs.
        root_cause: for BLOCKED, the verdict of the property at the end of the chain of blockers.
        root_id: for BLOCKED, the id of that property; for FAIL and INCONCLUSIVE, the id of the
            failed property that explains it; else empty.
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
    root_id: str = ""

    @property
    def blocks(self) -> bool:
        """Whether properties that depend on this one are BLOCKED.

        A crash in some cases blocks nothing where other cases were judged.
        """
        return self.verdict.blocks and not (self.verdict is Verdict.ERROR and self.num_examples)


@dataclass(frozen=True)
class MaskDigest:
    """The digest of the bits of one canonical mask; `question` describes the call."""

    question: str
    digest: str


@dataclass(frozen=True)
class KeepCount:
    """A count of the units that canonical masks keep at one rate, with keys of a fixed run seed.

    Args:
        rate: dropout rate.
        kept: number of units kept.
        units: number of units drawn.
        lowest: smallest keep probability of correct arithmetic.
        highest: largest keep probability of correct arithmetic.
    """

    rate: float
    kept: int
    units: int
    lowest: float
    highest: float


@dataclass(frozen=True)
class Answer:
    """The response of a subject to one canonical invalid call.

    Args:
        mistake: the fault of the call.
        error: type of the exception; empty when nothing was raised.
        message: first line of the exception, without addresses; or a description of the output.
    """

    mistake: str
    error: str
    message: str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a signature; `default` is the text of its default, or None without one."""

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
    """The responses of one subject to canonical calls, independent of run seed and profile."""

    subject: str
    masks: tuple[MaskDigest, ...] = ()
    keeps: tuple[KeepCount, ...] = ()
    answers: tuple[Answer, ...] = ()
    signatures: tuple[Signature, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class RecordedSite:
    """One site of a recorded program: a place that draws masks, or a dropout that draws none.

    Args:
        program: name of the program, `package.module:function`.
        path: path of the modules, or the function outside of modules.
        line: file and number of the line.
        shape: shape of one mask.
        shared: axes along which one mask serves several units of the input.
        declared: rate that the module declares; None where it declares none.
        keeps: keep probabilities in the program, each once; empty where one was not seen.
        masks: number of masks drawn; 0 for a dropout that draws nothing.
        keys: number of keys that they were drawn from.
        digest: digest of the masks; of the keys of those that were not compared bit by bit.
        compared: number of masks whose bits are in the digest.
        kept: number of units kept in these masks, those of one key counted once.
        units: number of units in them.
        missed: whether it may have drawn masks that the record does not show.
    """

    program: str
    path: str
    line: str
    shape: tuple[int, ...] = ()
    shared: tuple[int, ...] = ()
    declared: float | None = None
    keeps: tuple[float, ...] = ()
    masks: int = 0
    keys: int = 0
    digest: str = ""
    compared: int = 0
    kept: int = 0
    units: int = 0
    missed: bool = False


@dataclass(frozen=True)
class Snapshot:
    """The part of a result that only comparisons use.

    Args:
        installed: versions of everything installed.
        subjects: canonical calls of each subject.
        sites: sites of the program that was recorded.
        not_seen: what the record of that program could not see, a sentence each.
    """

    installed: dict[str, str]
    subjects: tuple[SubjectSnapshot, ...] = ()
    sites: tuple[RecordedSite, ...] = ()
    not_seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunResult:
    """A whole run: versions and flags, settings, and results.

    Args:
        versions: versions of Python, Flax, JAX and others.
        flags: device, and flags of JAX and Flax.
        run_seed: the integer that enters every key.
        profile: how much was drawn.
        false_fail_rate: the error budget of the run.
        false_pass_rate: the largest chance to miss a promised discrepancy.
        share: the part of the budget of one statistical property about one subject.
        num_properties: how many statistical properties share the budget.
        collected: number of pairs of subject and property that were selected.
        results: one for each pair that was judged.
        seconds: wall time.
        notes: sentences that are never a failure.
        snapshot: what only comparisons use; None where none was taken.
        stopped: why the run ended early; empty for a run that did not.
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
