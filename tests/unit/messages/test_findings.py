"""A project that has findings: baselines, reports for CI, and runs that end in time."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.engine import Judge, Settings
from dropout_props.engine.run import run
from dropout_props.engine.run.schedule import Schedule
from dropout_props.properties import find
from dropout_props.report.sarif import sarif, workflow_commands
from dropout_props.results.records import Failure, PropertyResult, Replay, RunResult
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_SMOKE = ("--profile", "smoke")
_TWICE = (
    "from jax import numpy as jnp\n\ndef twice(key, x, rate, deterministic):\n    return 2 * x\n"
)


@pytest.fixture
def check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Return a function that checks a layer that doubles its input; it gives code and output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("DROPOUT_PROPS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    (tmp_path / "doubling.py").write_text(_TWICE)
    monkeypatch.delitem(sys.modules, "doubling", raising=False)  # of another test's folder

    def run_it(*options: str, properties: str = "DP101") -> tuple[int, str]:
        with pytest.raises(SystemExit) as stopped:
            main(["check", "doubling:twice", "--select", properties, *_SMOKE, *options])
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out + printed.err

    return run_it


def test_a_baseline_keeps_the_failures_of_today_apart(
    check: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    """Written, they do not fail the run; read, they are known, and a new one fails."""
    code, printed = check("--write-baseline", "old.toml", "--reason", "ported", "--expires",
                          "2099-12-31")  # fmt: skip
    assert code == 0, printed
    assert "1 failure written to old.toml, until 2099-12-31." in printed
    [entry] = tomllib.loads((tmp_path / "old.toml").read_text())["deviation"]
    assert (entry["property"], entry["subject"]) == ("DP101", "doubling:twice")
    assert entry["reason"] == "ported"
    assert not any(character.isdigit() for character in entry["matches"])
    code, printed = check("--baseline", "old.toml")
    assert code == 0, printed
    assert "DP101 doubling:twice: ported" in printed
    code, printed = check("--baseline", "old.toml", properties="DP101,DP102")
    assert code == 1
    assert "FAIL doubling:twice DP102" in printed
    assert "FAIL doubling:twice DP101" not in printed


def test_an_entry_of_a_baseline_that_is_over_fails(
    check: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    """It names the file, where the entry is to be deleted or renewed."""
    check("--write-baseline", "old.toml")
    text = (tmp_path / "old.toml").read_text()
    (tmp_path / "old.toml").write_text(text.replace("expires = 2", "expires = 1"))
    code, printed = check("--baseline", "old.toml")
    assert code == 1
    assert "the entry expired on 1" in printed
    assert "delete or renew the entry in old.toml" in printed


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--baseline", "no.toml"], "no such file. Write it with --write-baseline no.toml."),
        (["--write-baseline", "old.json"], "give it a name that ends in .toml"),
        (["--write-baseline", "old.toml", "--reason", " "], "--reason is empty: write why"),
        (
            ["--write-baseline", "old.toml", "--expires", "2001-01-01"],
            "2001-01-01: it must be a day after",
        ),
        (["--reason", "old"], "describe a list of failures: give --write-baseline FILE.toml too"),
        (["--baseline", "a.toml", "--write-baseline", "b.toml"], "would lack the failures that"),
        (["--write-baseline", "there.toml"], "the file exists, and its reasons would be lost"),
    ],
)
def test_a_bad_baseline_is_refused(
    check: Callable[..., tuple[int, str]], options: list[str], sentence: str, tmp_path: Path
) -> None:
    """A usage error, exit 4, before anything runs."""
    (tmp_path / "there.toml").write_text("")
    code, printed = check(*options)
    assert code == 4
    assert sentence in printed


def test_a_run_that_is_out_of_time_says_what_was_left(
    check: Callable[..., tuple[int, str]],
) -> None:
    """Nothing begins after the time; exit 3, and the count of what was not judged."""
    code, printed = check("--max-seconds", "1e-9", properties="DP101,DP102")
    assert code == 3
    assert "not judged: stopped after 1e-09 s, with 2 pairs not judged" in printed
    assert "2 not judged (incomplete)" in printed


def test_no_worker_begins_a_pair_after_the_time() -> None:
    """The schedule hands out nothing; without a time it does."""
    subjects = [Subject.function(lambda _key, x, _rate, _deterministic: x, name="same")]
    settings = Settings.of(profile="smoke")
    assert Schedule(subjects, [[find("DP101")]], settings, ends_at=0.0).take(0) is None
    assert Schedule(subjects, [[find("DP101")]], settings).take(0) is not None


def test_a_run_in_time_is_complete() -> None:
    """A limit that is not reached changes nothing."""
    subject = Subject.function(lambda _key, x, _rate, _deterministic: x, name="same")
    settings = replace(Settings.of(profile="smoke"), confirm=False)
    result = run([subject], [find("DP101")], settings, max_seconds=1e6)
    assert result.complete
    assert not result.stopped
    assert result.results[0].verdict is Judge(settings, {})(subject, find("DP101")).verdict


def _failed(property_id: str, verdict: Verdict = Verdict.FAIL, root: str = "") -> PropertyResult:
    failure = Failure("The statement.", "50 % seen: a,\nb", "one", "It means.", "replay 1",
                      known="why (link)", replay=Replay("1", "counterexample"))  # fmt: skip
    return PropertyResult(
        "a.B", property_id, "a name", "exact", verdict, failure=failure, root_id=root
    )


_RUN = RunResult(
    {}, {}, 0, "ci", 1e-9, 1e-3, 1e-12, 14, 4,
    (_failed("DP101"), _failed("DP202", Verdict.INCONCLUSIVE), _failed("DP203", root="DP101"),
     _failed("DP107", Verdict.KNOWN)),
)  # fmt: skip


def test_sarif_holds_each_root_cause_with_its_place() -> None:
    """Rules, levels, places and stable fingerprints; a known deviation is suppressed."""
    document = json.loads(sarif(_RUN, places={"a.B": ("a/b.py", 7)}, version="0.1.0"))
    assert document["version"] == "2.1.0"
    [one] = document["runs"]
    assert one["invocations"] == [{"executionSuccessful": True}]
    assert [rule["id"] for rule in one["tool"]["driver"]["rules"]] == ["DP101", "DP107", "DP202"]
    found: dict[str, Any] = {item["ruleId"]: item for item in one["results"]}
    assert {key: item["level"] for key, item in found.items()} == {
        "DP101": "error", "DP202": "warning", "DP107": "note",
    }  # fmt: skip
    [location] = found["DP101"]["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "a/b.py"}, "region": {"startLine": 7},
    }  # fmt: skip
    assert found["DP107"]["suppressions"] == [{"kind": "external", "justification": "why (link)"}]
    prints = [item["partialFingerprints"]["subjectAndProperty/v1"] for item in one["results"]]
    assert len(set(prints)) == len(prints) == 3


def test_annotations_are_escaped_and_leave_out_what_is_known() -> None:
    """One workflow command a root cause, on one line."""
    first, second = workflow_commands(_RUN, places={"a.B": ("a/b.py", 7)})
    assert first.startswith("::error file=a/b.py,line=7,title=DP101 a name%3A a.B::50 %25 seen: a,")
    assert "%0Ab. It means. Reproduce: replay 1" in first
    assert second.startswith("::warning ")
    assert workflow_commands(_RUN, places={})[0].startswith("::error title=DP101")


def test_a_check_writes_sarif_and_annotates(
    check: Callable[..., tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place is that of the layer, relative to the working directory."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    code, printed = check("--sarif", "r.sarif")
    assert code == 1
    assert "::error file=doubling.py,line=3,title=DP101 " in printed
    document = json.loads((tmp_path / "r.sarif").read_text())
    [result] = document["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
