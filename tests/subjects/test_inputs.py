"""Declared inputs, further arguments and a path to the output: what a user says is judged."""

import pickle
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import strategies as st

from dropout_props.cases.case import Case
from dropout_props.engine.adapt_case import fit
from dropout_props.engine.probe import probe, taken
from dropout_props.subjects.errors import WiringError
from dropout_props.subjects.inputs import shape_of
from dropout_props.subjects.operations import Repeat
from dropout_props.subjects.subject import Subject


class Masked(nn.Module):
    """A layer whose call also requires a mask, and that returns a dict."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, mask: Any, *, deterministic: bool = False) -> Any:
        """Return the output under a key."""
        y = nn.Dropout(self.rate)(x, deterministic=deterministic)
        return {"hidden": (jnp.where(mask, y, 0), x)}


class Wide(nnx.Module):
    """A model of a fixed width."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.linear = nnx.Linear(24, 4, rngs=rngs)
        self.dropout = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x: Any, scale: Any) -> Any:
        """Return a tuple."""
        return self.linear(self.dropout(scale * x)), x


def blocks(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout that refuses fewer than three units along its last two axes."""
    if min(x.shape[-2:]) < 3:
        raise ValueError("too small")
    if deterministic:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def _ones(x: Any) -> Any:
    return jnp.ones(x.shape, bool)


def test_a_required_argument_is_named_at_the_door() -> None:
    """An argument of the call that nobody fills is an error before anything runs."""
    with pytest.raises(WiringError, match=r"also requires mask.*call_kwargs=\{'mask': ...\}"):
        Subject.linen(Masked)


def test_further_arguments_and_a_path_reach_the_output_in_linen() -> None:
    """The call gets the argument, made from its input, and the output is found by its path."""
    subject = Subject.linen(Masked, call_kwargs={"mask": _ones}, output=("hidden", 0))
    x = jnp.arange(1.0, 129.0)
    y = subject.call(x, rate=0.5, training=True, streams={"dropout": jax.random.key(0)})
    assert set(np.unique(np.asarray(y / x))) == {0.0, 2.0}
    first, second = subject.run(Repeat(2), x, rate=0.5, streams={"dropout": jax.random.key(0)})
    assert not np.array_equal(first, second)


def test_further_arguments_and_a_path_reach_the_output_in_nnx() -> None:
    """An NNX model of a fixed width is judged on the declared shape, as a model."""
    subject = Subject.nnx(Wide, inputs=("batch", 24), call_kwargs={"scale": 2.0}, output=0)
    found = probe(subject)
    assert found.subject.traits.kind == "model"
    case = fit(Case(shape=(128,)), found.subject.traits)
    assert case.shape == (6, 24)
    x = jnp.asarray(case.inputs())
    y = found.subject.call(x, rate=0.5, training=False)
    assert y.shape == (6, 4)


@pytest.mark.parametrize(
    ("spec", "size", "shape"),
    [
        (("batch", 10), 128, (13, 10)),
        (("batch", "time", 8), 128, (4, 4, 8)),
        ((None, 3), 0, (0, 3)),
        ((2, 3), 999, (2, 3)),
    ],
)
def test_free_axes_share_the_units(spec: Any, size: int, shape: Any) -> None:
    """Free axes are as long as it takes for about the wanted number of units."""
    assert shape_of(spec, size) == shape


def test_a_given_array_is_the_input_in_every_process() -> None:
    """Every case has the array of the user, and a pickled subject brings it along."""
    array = np.arange(1.0, 13.0, dtype=np.float32).reshape(3, 4)
    subject = Subject.function(blocks, inputs=array)
    case = fit(Case(shape=(7,), dtype="float16"), subject.traits)
    assert case.shape == (3, 4)
    np.testing.assert_array_equal(case.inputs(), array)
    again = pickle.loads(pickle.dumps(subject.traits))  # noqa: S301
    assert fit(Case(shape=(7,)), again).digest() == fit(Case(shape=(7,)), subject.traits).digest()


def test_a_strategy_is_drawn_from_once() -> None:
    """A strategy gives a few arrays, the same at every time, and cases choose among them."""
    strategy = st.integers(3, 9).map(lambda n: np.full((n, 3), n, np.float32))
    first, second = (Subject.function(blocks, inputs=strategy).traits for _ in range(2))
    assert first.inputs == second.inputs
    shapes = {fit(Case(seed=seed), first).shape for seed in range(20)}
    assert len(shapes) > 1


def test_an_input_that_is_none_of_these_is_refused() -> None:
    """The message names the value, its type and what to give."""
    with pytest.raises(WiringError, match=r"inputs='x' \(str\).*an array, a shape"):
        Subject.function(blocks, inputs="x")


def test_least_sizes_and_refused_shapes() -> None:
    """Cases have the sizes that are said; without them a refused shape is replaced."""
    said = Subject.function(blocks, min_rank=2, least_sizes=(3, 3)).traits
    assert fit(Case(shape=(128,)), said).shape == (3, 128)
    tried = probe(Subject.function(blocks)).subject
    assert taken(fit(Case(shape=(3, 2)), tried.traits), tried).shape == (8, 16)


def picky(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout of rates below 1."""
    if rate >= 1.0:
        raise ValueError("the rate must be below 1")
    return x if deterministic else jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x, 0)


def test_a_rate_of_one_that_is_refused_is_a_note_where_inputs_are_declared() -> None:
    """What is declared are the inputs, not the rates."""
    found = probe(Subject.function(picky, inputs=("batch", 4)))
    assert not found.subject.traits.rate_one
    why = "it refuses rate 1 (ValueError: the rate must be below 1)"
    assert found.notes == (f"{why}; if that is meant, say rate_one=False",)
    assert probe(Subject.function(blocks, inputs=("batch", 4))).notes == ()
