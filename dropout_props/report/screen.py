"""The first screen of a run: what failed and why, what a pass excludes, and what is known.

Guarantees: a failure takes at most `MOST_LINES` lines, and what depends on it one more; a group of
properties that hold takes one line, and so does a known deviation. `-v` prints everything.
"""

from __future__ import annotations

from collections import Counter
from math import sqrt
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.text import Text

from dropout_props.report.terminal import STYLES, labelled, tally_line
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from dropout_props.results.records import PropertyResult, RunResult

__all__ = ["MOST_LINES", "blocked_elsewhere", "brief", "excluded", "print_screen"]

MOST_LINES = 12
"""Lines of one failure; a longer text is cut, and ends in `_CUT`."""

_CUT = " …"
_NEVER_CUT = ("diagnosis", "reproduce")
_CUT_FIRST = ("stated", "decided by", "confirmation")  # the same in every run
_RATES = (0.1, 0.5)  # what a pass excludes is said at these
_GROUPS = {
    "DP1": "modes, rates and inputs",
    "DP2": "keep rate and scale",
    "DP3": "independence of units",
    "DP4": "keys, calls and layers",
    "DP5": "transforms",
    "DP6": "gradients",
    "DP7": "dtypes and special values",
    "DP8": "models",
}
_SAME = 1e-3  # the counts are of units kept: their probability is 1 - rate
_FAILING = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE)


def print_screen(result: RunResult, console: Console) -> None:
    """Print the first screen of a run."""
    lines: list[Text | str] = [""]
    for one in _roots_first(result):
        after = list(_consequences(one, result, console.width))
        most = MOST_LINES - len(after)
        lines += [*brief(one, width=console.width, most=most), *after, ""]
    lines += [*_wrapped(blocked_elsewhere(result), console.width)]
    lines += [*_held(result), *excluded(result.results)]
    lines += _known(result, console.width)
    lines += _wrapped([*result.notes, *_left(result)], console.width)
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(tally_line(result), style="bold", highlight=False, soft_wrap=True)


def brief(one: PropertyResult, *, width: int, most: int = MOST_LINES) -> list[Text]:
    """Return the lines of a failure.

    Args:
        one: a result with a failure.
        width: columns of the terminal.
        most: most lines; the title and one line for each sentence are always there, and so are the
            whole diagnosis and the whole command that reproduces it.
    """
    title = Text(f"{str(one.verdict).upper()} ", style=STYLES[one.verdict])
    title.append(f"{one.subject} {one.property_id} {one.name}", style="bold")
    fields = [
        (label, wrap(f"{label}: {text}", max(width - 2, 20), subsequent_indent="  "))
        for label, text in labelled(one).items()
    ]
    while 1 + sum(len(lines) for _, lines in fields) > most:
        _, lines = max(
            ((label, lines) for label, lines in fields if label not in _NEVER_CUT),
            key=lambda field: (len(field[1]) > 1 and field[0] in _CUT_FIRST, len(field[1])),
        )
        if len(lines) == 1:
            break
        lines.pop()
        lines[-1] = f"{lines[-1].removesuffix(_CUT)[: max(width - 4, 18)]}{_CUT}"
    return [title, *(Text(f"  {line}") for _, lines in fields for line in lines)]


def excluded(results: Sequence[PropertyResult]) -> list[str]:
    """Return what the passes exclude, as relative errors of the drop rate and of E[y]."""
    rates = {
        label: (property_id, deviation)
        for property_id in ("DP202", "DP204")
        for label, deviation in _deviations(results, property_id).items()
    }
    means = {label: ("DP203", d) for label, d in _deviations(results, "DP203").items()}
    lines = []
    for what, found in (("drop rate", rates), ("E[y]", means)):
        if found:
            # A deviation of d standard deviations of one trial, in the user's unit.
            factors = [
                sqrt((1 - rate) / rate) if what == "drop rate" else sqrt(rate / (1 - rate))
                for rate in _RATES
            ]
            ordered = sorted(found.items(), key=lambda item: item[1][1])
            ends = dict.fromkeys((ordered[0][0], ordered[-1][0]))
            parts = [_relative(label, *found[label], factors) for label in ends]
            lines += [f"  {what}, {part}" for part in parts]
    head = "A pass excludes, relative to the right value, at rates 0.1 and 0.5:"
    return [head, *lines] if lines else []


def _relative(label: str, property_id: str, deviation: float, factors: Sequence[float]) -> str:
    first, second = (f"{100 * deviation * factor:.2g} %" for factor in factors)
    return f"{label}: an error of {first} and {second} ({property_id})"


def _deviations(results: Sequence[PropertyResult], property_id: str) -> dict[str, float]:
    """Return what passes exclude, by family, in standard deviations of one trial."""
    found: dict[str, float] = {}
    for one in results:
        if one.property_id == property_id and one.verdict is Verdict.PASS:
            for example in one.examples:
                for counts in example.counts:
                    middle = (counts.lowest + counts.highest) / 2
                    if abs(middle - (1.0 - example.rate)) < _SAME and 0.0 < middle < 1.0:
                        deviation = counts.discrepancy / sqrt(middle * (1.0 - middle))
                        found[counts.label] = max(found.get(counts.label, 0.0), deviation)
    return found


def _roots_first(result: RunResult) -> list[PropertyResult]:
    """Return what failed: errors and failures that explain most first, then what is undecided."""
    roots = Counter((one.subject, one.root_id) for one in result.results if one.root_id)
    found = [
        one
        for one in result.results
        if one.verdict in _FAILING and one.failure is not None and not one.root_id
    ]
    return sorted(
        found,
        key=lambda one: (
            one.verdict is Verdict.INCONCLUSIVE,
            -roots[one.subject, one.property_id],
        ),
    )


def _consequences(root: PropertyResult, result: RunResult, width: int) -> Iterator[str]:
    """Yield a line about failures that this one explains, and one about what it blocks."""
    mine = [
        one
        for one in result.results
        if one.subject == root.subject and one.root_id == root.property_id
    ]
    failed = [one.property_id for one in mine if one.verdict is not Verdict.BLOCKED]
    if failed:
        fail = "fails" if len(failed) == 1 else "fail"
        line = f"it explains that {', '.join(failed)} {fail} too"
        yield from wrap(line, width, initial_indent="  ", subsequent_indent="    ")
    number = len(mine) - len(failed)
    if number:
        words = "property that depends on it was" if number == 1 else "properties that depend on it"
        yield f"  and {number} {words}{'' if number == 1 else ' were'} not judged"


def blocked_elsewhere(result: RunResult) -> Iterator[str]:
    """Yield a line for each root that has no paragraph: it is known, or was not selected."""
    shown = {(one.subject, one.property_id) for one in result.results if one.verdict in _FAILING}
    roots = Counter(
        (one.subject, one.root_id, str(one.root_cause))
        for one in result.results
        if one.verdict is Verdict.BLOCKED and (one.subject, one.root_id) not in shown
    )
    for (subject, root, cause), number in roots.items():
        yield (
            f"{subject}: {number} not judged, since {root}, on which they depend, is {cause}; "
            f"--property {root} shows it"
        )


def _held(result: RunResult) -> Iterator[str]:
    passed = Counter(one.property_id[:3] for one in result.results if one.verdict is Verdict.PASS)
    for group, number in sorted(passed.items()):
        yield f"pass {number:>4}  {group}xx {_GROUPS.get(group, 'others')}"


def _wrapped(sentences: Iterable[str], width: int) -> Iterator[str]:
    """Yield sentences in lines of `width` columns; a longer word, such as a path, stays whole."""
    for one in sentences:
        yield from wrap(
            one, width, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )


def _left(result: RunResult) -> Iterator[str]:
    if result.stopped:
        yield f"not judged: {result.stopped}"


def _known(result: RunResult, width: int) -> Iterator[str]:
    """Yield one line for each known deviation, with all subjects that have it for one reason."""
    found: dict[tuple[str, str], list[PropertyResult]] = {}
    for one in result.results:
        if one.verdict is Verdict.KNOWN:
            found.setdefault((one.property_id, one.shown), []).append(one)
    if found:
        yield "known deviations (`dropout-props explain ID` has the rest):"
    for (property_id, reason), members in sorted(found.items(), key=lambda item: item[0][0]):
        subjects = ", ".join(one.subject for one in members)
        line = f"  {property_id} {subjects}: {reason}"
        yield line if len(line) <= width else f"{line[: width - len(_CUT)].rstrip()}{_CUT}"
