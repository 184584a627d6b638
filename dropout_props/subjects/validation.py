"""Validation between a property and a subject: runs operations and checks the outputs.

An exception of the subject becomes `Crashed`; an output that is not an array of the expected shape
and dtype becomes `WrongOutput`. Both say which call was made, what came of it and what to do.
Nothing here looks at the values of an output: properties do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from dropout_props.subjects.errors import Crashed, Unsupported, WrongOutput
from dropout_props.subjects.operations import Call, Operation, WithKey
from dropout_props.subjects.protocol import Array, Streams
from dropout_props.subjects.raised_at import raised_at

_T = TypeVar("_T")

Expected = tuple[tuple[int, ...], str]
"""Shape, and name of the dtype."""


def describe(value: Any) -> str:
    """Describe a value: an array as `float32[7, 5]`, anything else by its `repr`."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None or dtype is None:
        return repr(value)
    return f"{dtype}[{', '.join(str(size) for size in shape)}]"


@dataclass(frozen=True)
class About:
    """Which subject ran which operation on which arguments, for a message.

    Attributes:
        subject: name of the subject.
        operation: what it was told to do.
        x: the input.
        rate: the rate.
        streams: one key per stream; None where a message need not name them.
    """

    subject: str
    operation: Operation
    x: Array
    rate: Any
    streams: Streams | None = None

    @property
    def call(self) -> str:
        """The operation with its arguments, with names of streams in place of their keys."""
        words = [f"x: {describe(self.x)}"]
        if isinstance(self.operation, WithKey):
            words.append("key given")
        words.append(f"rate={self.rate!r}")
        for one in fields(self.operation):
            value = getattr(self.operation, one.name)
            if value != one.default:
                words.append(f"{one.name}={value!r}")
        if self.streams is not None:
            words.append(f"streams: {', '.join(sorted(self.streams)) or 'none'}")
        return f"{self.operation.words}({', '.join(words)})"


def run(function: Callable[[], _T], *, about: About, expect_errors: bool = False) -> _T:
    """Run an operation, and turn an exception of the subject into `Crashed`.

    Args:
        function: runs the adapter.
        about: what it runs, for the message.
        expect_errors: let the subject's own exception through unchanged.

    Returns:
        The output of the adapter, unchecked.

    Raises:
        Unsupported: the adapter cannot run the operation.
        Crashed: the subject raised, and `expect_errors` is off.
    """
    try:
        return function()
    except Unsupported:
        raise
    except Exception as error:
        if expect_errors:
            raise
        operation = about.operation
        text = " ".join(str(error).split())[:400].rstrip(".") or "no message"
        place = f" ({at})" if (at := raised_at(error)) else ""
        message = (
            f"{about.subject}: {about.call} raised {type(error).__name__}: {text}{place}. "
            f"The property allows no error here. Make the same call on the layer alone to see "
            f"where the error comes from; if the layer is not meant to support this call, say so "
            f"by an option, such as inputs= or rate=."
        )
        raise Crashed(
            message,
            subject=about.subject,
            operation=operation.words,
            call=about.call,
            in_evaluation=isinstance(operation, Call) and not operation.training,
        ) from error


def check(output: Any, *, expected: Expected, about: About) -> Any:
    """Return the output if it is an array of the expected shape and dtype.

    Args:
        output: the value that the subject returned.
        expected: shape and dtype of the reference.
        about: what the subject ran, for the message.

    Returns:
        The output, unchanged.

    Raises:
        WrongOutput: it is not an array, or has another shape or dtype.
    """
    import jax
    import numpy as np

    is_array = isinstance(output, (jax.Array, np.ndarray))
    if is_array and (tuple(output.shape), str(output.dtype)) == expected:
        return output
    shape, dtype = expected
    wanted = f"{dtype}[{', '.join(str(size) for size in shape)}]"
    seen = describe(output) if is_array else f"a {type(output).__name__}"
    if is_array:
        rule = (
            "A training output must have the shape and the dtype of its reference. Do not convert "
            "it; if the output is meant to differ from the input, give the subject the trait "
            "reference='eval'."
        )
    else:
        rule = f"A layer returns one array: {_to_array(output)}."
    message = f"{about.subject}: {about.call} returned {seen}, where {wanted} was expected. {rule}"
    raise WrongOutput(
        message,
        subject=about.subject,
        operation=about.operation.words,
        call=about.call,
        seen=seen,
        expected=wanted,
    )


def _to_array(output: Any) -> str:
    """Return what to do about an output that is not an array."""
    if output is None:
        return "its call lacks a return"
    if isinstance(output, tuple | list):
        return "say which part is its output, as in output=0"
    if isinstance(output, Mapping) and output:
        return f"say which part is its output, as in output={next(iter(output))!r}"
    return "say which part is its output, as in output='name' for an attribute"
