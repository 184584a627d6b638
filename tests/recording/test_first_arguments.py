"""A site is the path of a module, whatever its methods call their first argument."""

# ruff: noqa: N805 - that name is what is tested

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn
from flax import nnx

import dropout_props
from dropout_props.recording import recording

X = jnp.ones((4, 8))
JIT: Callable[[Callable[..., Any]], Callable[..., Any]] = partial(
    nnx.jit, static_argnames=("deterministic",)
)


class Block(nnx.Module):
    """Two dropouts, and a coin of its own; methods call their first argument `me`."""

    def __init__(me, rngs: nnx.Rngs) -> None:
        me.first = nnx.Dropout(0.5, rngs=rngs)
        me.second = nnx.Dropout(0.1, rngs=rngs)
        me.rngs = rngs

    def __call__(me, x: jax.Array) -> jax.Array:
        """Drop twice."""
        return me.second(me.first(x))

    @JIT
    def jitted(me, x: jax.Array, *, deterministic: bool = False) -> jax.Array:
        """Draw below a decorator."""
        return x if deterministic else x * jax.random.bernoulli(me.rngs.dropout(), 0.5, x.shape)

    @staticmethod
    def static(module: Any, x: jax.Array) -> jax.Array:
        """Draw with the streams of a module, outside of its methods."""
        return x * jax.random.bernoulli(module.rngs.dropout(), 0.5, x.shape)


class Net(nnx.Module):
    """Two blocks."""

    def __init__(me, rngs: nnx.Rngs) -> None:
        me.enc = Block(rngs)
        me.dec = Block(rngs)

    def __call__(me, x: jax.Array) -> jax.Array:
        """Run both."""
        return me.dec(me.enc(x))


class Raw(nn.Module):
    """A layer of Linen that uses its rate as the probability of a kept unit."""

    rate: float

    @nn.compact
    def __call__(me, x: jax.Array) -> jax.Array:
        """Drop units."""
        mask = jax.random.bernoulli(me.make_rng("dropout"), me.rate, x.shape)
        return jnp.where(mask, x / (1 - me.rate), 0)


def loss(block: Any, x: jax.Array) -> jax.Array:
    """Draw with the streams of a module, which is its first argument."""
    return x * jax.random.bernoulli(block.rngs.dropout(), 0.5, x.shape)


@pytest.mark.parametrize("wrap", [lambda f: f, nnx.jit], ids=["eager", "jit"])
def test_a_path_does_not_need_the_name_self(wrap: Any) -> None:
    """Each layer of NNX is a site of its own, though no method calls its first argument `self`."""
    net = Net(nnx.Rngs(0))
    with recording() as record:
        wrap(lambda model, x: model(x))(net, X)
    assert [d.site.place.path for d in record.draws] == [
        ("Net", "enc", "first"),
        ("Net", "enc", "second"),
        ("Net", "dec", "first"),
        ("Net", "dec", "second"),
    ]


def test_a_decorated_method_is_a_method() -> None:
    """A method below a decorator belongs to its module."""
    with recording() as record:
        Block(nnx.Rngs(0)).jitted(X)
    assert [d.site.place.path for d in record.draws] == [("Block",)]


@pytest.mark.parametrize("function", [loss, Block.static], ids=["function", "staticmethod"])
def test_a_function_of_a_module_is_no_method(function: Any) -> None:
    """A function, or a static method, whose first argument is a module draws outside of it."""
    with recording() as record:
        function(Block(nnx.Rngs(0)), X)
    (draw,) = record.draws
    assert (draw.site.place.path, draw.site.place.api) == ((), "function")


def test_a_linen_layer_does_not_need_the_name_self() -> None:
    """A wrong coin of a Linen layer is judged, whatever its method calls its first argument."""
    with dropout_props.record() as seen:
        Raw(0.1).apply({}, X, rngs={"dropout": jax.random.key(0)})
    assert "DP903" in seen.judgement.failed
