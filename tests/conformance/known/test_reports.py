"""A deviation without its entry is a failure, and every report contains its program."""

from dataclasses import replace

import pytest
from flax.configurations import config

from dropout_props.cli import main
from dropout_props.engine import Settings
from dropout_props.engine.deviations import SHIPPED_LIST, Deviation
from dropout_props.engine.run import run
from dropout_props.environment import installed
from dropout_props.gate.classify import classify
from dropout_props.layers import registry
from dropout_props.properties import find
from dropout_props.report.markdown import comparison_markdown
from dropout_props.report.terminal import plain_paragraph
from dropout_props.results.comparison import Change, Comparison, Row, Side
from dropout_props.results.exit_codes import ExitCode, of_run
from dropout_props.results.records import Failure, PropertyResult
from dropout_props.results.verdict import Verdict

_SETTINGS = replace(Settings.of(profile="smoke"), confirm=False)
_QUICK = (
    *("DP107", "DP109", "DP110", "DP111", "DP112"),
    *("DP412", "DP413", "DP414", "DP415", "DP416", "DP417", "DP513", "DP705"),
)
_OWN = ("linen.Dropout", "nnx.Dropout")
_VERSIONS = installed.probe().versions
_JUDGED = [
    entry
    for entry in SHIPPED_LIST
    if entry.property_id in _QUICK and entry.subject in _OWN and entry.holds_on(_VERSIONS)
]
_SEPARATED = [
    pytest.param(True, Verdict.PASS, id="separated"),
    pytest.param(False, Verdict.KNOWN, id="run together"),
]
_PROGRAM = "# It shows something.\nassert 1 > 2, '</details> ```'\n"


@pytest.mark.parametrize("entry", _JUDGED, ids=lambda entry: f"{entry.property_id}-{entry.subject}")
def test_a_deviation_without_its_entry_is_a_failure(entry: Deviation) -> None:
    """Listed, it is known and comes with its program; unlisted, the run exits with 1."""
    subjects, properties = [registry.load(entry.subject)], [find(entry.property_id)]
    [listed] = run(subjects, properties, _SETTINGS).results
    assert listed.verdict is Verdict.KNOWN
    assert listed.failure is not None
    assert listed.failure.reproducer == entry.reproducer
    without = run(subjects, properties, replace(_SETTINGS, known=()))
    assert of_run(without) is ExitCode.FAILURE
    [failed] = without.results
    assert failed.failure is not None
    assert entry.matches in failed.failure.seen
    assert not failed.failure.reproducer


@pytest.mark.parametrize(("flag", "verdict"), _SEPARATED)
def test_a_flag_that_fixes_a_deviation_disables_its_entry(flag: bool, verdict: Verdict) -> None:
    """With FLAX_FIX_RNG_SEPARATOR, Linen does not violate the property."""
    subjects, properties = [registry.load("linen.Dropout")], [find("DP419")]
    before = config.flax_fix_rng_separator
    try:
        config.update("flax_fix_rng_separator", flag)
        [result] = run(subjects, properties, _SETTINGS).results
    finally:
        config.update("flax_fix_rng_separator", before)
    assert result.verdict is verdict


def _known(program: str = _PROGRAM) -> PropertyResult:
    failure = Failure(
        "c", "s", "d", "m", "dropout-props replay 1", known="k (link)", reproducer=program
    )
    return PropertyResult("a.B", "DP101", "x", "exact", Verdict.KNOWN, failure=failure)


def test_the_paragraph_of_a_known_deviation_holds_the_program() -> None:
    """Below the reason, indented, so that it can be copied."""
    text = plain_paragraph(_known())
    program = "    # It shows something.\n    assert 1 > 2, '</details> ```'\n"
    assert f"  known: k (link)\n  reproduce without dropout_props:\n{program}  reproduce: " in text
    assert "flax alone" not in plain_paragraph(_known(""))


def _comparison(*rows: Row) -> Comparison:
    return Comparison(Side("a", {}, {}), Side("b", {}, {}), rows)


def test_markdown_holds_each_program_once() -> None:
    """A program is indented, so that nothing in it ends the block; two subjects share it."""
    row = classify(replace(_known(), verdict=Verdict.PASS), _known())
    assert row.change is Change.KNOWN
    text = comparison_markdown(_comparison(row, replace(row, subject="c.D")), exit_code=0)
    assert text.count("# It shows something.") == 1
    assert "`a.B` DP101, `c.D` DP101:\n\n    # It shows something.\n    assert 1 > 2" in text
    assert text.endswith("</details>\n")


@pytest.mark.parametrize("cap", [600, 700, 2_000])
def test_markdown_leaves_out_programs_that_do_not_fit(cap: int) -> None:
    """The text stays below the limit, and rows have priority over programs."""
    row = classify(None, _known())
    row = replace(row, change=Change.KNOWN, reproducer="x = 1\n" * 50)
    text = comparison_markdown(_comparison(row), exit_code=0, cap=cap)
    assert len(text) <= cap
    assert "| known | a.B |" in text
    assert ("x = 1" in text) == (cap == 2_000)


def test_explain_shows_known_deviations(capsys: pytest.CaptureFixture[str]) -> None:
    """Subject, condition, reason, link and program of each entry; no heading without entries."""
    with pytest.raises(SystemExit):
        main(["explain", "DP412"])
    [entry] = [e for e in SHIPPED_LIST if e.property_id == "DP412" and e.subject == "nnx.Dropout"]
    text = capsys.readouterr().out
    _, _, shown = text.partition("Known deviations:\n  nnx.Dropout, flax >=0.11: since 0.11 the")
    assert (
        f"\n  {entry.link}\n  reproduce without dropout_props:\n    # The state that nnx.split"
        in shown
    )
    assert all(f"    {line}\n" in shown for line in entry.reproducer.splitlines())
    assert "  other nnx subjects, flax >=0.11: for the same reason" in shown
    with pytest.raises(SystemExit):
        main(["explain", "DP203"])
    assert "Known deviations" not in capsys.readouterr().out
