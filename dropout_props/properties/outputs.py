"""The training call as a function, and the comparison of two outputs of the same key.

Masks must be equal bit for bit. Values may differ by one unit in the last place on a CPU, because
XLA divides or multiplies by the reciprocal as it likes, and by more on a GPU or TPU. Outputs of a
model may differ by the rounding of its matrix product, and so may noise, which is not drawn in one
step, and the values of a layer that declares others than 0 and x/keep, such as a * x + b, which XLA
may compute in one step.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import permutations
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import jax.numpy as jnp
import numpy as np

from dropout_props.properties.bits import adjacent, divisors, first_difference, rounding, same_bits
from dropout_props.properties.declaration import Violation
from dropout_props.subjects.subject import Crashed

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

__all__ = [
    "Train",
    "agree",
    "evaluation",
    "require_same_bits",
    "require_zeros",
    "said",
    "training_call",
]

Train: TypeAlias = Callable[[Any, Any], Any]

_MODEL_ROUNDING = 1e-4  # relative, of outputs behind a matrix product or a declared map,
_ULPS = 16  # and at least so many units in the last place of its dtype


def training_call(sampler: Sampler) -> Train:
    """Return the layer as a function of a key and an input."""

    def train(key: Any, x: Any) -> Any:
        return sampler.subject.call(
            x, rate=sampler.case.rate, training=True, streams=sampler.streams(key)
        )

    return train


def said(error: BaseException) -> str:
    """Return the name of an error and the first line of its text."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def require_same_bits(seen: Any, expected: Any, what: str) -> None:
    """Raise unless two arrays have the same dtype, shape and bits.

    Raises:
        Violation: naming the first difference; the text begins with `what`.
    """
    if not same_bits(seen, expected):
        raise Violation(f"{what}: {first_difference(seen, expected)}")


def require_zeros(array: Any, what: str) -> None:
    """Raise unless every unit is 0.

    Raises:
        Violation: one is not; the text begins with `what`.
    """
    values = np.asarray(array).astype(np.float64)
    wrong = np.flatnonzero(~(values == 0))
    if wrong.size:
        raise Violation(
            f"{what} has {wrong.size} of {values.size} units other than 0, "
            f"the first is {values.reshape(-1)[wrong[0]]:g}"
        )


def evaluation(sampler: Sampler, x: Any) -> np.ndarray[Any, Any]:
    """Return the evaluation output without a key.

    Raises:
        Violation: the evaluation demands a key, which is a counterexample and no crash.
    """
    subject, rate = sampler.subject, sampler.case.rate
    try:
        return np.asarray(subject.call(x, rate=rate, training=False))
    except Crashed as error:
        streams = sampler.streams(sampler.key())
        try:
            subject.call(x, rate=rate, training=False, streams=streams)
        except Crashed:
            raise error from error.__cause__  # the key makes no difference: it is a crash
        cause = error.__cause__
        said = re.sub(r"\s*\(https?://\S+\)", "", " ".join(str(cause).split()))[:160]
        raise Violation(
            "evaluation without a key raised, and with a key it did not: in evaluation something "
            f"still drops ({type(cause).__name__}: {said})"
        ) from error


def agree(sampler: Sampler, seen: Any, expected: Any, what: str) -> None:
    """Raise unless two outputs have equal masks, and values that differ by rounding alone.

    Args:
        sampler: of the subject that gave both.
        seen: an output, or several along axis 0.
        expected: the output that it must equal.
        what: words for how `seen` was made; the message begins with them.

    Raises:
        Violation: naming the first unit that differs.
    """
    seen, expected = np.asarray(seen), np.asarray(expected)
    if seen.shape != expected.shape or seen.dtype != expected.dtype:
        shapes = f"{seen.dtype}{seen.shape} instead of {expected.dtype}{expected.shape}"
        raise Violation(f"{what}: {shapes}")
    traits = sampler.subject.traits
    is_noise = traits.law == "noise"
    unlike = np.argwhere((seen != 0) != (expected != 0))
    if len(unlike) and not is_noise and not callable(traits.kept):
        at = tuple(map(int, unlike[0]))
        raise Violation(
            f"{what}: {len(unlike)} of {seen.size} units of the mask differ, {at} first"
        )
    if is_noise:  # noise may be rounded differently, by a fraction of its largest unit
        largest = np.max(np.abs(expected), initial=0.0)
        off = ~np.isclose(seen, expected, rtol=_MODEL_ROUNDING, atol=_MODEL_ROUNDING * largest)
    elif traits.reference == "input" and traits.is_plain:
        off = ~_are_one_quotient(seen, expected, sampler.case.keep)
    else:
        is_float = jnp.issubdtype(seen.dtype, jnp.inexact)
        ulp = float(cast("Any", jnp).finfo(seen.dtype).eps) if is_float else 0.0
        near = max(_MODEL_ROUNDING, _ULPS * ulp)
        off = ~np.isclose(seen, expected, rtol=near, atol=near)
    off &= ~(np.isnan(seen) & np.isnan(expected))
    if off.any():
        at = tuple(map(int, np.argwhere(off)[0]))
        raise Violation(
            f"{what}: {int(off.sum())} of {seen.size} values differ, at {at} {seen[at]!s} "
            f"instead of {expected[at]!s}"
        )


def _are_one_quotient(seen: Any, expected: Any, keep: float) -> Any:
    """Return where both are x/keep for one x, though each may divide by another rounding of keep.

    An eager call may divide by 1 - rate, and the same call under a transform by 1 - float32(rate).
    """
    exact = rounding(seen.dtype)
    alike = adjacent(seen, expected, ulps=1 if exact == 1 else 2 * exact)  # each may be off
    possible = divisors(keep, seen.dtype)
    with np.errstate(all="ignore"):
        for one, other in permutations(possible, 2):
            moved = (expected.astype(np.float64) * (one / other)).astype(seen.dtype)
            alike |= adjacent(seen, moved, ulps=2 * exact)
    return alike
