"""The evaluation output, and the comparison of two outputs of the same key.

Masks must be equal bit for bit. How far values may differ depends on the law of the output: see
`OutputLaw.unlike_values`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.properties.bits import first_difference, same_bits
from dropout_props.properties.declaration import Violation
from dropout_props.subjects.rounding import is_product
from dropout_props.subjects.subject import Crashed

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

__all__ = [
    "agree",
    "cause_text",
    "evaluation",
    "require_evaluated",
    "require_same_bits",
    "require_zeros",
    "said",
    "same_values",
]


def said(error: BaseException) -> str:
    """Return the name of an error and the first line of its text."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def cause_text(error: Crashed) -> str:
    """Return the name of what the subject raised, and the beginning of its text on one line."""
    cause = error.__cause__
    text = re.sub(r"\s*\(https?://\S+\)", "", " ".join(str(cause).split()))
    return f"{type(cause).__name__}: {text[:160]}"


def require_same_bits(seen: Any, expected: Any, what: str) -> None:
    """Raise unless two arrays have the same dtype, shape and bits.

    Raises:
        Violation: naming the first difference; the text begins with `what`.
    """
    if not same_bits(seen, expected):
        raise Violation(f"{what}: {first_difference(seen, expected)}")


def same_values(seen: Any, expected: Any) -> bool:
    """Return whether two arrays have the same dtype, shape and values: NaN is NaN, and -0 is 0."""
    one, other = np.asarray(seen), np.asarray(expected)
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return bool(((one == other) | (np.isnan(one) & np.isnan(other))).all())


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
        raise Violation(
            "evaluation without a key raised, and with a key it did not: in evaluation something "
            f"still drops ({cause_text(error)})"
        ) from error


def require_evaluated(sampler: Sampler, seen: Any, reference: Any, what: str) -> None:
    """Raise unless an evaluation gave what its layer says of the reference: itself, or keep times.

    Raises:
        Violation: naming the first difference; the text begins with `what`.
    """
    case = sampler.case
    traits = sampler.subject.traits
    if traits.evaluation == "same" or traits.reference == "eval":
        require_evaluation(sampler, seen, reference, what)
        return
    seen, x = np.asarray(seen), np.asarray(reference)
    wrong = np.argwhere(~is_product(seen, x, case.keep))
    if len(wrong):
        at = tuple(map(int, wrong[0]))
        raise Violation(
            f"{what}: {len(wrong)} of {seen.size} units are not keep times the input; at "
            f"{list(at)} x = {x[at]!s} gave {seen[at]!s}, and keep*x = "
            f"{float(x[at]) * case.keep:.9g}"
        )


def require_evaluation(sampler: Sampler, seen: Any, expected: Any, what: str) -> None:
    """Raise unless an output is the evaluation output: bit for bit, where that is the input.

    A model may compute it by another program at another rate, as Flax's attention does at rate 0,
    which differs by rounding.

    Raises:
        Violation: naming the first difference; the text begins with `what`.
    """
    seen, expected = np.asarray(seen), np.asarray(expected)
    traits = sampler.subject.traits
    alike = seen.shape == expected.shape and seen.dtype == expected.dtype
    if traits.reference == "eval" and alike:
        keep = sampler.case.keep
        off = traits.output_law.unlike_values(seen, expected, keep=keep, of_input=False)
        if not off.any():
            return
    require_same_bits(seen, expected, what)


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
    law = traits.output_law
    unlike = np.argwhere(law.unlike_masks(seen, expected))
    if len(unlike):
        at = tuple(map(int, unlike[0]))
        raise Violation(
            f"{what}: {len(unlike)} of {seen.size} units of the mask differ, {at} first"
        )
    of_input = traits.reference == "input"
    off = law.unlike_values(seen, expected, keep=sampler.case.keep, of_input=of_input)
    if off.any():
        at = tuple(map(int, np.argwhere(off)[0]))
        raise Violation(
            f"{what}: {int(off.sum())} of {seen.size} values differ, at {at} {seen[at]!s} "
            f"instead of {expected[at]!s}"
        )
