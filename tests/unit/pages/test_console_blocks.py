"""Every console block of every page runs as the page says, in the project of a reader.

By day the commands that judge no layer run in the process of the test; at night all do, each in a
process of its own, in the order of their page. project.py has those that cannot run, and why.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from dropout_props.cli import main
from dropout_props.results import files
from dropout_props.results.records import PropertyResult, RunResult
from dropout_props.results.verdict import Verdict
from tests.unit.pages.blocks import PAGES, blocks_of, has_shape
from tests.unit.pages.project import CANNOT, CODES, FIRST, NEEDS, is_there, make, next_diff, table

Run: TypeAlias = Callable[[str], tuple[int, str]]

_BY_DAY = {
    "configuration.md": ["check"],  # the one that shows a mistake
    "quickstart.md": ["report", "list", "explain"],
    "recording.md": ["audit", "sites"],
    "tutorial.md": ["sites"],  # tests/recording/test_tutorial.py records its programs
}
"""The commands that judge no layer, by page."""

WITH_BLOCKS = [
    page for page in PAGES if any(one.language in ("console", "sh") for one in blocks_of(page))
]


def _run_page(page: Path, folder: Path, run: Run, only: list[str] | None = None) -> int:
    """Run the commands of a page, and return how many ran."""
    ran = 0
    is_faulty = page.name == "tutorial.md"  # until its diffs mend the program
    for block in blocks_of(page):
        if block.language == "diff" and page.name == "tutorial.md":
            next_diff(folder, block.text)
            is_faulty = False
        for shown in block.commands():
            name = shown.command.partition(" ")[2].partition(" ")[0]
            if shown.command in CANNOT or (only is not None and name not in only):
                continue
            if any(word in shown.command and not is_there(NEEDS[word]) for word in NEEDS):
                continue
            is_mistake = "unknown key" in shown.output
            if only is not None and name == "check" and not is_mistake:
                continue
            text = table(page.name, shown.command)
            (folder / "pyproject.toml").write_text(text, encoding="utf-8")
            code, printed = run(shown.command)
            expected = 4 if is_mistake else CODES.get(shown.command, 0)
            if is_faulty and name == "audit":
                expected = 1
            assert code == expected, f"$ {shown.command}\n{printed}"
            assert "Traceback" not in printed, f"$ {shown.command}\n{printed}"
            if shown.output:
                is_like = has_shape(printed.replace(str(folder), "/home/me/project"), shown.output)
                assert is_like, f"$ {shown.command}\n{printed}"
            ran += 1
    return ran


@pytest.mark.nightly
@pytest.mark.parametrize("page", WITH_BLOCKS, ids=lambda page: page.name)
def test_every_console_block_runs(page: Path, tmp_path: Path) -> None:
    """Word for word, with the exit code and the shape of the output that the page shows."""
    make(tmp_path, page)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, start in (
        ("dropout-props", "-m dropout_props"),
        ("python", ""),
        ("pytest", "-m pytest -p no:cacheprovider"),
    ):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {start} "$@"\n')
        (programs / name).chmod(0o755)
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": paths,
        "COLUMNS": "200",
        "DROPOUT_PROPS_CACHE": str(tmp_path / "cache"),
    }

    def run(command: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],  # noqa: S607 (the shell of the machine)
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    for command in FIRST.get(page.name, []):
        (tmp_path / "pyproject.toml").write_text(table(page.name, command), encoding="utf-8")
        code, printed = run(command)
        assert code == 0, printed
    cannot = [one.command in CANNOT for block in blocks_of(page) for one in block.commands()]
    ran = _run_page(page, tmp_path, run)
    assert ran or all(cannot) or page.name == "frameworks.md"


_DAY = [one for one in WITH_BLOCKS if one.name in _BY_DAY]


@pytest.mark.parametrize("page", _DAY, ids=lambda page: page.name)
def test_a_block_that_judges_nothing_runs(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same of the commands that print, read a result or record one step."""
    make(tmp_path, page)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *filter(None, sys.path)])
    (tmp_path / "result.json").write_text(files.result_text(_RESULT), encoding="utf-8")

    def run(command: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(shlex.split(command)[1:])
        done = capsys.readouterr()
        return int(stopped.value.code or 0), done.out + done.err

    try:
        assert _run_page(page, tmp_path, run, only=_BY_DAY[page.name])
    finally:
        for module in ("train", "mypackage", "mypackage.layers"):
            sys.modules.pop(module, None)


_RESULT = RunResult(
    versions={"flax": "0.12.12", "jax": "0.12.0.1"},
    flags={"device": "cpu x 1"},
    run_seed=0,
    profile="ci",
    false_fail_rate=1e-9,
    false_pass_rate=1e-3,
    share=1e-12,
    num_properties=1,
    collected=1,
    results=(PropertyResult("linen.Dropout", "DP101", "eval identity", "exact", Verdict.PASS),),
)


def test_what_cannot_run_is_on_a_page() -> None:
    """An entry for a command that no page shows any more goes."""
    shown = {one.command for page in PAGES for block in blocks_of(page) for one in block.commands()}
    assert set(CANNOT) - shown == set()
    assert set(CODES) - shown == set()
    assert set(FIRST) | set(_BY_DAY) <= {page.name for page in WITH_BLOCKS}
    assert all(reason for reason in CANNOT.values())


@pytest.mark.parametrize(
    ("printed", "shown", "is_like"),
    [
        ("8 masks in\n1.5e-3 s", "9 masks in 2 s", True),
        ("8 masks", "8 sites", False),
        ("a\nb\nc", "a\n...\nc", True),
        ("a\nb", "a\n...\nc", False),
        ("a b", "a", False),
    ],
)
def test_shapes_are_compared(printed: str, shown: str, is_like: bool) -> None:
    """Numbers and line breaks may differ, words may not, and three dots leave lines out."""
    assert has_shape(printed, shown) is is_like
