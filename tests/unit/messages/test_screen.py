"""The first screen says what failed and why, what passes exclude and what is known, in 40 rows."""

from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from dropout_props.engine.deviations import SHIPPED_LIST
from dropout_props.properties import CATALOGUE, Statistical
from dropout_props.report.screen import MOST_LINES, brief, excluded, print_screen
from dropout_props.report.terminal import brief_header
from dropout_props.results.records import (
    Counts,
    ExampleResult,
    Failure,
    PropertyResult,
    RunResult,
)
from dropout_props.results.verdict import Verdict

_LONG = "a sentence of some length about what a layer did, and with which numbers; " * 8
_FAILURE = Failure(
    statement="The statement.",
    seen="what was seen",
    decided_by="one counterexample",
    means="What it means.",
    reproduce="dropout-props replay 0123456789; or dropout-props check a.B --property DP201",
    confirmation="confirmed",
)


def _one(property_id: str, verdict: Verdict, subject: str = "a.B", **fields: Any) -> PropertyResult:
    failure = _FAILURE if verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE) else None
    blank = PropertyResult(subject, property_id, "a name", "exact", verdict, failure=failure)
    return replace(blank, **fields)


def _run(*results: PropertyResult, **fields: Any) -> RunResult:
    versions = {"python": "3.12.1", "flax": "0.12.12", "jax": "0.12.0.1", "numpy": "2.5.5"}
    blank = RunResult(versions, {}, 0, "ci", 1e-9, 1e-3, 1e-12, 14, len(results), results)
    return replace(blank, **fields)


def _printed(run: RunResult, width: int = 80) -> list[str]:
    console = Console(width=width)
    with console.capture() as captured:
        print_screen(run, console)
    return captured.get().splitlines()


def _counted(property_id: str, *, rates: tuple[float, ...] = (0.1, 0.5)) -> PropertyResult:
    """Return a pass whose counts exclude what the property promises, at some rates."""
    [prop] = [one for one in CATALOGUE if one.id == property_id]
    assert isinstance(prop.decision, Statistical)
    examples = [
        ExampleResult(
            "case",
            rate,
            "digest",
            "excluded",
            1,
            1,
            0.0,
            tuple(
                Counts(label, 1, 1, 2, 1 - rate, 1 - rate, 0, 1, 2, (0.0, 1.0), d * sd, 0.0)
                for label, d in prop.decision.discrepancies.items()
                for sd in [(rate * (1 - rate)) ** 0.5]
            ),
        )
        for rate in rates
    ]
    return _one(property_id, Verdict.PASS, examples=tuple(examples))


def test_the_first_command_of_the_readme_fits_one_screen() -> None:
    """Both Dropouts of Flax, every property, nothing fails: 80 columns and 40 rows."""
    results = []
    for subject in ("linen.Dropout", "nnx.Dropout"):
        known = {one.property_id: one for one in SHIPPED_LIST if one.subject == subject}
        for prop in CATALOGUE:
            if prop.id in known:
                shown = known[prop.id].reason
                results.append(_one(prop.id, Verdict.KNOWN, subject, shown=shown))
            elif prop.id in ("DP202", "DP203", "DP204"):
                results.append(replace(_counted(prop.id), subject=subject))
            else:
                results.append(_one(prop.id, Verdict.PASS, subject))
    run = _run(*results)
    lines = [*brief_header(run), *_printed(run)]
    assert len(lines) <= 40, "\n".join(lines)
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("pass ") for line in lines) == len({p.id[:3] for p in CATALOGUE})
    [shared] = [line for line in lines if line.startswith("  DP107 ")]
    assert shared.startswith("  DP107 linen.Dropout, nnx.Dropout: the layer does not validate")
    assert shared.endswith(" …")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_failure_takes_at_most_twelve_lines(width: int) -> None:
    """Long texts are cut where that is marked, the command that reproduces it never is."""
    failure = replace(_FAILURE, seen=_LONG, statement=_LONG, means=_LONG)
    lines = [
        line.plain for line in brief(_one("DP201", Verdict.FAIL, failure=failure), width=width)
    ]
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= width
    assert lines[0] == "FAIL a.B DP201 a name"
    text = " ".join(" ".join(lines).split())
    assert f"reproduce: {_FAILURE.reproduce}" in text
    for label in ("stated: ", "seen: ", "decided by: ", "confirmation: ", "it means: "):
        assert label in text
    assert "…" in text


def test_the_last_line_counts_root_causes() -> None:
    """It does where one failure explains others; else each failure is a cause."""
    root, other = _one("DP202", Verdict.FAIL), _one("DP104", Verdict.ERROR)
    explained = [_one(one, Verdict.FAIL, root_id="DP202") for one in ("DP203", "DP204")]
    unsure = _one("DP301", Verdict.INCONCLUSIVE, root_id="DP202")
    assert _printed(_run(root, *explained, unsure))[-1] == (
        "3 fail, 1 inconclusive in 0 s: 1 root cause"
    )
    assert _printed(_run(root, *explained, other))[-1] == "3 fail, 1 error in 0 s: 2 root causes"
    assert _printed(_run(root, other))[-1] == "1 fail, 1 error in 0 s"


def test_a_short_failure_is_whole() -> None:
    """Nothing is cut, and each sentence takes a line."""
    lines = [line.plain for line in brief(_one("DP201", Verdict.FAIL), width=80)]
    assert lines[1:4] == ["  stated: The statement.", "  seen: what was seen",
                          "  decided by: one counterexample"]  # fmt: skip
    assert "…" not in "".join(lines)


def test_the_diagnosis_is_never_cut() -> None:
    """It names the fault: other sentences make room for it."""
    failure = replace(_FAILURE, seen=_LONG, statement=_LONG, means=_LONG, diagnosis=_LONG[:150])
    one = _one("DP201", Verdict.FAIL, failure=failure)
    text = " ".join(line.plain.strip() for line in brief(one, width=80, most=10))
    assert f"diagnosis: {_LONG[:150].strip()} stated:" in text


def test_what_was_seen_is_cut_last() -> None:
    """It names the fault and the remedy; what the property states is the same in every run."""
    failure = replace(_FAILURE, seen=_LONG[:220], statement=_LONG, decided_by=_LONG)
    one = _one("DP201", Verdict.ERROR, failure=failure)
    text = " ".join(line.plain.strip() for line in brief(one, width=80, most=11))
    assert f"seen: {_LONG[:220].strip()} decided by:" in text


def test_notes_are_as_wide_as_the_screen() -> None:
    """A long note takes several lines; a long path in it stays whole."""
    path = "a/very/long/path/" * 5
    printed = _printed(_run(_one("DP101", Verdict.PASS), notes=(_LONG, f"see {path}")))
    assert max(len(line) for line in printed if path not in line) <= 80
    assert sum(path in line for line in printed) == 1


def test_root_causes_come_first_and_consequences_fold() -> None:
    """What explains most is first; what depends on it takes one line."""
    blocked = [
        _one(f"DP30{n}", Verdict.BLOCKED, root_id="DP201", root_cause=Verdict.FAIL) for n in (1, 3)
    ]
    alone = _one("DP405", Verdict.BLOCKED, root_id="DP402", root_cause=Verdict.FAIL)
    lines = _printed(
        _run(
            _one("DP101", Verdict.FAIL),
            _one("DP204", Verdict.INCONCLUSIVE),
            _one("DP201", Verdict.ERROR),
            _one("DP402", Verdict.FAIL),
            *blocked,
            alone,
            replace(alone, subject="c.D"),
        )
    )
    titles = [line for line in lines if "a name" in line]
    assert [line.split()[2] for line in titles] == ["DP201", "DP402", "DP101", "DP204"]
    assert "  and 2 properties that depend on it were not judged" in lines
    assert "  and 1 property that depends on it was not judged" in lines
    known = "c.D: 1 not judged, since DP402, on which they depend, is fail; --property DP402"
    assert lines[lines.index(known) + 1] == "  shows it"
    assert not any("DP301" in line for line in lines)


def test_what_a_failure_explains_folds_into_a_line() -> None:
    """The explained failures have no paragraph, and the whole takes twelve lines."""
    failure = replace(_FAILURE, seen=_LONG)
    explained = [_one(f"DP20{n}", Verdict.FAIL, root_id="DP306") for n in (2, 3)]
    blocked = _one("DP408", Verdict.BLOCKED, root_id="DP306", root_cause=Verdict.FAIL)
    lines = _printed(_run(*explained, _one("DP306", Verdict.FAIL, failure=failure), blocked))
    assert lines.index("") == 0
    assert lines[1:].index("") == MOST_LINES
    assert "  it explains that DP202, DP203 fail too" in lines
    assert "  and 1 property that depends on it was not judged" in lines
    assert lines[-1].startswith("3 fail, 1 blocked")
    assert sum("a name" in line for line in lines) == 1


def test_what_passes_exclude_is_in_the_units_of_a_user() -> None:
    """Relative errors of the drop rate and of E[y], the finest promise and the weakest."""
    lines = excluded([_counted("DP202"), _counted("DP203"), _counted("DP204")])
    assert lines == [
        "A pass excludes, relative to the right value, at rates 0.1 and 0.5:",
        "  drop rate, all units: an error of 0.45 % and 0.15 % (DP202)",
        "  drop rate, one position: an error of 15 % and 5 % (DP204)",
        "  E[y], all elements: an error of 0.067 % and 0.2 % (DP203)",
        "  E[y], one element: an error of 1.7 % and 5 % (DP203)",
    ]


def test_the_weakest_subject_decides_what_passes_exclude() -> None:
    """A failure, and counts that are not of units kept, say nothing about it."""
    weak = _counted("DP202", rates=(0.1,))
    [example] = weak.examples
    [counts] = example.counts
    doubled = replace(example, counts=(replace(counts, discrepancy=2 * counts.discrepancy),))
    lines = excluded([_counted("DP202"), replace(weak, examples=(doubled,))])
    assert "all units: an error of 0.9 % and 0.3 % (DP202)" in lines[1]
    assert excluded([replace(_counted("DP202"), verdict=Verdict.FAIL)]) == []
    noise = replace(example, counts=(replace(counts, lowest=0.5, highest=0.5),))
    assert excluded([replace(weak, examples=(noise,))]) == []


def test_notes_and_the_tally_end_the_screen() -> None:
    """A reason of the table is repeated; the tally is the last line."""
    run = _run(_one("DP101", Verdict.PASS), notes=("a.B: DP102 is ignored: why",), seconds=3.0)
    assert _printed(run)[-2:] == ["a.B: DP102 is ignored: why", "1 pass in 3 s"]
