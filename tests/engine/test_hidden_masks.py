"""A model whose output hides what its dropout does is not accused; one that drops nothing is."""

from dataclasses import replace
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from dropout_props.cases.case import Case
from dropout_props.engine import Judge, Settings
from dropout_props.engine.adapt_case import fit
from dropout_props.environment.installed import probe as installed
from dropout_props.properties import NotRun, Violation, find
from dropout_props.properties.dataflow import depends_on_argument
from dropout_props.properties.sampler import Sampler
from dropout_props.results.records import PropertyResult
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject
from dropout_props.subjects.traits import Traits

_JUDGE = Judge(replace(Settings.of(profile="smoke"), confirm=False), installed().conditions)


class Head(nn.Module):
    """A dropout before a last layer, which begins with zeros as in a vision transformer."""

    rate: float
    zeros: bool = True
    forgotten: bool = False

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the logits."""
        x = nn.Dropout(self.rate)(x, deterministic=deterministic or self.forgotten)
        start = nn.initializers.zeros if self.zeros else nn.initializers.ones
        return nn.Dense(3, kernel_init=start)(x)


def _check(property_id: str, **options: Any) -> None:
    prop = find(property_id)
    assert prop.exact is not None
    subject = Subject.linen(lambda rate: Head(rate, **options), name="head", kind="model")
    prop.exact.check(Sampler(subject, Case(shape=(4, 8), rate=0.5), property_id, 0))


class Gated(nnx.Module):
    """A residual branch whose gate begins as zero, as an update of LoRA or a ReZero block does."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs, drops_always: bool = False) -> None:
        self.dropout = nnx.Dropout(rate, rngs=rngs)
        self.drops_always = drops_always
        self.gate = nnx.Param(jnp.zeros(()))

    def __call__(self, x: Any) -> Any:
        """Return the input, until the gate has learned."""
        mode: dict[str, Any] = {"deterministic": False} if self.drops_always else {}
        return x + self.gate[...] * self.dropout(x, **mode)


class Warm(nn.Module):
    """Dropout whose rate grows with a count of steps: it begins at 0."""

    rate: float
    counts: bool = True

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the output of a dense layer."""
        step = self.variable("schedule", "step", jnp.zeros, ()).value if self.counts else 0.0
        x = nn.Dense(4)(x)
        if deterministic:
            return x
        kept = jax.random.uniform(self.make_rng("dropout"), x.shape) < 1 - self.rate * step
        return jnp.where(kept, x, 0)


def _judged(property_id: str, subject: Subject) -> PropertyResult:
    return _JUDGE(subject, find(property_id))


@pytest.mark.parametrize("property_id", ["DP405", "DP802"])
def test_a_factor_of_zero_says_nothing(property_id: str) -> None:
    """The output is computed from the key, and is the same under every key."""
    _check(property_id, zeros=False)
    with pytest.raises(NotRun, match="a factor of 0"):
        _check(property_id)


@pytest.mark.parametrize("property_id", ["DP405", "DP802", "DP101"])
def test_parameters_that_begin_as_zeros_hide_nothing(property_id: str) -> None:
    """They get other numbers before a model is judged, in Linen and in NNX."""
    for subject in (Subject.linen(Head, kind="model"), Subject.nnx(Gated)):
        found = _judged(property_id, subject)
        assert found.verdict is Verdict.PASS, found.shown


def test_dropout_in_evaluation_is_found_behind_a_gate_of_zero() -> None:
    """Its evaluation output was the same under every key, and shows the fault with another gate."""
    subject = Subject.nnx(partial(Gated, drops_always=True), name="always")
    found = _judged("DP101", subject)
    assert found.verdict is Verdict.FAIL
    assert "evaluation with a key" in found.shown


def test_a_schedule_that_begins_at_rate_zero_is_not_accused() -> None:
    """A variable may count the steps; without one, a mask that keeps all units is the fault."""
    right = _judged("DP802", Subject.linen(Warm))
    assert right.verdict is Verdict.NOT_APPLICABLE, right.shown
    found = _judged("DP802", Subject.linen(partial(Warm, counts=False), name="warm"))
    assert found.verdict is Verdict.FAIL
    assert "nothing is dropped" in found.shown


@pytest.mark.parametrize("zeros", [True, False])
def test_a_model_that_does_not_use_its_key_drops_nothing(zeros: bool) -> None:
    """No value of the output is computed from the key, whatever the last layer begins with."""
    with pytest.raises(Violation, match="nothing is dropped"):
        _check("DP802", zeros=zeros, forgotten=True)


def test_a_model_is_judged_on_several_examples_where_it_takes_them() -> None:
    """A BatchNorm subtracts one example from itself, so that dropout behind it drops zeros."""
    model = Traits(api="linen", law="composite", reference="eval")
    assert fit(Case(shape=(128,)), model).shape == (8, 16)
    assert fit(Case(shape=(128,)), replace(model, max_rank=1)).shape == (128,)


@pytest.mark.parametrize(
    ("function", "depends"),
    [
        (lambda a: 0 * a, True),
        (lambda a: jnp.ones(3) + 0 * jnp.sum(jnp.ones_like(a)), False),
        (jax.jit(lambda a: jnp.where(a > 0, 1.0, 0.0)), True),
        (jax.jit(lambda a: (jnp.sin(a), jnp.ones(2))[1]), False),
        (lambda a: jax.lax.scan(lambda c, _: (c + a, None), 0.0 * a, None, length=2)[0], True),
        (lambda _: jnp.ones(2), False),
        (jax.checkpoint(lambda a: (a, jnp.ones(2))[1]), False),
        (jax.nn.relu, True),
    ],
)
def test_the_output_depends_on_what_it_is_computed_from(function: Any, depends: bool) -> None:
    """A factor of zero counts, a value that is thrown away or only gives its shape does not."""
    assert depends_on_argument(function, jnp.float32(1)) is depends
