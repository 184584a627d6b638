"""The moves on streams and models, as the installed Flax makes them.

The machine uses Flax only through these; a fault is a subclass that makes one move wrongly. The
mask of 64 units that a key gives identifies the key: two keys give one mask with probability 2^-64.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dropout_props.subjects.nnx.steps import _from_host, _to_host

__all__ = ["NAMES", "SPLIT_ENDS", "Model", "Moves"]

_UNITS, _RATE = 64, 0.5
NAMES = ("first", "second")


class Model(nnx.Module):
    """One or two dropout layers side by side, all on one set of streams."""

    def __init__(self, layers: tuple[Any, ...]) -> None:
        for name, layer in zip(NAMES, layers, strict=False):
            setattr(self, name, layer)

    def __call__(self, x: Any) -> tuple[Any, ...]:
        """Return the output of each layer."""
        return tuple(getattr(self, name)(x) for name in NAMES if hasattr(self, name))


def _call(model: Any, x: Any) -> Any:
    return model(x)


_CALL: Any = nnx.jit(_call)
_DRAW: dict[str, Any] = {
    "dropout": nnx.jit(lambda rngs: rngs.dropout()),
    "params": nnx.jit(lambda rngs: rngs.params()),
}
_ONES = jnp.ones(_UNITS)


def _packed(mask: Any) -> bytes:
    return np.packbits(np.asarray(mask)).tobytes()


def _splits_are_folds() -> bool:
    rows = jax.random.split(jax.random.PRNGKey(7), 2)
    folds = [jax.random.fold_in(jax.random.PRNGKey(7), row) for row in range(2)]
    return np.array_equal(rows, np.stack(folds))


SPLIT_ENDS: list[tuple[object, ...]] = (
    [(0,), (1,)] if _splits_are_folds() else [("row 0",), ("row 1",)]
)
"""The end of the path of each row of a split key. Where JAX splits a key as it folds numbers in,
row i of a key is the key that a stream on it issues at position i."""


class Moves:
    """The moves of Flax itself."""

    layer: type[nnx.Dropout] = nnx.Dropout

    def derives(self, how: str) -> bool:
        """Return whether the installed Rngs has this method."""
        return how in vars(nnx.Rngs)  # on an instance, every name is that of a stream

    def reseeds(self) -> bool:
        """Return whether the installed release can reseed."""
        return hasattr(nnx, "reseed")

    def rngs(self, seeds: Mapping[str, Any]) -> Any:
        """Build a set of streams on seeds or keys."""
        return nnx.Rngs(dict(seeds))

    def build(self, rngs: Any, size: int) -> Any:
        """Build a model in training mode."""
        return Model(tuple(self.layer(_RATE, rngs=rngs) for _ in range(size)))

    def counts(self, thing: Any) -> dict[str, int]:
        """Return how many keys each stream of a set, or of a model's layers, says it issued."""
        if isinstance(thing, nnx.Rngs):
            streams = {name: thing[name] for name in thing}
        else:
            rngs = {name: getattr(thing, name).rngs for name in NAMES if hasattr(thing, name)}
            streams = {
                name: each["dropout"] if isinstance(each, nnx.Rngs) else each
                for name, each in rngs.items()
            }
        return {name: int(np.asarray(each.count[...])) for name, each in streams.items()}

    def draw(self, rngs: Any, name: str, *, compiled: bool) -> bytes:
        """Draw a key from a stream, and return its mask."""
        key = _DRAW[name](rngs) if compiled else rngs[name]()
        return _packed(jax.random.bernoulli(key, 1 - _RATE, (_UNITS,)))

    def call(self, model: Any, *, compiled: bool) -> list[bytes]:
        """Call a model in its mode, and return the mask of each layer."""
        outputs = _CALL(model, _ONES) if compiled else model(_ONES)
        return [_packed(np.asarray(output) != 0) for output in outputs]

    def switch(self, model: Any, *, training: bool) -> None:
        """Set the mode of a model."""
        if training:
            model.train()
        else:
            model.eval()

    def clone(self, thing: Any) -> Any:
        """Clone an object."""
        return nnx.clone(thing)

    def split(self, thing: Any) -> Any:
        """Take a snapshot in memory."""
        return nnx.split(thing)

    def merge(self, parts: Any) -> Any:
        """Build an object from a snapshot."""
        return nnx.merge(*parts)

    def save(self, thing: Any) -> Any:
        """Copy the state to host arrays."""
        return _to_host(nnx.split(thing)[1])

    def restore(self, fresh: Any, saved: Any) -> Any:
        """Load a state into a new object."""
        nnx.update(fresh, _from_host(saved))
        return fresh

    def reseed(self, thing: Any, seed: int) -> None:
        """Reseed the stream 'dropout'."""
        cast("Any", nnx).reseed(thing, dropout=seed)

    def derive(self, rngs: Any, how: str, *arguments: Any) -> Any:
        """Make another set of streams by a method of the first."""
        return getattr(rngs, how)(*arguments)

    def row(self, batch: Any, row: int) -> Any:
        """Build a set of streams on one row of a split or broadcast set."""
        return self.rngs({name: batch[name].key[...][row] for name in batch})
