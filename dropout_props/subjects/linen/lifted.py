"""Linen models that call one layer under the lifted transforms of `flax.linen`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from dropout_props.subjects.errors import Unsupported
from dropout_props.subjects.operations import Under
from dropout_props.subjects.protocol import Array

__all__ = ["Body", "lifted"]


class Body(nn.Module):
    """One layer. Its mode is an attribute or, under `nn.jit`, a static argument."""

    layer: nn.Module
    modes: tuple[
        dict[str, Any], dict[str, Any]
    ]  # arguments of the call in evaluation and in training
    training: bool = True
    history: int = 0

    def __call__(self, x: Array, training: bool | None = None) -> Array:  # noqa: FBT001
        """Return one output."""
        mode = self.modes[self.training if training is None else training]
        return self.layer(x, **mode)


# Made once: nn.jit also caches by class, and a new class may get the address of a deleted one.
_COMPILED: Any = nn.jit(Body, static_argnums=(2,))


class _Step(Body):
    """The body as one step of a scan."""

    def __call__(self, carry: Array, _number: Any = None) -> Any:
        return carry, Body.__call__(self, carry)


class _Calls(nn.Module):
    """A body that is called several times, with its mode as a static argument."""

    body: nn.Module
    times: int
    training: bool

    def __call__(self, x: Array) -> tuple[Array, ...]:
        return tuple(self.body(x, self.training) for _ in range(self.times))


class _Rows(nn.Module):
    body: nn.Module
    times: int

    def __call__(self, x: Array) -> tuple[Array, ...]:
        return tuple(self.body(jnp.stack([x] * self.times)))


class _Scanned(nn.Module):
    body: nn.Module
    times: int

    def __call__(self, x: Array) -> tuple[Array, ...]:
        return tuple(self.body(x, jnp.arange(self.times))[1])


class _Branches(nn.Module):
    """A body that is called in a branch of `nn.cond` or `nn.switch`."""

    body: nn.Module
    times: int
    switch: bool

    def __call__(self, x: Array) -> tuple[Array, ...]:
        def branch(body: nn.Module, x: Array) -> Array:
            return body(x)

        if self.switch:
            return tuple(nn.switch(1, [branch, branch], self.body, x) for _ in range(self.times))
        flag = jnp.asarray(True)  # noqa: FBT003
        return tuple(nn.cond(flag, branch, branch, self.body, x) for _ in range(self.times))


class _While(nn.Module):
    body: nn.Module
    times: int
    stream: str

    def __call__(self, x: Array) -> tuple[Array, ...]:
        def step(body: nn.Module, state: Any) -> Any:
            number, outputs = state
            return number + 1, outputs.at[number].set(body(x))

        start = 0, jnp.stack([jnp.zeros_like(self.body(x))] * self.times)
        loop = nn.while_loop(
            lambda _, state: state[0] < self.times,
            step,
            self.body,
            start,
            broadcast_variables="params",
            split_rngs={"params": False, self.stream: True},
        )
        return tuple(loop[1])


class _Raw(nn.Module):
    """A body under JAX's own transforms, or inside the closure that `nn.scan` runs."""

    body: nn.Module
    times: int
    how: str

    @nn.compact
    def __call__(self, x: Array) -> tuple[Array, ...]:
        if self.how in ("raw jit", "raw remat"):
            transform: Any = {"raw jit": jax.jit, "raw remat": jax.checkpoint}[self.how]
            again = transform(lambda x: self.body(x))  # noqa: PLW0108 - Linen refuses a module
            return tuple(again(x) for _ in range(self.times))
        if self.how == "raw scan":
            _, outputs = jax.lax.scan(lambda c, _: (c, self.body(x)), 0, jnp.arange(self.times))
            return tuple(outputs)

        def step(_module: nn.Module, carry: int, _number: Array) -> Any:
            return carry, self.body(x)

        streams: dict[Any, bool] = {"params": False, "dropout": True}
        scan = nn.scan(step, variable_broadcast="params", split_rngs=streams, length=self.times)
        return tuple(scan(_Nothing(), 0, jnp.arange(self.times))[1])


class _Nothing(nn.Module):
    """The module that `nn.scan` requires where its body uses a module of the enclosing scope."""


def lifted(
    operation: Under,
    layer: nn.Module,
    modes: tuple[dict[str, Any], dict[str, Any]],
    *,
    stream: str,
    training: bool,
    history: int,
) -> nn.Module:
    """Return a model that calls a layer under a transform.

    Args:
        operation: the transform, and the number of calls.
        layer: an unbound module.
        modes: arguments of the layer's call that set evaluation, and training.
        stream: the stream that the layer draws from.
        training: the mode.
        history: models with equal numbers share what `nn.jit` caches of them.

    Raises:
        Unsupported: Linen has no such transform.
    """
    how, times = operation.transform, operation.times
    arguments: dict[str, Any] = {"layer": layer, "modes": modes}
    split: dict[Any, bool] = {"params": False, stream: not how.startswith("shared")}

    def called() -> nn.Module:
        static: dict[str, Any] = {"static_argnums": (2,)}
        classes = {"plain": Body, "jit": _COMPILED, "remat": nn.remat(Body, **static)}
        return _Calls(classes[how](**arguments, history=history), times, training)

    def rows() -> nn.Module:
        batched = nn.vmap(Body, in_axes=0, variable_axes={"params": None}, split_rngs=split)
        return _Rows(batched(**arguments, training=training), times)

    def steps() -> nn.Module:
        scanned = nn.scan(_Step, variable_broadcast="params", split_rngs=split, length=times)
        return _Scanned(scanned(**arguments, training=training), times)

    def body() -> nn.Module:
        return Body(**arguments, training=training)

    models: dict[str, Callable[[], nn.Module]] = {
        "plain": called,
        "jit": called,
        "remat": called,
        "vmap": rows,
        "shared vmap": rows,
        "scan": steps,
        "shared scan": steps,
        "cond": lambda: _Branches(body(), times, switch=False),
        "switch": lambda: _Branches(body(), times, switch=True),
        "while": lambda: _While(body(), times, stream),
        "raw scan": lambda: _Raw(body(), times, how),
        "raw jit": lambda: _Raw(body(), times, how),
        "raw remat": lambda: _Raw(body(), times, how),
        "closed scan": lambda: _Raw(body(), times, how),
    }
    if how not in models:
        raise Unsupported(f"Linen has no {how}")
    return models[how]()
