"""Python values that a compiled step has baked in: a key, a mask, a count, a rate."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

from dropout_props.selftest.wirings import nnx_models
from dropout_props.selftest.wirings.linen_models import Mlp, linen_training
from dropout_props.selftest.wirings.nnx_models import build_mlp, descend_in_place, nnx_training
from dropout_props.selftest.wirings.training import (
    BATCH,
    FEATURES,
    RATE,
    TOKENS,
    batch,
    descend,
    first_kernel,
    first_variables,
    key_of_step,
    squared_error,
    train,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Wiring

__all__ = ["WIRINGS"]

_host = random.Random(3)  # noqa: S311 -- a seed for dropout, as programs draw it
STEPS_OF_FIRST_RATE = 4


def _key_of_host(_root: Any, _number: Any) -> Any:
    return jax.random.key(_host.getrandbits(31))


def rate_of_step(number: int) -> float:
    """Return the rate that the schedule means for a step."""
    return 0.1 if number < STEPS_OF_FIRST_RATE else 0.5


class _MaskedAtTraceTime(nn.Module):
    """A layer that computes its mask while the step is traced, to save time in the step."""

    rate: float = RATE
    compute_early: bool = True

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        x = nn.Dense(FEATURES)(x)
        if not train:
            return x
        keep = 1 - self.rate
        if self.compute_early:
            with jax.ensure_compile_time_eval():
                mask = jax.random.bernoulli(jax.random.key(5), keep, x.shape)
        else:
            mask = jax.random.bernoulli(self.make_rng("dropout"), keep, x.shape)
        return jnp.where(mask, x / keep, 0)


class _MaskedAtConstruction(nnx.Module):
    """A layer that draws its mask in the constructor, where the streams are at hand."""

    def __init__(self, *, rngs: nnx.Rngs, early: bool) -> None:
        self.inner = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.rngs = rngs
        shape = (BATCH, TOKENS, FEATURES)
        if early:
            self.mask = nnx.BatchStat(jax.random.bernoulli(rngs.dropout(), 1 - RATE, shape))
        self.early = early
        self.deterministic = False  # what model.eval() sets

    def __call__(self, x: Any) -> Any:
        x = self.inner(x)
        if self.deterministic:
            return x
        mask = (
            self.mask[...]
            if self.early
            else jax.random.bernoulli(self.rngs.dropout(), 1 - RATE, x.shape)
        )
        return jnp.where(mask, x / (1 - RATE), 0)


def _raw_jit(record: Record, steps: int) -> Outcome:
    """Train an NNX model with jax.jit, which gets the model as a tree and drops its counts."""
    model = build_mlp()

    @jax.jit
    def compiled(model: Any, x: Any, y: Any) -> tuple[Any, Any]:
        value, grads = nnx.value_and_grad(lambda model: squared_error(model(x), y))(model)
        descend_in_place(model, grads)
        return nnx.state(model, nnx.Param), value

    def step(model: Any, _number: int, x: Any, y: Any) -> tuple[Any, Any]:
        params, value = compiled(model, x, y)
        nnx.update(model, params)
        return model, value

    model, losses = train(record, steps, step, model)
    return Outcome(losses, model)


def _scheduled(record: Record, steps: int, *, static: bool) -> Outcome:
    """Train a Linen model with a rate that the loop sets."""
    root = jax.random.key(1)
    params = first_variables(Mlp(), batch(0)[0], train=False)
    current = {"rate": 0.0}

    @partial(jax.jit, static_argnames="rate")
    def compiled(params: Any, number: Any, x: Any, y: Any, *, rate: float | None) -> Any:
        model = Mlp(current["rate"] if rate is None else rate)

        def loss(params: Any) -> Any:
            rngs = {"dropout": key_of_step(root, number)}
            return squared_error(model.apply(params, x, train=True, rngs=rngs), y)

        value, grads = jax.value_and_grad(loss)(params)
        return descend(params, grads), value

    def step(params: Any, number: int, x: Any, y: Any) -> tuple[Any, Any]:
        current["rate"] = rate_of_step(number)
        rate = current["rate"] if static else None
        return compiled(params, number, x, y, rate=rate)

    params, losses = train(record, steps, step, params)
    return Outcome(losses, params)


def _scheduled_nnx(record: Record, steps: int, *, split_each_step: bool) -> Outcome:
    """Train an NNX model with a rate that the loop sets on its layers."""
    model = nnx_models.Mlp(rate_of_step(0), rngs=nnx.Rngs(params=0, dropout=1))
    first_definition = nnx.split(model)[0]

    @partial(jax.jit, static_argnums=0)
    def compiled(definition: Any, state: Any, x: Any, y: Any) -> tuple[Any, Any]:
        model = nnx.merge(definition, state)
        value, grads = nnx.value_and_grad(lambda model: squared_error(model(x), y))(model)
        descend_in_place(model, grads)
        return nnx.state(model), value

    def step(model: Any, number: int, x: Any, y: Any) -> tuple[Any, Any]:
        for layer in (model.layer_0, model.layer_1):
            layer.dropout.rate = rate_of_step(number)
        definition, state = nnx.split(model)
        state, value = compiled(definition if split_each_step else first_definition, state, x, y)
        nnx.update(model, state)
        return model, value

    model, losses = train(record, steps, step, model)
    return Outcome(losses, model)


def _layer(*, early: bool) -> Any:
    return lambda: _MaskedAtConstruction(rngs=nnx.Rngs(params=0, dropout=1), early=early)


WIRINGS = (
    Wiring(
        name="key_made_while_tracing",
        api="linen",
        also=("DP905",),
        says="The step seeds its key from Python's random numbers, once, while it is traced.",
        mend="Hand the key, or the number of the step, to the compiled function.",
        wrong=linen_training(Mlp(), key=_key_of_host),
        mended=linen_training(Mlp(), key=key_of_step),
        seen_in="flax#4539, keras#18426, HF transformers#35468",
    ),
    Wiring(
        name="mask_made_while_tracing",
        api="linen",
        also=("DP901",),
        says="The mask is computed while the step is traced, and is a constant of the program.",
        mend="Draw the mask inside the step, from the key of the step.",
        wrong=linen_training(_MaskedAtTraceTime()),
        mended=linen_training(_MaskedAtTraceTime(compute_early=False)),
        seen_in="torchxla xla#8636, tinygrad#1957",
    ),
    Wiring(
        name="mask_made_at_construction",
        api="nnx",
        also=("DP901",),
        says="The mask is drawn once, when the layer is built, and every step uses it.",
        mend="Draw the mask in __call__, from the stream of the layer.",
        wrong=nnx_training(_layer(early=True)),
        mended=nnx_training(_layer(early=False)),
        seen_in="tf#29391, keras#9031",
    ),
    Wiring(
        name="jitted_without_nnx",
        api="nnx",
        also=("DP905",),
        says="jax.jit takes a copy of the model, so the counts of its streams never advance.",
        mend="Compile the step with nnx.jit, which writes the state back.",
        wrong=_raw_jit,
        mended=nnx_training(build_mlp),
        needs="0.11.0",
    ),
    Wiring(
        name="schedule_stays_at_first_rate",
        api="linen",
        also=("DP903",),
        says="The compiled step reads the scheduled rate once, while it is traced.",
        mend="Make the rate a static argument of the compiled step.",
        wrong=partial(_scheduled, static=False),
        mended=partial(_scheduled, static=True),
        options={"rates": {"*": rate_of_step}},
    ),
    Wiring(
        name="schedule_stays_at_first_rate",
        api="nnx",
        also=("DP903",),
        says="The loop sets the rate on the model, but the step rebuilds it as it was at first.",
        mend="Split the model again in each step, or compile the step with nnx.jit.",
        wrong=partial(_scheduled_nnx, split_each_step=False),
        mended=partial(_scheduled_nnx, split_each_step=True),
        options={"rates": {"*": rate_of_step}},
    ),
)
