"""The layer and models of d2l do what the book describes, with the default key bound once."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.layers import registry
from dropout_props.layers.d2l.dropout_layer import dropout_layer
from dropout_props.layers.d2l.mlp import DropoutMLP
from dropout_props.layers.d2l.mlp_scratch import DropoutMLPScratch
from dropout_props.subjects.operations import Repeat
from dropout_props.subjects.subject import Unsupported


def test_dropout_layer_keeps_where_a_uniform_number_exceeds_the_rate(x: Any, key: Any) -> None:
    """The output is mask * X / (1 - rate)."""
    expected = (jax.random.uniform(key, x.shape) > 0.3) * x / 0.7
    np.testing.assert_allclose(dropout_layer(x, 0.3, key), expected, rtol=1e-6)


def test_dropout_layer_is_all_zeros_at_rate_1(key: Any) -> None:
    """NaN and infinite inputs are dropped too, which happens at no other rate."""
    x = jnp.array([1.0, jnp.nan, jnp.inf, -1.0])
    assert dropout_layer(x, 1, key).tolist() == [0.0] * 4
    assert np.isnan(np.asarray(dropout_layer(jnp.full((64,), jnp.nan), 0.5, key))).all()


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_dropout_layer_refuses_a_rate_that_is_not_a_probability(x: Any, rate: Any) -> None:
    """The message names the value and the rule."""
    with pytest.raises(
        ValueError, match=r"^dropout=\S+ is not a probability; give a number from 0"
    ):
        dropout_layer(x, rate)


def test_dropout_layer_repeats_its_mask_without_a_key(x: Any, key: Any) -> None:
    """The default key is bound at definition; explicit keys give different masks."""
    without = np.asarray(dropout_layer(x, 0.5)) != 0
    assert np.array_equal(np.asarray(dropout_layer(2 * x, 0.5)) != 0, without)
    given = [np.asarray(dropout_layer(x, 0.5, one)) != 0 for one in jax.random.split(key)]
    assert not np.array_equal(*given)


def test_the_subject_shows_the_repetition(x: Any) -> None:
    """Without a key the subject raises no error, and several calls have one mask."""
    subject = registry.load("d2l.dropout_layer")
    assert subject.traits.missing_key_errors
    first, second = subject.run(Repeat(2), x, rate=0.5)
    np.testing.assert_array_equal(first, second)


def test_the_subject_has_no_evaluation_mode(x: Any) -> None:
    """The subject replaces the usual reason by its own."""
    with pytest.raises(Unsupported, match=r"^it has no evaluation mode: its models leave it out"):
        registry.load("d2l.dropout_layer").call(x, rate=0.5, training=False)


def test_a_model_from_scratch_takes_no_key(x: Any, key: Any) -> None:
    """It draws from the default key of dropout_layer, so every training output is the same."""
    model = DropoutMLPScratch()
    variables = model.init(key, x)
    first = model.apply(variables, x)
    np.testing.assert_array_equal(model.apply(variables, x, rngs={"dropout": key}), first)


@pytest.mark.parametrize("model", [DropoutMLPScratch, DropoutMLP])
def test_a_model_has_two_hidden_layers_of_256_and_a_linear_output(
    model: Any, x: Any, key: Any
) -> None:
    """Inputs of any rank are flattened to one row per example."""
    images = x.reshape(4, 8, 8)
    variables = model(training=False).init(key, images)
    sizes = [variables["params"][f"Dense_{index}"]["kernel"].shape for index in range(3)]
    assert sizes == [(64, 256), (256, 256), (256, 10)]
    assert model(training=False).apply(variables, images).shape == (4, 10)


@pytest.mark.parametrize("model", [DropoutMLPScratch, DropoutMLP])
def test_a_model_drops_after_each_hidden_layer(model: Any, x: Any, key: Any) -> None:
    """Each rate alone changes the output; at 0 nothing changes; at 1 only the bias remains."""
    variables = model(training=False).init(key, x)
    evaluated = model(training=False).apply(variables, x)

    def trained(first: Any, second: Any) -> Any:
        trains = model(dropout_1=first, dropout_2=second, training=True)
        return np.asarray(trains.apply(variables, x, rngs={"dropout": key}))

    np.testing.assert_allclose(trained(0.0, 0.0), evaluated, rtol=1e-5)
    assert not np.allclose(trained(0.5, 0.0), evaluated)
    assert not np.allclose(trained(0.0, 0.5), evaluated)
    assert (trained(0.0, 1.0) == 0).all()
    assert (trained(1.0, 0.0) == 0).all()


@pytest.mark.parametrize("model", [DropoutMLPScratch, DropoutMLP])
def test_a_model_ends_linear_and_applies_relu_before(model: Any, x: Any, key: Any) -> None:
    """With dropout off it is Dense, ReLU, Dense, ReLU, Dense."""
    variables = model(training=False).init(key, x)
    layers = [variables["params"][f"Dense_{index}"] for index in range(3)]
    hidden = x
    for layer in layers[:2]:
        hidden = jnp.maximum(hidden @ layer["kernel"] + layer["bias"], 0)
    expected = hidden @ layers[2]["kernel"] + layers[2]["bias"]
    np.testing.assert_allclose(model(training=False).apply(variables, x), expected, rtol=1e-4)
