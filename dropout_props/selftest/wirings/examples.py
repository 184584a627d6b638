"""Examples of a batch that share their masks though nobody declared it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

from dropout_props.selftest.wirings import nnx_models
from dropout_props.selftest.wirings.linen_models import FeedForward, Mlp, linen_training
from dropout_props.selftest.wirings.nnx_models import nnx_training
from dropout_props.selftest.wirings.training import (
    BATCH,
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

Shape = tuple[int, ...]


def _all_axes(shape: Shape) -> Shape:
    return shape


def _batch_shared(shape: Shape) -> Shape:
    return (1, *shape[1:])


def _tokens_shared(shape: Shape) -> Shape:
    return (shape[0], 1, *shape[2:])


def _one_coin(shape: Shape) -> Shape:
    return (1,) * len(shape)


def _coin_of_example(shape: Shape) -> Shape:
    return (shape[0], *(1,) * (len(shape) - 1))


def _coin_of_second_axis(shape: Shape) -> Shape:
    return (1, shape[1], *(1,) * (len(shape) - 2))


class WrittenDropout(nn.Module):
    """A dropout layer of the model's own; `mask_shape` says which units share a coin."""

    rate: float
    mask_shape: Callable[[Shape], Shape] = _all_axes

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        if not train or self.rate == 0:
            return x
        keep = 1 - self.rate
        mask = jax.random.bernoulli(self.make_rng("dropout"), keep, self.mask_shape(x.shape))
        return jnp.where(mask, x / keep, 0)


class _Written(nn.Module):
    """A residual layer with the dropout above, named `drop`; optionally with time first."""

    mask_shape: Callable[[Shape], Shape]
    time_first: bool = False

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        x = x.swapaxes(0, 1) if self.time_first else x
        hidden = nn.gelu(nn.Dense(FEATURES)(x))
        x = x + WrittenDropout(RATE, self.mask_shape, name="drop")(hidden, train=train)
        x = nn.Dense(FEATURES)(x)
        return x.swapaxes(0, 1) if self.time_first else x


class _NnxWritten(nnx.Module):
    """The same for NNX."""

    def __init__(self, mask_shape: Callable[[Shape], Shape], *, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.second = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.rngs = rngs
        self.mask_shape = mask_shape
        self.rate = RATE
        self.deterministic = False  # what model.eval() sets

    def __call__(self, x: Any) -> Any:
        hidden = nnx.gelu(self.first(x))
        if not self.deterministic:
            key = self.rngs.dropout()
            mask = jax.random.bernoulli(key, 1 - self.rate, self.mask_shape(hidden.shape))
            hidden = jnp.where(mask, hidden / (1 - self.rate), 0)
        return self.second(x + hidden)


class _VmappedLayers(nn.Module):
    """A feed-forward layer that nn.vmap applies to each example."""

    split_dropout: bool

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        vmapped = nn.vmap(
            _OneExample,
            variable_axes={"params": None},
            split_rngs={"params": False, "dropout": self.split_dropout},
        )
        return x + vmapped(train, name="vmapped")(x)


class _OneExample(nn.Module):
    """A feed-forward layer whose mode is an attribute, as nn.vmap wants it."""

    train: bool

    @nn.compact
    def __call__(self, x: Any) -> Any:
        return FeedForward(RATE)(x, train=self.train)


def _vmapped_loss(*, split: bool) -> Any:
    """Train a Linen model on the mean of a loss that jax.vmap takes of each example."""
    model = Mlp()

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)

        @jax.jit
        def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            key = key_of_step(root, number)

            def loss(params: Any, key: Any, x: Any, y: Any) -> Any:
                return squared_error(model.apply(params, x, train=True, rngs={"dropout": key}), y)

            def mean_loss(params: Any) -> Any:
                if split:
                    keys = jax.random.split(key, BATCH)
                    return jax.vmap(loss, (None, 0, 0, 0))(params, keys, x, y).mean()
                return jax.vmap(loss, (None, None, 0, 0))(params, key, x, y).mean()

            value, grads = jax.value_and_grad(mean_loss)(params)
            return descend(params, grads), value

        params = first_variables(model, batch(0)[0], train=False)
        params, losses = train(record, steps, step, params)
        return Outcome(losses, params)

    return run


def _vmapped_model(model: Any, x: Any, _number: Any) -> Any:
    return nnx.vmap(lambda model, x: model(x), in_axes=(None, 0))(model, x)


def _vmapped_model_split(model: Any, x: Any, _number: Any) -> Any:
    axes: Any = {nnx.RngState: 0, ...: None}
    vmapped = nnx.vmap(lambda model, x: model(x), in_axes=(nnx.StateAxes(axes), 0))
    split: Any = nnx.split_rngs(splits=BATCH)
    return split(vmapped)(model, x)


def _written(mask_shape: Callable[[Shape], Shape]) -> Any:
    return nnx_training(lambda: _NnxWritten(mask_shape, rngs=nnx.Rngs(params=0, dropout=1)))


WIRINGS = (
    Wiring(
        name="vmap_with_one_key",
        api="linen",
        says="jax.vmap maps the loss over the examples with one key: they share their masks.",
        mend="Split the key, and map the loss over the keys too.",
        wrong=_vmapped_loss(split=False),
        mended=_vmapped_loss(split=True),
        seen_in="equinox#316, functorch#575",
    ),
    Wiring(
        name="lifted_vmap_shares_the_key",
        api="linen",
        says="nn.vmap maps the layer over the examples without splitting the dropout key.",
        mend='Give nn.vmap split_rngs={"params": False, "dropout": True}.',
        wrong=linen_training(_VmappedLayers(split_dropout=False)),
        mended=linen_training(_VmappedLayers(split_dropout=True)),
        seen_in="flax#4973",
    ),
    Wiring(
        name="vmap_shares_the_streams",
        api="nnx",
        says="nnx.vmap broadcasts the model, its streams included: examples share their masks.",
        mend="Split the streams with nnx.split_rngs, and map them along axis 0.",
        wrong=nnx_training(nnx_models.build_mlp, call=_vmapped_model),
        mended=nnx_training(nnx_models.build_mlp, call=_vmapped_model_split),
        needs="0.9.0",
        seen_in="flax#4195",
    ),
    Wiring(
        name="mask_shared_by_the_batch",
        api="linen",
        says="A dropout of the model's own draws one mask for all examples of the batch.",
        mend="Draw the mask in the shape of the whole input.",
        wrong=linen_training(_Written(_batch_shared)),
        mended=linen_training(_Written(_all_axes)),
        seen_in="returnn#366, dynet#812",
    ),
    Wiring(
        name="mask_shared_by_the_batch",
        api="nnx",
        says="A dropout of the model's own draws one mask for all examples of the batch.",
        mend="Draw the mask in the shape of the whole input.",
        wrong=_written(_batch_shared),
        mended=_written(_all_axes),
        seen_in="returnn#366, dynet#812",
    ),
    Wiring(
        name="mask_shared_by_the_tokens",
        api="linen",
        says="A dropout of the model's own draws one mask for all tokens of an example.",
        mend="Draw the mask in the shape of the whole input, or declare the sharing.",
        wrong=linen_training(_Written(_tokens_shared)),
        mended=linen_training(_Written(_all_axes)),
        seen_in="salesforce/awd-lstm-lm#5, pytorch#69801",
    ),
    Wiring(
        name="mask_shared_by_the_tokens",
        api="nnx",
        says="A dropout of the model's own draws one mask for all tokens of an example.",
        mend="Draw the mask in the shape of the whole input, or declare the sharing.",
        wrong=_written(_tokens_shared),
        mended=_written(_all_axes),
        seen_in="salesforce/awd-lstm-lm#5, pytorch#69801",
    ),
    Wiring(
        name="drop_path_of_the_batch",
        api="linen",
        says="DropPath flips one coin for the whole batch.",
        mend="Flip a coin for each example: shape (batch, 1, 1).",
        wrong=linen_training(_Written(_one_coin)),
        mended=linen_training(_Written(_coin_of_example)),
        options={"expect_shared": {"*drop": (1, 2)}},
        seen_in="timm#2118, dinov2#442",
    ),
    Wiring(
        name="drop_path_of_the_tokens",
        api="linen",
        says="DropPath flips a coin for each row of axis 0, where this model has its tokens.",
        mend="Flip a coin for each example, which is axis 1 of the model: shape (1, batch, 1).",
        wrong=linen_training(_Written(_coin_of_example, time_first=True)),
        mended=linen_training(_Written(_coin_of_second_axis, time_first=True)),
        options={"batch_axis": {"*drop": 1}, "expect_shared": {"*drop": (0, 2)}},
        seen_in="microsoft/VideoX#85",
    ),
)
