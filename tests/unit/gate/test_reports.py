"""Markdown and JUnit hold every row, and no text of a row breaks their format."""

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

from dropout_props.gate.diff import diff
from dropout_props.report.junit import comparison_junit, run_junit
from dropout_props.report.markdown import comparison_markdown, step_summary
from dropout_props.results.records import PropertyResult
from dropout_props.results.verdict import Verdict


def many(number: int, verdict: Verdict) -> list[PropertyResult]:
    """Return properties with one verdict, and a text full of Markdown's and XML's markup."""
    plain = PropertyResult("a.B", "DP101", "x", "exact", verdict, shown="a|b <c> *d* \x00 & `e`\nf")
    return [replace(plain, property_id=f"DP{n:04d}") for n in range(number)]


def test_markdown_is_capped_and_says_what_it_left_out(make: Any) -> None:
    """A long comparison stays below the cap, keeps its table whole, and counts what is missing."""
    comparison = diff(make(*many(900, Verdict.PASS)), make(*many(900, Verdict.FAIL)))
    text = comparison_markdown(comparison, exit_code=1, cap=5_000)
    assert len(text) <= 5_000
    assert "more rows do not fit here" in text
    assert "## The upgrade gate failed" in text
    assert "900 regressed" in text
    rows = [line for line in text.splitlines() if line.startswith("| **regressed**")]
    assert rows
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows)
    assert "a\\|b \\<c>" in text


def test_markdown_of_identical_sides_has_no_table(make: Any) -> None:
    """Nothing changed, so there is no row."""
    comparison = diff(make(*many(2, Verdict.PASS)), make(*many(2, Verdict.PASS)))
    text = comparison_markdown(comparison, exit_code=0)
    assert "## The upgrade gate passed" in text
    assert "|---" not in text


def test_the_step_summary_is_appended_where_there_is_one(tmp_path: Any, monkeypatch: Any) -> None:
    """Where CI names a file; without one, nothing is written."""
    assert not step_summary("text")
    place = tmp_path / "summary.md"
    place.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place))
    assert step_summary("text\n")
    assert place.read_text() == "before\ntext\n"


def test_junit_counts_failures_and_is_xml(make: Any) -> None:
    """Rows that fail are failures; a side that could not run is an error."""
    stopped = make(*many(2, Verdict.FAIL), collected=3, stopped="it crashed")
    text = comparison_junit(diff(make(*many(2, Verdict.PASS)), stopped))
    suite = ET.fromstring(text)  # noqa: S314 (written here)
    assert (suite.get("failures"), suite.get("errors")) == ("2", "1")


def test_junit_of_a_run(make: Any) -> None:
    """Each verdict is a failure, an error, a skip or a plain case."""
    verdicts = [Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.KNOWN, Verdict.INCONCLUSIVE]
    properties = [
        replace(many(1, verdict)[0], property_id=f"DP10{n}") for n, verdict in enumerate(verdicts)
    ]
    suite = ET.fromstring(run_junit(make(*properties)))  # noqa: S314 (written here)
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == list("5211")


def test_junit_declares_the_encoding_it_is_written_in(make: Any, monkeypatch: Any) -> None:
    """UTF-8, whatever the encoding of the terminal."""
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "US-ASCII")
    text = run_junit(make(*many(1, Verdict.PASS)))
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
