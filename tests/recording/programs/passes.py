"""Right programs whose masks are shared on purpose, as they declare."""

from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.wirings import Outcome, Record
from dropout_props.selftest.wirings.linen_models import Mlp
from dropout_props.selftest.wirings.plain import LAYERS, plain_mlp, plain_params
from dropout_props.selftest.wirings.training import (
    batch,
    descend,
    first_variables,
    key_of_step,
    squared_error,
    train,
)
from tests.recording.programs.program import Program

__all__ = ["PROGRAMS"]

RADIUS = 0.05
_BOTH = "both passes of sharpness-aware minimisation see one network"


def _sharpness_aware(apply: Any, first: Any) -> Any:
    """Take each gradient where the first pass of the step says that the loss is highest nearby."""

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)

        @jax.jit
        def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            key = key_of_step(root, number)

            def loss(params: Any) -> Any:
                return squared_error(apply(params, x, key), y)

            value, grads = jax.value_and_grad(loss)(params)
            squares = [jnp.sum(leaf**2) for leaf in jax.tree_util.tree_leaves(grads)]
            scale = RADIUS / jnp.sqrt(sum(squares))
            higher = jax.tree_util.tree_map(lambda p, g: p + scale * g, params, grads)
            return descend(params, jax.grad(loss)(higher)), value

        params, losses = train(record, steps, step, first())
        return Outcome(losses, params)

    return run


def _linen_apply(params: Any, x: Any, key: Any) -> Any:
    return Mlp().apply(params, x, train=True, rngs={"dropout": key})


def _linen_params() -> Any:
    return first_variables(Mlp(), batch(0)[0], train=False)


def _plain_apply(params: Any, x: Any, key: Any) -> Any:
    return plain_mlp(params, x, tuple(jax.random.split(key, LAYERS)))


PROGRAMS = (
    Program(
        name="sharpness_aware_minimisation",
        api="linen",
        says="Both passes of a step draw with one key, and the properties of reuse are ignored.",
        run=_sharpness_aware(_linen_apply, _linen_params),
        options={"ignore": {"*": (("DP905", "DP906", "DP910"), _BOTH)}},
    ),
    Program(
        name="sharpness_aware_minimisation",
        api="jax",
        says="Both passes of a step draw with one key, as they declare.",
        run=_sharpness_aware(_plain_apply, plain_params),
        options={"expect_shared": {"*": _BOTH}},
    ),
)
