"""What can go wrong when a subject runs an operation: one exception class per kind of fault.

A message is one paragraph: what the suite called, what the subject did, and what to do about it.
"""

from __future__ import annotations

from typing import Any


class Unsupported(Exception):
    """The adapter cannot run this operation; the text is the reason, one sentence."""


class SubjectError(Exception):
    """The subject raised, or returned a wrong output, where the property does not allow it.

    The exception that the subject raised, if any, is the `__cause__`.

    Attributes:
        subject: name of the subject.
        operation: name of the operation in words, such as `repeated calls`.
        call: the operation with its arguments, such as `call(x: float32[3], rate=0.5)`.
    """

    def __init__(self, message: str, *, subject: str, operation: str, call: str) -> None:
        super().__init__(message)
        self.subject = subject
        self.operation = operation
        self.call = call

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process whole, except for the cause, which may not be picklable."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[SubjectError], args: tuple[Any, ...], fields: dict[str, Any]) -> SubjectError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class Crashed(SubjectError):
    """The subject raised an exception.

    Attributes:
        in_evaluation: the call was an evaluation.
    """

    def __init__(
        self, message: str, *, subject: str, operation: str, call: str, in_evaluation: bool = False
    ) -> None:
        super().__init__(message, subject=subject, operation=operation, call=call)
        self.in_evaluation = in_evaluation


class WrongOutput(SubjectError):
    """The subject returned something that is not an array, or has a wrong shape or dtype.

    Attributes:
        seen: the kind of the output, such as `float32[3]`.
        expected: the kind that the reference has, such as `float16[3]`.
    """

    def __init__(
        self, message: str, *, subject: str, operation: str, call: str, seen: str, expected: str
    ) -> None:
        super().__init__(message, subject=subject, operation=operation, call=call)
        self.seen = seen
        self.expected = expected


class WiringError(TypeError):
    """The adapter cannot infer how a layer takes its rate, mode or key."""


class UnknownSubject(LookupError):
    """No subject has this name, or the module that should define it cannot be imported."""
