"""The HTML page of a run is one file that is whole, escaped, small and true to the result."""

import re
from dataclasses import replace

import pytest

from dropout_props.properties import CATALOGUE
from dropout_props.report.html import page
from dropout_props.report.html.forest import forest
from dropout_props.report.html.traces import traces
from dropout_props.results.records import (
    Counts,
    ExampleResult,
    Failure,
    PropertyResult,
    RunResult,
)
from dropout_props.results.verdict import Verdict
from tests.unit.report.markup import is_whole

HOSTILE = "<script>alert('&')</script>"


def counts(*, interval: tuple[float, float], seen: int, promise: float = 0.01) -> Counts:
    """Counts of 10,000 trials at a keep probability of 0.9."""
    return Counts(
        "all units", 1, seen, 10_000, 0.9, 0.9000001, 0, seen, 10_000, interval, promise, -2.0
    )


def a_result(
    subject: str, property_id: str, verdict: Verdict, *families: Counts, num_examples: int = 1
) -> PropertyResult:
    """A result; it has a paragraph where its verdict has one."""
    failure = Failure(f"stated {HOSTILE}", f"seen {HOSTILE}", "decided", "means", "reproduce")
    explained = verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.KNOWN)
    example = ExampleResult(
        "shape=(8,)", 0.1, "0", "excluded", 10_000, 8, -2.0, families,
        log10_threshold=13.0, trace=((1250, 1.0), (2500, 0.0), (5000, -1.0), (10_000, -2.0)),
    )  # fmt: skip
    return PropertyResult(
        subject,
        property_id,
        "a name",
        "statistical",
        verdict,
        shown="what was seen",
        failure=failure if explained else None,
        examples=(example,) * num_examples if families else (),
    )


def a_run(*results: PropertyResult, collected: int | None = None, stopped: str = "") -> RunResult:
    """A run of these results."""
    return RunResult(
        {"flax": "0"}, {"device": "cpu"}, 0, "smoke", 1e-9, 1e-3, 1e-12, 15,
        len(results) if collected is None else collected, results, stopped=stopped,
    )  # fmt: skip


def test_a_failure_opens_to_its_program() -> None:
    """It is escaped, and folded until a reader opens it."""
    one = a_result("layer", "DP201", Verdict.FAIL)
    assert one.failure is not None
    text = page(a_run(replace(one, failure=replace(one.failure, program=HOSTILE))))
    assert "without dropout_props</summary><pre>&lt;script&gt;alert" in text
    assert "without dropout_props</summary>" not in page(a_run(one))


def whole(num_subjects: int) -> RunResult:
    """Every property of the catalogue for several subjects, with every verdict."""
    verdicts = list(Verdict)
    narrow = counts(interval=(0.895, 0.905), seen=9001)
    return a_run(
        *(
            a_result(
                f"package.module:Layer{n}",
                prop.id,
                verdicts[(n + i) % len(verdicts)],
                *([narrow] * 3 if prop.is_statistical else []),
                num_examples=40,
            )
            for n in range(num_subjects)
            for i, prop in enumerate(CATALOGUE)
        )
    )


@pytest.mark.parametrize("run", [whole(1), whole(4), a_run(), a_run(collected=3, stopped="time")])
def test_it_is_well_formed_and_refers_to_nothing(run: RunResult) -> None:
    """Every tag is closed, there is no script, and nothing is loaded."""
    is_whole(page(run))


def test_texts_of_a_run_are_escaped() -> None:
    """A subject whose name is a script is shown, not run."""
    text = page(a_run(a_result(HOSTILE, "DP202", Verdict.FAIL)))
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 3


def test_ten_subjects_fit_600_kilobytes() -> None:
    """With all properties of the catalogue and every verdict."""
    assert len(page(whole(10)).encode()) < 600_000


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (a_run(a_result("a", "DP1", Verdict.PASS)), "Every property that was judged passes"),
        (a_run(a_result("a", "DP1", Verdict.FAIL)), "1 pair of subject and property did not pass."),
        (
            a_run(*(a_result("a", one, Verdict.ERROR) for one in ("DP1", "DP2"))),
            "2 pairs of subject and property did not pass.",
        ),
        (
            a_run(replace(a_result("a", "DP1", Verdict.BLOCKED), root_cause=Verdict.FAIL)),
            "A property that was not selected failed, and blocks others.",
        ),
        (a_run(a_result("a", "DP1", Verdict.PASS), collected=2), "the run is not complete"),
        (a_run(collected=2), "Nothing was judged."),
    ],
)
def test_the_first_sentence_is_the_outcome(run: RunResult, sentence: str) -> None:
    """What failed comes first; a run that ended early does not look like one that passed."""
    _, _, body = page(run).partition("<body>")
    [lead] = re.findall(r'<p class="lead">(.*?)</p>', body)
    assert sentence in lead
    assert ("banner bad" in body) == ("passes" not in lead)


def test_a_failure_is_explained_before_the_table() -> None:
    """Its paragraph is open, with the counts that show it, above the plot and the table."""
    narrow = counts(interval=(0.895, 0.905), seen=9001)
    text = page(a_run(a_result("a", "DP202", Verdict.FAIL, narrow)))
    marks = ("<details open>", "9,001 of 10,000", "<svg", "Every property")
    places = [text.index(one) for one in marks]
    assert places == sorted(places)


def test_a_failure_shows_the_masks_that_it_has() -> None:
    """A picture for each, and none where the layer hides its mask."""
    plain = a_result("a", "DP202", Verdict.FAIL)
    assert plain.failure is not None
    masks = (("110", "011"), ("000", "111"))
    text = page(a_run(replace(plain, failure=replace(plain.failure, masks=masks))))
    paths = re.findall(r'<path class="ink" d="(.*?)"', text)
    assert paths == ["M0 0h2v1h-2zM1 1h2v1h-2z", "M0 1h3v1h-3z"]
    is_whole(text)
    assert "<figure" not in page(a_run(plain))


def test_a_failure_that_another_explains_is_closed_and_comes_last() -> None:
    """Root causes are open and come first."""
    explained = replace(a_result("a", "DP101", Verdict.FAIL), root_id="DP202")
    _, _, body = page(a_run(explained, a_result("a", "DP202", Verdict.FAIL))).partition("<body>")
    summaries = re.findall(r"<details( open)?>\s*<summary>.*?(DP\d+)", body)
    assert summaries == [(" open", "DP202"), ("", "DP101")]
    assert "explained by DP202" in body


def test_the_forest_shows_the_weakest_count_of_each_property() -> None:
    """Of two counts it has the one that excludes less; positions order as the numbers do."""
    close, far = (
        counts(interval=(0.899, 0.901), seen=9000),
        counts(interval=(0.88, 0.92), seen=9100, promise=0.002),
    )
    drawn = forest(a_run(a_result("a", "DP202", Verdict.PASS, close, far)))
    assert drawn is not None
    [mark] = drawn.marks
    assert drawn.left <= mark.null <= mark.promise < mark.estimate < mark.excluded <= drawn.right
    assert "seen 0.1 off, more than 0.2 is excluded; the promise is 0.02" in mark.said


def test_a_run_without_counts_has_no_forest() -> None:
    """Exact properties exclude nothing by numbers."""
    assert forest(a_run(a_result("a", "DP101", Verdict.PASS))) is None


def test_the_evidence_is_drawn_against_the_units() -> None:
    """A line a case, which ends where it was decided; more evidence is higher up the page."""
    narrow = counts(interval=(0.895, 0.905), seen=9001)
    run = a_run(*(a_result(one, "DP202", Verdict.PASS, narrow, num_examples=2) for one in "ab"))
    drawn = traces(run)
    assert [one.subject for one in drawn] == ["a", "b"]
    [panel] = drawn[0].panels
    points = [tuple(map(float, at.split())) for at in panel.path.split("M")[1].split("L")]
    assert points == sorted(points)
    assert [y for _, y in points] == sorted(y for _, y in points)
    assert panel.ends == (points[-1],) * 2
    assert panel.threshold < points[0][1] < drawn[0].zero == points[1][1]
    assert panel.said == (
        "2 cases; the largest evidence at an end is 10^-2.0, and a case alone fails at 10^13.0"
    )


def test_a_result_without_traces_has_no_panels() -> None:
    """A file of an earlier version has none."""
    narrow = counts(interval=(0.895, 0.905), seen=9001)
    one = a_result("a", "DP202", Verdict.PASS, narrow)
    old = replace(one, examples=(replace(one.examples[0], trace=(), log10_threshold=None),))
    assert traces(a_run(old)) == []
    assert "How the counts were decided" not in page(a_run(old))
    assert "How the counts were decided" in page(a_run(one))
