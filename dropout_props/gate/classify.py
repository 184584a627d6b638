"""The class of a change: one property of one subject, from its results on both sides.

Pure functions. Where bits differ, the class is `rekeyed` only if the counts of both sides show
equivalence (`equivalence`); it is `shifted` where they show a difference, else `inconclusive`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.gate.equivalence import Statement, of_properties
from dropout_props.gate.intervals import of_counts
from dropout_props.results.comparison import Change, Row
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from dropout_props.results.records import PropertyResult

__all__ = ["class_of_bits", "classify"]

_BAD = (Verdict.FAIL, Verdict.ERROR)
_NOT_PASSING = (*_BAD, Verdict.KNOWN, Verdict.BLOCKED)


def classify(base: PropertyResult | None, candidate: PropertyResult | None) -> Row:
    """Return the row of one subject and property; one of the two results may be absent.

    Raises:
        ValueError: both are absent.
    """
    one = candidate or base
    if one is None:
        raise ValueError("neither side has a result, so there is nothing to classify.")
    change, detail = _class(base, candidate)
    return Row(
        subject=one.subject,
        property_id=one.property_id,
        name=one.name,
        change=change,
        base="absent" if base is None else _words(base),
        candidate="absent" if candidate is None else _words(candidate),
        detail=detail,
        reproducer=candidate.failure.reproducer if candidate and candidate.failure else "",
        intervals=of_counts(base, candidate) if base and candidate else None,
    )


def _words(result: PropertyResult) -> str:
    return str(result.verdict)


def _class(  # noqa: C901, PLR0911 (a table of cases, read from top to bottom)
    base: PropertyResult | None, candidate: PropertyResult | None
) -> tuple[Change, str]:
    if candidate is None:
        return Change.REMOVED, "the candidate was not judged on this property"
    if base is None:
        if candidate.verdict in _BAD:
            return Change.REGRESSED, f"new, and it fails: {candidate.shown}"
        return Change.ADDED, candidate.shown
    if _stale(base) or _stale(candidate):
        return _class_without_list(base, candidate)
    was, now = base.verdict, candidate.verdict
    if Verdict.NOT_APPLICABLE in (was, now) and was is not now:
        return _applicability(base, candidate)
    if now is Verdict.ERROR:
        return Change.ERROR, candidate.shown
    if now is Verdict.FAIL:
        return (
            (Change.STILL_FAILING, candidate.shown)
            if was in (Verdict.FAIL, Verdict.ERROR)
            else (Change.REGRESSED, candidate.shown)
        )
    if Verdict.INCONCLUSIVE in (was, now):
        side, which = (candidate, "candidate") if now is Verdict.INCONCLUSIVE else (base, "base")
        return Change.INCONCLUSIVE, f"the {which} is inconclusive: {side.shown}"
    if now is Verdict.KNOWN:
        return Change.KNOWN, candidate.shown
    if now is Verdict.BLOCKED:
        if was is Verdict.BLOCKED:
            return Change.STILL_FAILING, candidate.shown
        return Change.INCONCLUSIVE, f"not judged: {candidate.shown}"
    if was in _NOT_PASSING:
        return Change.FIXED, f"before: {base.shown}"
    return _both_pass(base, candidate)


def _both_pass(base: PropertyResult, candidate: PropertyResult) -> tuple[Change, str]:
    """Both sides pass, or the property applies to neither."""
    if not base.examples and not candidate.examples:  # exact: no bits were counted
        return Change.IDENTICAL, candidate.shown
    return class_of_bits(of_properties(base, candidate))


def class_of_bits(statement: Statement) -> tuple[Change, str]:
    """Return the class that the counts of two passing sides show."""
    if statement.same_bits:
        return Change.IDENTICAL, "the same counts in every common case"
    if statement.shown:
        return Change.REKEYED, statement.text
    if statement.refuted:
        return Change.SHIFTED, statement.text
    return Change.INCONCLUSIVE, f"other bits, and equivalence is not shown: {statement.text}"


def _applicability(base: PropertyResult, candidate: PropertyResult) -> tuple[Change, str]:
    if candidate.verdict is Verdict.NOT_APPLICABLE:
        if base.verdict in _NOT_PASSING:
            return Change.FIXED, f"it no longer applies: {candidate.shown}"
        return Change.REMOVED, f"it no longer applies: {candidate.shown}"
    if candidate.verdict in _BAD:
        return Change.REGRESSED, f"it applies now, and fails: {candidate.shown}"
    return Change.ADDED, f"it applies now: {candidate.shown}"


def _stale(result: PropertyResult) -> bool:
    """Whether a listed deviation no longer occurs, or its entry has expired."""
    return result.verdict is Verdict.FAIL and result.unlisted is not None


def _class_without_list(base: PropertyResult, candidate: PropertyResult) -> tuple[Change, str]:
    """Compare the verdicts without the list; the detail says that the entry is stale."""
    was = base.unlisted or base.verdict
    now = candidate.unlisted or candidate.verdict
    entry = "its entry in the list of known deviations is stale"
    if now is Verdict.PASS:
        change = Change.IDENTICAL if was is Verdict.PASS else Change.FIXED
        return change, f"{entry}: remove it"
    change = Change.REGRESSED if was is Verdict.PASS else Change.STILL_FAILING
    return change, f"{candidate.shown}; {entry}"
