"""The public record: declarations, notes, errors, evaluation, files, and the ways to open one."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

import dropout_props
from dropout_props.auditing import NothingDrawn, Record
from dropout_props.auditing.files import merged, read, verdicts
from dropout_props.properties.recorded.masks import rebuilt
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.reuse import reused
from dropout_props.properties.recorded.seen import Seen
from dropout_props.recording import Position, RecordingError
from dropout_props.recording.internals import wide
from dropout_props.report.html import record_page

X = jnp.ones((8, 16))


@jax.jit
def drop(key: jax.Array) -> jax.Array:
    """Drop a quarter of the units of eight examples."""
    return jnp.where(jax.random.bernoulli(key, 0.75, X.shape), X / 0.75, 0)


def opened(steps: int, key_of: Callable[[int], jax.Array], **options: Any) -> Record:
    """Record a few steps of the function above."""
    with dropout_props.record(**options) as record:
        for number in range(steps):
            record.step()
            drop(key_of(number))
    return record


def failure(record: Record, **how: bool) -> str:
    """Return the message of `check()`."""
    with pytest.raises(AssertionError) as caught:
        record.check(**how)
    return str(caught.value)


def test_the_fixture_opens_a_record(dropout_record: Any) -> None:
    """`dropout_record` is `record`; a right program passes, as often as one checks."""
    with dropout_record() as record:
        for number in range(3):
            record.step()
            drop(jax.random.key(number))
    record.check(strict=True)
    record.check(strict=True)
    assert len(record.draws) == 3
    assert [site.shape for site in record.sites] == [(8, 16)]


def test_a_record_is_judged_where_transfers_are_disallowed() -> None:
    """The program keeps the flag, and what judges it makes arrays of its own."""
    layer, keys = nn.Dropout(0.25), [jax.random.key(number) for number in range(3)]

    @jax.jit
    def step(key: jax.Array, x: jax.Array) -> Any:
        return layer.apply({}, x, deterministic=False, rngs={"dropout": key})

    with jax.transfer_guard("disallow"):
        with dropout_props.record() as record:
            for key in keys:
                record.step()
                step(key, X)
        record.check()
        assert "0.25" in record.report()
        assert json.loads(record.to_json())
        assert "DP903" in record.to_html()


def test_a_record_of_64_bits_is_judged_where_jax_has_32() -> None:
    """Masks are made again, and layers called alone, with the types of the program."""
    kept = []
    with wide(["float64"]), dropout_props.record() as record:
        x = jnp.ones((8, 16), jnp.float64)
        for number in range(2):
            record.step()
            rngs = {"dropout": jax.random.key(number)}
            kept.append(np.asarray(nn.Dropout(0.25, deterministic=False).apply({}, x, rngs=rngs)))
    record.check()
    made = rebuilt(record.seen, record.seen.masks)
    assert sorted(draw.step for draw, _ in made) == [1, 2]
    assert all((mask == (kept[draw.step - 1] > 0)).all() for draw, mask in made)
    assert "1 layer called alone on ones" in record.report()


def test_nothing_drawn_is_an_error_with_reasons() -> None:
    """A record without dropout says nothing, and says why that may be."""
    with dropout_props.record() as record:
        jnp.ones(3)
    with pytest.raises(NothingDrawn, match="compiled ahead of time"):
        record.check()


def test_an_error_while_recording_makes_a_record_untrustworthy() -> None:
    """What was recorded with an error is not judged."""
    record = opened(2, jax.random.key)
    record._recording._session.journal.error("a report was lost")
    with pytest.raises(RecordingError, match="cannot be trusted: a report was lost"):
        record.check()


def test_a_rate_of_no_mask_is_not_judged() -> None:
    """Where nothing was drawn, DP903 does not apply, as its neighbours."""
    with dropout_props.record() as record:
        nn.Dropout(0.25, deterministic=True).apply({}, X)
    assert "not applicable DP903 declared rate" in record.report()


def test_one_step_is_too_few_for_strict() -> None:
    """One step is a note, on which `strict=True` raises."""
    record = opened(1, jax.random.key)
    record.check()
    assert "the record holds one step" in record.report()
    assert "too few data, and strict=True" in failure(record, strict=True)


def test_declared_sharing_of_keys_is_no_fault_and_must_come_true() -> None:
    """A reason in expect_shared lets steps share keys; a pattern that matches nothing fails."""
    one_key = jax.random.key(0)
    opened(3, lambda _: one_key, expect_shared={"drop": "common random numbers"}).check()
    message = failure(opened(3, jax.random.key, expect_shared={"nowhere": "a reason"}))
    assert "expect_shared names 'nowhere', and no mask was drawn at such a site" in message


def test_a_key_of_two_calls_of_one_line_is_told_apart_from_one_of_two_places() -> None:
    """Without marks, eager steps look like calls; the remedy is right for both."""
    with dropout_props.record() as record:
        for _ in range(2):
            Net().apply({}, X, rngs={"dropout": jax.random.key(0)})
    message = failure(record)
    assert "drawn from again at this place: the masks are equal" in message
    assert "fold in the number of the call or step" in message
    assert "in one step" not in message
    with dropout_props.record() as record:
        for size in (8, 4):
            Net().apply({}, X[:size], rngs={"dropout": jax.random.key(0)})
    assert "drawn from again at this place, for another shape" in failure(record)


def test_a_pattern_that_names_no_site_is_a_note() -> None:
    """A misspelt pattern of a declaration that cannot fail is named in the report."""
    typo = {
        "ignore": {"dorp": "DP904"},
        "batch_axis": {"dorp": 1},
        "expect_inactive": {"dorp": "x"},
    }
    record = opened(2, jax.random.key, **typo)
    record.check(strict=True)
    for option in typo:
        assert f"{option} names 'dorp', and no dropout has such a path" in record.report()
    right = {"ignore": {"drop": "DP904", "*": "DP903"}}
    assert "no dropout has such a path" not in opened(2, jax.random.key, **right).report()


def test_masks_that_nothing_uses_are_not_called_silent_layers() -> None:
    """The compiler drops what a step does not return: the remedy is another than for a mode."""

    @jax.jit
    def forgets(key: jax.Array) -> None:
        drop(key)

    with dropout_props.record() as record:
        for number in range(2):
            forgets(jax.random.key(number))
    message = failure(record)
    assert "masks were traced at these places and never computed: nothing uses them" in message
    assert "Use what the dropout returns, and what the compiled step returns" in message


def test_declared_silence_must_come_true() -> None:
    """A site that draws though it is declared inactive fails."""
    message = failure(opened(3, jax.random.key, expect_inactive={"drop": "a frozen teacher"}))
    assert "it drew 3 masks, though expect_inactive says that it draws none" in message


def test_a_property_can_be_ignored_at_a_site() -> None:
    """Ignored properties are not asked of the sites that match."""
    one_key = jax.random.key(0)
    ids = ("DP905", "DP907")
    opened(3, lambda _: one_key, ignore={"drop": (ids, "a test of one mask")}).check()


class Net(nn.Module):
    """A model with a dropout that is always on, and one that is always off."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Apply it."""
        x = nn.Dropout(0.25, deterministic=False, name="on")(x)
        return nn.Dropout(0.25, deterministic=True, name="off")(x)


def of_net(**options: Any) -> Record:
    """Record two steps and an evaluation of it."""
    with dropout_props.record(**options) as record:
        for number in range(2):
            record.step()
            Net().apply({}, X, rngs={"dropout": jax.random.key(number)})
        record.evaluate(lambda: Net().apply({}, X, rngs={"dropout": jax.random.key(2)}))
    return record


@pytest.mark.parametrize(
    ("property_id", "pattern"), [("DP901", "off"), ("DP902", "on"), ("DP912", "on")]
)
def test_every_property_can_be_ignored(property_id: str, pattern: str) -> None:
    """A layer that is off in training, on in evaluation or of another rate may be so on purpose."""
    rates = {"on": 0.5}
    assert property_id in of_net(rates=rates).judgement.failed
    meant = {pattern: ((property_id,), "on purpose")}
    found = of_net(rates=rates, ignore=meant).judgement
    assert property_id not in found.failed
    assert len(found.failed) == 2


@jax.jit
def sampled(key: jax.Array) -> jax.Array:
    """Sample outputs, each with a probability of its own."""
    return jax.random.bernoulli(key, jax.nn.sigmoid(jnp.arange(128.0) / 64 - 1))


class Flow(nn.Module):
    """A model that holds a dropout, and draws times by itself."""

    dropout_rate: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Apply it."""
        times = jax.random.uniform(self.make_rng("times"), (len(x), 1))
        return nn.Dropout(self.dropout_rate, deterministic=True)(x * times)


def test_samples_in_an_evaluation_are_no_masks() -> None:
    """Outputs that are sampled, and times that a model with a rate draws, are no dropout."""
    with dropout_props.record(training=False) as record:
        sampled(jax.random.key(0))
        Flow(0.25).apply({}, X, rngs={"times": jax.random.key(0)})
    record.check()
    with dropout_props.record(training=False) as record:
        drop(jax.random.key(0))
    assert "it drew 1 mask in evaluation" in failure(record)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"rates": {"*": 1.5}}, r"rates\['\*'\]=1.5: a rate is in \[0, 1\)"),
        ({"rates": 0.1}, "rates=0.1: it maps patterns of sites"),
        ({"batch_axis": {"*": "time"}}, "an axis is an integer"),
        ({"ignore": {"*": ("DP101",)}}, "it names properties of records"),
        ({"expect_shared": {"*": ()}}, "give the axes along which a mask is one"),
        ({"expect_inactive": {"*": ""}}, "give the reason"),
        ({"budget": 0.0}, "it is a chance, between 0 and 1"),
    ],
)
def test_a_bad_declaration_is_refused(options: dict[str, Any], text: str) -> None:
    """The error names the value, the rule and the remedy, before anything is recorded."""
    with pytest.raises(ValueError, match=text), dropout_props.record(**options):
        pass


def test_an_evaluation_that_draws_fails() -> None:
    """`evaluate` runs a function twice; a mask in it is a fault, and training is judged apart."""
    with dropout_props.record() as record:
        for number in range(2):
            record.step()
            drop(jax.random.key(number))
        record.evaluate(lambda: drop(jax.random.key(0)))
    assert record.judgement.failed == {"DP902"}


def test_an_evaluation_with_other_bits_fails() -> None:
    """Two evaluations that differ are a fault, though nothing drew."""
    results = iter([1.0, 2.0])
    with dropout_props.record() as record:
        for number in range(2):
            record.step()
            drop(jax.random.key(number))
        assert record.evaluate(lambda: next(results)) == 1.0
    assert record.judgement.failed == {"DP902"}


def test_audit_needs_no_loop() -> None:
    """A function of a key and an evaluation make a record of many steps."""
    record = dropout_props.audit(drop, lambda: X, keys=4)
    record.check(strict=True)
    fixed = jax.random.key(0)
    assert "DP907" in dropout_props.audit(lambda _: drop(fixed), keys=4).judgement.failed
    with pytest.raises(ValueError, match="keys=1"):
        dropout_props.audit(drop, keys=1)


def test_resume_compares_both_continuations() -> None:
    """A step that is not saved starts the keys again; one that is saved does not."""

    def run(state: int | None) -> int:
        first = state or 0
        for number in range(first, first + 2):
            drop(jax.random.key(number))
        return first + 2

    dropout_props.resume(run, lambda state: state, lambda saved: saved).check()
    wrong = dropout_props.resume(run, lambda _: 0, lambda saved: saved)
    with pytest.raises(AssertionError, match="0 of 2 masks after the restart are those"):
        wrong.check()


def test_a_record_as_json_is_merged_with_others() -> None:
    """Two processes with one key at one site fail together, two with keys of their own do not."""

    def recorded(start: int) -> str:
        return opened(2, lambda n: jax.random.key(n + start)).to_json()

    texts = [recorded(start) for start in (0, 0, 9)]
    first, second, third = (read(text, "file") for text in texts)
    lines, fails = merged([first, second], ["a", "b"])
    assert fails
    assert "drop drew from 2 keys in a and in b" in lines[-1]
    assert not merged([first, third], ["a", "c"])[1]
    *each, between = verdicts([first, second], ["a", "b"])
    assert (*between[:2], between[2].value) == ("a, b", "DP910 devices differ", "fail")
    assert between[3] == lines[-1].partition(": ")[2]
    assert {one[2].value for one in each if one[0] == "b"} >= {"pass", "not applicable"}
    assert verdicts([first, third], ["a", "c"])[-1][2].value == "pass"
    assert json.loads(texts[0])["sites"][0]["masks"] == "2"
    with pytest.raises(ValueError, match="other is no record"):
        read("{}", "other")


def test_the_page_holds_the_report_and_escapes_it() -> None:
    """It names each site once a row, shows the shared masks, and no text of the user breaks it."""
    record = opened(2, lambda _: jax.random.key(0), ignore={"<b>": "DP904"})
    page = record.to_html()
    assert page == record_page(json.loads(record.to_json()))
    assert "<html" not in record._repr_html_()
    assert page.count('<td class="path">drop</td>') == 1
    assert page.count('<figure class="fail">') == 2
    assert "FAIL DP907, DP905" in page
    assert "<script" not in page


class Frozen(nn.Module):
    """A model with one dropout."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        """Apply it."""
        return nn.Dropout(0.25)(x, deterministic=not train)


class Student(nn.Module):
    """Another model with one dropout."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        """Apply it."""
        return nn.Dropout(0.25)(x, deterministic=not train)


def test_a_frozen_teacher_beside_an_active_student_is_no_fault() -> None:
    """A model that is in evaluation mode as a whole, beside an active one, is left in peace."""
    with dropout_props.record() as record:
        for number in range(2):
            record.step()
            rngs = {"dropout": jax.random.key(number)}
            Frozen().apply({}, X, train=False)
            Student().apply({}, X, train=True, rngs=rngs)
    record.check()


@pytest.mark.parametrize(("axis", "kinds"), [("model", []), ("data", ["devices"])])
def test_devices_may_share_masks_along_the_axis_of_a_split_model(
    axis: str, kinds: list[str]
) -> None:
    """Along an axis that is named like that of a split model, one mask is right; along data not."""
    (draw,) = opened(1, jax.random.key).draws
    on_devices = tuple(
        replace(draw, positions=(place,), instance=(*draw.instance[:-2], (place,), 0))
        for place in (Position(axis, index, 2) for index in range(2))
    )
    seen = Seen(on_devices, (), (draw.site,), ())
    assert [one.kind for one in reused(seen, Options())] == kinds


class Shared(nn.Module):
    """A model with a parameter and a dropout."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Apply it."""
        return nn.Dropout(0.25, deterministic=False)(nn.Dense(4)(x))


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
@pytest.mark.parametrize("seeds", [(0, 0), (0, 1)])
def test_streams_of_one_root_are_a_note(transform: Any, seeds: tuple[int, int]) -> None:
    """Flax folds path and count into a root, so that equal roots are worth a note, and no fault."""
    roots = [jax.random.key(seed) for seed in seeds]
    if seeds == (0, 0) and transform is jax.jit:
        roots = roots[:1]  # inside of a traced program only the same key is known to be equal

    def start(*keys: jax.Array) -> Any:
        return Shared().init_with_output({"params": keys[0], "dropout": keys[-1]}, X)

    with dropout_props.record() as record:
        _, variables = transform(start)(*roots)
        for number in range(2):
            Shared().apply(variables, X, rngs={"dropout": jax.random.key(number + 9)})
    record.check()
    noted = "Shared: the streams dropout and params have one root key" in record.report()
    assert noted == (seeds == (0, 0))
