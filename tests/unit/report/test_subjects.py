"""The page of subjects side by side is true to the result, and no text of it is markup."""

from pathlib import Path

import pytest

from dropout_props.cli import main
from dropout_props.report.subjects import subjects_page
from dropout_props.results import files
from dropout_props.results.records import Failure, PropertyResult, RunResult
from dropout_props.results.verdict import Verdict

_PROGRAM = "# It shows.\nassert 1 > 2, '| <b>'\n"
_FAILURE = Failure("s", "seen | <b>", "d", "m", "r", known="reason | (link)", reproducer=_PROGRAM)


def _one(subject: str, property_id: str, verdict: Verdict) -> PropertyResult:
    failure = _FAILURE if verdict is Verdict.KNOWN else None
    return PropertyResult(
        subject, property_id, "a | name", "exact", verdict, shown="as | shown", failure=failure
    )


_RUN = RunResult(
    versions={"flax": "1", "equinox": "2"},
    flags={},
    run_seed=7,
    profile="smoke",
    false_fail_rate=1e-9,
    false_pass_rate=1e-3,
    share=1e-12,
    num_properties=20,
    collected=5,
    results=(
        _one("a.B", "DP101", Verdict.PASS),
        _one("a.B", "DP102", Verdict.KNOWN),
        _one("c.D", "DP102", Verdict.NOT_APPLICABLE),
        _one("c.D", "DP101", Verdict.ERROR),
        _one("e.F", "DP103", Verdict.PASS),
    ),
)


def test_each_property_has_a_row_and_each_subject_a_column() -> None:
    """Marks are those of the support matrix; a pair that was not judged has none."""
    lines = subjects_page(_RUN, command="the command").splitlines()
    assert "| property | a.<br>B | c.<br>D | e.<br>F |" in lines
    assert "| DP101 a \\| name | ✓ | **E** |  |" in lines
    assert "| DP102 a \\| name | K | · |  |" in lines
    assert "| DP103 a \\| name |  |  | ✓ |" in lines
    assert "| a.B | 1 | 1 | 0 | 0 |" in lines
    assert "| c.D | 0 | 0 | 1 | 1 |" in lines


def test_a_finding_has_its_reason_and_its_program() -> None:
    """The reason is escaped, the program is word for word; a subject without any says so."""
    page = subjects_page(_RUN, command="the command")
    assert "- **DP102 a \\| name** (known): reason \\| (link)" in page
    assert "  ```python\n  # It shows.\n  assert 1 > 2, '| <b>'\n  ```" in page
    assert "- **DP101 a \\| name** (error): as \\| shown" in page
    assert page.endswith("### e.F\n\nNo property that applies to it.\n")
    assert "profile smoke, run seed 7, on flax 1, equinox 2." in page


def test_the_command_writes_the_page_of_a_check_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed; another file than the result of a check is refused."""
    result, page = tmp_path / "a.json", tmp_path / "a.md"
    files.write(_RUN, result)
    with pytest.raises(SystemExit, match="0"):
        main(["report", str(result), "--compare", str(page)])
    assert capsys.readouterr().out == ""
    command = "dropout-props report a.json --compare FILE"
    assert page.read_text(encoding="utf-8") == subjects_page(_RUN, command=command)
    result.write_text("{}")
    with pytest.raises(SystemExit, match="4"):
        main(["report", str(result), "--compare", str(page)])
