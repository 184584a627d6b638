"""Faults of the keys and streams that a mask is drawn from."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.selftest.kernel.kernel import Kernel, Shape, Site
from dropout_props.selftest.mutants.mutant import Mutant
from dropout_props.selftest.mutants.words import drawn_from, words_of

__all__ = ["MUTANTS"]

_calls = count()


def _host_random(_key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    return jnp.asarray(np.random.default_rng().random(shape) < keep_rate)


def _mirrored(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    words = words_of(key)
    odd = words[-1] % 2 == 1
    mask = drawn_from(words & ~jnp.uint32(1), keep_rate, shape)
    return jnp.where(odd, mask.reshape(-1)[::-1].reshape(shape), mask)


def _seed_halved(site: Site) -> Any:
    return jax.random.wrap_key_data(words_of(site.root_key) >> 1)


def _root_mirrored(site: Site) -> Any:
    return site.root_key


def _params_first(site: Site) -> Any:
    return site.issue("params") if site.has("params") else site.issue()


def _noise_mixed(site: Site) -> Any:
    key = site.issue()
    return (
        jax.random.fold_in(key, words_of(site.root_key_of("noise"))[-1])
        if site.has("noise")
        else key
    )


def _explicit_ignored(site: Site, key: Any) -> Any:
    return site.issue() if site.has(site.stream) else key


def _explicit_mixed(site: Site, key: Any) -> Any:
    return jax.random.fold_in(key, words_of(site.root_key)[-1]) if site.has(site.stream) else key


def _masked_key(site: Site, *, bits: int) -> Any:
    return jax.random.wrap_key_data(words_of(site.root_key) & jnp.uint32(2**bits - 1))


def _one_word(site: Site) -> Any:
    words = words_of(site.root_key)
    return jax.random.wrap_key_data(words.at[0].set(0))


MUTANTS = (
    Mutant(
        "missing_rng_fallback",
        "key(0) replaces the key of a missing stream",
        "flax PR#3699",
        Kernel(missing_key=lambda _site: jax.random.key(0)),
    ),
    Mutant(
        "host_random",
        "the mask comes from the host's random numbers",
        "pytorch#185600, cs249r_book#1869",
        Kernel(draw=_host_random),
    ),
    Mutant(
        "process_counter",
        "a counter of the process is folded into the key",
        "keras#17548",
        Kernel(derive_key=lambda site: jax.random.fold_in(site.issue(), next(_calls))),
    ),
    Mutant(
        "constant_key",
        "the key is ignored: the mask never changes",
        "Paddle#7796, flash-attention#2088",
        Kernel(derive_key=lambda _site: jax.random.key(0)),
    ),
    Mutant(
        "key_low8",
        "only 8 bits of each word of the key are used",
        "aws-neuron#724",
        Kernel(derive_key=partial(_masked_key, bits=8)),
    ),
    Mutant(
        "key_low16",
        "only 16 bits of each word of the key are used",
        "aws-neuron#724",
        Kernel(derive_key=partial(_masked_key, bits=16)),
    ),
    Mutant(
        "one_word_key",
        "only one of the two words of the key is used: 2^32 masks",
        "torch-xpu-ops#4851",
        Kernel(derive_key=_one_word),
    ),
    Mutant(
        "seed_halved",
        "the lowest bit of the seed is lost: adjacent seeds share their mask",
        "aws-neuron#724",
        Kernel(derive_key=_seed_halved),
    ),
    Mutant(
        "mirrored_neighbour",
        "an odd seed gives the mask of the even one before it, backwards",
        "antithetic sampling",
        Kernel(derive_key=_root_mirrored, draw=_mirrored),
    ),
    Mutant(
        "wrong_stream",
        "the key comes from the stream 'params', if there is one",
        "flax make_rng fallback",
        Kernel(derive_key=_params_first),
    ),
    Mutant(
        "all_streams_mixed",
        "the key of the stream 'noise' is folded in, if there is one",
        "jasmine#36",
        Kernel(derive_key=_noise_mixed),
    ),
    Mutant(
        "explicit_key_ignored",
        "the key of the stream is used although the call has a key",
        "flax#821",
        Kernel(explicit_key=_explicit_ignored),
    ),
    Mutant(
        "explicit_key_mixed",
        "the key of the stream is folded into the key of the call",
        "jasmine#36",
        Kernel(explicit_key=_explicit_mixed),
    ),
)
