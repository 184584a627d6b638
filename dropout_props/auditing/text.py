"""A record in words: the message of `check()`, and the report."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dropout_props.auditing.rows import HEADINGS, rows
from dropout_props.properties import RECORDED
from dropout_props.properties.recorded.declaration import count
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from dropout_props.auditing.judge import Judged, Judgement
    from dropout_props.properties.recorded.declaration import Finding
    from dropout_props.properties.recorded.options import Options
    from dropout_props.properties.recorded.seen import Seen

__all__ = ["BLIND", "causes", "message", "passed", "report"]

WIDTH = 96
SITES = 3
LINES = 12
_PROPERTIES = {prop.id: prop for prop in RECORDED}

BLIND = (
    "It cannot see: programs compiled ahead of time before the record, fused kernels that draw"
    " their own bits, NumPy's random numbers, and draws of other threads and processes."
)


def summary(seen: Seen) -> str:
    """Say how large a record is."""
    masks, sites, steps = len(seen.masks), len(seen.of_site), len(seen.all_steps)
    return f"{count(masks, 'mask')} at {count(sites, 'site')} in {count(steps, 'step')}"


def message(seen: Seen, judgement: Judgement, *, strict: bool = False) -> str:
    """Return what `check()` raises; empty if it raises nothing."""
    parts = causes(judgement.findings)
    if strict and judgement.too_few:
        parts.append("\n".join(["too few data, and strict=True:", *_dashes(judgement.too_few)]))
    if strict and judgement.not_seen:
        parts.append("\n".join(["not seen, and strict=True:", *_dashes(judgement.not_seen)]))
    if not parts:
        return ""
    roots = len(causes(judgement.findings))
    head = f"dropout is wired wrongly: {count(roots, 'root cause')}; {summary(seen)}."
    if not roots:
        head = f"this record says too little; {summary(seen)}."
    return "\n\n".join([head, *parts])


def causes(findings: Iterable[Finding]) -> list[str]:
    """Write each root cause in at most 12 lines, with what follows from it."""
    every = list(findings)
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in every:
        if not finding.follows:
            groups.setdefault((finding.property, finding.mend), []).append(finding)
    followers: dict[str, dict[str, None]] = {}
    for finding in every:
        if finding.follows:
            followers.setdefault(finding.follows, {})[finding.property] = None
    return [_cause(group, list(followers.get(key[0], ()))) for key, group in groups.items()]


def _cause(group: Sequence[Finding], follows: Sequence[str]) -> str:
    prop = _PROPERTIES[group[0].property]
    sites = list(dict.fromkeys(site for finding in group for site in finding.sites))
    seen = list(dict.fromkeys(finding.seen for finding in group))
    lines = [f"{prop.id} {prop.name}: {prop.statement}"]
    lines += [f"  {'at' if not at else '  '}    {site}" for at, site in enumerate(sites[:SITES])]
    if len(sites) > SITES:
        lines.append(f"        and {count(len(sites) - SITES, 'more site')}")
    more = f" (and {len(seen) - 1} more)" if len(seen) > 1 else ""
    lines += _field("seen", seen[0] + more)
    lines += _field("means", group[0].why)
    lines += _field("mend", group[0].mend)
    if follows:
        lines.append(
            f"  so    {', '.join(follows)} fail as well"
            if len(follows) > 1
            else (f"  so    {follows[0]} fails as well")
        )
    return "\n".join(lines[:LINES])


def _field(name: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=f"  {name:<5} ", subsequent_indent=" " * 8, max_lines=2
    )


def _dashes(texts: Iterable[str]) -> list[str]:
    return [f"  - {text}" for text in texts]


def report(seen: Seen, judgement: Judgement, options: Options) -> str:
    """Return a row a site, a line a property, and notes."""
    table = [HEADINGS, *(row.cells for row in rows(seen, judgement, options))]
    widths = [max(len(line[at]) for line in table) for at in range(len(HEADINGS))]
    shared = count(judgement.members, "count")
    lines = [f"{summary(seen)}; budget {judgement.budget:g}, shared by {shared}"]
    lines += [
        "",
        *("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in table),
    ]
    lines += ["", *(_verdict(one) for one in judgement.judged)]
    notes = [note for one in judgement.judged for note in (*one.notes, *one.too_few)]
    if notes:
        lines += ["", "notes", *_dashes(dict.fromkeys(notes))]
    if judgement.not_seen:
        lines += ["", "not seen", *_dashes(judgement.not_seen)]
    found = causes(judgement.findings)
    if found:
        lines += ["", "\n\n".join(found)]
    return "\n".join([*lines, "", *textwrap.wrap(BLIND, WIDTH)])


def _verdict(one: Judged) -> str:
    text = f"{one.verdict.value:<14} {one.prop.id} {one.prop.name}"
    said = passed(one)
    return f"{text}: {said}" if said else text


def passed(one: Judged) -> str:
    """Say what a pass excludes, in the words of a user."""
    if one.verdict is not Verdict.PASS:
        return ""
    texts = [one.excludes] if one.excludes else []
    if one.bounds:
        worst = max(max(abs(b.lowest - b.null), abs(b.highest - b.null)) for b in one.bounds)
        trials = sum(b.trials for b in one.bounds)
        what = "each rate" if one.prop.id == "DP903" else "each chance of agreement"
        texts.append(f"{what} within {worst:.2g} of what is expected, by {trials} units")
    return "; ".join(texts)
