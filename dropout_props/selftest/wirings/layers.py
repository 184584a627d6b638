"""Layers of a scan that share one mask: the key is not split over the iterations."""

from __future__ import annotations

from typing import Any

import jax
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
    first_variables,
    key_of_step,
    squared_error,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Wiring

__all__ = ["WIRINGS"]

LAYERS = 3


class _ScannedLayer(nn.Module):
    """A residual feed-forward layer as the body of nn.scan."""

    train: bool

    @nn.compact
    def __call__(self, x: Any, _: Any) -> tuple[Any, None]:
        return x + FeedForward(RATE)(x, train=self.train), None


class _Scanned(nn.Module):
    """Layers that nn.scan stacks."""

    split_dropout: bool

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        stack = nn.scan(
            _ScannedLayer,
            variable_axes={"params": 0},
            split_rngs={"params": True, "dropout": self.split_dropout},
            length=LAYERS,
        )
        return stack(train, name="stack")(x, None)[0]


class _RefinedByScan(nn.Module):
    """One weight matrix, applied several times, with a dropout each time."""

    lifted: bool

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        weight = self.param("weight", nn.initializers.lecun_normal(), (FEATURES, FEATURES))
        drop = nn.Dropout(RATE, deterministic=not train)

        def refine(module: Any, x: Any, _: Any) -> tuple[Any, None]:
            return x + module(nn.gelu(x @ weight)), None

        if self.lifted:
            scan = nn.scan(refine, split_rngs={"dropout": True}, length=LAYERS)
            return scan(drop, x, None)[0]
        return jax.lax.scan(lambda x, _: refine(drop, x, _), x, None, length=LAYERS)[0]


class _RefinedByClosure(_RefinedByScan):
    """As above, but the lifted body closes over the dropout, if it is not handed over."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        weight = self.param("weight", nn.initializers.lecun_normal(), (FEATURES, FEATURES))
        drop = nn.Dropout(RATE, deterministic=not train)

        def refine(module: Any, x: Any, _: Any) -> tuple[Any, None]:
            inner = module if self.lifted else drop
            return x + inner(nn.gelu(x @ weight)), None

        scan = nn.scan(refine, split_rngs={"dropout": True}, length=LAYERS)
        return scan(drop if self.lifted else self, x, None)[0]


class _Cell(nn.RNNCellBase):
    """An LSTM cell with dropout on its input."""

    train: bool = False

    def setup(self) -> None:
        self.cell = nn.OptimizedLSTMCell(FEATURES)
        self.drop = nn.Dropout(RATE, deterministic=not self.train)

    def __call__(self, carry: Any, x: Any) -> Any:
        return self.cell(carry, self.drop(x))

    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> Any:
        return nn.OptimizedLSTMCell(FEATURES, parent=None).initialize_carry(rng, input_shape)

    @property
    def num_feature_axes(self) -> int:
        return 1


class _Lstm(nn.Module):
    """An LSTM over the tokens."""

    split_dropout: bool

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        split_rngs: Any = {"params": False, "dropout": self.split_dropout}
        return nn.RNN(_Cell(train=train), split_rngs=split_rngs)(x)


class _NnxScanned(nnx.Module):
    """Layers that nnx.vmap builds and nnx.scan runs, with one stream, or one for each layer."""

    def __init__(self, *, rngs: nnx.Rngs, split_dropout: bool, split_rngs: bool = True) -> None:
        rest = 0 if split_dropout else None
        of_layers: Any = {nnx.Param: 0, ...: rest}
        of_streams: Any = {"params": 0, ...: rest}
        self.axes = nnx.StateAxes(of_layers)

        def build(rngs: nnx.Rngs) -> nnx_models.FeedForward:
            return nnx_models.FeedForward(RATE, rngs=rngs)

        if not split_rngs:
            self.layers = nnx.vmap(build, in_axes=None, axis_size=LAYERS)(rngs)
        else:
            vmapped = nnx.vmap(build, in_axes=(nnx.StateAxes(of_streams),), out_axes=self.axes)
            only = ... if split_dropout else "params"
            self.layers = nnx.split_rngs(splits=LAYERS, only=only)(vmapped)(rngs)

    def __call__(self, x: Any) -> Any:
        @nnx.scan(in_axes=(self.axes, nnx.Carry), out_axes=nnx.Carry)
        def forward(layer: Any, x: Any) -> Any:
            return x + layer(x)

        return forward(self.layers, x)


class _NnxLstm(nnx.Module):
    """An LSTM over the tokens, whose cell has dropout on its input."""

    def __init__(self, *, rngs: nnx.Rngs, **options: Any) -> None:
        # Named here: the oldest supported Flax has no nnx.RNN to inherit from or to build.
        class Cell(nnx.OptimizedLSTMCell):
            drop: Any

            def __call__(self, carry: Any, x: Any) -> Any:
                return super().__call__(carry, self.drop(x))

        cell: Any = Cell(FEATURES, FEATURES, rngs=rngs)
        cell.drop = nnx.Dropout(RATE, rngs=rngs)
        self.rnn = nnx.RNN(cell, **options)

    def __call__(self, x: Any) -> Any:
        return self.rnn(x)


def _steps_in_scan(*, split: bool) -> Any:
    """Train a Linen model for all steps in one jax.lax.scan."""
    model = Mlp()

    def run(record: Record, steps: int) -> Outcome:
        record.step()
        x, y = batch(0)
        root = jax.random.key(1)

        def step(params: Any, number: Any) -> tuple[Any, Any]:
            key = key_of_step(root, number) if split else root

            def loss(params: Any) -> Any:
                return squared_error(model.apply(params, x, train=True, rngs={"dropout": key}), y)

            value, grads = jax.value_and_grad(loss)(params)
            return descend(params, grads), value

        params = first_variables(model, x, train=False)
        numbers = jax.numpy.arange(steps)
        params, losses = jax.jit(lambda params: jax.lax.scan(step, params, numbers))(params)
        return Outcome(tuple(float(loss) for loss in losses), params)

    return run


def _nnx_lstm(**options: Any) -> Any:
    return lambda: _NnxLstm(rngs=nnx.Rngs(params=0, dropout=1), **options)


def _nnx_stack(**options: bool) -> Any:
    return lambda: _NnxScanned(rngs=nnx.Rngs(params=0, dropout=1), **options)


WIRINGS = (
    Wiring(
        name="scan_shares_the_key",
        api="linen",
        also=("DP905",),
        says="nn.scan stacks the layers without splitting the dropout key: one mask for all.",
        mend='Give nn.scan split_rngs={"params": True, "dropout": True}.',
        wrong=linen_training(_Scanned(split_dropout=False)),
        mended=linen_training(_Scanned(split_dropout=True)),
        seen_in="flax#2918, flax#4589",
    ),
    Wiring(
        name="raw_scan_in_module",
        api="linen",
        also=("DP905",),
        says="jax.lax.scan runs a dropout of the module: the key is drawn once, at trace time.",
        mend="Use nn.scan with split_rngs, and hand the dropout to it.",
        wrong=linen_training(_RefinedByScan(lifted=False)),
        mended=linen_training(_RefinedByScan(lifted=True)),
        needs="0.10.1",
        seen_in="Flax 0.10.1 and later no longer refuse it",
    ),
    Wiring(
        name="scan_body_closes_over_dropout",
        api="linen",
        also=("DP905",),
        says="The body of nn.scan closes over a dropout, which split_rngs does not reach.",
        mend="Hand the dropout to nn.scan as its module argument.",
        wrong=linen_training(_RefinedByClosure(lifted=False)),
        mended=linen_training(_RefinedByClosure(lifted=True)),
        needs="0.10.1",
        seen_in="flax#4950",
    ),
    Wiring(
        name="time_steps_share_the_key",
        api="linen",
        also=("DP905",),
        says="The RNN runs its cell over time without splitting the dropout key.",
        mend='Give nn.RNN split_rngs={"params": False, "dropout": True}.',
        wrong=linen_training(_Lstm(split_dropout=False)),
        mended=linen_training(_Lstm(split_dropout=True)),
        seen_in="flax#2194, tf#7927",
    ),
    Wiring(
        name="time_steps_share_the_streams",
        api="nnx",
        also=("DP905",),
        says="nnx.RNN broadcasts the dropout stream of its cell: one mask for all times.",
        mend="Leave out broadcast_rngs, or declare the sharing.",
        wrong=nnx_training(_nnx_lstm(broadcast_rngs="dropout")),
        mended=nnx_training(_nnx_lstm()),
        needs="0.10.7",
        seen_in="flax#2194, tf#7927",
    ),
    Wiring(
        name="steps_in_scan_share_the_key",
        api="linen",
        also=("DP905", "DP907"),
        says="All steps run in one jax.lax.scan, whose body closes over the key.",
        mend="Fold the number of the step into the key, in the body.",
        wrong=_steps_in_scan(split=False),
        mended=_steps_in_scan(split=True),
    ),
    Wiring(
        name="scan_shares_the_streams",
        api="nnx",
        also=("DP905", "DP907"),
        says="nnx.scan broadcasts the streams, and drops their counts: one mask for all layers.",
        mend="Split the streams with nnx.split_rngs, and scan them along axis 0.",
        wrong=nnx_training(_nnx_stack(split_dropout=False)),
        mended=nnx_training(_nnx_stack(split_dropout=True)),
        needs="0.11.0",
    ),
    Wiring(
        name="layers_built_from_one_stream",
        api="nnx",
        also=("DP905",),
        says="nnx.vmap builds the layers without nnx.split_rngs: all layers get the same streams.",
        mend="Decorate the vmapped constructor with nnx.split_rngs.",
        wrong=nnx_training(_nnx_stack(split_dropout=True, split_rngs=False)),
        mended=nnx_training(_nnx_stack(split_dropout=True)),
        needs="0.11.0",
        seen_in="flax#4195",
    ),
)
