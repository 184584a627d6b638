"""Faults between calls and layers of one model: keys that do not advance, or coincide."""

from __future__ import annotations

import hashlib
from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, KeySource, Shape, Site
from dropout_props.selftest.mutants.mutant import Mutant
from dropout_props.selftest.mutants.words import words_of

__all__ = ["MUTANTS"]


def _first_count(site: Site) -> Any:
    site.issue()
    return site.key_at(count=0)


def _cached(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    if "mask" not in site.memory:
        site.memory["mask"] = jax.random.bernoulli(key, keep_rate, shape)
    return site.memory["mask"]


def _held_twice(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    if _calls_before(site) > 1:
        return jax.random.bernoulli(key, keep_rate, shape)
    return _cached(key, keep_rate, shape, site)


def _antithetic(_key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    uniform = jax.random.uniform(site.key_at(count=site.count // 2 * 2), shape)
    return jnp.where(site.count % 2 == 1, 1.0 - uniform, uniform) < keep_rate


def _calls_before(site: Site) -> Any:
    """Return the number of calls of this layer before this one."""
    number = site.memory.get("calls", 0)
    site.memory["calls"] = number + 1
    return number


def _drifting(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    number = _calls_before(site)
    return jax.random.bernoulli(key, keep_rate * (1.0 - 0.02 * min(number, 4)), shape)


def _no_path(site: Site) -> Any:
    site.issue()
    return jax.random.fold_in(site.root_key, _calls_before(site))


def _joined(site: Site, *, separator: str) -> Any:
    name = separator.join(map(str, site.path)).encode()
    site.issue()
    word = int.from_bytes(hashlib.sha1(name, usedforsecurity=False).digest()[:4], "big")
    key = jax.random.fold_in(site.root_key, jnp.uint32(word))
    return jax.random.fold_in(key, _calls_before(site))


def _overlapping(_key: Any, keep_rate: float, shape: Shape, site: Site, *, part: int) -> Any:
    size, number = prod(shape), _calls_before(site)
    bits = jax.random.uniform(site.key_at(count=0), (size * 9,))
    start = number * (size // part)
    return (bits[start : start + size] < keep_rate).reshape(shape)


def _wrapping(site: Site) -> Any:
    site.issue()
    return site.key_at(count=site.count % 4)


def _added_up(site: Site) -> Any:
    """Use key(seed + layer + step); a layer is numbered by the digits of its name, or its fork."""
    site.issue()
    last = site.path[-1] if site.path else 0
    digits = "".join(filter(str.isdigit, last)) if isinstance(last, str) else None
    layer = last if digits is None else int(digits or 0)
    words = words_of(site.root_key)
    return jax.random.wrap_key_data(words.at[-1].add(jnp.uint32(layer + _calls_before(site))))


def _rewinding(site: Site) -> Any:
    site.issue()
    return site.key_at(count=0 if site.memory.get("evaluated") else site.count)


def _note_evaluation(source: KeySource, _stream: str) -> None:
    source.memory["evaluated"] = True


MUTANTS = (
    Mutant(
        "state_not_advanced",
        "the key of the stream is used, and its count does not advance",
        "nnx streams",
        Kernel(derive_key=lambda site: site.key_at()),
    ),
    Mutant(
        "rng_rewind",
        "after an evaluation call the stream starts again from 0",
        "flax#5529",
        Kernel(derive_key=_rewinding, before_evaluate=_note_evaluation),
    ),
    Mutant(
        "call_rate_drifts",
        "each further call keeps 2 % less",
        "rate schedules that advance by call",
        Kernel(draw=_drifting),
    ),
    Mutant(
        "held_drawn_again",
        "a layer that should hold its mask draws one at each call",
        "salesforce/awd-lstm-lm#5, by step",
        Kernel(),
        traits={"held": True},
    ),
    Mutant(
        "held_for_two_calls",
        "a layer that should hold its mask draws another at the third call",
        "caches of one entry",
        Kernel(draw=_held_twice),
        traits={"held": True},
    ),
    Mutant(
        "same_key_all_layers",
        "the path of the layer is not folded in",
        "many",
        Kernel(derive_key=_no_path),
    ),
    Mutant(
        "underscore_names",
        "the names of the path are joined with _: a_b/c and a/b_c are equal",
        "flax eb82a6cc",
        Kernel(derive_key=partial(_joined, separator="_")),
        apis=("linen",),
    ),
    Mutant(
        "plain_concat_names",
        "the names of the path are joined without a separator",
        "flax eb82a6cc",
        Kernel(derive_key=partial(_joined, separator="")),
        apis=("linen",),
        live=True,
    ),
    Mutant(
        "overlap",
        "each call starts in the middle of the random numbers of the call before",
        "pytorch#50110",
        Kernel(draw=partial(_overlapping, part=2)),
    ),
    Mutant(
        "overlap_third",
        "each call starts a third into the random numbers of the call before",
        "pytorch#50110",
        Kernel(draw=partial(_overlapping, part=3)),
    ),
    Mutant(
        "counter_wraps",
        "the fifth call repeats the first",
        "counters of few bits",
        Kernel(derive_key=_wrapping),
    ),
    Mutant(
        "seed_additive",
        "key(seed + layer + step)",
        "tt-metal#16822, Megatron-LM#1256",
        Kernel(derive_key=_added_up),
    ),
    Mutant(
        "call_counter_ignored",
        "the path of the layer is folded in, the number of the call is not",
        "flax 030e8ba6",
        Kernel(derive_key=_first_count),
    ),
    Mutant(
        "cached_mask",
        "the first mask is stored and used again",
        "tf#29391, keras#9031",
        Kernel(draw=_cached),
    ),
    Mutant(
        "antithetic_calls",
        "every second call uses 1 - u of the call before",
        "antithetic sampling",
        Kernel(draw=_antithetic),
    ),
)
