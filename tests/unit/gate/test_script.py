"""Does a printed program draw, count and check what the property does, without this package?"""

import ast
import builtins
import dis
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.engine import Settings
from dropout_props.engine.adapt_case import fit
from dropout_props.engine.failure_ids import record_of
from dropout_props.engine.run import empty_result
from dropout_props.layers import registry
from dropout_props.properties import CATALOGUE, Statistical, Violation, find, sampler
from dropout_props.replay import prelude, programs
from dropout_props.replay.find import Found
from dropout_props.replay.script import NoScript, script
from dropout_props.results.records import Counts, Failure, PropertyResult, Replay
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject, Unsupported

RUN_SEED, SEED = 7, 3
UNITS = 2**12  # in one block: few, since a program counts as well with few as with many

LAYERS = """
import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx


def _drop(key, x, rate):
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


class Odd(nn.Module):
    drop_prob: float
    training: bool

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(x.shape[-1])(x) + 10
        return _drop(self.make_rng("dropout"), x, self.drop_prob) if self.training else x


class Stuck(nn.Module):
    rate: float

    @nn.compact
    def __call__(self, x, deterministic):
        if deterministic:
            return x
        self.make_rng("dropout")
        return _drop(jax.random.key(7), x, self.rate)


class Held(nnx.Module):
    def __init__(self, rate, rngs=None):
        self.rate = rate
        self.key = None if rngs is None else rngs.dropout()

    def __call__(self, x, deterministic):
        return x if deterministic else _drop(self.key, x, self.rate)


class Outer:
    Inner = Held


Held.__qualname__ = "Outer.Inner"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with layers of a user's own; modules that are imported there go afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "layers_to_count", raising=False)
    (tmp_path / "layers_to_count.py").write_text(LAYERS)
    return tmp_path


def failure(subject: Subject, property_id: str, decided: str, *, seen: str = "seen") -> Found:
    """A stored failure of the property's last explicit case, with a seed of its own."""
    prop = find(property_id)
    decision: Any = prop.decision if decided == "example" else prop.exact
    case = record_of(fit(replace(decision.explicit[-1], seed=SEED), subject.traits))
    counts = (Counts("units", 1, 1, 2, 0.5, 0.5, 0, 1, 2, (0.0, 1.0), 0.1, 9.0),)
    paragraph = Failure(prop.statement, seen, "evidence", "means", "reproduce")
    result = PropertyResult(
        subject.name, property_id, prop.name, prop.kind, Verdict.FAIL, failure=paragraph
    )
    run = empty_result(Settings.of(run_seed=RUN_SEED, profile="smoke"), 1)
    stored = Replay("id", decided, subject.source, case, counts=counts)
    return Found(run, result, stored)


def test_a_result_holds_the_programs_of_root_causes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of consequences, of passes, nor of crashes; and not more than a page has room for."""
    found = failure(registry.load("linen.Dropout"), "DP201", "counterexample")
    assert found.result.failure is not None
    first = replace(found.result, failure=replace(found.result.failure, replay=found.replay))
    crash = replace(found.replay, id="crash", case=None)
    others = (
        replace(first, root_id="DP101"),
        replace(first, verdict=Verdict.KNOWN),
        replace(first, failure=replace(found.result.failure, replay=crash)),
        replace(first, failure=None, verdict=Verdict.PASS),
    )
    run = replace(found.run, results=(first, *others))
    seen = [one.failure.program for one in programs.with_programs(run).results if one.failure]
    assert seen == [script(found), "", "", ""]
    monkeypatch.setattr(programs, "_MOST", len(seen[0]) - 1)
    assert programs.with_programs(run) == run


def test_a_program_has_the_operations_that_its_property_runs() -> None:
    """Of an adapter it has the methods for these alone, and their types ahead of the class."""
    text = script(failure(registry.load("linen.Dropout"), "DP404", "example"))
    assert {"Call", "Layers"} == set(re.findall(r"@_run.register\((\w+)\)", text))
    assert text.index("class Layers") < text.index("class LinenAdapter")
    assert "class Repeat:" not in text


def loaded(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A program, imported so that it does not run by itself."""
    path = folder / "program.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("program", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "program", module)  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def pairs() -> Iterator[Any]:
    """Each statistical property with both of Flax's layers and a function; other layers once.

    By day each property has one of the three, in turn.
    """
    layers = ("linen.Dropout", "nnx.Dropout", "d2l.dropout_layer")
    for number, prop in enumerate(prop for prop in CATALOGUE if prop.is_statistical):
        able = [one for one in layers if prop.inapplicable(registry.load(one).traits) is None]
        for place, name in enumerate(able):
            by_night = [] if place == number % len(able) else [pytest.mark.nightly]
            yield pytest.param(name, prop.id, marks=by_night, id=f"{name}-{prop.id}")
    for name, property_id in (
        ("examples.GaussianNoise", "DP402"),
        ("examples.DropPath", "DP302"),
        ("linen.attention", "DP803"),
    ):
        yield pytest.param(name, property_id, id=f"{name}-{property_id}")
    # A layer that is called key by key is tried out on every odd shape first, which takes long.
    yield pytest.param("layers_to_count:Odd", "DP204", marks=pytest.mark.nightly)


@pytest.mark.parametrize(("name", "property_id"), list(pairs()))
def test_a_program_counts_what_the_property_counts(
    name: str, property_id: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every member of every family has the same counts and the same null, in two blocks."""
    if name == "layers_to_count:Odd":
        module: Any = importlib.import_module("layers_to_count")
        subject = Subject.linen(module.Odd, reference="eval", batching="loop", name=name)
        monkeypatch.setattr(registry, "load", lambda _: subject)
    subject = registry.load(name)
    found = failure(subject, property_id, "example")
    decision = find(property_id).decision
    assert isinstance(decision, Statistical)
    program = loaded(script(found), folder, monkeypatch)
    for module in (program, sampler):
        monkeypatch.setattr(module, "BLOCK_UNITS", UNITS)
        monkeypatch.setattr(module, "LOOPED_UNITS", UNITS // 32)
    case = fit(replace(decision.explicit[-1], seed=SEED), subject.traits)
    for block in (0, 1):
        try:
            ours = decision.observe(sampler.Sampler(subject, case, property_id, RUN_SEED), block)
        except Unsupported as error:
            pytest.skip(str(error))
        theirs = getattr(program, decision.observe.__name__)(program.SAMPLER, block)
        assert [members(one) for one in theirs] == [members(one) for one in ours]


def members(family: Any) -> tuple[Any, ...]:
    """A family as plain values."""
    fields = (family.successes, family.trials, family.lowest, family.highest)
    return family.label, *(one.tolist() for one in fields)


def exact() -> Iterator[tuple[str, str]]:
    """Each exact property with both of Flax's layers, where it applies; one with a function."""
    yield "d2l.dropout_layer", "DP102"
    for name in ("linen.Dropout", "nnx.Dropout"):
        traits = registry.load(name).traits
        yield from ((name, p.id) for p in CATALOGUE if p.exact and p.inapplicable(traits) is None)


@pytest.mark.parametrize(("name", "property_id"), list(exact()))
def test_a_program_of_an_exact_property_lacks_no_name(
    name: str, property_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every global name that its code reads is there once, and none is taken from this package."""
    text = script(failure(registry.load(name), property_id, "counterexample"))
    program = loaded(text, tmp_path, monkeypatch)
    known = vars(program).keys() | vars(builtins).keys()
    assert "dropout_props" not in text
    assert len(defined := names_defined(text)) == len(set(defined))
    assert read(compile(text, "program.py", "exec")) <= known


def names_defined(text: str) -> list[str]:
    """The names that the statements of a program bind."""
    names = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            [target] = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.append(ast.unparse(target))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names += [one.asname or one.name for one in node.names]
    return names


def read(code: CodeType) -> set[str]:
    """The global names that code reads."""
    names = {one.argval for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL"}
    return names.union(*(read(one) for one in code.co_consts if isinstance(one, CodeType)))


@pytest.mark.parametrize("property_id", ["DP104", "DP107", "DP201", "DP411"])
def test_a_program_checks_what_the_property_checks(
    property_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The same counterexample or none, and an exit code that says which."""
    subject = registry.load("linen.Dropout")
    prop = find(property_id)
    assert prop.exact is not None
    try:
        case = replace(prop.exact.explicit[-1], seed=SEED)
        prop.exact.check(sampler.Sampler(subject, case, prop.id, RUN_SEED))
        seen, code, ending = "", 0, "no counterexample\n"
    except Violation as violation:
        seen, code = f"{violation} (shape)", 1
        ending = f"{violation}\nthis is the same as the failure\n"
    found = failure(subject, property_id, "counterexample", seen=seen)
    program: Any = loaded(script(found), tmp_path, monkeypatch)
    check = getattr(program, prop.exact.check.__name__)
    assert program.recheck(check, program.Violation, program.SAMPLER, seen) == code
    assert capsys.readouterr().out == ending


@pytest.mark.parametrize(
    ("property_id", "decided", "function"),
    [("DP103", "counterexample", "rate_one"), ("DP305", "example", "count_parity")],
)
def test_a_program_leaves_the_declaration_out(
    property_id: str, decided: str, function: str
) -> None:
    """The function that decides is all of the property that the program needs."""
    text = script(failure(registry.load("linen.Dropout"), property_id, decided))
    assert f"\n\n\ndef {function}(sampler: Sampler" in text
    assert not re.search(r"killed_by|^@(exact|statistical)|SearchStrategy", text, re.MULTILINE)


def test_a_program_starts_its_own_isolated_process(tmp_path: Path) -> None:
    """A check on eight devices runs, whatever devices the process of the program has."""
    found = failure(registry.load("nnx.Dropout"), "DP505", "counterexample")
    (tmp_path / "program.py").write_text(script(found))
    done = alone(tmp_path)
    assert (done.returncode, done.stdout) == (0, "no counterexample\n"), done.stderr


def alone(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program of a folder where this package cannot be imported."""
    (folder / "dropout_props.py").write_text("raise ImportError('it must not be needed')")
    command = [sys.executable, "program.py"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def observed(successes: int) -> Callable[..., list[Any]]:
    """Two members, each of 1000 trials a block that should succeed half of the time."""
    return lambda *_: [prelude.Trials.of([successes, 500], 1000, 0.5, label="units")]


@pytest.mark.parametrize(
    ("successes", "seen", "code", "words"),
    [
        (500, (2000, 4000), 1, "the same as"),  # two blocks
        (500, (2001, 4000), 0, "other than"),
        (900, (2001, 4000), 1, "other than"),
        (100, (2001, 4000), 1, "other than"),
    ],
)
def test_a_program_fails_on_the_same_counts_and_on_unlikely_ones(
    successes: int, seen: tuple[int, int], code: int, words: str, capsys: Any
) -> None:
    """Other counts, as another release of JAX gives them, pass when a correct layer gives such."""
    assert prelude.recount(observed(successes), None, [("units", *seen)]) == code
    said = capsys.readouterr().out
    assert words in said
    assert f"member 0: {(seen[1] // 2) * successes // 1000} of {seen[1] // 2}, seen " in said


@pytest.mark.parametrize(
    ("subject", "property_id", "what"),
    [
        ("Stuck", "DP404", "one name in two blocks: "),
        ("Outer.Inner", "DP403", "half-shifted: "),
    ],
)
def test_a_failure_is_the_same_where_this_package_is_not_installed(
    folder: Path, capsys: Any, subject: str, property_id: str, what: str
) -> None:
    """From `check` to the exit code of a process that cannot import this package."""
    asked = ["check", f"layers_to_count:{subject}", "--property", property_id]
    with pytest.raises(SystemExit) as stopped:
        main([*asked, "--profile", "smoke"])
    said = capsys.readouterr().out
    assert stopped.value.code == 1, said
    identity = said.partition("dropout-props replay ")[2].split(";")[0].strip()
    with pytest.raises(SystemExit):
        main(["replay", identity, "--script"])
    (folder / "program.py").write_text(capsys.readouterr().out)
    done = alone(folder)
    assert "the same as those of the failure" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
    assert what in done.stdout


def test_a_layer_without_a_name_has_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to do."""
    subject = Subject.function(lambda _key, x, _rate, _deterministic: x, name="nameless")
    monkeypatch.setattr(registry, "load", lambda _: subject)
    found = failure(subject, "DP202", "example")
    with pytest.raises(NoScript, match=r"has no .*<lambda>.* Give it a name .* --pytest"):
        script(found)


def test_a_crash_has_no_program() -> None:
    """Nor is there a case to write down."""
    found = failure(registry.load("linen.Dropout"), "DP202", "example")
    crashed = replace(found, replay=replace(found.replay, decided="error", case=None))
    with pytest.raises(NoScript, match="crashed before a case failed"):
        script(crashed)
