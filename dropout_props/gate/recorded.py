"""Compares the sites of a program that was recorded on both sides: a row a site.

Pure functions of what the sides report. Sites are paired by their path; several of one path, in the
order of their first draw. The program is the same on both sides, so that every difference but other
bits fails: the model is trained otherwise than before.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dropout_props.gate.equivalence import of_keeps
from dropout_props.gate.intervals import of_sites
from dropout_props.results.comparison import SITE, Change, Row
from dropout_props.results.records import KeepCount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dropout_props.results.records import RecordedSite

__all__ = ["compare_sites"]

_SAME_RATE = 2.0**-22
"""Two roundings of one probability to float32 differ by less."""


_BY_ABSENCE = (Change.GONE, Change.INACTIVE, Change.NEW, Change.OTHER_SHARING)
"""What masks that are missing from a record look like."""


def compare_sites(base: Iterable[RecordedSite], candidate: Iterable[RecordedSite]) -> list[Row]:
    """Return a row for each site of either side."""
    old, new = _by_path(base), _by_path(candidate)
    missed = any(one.missed for one in (*old.values(), *new.values()))
    return [_row(old.get(key), new.get(key), missed=missed) for key in dict.fromkeys([*old, *new])]


def _by_path(sites: Iterable[RecordedSite]) -> dict[tuple[str, str, int], RecordedSite]:
    """Number the sites of each path."""
    numbers: dict[tuple[str, str], int] = defaultdict(int)
    found = {}
    for one in sites:
        key = (one.program, one.path)
        found[(*key, numbers[key])] = one
        numbers[key] += 1
    return found


def _row(base: RecordedSite | None, candidate: RecordedSite | None, *, missed: bool) -> Row:
    """Compare one site; `missed` says that the record of some site may lack masks.

    Of a site that has a record on both sides, its own alone matters.
    """
    one = candidate or base
    assert one is not None
    change, detail = _class(base, candidate)
    if base is not None and candidate is not None:
        missed = base.missed or candidate.missed
    if missed and change in _BY_ABSENCE:
        change, detail = Change.INCONCLUSIVE, f"some masks may have been missed: {detail}"
    return Row(
        subject=one.program,
        property_id=SITE,
        name=f"{one.path} ({one.line})",
        change=change,
        base=_words(base),
        candidate=_words(candidate),
        detail=detail,
        intervals=of_sites(base, candidate) if base and candidate else None,
    )


def _words(site: RecordedSite | None) -> str:
    """Describe a site in a few words."""
    if site is None:
        return "absent"
    if not site.masks:
        return "not seen" if site.missed else "draws nothing"
    shape = "x".join(map(str, site.shape)) or "one unit"
    return f"{site.masks} of {shape}, rate {_rate(site)}"


def _rate(site: RecordedSite) -> str:
    if site.keeps:
        return ", ".join(f"{1 - keep:.6g}" for keep in site.keeps)
    return f"{1 - site.kept / site.units:.4f} by count" if site.units else "not seen"


def _class(base: RecordedSite | None, candidate: RecordedSite | None) -> tuple[Change, str]:
    """Return the class of one site, what matters most first."""
    if candidate is None or base is None:
        return _one_sided(base, candidate)
    if base.masks and not candidate.masks:
        return Change.INACTIVE, "the model calls it, and it draws no mask"
    if candidate.masks and not base.masks:
        return Change.NEW, "it draws masks, and drew none on the base"
    if base.declared != candidate.declared:
        return Change.OTHER_RATE, f"it declares {base.declared}, now {candidate.declared}"
    if not base.masks:
        unknown = base.missed or candidate.missed
        change = Change.INCONCLUSIVE if unknown else Change.IDENTICAL
        return change, "no mask was seen" if unknown else "it draws nothing on both sides"
    return _sharing(base, candidate) or _bits(base, candidate)


def _one_sided(base: RecordedSite | None, candidate: RecordedSite | None) -> tuple[Change, str]:
    there = base or candidate
    assert there is not None
    if not there.masks:  # a layer that drops nothing may come and go
        side = "the base" if candidate is None else "the candidate"
        return Change.IDENTICAL, f"{side} alone calls it, and it draws nothing there"
    if candidate is None:
        return Change.GONE, "the program no longer calls it, or under another path"
    return Change.NEW, "the base does not call it, or under another path"


def _sharing(base: RecordedSite, candidate: RecordedSite) -> tuple[Change, str] | None:
    """Compare how many units, and how many calls, one mask serves."""
    if (base.shape, base.shared) != (candidate.shape, candidate.shared):
        old, new = (
            f"{one.shape} shared along {', '.join(map(str, one.shared)) or 'no axis'}"
            for one in (base, candidate)
        )
        return Change.OTHER_SHARING, f"a mask is {old}, now {new}"
    old, new = (f"{one.masks} masks from {one.keys} keys" for one in (base, candidate))
    return None if old == new else (Change.OTHER_SHARING, f"it draws {old}, now {new}")


def _bits(base: RecordedSite, candidate: RecordedSite) -> tuple[Change, str]:
    """Compare the rates in the program, and then the masks themselves."""
    known = base.keeps and candidate.keeps
    if known and not _same(base.keeps, candidate.keeps):
        return Change.OTHER_RATE, f"it drops with {_rate(base)}, now with {_rate(candidate)}"
    if base.digest == candidate.digest:
        bits = min(base.compared, candidate.compared)
        rest = f", {base.masks - bits} by their keys" if base.masks > bits else ""
        return Change.IDENTICAL, f"{bits} masks compared bit by bit{rest}"
    if known:
        return Change.REKEYED, f"other masks, drawn with the same rate {_rate(candidate)}"
    statement = of_keeps(_counts(base), _counts(candidate))
    if statement.shown:
        return Change.REKEYED, f"other masks; {statement.text}"
    if statement.refuted:
        return Change.OTHER_RATE, f"other masks; {statement.text}"
    return Change.INCONCLUSIVE, f"other masks, whose rate the program hides: {statement.text}"


def _same(base: tuple[float, ...], candidate: tuple[float, ...]) -> bool:
    return len(base) == len(candidate) and all(
        abs(one - other) <= _SAME_RATE for one, other in zip(base, candidate, strict=True)
    )


def _counts(site: RecordedSite) -> tuple[KeepCount, ...]:
    counted = KeepCount(0.0, site.kept, site.units, 0.0, 1.0)
    return (counted,) if site.units else ()
