"""Nothing is concluded from masks that the record lacks, where it knows that it may lack some."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn
from jax import lax

import dropout_props
from dropout_props.auditing import Record
from dropout_props.auditing.files import merged, read
from dropout_props.auditing.sides import recorded_sites
from dropout_props.recording import lowering

X = jnp.ones((8, 16))


class Net(nn.Module):
    """A model with one dropout."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Apply it."""
        return nn.Dropout(0.25, deterministic=False)(x)


@jax.jit
def step(key: jax.Array) -> jax.Array:
    """Train the model."""
    return Net().apply({}, X, rngs={"dropout": key})  # type: ignore[return-value]


def recorded(*programs: Callable[[jax.Array], Any], **options: Any) -> Record:
    """Record a step for each program."""
    with dropout_props.record(**options) as record:
        for number, program in enumerate(programs):
            record.step()
            program(jax.random.key(number))
    return record


def said(record: Record, property_id: str) -> tuple[str, ...]:
    """Return what there are too few data for."""
    return next(j.too_few for j in record.judgement.judged if j.prop.id == property_id)


@pytest.fixture
def _no_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let JAX refuse host callbacks, as it does where some axes of a mesh stay automatic."""

    def refuse(*_: Any, **__: Any) -> None:
        raise NotImplementedError("no callback here")

    monkeypatch.setattr(lowering, "emit_python_callback", refuse)


@pytest.mark.usefixtures("_no_callback")
@pytest.mark.parametrize(
    ("options", "property_id"),
    [
        ({}, "DP901"),
        ({"rates": {"*": 0.25}}, "DP912"),
        ({"expect_shared": {"*": "a reason"}}, "DP908"),
    ],
)
def test_a_site_whose_draws_do_not_report_is_not_accused(
    options: dict[str, Any], property_id: str
) -> None:
    """The layer drops units, and no property says that it does not: it says what was not seen."""
    record = recorded(step, step, **options)
    record.check()
    assert said(record, property_id)


def test_steps_compiled_before_are_not_silent() -> None:
    """After one step that is seen, the same step runs compiled ahead of the record."""
    compiled = step.lower(jax.random.key(0)).compile()
    record = recorded(step, compiled, compiled, compiled)
    record.check()
    assert said(record, "DP901") == ("whether masks were drawn in step 1, 2, 3 is not known",)


def test_a_step_lowered_before_is_noted_in_each_step() -> None:
    """What is compiled in a record from a program of before is as unseen as that program."""
    lowered = step.lower(jax.random.key(0))
    with dropout_props.record() as record:
        compiled = lowered.compile()
        for number in range(4):
            record.step()
            (compiled if number else step)(jax.random.key(number))
    record.check()


class RawDropout(nn.Module):
    """A layer that takes its bits from below `jax.random`."""

    rate: float = 0.25

    @nn.compact
    def __call__(self, x: Any, word: Any) -> Any:
        """Apply it."""
        words = jnp.full(4, word, jnp.uint32)
        bits = lax.rng_bit_generator(words, x.shape)[1]
        return jnp.where(bits >= int(self.rate * 2**32), x / (1 - self.rate), 0)


def test_a_layer_that_calls_what_is_not_seen_is_not_called_off() -> None:
    """A layer that declares a rate and draws by a kernel or raw bits may drop what it declares."""
    record = recorded(*[lambda key: RawDropout().apply({}, X, key.size)] * 2)
    record.check()
    assert len(said(record, "DP901")) == 2


def test_an_evaluation_compiled_before_is_not_known_to_be_silent() -> None:
    """That no mask of it was seen excludes nothing, and training is judged as before."""
    compiled = step.lower(jax.random.key(0)).compile()
    with dropout_props.record() as record:
        for number in range(2):
            record.step()
            step(jax.random.key(number))
        record.evaluate(lambda: compiled(jax.random.key(9)))
    assert len(said(record, "DP902")) == 1
    assert said(record, "DP901") == ()


def test_a_frozen_mask_is_named_beside_a_program_compiled_before() -> None:
    """A program that is not seen in one step excuses no silence in others."""
    compiled = jax.jit(jnp.sin).lower(X).compile()

    @jax.jit
    def frozen(x: jax.Array) -> jax.Array:
        with jax.ensure_compile_time_eval():
            mask = jax.random.bernoulli(jax.random.key(5), 0.75, x.shape)
        return jnp.where(mask, x / 0.75, 0)

    with dropout_props.record() as record:
        compiled(X)
        for _ in range(4):
            record.step()
            frozen(X)
    assert record.judgement.failed == {"DP901", "DP907"}


def test_every_form_of_a_record_says_what_was_not_seen() -> None:
    """Report, JSON and page hold the note and its line; `strict=True` raises on it."""
    compiled = step.lower(jax.random.key(0)).compile()
    record = recorded(lambda key: (step(key), compiled(key)), step)
    record.check()
    with pytest.raises(AssertionError, match=r"not seen, and strict=True:\n  - .*_missed\.py:"):
        record.check(strict=True)
    [note] = record.not_seen
    assert "a program that was traced before the record" in note
    assert f"not seen\n  - {note}" in record.report()
    text = record.to_json()
    assert json.loads(text)["not_seen"] == [note]
    assert "a program that was traced before the record" in record.to_html()
    lines, fails = merged([read(text, "file")], ["one"])
    assert lines[1] == f"one: not seen: {note}"
    assert not fails


@pytest.mark.usefixtures("_no_callback")
def test_the_row_of_a_site_says_that_it_was_not_seen() -> None:
    """Neither the report nor the gate says that it draws nothing."""
    record = recorded(step, step)
    assert "0      0     not seen" in record.report()
    assert [site.missed for site in recorded_sites(record, "train:steps")] == [True]


def test_a_resumed_run_that_is_not_all_seen_is_not_accused() -> None:
    """The restored run takes its second step by a program that was compiled before."""
    compiled = step.lower(jax.random.key(0)).compile()
    programs: Iterator[Any] = iter([step, step, step, step, step, compiled])

    def run(state: int | None) -> int:
        first = state or 0
        for number in (first, first + 1):
            next(programs)(jax.random.key(number))
        return first + 2

    found = dropout_props.resume(run, lambda state: state, lambda saved: saved)
    found.check()
    assert len(found.not_seen) == 1


@jax.jit
def scheduled(key: jax.Array, number: jax.Array) -> jax.Array:
    """Train the model with its dropout in the first steps alone."""
    return lax.cond(number < 2, lambda: step(key), lambda: X)


def of_schedule(first: int) -> Record:
    """Record four steps of it."""
    with dropout_props.record(rates={"*": 0.25}) as record:
        for number in range(first, first + 4):
            record.step()
            scheduled(jax.random.key(number), jnp.int32(number))
    return record


def test_a_branch_that_is_no_longer_taken_is_no_fault() -> None:
    """Dropout that a schedule ends by a cond drew in every step in which it ran."""
    record = of_schedule(0)
    record.check()
    assert "Net/Dropout_0 (test_missed.py:" in record.report()
    assert "was not executed in steps 2 to 3" in record.report()


def test_a_branch_that_is_never_taken_is_not_executed() -> None:
    """No property fails, its row says it, and `strict=True` does not accept it as judged."""
    record = of_schedule(2)
    record.check()
    assert "0      0     not executed" in record.report()
    assert "it was traced and not executed" in said(record, "DP901")[0]
    assert "it was traced and not executed" in said(record, "DP912")[0]


@pytest.mark.parametrize("rate", [0.0, 0.25])
def test_a_rate_that_becomes_zero_is_no_fault(rate: float) -> None:
    """A layer that stops at rate 0 drops what it declares; one that is off at its rate does not."""

    class Scheduled(nn.Module):
        rate: float
        train: bool = True

        @nn.compact
        def __call__(self, x: Any) -> Any:
            return nn.Dropout(self.rate, deterministic=not self.train)(x)

    with dropout_props.record() as record:
        for number in range(4):
            record.step()
            model = Scheduled(0.25) if number < 2 else Scheduled(rate, train=rate == 0)
            model.apply({}, X, rngs={"dropout": jax.random.key(number)})
    assert record.judgement.failed == (frozenset({"DP901"}) if rate else frozenset())
