"""The pages of a comparison, a record, a matrix and a self-test: whole, escaped, and true."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.gate.diff import diff
from dropout_props.gate.recorded import compare_sites
from dropout_props.report.html import (
    comparison_page,
    record_page,
    releases_page,
    selftest_page,
)
from dropout_props.results import files
from dropout_props.results.comparison import Change, Comparison, Row, Side
from dropout_props.results.records import (
    Counts,
    ExampleResult,
    PropertyResult,
    RecordedSite,
    RunResult,
)
from dropout_props.results.stored import RECORD, SELFTEST
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.kills import Kill, KillMatrix
from tests.unit.report.markup import is_whole

HOSTILE = "<script>alert('&')</script>"
CAUSE = f"""DP907 steps differ: {HOSTILE}
  at    block/drop
        other/drop
  seen  a
        b"""


def counted(low: float, high: float, label: str = "all units") -> PropertyResult:
    """A counted property whose interval is (low, high), around 0.5."""
    counts = Counts(label, 1, 50, 100, 0.5, 0.5, 0, 50, 100, (low, high), 0.01, -1.0)
    example = ExampleResult("case", 0.5, "d", "excluded", 100, 1, -1.0, (counts,))
    return PropertyResult(
        "linen.Dropout", "DP202", "keep rate", "statistical", Verdict.PASS, examples=(example,)
    )


def a_run(*results: PropertyResult, **fields: Any) -> RunResult:
    """A run of these results."""
    plain = RunResult(
        {"flax": "0.12.8", "jax": "0.10.2"}, {"device": "cpu x 1"}, 0, "smoke", 1e-9, 1e-3, 1e-12,
        15, len(results), results,
    )  # fmt: skip
    return replace(plain, **fields)


def a_site(**fields: Any) -> RecordedSite:
    """A site that keeps 900 of 1000 units."""
    return RecordedSite(
        "train:step", "block/drop", "train.py:3", (8, 16), (), 0.1, (0.9,), 8, 8, "d", 8, 900, 1000,
        **fields,
    )  # fmt: skip


def of_rows(*rows: Row) -> Comparison:
    """A comparison of two sides with these rows."""
    return Comparison(Side("base", {"flax": "1"}, {}), Side("new", {"flax": "2"}, {}), rows)


def a_record(**fields: Any) -> dict[str, Any]:
    """A record of one site that draws one mask in two steps."""
    rows = ["1101" * 8, "0110" * 8]
    masks = [{"step": step, "key": 0, "rows": rows} for step in (0, 1)]
    plain = {
        "format": RECORD,
        "environment": {"jax": "0.10.2"},
        "budget": 1e-9,
        "counts": 2,
        "summary": "2 masks at 1 site in 2 steps",
        "causes": [CAUSE],
        "sites": [{"site": HOSTILE, "masks": "2", "verdict": "FAIL DP907", "failed": ["DP907"]}],
        "properties": [
            {
                "id": "DP907",
                "name": "steps differ",
                "verdict": "fail",
                "says": "",
                "notes": ["a note"],
                "too_few": [],
            }
        ],
        "strips": [{"site": "block/drop", "of": 2, "masks": masks}],
        "cannot_see": "It cannot see all.",
    }
    return {**plain, **fields}


def a_kill(property_id: str, verdict: str, mutant: str = "m", **fields: Any) -> Kill:
    """A verdict on a mutant that the property must kill."""
    plain = Kill(
        mutant, "linen", property_id, 0, verdict, expected=True, control=False, live=False,
        draws=0, seconds=0.0, shown="",
    )  # fmt: skip
    return replace(plain, **fields)


def a_selftest(*kills: Kill, whole: bool = False) -> dict[str, Any]:
    """The document of a self-test with these verdicts."""
    properties = tuple(dict.fromkeys(one.property_id for one in kills))
    matrix = KillMatrix("ci", (0,), properties, kills, whole=whole)
    return {"format": SELFTEST, "mutants": asdict(matrix)}


def lead(text: str) -> str:
    """Return the first sentence of a page."""
    [found] = re.findall(r'<p class="lead">(.*?)</p>', text)
    return str(found)


FAILING = replace(counted(0.4, 0.6), verdict=Verdict.FAIL, shown=HOSTILE)
REGRESSED = diff(a_run(counted(0.4, 0.6)), a_run(FAILING))
SITES = of_rows(*compare_sites([a_site()], [a_site(), a_site()]))
PAGES = {
    "gate": comparison_page(REGRESSED, exit_code=1),
    "sites": comparison_page(SITES, exit_code=1),
    "nothing": comparison_page(of_rows(), exit_code=5),
    "record": record_page(a_record()),
    "fragment": record_page(a_record(), fragment=True),
    "silent": record_page(a_record(sites=[], causes=[], properties=[], strips=[])),
    "releases": releases_page(
        ("1", "2"), (a_run(counted(0.4, 0.6)), a_run(FAILING)), (REGRESSED,), exit_code=1
    ),
    "selftest": selftest_page(a_selftest(a_kill("DP101", "fail"), a_kill("DP202", "pass"))),
    "empty": selftest_page({"format": SELFTEST}),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_one_whole_file(name: str) -> None:
    """Every tag is closed, nothing is loaded, nothing can run, and no text of a user is markup."""
    parsed = is_whole(PAGES[name])
    assert ("html" in parsed.tags) == (name != "fragment")


def test_a_fragment_changes_nothing_else_in_a_notebook() -> None:
    """Every rule of its style sheet is below the class of the fragment."""
    [style] = re.findall(r"<style>(.*?)</style>", PAGES["fragment"], flags=re.DOTALL)
    selectors = [one for rule in re.findall(r"([^{}]+)\{", style) for one in rule.split(",")]
    wrong = [one for one in map(str.strip, selectors) if not one.startswith((".dp", "@media"))]
    assert wrong == []
    assert len(selectors) > 50


def test_a_gate_shows_the_intervals_of_both_sides() -> None:
    """Of the count that allows the largest deviation; the classes that fail come first."""
    wide = replace(
        counted(0.1, 0.6),
        examples=(
            replace(
                counted(0.1, 0.6).examples[0],
                counts=(
                    counted(0.45, 0.55, "narrow").examples[0].counts[0],
                    counted(0.1, 0.6, "wide").examples[0].counts[0],
                ),
            ),
        ),
    )
    compared = diff(a_run(wide), a_run(wide))
    [row] = compared.rows
    assert row.intervals is not None
    assert row.intervals.what == "wide, case"
    assert row.intervals.base == row.intervals.candidate == (0.1, 0.6)
    text = comparison_page(compared, exit_code=0)
    assert "wide, case: base 0.1 to 0.6, candidate 0.1 to 0.6; expected 0.5" in text
    assert lead(text) == "Nothing that a gate fails on has changed."
    assert lead(PAGES["gate"]) == "The candidate changes what dropout does."
    assert "<b>regressed</b>" in PAGES["gate"]


def test_sides_with_other_cases_have_no_intervals() -> None:
    """Counts of two cases are of two probabilities."""
    one = counted(0.4, 0.6)
    other = replace(one, examples=(replace(one.examples[0], digest="e"),))
    assert [row.intervals for row in diff(a_run(one), a_run(other)).rows] == [None]


def test_a_recorded_gate_has_a_row_for_each_site() -> None:
    """With the interval of its drop rate on both sides, and a site of one side without it."""
    first, second = SITES.rows
    assert first.intervals is not None
    low, high = first.intervals.base
    assert low < 0.1 < high
    assert first.intervals.expected == pytest.approx((0.1, 0.1))
    assert second.change is Change.NEW
    assert second.intervals is None
    assert PAGES["sites"].count("block/drop (train.py:3)") == 2


def test_a_record_shows_the_masks_that_share() -> None:
    """Each mask is a picture; masks of one key have the same path and are marked."""
    pictures = re.findall(r'<figure class="fail">.*?d="([^"]+)"', PAGES["record"])
    assert len(pictures) == 2
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith("M0 0h2v1h-2zM3 0h3v1h-3z")
    assert (
        "<dt>at</dt><dd>block/drop<br>other/drop</dd><dt>seen</dt><dd>a b</dd>" in PAGES["record"]
    )
    apart = a_record()
    apart["strips"][0]["masks"][1]["key"] = 1
    assert "figure class" not in record_page(apart)


def test_a_matrix_has_the_newest_release_first() -> None:
    """A column a release; a cell is the sign of its verdict."""
    [row] = re.findall(r"<tr><td class=\"n\">DP202 keep rate.*</tr>", PAGES["releases"])
    assert re.findall(r'<td class="v (\w+)', row) == ["fail", "pass"]
    assert "<summary>base → candidate: 1 regressed</summary>" in PAGES["releases"]


def test_a_selftest_names_what_survived_first() -> None:
    """A mutant that survived, a control that was flagged, and an idle property."""
    control = a_kill("DP303", "fail", "right", expected=False, control=True)
    kills = (a_kill("DP101", "fail"), a_kill("DP202", "pass"), control)
    text = selftest_page(a_selftest(*kills, whole=True))
    assert lead(text).startswith("The suite misses a bug")
    assert "survived: m (linen, run seed 0): DP202 pass" in text
    assert "flagged: right (linen, run seed 0): DP303 fail" in text
    assert "idle: DP202 killed nothing" in text
    assert "m (linen): killed by DP101; survived DP202" in text
    assert text.index("survived: m") < text.index("<svg")
    killed = selftest_page(a_selftest(a_kill("DP101", "fail")))
    assert lead(killed).startswith("The suite finds every bug")
    assert re.findall(r'class="cell (\w+)"', killed) == ["pass"]


def test_a_full_kill_matrix_fits_600_kilobytes() -> None:
    """With 298 layers, each judged by 73 properties; a laptop shows its whole width."""
    kills = [a_kill(f"DP{n}", "fail", f"mutant_{m}") for m in range(298) for n in range(101, 174)]
    text = selftest_page(a_selftest(*kills))
    assert len(text.encode()) < 600_000
    assert max(int(one) for one in re.findall(r'<svg[^>]* width="(\d+)"', text)) <= 960


STORED = {
    "run": files.document(a_run(counted(0.4, 0.6))),
    "comparison": files.comparison_document(REGRESSED, exit_code=1),
    "record": a_record(),
    "selftest": a_selftest(a_kill("DP101", "fail")),
}


def report(*arguments: str) -> int:
    """Call `report` in this process; return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(["report", *arguments])
    return int(stopped.value.code or 0)


@pytest.mark.parametrize("kind", STORED)
def test_report_writes_the_page_of_every_stored_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the page that the command itself writes."""
    monkeypatch.setenv("DROPOUT_PROPS_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "stored.json"
    place.write_text(json.dumps(STORED[kind]), encoding="utf-8")
    assert report(str(place), "--html", str(tmp_path / "page.html")) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    is_whole(page)
    if kind == "comparison":
        assert page == PAGES["gate"]


@pytest.mark.parametrize(
    ("document", "arguments", "said"),
    [
        (a_record(), (), "a record can be written as a page alone: give --html."),
        ({"format": RECORD}, ("--html", "p"), "an earlier version wrote this record"),
        (a_selftest(), (), "a self-test can be written as a page alone"),
        ({"tool": "dropout_props", "comparison": {}, "format": 1}, (), "format 1, this version"),
        ({"tool": "dropout_props", "comparison": {}, "format": 2}, (), "changed or damaged"),
        ([], (), "is not a result of dropout_props"),
    ],
)
def test_report_says_what_it_cannot_read(
    tmp_path: Path, capsys: Any, monkeypatch: Any, *, document: Any, arguments: Any, said: str
) -> None:
    """One sentence with the file, the reason and the remedy; exit code 4."""
    monkeypatch.chdir(tmp_path)
    Path("stored.json").write_text(json.dumps(document), encoding="utf-8")
    assert report("stored.json", *arguments) == 4
    assert said in capsys.readouterr().err
    assert not Path("p").exists()
