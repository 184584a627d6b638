"""The tables of docs/depth.md are what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dropout_props.campaign.folder import read_folder
from dropout_props.campaign.state import ERROR, state_of
from dropout_props.statistics import anytime_interval, keep_interval
from tests.campaign.made import at_rate, chunk, write

_ROOT = Path(__file__).parents[2]
_UNITS = 112 * 2**28  # of each campaign on the page
_PAGE = (_ROOT / "docs" / "depth.md").read_text(encoding="utf-8")


def test_the_table_of_what_is_excluded() -> None:
    """Each number is the farther end of the interval, for counts that are as expected."""
    rows = re.findall(r"^\| (1e\d+) \| (\S+) \| (\S+) \| (\S+) \|$", _PAGE, flags=re.MULTILINE)
    assert [row[0] for row in rows] == ["1e9", "1e10", "1e11", "1e12", "1e13", "1e14"]
    for units, *said in rows:
        trials = int(float(units))
        for rate, number in zip((0.1, 0.5, 0.9), said, strict=True):
            kept = round(trials * (1 - rate))
            around = keep_interval(rate)
            interval = anytime_interval(kept, trials, error=ERROR, around=around)
            bias = max(abs(end - (1 - rate)) / (1 - rate) for end in interval)
            assert f"{bias:.1e}" == number, (units, rate)


def test_the_table_of_the_grid(tmp_path: Path) -> None:
    """Each number is that of the state of a campaign at this rate."""
    rows = re.findall(
        r"^\| ([\d.e-]+) \| (\S+) to (\S+) \| (\S+) \| (\S+) \|$", _PAGE, flags=re.MULTILINE
    )
    assert len(rows) == 9
    for rate, *said in rows:
        write(tmp_path / rate, chunk(0), identity=at_rate(float(rate)))
        state = state_of(read_folder(tmp_path / rate))
        assert state.construction is not None
        kept = (1 - float(rate)) * (1 + state.construction)
        numbers = [*state.grid, state.construction, (1 - kept) / float(rate) - 1]
        shown = [f"{number:+.1e}".replace("+0.0e+00", "0") for number in numbers]
        read = [f"{float(one.replace('−', '-')):+.1e}".replace("+0.0e+00", "0") for one in said]
        for mine, theirs in zip(shown, read, strict=True):
            assert float(mine) == pytest.approx(float(theirs), rel=0.06, abs=1e-12), rate


def test_the_table_of_the_campaigns() -> None:
    """Each row is what the counts of its campaign say."""
    rows = re.findall(
        r"^\| `\w+.Dropout` \| ([\d.e-]+) \| (\d{11}) \|((?: [^|]+ \|){6})$",
        _PAGE,
        flags=re.MULTILINE,
    )
    assert len(rows) == 5
    for rate, kept, rest in rows:
        keep = 1 - float(rate)
        around = keep_interval(float(rate))
        interval = anytime_interval(int(kept), _UNITS, error=ERROR, around=around)
        ends = [(end - keep) / keep for end in interval]
        numbers = [(int(kept) / _UNITS - keep) / keep, *ends, max(map(abs, ends))]
        said = rest.replace("−", "-").replace("+", "").split(" | ")[:4]
        assert [f"{number:.1e}" for number in numbers] == [one.strip() for one in said], rate


@pytest.mark.parametrize(
    "name", ["campaign.slurm", "campaign-kubernetes.yml", "campaign-matrix.yml"]
)
def test_the_job_files_call_commands_that_exist(name: str) -> None:
    """Every option of every call of the command line is one that the command has."""
    from dropout_props.cli.campaign_command import command

    text = (_ROOT / "docs" / "workflows" / name).read_text(encoding="utf-8")
    text = re.sub(r"[\\,\[\]\"]|\n +(?=-)", " ", text.replace("\\\n", " "))
    calls = re.findall(r"dropout-props +campaign +(\w+)([^\n]*(?:\n +--[^\n]*)*)", text)
    assert calls
    for called, rest in calls:
        known = {one for option in command.commands[called].params for one in option.opts}
        used = set(re.findall(r"(?<![\w-])--[a-z-]+", rest))
        assert used <= known
        assert ("--until" if called == "run" else "--into") in used
    assert f"workflows/{name}" in _PAGE
