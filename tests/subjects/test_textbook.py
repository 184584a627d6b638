"""The textbook models do what each sentence of their published descriptions says."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.layers.textbook.dropout_model import DropoutModel, dropout_model_problem
from dropout_props.layers.textbook.my_dropout import MyDropout, my_dropout_problem
from dropout_props.layers.textbook.my_model import MyModel, my_model_problem


@pytest.fixture
def row() -> Any:
    """float32[128], distinct and nonzero."""
    return jnp.arange(1.0, 129.0)


def test_my_dropout_returns_its_input_when_deterministic_or_at_rate_0(row: Any) -> None:
    """Neither call requires a key."""
    assert MyDropout(0.5).apply({}, row, deterministic=True) is row
    assert MyDropout(0.0).apply({}, row, deterministic=False) is row


def test_my_dropout_is_flax_dropout_otherwise(row: Any, key: Any) -> None:
    """where(bernoulli(key, keep), x / keep, 0) with a key of make_rng gives the same bits."""
    rngs = {"dropout": key}
    for rate in (0.1, 0.5, 0.9):
        mine = MyDropout(rate).apply({}, row, deterministic=False, rngs=rngs)
        flax = nn.Dropout(rate).apply({}, row, deterministic=False, rngs=rngs)
        np.testing.assert_array_equal(mine, flax)


def test_my_dropout_has_no_special_case_for_rate_1(row: Any, key: Any) -> None:
    """The output is all zeros; the gradient is NaN, since the other branch has x/0."""
    layer = MyDropout(1.0)

    def total(x: Any) -> Any:
        output: Any = layer.apply({}, x, deterministic=False, rngs={"dropout": key})
        return output.sum()

    assert total(row) == 0
    assert np.isnan(jax.grad(total)(row)).all()


@pytest.mark.parametrize("seed", [0.0, 3.0, 3.9])
def test_my_dropout_problem_casts_its_seed_and_applies_with_the_next(row: Any, seed: Any) -> None:
    """The mask is that of PRNGKey(int(seed) + 1)."""
    key = jax.random.PRNGKey(int(seed) + 1)
    expected = MyDropout(0.25).apply({}, row, deterministic=False, rngs={"dropout": key})
    np.testing.assert_array_equal(my_dropout_problem(seed, row, 0.25, 0.0), expected)


@pytest.mark.parametrize(("deterministic", "evaluates"), [(0.0, False), (0.49, False), (0.5, True)])
def test_my_dropout_problem_evaluates_from_a_half_on(
    row: Any, deterministic: Any, evaluates: Any
) -> None:
    """The flag is a float, and evaluates from 0.5 on."""
    output = np.asarray(my_dropout_problem(1.0, row, 0.5, deterministic))
    assert output.shape == row.shape
    assert np.array_equal(output, row) == evaluates


def test_my_dropout_problem_takes_a_list_and_refuses_a_matrix(row: Any) -> None:
    """The message gives the number of axes and the rule."""
    assert my_dropout_problem(1.0, [1.0, 2.0], 0.5, 1.0).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match=r"^x has 2 axes; give a one-dimensional array$"):
        my_dropout_problem(1.0, row.reshape(8, 16), 0.5, 0.0)


def test_dropout_model_is_dense_of_the_same_width_then_dropout(x: Any, key: Any) -> None:
    """In evaluation its output is that of the Dense layer."""
    model = DropoutModel(drop_rate=0.5)
    variables = model.init({"params": key}, x, deterministic=True)
    kernel, bias = (variables["params"]["Dense_0"][name] for name in ("kernel", "bias"))
    assert kernel.shape == (16, 16)
    output: Any = model.apply(variables, x, deterministic=True)
    np.testing.assert_allclose(output, x @ kernel + bias, rtol=1e-5)


def test_dropout_model_problem_applies_with_the_given_mode_and_key(x: Any) -> None:
    """The parameters depend on seed only, the mask on dropout_seed only."""
    evaluated = np.asarray(dropout_model_problem(3, x, 4, 0.5, True))
    trained = np.asarray(dropout_model_problem(3, x, 4, 0.5, False))
    kept = trained != 0
    np.testing.assert_array_almost_equal_nulp(trained[kept], 2 * evaluated[kept], nulp=1)
    assert 0 < kept.sum() < kept.size
    np.testing.assert_array_equal(dropout_model_problem(3, x, 5, 0.5, True), evaluated)
    assert not np.array_equal(np.asarray(dropout_model_problem(3, x, 5, 0.5, False)) != 0, kept)
    reseeded = np.asarray(dropout_model_problem(4, x, 4, 0.5, False))
    np.testing.assert_array_equal(reseeded != 0, kept)
    assert not np.array_equal(reseeded, trained)


def test_my_model_is_initialised_with_a_parameters_key_alone(x: Any, key: Any) -> None:
    """With training off, init requires no dropout key."""
    variables = MyModel(num_neurons=8, training=False).init(key, x)
    assert set(variables) == {"params"}
    assert variables["params"]["Dense_0"]["kernel"].shape == (16, 8)


def test_my_model_problem_drops_half_of_a_dense_layer(x: Any, key: Any) -> None:
    """The rate is always 0.5; the width is num_neurons."""
    output = np.asarray(my_model_problem(0, x, 1, 128))
    variables = MyModel(num_neurons=128, training=False).init(key, x)
    dense = np.asarray(MyModel(num_neurons=128, training=False).apply(variables, x))
    kept = output != 0
    np.testing.assert_array_almost_equal_nulp(output[kept], 2 * dense[kept], nulp=1)
    assert 0 < kept.sum() < kept.size
    np.testing.assert_array_equal(my_model_problem(0, x, 1, 128), output)
    assert not np.array_equal(my_model_problem(0, x, 2, 128), output)


def test_my_model_needs_a_dropout_key_in_training(x: Any, key: Any) -> None:
    """Apply in training mode raises without a dropout key."""
    variables = MyModel(num_neurons=8, training=False).init(key, x)
    with pytest.raises(Exception, match='Dropout_0 needs PRNG for "dropout"'):
        MyModel(num_neurons=8, training=True).apply(variables, x)
