"""Every command exits as docs/exit-codes.md says: each row of the page is run.

Where a layer would take long, the test replaces the run, the two sides or the self-test by a
prepared result; the rest runs as a user runs it.
"""

import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropout_props.campaign.chunks import Chunk, Process
from dropout_props.campaign.errors import Contradiction, NotStored, OtherCampaign
from dropout_props.campaign.folder import Contents, Counted
from dropout_props.campaign.sampling import sampler_of
from dropout_props.campaign.work import work
from dropout_props.cases.case import Case
from dropout_props.cli import main
from dropout_props.engine.pool.cluster import NoCluster
from dropout_props.layers import registry
from dropout_props.replay.find import Ending, Replayed
from dropout_props.results import files
from dropout_props.results.exit_codes import ExitCode, of_run, worst
from dropout_props.results.records import (
    CaseRecord,
    Failure,
    PropertyResult,
    RecordedSite,
    Replay,
    RunResult,
    Snapshot,
)
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.kills import Kill, KillMatrix
from tests.campaign.made import IDENTITY, at_rate, chunk, write

PAGE = Path(__file__).parents[3] / "docs" / "exit-codes.md"
_CASE = CaseRecord(0, (128,), (0.5).hex(), "float32", (), "ones")


def judged(*verdicts: Verdict, **fields: Any) -> RunResult:
    """Return a complete run with these verdicts, one property each."""
    results = tuple(
        PropertyResult("linen.Dropout", f"DP10{number}", "a property", "exact", verdict)
        for number, verdict in enumerate(verdicts, 1)
    )
    blank = RunResult({}, {}, 0, "ci", 1e-9, 1e-3, 1e-12, 1, len(results), results)
    return replace(blank, **{"snapshot": Snapshot({}), **fields})


PASSED, FAILED, UNSURE = (
    judged(Verdict.PASS),
    judged(Verdict.FAIL),
    judged(Verdict.INCONCLUSIVE),
)
PARTIAL = judged(Verdict.PASS, collected=2)
STOPPED = judged(collected=1, stopped="it crashed")
OTHER = replace(PASSED, run_seed=1)
GONE = judged()
DRAWN = judged(snapshot=Snapshot({}, sites=(RecordedSite("a:b", "drop", "a.py:1", masks=1),)))


def failing(subject: str, property_id: str, decided: str = "counterexample") -> RunResult:
    """Return a run with one failure, with the id abc, that can be replayed."""
    record = Replay("abc", decided, case=_CASE if decided == "counterexample" else None)
    failure = Failure("c", "s", "d", "m", "r", replay=record)
    one = PropertyResult(subject, property_id, "a property", "exact", Verdict.FAIL, failure=failure)
    return replace(FAILED, profile="smoke", results=(one,))


def killed(verdict: str) -> KillMatrix:
    """Return a self-test in which one mutant got this verdict."""
    kill = Kill("one", "linen", "DP105", 0, verdict, True, False, False, 0, 0.0, "")
    return KillMatrix("ci", (0,), ("DP105",), (kill,), whole=True)


def stop(*_: Any, **__: Any) -> Any:
    """Raise SIGTERM, as in a CI job that is cancelled."""
    if threading.current_thread() is threading.main_thread():
        signal.raise_signal(signal.SIGTERM)
    raise KeyboardInterrupt


def _raises(error: Exception) -> Callable[..., Any]:
    def raising(*_: Any, **__: Any) -> Any:
        raise error

    return raising


@dataclass(frozen=True)
class Row:
    """One way to reach a row of the table.

    Args:
        typed: the command line; a name of `files` means its path.
        files: results by the name of their file.
        folders: what makes a campaign in a folder, by its name.
        doubles: replacements, by the path of what they replace.
        full: whether standard output is a full disk.
    """

    typed: str
    files: dict[str, RunResult]
    folders: dict[str, Callable[[Path], object]]
    doubles: dict[str, Callable[..., Any]]
    full: bool = False


def row(
    typed: str,
    *,
    full: bool = False,
    doubles: Any = (),
    folders: Any = (),
    **results: RunResult,
) -> Row:
    """Return a row; results are files called NAME.json."""
    named = {f"{name}.json": one for name, one in results.items()}
    return Row(typed, named, dict(folders), dict(doubles), full)


def giving(result: RunResult) -> dict[str, Callable[..., Any]]:
    """Replace the run by this result."""
    return {
        "dropout_props.engine.run.run": lambda *_, **__: result,
        "dropout_props.engine.snapshot.take": lambda _: Snapshot({}),
    }


def counted(*, contradicted: bool = False) -> dict[str, Callable[..., Any]]:
    """Replace every folder of a campaign by one with two chunks, and its work by nothing."""
    chunk = Counted(Path("counts-a.txt"), 250, 27000, "ab")
    process = Process("0/1", "node7", "cpu", 2, "device", "2026-11-26 02:00:00")
    contents = Contents(
        identity=IDENTITY,
        by_position=np.full(3, 18000),
        chunks={0: chunk, 1: chunk},
        processes={chunk.path: process},
        contradictions={1: [chunk]} if contradicted else {},
    )
    return {
        "dropout_props.campaign.folder.read_folder": lambda _: contents,
        "dropout_props.campaign.work.work": lambda *_, **__: contents,
    }


def holding(*chunks: Chunk, rate: float = 0.1) -> Callable[[Path], object]:
    """Return what makes a campaign of these chunks, of another environment."""
    return lambda folder: write(folder, *chunks, identity=at_rate(rate))


def really_counted(*wrong: Chunk) -> Callable[[Path], object]:
    """Return what counts a campaign of one small chunk here, and adds these results to it."""

    def make(folder: Path) -> None:
        layer, case = registry.load("linen.Dropout"), Case(shape=(64,), rate=0.1)
        sampler = sampler_of(layer, "DP203", case, run_seed=0)
        contents = work(folder, sampler, until=1, chunk_blocks=1, on_host=True)
        assert contents.identity is not None
        if wrong:
            write(folder, *wrong, identity=contents.identity)

    return make


def refuted() -> dict[str, Callable[..., Any]]:
    """Let any evidence refute a campaign."""
    return {"dropout_props.campaign.state.ledger_threshold": lambda _: -1e9}


def sides_giving(*results: RunResult) -> dict[str, Callable[..., Any]]:
    """Replace the sides by these results."""
    return {"dropout_props.cli.progress.run_sides": lambda jobs: list(results)[: len(jobs)]}


def selftested(matrix: KillMatrix) -> dict[str, Callable[..., Any]]:
    """Replace the self-test by this outcome."""
    return {"dropout_props.selftest.kill_matrix.run": lambda *_, **__: matrix}


RUN = "dropout_props.engine.run.run"
SIDES = "dropout_props.cli.progress.run_sides"
REPLAY = "dropout_props.replay.find.replay"
SELFTEST = "dropout_props.selftest.kill_matrix.run"

JUDGE = "dropout_props.auditing.opened.judge"
TRACED = "dropout_props.auditing.sites_map.traced"

CHECK = "check linen.Dropout --property DP101 --profile smoke"
GATE = "gate --base flax==0.12.0 --candidate flax==0.12.1"
STEP = "matrix 0.12.0 0.12.1"
MUTANT = "selftest --mutant mode_by_or"

_MADE = holding(chunk(1), chunk(2))

ROWS: dict[tuple[str, int], list[Row]] = {
    ("check", 0): [row(CHECK), row(CHECK, doubles=giving(judged(*[Verdict.KNOWN, Verdict.PASS])))],
    ("check", 1): [
        row("check d2l.dropout_layer --property DP104 --profile smoke --known none"),
        row(CHECK, doubles=giving(judged(Verdict.ERROR, Verdict.PASS))),
        row("check exit_layers:unscaled --property DP202 --profile smoke"),
    ],
    ("check", 2): [row(CHECK, doubles={RUN: stop})],
    ("check", 3): [
        row(CHECK, doubles=giving(PARTIAL)),
        row(f"{CHECK} --json /dev/full"),
        row(f"{CHECK} --junit /dev/full", doubles=giving(FAILED)),
        row(CHECK, full=True),
    ],
    ("check", 4): [
        row("check linen.Dropout --cluster tcp://10.0.0.1:8786 -n 2"),
        row("check linen.Dropuot"),
        row("check --property DP999"),
        row("check --baseline none.json"),
        row("check --json none/r.json"),
        row("check --json - --junit -"),
        row("check --nope"),
    ],
    ("check", 5): [row("check linen.Dropout --select DP101 --ignore DP101")],
    ("check", 6): [row(CHECK, doubles=giving(UNSURE))],
    ("check --baseline", 0): [row(f"{CHECK} --baseline a.json", doubles=giving(PASSED), a=PASSED)],
    ("check --baseline", 1): [row(f"{CHECK} --baseline a.json", doubles=giving(FAILED), a=PASSED)],
    ("check --baseline", 4): [row(f"{CHECK} --baseline a.json", doubles=giving(OTHER), a=PASSED)],
    ("gate", 0): [row(GATE, doubles=sides_giving(PASSED, PASSED))],
    ("gate", 1): [row(GATE, doubles=sides_giving(PASSED, FAILED))],
    ("gate", 2): [row(GATE, doubles={SIDES: stop})],
    ("gate", 3): [
        row(GATE, doubles=sides_giving(PASSED, STOPPED)),
        row(f"{GATE} --markdown /dev/full", doubles=sides_giving(PASSED, PASSED)),
    ],
    ("gate", 4): [
        row("gate --base flax==0.12.0"),
        row(f"{GATE} --property DP999"),
        row("gate --nope"),
    ],
    ("gate", 6): [row(GATE, doubles=sides_giving(PASSED, UNSURE))],
    ("gate --record", 1): [row(f"{GATE} --record a:b", doubles=sides_giving(DRAWN, GONE))],
    ("gate --record", 5): [row(f"{GATE} --record a:b", doubles=sides_giving(GONE, GONE))],
    ("diff", 0): [row("diff a.json b.json", a=PASSED, b=PASSED)],
    ("diff", 1): [row("diff a.json b.json", a=PASSED, b=FAILED)],
    ("diff", 3): [
        row("diff a.json b.json", a=PASSED, b=PARTIAL),
        row("diff a.json b.json --json /dev/full", a=PASSED, b=PASSED),
    ],
    ("diff", 4): [
        row("diff a.json none.json", a=PASSED),
        row("diff a.json b.json", a=PASSED, b=OTHER),
    ],
    ("diff", 5): [row("diff a.json a.json", a=judged())],
    ("diff", 6): [row("diff a.json b.json", a=PASSED, b=UNSURE)],
    ("matrix", 0): [row(STEP, doubles=sides_giving(PASSED, PASSED))],
    ("matrix", 1): [
        row(STEP, doubles=sides_giving(PASSED, FAILED)),
        row("matrix 0.12.0", doubles=sides_giving(FAILED)),
        row(STEP, doubles=sides_giving(judged(Verdict.PASS, Verdict.PASS), PASSED)),
    ],
    ("matrix", 2): [row(STEP, doubles={SIDES: stop})],
    ("matrix", 3): [
        row(STEP, doubles=sides_giving(PASSED, STOPPED)),
        row(f"{STEP} --write /dev/full", doubles=sides_giving(PASSED, PASSED)),
        row(
            f"{STEP} --cluster tcp://10.0.0.1:8786",
            doubles={"dropout_props.gate.on_cluster.run": _raises(NoCluster("it has no worker"))},
        ),
    ],
    ("matrix", 4): [row("matrix newest"), row(f"{STEP} --property DP999"), row("matrix --nope")],
    ("matrix", 6): [row(STEP, doubles=sides_giving(PASSED, UNSURE))],
    ("baseline", 0): [
        row("baseline a.json", a=FAILED),
        row("baseline a.json --update --from b.json", a=PASSED, b=FAILED),
    ],
    ("baseline", 2): [row("baseline a.json --update", doubles={RUN: stop}, a=PASSED)],
    ("baseline", 3): [row("baseline a.json --update --from b.json", a=PASSED, b=PARTIAL)],
    ("baseline", 4): [
        row("baseline none.json"),
        row("baseline a.json --from a.json", a=PASSED),
        row("baseline - --update --from a.json", a=PASSED),
        row("baseline /dev/null --update --from a.json", a=PASSED),
    ],
    ("replay", 0): [
        row("replay abc --result a.json", a=failing("linen.Dropout", "DP101")),
        row("replay abc --result a.json --pytest", a=failing("linen.Dropout", "DP101")),
    ],
    ("replay", 1): [
        row("replay abc --result a.json", a=failing("d2l.dropout_layer", "DP104")),
        row("replay abc --result a.json", a=failing("exit_layers:raising", "DP201", "error")),
    ],
    ("replay", 2): [
        row("replay a --result a.json", doubles={REPLAY: stop}, a=failing("x", "DP101"))
    ],
    ("replay", 3): [row("replay abc --result a.json", a=failing("linen.Dropout", "DP999"))],
    ("replay", 4): [
        row("replay xyz --result a.json", a=failing("linen.Dropout", "DP101")),
        row("replay abc --result a.json", a=failing("linen.Dropuot", "DP101")),
        row("replay abc"),
    ],
    ("replay", 6): [
        row(
            "replay abc --result a.json",
            doubles={REPLAY: lambda _: Replayed(Ending.INCONCLUSIVE, "?")},
            a=failing("linen.Dropout", "DP101"),
        )
    ],
    ("selftest", 0): [row(MUTANT)],
    ("selftest", 1): [row(MUTANT, doubles=selftested(killed("pass")))],
    ("selftest", 2): [row(MUTANT, doubles={SELFTEST: stop})],
    ("selftest", 3): [
        row(f"{MUTANT} --json /dev/full", doubles=selftested(killed("fail"))),
        row(f"{MUTANT} --write /dev/full", doubles=selftested(killed("fail"))),
    ],
    ("selftest", 4): [
        row("selftest"),
        row("selftest --mutant none"),
        row(f"{MUTANT} --property DP999"),
    ],
    ("selftest", 5): [row(f"{MUTANT} --property DP101")],
    ("plan", 0): [row("plan --profile smoke")],
    ("plan", 3): [row("plan --profile smoke", full=True)],
    ("plan", 4): [row("plan --nope")],
    ("audit", 0): [
        row("audit exit_layers:dropping"),
        row("audit exit_layers:one_key --ignore *=DP905,DP907:wanted"),
    ],
    ("audit", 1): [row("audit exit_layers:one_key")],
    ("audit", 2): [row("audit exit_layers:dropping", doubles={JUDGE: stop})],
    ("audit", 3): [
        row("audit exit_layers:out_of_coffee"),
        row("audit exit_layers:dropping --json /dev/full"),
    ],
    ("audit", 4): [
        row("audit"),
        row("audit exit_layers"),
        row("audit exit_layers:none"),
        row("audit exit_layers:raising"),
        row("audit exit_layers:dropping --rates *=1.5"),
        row("audit exit_layers:dropping --ignore *"),
        row("audit --merge none.json"),
        row("audit --merge a.json --rates *=0.5", a=PASSED),
        row("audit --merge a.json", a=PASSED),
        row("audit --merge a.json --html page.html", a=PASSED),
    ],
    ("audit", 5): [row("audit exit_layers:stepless")],
    ("audit", 6): [row("audit exit_layers:one_step --strict")],
    ("sites", 0): [row("sites exit_layers:one_step")],
    ("sites", 2): [row("sites exit_layers:one_step", doubles={TRACED: stop})],
    ("sites", 3): [row("sites exit_layers:out_of_coffee")],
    ("sites", 4): [row("sites exit_layers:none"), row("sites exit_layers:raising")],
    ("sites", 5): [row("sites exit_layers:stepless")],
    ("campaign run", 0): [
        row("campaign run new linen.Dropout --until 1e5 --shape 64 --chunk-blocks 1 --on-host"),
        row("campaign run new linen.Dropout --until 1 --host 1/2", doubles=counted()),
    ],
    ("campaign run", 1): [
        row("campaign run new linen.Dropout --until 1", doubles=counted() | refuted())
    ],
    ("campaign run", 2): [
        row(
            "campaign run new linen.Dropout --until 1 --on-host",
            doubles={"dropout_props.campaign.work._counted": stop},
        )
    ],
    ("campaign run", 3): [
        row(
            "campaign run new linen.Dropout --until 1",
            doubles={"dropout_props.campaign.work.work": _raises(NotStored("no room"))},
        ),
        row(
            "campaign run new linen.Dropout --until 1",
            doubles={"dropout_props.campaign.work.work": _raises(Contradiction("chunk 1"))},
        ),
    ],
    ("campaign run", 4): [
        row("campaign"),
        row("campaign run new linen.Dropout"),
        row("campaign run new nothing.Here --until 1"),
        row("campaign run new linen.Dropout --until 0"),
        row("campaign run new linen.Dropout --until 1 --host 1/1"),
        row("campaign run new linen.Dropout --until 1 --rate 1"),
        row("campaign run new linen.Dropout --until 1 --shape 8,x"),
        row("campaign run new linen.Dropout --until 1 --property DP301"),
        row(
            "campaign run new linen.Dropout --until 1",
            doubles={"dropout_props.campaign.work.work": _raises(OtherCampaign("run_seed: 0, 1"))},
        ),
    ],
    ("campaign status", 0): [
        row("campaign status new", doubles=counted()),
        row("campaign status new --json - --svg a.svg", doubles=counted()),
    ],
    ("campaign status", 1): [row("campaign status new", doubles=counted() | refuted())],
    ("campaign status", 3): [
        row("campaign status new", full=True, doubles=counted()),
        row("campaign status new --json /dev/full", doubles=counted()),
        row("campaign status new", doubles=counted(contradicted=True)),
    ],
    ("campaign status", 4): [row("campaign status new"), row("campaign status --nope")],
    ("campaign merge", 0): [
        row("campaign merge a b --into new", folders={"a": holding(chunk(0)), "b": _MADE})
    ],
    ("campaign merge", 1): [
        row("campaign merge a --into new", doubles=refuted(), folders={"a": _MADE})
    ],
    ("campaign merge", 3): [
        row(
            "campaign merge a --into new",
            doubles={"dropout_props.campaign.merge.merge": _raises(NotStored("no room"))},
        ),
        row("campaign merge a b --into new", folders={"a": holding(chunk(1, 1, 2, 3)), "b": _MADE}),
    ],
    ("campaign merge", 4): [
        row("campaign merge a --into new"),
        row("campaign merge a"),
        row(
            "campaign merge a b --into new", folders={"a": holding(chunk(0), rate=0.2), "b": _MADE}
        ),
        row("campaign merge a --into new", folders={"a": holding()}),
    ],
    ("campaign verify", 0): [row("campaign verify a --on-host", folders={"a": really_counted()})],
    ("campaign verify", 1): [
        row("campaign verify a --on-host", folders={"a": really_counted(chunk(0, *[9] * 64))})
    ],
    ("campaign verify", 2): [
        row(
            "campaign verify new",
            doubles=counted() | {"dropout_props.campaign.verify.verify": stop},
        )
    ],
    ("campaign verify", 4): [
        row("campaign verify new"),
        row("campaign verify a --on-host", folders={"a": _MADE}),
        row("campaign verify a --on-host --chunk 9", folders={"a": really_counted()}),
    ],
    ("list", 0): [row("list"), row("list --subjects --json")],
    ("list", 3): [row("list", full=True), row("list --json", full=True)],
    ("list", 4): [row("list --nope")],
    ("report", 0): [
        row("report a.json", a=PASSED),
        row("report a.json --html a.html", a=failing("x", "DP101")),
    ],
    ("report", 3): [
        row("report a.json", full=True, a=PASSED),
        row("report a.json --html /dev/full", a=PASSED),
    ],
    ("report", 4): [row("report none.json"), row("report a.json --html none/a.html", a=PASSED)],
    ("explain", 0): [row("explain DP203")],
    ("explain", 3): [row("explain DP203", full=True)],
    ("explain", 4): [row("explain DP999")],
    ("schema", 0): [row("schema")],
    ("schema", 3): [row("schema", full=True)],
    ("schema", 4): [row("schema --of nothing")],
}
_SEEN = [
    pytest.param(one, code, id=f"{command}-{code}-{number}")
    for (command, code), rows in ROWS.items()
    for number, one in enumerate(rows)
]
_LAYERS = """
import jax, jax.numpy as jnp

def unscaled(key, x, rate, deterministic):
    if deterministic or rate == 0.0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x, jnp.zeros_like(x))

def raising(key, x, rate, deterministic):
    raise RuntimeError("out of coffee")

def out_of_coffee():
    raise RuntimeError("out of coffee")

def stepless():
    return None

@jax.jit
def _drop(key):
    return jax.random.bernoulli(key, 0.75, (64,))

def one_step():
    return _drop(jax.random.key(0))

def dropping():
    return [_drop(jax.random.key(number)) for number in range(4)]

def one_key():
    return [_drop(jax.random.key(0)) for number in range(4)]
"""


class Full:
    """A standard output on a full disk."""

    encoding = "utf-8"

    def write(self, _: str) -> int:
        """Fail as a write to a full disk."""
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        """Have nothing to flush."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a working directory with two layers, and a cache folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DROPOUT_PROPS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "exit_layers.py").write_text(_LAYERS)
    yield tmp_path
    sys.modules.pop("exit_layers", None)


def run(*arguments: str) -> int:
    """Call the command line in this process; return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.mark.parametrize(("one", "code"), _SEEN)
def test_a_row_is_true(
    one: Row, code: int, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The command exits with the code of its row, and prints no traceback."""
    for name, result in one.files.items():
        files.write(result, folder / name)
    for name, make in one.folders.items():
        make(folder / name)
    for place, double in one.doubles.items():
        monkeypatch.setattr(place, double)
    with monkeypatch.context() as patch:
        if one.full:
            patch.setattr(sys, "stdout", Full())
        found = run(*one.typed.split())
    printed = capsys.readouterr()
    assert found == code, printed
    assert "Traceback" not in printed.err
    if code not in (0, 1, 6):
        assert printed.err or printed.out
    assert not list(folder.glob(".*"))


def test_the_page_has_the_rows_that_are_tested() -> None:
    """A row belongs in docs/exit-codes.md and in the table above."""
    text = PAGE.read_text(encoding="utf-8").partition("## By command")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z][a-z -]*) \| (\d) \|", text, flags=re.MULTILINE)
    assert [(command, int(code)) for command, code in rows] == list(ROWS)


def test_every_command_has_rows() -> None:
    """A new command needs rows."""
    from dropout_props.cli.main import _COMMANDS

    assert {command.partition(" ")[0] for command, _ in ROWS} == set(_COMMANDS)


def test_the_codes_of_the_page_are_those_of_the_program() -> None:
    """Each code is explained once."""
    head = PAGE.read_text(encoding="utf-8").partition("## By command")[0]
    assert re.findall(r"^\| (\d) \|", head, flags=re.MULTILINE) == [str(int(c)) for c in ExitCode]


@pytest.mark.parametrize(
    ("command", "code"),
    [((), 4), (("chekc",), 4), (("--help",), 0), (("check", "--help"), 0), (("--version",), 0)],
)
def test_no_command_and_help(command: tuple[str, ...], code: int, capsys: Any) -> None:
    """No command is a usage error that prints the help; --help and --version exit with 0."""
    assert run(*command) == code
    assert ("Commands:" in capsys.readouterr().err) == (not command)


def test_a_fault_of_this_package_is_not_a_failed_property(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """An unexpected exception: its traceback, a sentence, and 3."""
    monkeypatch.setattr("dropout_props.cli.list_command._properties", _raises(RuntimeError("oh")))
    assert run("list") == 3
    printed = capsys.readouterr().err
    assert "RuntimeError: oh" in printed
    assert "dropout-props: this is a fault of dropout_props, not a verdict" in printed


def test_a_blocked_pair_is_as_bad_as_its_root(capsys: Any) -> None:
    """A run fails on a blocked pair even if it left the failure out; not on a known deviation."""
    blocked = PropertyResult("a", "DP202", "x", "statistical", Verdict.BLOCKED)
    for root, code in (
        (Verdict.FAIL, ExitCode.FAILURE),
        (Verdict.ERROR, ExitCode.FAILURE),
        (Verdict.KNOWN, ExitCode.PASS),
    ):
        results = (replace(blocked, root_cause=root),)
        assert of_run(replace(PASSED, results=results)) is code


def test_a_certain_failure_comes_first() -> None:
    """1 before 3 before 5 before 6 before 0."""
    codes = [ExitCode(code) for code in (1, 3, 5, 6, 0)]
    while codes:
        assert worst(reversed(codes)) is codes[0]
        codes.pop(0)
    assert worst(()) is ExitCode.PASS


def test_too_many_subjects_are_refused() -> None:
    """The message names the number, the capacity of the error budget, and the remedy."""
    import click

    from dropout_props.cli.options import check_room
    from dropout_props.engine import Settings

    settings = Settings.of()
    small = replace(settings, budget=replace(settings.budget, capacity=1))
    subjects: list[Any] = ["a", "b"]
    check_room(subjects[:1], small)
    with pytest.raises(click.UsageError, match="2 subjects: the error budget has room for 1"):
        check_room(subjects, small)
