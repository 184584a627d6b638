"""A backward pass with other masks than the forward pass."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax import nnx

from dropout_props.selftest.wirings import plain
from dropout_props.selftest.wirings.linen_models import FeedForward, linen_training
from dropout_props.selftest.wirings.nnx_models import nnx_training
from dropout_props.selftest.wirings.training import (
    FEATURES,
    RATE,
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

KEEP = 1 - RATE


def _masked(key: Any, x: Any) -> Any:
    return jnp.where(jax.random.bernoulli(key, KEEP, x.shape), x / KEEP, 0)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _own_gradient(key: Any, x: Any, backward_fold: int | None) -> Any:  # noqa: ARG001
    """Drop units, with a backward pass that draws the mask again to save memory."""
    return _masked(key, x)


def _forward(key: Any, x: Any, backward_fold: int | None) -> tuple[Any, Any]:  # noqa: ARG001
    return _masked(key, x), key


def _backward(backward_fold: int | None, key: Any, cotangent: Any) -> tuple[Any, Any]:
    if backward_fold is not None:
        key = jax.random.fold_in(key, backward_fold)
    return None, _masked(key, cotangent)


_own_gradient.defvjp(_forward, _backward)


class _OwnGradient(nn.Module):
    """A residual layer with the dropout above."""

    backward_fold: int | None

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        hidden = nn.gelu(nn.Dense(FEATURES)(x))
        if train:
            key = jax.random.key_data(self.make_rng("dropout"))
            hidden = _own_gradient(key, hidden, self.backward_fold)
        return x + nn.Dense(FEATURES)(hidden)


class _OwnGradientNnx(nnx.Module):
    """The same for NNX."""

    def __init__(self, backward_fold: int | None, *, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.second = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.rngs = rngs
        self.backward_fold = backward_fold
        self.deterministic = False  # what model.eval() sets

    def __call__(self, x: Any) -> Any:
        hidden = nnx.gelu(self.first(x))
        if not self.deterministic:
            key = jax.random.key_data(self.rngs.dropout())
            hidden = _own_gradient(key, hidden, self.backward_fold)
        return x + self.second(hidden)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _recomputed(backward_fold: int | None, params: Any, key: Any, x: Any) -> Any:  # noqa: ARG001
    """Apply a feed-forward layer whose backward pass computes its activations again."""
    return FeedForward().apply(params, x, train=True, rngs={"dropout": key})


def _recomputed_forward(
    backward_fold: int | None, params: Any, key: Any, x: Any
) -> tuple[Any, Any]:
    return _recomputed(backward_fold, params, key, x), (params, key, x)


def _recomputed_backward(backward_fold: int | None, kept: Any, cotangent: Any) -> Any:
    params, key, x = kept
    if backward_fold is not None:
        key = jax.random.fold_in(key, backward_fold)
    layer = FeedForward()

    def again(params: Any, x: Any) -> Any:
        return layer.apply(params, x, train=True, rngs={"dropout": key})

    grads, grad_x = jax.vjp(again, params, x)[1](cotangent)
    return grads, None, grad_x


_recomputed.defvjp(_recomputed_forward, _recomputed_backward)


def _checkpointed(record: Record, steps: int, *, backward_fold: int | None) -> Outcome:
    """Train a Linen layer with hand-written checkpointing."""
    root = jax.random.key(1)

    @jax.jit
    def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
        key = jax.random.key_data(key_of_step(root, number))

        def loss(params: Any) -> Any:
            return squared_error(x + _recomputed(backward_fold, params, key, x), y)

        value, grads = jax.value_and_grad(loss)(params)
        return descend(params, grads), value

    params = first_variables(FeedForward(), batch(0)[0], train=False)
    params, losses = train(record, steps, step, params)
    return Outcome(losses, params)


_calls = itertools.count()
_WORDS = jax.ShapeDtypeStruct((), np.uint32)


def _next_seed(_: Any) -> np.ndarray[Any, Any]:
    return np.asarray(next(_calls), dtype=np.uint32)


def _remat_with_host_seed(params: Any, x: Any, root: Any, number: Any, *, inside: bool) -> Any:
    """Rematerialise layers whose mask depends on a counter of the host."""

    def key_of_host() -> Any:
        seed = jax.pure_callback(_next_seed, _WORDS, number)
        return jax.random.fold_in(key_of_step(root, number), seed)

    @jax.checkpoint
    def layer(weight: Any, key: Any, x: Any) -> Any:
        hidden = jnp.tanh(x @ weight)
        return x + jnp.sin(plain.dropout(key_of_host() if inside else key, hidden))

    keys = [key_of_step(root, number)] * len(params) if inside else [key_of_host() for _ in params]
    for weight, key in zip(params, keys, strict=True):
        x = layer(weight, key, x)
    return x


WIRINGS = (
    Wiring(
        name="gradient_draws_another_mask",
        api="linen",
        says="The custom gradient of the dropout draws its mask from another key.",
        mend="Draw the mask of the backward pass from the key of the forward pass.",
        wrong=linen_training(_OwnGradient(1)),
        mended=linen_training(_OwnGradient(None)),
        seen_in="pytorch#103330, ROCm flash-attention",
    ),
    Wiring(
        name="gradient_draws_another_mask",
        api="nnx",
        says="The custom gradient of the dropout draws its mask from another key.",
        mend="Draw the mask of the backward pass from the key of the forward pass.",
        wrong=nnx_training(lambda: _OwnGradientNnx(1, rngs=nnx.Rngs(params=0, dropout=1))),
        mended=nnx_training(lambda: _OwnGradientNnx(None, rngs=nnx.Rngs(params=0, dropout=1))),
        seen_in="pytorch#103330, ROCm flash-attention",
    ),
    Wiring(
        name="checkpoint_by_hand_draws_again",
        api="linen",
        says="The backward pass computes the layer again, under another key.",
        mend="Keep the key of the forward pass, and compute the layer again with it.",
        wrong=partial(_checkpointed, backward_fold=1),
        mended=partial(_checkpointed, backward_fold=None),
        seen_in="pytorch#190758, OLMo-core#828, guided-diffusion#167",
    ),
    Wiring(
        name="remat_draws_again",
        api="jax",
        says="A rematerialised layer asks the host for a seed, and gets a new one the second time.",
        mend="Take the seed outside of jax.checkpoint, and hand the key to the layer.",
        wrong=plain.jax_training(partial(_remat_with_host_seed, inside=True)),
        mended=plain.jax_training(partial(_remat_with_host_seed, inside=False)),
        seen_in="pytorch#14253, xla#4690",
    ),
)
