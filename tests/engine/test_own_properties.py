"""Properties that a project declares: refused without a control, judged beside the catalogue."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dropout_props
from dropout_props import Case, Sampler, Settings, Subject, Trials, Violation, agreement
from dropout_props.cases.profiles import Profile
from dropout_props.cli import main
from dropout_props.cli.options import check_room
from dropout_props.engine import Judge
from dropout_props.engine.budget import Budget
from dropout_props.engine.configuration import BadTable, read
from dropout_props.engine.run import TooManySubjects, run
from dropout_props.engine.run.pair_worker import PairWorker, Task
from dropout_props.engine.selection import Selection
from dropout_props.properties import BadProperty, UnknownProperty, every_property, find, own
from dropout_props.pytest_plugin import _too_many
from dropout_props.results.exit_codes import ExitCode
from dropout_props.results.verdict import Verdict

_ONE = Profile("one case", 4.0, 1, 1, wide_pools=False)
_SETTINGS = replace(Settings.of(profile="smoke"), profile=_ONE, confirm=False)
_TEXTS: dict[str, Any] = {
    "name": "signs survive",
    "statement": "A kept unit keeps its sign.",
    "if_broken": "Activations change their sign.",
}
_HALVES: dict[str, Any] = {
    "name": "halves independent",
    "statement": "The halves are independent.",
    "if_broken": "Both halves lose the same features.",
    "discrepancies": {"partners": 0.1},
}


def right(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout."""
    if deterministic or rate == 0.0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def flips_signs(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """A layer that turns kept units around."""
    return -right(key, x, rate, deterministic)


def halves_alike(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """A layer with one mask for both halves of an even axis."""
    half = right(key, jnp.ones((*x.shape[:-1], x.shape[-1] // 2)), rate, deterministic)
    return jnp.concatenate([half, half], axis=-1).astype(x.dtype) * x


def signs_survive(sampler: Sampler) -> None:
    """An exact property of a project."""
    x, streams = sampler.inputs(), sampler.streams(sampler.key())
    y = sampler.subject.call(x, rate=sampler.case.rate, training=True, streams=streams)
    if np.any(np.sign(np.asarray(y)) == -np.sign(np.asarray(x))):
        raise Violation("a unit has the other sign")


def partners(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    """A statistical property of a project."""
    kept = sampler.block(block)
    half = kept.shape[-1] // 2
    agreed = int(np.count_nonzero(kept[..., :half] == kept[..., half:]))
    return (Trials.of(agreed, kept[..., :half].size, agreement(sampler.keep), label="partners"),)


@pytest.fixture(autouse=True)
def _declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin and end without properties of a project."""
    monkeypatch.setattr(own, "_own", {})


def judged(property_id: str, layer: Any = right) -> Any:
    """Judge one property on one layer."""
    return Judge(_SETTINGS, {})(Subject.function(layer), find(property_id))


def test_an_exact_property_is_judged_under_its_own_id() -> None:
    """It passes on dropout and fails on another layer, with the words of its declaration."""
    declared = dropout_props.exact("MY101", **_TEXTS, control=flips_signs)(signs_survive)
    assert declared is signs_survive
    assert judged("MY101").verdict is Verdict.PASS
    found = judged("MY101", lambda *a: -right(*a))
    assert (found.verdict, found.property_id, found.kind) == (Verdict.FAIL, "MY101", "exact")
    assert found.failure.statement == _TEXTS["statement"]
    assert found.failure.means == _TEXTS["if_broken"]
    assert "a unit has the other sign" in found.failure.seen


def test_a_statistical_property_has_a_share_of_its_own() -> None:
    """It passes and fails as counts of the catalogue do, at the share of a project's property."""
    cases = dropout_props.strategies.cases(pool=((128,),), values=("distinct",))
    given: dict[str, Any] = {"control": halves_alike, "cases": cases, "blocked_by": ()}
    dropout_props.statistical("MY201", **_HALVES, **given)(partners)
    assert judged("MY201").verdict is Verdict.PASS
    found = judged("MY201", halves_alike)
    assert found.verdict is Verdict.FAIL
    share = _SETTINGS.budget.share_of(find("MY201"))
    assert share != _SETTINGS.budget.share == _SETTINGS.budget.share_of(find("DP202"))
    assert f"once in 1e{-np.log10(share):.0f} runs" in found.failure.decided_by


def test_all_shares_together_are_within_the_budget() -> None:
    """The catalogue on 63 subjects, and 16 own properties on each: no more than the budget."""
    dropout_props.statistical("MY201", **_HALVES, control=halves_alike)(partners)
    budget = Budget(false_fail_rate=1e-9, num_properties=20)
    subjects = budget.capacity - 1
    whole = budget.share + budget.undecided_share
    own_whole = whole * budget.share_of(find("MY201")) / budget.share
    spent = subjects * (20 * whole + own.CAPACITY * own_whole)
    assert 0.99e-9 < spent <= 1e-9


def test_every_door_has_room_for_as_many_subjects() -> None:
    """The engine, the command line and pytest: 64 subjects, and 63 beside own counts."""
    layers = [Subject.function(right, name=f"layer {n}") for n in range(64)]
    params = [{"property_check": (layer, "MY201")} for layer in layers]
    items: Any = [SimpleNamespace(callspec=SimpleNamespace(params=one)) for one in params]
    run(layers, [], _SETTINGS)
    check_room(layers, _SETTINGS)
    assert _too_many(items) == {}
    dropout_props.statistical("MY201", **_HALVES, control=halves_alike)(partners)
    words = "64 subjects: the error budget has room for 63 beside the statistical properties of"
    with pytest.raises(TooManySubjects, match=words):
        run(layers, [], _SETTINGS)
    with pytest.raises(click.UsageError, match=words):
        check_room(layers, _SETTINGS)
    assert len(_too_many(items)) == 64
    assert _too_many(items[1:]) == {}


def test_the_control_is_judged_at_the_share_of_the_property() -> None:
    """It takes as many blocks of counts to fail as a layer of the same fault does."""
    blocks: dict[str, int] = {}

    def biased(sampler: Sampler, block: int) -> tuple[Trials, ...]:
        blocks[sampler.subject.name] = blocks.get(sampler.subject.name, 0) + 1
        return (Trials.of(60, 100, 0.5, label="partners"),)

    cases = dropout_props.strategies.cases(pool=((128,),), values=("distinct",))
    more: dict[str, Any] = {"control": right, "cases": cases, "blocked_by": ()}
    dropout_props.statistical("MY201", **_HALVES, **more)(biased)
    assert judged("MY201").verdict is Verdict.FAIL
    assert len({*blocks.values()}) == 1, blocks


def test_a_program_that_a_worker_imports_declares_no_second_property() -> None:
    """A started process has the program under the name `__mp_main__`."""

    def declared(module: str) -> None:
        def check(sampler: Sampler) -> None:
            raise Violation(str(sampler))

        check.__module__ = module
        dropout_props.exact("MY101", **_TEXTS, control=right)(check)

    declared("__main__")
    declared("__mp_main__")
    with pytest.raises(BadProperty, match="declared twice, by __main__:"):
        declared("another")


@pytest.mark.parametrize(
    ("control", "word"), [(right, "pass: "), (lambda *_: 1 / 0, "error: the property itself")]
)
def test_a_property_whose_control_does_not_fail_is_an_error(control: Any, word: str) -> None:
    """Nothing shows that it can fail, so no layer is judged; the control is judged once."""
    dropout_props.exact("MY101", **_TEXTS, control=control)(signs_survive)
    found = judged("MY101")
    assert found.verdict is Verdict.ERROR
    assert found.shown.startswith(f"its negative control does not fail ({word.partition(':')[0]}")
    assert "nothing shows that the property can" in found.shown


def test_an_exception_of_a_property_is_its_own_fault() -> None:
    """The paragraph blames the property, not this package."""

    def broken(sampler: Sampler) -> None:
        if sampler.subject.name != "the control of MY101":
            raise KeyError("oops")
        raise Violation("as it must")

    dropout_props.exact("MY101", **_TEXTS, control=flips_signs)(broken)
    found = judged("MY101")
    assert found.verdict is Verdict.ERROR
    assert "Mend the property" in found.failure.seen
    assert "dropout_props" not in found.failure.seen


def test_the_error_of_changing_families_has_its_remedy() -> None:
    """The first labels are named, and no remedy is cut off."""

    def changing(sampler: Sampler, block: int) -> tuple[Trials, ...]:
        if sampler.subject.name == "the control of MY201":
            return (Trials.of(0, 10**6, 0.5, label="partners"),)
        labels = [f"a long label of family {n} of block {block}" for n in range(20)]
        return tuple(Trials.of(1, 2, 0.5, label=one) for one in ("partners", *labels))

    labels = [f"a long label of family {n} of block {m}" for n in range(20) for m in (0, 1)]
    promised: Any = _HALVES | {"discrepancies": dict.fromkeys(("partners", *labels), 0.05)}
    dropout_props.statistical("MY201", **promised, control=halves_alike)(changing)
    found = judged("MY201")
    assert found.verdict is Verdict.ERROR
    seen = found.failure.seen
    assert "it lacks a long label of… (of 1)" in seen
    assert "same labels, numbers of members and probabilities. (families" in seen
    assert "Mend the property" in seen


def test_a_selection_takes_properties_of_a_project() -> None:
    """They follow the catalogue, by level, prefix and id; nothing of the catalogue changes."""
    before = Selection().properties_of(Subject.function(right))
    dropout_props.exact("MY101", **_TEXTS, control=flips_signs)(signs_survive)
    dropout_props.exact("MY102", **_TEXTS, control=flips_signs, level="full")(signs_survive)
    mine = (find("MY101"), find("my102"))
    subject = Subject.function(right)
    assert every_property()[-2:] == mine
    assert Selection().properties_of(subject) == (*before, mine[0])
    assert Selection(select=("MY",)).properties_of(subject) == mine[:1]
    assert Selection(select=("MY102",)).properties_of(subject) == mine[1:]
    assert Selection(ignore=("MY1",)).properties_of(subject) == before
    with pytest.raises(UnknownProperty, match=r"'MY109'.*closest are MY10"):
        find("MY109")


def test_a_worker_process_knows_the_properties(monkeypatch: pytest.MonkeyPatch) -> None:
    """They travel with the subjects: a process that has declared none judges them."""
    dropout_props.exact("MY101", **_TEXTS, control=flips_signs)(signs_survive)
    worker = PairWorker([Subject.function(right)], _SETTINGS)
    monkeypatch.setattr(own, "_own", {})
    found: Any = worker(Task(0, "MY101")).result
    assert (found.property_id, found.verdict) == ("MY101", Verdict.PASS)


def exit_code(arguments: list[str]) -> int:
    """Run a command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


_MODULE = """
from dropout_props import Violation, exact

def control(key, x, rate, deterministic):
    return x

@exact("MY101", name="never holds", statement="It holds.", if_broken="Nothing.", control=control)
def never_holds(sampler):
    raise Violation("it never does")
"""


def test_a_check_judges_what_the_table_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`own-properties` names modules beside pyproject.toml; `list` and `explain` know them."""
    (tmp_path / "own_of_mine.py").write_text(_MODULE)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.dropout-props]\nown-properties = ["own_of_mine"]\n'
    )
    monkeypatch.chdir(tmp_path)
    arguments = ["check", "d2l.dropout_layer", "--select", "MY", "--profile", "smoke"]
    assert exit_code(arguments) == ExitCode.FAILURE
    assert "FAIL d2l.dropout_layer MY101 never holds" in capsys.readouterr().out
    assert exit_code(["explain", "MY101"]) == 0
    assert "It holds." in capsys.readouterr().out
    assert exit_code(["list"]) == 0
    assert "MY101" in capsys.readouterr().out


def test_a_module_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    """The error names the file, the key, the module and why."""
    with pytest.raises(BadTable, match=r"own-properties='absent_of_mine' cannot be imported: Modu"):
        read({"own-properties": ["absent_of_mine"]}, tmp_path / "pyproject.toml")


no_arguments: Any = lambda: None  # noqa: E731
one_argument: Any = signs_survive


def _exact(property_id: Any = "MY101", **changes: Any) -> Callable[[], Any]:
    arguments = {**_TEXTS, "control": flips_signs, **changes}
    return lambda: dropout_props.exact(property_id, **arguments)(signs_survive)


def _statistical(**changes: Any) -> Callable[[], Any]:
    arguments = {**_HALVES, "control": halves_alike, **changes}
    return lambda: dropout_props.statistical("MY201", **arguments)(partners)


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (_exact(control=None), r"MY101 has no negative control, .* give control=, a layer that"),
        (_statistical(control=None), "MY201 has no negative control"),
        (_exact(control=3), r"MY101: control=3: give a Subject"),
        (_exact(control=dict), "MY101: control=<class 'dict'>: give a Subject"),
        (_exact("DP901"), "'DP901' is not an id for a property of your own"),
        (_exact("MINE1"), "'MINE1' is not an id for a property of your own"),
        (_exact(statement=" "), "MY101: statement=' ': write it in words"),
        (_exact(name="n" * 29), "has 29 characters, and a column of the report 28"),
        (_statistical(discrepancies={}), "MY201 promises nothing: give discrepancies="),
        (_statistical(discrepancies={"a": 2.0}), r"discrepancies\['a'\]=2.0: it must be a num"),
        (_statistical(discrepancies={"a": "2"}), r"discrepancies\['a'\]='2': it must be a num"),
        (_statistical(discrepancies={3: 0.1}), "MY201: the label 3 of discrepancies is not a text"),
        (_statistical(discrepancies=0.1), "MY201: discrepancies=0.1: give a dict from each label"),
        (_statistical(cases=[Case()]), r"MY201: cases=\[Case.* is not a strategy"),
        (_exact(explicit=Case()), r"MY101: explicit=Case.*: give a tuple"),
        (_exact(explicit=(0.5,)), "MY101: explicit has 0.5, which is not a Case"),
        (_exact(3), "3 is not an id for a property of your own"),
        (_exact(name=3), "MY101: name=3: write it in words"),
        (_exact(name="two\nlines"), r"MY101: name='two\\nlines' has a line break"),
        (_exact(formula=None), "MY101: formula=None: write it in words"),
        (_exact(level="cor"), "MY101: level='cor': it must be one of 'core', 'full', 'framework'"),
        (_exact(needs="mask"), r"MY101: needs='mask': give a tuple, such as \('mask',\)"),
        (_exact(needs=("masks",)), "MY101: needs has 'masks', which is no ability .* of mask"),
        (_exact(blocked_by="DP201"), r"MY101: blocked_by='DP201': give a tuple"),
        (_exact(blocked_by=("DP299",)), "MY101: blocked_by has 'DP299': unknown property .*DP2"),
        (_exact(blocked_by=("dp201",)), "MY101: blocked_by has 'dp201': write DP201"),
        (_exact(blocked_by=(201,)), "MY101: blocked_by has 201: give the id of a property"),
        (_exact(blocked_by=("MY101",)), "MY101: blocked_by has 'MY101': a property cannot depend"),
        (
            lambda: dropout_props.exact("MY101", **_TEXTS, control=right)(no_arguments),
            r"MY101: the decorated function is called with \(sampler\)",
        ),
        (
            lambda: dropout_props.statistical("MY201", **_HALVES, control=right)(one_argument),
            r"MY201: the decorated function is called with \(sampler, block\)",
        ),
    ],
)
def test_a_wrong_declaration_is_refused(declare: Callable[[], Any], message: str) -> None:
    """The message names the property, the rule and the remedy; nothing is declared."""
    with pytest.raises(BadProperty, match=message):
        declare()
    assert own.own_properties() == ()


def test_an_id_is_used_once_and_there_is_room_for_sixteen() -> None:
    """A function that is declared again replaces itself; another one is refused."""

    def another(sampler: Sampler) -> None:
        raise Violation(str(sampler))

    _exact()()
    _exact()()
    with pytest.raises(BadProperty, match=r"MY101 is declared twice, by .*signs_survive and by"):
        dropout_props.exact("MY101", **_TEXTS, control=right)(another)
    for number in range(own.CAPACITY):
        dropout_props.statistical(f"MY{300 + number}", **_HALVES, control=right)(partners)
    with pytest.raises(BadProperty, match="MY201 is the 17th statistical property of the project"):
        _statistical()()


def test_two_properties_do_not_depend_on_each_other() -> None:
    """A circle is refused where it closes; one without a circle is declared."""
    _exact("MY101")()
    _exact("MY102", blocked_by=("MY101",))()
    assert find("MY102").blocked_by == ("MY101",)
    with pytest.raises(BadProperty, match="MY101: blocked_by has 'MY102': it depends on MY101"):
        _exact("MY101", blocked_by=("MY102",))()


def test_the_case_of_a_project_is_tried_first() -> None:
    """`explicit` and `cases` are those of the declaration."""
    seen: list[Case] = []

    def remember(sampler: Sampler) -> None:
        seen.append(sampler.case)
        raise Violation("always")

    first = Case(shape=(7,), rate=0.25)
    _ = dropout_props.exact("MY101", **_TEXTS, control=right, explicit=(first,))(remember)
    assert judged("MY101").verdict is Verdict.FAIL
    assert (seen[0].shape, seen[0].rate) == ((7,), 0.25)
