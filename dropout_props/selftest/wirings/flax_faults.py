"""Faults that Flax itself has in a live release: code that looks right and shares masks.

Measured on Flax 0.12.12 with JAX 0.12.0.1.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

from dropout_props.selftest.wirings import nnx_models
from dropout_props.selftest.wirings.linen_models import FeedForward, Mlp, linen_training
from dropout_props.selftest.wirings.nnx_models import nnx_training
from dropout_props.selftest.wirings.training import (
    FEATURES,
    RATE,
    batch,
    descend,
    first_kernel,
    key_of_step,
    squared_error,
    train,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Wiring

__all__ = ["WIRINGS"]


def _bridged(stream: str) -> Any:
    """Train an NNX model as a Linen one, whose dropout stream may be misspelt."""

    def run(record: Record, steps: int) -> Outcome:
        from flax.nnx import bridge

        model = bridge.ToLinen(nnx_models.Mlp)
        root = jax.random.key(1)

        @jax.jit
        def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            def loss(params: Any) -> Any:
                rngs = {stream: key_of_step(root, number)}
                return squared_error(model.apply(params, x, rngs=rngs), y)

            value, grads = jax.value_and_grad(loss)(params)
            return descend(params, grads), value

        keys = {"params": jax.random.key(0), "dropout": jax.random.key(2)}
        params = model.init(keys, jnp.asarray(batch(0)[0]))
        params, losses = train(record, steps, step, params)
        return Outcome(losses, params)

    return run


def _fallen_back(stream: str) -> Any:
    """Train a Linen model that gets the key of its parameters too, and perhaps no dropout key."""
    model = Mlp()

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)

        @jax.jit
        def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            def loss(params: Any) -> Any:
                rngs = {"params": root, stream: key_of_step(root, number)}
                return squared_error(model.apply(params, x, train=True, rngs=rngs), y)

            value, grads = jax.value_and_grad(loss)(params)
            return descend(params, grads), value

        params = model.init(jax.random.key(0), batch(0)[0], train=False)
        params, losses = train(record, steps, step, params)
        return Outcome(losses, params)

    return run


class _Branch(nn.Module):
    """A feed-forward layer under a name that it is given."""

    inner: str

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        return FeedForward(RATE, name=self.inner)(x, train=train)


class _Named(nn.Module):
    """Two branches, each with a layer, under names whose concatenation may be equal."""

    names: tuple[tuple[str, str], tuple[str, str]]

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        for outer, inner in self.names:
            x = x + _Branch(inner, name=outer)(x, train=train)
        return x


class _PassedOn(nnx.Module):
    """A layer that drops twice; the second time, its stream may be wrapped in new Rngs."""

    def __init__(self, *, wrap: bool, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.second = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.rngs = rngs
        self.wrap = wrap
        self.deterministic = False  # what model.eval() sets

    def _drop(self, x: Any, rngs: nnx.Rngs) -> Any:
        if self.deterministic:
            return x
        mask = jax.random.bernoulli(rngs.dropout(), 1 - RATE, x.shape)
        return jnp.where(mask, x / (1 - RATE), 0)

    def __call__(self, x: Any) -> Any:
        x = x + self._drop(nnx.gelu(self.first(x)), self.rngs)
        rngs = nnx.Rngs(dropout=self.rngs.dropout) if self.wrap else self.rngs
        return x + self._drop(nnx.gelu(self.second(x)), rngs)


def _passed_on(*, wrap: bool) -> Any:
    return nnx_training(lambda: _PassedOn(wrap=wrap, rngs=nnx.Rngs(params=0, dropout=1)))


WIRINGS = (
    Wiring(
        name="bridged_stream_misspelt",
        api="linen",
        also=("DP905",),
        says="A stream of the model in nnx.bridge.ToLinen is misspelt: it uses the constant key 0.",
        mend='Spell the stream as the NNX model does: rngs={"dropout": key}.',
        wrong=_bridged("drop"),
        mended=_bridged("dropout"),
        needs="0.10.6",
        seen_in="Flax 0.10.6 to 0.12.12",
    ),
    Wiring(
        name="stream_misspelt",
        api="linen",
        also=("DP905",),
        says="The dropout stream is misspelt, and Linen takes the key of `params`, which stays.",
        mend='Spell the stream right, and do not hand over `params`: rngs={"dropout": key}.',
        wrong=_fallen_back("drop"),
        mended=_fallen_back("dropout"),
        seen_in="Flax since 0.8.2",
    ),
    Wiring(
        name="names_run_together",
        api="linen",
        also=("DP906",),
        says="Linen joins the names of a path without a separator: block_1/1_in is block_11/_in.",
        mend="Choose names that differ when joined, or set flax_fix_rng_separator.",
        wrong=linen_training(_Named((("block_1", "1_in"), ("block_11", "_in")))),
        mended=linen_training(_Named((("block_1", "first_in"), ("block_11", "first_in")))),
        seen_in="every Flax release, flax eb82a6cc",
    ),
    Wiring(
        name="stream_passed_on",
        api="nnx",
        also=("DP906", "DP907"),  # the key of the first count comes again in every step too
        says="nnx.Rngs(dropout=stream) sets the count of the stream back: its keys come again.",
        mend="Hand over the Rngs object itself, or fork it.",
        wrong=_passed_on(wrap=True),
        mended=_passed_on(wrap=False),
        needs="0.10.7",
        seen_in="flax#5529",
    ),
)
