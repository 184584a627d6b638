"""Right programs under transforms: branches, rematerialisation, scans, loops, vmap."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

from dropout_props.selftest.wirings import Outcome, Record, nnx_models
from dropout_props.selftest.wirings.linen_models import FeedForward, Mlp, linen_training
from dropout_props.selftest.wirings.nnx_models import nnx_training
from dropout_props.selftest.wirings.plain import dropout, jax_training
from dropout_props.selftest.wirings.training import (
    BATCH,
    RATE,
    batch,
    descend,
    first_variables,
    key_of_step,
    squared_error,
)
from tests.recording.programs.program import Program

__all__ = ["PROGRAMS"]


def _two_ways(params: Any, x: Any, key: Any) -> Any:
    """Drop units before or after the product, by a condition: one key, and one draw of two."""
    weight, _ = params
    return jax.lax.cond(
        x.mean() > 0,
        lambda x: x + dropout(key, jnp.tanh(x @ weight)),
        lambda x: x + jnp.tanh(dropout(key, x) @ weight),
        x,
    )


def _cond(params: Any, x: Any, root: Any, number: Any) -> Any:
    return _two_ways(params, x, key_of_step(root, number))


def _cond_under_vmap(params: Any, x: Any, root: Any, number: Any) -> Any:
    keys = jax.random.split(key_of_step(root, number), BATCH)
    return jax.vmap(lambda x, key: _two_ways(params, x, key))(x, keys)


def _switch(params: Any, x: Any, root: Any, number: Any) -> Any:
    key = key_of_step(root, number)
    branches = [
        lambda x, weight=weight, sign=sign: x + sign * dropout(key, jnp.tanh(x @ weight))
        for weight in params
        for sign in (1, -1)
    ]
    return jax.lax.switch(number % len(branches), branches, x)


class _Layer(nn.Module):
    """A residual layer as the body of a scan."""

    train: bool

    @nn.compact
    def __call__(self, x: Any, _: Any) -> tuple[Any, None]:
        return x + FeedForward(RATE)(x, train=self.train), None


class _RematScanned(nn.Module):
    """Layers that nn.scan stacks, rematerialised in the backward pass."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        stack = nn.scan(
            nn.remat(_Layer, prevent_cse=False),
            variable_axes={"params": 0},
            split_rngs={"params": True, "dropout": True},
            length=3,
        )
        return stack(train, name="stack")(x, None)[0]


class _Remat(nn.Module):
    """Two layers, each rematerialised."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        for number in range(2):
            x, _ = nn.remat(_Layer)(train, name=f"layer_{number}")(x, None)
        return x


class _NnxRemat(nnx_models.Mlp):
    """Two layers, each rematerialised."""

    def __call__(self, x: Any, **dropout: Any) -> Any:
        def forward(layer: Any, x: Any) -> Any:
            return x + layer(x, **dropout)

        forward = nnx.remat(forward)
        return forward(self.layer_1, forward(self.layer_0, x))


def _remat_plain(params: Any, x: Any, root: Any, number: Any) -> Any:
    @jax.checkpoint
    def layer(weight: Any, key: Any, x: Any) -> Any:
        return x + jnp.sin(dropout(key, jnp.tanh(x @ weight)))

    for weight, key in zip(params, jax.random.split(key_of_step(root, number)), strict=True):
        x = layer(weight, key, x)
    return x


def _scan_plain(params: Any, x: Any, root: Any, number: Any) -> Any:
    """Scan over layers; the keys are scanned with the weights, each step rematerialised."""

    @jax.checkpoint
    def layer(x: Any, part: Any) -> tuple[Any, None]:
        weight, key = part
        return x + jnp.sin(dropout(key, jnp.tanh(x @ weight))), None

    keys = jax.random.split(key_of_step(root, number))
    return jax.lax.scan(layer, x, (jnp.stack(params), keys))[0]


def _step_in_loop(model: Any, root: Any, x: Any, y: Any) -> Any:
    def step(number: Any, params: Any) -> Any:
        rngs = {"dropout": key_of_step(root, number)}

        def loss(params: Any) -> Any:
            return squared_error(model.apply(params, x, train=True, rngs=rngs), y)

        return descend(params, jax.grad(loss)(params))

    return step


def _while_loop(record: Record, steps: int) -> Outcome:
    """Train in one jax.lax.while_loop."""
    record.step()
    model = Mlp()
    x, y = batch(0)
    step = _step_in_loop(model, jax.random.key(1), x, y)

    @jax.jit
    def all_steps(params: Any) -> Any:
        def body(state: Any) -> Any:
            number, params = state
            return number + 1, step(number, params)

        _, params = jax.lax.while_loop(lambda state: state[0] < steps, body, (0, params))
        return params, squared_error(model.apply(params, x, train=False), y)

    params, loss = all_steps(first_variables(model, x, train=False))
    return Outcome((float(loss),), params)


def _fori_loop(record: Record, steps: int) -> Outcome:
    """Train in one jax.lax.fori_loop."""
    record.step()
    model = Mlp()
    x, y = batch(0)
    step = _step_in_loop(model, jax.random.key(1), x, y)

    @jax.jit
    def all_steps(params: Any) -> Any:
        params = jax.lax.fori_loop(0, steps, step, params)
        return params, squared_error(model.apply(params, x, train=False), y)

    params, loss = all_steps(first_variables(model, x, train=False))
    return Outcome((float(loss),), params)


def _eager(record: Record, steps: int) -> Outcome:
    """Train without compiling anything."""
    model = Mlp()
    x, y = batch(0)
    step = _step_in_loop(model, jax.random.key(1), x, y)
    params = first_variables(model, x, train=False)
    losses = []
    for number in range(steps):
        record.step()
        params = step(number, params)
        losses.append(float(squared_error(model.apply(params, x, train=False), y)))
    return Outcome(tuple(losses), params)


PROGRAMS = (
    Program(
        name="cond",
        api="jax",
        says="Both branches of a cond draw from one key, and one of them runs.",
        run=jax_training(_cond),
    ),
    Program(
        name="cond_under_vmap",
        api="jax",
        says="Under vmap, both branches of a cond run, with the same key, and one counts.",
        run=jax_training(_cond_under_vmap),
    ),
    Program(
        name="switch",
        api="jax",
        says="All branches of a switch draw from one key, and one of them runs.",
        run=jax_training(_switch),
    ),
    Program(
        name="remat",
        api="linen",
        says="The backward pass draws the masks of the forward pass again.",
        run=linen_training(_Remat()),
    ),
    Program(
        name="remat_over_scan",
        api="linen",
        says="The backward pass of a scan draws the masks of each iteration again.",
        run=linen_training(_RematScanned()),
    ),
    Program(
        name="remat",
        api="nnx",
        says="The backward pass draws the masks of the forward pass again.",
        run=nnx_training(lambda: _NnxRemat(rngs=nnx.Rngs(params=0, dropout=1))),
    ),
    Program(
        name="remat",
        api="jax",
        says="The backward pass draws the masks of the forward pass again.",
        run=jax_training(_remat_plain),
    ),
    Program(
        name="remat_in_scan",
        api="jax",
        says="The backward pass of a scan draws the masks of each iteration again.",
        run=jax_training(_scan_plain),
    ),
    Program(
        name="while_loop",
        api="linen",
        says="All steps run in one while_loop, which folds its counter into the key.",
        run=_while_loop,
    ),
    Program(
        name="fori_loop",
        api="linen",
        says="All steps run in one fori_loop, which folds its counter into the key.",
        run=_fori_loop,
    ),
    Program(name="eager", api="linen", says="Nothing is compiled.", run=_eager),
)
