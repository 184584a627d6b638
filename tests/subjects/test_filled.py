"""Parameters that are all zero get other numbers, and no others do."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.subjects.filled import without_zeros


def test_only_what_is_all_zero_changes() -> None:
    """A parameter with one other number, an integer, a flag and an empty array stay."""
    held: dict[str, Any] = {
        "kernel": np.eye(2, dtype=np.float32),
        "count": np.zeros(3, np.int32),
        "flag": np.zeros(2, bool),
        "none": np.zeros((0, 3), np.float32),
        "text": "zero",
    }
    found = without_zeros(held)
    assert all(found[name] is held[name] or not np.size(held[name]) for name in held)
    assert found["none"].shape == (0, 3)


def test_the_numbers_are_fixed_small_and_differ() -> None:
    """Shape, dtype and kind of array stay; a vector lies above 0, a matrix on both sides."""
    held: dict[str, Any] = {
        "gate": np.zeros((), np.float32),
        "kernel": np.zeros((64, 8), np.float32),
        "last": jnp.zeros((16,), jnp.bfloat16),
    }
    first, again = without_zeros(held), without_zeros(held)
    for name, zero in held.items():
        one = first[name]
        assert (one.shape, one.dtype) == (zero.shape, zero.dtype)
        assert np.array_equal(one, again[name])
    assert 0.1 <= float(first["gate"]) <= 0.3
    assert isinstance(first["last"], jax.Array)
    assert float(first["last"].min()) > 0
    assert len(np.unique(first["kernel"])) == 512
    assert 0.1 < float(first["kernel"].std()) < 0.15
