"""`keras.layers.Dropout` on JAX as a subject: a function of a key, by `stateless_call`.

A Keras layer holds the state of its seeds: two words, of which a call uses the present ones as a
JAX key and then counts on. `stateless_call` takes that state as an argument, so the words of the
key are the state. Without a key the layer goes on with its own seed, and promises no error.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.subjects.errors import UnknownSubject, Unsupported
from dropout_props.subjects.subject import Subject

_WORDS = 2  # of the state of a Keras seed


def subject() -> Subject:
    """Return `keras.layers.Dropout` as a subject.

    Raises:
        UnknownSubject: Keras runs on another backend than JAX.
    """
    if (backend := _keras().backend.backend()) != "jax":
        raise UnknownSubject(
            f"keras.layers.Dropout: Keras runs on {backend}, not on JAX. Set the "
            "environment variable KERAS_BACKEND=jax."
        )
    return Subject.function(
        dropout,
        name="keras.layers.Dropout",
        missing_key_errors=(),
        takes="all",
        reasons={"missing_key": "without a key it goes on with the seed of the layer itself"},
    )


def dropout(
    key: Any,
    x: Any,
    rate: float,
    deterministic: bool,  # noqa: FBT001 - the arguments of a function subject
) -> Any:
    """Call `keras.layers.Dropout` with the words of a key as its seed."""
    layer = _layer(str(type(rate)), rate, str(x.dtype))
    if key is None or not layer.non_trainable_variables:  # at rate 0 it has no seed
        return layer(x, training=not deterministic)
    words = jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key
    if words.shape != (_WORDS,):
        raise Unsupported(f"a Keras seed has {_WORDS} words, this key {words.shape}")
    output, _ = layer.stateless_call([], [jnp.asarray(words)], x, training=not deterministic)
    return output


@lru_cache(maxsize=256)
def _layer(_kind: str, rate: float, dtype: str) -> Any:
    """Return a layer that computes in the dtype of the input; its arrays are concrete."""
    with jax.ensure_compile_time_eval():
        return _keras().layers.Dropout(rate, dtype=dtype)


def _keras() -> Any:
    """Import Keras, on JAX unless it is loaded already or the environment names a backend."""
    os.environ.setdefault("KERAS_BACKEND", "jax")  # Keras reads it when it is imported
    import keras

    return keras
