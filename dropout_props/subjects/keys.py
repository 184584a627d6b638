"""Keys of JAX from their words: `jax.random.key` compiles a program for words that are known."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jax
import numpy as np

__all__ = [
    "key_data",
    "key_of",
    "key_of_seed",
    "num_words",
    "raw_key_of_seed",
    "takes_raw_keys",
]


def takes_raw_keys() -> bool:
    """Return whether JAX takes arrays of uint32 as keys; its flag may warn of them, or refuse."""
    config: Any = jax.config
    return bool(config.jax_legacy_prng_key == "allow")


def num_words(implementation: str | None = None) -> int:
    """Return the number of uint32 words of a key.

    Args:
        implementation: such as `rbg`; None for the default one.
    """
    config: Any = jax.config
    return _num_words(implementation or config.jax_default_prng_impl)


@lru_cache
def _num_words(implementation: str) -> int:
    def data() -> jax.Array:
        return jax.random.key_data(jax.random.key(0, impl=implementation))

    return int(jax.eval_shape(data).shape[-1])  # a trace, which is not compiled


def key_data(
    words: np.ndarray[Any, Any], implementation: str | None = None
) -> np.ndarray[Any, Any]:
    """Return uint32[..., 2] as the words of keys, uint32[..., num_words].

    Args:
        words: two for each key; they are repeated where a key has more, as JAX repeats a seed.
        implementation: such as `rbg`; None for the default one.
    """
    return np.concatenate([words] * (num_words(implementation) // 2), axis=-1)


def key_of(words: np.ndarray[Any, Any], implementation: str | None = None) -> jax.Array:
    """Return typed keys, key[...], of uint32[..., 2]; the arguments are those of `key_data`."""
    data = jax.device_put(key_data(words, implementation))
    return jax.random.wrap_key_data(data, impl=implementation)


def raw_key_of_seed(seed: int) -> jax.Array:
    """Return `jax.random.PRNGKey(seed)`, or the typed key of its words where JAX takes no raw ones.

    Args:
        seed: of 32 bits, and not negative; no flag of JAX is added to it.
    """
    if not takes_raw_keys():
        return key_of_seed(seed)
    return jax.device_put(key_data(np.asarray([0, seed], np.uint32)))


def key_of_seed(seed: int) -> jax.Array:
    """Return `jax.random.key(seed)`; the seed is that of `raw_key_of_seed`."""
    return key_of(np.asarray([0, seed], np.uint32))
