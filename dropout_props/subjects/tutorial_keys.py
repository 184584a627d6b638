"""Checks of the sentences about keys at init and apply, and about modules without `@nn.compact`."""

from __future__ import annotations

import re

import flax.linen as nn
import jax
import numpy as np

from dropout_props.subjects.protocol import Array, Key
from dropout_props.subjects.tutorial_models import Network, NoCompact, ones, raises, seeded

__all__ = [
    "deterministic_init_leaves_key",
    "deterministic_init_needs_no_key",
    "missing_key_raises",
    "missing_key_says_so",
    "no_compact_raises",
    "no_compact_says_so",
    "params_key_alone_raises",
    "single_key_init_raises",
    "single_key_is_params",
]


def single_key_init_raises() -> tuple[bool, str]:
    """One key without a stream name, and Dropout in training mode."""
    return raises(lambda: Network().init(seeded(), ones(), train=True))


def single_key_is_params() -> tuple[bool, str]:
    """Both ways to pass the key give the same parameters, bit for bit."""
    single = Network().init(seeded(), ones(), train=False)["params"]
    named = Network().init({"params": seeded()}, ones(), train=False)["params"]
    same = jax.tree_util.tree_all(jax.tree_util.tree_map(_equal, single, named))
    return same, f"the parameters are {'equal bit for bit' if same else 'other ones'}"


def _equal(one: Array, other: Array) -> bool:
    return np.asarray(one).tobytes() == np.asarray(other).tobytes()


def missing_key_raises() -> tuple[bool, str]:
    """An apply without any key."""
    return raises(lambda: _apply({}))


def missing_key_says_so() -> tuple[bool, str]:
    """The message contains the name of the stream as a word; the layer `Dropout` does not count."""
    raised, seen = missing_key_raises()
    return raised and re.search(r"\bdropout\b", seen) is not None, seen


def params_key_alone_raises() -> tuple[bool, str]:
    """An apply with a key for another stream only."""
    return raises(lambda: _apply({"params": seeded(1)}))


def _apply(rngs: dict[str, Key]) -> None:
    variables = Network().init({"params": seeded()}, ones(), train=False)
    Network().apply(variables, ones(), train=True, rngs=rngs)


def deterministic_init_needs_no_key() -> tuple[bool, str]:
    """A network with a key for `params` only, and a Dropout without any key.

    The latter, since a Dropout that requires a key might take that of `params`.
    """
    Network().init({"params": seeded()}, ones(), train=False)
    nn.Dropout(0.5, deterministic=True).init({}, ones())
    return True, "nothing was raised with a key for params alone, nor without any key"


def deterministic_init_leaves_key() -> tuple[bool, str]:
    """No operation of a traced init reads the key of `dropout`."""

    def init(key: Key) -> object:
        return Network().init({"params": seeded(), "dropout": key}, ones(), train=False)

    traced = jax.make_jaxpr(init)(seeded(1)).jaxpr
    (key,) = traced.invars
    reading = sum(any(one is key for one in operation.invars) for operation in traced.eqns)
    return reading == 0, f"operations of the init that read the key of dropout: {reading}"


def no_compact_raises() -> tuple[bool, str]:
    """Submodules that are created in a method without `@nn.compact`."""
    return raises(lambda: NoCompact().init(seeded(), ones()))


def no_compact_says_so() -> tuple[bool, str]:
    """The message contains the name of the decorator as a word."""
    raised, seen = no_compact_raises()
    return raised and re.search(r"\bcompact\b", seen) is not None, seen
