"""The table of a report is complete and readable at every width."""

import math
import os
import subprocess
import sys

import pytest
from rich.console import Console

from dropout_props.cli.console import LOG_WIDTH
from dropout_props.properties import CATALOGUE
from dropout_props.report.results_table import NARROWEST, table
from dropout_props.results.records import PropertyResult, RunResult
from dropout_props.results.verdict import Verdict

SHOWN = (
    "no counterexample in 6 cases",
    "|E[y]/x - 1| < 0.019 at each rate from 0.01 to 0.9, 2.9e+06 units",
    (
        "nn.jit remembers how many keys [a module] used by thread and by module, not by mode: an "
        "evaluation before, or another thread, gives other masks to the same key"
    ),
)
SUBJECTS = ("linen.Dropout", "a_package.of_mine.layers:TheDropoutWithALongName")


def a_run() -> RunResult:
    """Return a run of every property and verdict, with short and long texts, for two subjects."""
    verdicts = list(Verdict)
    results = [
        PropertyResult(
            subject, prop.id, prop.name, prop.kind, verdicts[number % len(verdicts)],
            shown=SHOWN[number % len(SHOWN)], seconds=12.3 * number,
        )
        for subject in SUBJECTS
        for number, prop in enumerate(CATALOGUE)
    ]  # fmt: skip
    return RunResult({}, {}, 0, "smoke", 1e-9, 1e-3, 1e-12, 1, len(results), tuple(results))


def printed(run: RunResult, width: int) -> list[str]:
    """Return the lines of the table at a width."""
    console = Console(width=width)
    with console.capture() as captured:
        console.print(table(run, width=width))
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [60, 70, 80, 100, 120, 200])
def test_no_text_is_cut_and_no_column_is_too_narrow(width: int) -> None:
    """Each property takes at most as many lines as its text needs in a readable column."""
    run = a_run()
    lines = printed(run, width)
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)
    starts = [i for i, line in enumerate(lines) if line.startswith("  DP")]
    assert len(starts) == len(run.results)
    for start, one in zip(starts, run.results, strict=True):
        end = start + 1
        while end < len(lines) and lines[end].startswith("     "):
            end += 1
        words = " ".join(lines[start:end]).split()
        content = (
            f"{one.property_id} {one.name} {one.verdict} {one.seconds:.1f} {one.shown}".split()
        )
        assert sorted(words) == sorted(content)
        longest = max(map(len, one.shown.split()))
        assert end - start <= 2 + math.ceil(len(one.shown) / (NARROWEST - longest))
    for subject in SUBJECTS:
        assert sum(line.strip() == subject for line in lines) == 1


def test_at_80_columns_a_passing_property_takes_a_line_or_two() -> None:
    """The details are beside the property, and only a long name is folded."""
    lines = printed(a_run(), 80)
    beside = [line for line in lines if line.endswith(SHOWN[0])]
    assert len(beside) == sum(one.shown == SHOWN[0] for one in a_run().results)


def test_columns_are_aligned() -> None:
    """The verdicts of every subject are below their heading."""
    lines = [line for line in printed(a_run(), 120) if line.startswith("  ")]
    place = lines[0].index("verdict")
    rows = [line for line in lines if line.startswith("  DP")]
    assert all(line[place - 1] == " " != line[place] for line in rows)


def test_a_run_of_nothing_has_a_table_too() -> None:
    """An interrupted run prints its headings."""
    run = RunResult({}, {}, 0, "smoke", 1e-9, 1e-3, 1e-12, 1, 0)
    assert any("verdict" in line for line in printed(run, 80))


@pytest.mark.parametrize("columns", [None, "70"])
def test_a_log_is_wide_unless_columns_says_otherwise(columns: str | None) -> None:
    """Without a terminal, as in a build, lines may exceed 80 columns."""
    program = "from dropout_props.cli.console import console; print(console().width)"
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=env | ({"COLUMNS": columns} if columns else {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == int(columns or LOG_WIDTH)
