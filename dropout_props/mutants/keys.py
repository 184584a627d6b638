"""Faults of keys and streams."""

from __future__ import annotations

import hashlib
from functools import partial
from itertools import count
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.mutants.mutant import Mutant
from dropout_props.subjects.kernel import Kernel, KeySource, Shape, Site

__all__ = ["MUTANTS"]

_calls = count()


def _words(key: Any) -> Any:
    return key if key.dtype == jnp.uint32 else jax.random.key_data(key)


def _host_random(_key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    return jnp.asarray(np.random.default_rng().random(shape) < keep_rate)


def _mirrored(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    words = _words(key)
    odd = words[-1] % 2 == 1
    mask = jax.random.bernoulli(jax.random.wrap_key_data(words & ~jnp.uint32(1)), keep_rate, shape)
    return jnp.where(odd, mask.reshape(-1)[::-1].reshape(shape), mask)


def _seed_halved(site: Site) -> Any:
    return jax.random.wrap_key_data(_words(site.root_key) >> 1)


def _root_mirrored(site: Site) -> Any:
    return site.root_key


def _params_first(site: Site) -> Any:
    return site.issue("params") if site.has("params") else site.issue()


def _noise_mixed(site: Site) -> Any:
    key = site.issue()
    return (
        jax.random.fold_in(key, _words(site.root_key_of("noise"))[-1]) if site.has("noise") else key
    )


def _explicit_ignored(site: Site, key: Any) -> Any:
    return site.issue() if site.has(site.stream) else key


def _explicit_mixed(site: Site, key: Any) -> Any:
    return jax.random.fold_in(key, _words(site.root_key)[-1]) if site.has(site.stream) else key


def _masked_key(site: Site, *, bits: int) -> Any:
    return jax.random.wrap_key_data(_words(site.root_key) & jnp.uint32(2**bits - 1))


def _one_word(site: Site) -> Any:
    words = _words(site.root_key)
    return jax.random.wrap_key_data(words.at[0].set(0))


def _first_count(site: Site) -> Any:
    site.issue()
    return site.key_at(count=0)


def _cached(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    if "mask" not in site.memory:
        site.memory["mask"] = jax.random.bernoulli(key, keep_rate, shape)
    return site.memory["mask"]


def _antithetic(_key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    uniform = jax.random.uniform(site.key_at(count=site.count // 2 * 2), shape)
    return jnp.where(site.count % 2 == 1, 1.0 - uniform, uniform) < keep_rate


def _summed_input(site: Site) -> Any:
    total = jnp.nan_to_num(jnp.abs(site.x.astype(jnp.float32)).sum()).astype(jnp.uint32)
    return jax.random.fold_in(site.issue(), total)


def _sign_of_input(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    tilt = 0.05 * min(keep_rate, 1.0 - keep_rate) * jnp.sign(site.x.astype(jnp.float32))
    return jax.random.uniform(key, shape) < keep_rate + jnp.nan_to_num(tilt)


def _size_of_input(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    size = jnp.nan_to_num(jnp.abs(site.x.astype(jnp.float32)))
    tilt = 0.1 * min(keep_rate, 1.0 - keep_rate) * jnp.where(size > 30.0, 1.0, -1.0)  # noqa: PLR2004
    return jax.random.uniform(key, shape) < keep_rate + tilt


def _calls_before(site: Site) -> Any:
    """Count the calls of one layer by itself, whatever its place."""
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
    """Use key(seed + layer + step); a layer's number is the digits of its name, or its fork."""
    site.issue()
    last = site.path[-1] if site.path else 0
    digits = "".join(filter(str.isdigit, last)) if isinstance(last, str) else None
    layer = last if digits is None else int(digits or 0)
    words = _words(site.root_key)
    return jax.random.wrap_key_data(words.at[-1].add(jnp.uint32(layer + _calls_before(site))))


def _rewinding(site: Site) -> Any:
    site.issue()
    return site.key_at(count=0 if site.memory.get("evaluated") else site.count)


def _note_evaluation(source: KeySource, _stream: str) -> None:
    source.memory["evaluated"] = True


MUTANTS = (
    Mutant(
        "state_not_advanced",
        "the key is taken from the stream, whose count stays where it was",
        "nnx streams",
        ("DP403",),
        Kernel(derive_key=lambda site: site.key_at()),
    ),
    Mutant(
        "rng_rewind",
        "after an evaluation call the stream starts again from 0",
        "flax#5529",
        ("DP101",),
        Kernel(derive_key=_rewinding, before_evaluate=_note_evaluation),
    ),
    Mutant(
        "size_dependent",
        "large inputs are kept more often",
        "kaldi#3890",
        ("DP304",),
        Kernel(draw=_size_of_input),
    ),
    Mutant(
        "call_rate_drifts",
        "each further call keeps 2 % less",
        "rate schedules that advance by call",
        ("DP403",),
        Kernel(draw=_drifting),
    ),
    Mutant(
        "same_key_all_layers",
        "the place of a layer is not folded in",
        "many",
        ("DP404",),
        Kernel(derive_key=_no_path),
    ),
    Mutant(
        "underscore_names",
        "the names of the path are joined with _: a_b/c and a/b_c are one",
        "flax eb82a6cc",
        ("DP404",),
        Kernel(derive_key=partial(_joined, separator="_")),
        apis=("linen",),
    ),
    Mutant(
        "plain_concat_names",
        "the names of the path are joined without a separator",
        "flax eb82a6cc",
        ("DP404",),
        Kernel(derive_key=partial(_joined, separator="")),
        apis=("linen",),
        live=True,
    ),
    Mutant(
        "overlap",
        "each call reads on from the middle of the random numbers of the one before",
        "pytorch#50110",
        ("DP403",),
        Kernel(draw=partial(_overlapping, part=2)),
    ),
    Mutant(
        "overlap_third",
        "the same from a third of them on",
        "pytorch#50110",
        ("DP408",),
        Kernel(draw=partial(_overlapping, part=3)),
    ),
    Mutant(
        "counter_wraps",
        "the fifth call repeats the first",
        "counters of few bits",
        ("DP408",),
        Kernel(derive_key=_wrapping),
    ),
    Mutant(
        "seed_additive",
        "key(seed + layer + step)",
        "tt-metal#16822, Megatron-LM#1256",
        ("DP408",),
        Kernel(derive_key=_added_up),
    ),
    Mutant(
        "missing_rng_fallback",
        "key(0) when the stream is missing",
        "flax PR#3699",
        ("DP104",),
        Kernel(missing_key=lambda _site: jax.random.key(0)),
    ),
    Mutant(
        "host_random",
        "the mask comes from the host's random numbers",
        "pytorch#185600, cs249r_book#1869",
        ("DP401",),
        Kernel(draw=_host_random),
    ),
    Mutant(
        "process_counter",
        "a counter of the process is folded into the key",
        "keras#17548",
        ("DP401",),
        Kernel(derive_key=lambda site: jax.random.fold_in(site.issue(), next(_calls))),
    ),
    Mutant(
        "constant_key",
        "the key is ignored: the mask never changes",
        "Paddle#7796, flash-attention#2088",
        ("DP402", "DP407", "DP802"),
        Kernel(derive_key=lambda _site: jax.random.key(0)),
    ),
    Mutant(
        "key_low8",
        "8 bits of each word of the key are used",
        "aws-neuron#724",
        ("DP407",),
        Kernel(derive_key=partial(_masked_key, bits=8)),
    ),
    Mutant(
        "key_low16",
        "16 bits of each word of the key are used",
        "aws-neuron#724",
        ("DP407",),
        Kernel(derive_key=partial(_masked_key, bits=16)),
    ),
    Mutant(
        "one_word_key",
        "one of the two words of the key is used: 2^32 masks",
        "torch-xpu-ops#4851",
        ("DP407",),
        Kernel(derive_key=_one_word),
    ),
    Mutant(
        "call_counter_ignored",
        "the place of the layer is folded in, the number of the call is not",
        "flax 030e8ba6",
        ("DP403",),
        Kernel(derive_key=_first_count),
    ),
    Mutant(
        "cached_mask",
        "the first mask is stored and used again",
        "tf#29391, keras#9031",
        ("DP403",),
        Kernel(draw=_cached),
    ),
    Mutant(
        "antithetic_calls",
        "every second call uses 1 - u of the one before",
        "antithetic sampling",
        ("DP403",),
        Kernel(draw=_antithetic),
    ),
    Mutant(
        "input_dependent",
        "the sum of the input is folded into the key",
        "kaldi#3890",
        ("DP304",),
        Kernel(derive_key=_summed_input),
    ),
    Mutant(
        "sign_dependent",
        "positive units are kept a little more often",
        "kaldi#3890",
        ("DP304",),
        Kernel(draw=_sign_of_input),
    ),
    Mutant(
        "seed_halved",
        "the lowest bit of the seed is lost: adjacent seeds share their mask",
        "aws-neuron#724",
        ("DP402",),
        Kernel(derive_key=_seed_halved),
    ),
    Mutant(
        "mirrored_neighbour",
        "an odd seed gives the mask of the even one before it, backwards",
        "antithetic sampling",
        ("DP402",),
        Kernel(derive_key=_root_mirrored, draw=_mirrored),
    ),
    Mutant(
        "wrong_stream",
        "the key comes from the stream 'params' where there is one",
        "flax make_rng fallback",
        ("DP405",),
        Kernel(derive_key=_params_first),
    ),
    Mutant(
        "all_streams_mixed",
        "the key of the stream 'noise' is folded in where there is one",
        "jasmine#36",
        ("DP405",),
        Kernel(derive_key=_noise_mixed),
    ),
    Mutant(
        "explicit_key_ignored",
        "the stream's key is taken though a key was handed over",
        "flax#821",
        ("DP406",),
        Kernel(explicit_key=_explicit_ignored),
    ),
    Mutant(
        "explicit_key_mixed",
        "the stream's key is folded into the key that was handed over",
        "jasmine#36",
        ("DP406",),
        Kernel(explicit_key=_explicit_mixed),
    ),
)
