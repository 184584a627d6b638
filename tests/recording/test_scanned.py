"""The recorder distinguishes a scan over layers from a scan over microbatches."""

from collections.abc import Callable
from typing import Any

import flax
import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn
from flax import nnx
from packaging.version import Version

import dropout_props

LAYERS = 3
X = jnp.ones((4, 8))
STEPS = 2


class Block(nn.Module):
    """A layer with dropout, as the body of a scan."""

    @nn.compact
    def __call__(self, x: Any, _: Any = None) -> Any:
        """Run it."""
        return nn.Dropout(0.5, deterministic=False)(nn.Dense(8)(x)), None


class NnxBlock(nnx.Module):
    """The same in NNX."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.dense = nnx.Linear(8, 8, rngs=rngs)
        self.drop = nnx.Dropout(0.5)

    def __call__(self, x: Any, key: Any) -> Any:
        """Run it."""
        return self.drop(self.dense(x), rngs=nnx.Rngs(dropout=key))


def _params() -> Any:
    return Block().init({"params": jax.random.key(0), "dropout": jax.random.key(1)}, X)["params"]


def _stacked() -> Any:
    return jax.tree_util.tree_map(lambda leaf: jnp.stack([leaf] * LAYERS), _params())


def _apply(params: Any, x: Any, key: Any) -> Any:
    return Block().apply({"params": params}, x, rngs={"dropout": key})[0]


def _lifted(**axes: Any) -> Callable[[Any], Any]:
    """Run nn.scan as the model."""
    split: Any = {"params": "variable_axes" in axes, "dropout": False}
    model: Any = nn.scan(Block, split_rngs=split, length=LAYERS, **axes)()
    params = _stacked() if "variable_axes" in axes else _params()
    return lambda key: model.apply({"params": params}, X, None, rngs={"dropout": key})[0]


def _plain(wrap: Any) -> Callable[[Any], Any]:
    """Scan layers by jax.lax.scan, below a transform."""
    params = _stacked()

    def run(key: Any) -> Any:
        layer = wrap(lambda params, x: _apply(params, x, key))
        return jax.lax.scan(lambda x, one: (layer(one, x), None), X, params)[0]

    return run


def _nnx_stack() -> Callable[[Any], Any]:
    """Scan layers of NNX in a function."""

    @nnx.split_rngs(splits=LAYERS)
    @nnx.vmap(in_axes=(0,), out_axes=0)
    def create(rngs: nnx.Rngs) -> NnxBlock:
        return NnxBlock(rngs)

    definition, state = nnx.split(create(nnx.Rngs(0)))

    def run(key: Any) -> Any:
        @nnx.scan(in_axes=(0, nnx.Carry), out_axes=nnx.Carry)
        def body(layer: Any, x: Any) -> Any:
            return layer(x, key)

        # Variables of their own: those of the state belong to the code outside of jit.
        return body(nnx.merge(definition, jax.tree_util.tree_map(jnp.asarray, state)), X)

    return run


def _microbatches() -> Callable[[Any], Any]:
    """Scan the parts of a batch, with one set of parameters, and its gradients in the carry."""
    params = _params()

    def run(key: Any) -> Any:
        def add(total: Any, x: Any) -> tuple[Any, None]:
            grads = jax.grad(lambda params: _apply(params, x, key).sum())(params)
            return jax.tree_util.tree_map(jnp.add, total, grads), None

        return jax.lax.scan(add, params, X.reshape(2, 2, 8))[0]

    return run


def _nnx_microbatches() -> Callable[[Any], Any]:
    """The same in NNX, without gradients."""
    model = NnxBlock(nnx.Rngs(0))
    definition, state = nnx.split(model)

    def run(key: Any) -> Any:
        def add(total: Any, x: Any) -> tuple[Any, None]:
            return total + nnx.merge(definition, state)(x, key).sum(), None

        return jax.lax.scan(add, 0.0, X.reshape(2, 2, 8))[0]

    return run


def _by_index() -> Callable[[Any], Any]:
    """Choose the parameters of each trip by its number."""
    params = _stacked()

    def run(key: Any) -> Any:
        def layer(number: Any, x: Any) -> Any:
            return _apply(jax.tree_util.tree_map(lambda leaf: leaf[number], params), x, key)

        return jax.lax.fori_loop(0, LAYERS, layer, X)

    return run


def _causes(run: Callable[[Any], Any], steps: int = STEPS) -> dict[str, Any]:
    """Return the findings that follow from no other, by their property."""
    step = jax.jit(run)
    with dropout_props.record() as record:
        for number in range(steps):
            step(jax.random.key(number))
    return {one.property: one for one in record.judgement.findings if not one.follows}


new = pytest.mark.skipif(
    Version(flax.__version__) < Version("0.11.2"),
    reason="before Flax 0.11.2 this program does not run without a record either",
)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: _lifted(variable_axes={"params": 0}), id="nn.scan"),
        pytest.param(lambda: _lifted(variable_broadcast="params"), id="nn.scan of one layer"),
        pytest.param(lambda: _plain(lambda layer: layer), id="lax.scan"),
        pytest.param(lambda: _plain(jax.checkpoint), id="lax.scan of remat"),
        pytest.param(_nnx_stack, id="nnx.scan", marks=new),
    ],
)
def test_layers_that_share_a_key_are_named_as_layers(make: Any) -> None:
    """A scan over the layers of the model itself fails DP906, and is no loop over microbatches."""
    causes = _causes(make())
    assert set(causes) == {"DP906"}
    assert "microbatch" not in causes["DP906"].mend


def test_layers_of_one_step_are_no_steps() -> None:
    """A stack of layers that ran once is no training whose steps share a key."""
    assert set(_causes(_lifted(variable_axes={"params": 0}), steps=1)) == {"DP906"}


@pytest.mark.parametrize("make", [_microbatches, _nnx_microbatches], ids=["linen", "nnx"])
def test_microbatches_that_share_a_key_are_named_as_microbatches(make: Any) -> None:
    """A scan of one set of parameters over parts of a batch fails DP910."""
    assert set(_causes(make())) == {"DP910"}


def test_a_loop_that_may_be_either_is_named_with_both_remedies() -> None:
    """Where parameters are chosen by the number of the trip, the text names layers and parts."""
    causes = _causes(_by_index())
    assert set(causes) == {"DP906"}
    assert "layers, or over microbatches" in causes["DP906"].seen
    assert all(word in causes["DP906"].mend for word in ("split_rngs", "microbatches"))
