"""The door between a property and a subject: words every question, checks every answer.

A crash becomes ``Crashed``, an answer of the wrong kind, shape or dtype ``WrongAnswer``. Both
say what was asked, what came and what to do. The door says nothing about the values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dropout_props.subjects.errors import Crashed, Unsupported, WrongAnswer

Expected = tuple[tuple[int, ...], str]


def describe(value: Any) -> str:
    """Words a value: arrays as ``float32[7, 5]``, all else by ``repr``."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None or dtype is None:
        return repr(value)
    return f"{dtype}[{', '.join(str(size) for size in shape)}]"


def word_question(operation: str, arguments: Mapping[str, Any]) -> str:
    """Words a question as a call, with the names of the streams in place of the keys."""
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


def ask(
    question: Callable[[], Any],
    *,
    subject: str,
    operation: str,
    arguments: Mapping[str, Any],
    expect_errors: bool = False,
) -> Any:
    """Asks, and turns a crash into ``Crashed``.

    Args:
        question: the call of the adapter.
        subject: name of the subject.
        operation: name of the operation.
        arguments: what is asked, for the message.
        expect_errors: lets the framework's own exception through untouched.

    Returns:
        The unchecked answer.

    Raises:
        Unsupported: the adapter cannot do the operation.
        Crashed: the subject raised, and ``expect_errors`` is off.
    """
    try:
        return question()
    except Unsupported:
        raise
    except Exception as error:
        if expect_errors:
            raise
        asked = word_question(operation, arguments)
        text = " ".join(str(error).split())[:400].rstrip(".") or "no message"
        message = (
            f"{subject} was asked for {asked} and raised {type(error).__name__}: {text}. "
            f"No error is allowed here. Make the same call on the layer alone to see where it "
            f"comes from; if the layer is not meant to do this, say so in its traits."
        )
        raise Crashed(message, subject=subject, operation=operation, asked=asked) from error


def check(
    answer: Any,
    *,
    expected: Expected,
    subject: str,
    operation: str,
    arguments: Mapping[str, Any],
) -> Any:
    """Returns the answer if it is an array of the expected shape and dtype.

    Args:
        answer: what the subject returned.
        expected: shape and name of the dtype of the reference.
        subject: name of the subject.
        operation: name of the operation.
        arguments: what was asked, for the message.

    Returns:
        The answer.

    Raises:
        WrongAnswer: it is no array, or has another shape or dtype.
    """
    import jax
    import numpy as np

    is_array = isinstance(answer, (jax.Array, np.ndarray))
    if is_array and (tuple(answer.shape), str(answer.dtype)) == expected:
        return answer
    shape, dtype = expected
    wanted = f"{dtype}[{', '.join(str(size) for size in shape)}]"
    seen = describe(answer) if is_array else f"a {type(answer).__name__}"
    asked = word_question(operation, arguments)
    message = (
        f"{subject} was asked for {asked} and returned {seen}, where {wanted} was expected. "
        f"A training output must have the shape and the dtype of its reference. Return one "
        f"array and convert nothing; if the output is meant to differ from the input, give "
        f"the subject the trait reference='eval'."
    )
    raise WrongAnswer(
        message, subject=subject, operation=operation, asked=asked, seen=seen, expected=wanted
    )
