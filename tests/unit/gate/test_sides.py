"""A side that cannot run does not affect the other one, and its result says what to do."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import dropout_props
from dropout_props.environment.releases import BadSpec, of_requirements, parse, row_of
from dropout_props.gate import environments, needs, uv
from dropout_props.gate.compilation_cache import settings
from dropout_props.gate.environments import Built
from dropout_props.gate.side_process import SideJob, SideStatus, run_all
from dropout_props.gate.uv import CannotBuild
from dropout_props.results import files
from dropout_props.results.records import PropertyResult
from dropout_props.results.verdict import Verdict

REQUEST = {
    "subjects": ["linen.Dropout"],
    "properties": ["DP101"],
    "profile": "smoke",
    "run_seed": 0,
    "budget": 1e-9,
}


def here(python: str | Path = sys.executable, timeout: float = 300.0) -> SideJob:
    """Return a side that runs in an environment that exists."""
    built = Built(Path(python), reused=True)
    return SideJob("here", lambda: built, REQUEST, timeout)


def failing() -> Built:
    """Fail as an environment that cannot be made."""
    raise CannotBuild("flax==9 cannot be installed: there is none. Check the release.")


def cached(folder: Path) -> SideJob:
    """Return a side that runs in this environment, with JAX's cache in a folder."""
    built = Built(Path(sys.executable), reused=True, compilation_cache=folder)
    return SideJob("cached", lambda: built, REQUEST)


@pytest.fixture
def no_cache_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a folder of JAX's cache from the environment."""
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)


@pytest.mark.usefixtures("no_cache_of_the_caller")
def test_the_next_gate_compiles_nothing_again(tmp_path: Path) -> None:
    """A second run finds all of its programs in the folder, and has the same verdicts.

    A side that cannot be made does not stop the other: that one has a complete result with a
    snapshot, and this one says why and what to do.
    """
    first, bad = run_all([cached(tmp_path), SideJob("bad", failing, REQUEST)], show=lambda _: None)
    assert first.complete
    assert first.snapshot is not None
    assert first.stopped == ""
    assert bad.stopped == "flax==9 cannot be installed: there is none. Check the release."
    entries = {one.name: one.stat().st_mtime_ns for one in tmp_path.glob("*-cache")}
    [second] = run_all([cached(tmp_path)], show=lambda _: None)
    assert entries
    assert {one.name: one.stat().st_mtime_ns for one in tmp_path.glob("*-cache")} == entries
    assert [one.verdict for one in first.results] == [one.verdict for one in second.results]
    assert first.snapshot == second.snapshot


@pytest.mark.parametrize("jax", ["0.5.1", "0.5.3", "0.6.0", None, "of my own"])
def test_the_cache_is_off_where_jax_takes_wrong_code_from_it(
    jax: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that the caller set is not used either: code from it would be as wrong."""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))
    off = {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    variables, note = settings(tmp_path, jax)
    assert variables == off
    assert note.startswith(f"jax {jax or 'of an unknown version'} may take wrong code")
    assert settings(None, jax) == (off, note)
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    assert settings(None, jax) == (off, "")  # no cache was wanted


@pytest.mark.usefixtures("no_cache_of_the_caller")
@pytest.mark.parametrize("jax", ["0.4.30", "0.5.0", "0.6.1", "0.12.0.1"])
def test_the_cache_is_on_elsewhere(
    jax: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an environment that the gate made, unless the caller named a folder."""
    variables, note = settings(tmp_path, jax)
    assert variables["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path)
    assert not note
    assert settings(None, jax) == ({}, "")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "elsewhere")
    assert settings(tmp_path, jax) == ({}, "")


@pytest.mark.usefixtures("no_cache_of_the_caller")
def test_a_side_with_such_a_jax_runs_without_the_cache(tmp_path: Path, side: Any) -> None:
    """Its process has the variable, and a note says so."""
    show = "os.environ.get('JAX_COMPILATION_CACHE_DIR'), os.environ['JAX_ENABLE_COMPILATION_CACHE']"
    side.put("jax", "0.5.1", f"import os\nraise ImportError({show})")
    built = Built(side.python, reused=True, compilation_cache=tmp_path / "compiled")
    notes: list[str] = []

    def display(running: list[SideStatus]) -> None:
        notes[:] = running[0].notes

    [result] = run_all([SideJob("base", lambda: built, REQUEST)], show=display)
    assert "raised ImportError: (None, 'false')" in result.stopped
    [note] = notes
    assert note.startswith("base: jax 0.5.1 may take wrong code from its compilation cache; the")
    assert note.endswith("the cache is off on this side")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("raise ImportError('no such symbol')", "raised ImportError: no such symbol"),
        ("import os; os._exit(7)", "crashed before it judged anything (exit status 7"),
    ],
)
def test_a_crash_at_import_is_one_sentence(side: Any, source: str, sentence: str) -> None:
    """A Flax that fails, or dies, when it is imported is named with what to do."""
    side.put("flax", "9.9", source)
    [result] = run_all([here(side.python)], show=lambda _: None)
    assert sentence in result.stopped
    assert not result.results


def test_a_side_that_takes_too_long_is_stopped() -> None:
    """The sentence names the option that allows more time."""
    [result] = run_all([here(timeout=0.5)], show=lambda _: None)
    assert "stopped after 0.5 s" in result.stopped
    assert "--timeout" in result.stopped


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for an interpreter")
def test_a_side_that_is_late_keeps_what_it_judged(tmp_path: Path) -> None:
    """A result that came before the limit is reported, and the side is started once."""
    failed = PropertyResult("linen.Dropout", "DP101", "eval identity", "exact", Verdict.FAIL)
    event = json.dumps({"event": "result", "result": files.property_result_to_json(failed)})
    (tmp_path / "events").write_text(f"{event}\n")
    program = tmp_path / "python"
    program.write_text(
        f'#!/bin/sh\ncase $* in *worker*) ;; *) exec {sys.executable} "$@" ;; esac\n'
        f"echo started >> {tmp_path}/starts\ncat {tmp_path}/events\nexec sleep 60\n"
    )
    program.chmod(0o755)
    built = Built(program, reused=True, compilation_cache=tmp_path / "compiled")
    [result] = run_all([SideJob("slow", lambda: built, REQUEST, timeout=2.0)], show=lambda _: None)
    assert "stopped after 2 s" in result.stopped
    assert [one.verdict for one in result.results] == [Verdict.FAIL]
    assert (tmp_path / "starts").read_text() == "started\n"


def test_an_interpreter_that_cannot_start_is_named(tmp_path: Path) -> None:
    """A file that is not a program is a sentence of the result."""
    program = tmp_path / "python"
    program.write_text("no program")
    [result] = run_all([here(program)], show=lambda _: None)
    assert "cannot be started" in result.stopped


def test_without_uv_the_message_says_what_to_install(monkeypatch: Any) -> None:
    """The command that installs uv, and the options that need no uv."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(CannotBuild) as caught:
        uv.program()
    assert "pip install uv" in str(caught.value)
    assert "--base-interpreter" in str(caught.value)


class FakeUv:
    """Replaces uv: records the calls, makes folders, and fails where `failing` is set."""

    def __init__(self, *, failing: bool = False) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.failing = failing

    def __call__(self, *arguments: str) -> Any:
        """Return what `uv.call` returns."""
        self.calls.append(arguments)
        if arguments[0] == "venv":
            Path(arguments[-1]).mkdir(parents=True)
        failed = self.failing and arguments[0] == "pip"
        reason = "  × No solution found:\n  ╰─▶ flax==99 is not there" if failed else ""
        return type("Done", (), {"returncode": int(failed), "stderr": reason, "stdout": ""})()


@pytest.fixture
def fake(monkeypatch: Any, tmp_path: Path) -> FakeUv:
    """Replace uv, so that no index is needed."""
    program = FakeUv()
    monkeypatch.setattr(uv, "call", program)
    monkeypatch.setattr(uv, "find_python", lambda wanted: f"/python{wanted}")
    return program


def test_an_environment_is_made_once(fake: FakeUv) -> None:
    """The second time it is reused; other requirements make another one."""
    first = environments.build("flax==0.12.0", python="3.12")
    again = environments.build("flax==0.12.0", python="3.12")
    other = environments.build("flax==0.12.0", extra=("optax==0.2.5",), python="3.12")
    assert (first.reused, again.reused, other.reused) == (False, True, False)
    assert first.interpreter == again.interpreter != other.interpreter
    assert sum(call[0] == "venv" for call in fake.calls) == 2


def test_an_edit_of_this_package_does_not_make_another_environment(
    fake: FakeUv, tmp_path: Path, monkeypatch: Any
) -> None:
    """An environment is named after requirements, those of this package among them."""
    environments.build("flax==0.12.0", python="3.12")
    copy = tmp_path / "edited" / "dropout_props"
    shutil.copytree(Path(dropout_props.__file__).parent, copy)
    (copy / "run.py").write_text("edited = True\n")
    monkeypatch.setattr(dropout_props, "__file__", str(copy / "__init__.py"))
    assert environments.build("flax==0.12.0", python="3.12").reused
    monkeypatch.setattr(needs, "needs", lambda: parse("click>=8.1 another>=1"))
    assert not environments.build("flax==0.12.0", python="3.12").reused
    assert fake.calls[-1][-3:] == ("flax==0.12.0", "another>=1", "click>=8.1")


def test_a_resolver_that_fails_leaves_nothing_behind(fake: FakeUv, cache: Path) -> None:
    """Its reason is one line of the message, and no incomplete environment remains."""
    fake.failing = True
    with pytest.raises(CannotBuild, match=r"No solution found: flax==99 is not there\. Check the"):
        environments.build("flax==99.0", python="3.12")
    assert list((cache / "environments").iterdir()) == []


def test_jax_is_of_the_time_of_flax_unless_named(fake: FakeUv) -> None:
    """The table chooses the JAX of a spec without one, with a note; a JAX that is named stays."""
    built = environments.build("flax==0.11.2", python="3.12")
    assert built.notes == (
        "flax==0.11.2: with jax 0.7.1, of that Flax's time; --with 'jax==...' chooses another",
    )
    assert environments.build("flax==0.11.2", extra=("jax==0.8.2",), python="3.12").notes == ()


def test_a_missing_python_is_named(fake: FakeUv, monkeypatch: Any) -> None:
    """The message says which version is missing and how to install it."""
    monkeypatch.setattr(uv, "find_python", lambda _: None)
    with pytest.raises(CannotBuild, match=r"no Python 3\.99 was found.*uv python install 3\.99"):
        environments.build("flax==0.12.0", python="3.99")


@pytest.mark.parametrize(
    ("flax", "row"),
    [
        ("0.8.5", "0.8.5"),
        ("0.10.5", "0.10.4"),
        ("0.12.12", "0.12.12"),
        ("0.8.4", None),
        ("9", None),
    ],
)
def test_a_release_goes_with_the_row_below_it(flax: str, row: str | None) -> None:
    """Beyond either end of the table there is no row, so nothing is constrained."""
    found = row_of(flax)
    assert (found.flax if found else None) == row


def test_bad_requirements_are_refused() -> None:
    """The message has an example of a requirement."""
    with pytest.raises(BadSpec, match=r"write it like 'flax==0\.12\.12'"):
        parse("flax=0.12")
    assert of_requirements(parse("flax>=0.12")) is None
