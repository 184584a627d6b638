"""Checks of the sentences about `make_rng`: the keys that a module gets, plain and under `nn.jit`.

Flax caches what a module did under `nn.jit`, so each check defines its own modules: earlier calls
in the process must not change what it sees. A new class is not enough, since Flax identifies a
class by its address, which Python uses again after the class is deleted: each has a number too.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from dropout_props.subjects.protocol import Array
from dropout_props.subjects.tutorial_models import seeded

__all__ = [
    "new_each_call",
    "new_each_call_under_jit",
    "reproducible",
    "reproducible_after_evaluation_under_jit",
    "reproducible_under_jit",
]

_CALLS = 3
_numbers = count()
_Keys = tuple[tuple[int, ...], ...]


def new_each_call() -> tuple[bool, str]:
    """Three calls in one apply."""
    return _distinct(_keys(_module(jitted=False)))


def reproducible() -> tuple[bool, str]:
    """Two applies."""
    module = _module(jitted=False)
    return _same(_keys(module), _keys(module))


def new_each_call_under_jit() -> tuple[bool, str]:
    """Three calls in each of two applies: the second finds the module compiled."""
    module = _module(jitted=True)
    return _distinct(_keys(module), _keys(module))


def reproducible_under_jit() -> tuple[bool, str]:
    """Two applies: the second finds the module compiled."""
    module = _module(jitted=True)
    return _same(_keys(module), _keys(module))


def reproducible_after_evaluation_under_jit() -> tuple[bool, str]:
    """A module that only trains, and an equal one that evaluates first."""
    evaluated = _module(jitted=True)
    _keys(evaluated, train=False)
    return _same(_keys(_module(jitted=True)), _keys(evaluated))


def _module(*, jitted: bool) -> Any:
    """Make a module that calls another three times; that one draws a key only in training mode."""

    class Drawing(nn.Module):
        number: int

        @nn.compact
        def __call__(self, train: bool) -> Array:  # noqa: FBT001 - static by its position
            key = seeded()
            return self.make_rng("dropout") if train else jnp.zeros_like(key)

    number = next(_numbers)
    drawing: Any = nn.jit(Drawing, static_argnums=(1,)) if jitted else Drawing

    class Calling(nn.Module):
        @nn.compact
        def __call__(self, train: bool) -> Array:  # noqa: FBT001 - as above
            inner = drawing(number)
            return jnp.stack([inner(train) for _ in range(_CALLS)])

    return Calling()


def _keys(module: Any, *, train: bool = True) -> _Keys:
    """Apply a module, always with the same key, and return the keys that it got."""
    drawn = module.apply({}, train, rngs={"dropout": seeded()})
    return tuple(tuple(words) for words in drawn.tolist())


def _distinct(*applies: _Keys) -> tuple[bool, str]:
    counts = [len(set(keys)) for keys in applies]
    text = f"distinct keys of {_CALLS} calls: {counts[0]}"
    if len(counts) > 1:
        text += f" in a first apply, {counts[1]} in a second"
    return all(count == _CALLS for count in counts), text


def _same(first: _Keys, second: _Keys) -> tuple[bool, str]:
    pairs = enumerate(zip(first, second, strict=True), 1)
    other = [str(call) for call, (one, two) in pairs if one != two]
    if other:
        return False, f"of {_CALLS} calls, {' and '.join(other)} got another key"
    return True, f"{_CALLS} calls got the same keys"
