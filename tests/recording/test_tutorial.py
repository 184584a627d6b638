"""The tutorial: its program, its mends and its reports are what this package does today."""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import dropout_props

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def mended(source: str) -> str:
    """Apply every diff of the page."""
    for diff in blocks("diff"):
        old, new = (
            "".join(line[1:] for line in diff.splitlines(keepends=True) if line[0] == sign)
            for sign in "-+"
        )
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder from which a module named `train` is imported afresh."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("train", None)


@pytest.mark.parametrize("step", ["wrong", "mended"])
def test_each_report_is_what_the_program_gives(step: str, named: Any) -> None:
    """The program as the page shows it, and with the page's diffs applied."""
    source, _ = blocks("python")
    (named / "train.py").write_text(source if step == "wrong" else mended(source), encoding="utf-8")
    with dropout_props.record() as record:
        import_module("train").eight_steps()
    first, second = (one for one in blocks("console") if "budget" in one)
    shown = first if step == "wrong" else second
    assert shown == "$ dropout-props audit train:eight_steps\n" + record.report() + "\n"
    assert bool(record.judgement.failed) == (step == "wrong")
