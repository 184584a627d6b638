"""One function judges a (subject, property) pair: the command line, pytest and the gate all call it.

Exact properties fail on a counterexample. Statistical properties keep a ledger over their examples (see
`dropout_props.statistics.ledger`): one example fails it at once at 2N/share, all of them together
at 1/share. A property that stands on a failed one is BLOCKED, so that a report counts root causes.
"""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from dropout_props.engine.compilations import counted
from dropout_props.engine.decide import Outcome, decide_exact, decide_statistical
from dropout_props.engine.deviations.apply import apply_known
from dropout_props.engine.failure_ids import with_replay
from dropout_props.engine.messages import reproduce
from dropout_props.properties import find
from dropout_props.results.records import Failure, PropertyResult
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import SubjectError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dropout_props.engine.settings import Settings
    from dropout_props.properties import Property
    from dropout_props.subjects.subject import Subject

__all__ = ["Judge"]


class Judge:
    """Judges pairs under one set of settings, and remembers what it judged.

    Args:
        settings: run seed, budget, profile, known deviations.
        here: versions and flags by name, for the conditions of known deviations.
        settled: what was judged elsewhere, and is taken over.
    """

    def __init__(
        self, settings: Settings, here: Mapping[str, str], settled: Iterable[PropertyResult] = ()
    ) -> None:
        self.settings = settings
        self.here = here
        self._results = {(result.subject, result.property_id): result for result in settled}

    def __call__(self, subject: Subject, prop: Property) -> PropertyResult:
        """Return the verdict on one property about one subject, and all that it rests on."""
        pair = subject.name, prop.id
        if pair not in self._results:
            started = monotonic()
            with counted() as compiled:
                result = self._judge(subject, prop)
            self._results[pair] = replace(
                result,
                seconds=monotonic() - started,
                compile_seconds=compiled.seconds,
                compilations=compiled.count,
            )
        return self._results[pair]

    def _judge(self, subject: Subject, prop: Property) -> PropertyResult:
        blank = PropertyResult(subject.name, prop.id, prop.name, prop.kind, Verdict.PASS)
        reason = prop.inapplicable(subject.traits)
        if reason is not None:
            return replace(blank, verdict=Verdict.NOT_APPLICABLE, shown=reason)
        for blocker in prop.blocked_by:
            found = self(subject, find(blocker))
            if found.verdict.blocks:
                root = found.root_cause or found.verdict
                shown = f"stands on {blocker}"
                return replace(blank, verdict=Verdict.BLOCKED, shown=shown, root_cause=root)
        decide = decide_statistical if prop.is_statistical else decide_exact
        try:
            outcome = decide(subject, prop, self.settings)
        except Unsupported as error:
            return replace(blank, verdict=Verdict.NOT_APPLICABLE, shown=str(error))
        except SubjectError as error:
            return _error(subject, blank, prop, self.settings, str(error))
        except Exception as error:  # noqa: BLE001 (one broken property must not lose the others)
            return _error(subject, blank, prop, self.settings, _crash(error))
        result = _result(blank, outcome)
        return apply_known(result, subject.traits.api, self.settings.known, self.here)


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


def _crash(error: Exception) -> str:
    """Say where a property itself crashed: a fault of this package, not of the subject."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"the property itself raised {type(error).__name__}: {str(error)[:400]} "
        f"({Path(last.filename).name}, line {last.lineno}). This is a fault of dropout_props; "
        "please report it with this paragraph."
    )


def _error(
    subject: Subject, blank: PropertyResult, prop: Property, settings: Settings, text: str
) -> PropertyResult:
    failure = Failure(
        statement=prop.sentence,
        seen=text,
        decided_by="the subject crashed, or answered what no layer may; the property was not judged",
        means="Nothing is known about this property until the subject can be asked.",
        reproduce=reproduce(blank.subject, prop.id, settings),
    )
    failure = with_replay(failure, subject, prop.id, settings, decided="error")
    shown = text.splitlines()[0]
    return replace(blank, verdict=Verdict.ERROR, shown=shown, failure=failure)
