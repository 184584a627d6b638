"""Steps that share their masks: the key does not move on from one step to the next."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from dropout_props.selftest.wirings.linen_models import Mlp, Transformer, linen_training
from dropout_props.selftest.wirings.nnx_models import build_mlp, descend_in_place, nnx_training
from dropout_props.selftest.wirings.training import (
    batch,
    key_of_step,
    squared_error,
    train,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Wiring

__all__ = ["WIRINGS"]

STEPS_OF_EPOCH = 4


def _same_key(root: Any, _number: Any) -> Any:
    return root


def _child_of_root(root: Any, _number: Any) -> Any:
    return jax.random.split(root)[1]


def _child_of_step(root: Any, number: Any) -> Any:
    return jax.random.split(key_of_step(root, number))[1]


def _key_of_step_in_epoch(root: Any, number: Any) -> Any:
    return key_of_step(root, number % STEPS_OF_EPOCH)


def _streams_of_one_seed(model: Any, x: Any, _number: Any) -> Any:
    return model(x, rngs=nnx.Rngs(dropout=7))


def _streams_of_step(model: Any, x: Any, number: Any) -> Any:
    return model(x, rngs=nnx.Rngs(dropout=key_of_step(jax.random.key(7), number)))


def _reseed(model: Any, number: int) -> None:
    if number % STEPS_OF_EPOCH == 0:
        nnx.reseed(model, dropout=1)


def _functional(*, carry_streams: bool) -> Any:
    """Train an NNX model as plain functions of its parameters and its other state."""

    def run(record: Record, steps: int) -> Outcome:
        parts: Any = nnx.split(build_mlp(), nnx.Param, ...)
        definition = parts[0]

        @jax.jit
        def compiled(params: Any, rest: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
            model = nnx.merge(definition, params, rest)
            value, grads = nnx.value_and_grad(lambda model: squared_error(model(x), y))(model)
            descend_in_place(model, grads)
            return *nnx.state(model, nnx.Param, nnx.Not(nnx.Param)), value

        def step(state: Any, _number: int, x: Any, y: Any) -> tuple[Any, Any]:
            params, rest, value = compiled(*state, x, y)
            return (params, rest if carry_streams else state[1]), value

        @jax.jit
        def predict(params: Any, rest: Any) -> Any:
            model: Any = nnx.merge(definition, params, rest)
            model.eval()
            return model(jnp.asarray(batch(0)[0]))

        state, losses = train(record, steps, step, parts[1:])
        return Outcome(losses, state, lambda: predict(*state))

    return run


WIRINGS = (
    Wiring(
        name="one_key_for_all_steps",
        api="linen",
        also=("DP905",),
        says="Every step hands the same dropout key to the model, so the masks never change.",
        mend="Fold the number of the step into the key: jax.random.fold_in(key, step).",
        wrong=linen_training(Transformer(), key=_same_key),
        mended=linen_training(Transformer(), key=key_of_step),
        seen_in="flax ebc27036, axon#423, d2l-en#2405",
    ),
    Wiring(
        name="one_key_for_all_steps",
        api="nnx",
        also=("DP905",),
        says="The step builds its random streams from a constant seed, so the masks never change.",
        mend="Build the streams from a key into which the number of the step is folded.",
        wrong=nnx_training(build_mlp, call=_streams_of_one_seed),
        mended=nnx_training(build_mlp, call=_streams_of_step),
        seen_in="keras#20378",
    ),
    Wiring(
        name="parent_split_again_each_step",
        api="linen",
        also=("DP905",),
        says="Each step splits the same parent key and throws the new parent away.",
        mend="Keep the new parent, `key, dropout_key = split(key)`, or fold in the step first.",
        wrong=linen_training(Mlp(), key=_child_of_root),
        mended=linen_training(Mlp(), key=_child_of_step),
        seen_in="blackjax#53",
    ),
    Wiring(
        name="same_seed_every_epoch",
        api="linen",
        also=("DP905",),
        says="The number of the step restarts with each epoch, and so do the keys.",
        mend="Fold in a number that counts all steps of the training.",
        wrong=linen_training(Mlp(), key=_key_of_step_in_epoch),
        mended=linen_training(Mlp(), key=key_of_step),
    ),
    Wiring(
        name="same_seed_every_epoch",
        api="nnx",
        also=("DP905",),
        says="nnx.reseed sets the dropout streams to the same seed at the start of each epoch.",
        mend="Do not reseed between epochs: the streams go on by themselves.",
        wrong=nnx_training(build_mlp, before_step=_reseed),
        mended=nnx_training(build_mlp),
        needs="0.9.0",
    ),
    Wiring(
        name="streams_not_carried",
        api="nnx",
        also=("DP905",),
        says="The functional step returns the parameters and drops the state of the streams.",
        mend="Return the state of the streams too, and hand it to the next step.",
        wrong=_functional(carry_streams=False),
        mended=_functional(carry_streams=True),
        seen_in="keras#20378",
    ),
)
