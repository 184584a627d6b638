"""What can go wrong between a question and its answer, one exception a kind.

Each message is one paragraph: what was asked, what came, what to do.
"""

from __future__ import annotations


class Unsupported(Exception):
    """The adapter cannot do this operation; ``str`` of it is the reason, one sentence."""


class SubjectError(Exception):
    """The subject crashed or answered nonsense where the property does not allow it.

    The exception that the subject raised, if any, is the ``__cause__``.

    Attributes:
        subject: name of the subject.
        operation: the operation that was asked for, such as ``call``.
        asked: the whole question as text, such as ``call(x: float32[3], rate=0.5)``.
    """

    def __init__(self, message: str, *, subject: str, operation: str, asked: str) -> None:
        super().__init__(message)
        self.subject = subject
        self.operation = operation
        self.asked = asked


class Crashed(SubjectError):
    """The subject raised an exception."""


class WrongAnswer(SubjectError):
    """The subject answered with no array, or one of another shape or dtype.

    Attributes:
        seen: what came, such as ``float32[3]``.
        expected: what the reference has, such as ``float16[3]``.
    """

    def __init__(
        self, message: str, *, subject: str, operation: str, asked: str, seen: str, expected: str
    ) -> None:
        super().__init__(message, subject=subject, operation=operation, asked=asked)
        self.seen = seen
        self.expected = expected


class WiringError(TypeError):
    """The adapter could not infer how to hand a layer its rate, mode or key."""


class UnknownSubject(LookupError):
    """No subject goes by this name, or the module that should hold it cannot be imported."""
