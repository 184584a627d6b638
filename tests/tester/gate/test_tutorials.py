"""Is each release asked in its own environment, and does the page tell each stretch of releases?"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.gate import interpreter, tutorials
from dropout_props.gate.environments import Built
from dropout_props.gate.interpreter import Found as Has
from dropout_props.gate.interpreter import Refused
from dropout_props.gate.uv import CannotBuild
from dropout_props.report.tutorials import Found, Release, tutorials_page
from dropout_props.subjects.tutorial_sentences import SENTENCES


def release(flax: str, *, true: bool, seen: str) -> Release:
    """Make the answers of a release to two sentences, of which one never changes."""
    found = (Found("a", "It *raises*.", true, seen), Found("b", "It `holds`.", True, "it held"))
    return Release(flax, "0.5", "3.12.1", found)


ROW = {
    "0.8.5": release("0.8.5", true=True, seen="E: a | b"),
    "0.9.0": release("0.9.0", true=True, seen="E: a | b"),
    "0.10.0": release("0.10.0", true=False, seen="nothing"),
}


def test_a_row_begins_where_what_was_seen_changed() -> None:
    """The sentence stands once, each stretch of releases in a row."""
    page = tutorials_page(list(ROW.values()), command="dropout-props tutorials")
    assert (
        "| It *raises*. | 0.8.5 to 0.9.0 | true | E: a \\| b |\n"
        "|  | 0.10.0 | **false** | nothing |\n"
        "| It `holds`. | 0.8.5 to 0.10.0 | true | it held |\n"
    ) in page
    assert "| 0.9.0 | 0.5 | 3.12.1 |" in page


def test_the_command_asks_each_release_once_and_writes_the_page(
    tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    """Oldest first, however they are named; the page holds what was found."""
    asked = []

    def ask(release: str, **options: Any) -> Release:
        asked.append((release, options))
        return ROW[release]

    monkeypatch.setattr(tutorials, "ask_release", ask)
    place = tmp_path / "page.md"
    with pytest.raises(SystemExit) as ended:
        main(["tutorials", "0.10.0", "0.8.5", "0.10.0", "--python", "3.12", "--write", str(place)])
    assert ended.value.code == 0
    options = {"python": "3.12", "timeout": 600.0}
    assert asked == [("0.8.5", options), ("0.10.0", options)]
    assert "Written by `dropout-props tutorials 0.8.5 0.10.0`" in place.read_text()
    assert "2 sentences, 2 releases" in capsys.readouterr().out


@pytest.mark.parametrize("error", [tutorials.CannotAsk, CannotBuild])
def test_a_release_that_gives_no_answer_leaves_no_page(
    error: Any, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    """Exit 3 and the reason: a page with a hole would be read as one without."""

    def ask(release: str, **_: Any) -> Release:
        raise error(f"flax {release}: out of coffee.")

    monkeypatch.setattr(tutorials, "ask_release", ask)
    with pytest.raises(SystemExit) as ended:
        main(["tutorials", "--all", "--write", str(tmp_path / "page.md")])
    assert ended.value.code == 3
    assert "flax 0.8.5: out of coffee." in capsys.readouterr().err
    assert not list(tmp_path.glob("*.md"))


def test_the_installed_flax_is_asked_without_releases(capsys: Any) -> None:
    """A row for each sentence; --json is what another environment reads back."""
    with pytest.raises(SystemExit) as ended:
        main(["tutorials", "--json"])
    assert ended.value.code == 0
    found = tutorials.from_json(capsys.readouterr().out)
    assert [one.text for one in found.found] == [one.text for one in SENTENCES]
    with pytest.raises(SystemExit) as ended:
        main(["tutorials"])
    assert ended.value.code == 0
    assert f"flax {found.flax}, jax {found.jax}" in capsys.readouterr().out


@pytest.fixture
def answers(monkeypatch: Any) -> dict[str, Any]:
    """What the environment of a release exits with, prints and says; and what was started."""
    prepared: dict[str, Any] = {"returncode": 0, "stdout": "", "stderr": ""}

    def start(arguments: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        prepared["started"] = arguments
        if "late" in prepared:
            raise subprocess.TimeoutExpired(arguments, prepared["late"])
        return subprocess.CompletedProcess(
            arguments, prepared["returncode"], prepared["stdout"], prepared["stderr"]
        )

    def build(spec: str, **_: Any) -> Built:
        return Built(Path(f"/environment of {spec}/python"), reused=True)

    def examine(_: Built, *, timeout: float) -> Has:
        assert timeout == 600
        if "refused" in prepared:
            raise Refused(prepared["refused"])
        return Has("3.12.1", {}, {}, {"flax": {"file": "/own"}})

    monkeypatch.setattr(tutorials, "build", build)
    monkeypatch.setattr(interpreter, "examine", examine)
    monkeypatch.setattr(subprocess, "run", start)
    return prepared


def test_a_release_is_asked_in_its_environment(answers: dict[str, Any]) -> None:
    """What it prints comes back whole."""
    answers["stdout"] = tutorials.to_json(ROW["0.9.0"])
    assert tutorials.ask_release("0.9.0") == ROW["0.9.0"]
    assert answers["started"][0] == str(Path("/environment of flax==0.9.0/python"))
    assert json.loads(answers["started"][-1]) == {"flax": {"file": "/own"}}
    assert json.loads(answers["stdout"])["found"][0]["seen"] == "E: a | b"


def test_an_environment_that_crashes_or_hangs_is_told(answers: dict[str, Any]) -> None:
    """The release, the last words, and how to see more."""
    answers |= {"returncode": 1, "stderr": "Traceback\nImportError: no coffee\n\n"}
    with pytest.raises(
        tutorials.CannotAsk, match=r"flax 0\.9\.0: .* ImportError: no coffee\)\. To"
    ):
        tutorials.ask_release("0.9.0")
    answers["late"] = 600
    with pytest.raises(tutorials.CannotAsk, match=r"flax 0\.9\.0: no answer after 600 s\."):
        tutorials.ask_release("0.9.0")


def test_an_environment_that_is_refused_says_why(answers: dict[str, Any]) -> None:
    """The sentence comes back whole, from before the start and from within."""
    answers |= {"returncode": 3, "stderr": "a warning\nit imported flax 9.9" + " from afar" * 99}
    with pytest.raises(tutorials.CannotAsk) as caught:
        tutorials.ask_release("0.9.0")
    assert str(caught.value) == "flax 0.9.0: it imported flax 9.9" + " from afar" * 99
    answers["refused"] = "it lacks click>=8.1."
    with pytest.raises(tutorials.CannotAsk, match=r"^flax 0\.9\.0: it lacks click>=8\.1\.$"):
        tutorials.ask_release("0.9.0")


def test_a_release_answers_for_its_own_flax_alone(monkeypatch: Any, capsys: Any) -> None:
    """An environment that imported another Flax prints no answers, and exits with 3."""
    import flax

    monkeypatch.setattr(tutorials, "ask_installed", lambda: ROW["0.9.0"])
    own = {"file": flax.__file__, "version": flax.__version__, "listed": True}
    tutorials.answer(json.dumps({"flax": own}))
    assert tutorials.from_json(capsys.readouterr().out) == ROW["0.9.0"]
    with pytest.raises(SystemExit) as ended:
        tutorials.answer(json.dumps({"flax": own | {"file": "/other/flax/__init__.py"}}))
    assert ended.value.code == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"it imported flax {flax.__version__} from {flax.__file__}")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["abc"], "'abc': name releases of Flax as in 0.12.12."),
        (["--write", "page.md"], "--python and --write go with releases"),
        (["--python", "3.12"], "--python and --write go with releases"),
        (["--all", "0.8.5"], "--all asks every release of the table"),
        (["--all", "--json"], "--json goes with the installed Flax"),
        (["0.8.5", "--write", "missing/page.md"], "missing/page.md: cannot be written"),
    ],
)
def test_what_cannot_be_asked_is_said_at_the_door(
    arguments: list[str], sentence: str, capsys: Any
) -> None:
    """Exit 4 and one sentence, before any environment is made."""
    with pytest.raises(SystemExit) as ended:
        main(["tutorials", *arguments])
    assert ended.value.code == 4
    assert sentence in capsys.readouterr().err
