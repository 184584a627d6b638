"""Validation between a property and a subject: runs operations and checks the outputs.

An exception of the subject becomes `Crashed`; an output that is not an array of the expected shape
and dtype becomes `WrongOutput`. Both say which call was made, what came of it and what to do.
Nothing here looks at the values of an output: properties do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dropout_props.subjects.errors import Crashed, Unsupported, WrongOutput

Expected = tuple[tuple[int, ...], str]
"""Shape, and name of the dtype."""


def describe(value: Any) -> str:
    """Describe a value: an array as `float32[7, 5]`, anything else by its `repr`."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None or dtype is None:
        return repr(value)
    return f"{dtype}[{', '.join(str(size) for size in shape)}]"


def describe_call(operation: str, arguments: Mapping[str, Any]) -> str:
    """Describe an operation as a call, with names of streams in place of their keys."""
    words = []
    for name, value in arguments.items():
        if name == "x":
            words.append(f"x: {describe(value)}")
        elif name == "streams":
            words.append(f"streams: {', '.join(sorted(value)) or 'none'}")
        elif name == "key":
            words.append("key given")
        elif name != "broadcast_dims" or value:
            words.append(f"{name}={value!r}")
    return f"{operation}({', '.join(words)})"


def run(
    function: Callable[[], Any],
    *,
    subject: str,
    operation: str,
    arguments: Mapping[str, Any],
    expect_errors: bool = False,
) -> Any:
    """Run an operation, and turn an exception of the subject into `Crashed`.

    Args:
        function: calls the adapter.
        subject: name of the subject.
        operation: name of the operation.
        arguments: arguments of the operation, for the message.
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
        call = describe_call(operation, arguments)
        text = " ".join(str(error).split())[:400].rstrip(".") or "no message"
        message = (
            f"{subject}: {call} raised {type(error).__name__}: {text}. "
            f"The property allows no error here. Make the same call on the layer alone to see "
            f"where the error comes from; if the layer is not meant to support this call, say so "
            f"in its traits."
        )
        raise Crashed(
            message,
            subject=subject,
            operation=operation,
            call=call,
            in_evaluation=arguments.get("training") is False,
        ) from error


def check(
    output: Any,
    *,
    expected: Expected,
    subject: str,
    operation: str,
    arguments: Mapping[str, Any],
) -> Any:
    """Return the output if it is an array of the expected shape and dtype.

    Args:
        output: the value that the subject returned.
        expected: shape and dtype of the reference.
        subject: name of the subject.
        operation: name of the operation.
        arguments: arguments of the operation, for the message.

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
    call = describe_call(operation, arguments)
    message = (
        f"{subject}: {call} returned {seen}, where {wanted} was expected. "
        f"A training output must have the shape and the dtype of its reference. Return one "
        f"array and do not convert it; if the output is meant to differ from the input, give "
        f"the subject the trait reference='eval'."
    )
    raise WrongOutput(
        message, subject=subject, operation=operation, call=call, seen=seen, expected=wanted
    )
