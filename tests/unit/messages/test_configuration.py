"""The table of pyproject.toml is read by command line and pytest, and refused in one sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.engine.configuration import BadTable, Configuration, at
from dropout_props.engine.selection import Selection
from dropout_props.results import files
from dropout_props.results.records import RunResult, Snapshot

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"
_LISTED = """
[[deviation]]
property = "DP101"
subject = "a.B"
matches = "text"
reason = "a reason"
link = "https://example.org"
expires = 2099-12-31
"""


def _project(folder: Path, table: str) -> Path:
    text = f'[project]\nname = "x"\n[tool.dropout-props]\n{table}\n'
    (folder / "pyproject.toml").write_text(text)
    return folder


def _refused(folder: Path, table: str) -> str:
    with pytest.raises(BadTable) as refused:
        at(_project(folder, table))
    return str(refused.value)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("selct = []", "unknown key 'selct': the closest is select. The keys are deviations, ign"),
        ('level = "cor"', "level='cor': it must be one of core, full, framework; the closest is c"),
        ('profile = "cj"', "profile='cj': it must be one of smoke, ci, nightly; the closest is ci"),
        ('select = ["DP2O2"]', "unknown property 'DP2O2': the closest are DP20"),
        ('ignore = ["DX"]', "ignore='DX': no property has an id that begins so: the closest is DP"),
        ('select = "DP2"', "select='DP2': give a list, as in select = [\"DP2\"]."),
        ("profile = 3", "profile=3: give a text in quotes."),
        ('per-subject-ignore = { a = { DP2O2 = "why" } }', "unknown property 'DP2O2'"),
        ('per-subject-ignore = { a = { DP202 = " " } }', 'ignore."a".DP202 has no reason: write'),
        (
            'per-subject-ignore = { a = ["DP202"] }',
            "ignore.a=['DP202']: give ids with a reason each",
        ),
        ('deviations = "missing.toml"', "deviations='missing.toml': "),
        ("level = ", "cannot be read as TOML"),
    ],
)
def test_an_invalid_table_is_refused(tmp_path: Path, table: str, sentence: str) -> None:
    """The sentence names the file, and the closest key, id, level or profile."""
    text = _refused(tmp_path, table)
    assert text.startswith(str(tmp_path / "pyproject.toml"))
    assert sentence in text
    assert "\n" not in text


def test_the_nearest_table_counts(tmp_path: Path) -> None:
    """A pyproject.toml without the table is passed over; no table at all is an empty one."""
    assert at(tmp_path) == Configuration()
    _project(tmp_path, 'level = "full"')
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert at(inner).selection == Selection(level="full")
    _project(inner, 'level = "core"')
    assert at(inner).selection.level == "core"


def test_the_table_of_the_page_is_valid(tmp_path: Path) -> None:
    """The page names every key, and its example is read."""
    text = _PAGE.read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "known-deviations.toml").write_text(_LISTED)
    (tmp_path / "pyproject.toml").write_text(example)
    found = at(tmp_path)
    keys = tomllib.loads(example)["tool"]["dropout-props"]
    assert found.subjects == tuple(keys["subjects"])
    assert found.selection.per_subject == {"mypackage.models:*": {"DP103": keys[
        "per-subject-ignore"]["mypackage.models:*"]["DP103"]}}  # fmt: skip
    assert (found.profile, found.deviations) == ("ci", _LISTED)
    assert set(re.findall(r"`([a-z-]+)`", text)) >= {*keys, "select"}
    with pytest.raises(BadTable) as refused:
        at(_project(tmp_path, "selct = []"))
    _, _, sentence = str(refused.value).partition("pyproject.toml, ")
    assert sentence in text


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], (["DP102"], "smoke")),
        (["--profile", "ci"], (["DP102"], "ci")),
        (["--select", "DP10", "--ignore", "DP104"], (["DP102"], "smoke")),
        (["--property", "DP101"], (["DP101"], "smoke")),
    ],
)
def test_an_option_goes_before_the_table(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    expected: tuple[list[str], str],
) -> None:
    """The reason of a per-subject-ignore is printed; --property is judged all the same."""
    _project(
        tmp_path,
        'subjects = ["textbook.MyDropout"]\nprofile = "smoke"\nselect = ["DP101", "DP102"]\n'
        'per-subject-ignore = { "textbook.*" = { DP101 = "we never evaluate" } }',
    )
    monkeypatch.chdir(tmp_path)
    judged: list[Any] = []

    def run(subjects: Any, properties: Any, settings: Any, **_: Any) -> RunResult:
        judged.append(([prop.id for prop in properties(subjects[0])], settings.profile.name))
        assert [subject.name for subject in subjects] == ["textbook.MyDropout"]
        return RunResult({}, {}, 0, "ci", 1e-9, 1e-3, 1e-12, 1, 0, snapshot=Snapshot({}))

    monkeypatch.setattr("dropout_props.engine.run.run", run)
    with pytest.raises(SystemExit):
        main(["check", *options])
    assert judged == [expected]
    told = "textbook.MyDropout: DP101 is ignored: we never evaluate" in capsys.readouterr().out
    assert told == ("--property" not in options)


def test_a_check_reports_a_pattern_without_a_subject(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line at the end and in the result file; the exit code is that of the verdicts."""
    monkeypatch.chdir(
        _project(
            tmp_path,
            'per-subject-ignore = { "textbok.*" = { DP101 = "why" }, "nnx.*" = { DP1 = "why" } }',
        )
    )
    blank = RunResult({}, {}, 0, "ci", 1e-9, 1e-3, 1e-12, 1, 0, snapshot=Snapshot({}))
    monkeypatch.setattr("dropout_props.engine.run.run", lambda *_, **__: blank)
    with pytest.raises(SystemExit) as stopped:
        main(["check", "textbook.MyDropout", "--json", "r.json"])
    assert stopped.value.code == 5  # nothing was judged
    lines = capsys.readouterr().out.splitlines()
    [at_line] = [at for at, line in enumerate(lines) if line.startswith("warning: per-subject-ig")]
    assert len(lines) - at_line <= 5
    [note] = files.read(tmp_path / "r.json").notes
    assert 'per-subject-ignore."textbok.*" ignores nothing' in note


def test_an_invalid_table_ends_a_check_with_four(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is judged."""
    monkeypatch.chdir(_project(tmp_path, "selct = []"))
    with pytest.raises(SystemExit) as stopped:
        main(["check", "linen.Dropout"])
    assert stopped.value.code == 4
    assert "unknown key 'selct': the closest is select" in capsys.readouterr().err


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_layers.py").write_text(
        "from dropout_props import parametrize_with_properties\n"
        "@parametrize_with_properties()\n"
        "def test_layers(property_check):\n    property_check()\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_pytest_reads_the_table(tmp_path: Path) -> None:
    """Subjects, selection, profile and deviations, and a pattern that matches no subject."""
    _project(
        tmp_path,
        'subjects = ["d2l.dropout_layer"]\nprofile = "smoke"\nselect = ["DP101", "DP104"]\n'
        'ignore = ["DP101"]\ndeviations = "none"\n'
        'per-subject-ignore = { "d2l.*" = { DP102 = "why" }, "dl2.*" = { DP104 = "why" } }',
    )
    done = _pytest(tmp_path, "--dp-json", "r.json")
    assert done.returncode == 1, done.stdout + done.stderr
    found = files.read(tmp_path / "r.json")
    assert found.profile == "smoke"
    assert [(one.subject, one.property_id, str(one.verdict)) for one in found.results] == [
        ("d2l.dropout_layer", "DP104", "fail")
    ]
    [note] = [note for note in found.notes if note.startswith("warning")]
    assert 'per-subject-ignore."dl2.*" ignores nothing' in note


@pytest.mark.nightly
def test_workers_of_xdist_report_a_pattern_without_a_subject(tmp_path: Path) -> None:
    """The controlling process collects nothing, and prints the line once all the same."""
    _project(
        tmp_path,
        'subjects = ["d2l.dropout_layer"]\nselect = ["DP101"]\n'
        'per-subject-ignore = { "dl2.*" = { DP104 = "why" } }',
    )
    done = _pytest(tmp_path, "-v", "-n", "2")
    assert done.stdout.count('per-subject-ignore."dl2.*" ignores nothing') == 1, done.stdout


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.nightly)])
def test_pytest_refuses_an_invalid_table(tmp_path: Path, workers: str) -> None:
    """A usage error; under xdist each test fails with the sentence."""
    _project(tmp_path, 'subjects = ["linen.Dropout"]\nselct = []')
    done = _pytest(tmp_path, "-n", workers)
    assert done.returncode == (4 if workers == "0" else 1), done.stdout + done.stderr
    assert "unknown key 'selct': the closest is select" in done.stdout + done.stderr


def test_a_session_without_these_tests_reads_no_table(tmp_path: Path) -> None:
    """So it imports nothing for it."""
    _project(tmp_path, "selct = []")
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_it():\n    assert 'dropout_props.engine' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_other.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
