"""Compares two results: each subject and property, then the snapshots, then what is installed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dropout_props.gate.api_changes import compare_answers, compare_signatures
from dropout_props.gate.classify import class_of_bits, classify
from dropout_props.gate.equivalence import of_keeps
from dropout_props.gate.recorded import compare_sites
from dropout_props.results.comparison import Change, Comparison, Difference, Row, Side
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from dropout_props.results.records import PropertyResult, RunResult, SubjectSnapshot

__all__ = ["Incomparable", "diff", "exit_code"]

_EXPECTED_TO_AGREE = {
    "run_seed": "--seed",
    "profile": "--profile",
    "false_fail_rate": "--budget",
}


class Incomparable(ValueError):
    """The two results have another run seed, profile or budget; the text names the option."""


def diff(
    base: RunResult,
    candidate: RunResult,
    *,
    labels: tuple[str, str] = ("base", "candidate"),
    strict_bits: bool = False,
) -> Comparison:
    """Compare two results of the same run seed, profile and budget.

    Args:
        base: the result in the environment that is in use.
        candidate: the result in the environment that may replace it.
        labels: the names of the two in a report.
        strict_bits: whether rekeyed and shifted fail.

    Raises:
        Incomparable: run seed, profile or budget differ, so different bits would show nothing.
    """
    for field, option in _EXPECTED_TO_AGREE.items():
        mine, other = getattr(base, field), getattr(candidate, field)
        if mine != other:
            raise Incomparable(
                f"the base has {field} {mine!r}, the candidate {other!r}: different bits would "
                f"show nothing. Run both with the same {option}."
            )
    missed = _missed(base) | _missed(candidate)
    rows = [_doubted(classify(*pair), missed) for pair in _pairs(base, candidate)]
    more, notes = _snapshots(base, candidate, rows)
    order = list(Change)
    ranked = sorted(
        [*more, *rows], key=lambda row: (order.index(row.change), row.subject, row.property_id)
    )
    return Comparison(
        base=_side(base, labels[0]),
        candidate=_side(candidate, labels[1]),
        rows=tuple(ranked),
        installed=_installed(base, candidate),
        notes=tuple(notes),
        strict_bits=strict_bits,
    )


def exit_code(comparison: Comparison) -> ExitCode:
    """Return the exit code of a comparison."""
    tally = comparison.tally
    definite = [c for c in tally if c.fails and c is not Change.INCONCLUSIVE]
    bits = [c for c in tally if c.warns and comparison.strict_bits]
    if definite or bits:
        return ExitCode.FAILURE
    if not comparison.whole:
        return ExitCode.INCOMPLETE
    if not comparison.rows:
        return ExitCode.NOTHING_SELECTED
    return ExitCode.INCONCLUSIVE if tally[Change.INCONCLUSIVE] else ExitCode.PASS


def _pairs(
    base: RunResult, candidate: RunResult
) -> list[tuple[PropertyResult | None, PropertyResult | None]]:
    """Pair the results; a pair that an incomplete side did not reach does not count as removed."""
    old = {(one.subject, one.property_id): one for one in base.results}
    new = {(one.subject, one.property_id): one for one in candidate.results}
    keys = dict.fromkeys([*old, *new])
    pairs = [(old.get(key), new.get(key)) for key in keys]
    return [
        (one, other)
        for one, other in pairs
        if (one or not _is_incomplete(base)) and (other or not _is_incomplete(candidate))
    ]


def _missed(result: RunResult) -> set[str]:
    """Name the programs whose record may lack masks."""
    sites = result.snapshot.sites if result.snapshot else ()
    return {site.program for site in sites if site.missed}


def _doubted(row: Row, missed: set[str]) -> Row:
    """Do not call a property of a record removed whose masks may have been missed."""
    if row.change is not Change.REMOVED or row.subject not in missed:
        return row
    detail = f"some masks may have been missed: {row.detail}"
    return replace(row, change=Change.INCONCLUSIVE, detail=detail)


def _is_incomplete(result: RunResult) -> bool:
    return bool(result.stopped) or not result.complete


def _side(result: RunResult, label: str) -> Side:
    trouble = result.stopped
    if not trouble and not result.complete:
        trouble = f"{len(result.results)} of {result.collected} pairs were judged; run it again"
    return Side(label, dict(result.versions), dict(result.flags), trouble)


def _snapshots(
    base: RunResult, candidate: RunResult, rows: list[Row]
) -> tuple[list[Row], list[str]]:
    if base.snapshot is None or candidate.snapshot is None:
        return [], ["one side has no snapshot: masks, signatures and errors were not compared"]
    others = {one.subject: one for one in candidate.snapshot.subjects}
    found: list[Row] = []
    notes: list[str] = []
    for mine in base.snapshot.subjects:
        other = others.get(mine.subject)
        if other is None:
            continue
        if mine.trouble or other.trouble:
            found.append(_trouble(mine, other))
            continue
        if mine.masks or other.masks:
            found.append(_masks(mine, other, [r for r in rows if r.subject == mine.subject]))
        for compare in (compare_signatures, compare_answers):
            row, more = compare(mine, other)
            found.append(row)
            notes += more
    found += compare_sites(base.snapshot.sites, candidate.snapshot.sites)
    notes += [
        f"not seen on the {side}: {text}"
        for side, one in (("base", base.snapshot), ("candidate", candidate.snapshot))
        for text in one.not_seen
    ]
    return found, list(dict.fromkeys(notes))


def _trouble(base: SubjectSnapshot, candidate: SubjectSnapshot) -> Row:
    same = base.trouble == candidate.trouble
    change = Change.STILL_FAILING if same else Change.ERROR if candidate.trouble else Change.FIXED
    return Row(
        subject=base.subject,
        property_id="masks",
        name="canonical calls",
        change=change,
        base=base.trouble or "no error",
        candidate=candidate.trouble or "no error",
        detail="the subject raised an error in a canonical call",
    )


def _masks(base: SubjectSnapshot, candidate: SubjectSnapshot, rows: list[Row]) -> Row:
    """Compare canonical masks; `rekeyed` also needs that no property of the subject shifted."""
    old = {one.question: one.digest for one in base.masks}
    new = {one.question: one.digest for one in candidate.masks}
    common = [question for question in old if question in new]
    moved = [question for question in common if old[question] != new[question]]
    statement = of_keeps(base.keeps, candidate.keeps)
    if not moved and common:
        change, detail = Change.IDENTICAL, f"all {len(common)} canonical masks"
    else:
        change, detail = class_of_bits(statement)
        if statement.same_bits:  # the counted masks agree; others, such as a second call's, do not
            change, detail = Change.REKEYED, f"the same keep counts; {statement.text}"
        elif change is Change.REKEYED and any(row.change is Change.SHIFTED for row in rows):
            change = Change.SHIFTED
        detail = f"{detail}; {len(moved)} of {len(common)} masks have other bits{_first(moved)}"
    return Row(
        subject=base.subject,
        property_id="masks",
        name="canonical masks",
        change=change,
        base=f"{len(old)} masks",
        candidate=f"{len(new)} masks",
        detail=detail,
    )


def _first(moved: list[str]) -> str:
    return f" (such as: {moved[0]})" if moved else ""


def _installed(base: RunResult, candidate: RunResult) -> tuple[Difference, ...]:
    def everything(result: RunResult) -> dict[str, str]:
        more = result.snapshot.installed if result.snapshot else {}
        return {**more, **result.versions, **result.flags}

    old, new = everything(base), everything(candidate)
    if not old or not new:  # a side that could not run
        return ()
    return tuple(
        Difference(name, old.get(name, ""), new.get(name, ""))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )
