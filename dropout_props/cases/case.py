"""A case: the input and settings of one operation, with a stable digest.

The sampler derives keys from the digest, so that every distinct case has fresh bits, and the same
bits in every process and on every release. The digest covers every field of the case, but neither
the run seed nor the property, which the sampler adds.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np

__all__ = ["SMALL", "TOKENS", "VALUES", "Case", "as_dtype", "register"]

VALUES = ("distinct", "negative", "zeros", "special")
"""Kinds of input: 1 to 61 repeated, the negatives of these, all zeros, and NaN, ±inf, −0."""

SMALL = "small"
"""One more kind, which no strategy draws: `distinct` times 2^-20, exact in every dtype. Even small
noise that a layer adds to such an input is visible; beside 61 it could be rounded away."""

TOKENS = "tokens"
"""Another that no strategy draws: token ids of 2 and 3, where 0 or 1 may stand for a dropped unit.
Of other dtypes than integers it is `distinct`."""

_GIVEN = "given:"
_arrays: dict[str, np.ndarray[Any, Any]] = {}


def register(array: np.ndarray[Any, Any]) -> str:
    """Return the kind of input that stands for an array of the user, in this process."""
    words = array.tobytes() + f"{array.shape}{array.dtype}".encode()
    name = _GIVEN + hashlib.blake2b(words, digest_size=8).hexdigest()
    _arrays[name] = array
    return name


def as_dtype(name: str) -> np.dtype[Any]:
    """Return the NumPy dtype called `name`, bfloat16 and the float8 types included."""
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))


@dataclass(frozen=True)
class Case:
    """One input to one operation.

    Args:
        seed: selects the bits, 0 <= seed < 2**32; it enters the key through the digest.
        shape: shape of the input, rank 0 to 5, axes of length 0 allowed.
        rate: dropout rate; the keep probability is `1 - rate`.
        dtype: name of the dtype of the input.
        broadcast_dims: axes along which one mask is shared.
        values: kind of input, one of `VALUES`, or `SMALL`; integers are token ids, 0 and 1, or
            those of `TOKENS`. What `register` returned stands for an array of the user.
    """

    seed: int = 0
    shape: tuple[int, ...] = (128,)
    rate: float = 0.5
    dtype: str = "float32"
    broadcast_dims: tuple[int, ...] = ()
    values: str = "distinct"

    @property
    def keep(self) -> float:
        """The keep probability, `1 - rate`."""
        return 1.0 - self.rate

    @property
    def size(self) -> int:
        """Number of units in the input."""
        return prod(self.shape)

    @property
    def mask_shape(self) -> tuple[int, ...]:
        """Shape of the mask: that of the input, with length 1 along `broadcast_dims`."""
        shared = {dim % len(self.shape) for dim in self.broadcast_dims}
        return tuple(1 if axis in shared else n for axis, n in enumerate(self.shape))

    def digest(self) -> str:
        """Return 32 hexadecimal digits that depend on every field and on nothing else."""
        fields = asdict(self) | {"rate": float(self.rate).hex()}
        text = "|".join(f"{name}={fields[name]!r}" for name in sorted(fields))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def inputs(self) -> np.ndarray[Any, Any]:
        """Return the input, an array of `shape` and `dtype` with numbers as `values` says."""
        size = self.size
        if self.values.startswith(_GIVEN):
            return _arrays[self.values]
        dtype = as_dtype(self.dtype)
        if dtype.kind in "iub":  # token ids that every vocabulary has
            least = 2 if self.values == TOKENS else 0
            return (least + np.arange(size) % 2).reshape(self.shape).astype(dtype)
        numbers = np.arange(1.0, 62.0)  # exact in every float dtype
        if self.values == "negative":
            numbers = -numbers
        elif self.values == SMALL:
            numbers = np.ldexp(numbers, -20)
        elif self.values == "zeros":
            numbers = np.zeros(1)
        numbers = np.resize(numbers.astype(dtype), size)
        if self.values == "special":
            special = np.array([np.nan, np.inf, -np.inf, -0.0])
            at = np.arange(size) % 3 == 0
            numbers[at] = special[np.arange(int(at.sum())) % 4].astype(dtype)
        return numbers.reshape(self.shape)

    def __str__(self) -> str:
        parts = [f"shape={self.shape}", f"rate={self.rate!r}", f"dtype={self.dtype}"]
        if self.broadcast_dims:
            parts.append(f"broadcast_dims={self.broadcast_dims}")
        if self.values != "distinct":
            parts.append(f"values={self.values}")
        return ", ".join([*parts, f"seed={self.seed}"])
