"""A training that is saved and restored, without its random state.

Each program is a `Resumable`: besides `run(record, steps)`, which saves and restores in the middle,
it has the parts of a run, so that an uninterrupted training can be compared with a resumed one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from dropout_props.selftest.wirings.linen_models import Mlp
from dropout_props.selftest.wirings.nnx_models import build_mlp, descend_in_place
from dropout_props.selftest.wirings.training import (
    batch,
    descend,
    first_variables,
    key_of_step,
    squared_error,
    train,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Wiring

__all__ = ["WIRINGS", "Resumable"]


@dataclass(frozen=True)
class Resumable:
    """A training in parts.

    Attributes:
        start: makes the state that a training begins with.
        train: `train(record, state, steps)` returns the state after some steps, and the losses.
        save: writes what is saved of a state to a file.
        restore: makes a state from such a file.
    """

    start: Callable[[], Any]
    train: Callable[[Record, Any, int], tuple[Any, tuple[float, ...]]]
    save: Callable[[Any, Path], None]
    restore: Callable[[Path], Any]

    def __call__(self, record: Record, steps: int) -> Outcome:
        """Train half of the steps, save, restore, and train the other half."""
        state, first = self.train(record, self.start(), steps // 2)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "checkpoint"
            self.save(state, path)
            state = self.restore(path)
        state, second = self.train(record, state, steps - steps // 2)
        return Outcome((*first, *second), state)


def _write(tree: Any, path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, *jax.tree_util.tree_leaves(tree))


def _read(like: Any, path: Path) -> Any:
    with np.load(path) as saved:
        leaves = [saved[name] for name in saved.files]
    return jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(like), leaves)


def _linen(*, save_step: bool) -> Resumable:
    """A state of parameters, step and batch position, of which the step may not be saved."""
    model = Mlp()
    root = jax.random.key(1)

    def start() -> dict[str, Any]:
        params = first_variables(model, batch(0)[0], train=False)
        return {"params": params, "step": 0, "seen": 0}

    @jax.jit
    def compiled(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
        def loss(params: Any) -> Any:
            rngs = {"dropout": key_of_step(root, number)}
            return squared_error(model.apply(params, x, train=True, rngs=rngs), y)

        value, grads = jax.value_and_grad(loss)(params)
        return descend(params, grads), value

    def step(state: Any, _number: int, x: Any, y: Any) -> tuple[Any, Any]:
        params, value = compiled(state["params"], state["step"], x, y)
        return {"params": params, "step": state["step"] + 1, "seen": state["seen"] + 1}, value

    def train_on(record: Record, state: Any, steps: int) -> Any:
        return train(record, steps, step, state, first=int(state["seen"]))

    def save(state: Any, path: Path) -> None:
        _write(state if save_step else {**state, "step": 0}, path)

    return Resumable(start, train_on, save, lambda path: _read(start(), path))


def _nnx(*, save_streams: bool) -> Resumable:
    """A model, of which the state of the streams may not be saved."""

    @nnx.jit
    def compiled(model: Any, x: Any, y: Any) -> Any:
        value, grads = nnx.value_and_grad(lambda model: squared_error(model(x), y))(model)
        descend_in_place(model, grads)
        return value

    def step(state: Any, _number: int, x: Any, y: Any) -> tuple[Any, Any]:
        model, seen = state
        value = compiled(model, jax.numpy.asarray(x), jax.numpy.asarray(y))
        return (model, seen + 1), value

    def train_on(record: Record, state: Any, steps: int) -> Any:
        return train(record, steps, step, state, first=int(state[1]))

    saved: Any = (nnx.Param, nnx.RngCount) if save_streams else (nnx.Param,)

    def save(state: Any, path: Path) -> None:
        model, seen = state
        _write((nnx.state(model, saved), seen), path)

    def restore(path: Path) -> Any:
        model = build_mlp()
        restored, seen = _read((nnx.state(model, saved), 0), path)
        nnx.update(model, restored)
        return model, seen

    return Resumable(lambda: (build_mlp(), 0), train_on, save, restore)


WIRINGS = (
    Wiring(
        name="step_not_saved",
        api="linen",
        also=("DP905", "DP907"),
        says="The checkpoint lacks the step that the keys come from: masks begin from the start.",
        mend="Save the step, or the key, with the parameters.",
        wrong=_linen(save_step=False),
        mended=_linen(save_step=True),
        seen_in="maxtext#276, flax 9fdf59f0",
    ),
    Wiring(
        name="streams_not_saved",
        api="nnx",
        also=("DP905", "DP907"),
        says="The checkpoint holds the parameters alone: the streams begin from the start.",
        mend="Save the counts of the streams too: nnx.RngCount.",
        wrong=_nnx(save_streams=False),
        mended=_nnx(save_streams=True),
        seen_in="maxtext#276, flax 9fdf59f0",
    ),
)
