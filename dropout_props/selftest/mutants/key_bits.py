"""Faults of single bits of a key: ignored, or hardly mixed in."""

from __future__ import annotations

from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape, Site
from dropout_props.selftest.mutants.mutant import Mutant
from dropout_props.selftest.mutants.words import drawn_from, words_of

__all__ = ["MUTANTS"]

_TOP = 2**31
_SEVENTH = 2**7
_ONE_IN = 4


def _cleared(key: Any, bit: int) -> Any:
    words = words_of(key)
    return words.at[0].set(words[0] & jnp.uint32(2**32 - 1 - bit))


def _root(site: Site) -> Any:
    return site.root_key


def _weak_top_bit(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    without = drawn_from(_cleared(key, _TOP), keep_rate, shape)
    ignored = (jnp.arange(prod(shape)) % _ONE_IN == 0).reshape(shape)
    return jnp.where(ignored, without, drawn_from(words_of(key), keep_rate, shape))


def _bit_of_explicit_ignored(_site: Site, key: Any) -> Any:
    return jax.random.wrap_key_data(_cleared(key, _SEVENTH))


MUTANTS = (
    Mutant(
        "top_bit_weak",
        "one unit in four does not depend on the highest bit of the key",
        "aws-neuron#724",
        Kernel(derive_key=_root, draw=_weak_top_bit),
    ),
    Mutant(
        "explicit_bit_ignored",
        "of a key that is handed to the call one bit is ignored",
        "aws-neuron#724",
        Kernel(explicit_key=_bit_of_explicit_ignored),
    ),
)
