"""Judges a pair of subject and property; the command line, pytest, gate and self-test all call it.

An exact property fails on a counterexample. A statistical property keeps a ledger over its N
examples (`dropout_props.statistics.ledger`): it fails on evidence of 2N/share from one example, or
of 1/share from all together. A property that depends on a failed one is BLOCKED, so a report counts
root causes.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from dropout_props.engine.compilations import counted
from dropout_props.engine.crash import words_of_crash
from dropout_props.engine.decide import Outcome, decide_exact, decide_statistical
from dropout_props.engine.deviations.apply import apply_known
from dropout_props.engine.diagnosis import Diagnosis, examine
from dropout_props.engine.failure_ids import case_of, with_replay
from dropout_props.engine.messages import reproduce
from dropout_props.engine.probe import probe
from dropout_props.environment.guards import without_guards
from dropout_props.properties import find
from dropout_props.results.records import Failure, PropertyResult
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Crashed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dropout_props.engine.crashed_cases import Crash
    from dropout_props.engine.settings import Settings
    from dropout_props.properties import Property
    from dropout_props.subjects.subject import Subject

__all__ = ["ENDED_TWICE", "Judge", "lost"]

_EVALUATES = "DP101"
"""The property of evaluation, on whose output others build."""


ENDED_TWICE = "the process ended twice before it had a verdict; the property was not judged"
"""How a pair was decided whose process crashed or hung: its layer is not safe to call here."""


class Judge:
    """Judges pairs under one set of settings, and caches the results.

    Results are cached for a subject by its identity, not by its name: two subjects of one name are
    two subjects, and so are two equal ones.

    Args:
        settings: run seed, budget, profile, known deviations.
        environment: installed versions and flags, used to match known deviations.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self.environment = environment
        self._results: dict[int, dict[str, PropertyResult]] = {}
        self._controls: dict[str, str] = {}
        self._subjects: dict[int, Subject] = {}  # a stored subject keeps its id()

    def __call__(self, subject: Subject, prop: Property) -> PropertyResult:
        """Return the result of one property of one subject."""
        results = self._results_of(subject)
        if prop.id not in results:
            started, known = monotonic(), set(results)
            with without_guards(), counted() as compiled:
                result = self._judge(subject, prop)
            # Properties that it depends on were judged meanwhile: their own results count that.
            others = [results[one] for one in results.keys() - known]
            results[prop.id] = replace(
                result,
                seconds=monotonic() - started - sum(one.seconds for one in others),
                compile_seconds=compiled.seconds - sum(one.compile_seconds for one in others),
                compilations=compiled.count - sum(one.compilations for one in others),
            )
        return results[prop.id]

    def reuse(self, subject: Subject, results: Iterable[PropertyResult]) -> None:
        """Add results of another judge to the cache, so that they are not judged again.

        Args:
            subject: the subject of the results.
            results: of the same settings, or of exact properties.
        """
        self._results_of(subject).update((result.property_id, result) for result in results)

    def _evaluation_fails(
        self, subject: Subject, prop: Property, error: Exception | SystemExit
    ) -> bool:
        """Return whether a crash is that of an evaluation which already fails its own property."""
        if not (isinstance(error, Crashed) and error.in_evaluation) or prop.id == _EVALUATES:
            return False
        return self(subject, find(_EVALUATES)).verdict in (Verdict.FAIL, Verdict.KNOWN)

    def _results_of(self, subject: Subject) -> dict[str, PropertyResult]:
        self._subjects[id(subject)] = subject
        return self._results.setdefault(id(subject), {})

    def _passes_its_control(self, prop: Property) -> str:
        """Return why a property of a project is not trusted: its negative control did not fail.

        The control is judged once, alone: without known deviations, and whatever it depends on; but
        at the share of the error budget at which the property is judged.
        """
        if prop.control is None:
            return ""
        if prop.id not in self._controls:
            alone = Judge(replace(self.settings, known=(), confirm=False), self.environment)
            alone._controls[prop.id] = ""  # the control has no control of its own
            found = alone(prop.control, replace(prop, blocked_by=(), needs=()))
            self._controls[prop.id] = (
                ""
                if found.verdict is Verdict.FAIL
                else f"its negative control does not fail ({found.verdict}: {found.shown}), so "
                "nothing shows that the property can; the layer was not judged"
            )
        return self._controls[prop.id]

    def notes(self, subject: Subject) -> tuple[str, ...]:
        """Return what trying has found about a subject: sentences that are never a failure."""
        return probe(subject).notes

    def _not_judged(
        self, whole: Subject, subject: Subject, prop: Property, blank: PropertyResult
    ) -> PropertyResult | None:
        """Return the result of a property that is not judged, with why; None if it is."""
        reason = prop.inapplicable(subject.traits)
        if reason is not None:
            return replace(blank, verdict=Verdict.NOT_APPLICABLE, shown=reason)
        if untested := self._passes_its_control(prop):
            by = "the negative control of the property, which is judged first"
            return _error(subject, blank, prop, self.settings, untested, decided_by=by)
        for blocker in prop.blocked_by:
            found = self(whole, find(blocker))
            if found.blocks:
                root = found.root_id or blocker, found.root_cause or found.verdict
                return _blocked(blank, blocker, *root)
        return None

    def _raised(
        self,
        whole: Subject,
        prop: Property,
        blank: PropertyResult,
        error: Exception | SystemExit,
        crash: Crash | None = None,
    ) -> PropertyResult:
        """Return the result of a property that raised: in all cases, or in those of `crash`."""
        if self._evaluation_fails(whole, prop, error):
            cause = self(whole, find(_EVALUATES)).verdict
            return _blocked(blank, _EVALUATES, _EVALUATES, cause)
        text, subject = words_of_crash(whole, prop, error), probe(whole).subject
        if crash is None:
            return _error(subject, blank, prop, self.settings, text)
        return _error(
            subject,
            blank,
            prop,
            self.settings,
            f"{text} {crash.where}",
            decided_by="the subject crashed in these cases; the property was judged in the others",
            means="A program that calls the layer so comes to a stop.",
        )

    def _judge(self, subject: Subject, prop: Property) -> PropertyResult:
        whole, subject = subject, probe(subject).subject
        blank = PropertyResult(subject.name, prop.id, prop.name, prop.kind, Verdict.PASS)
        if (early := self._not_judged(whole, subject, prop, blank)) is not None:
            return early
        decide = decide_statistical if prop.is_statistical else decide_exact
        try:
            outcome = decide(subject, prop, self.settings)
        except Unsupported as error:
            return replace(blank, verdict=Verdict.NOT_APPLICABLE, shown=str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001 (the other pairs must still be judged)
            return self._raised(whole, prop, blank, error)
        if outcome.crash is not None:
            found = self._raised(whole, prop, blank, outcome.crash.error, outcome.crash)
            return replace(found, num_examples=outcome.num_examples)
        result = _result(blank, outcome)
        result = apply_known(result, subject, self.settings.known, self.environment)
        # A known deviation has its reason in the list: nothing is drawn and compiled for another.
        if result.verdict is Verdict.FAIL and self.settings.confirm:
            result = _diagnosed(result, subject, prop, self.settings)
        return result


def _blocked(
    blank: PropertyResult, blocker: str, root_id: str, root_cause: Verdict
) -> PropertyResult:
    return replace(
        blank,
        verdict=Verdict.BLOCKED,
        shown=f"depends on {blocker}",
        root_cause=root_cause,
        root_id=root_id,
    )


def _result(blank: PropertyResult, outcome: Outcome) -> PropertyResult:
    return replace(
        blank,
        verdict=outcome.verdict,
        shown=outcome.shown,
        failure=outcome.failure,
        relative_interval=outcome.relative_interval,
        draws=sum(example.draws for example in outcome.examples),
        num_examples=outcome.num_examples,
        examples=outcome.examples,
    )


def _diagnosed(
    result: PropertyResult, subject: Subject, prop: Property, settings: Settings
) -> PropertyResult:
    """Return the result with the explanation of its failure, where one holds."""
    failure = result.failure
    if failure is None or failure.replay is None or failure.replay.case is None:
        return result
    try:
        found = examine(subject, prop, case_of(failure.replay.case), settings)
    except (Exception, SystemExit):  # noqa: BLE001 (a diagnosis that fails must not hide the failure)
        found = Diagnosis()
    return replace(result, failure=replace(failure, diagnosis=found.words, masks=found.masks))


def lost(
    subject: Subject, prop: Property, settings: Settings, *, text: str, limit: float | None
) -> PropertyResult:
    """Return ERROR for a pair whose process ended or was stopped, twice.

    Args:
        subject: the subject.
        prop: the property.
        settings: the settings of the run.
        text: how the processes ended.
        limit: seconds that a pair may take; None without a limit.
    """
    blank = PropertyResult(subject.name, prop.id, prop.name, prop.kind, Verdict.PASS)
    result = _error(
        subject,
        blank,
        prop,
        settings,
        text,
        decided_by=ENDED_TWICE,
    )
    assert result.failure is not None
    # These options judge the pair in a worker again, so that the command itself survives.
    options = "-n 2" if limit is None else f"--timeout {limit:g}"
    failure = replace(result.failure, reproduce=f"{result.failure.reproduce} {options}")
    return replace(result, failure=failure)


def _error(
    subject: Subject,
    blank: PropertyResult,
    prop: Property,
    settings: Settings,
    text: str,
    *,
    decided_by: str = (
        "the subject crashed, or returned an invalid output; the property was not judged"
    ),
    means: str = "Nothing is known about this property until the subject runs.",
) -> PropertyResult:
    failure = Failure(
        statement=prop.statement,
        seen=text,
        decided_by=decided_by,
        means=means,
        reproduce=reproduce(subject, prop.id, settings),
    )
    failure = with_replay(failure, subject, prop.id, settings, decided="error")
    shown = text.splitlines()[0]
    return replace(blank, verdict=Verdict.ERROR, shown=shown, failure=failure)
