"""Keys are made of their words as JAX makes them, without a program."""

from typing import Any

import jax
import numpy as np
import pytest

from dropout_props.engine.compilations import counted
from dropout_props.properties.bits import same_bits
from dropout_props.subjects.keys import key_of, key_of_seed, num_words, raw_key_of_seed

_SEED = 2**31 + 7


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_a_key_of_words_is_the_key_of_the_seed(implementation: str) -> None:
    """The words of a seed are 0 and the seed, repeated where a key has four."""
    with counted() as compiled:
        seen = key_of(np.asarray([0, _SEED], np.uint32), implementation)
    expected = jax.random.key(np.uint32(_SEED), impl=implementation)
    assert seen.dtype == expected.dtype
    assert same_bits(jax.random.key_data(seen), jax.random.key_data(expected))
    assert compiled.count == 0


def test_keys_of_a_seed_are_those_of_the_default_implementation() -> None:
    """Typed and raw, also where another one is the default."""
    for implementation in ("threefry2x32", "rbg"):
        with jax.default_prng_impl(implementation):
            words = jax.random.key_data(jax.random.key(np.uint32(_SEED)))
            assert same_bits(jax.random.key_data(key_of_seed(_SEED)), words)
            assert same_bits(raw_key_of_seed(_SEED), words)
            assert num_words() == words.shape[-1]


@pytest.mark.parametrize("answer", ["warn", "error"])
def test_a_key_is_typed_where_jax_takes_no_raw_ones(answer: str) -> None:
    """Its words are the same."""
    config: Any = jax.config
    before = config.jax_legacy_prng_key
    config.update("jax_legacy_prng_key", answer)
    try:
        seen = raw_key_of_seed(_SEED)
    finally:
        config.update("jax_legacy_prng_key", before)
    assert str(seen.dtype) == "key<fry>"
    assert same_bits(jax.random.key_data(seen), raw_key_of_seed(_SEED))
