"""The sentence about a property that was not judged, since something raised.

Question: whose fault is it? The layer's, where a call of it raised; the project's, where one of its
own functions or properties did; else that of this package.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_props.subjects import validation
from dropout_props.subjects.errors import SubjectError
from dropout_props.subjects.raised_at import raised_at

if TYPE_CHECKING:
    from types import CodeType

    from dropout_props.properties import Property
    from dropout_props.subjects.subject import Subject

__all__ = ["words_of_crash"]


def words_of_crash(subject: Subject, prop: Property, error: Exception | SystemExit) -> str:
    """Return a sentence about a crash of the subject, or of a property: a fault of this package."""
    if isinstance(error, SubjectError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"{subject.name} raised SystemExit({error.code!r}): no layer may end the process."
    if option := _raising_option(subject, error):
        return (
            f"{option}= of {subject.name} raised {type(error).__name__}: {str(error)[:400]}. It is "
            "a function that the subject was given: mend it, or leave it out."
        )
    if _of_a_call(error):
        place = f" ({at})" if (at := raised_at(error)) else ""
        text = " ".join(str(error).split())[:400].rstrip(".") or "no message"
        return (
            f"{subject.name}: a call of it raised {type(error).__name__}: {text}{place}. The "
            "property allows other errors here, but not this one. Make the call on the layer alone "
            "to see where the error comes from; if the layer is not meant to support it, say so in "
            "its traits."
        )
    last = traceback.extract_tb(error.__traceback__)[-1]
    at_fault = (
        "Mend the property, or let it raise Violation where the layer is wrong."
        if not prop.id.startswith("DP")
        else "This is a fault of dropout_props; please report it with this paragraph."
    )
    return (
        f"the property itself raised {type(error).__name__}: {str(error)[:400]} "
        f"({Path(last.filename).name}, line {last.lineno}). {at_fault}"
    )


def _running(error: BaseException) -> set[CodeType]:
    """Return the code of every function that an error has left."""
    return {frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)}


def _of_a_call(error: BaseException) -> bool:
    """Return whether an error left a call of the subject, where the property allows errors."""
    return validation.run.__code__ in _running(error)


def _raising_option(subject: Subject, error: BaseException) -> str:
    """Return the name of the option whose function raised an error; nothing if none did."""
    running = _running(error)
    named = {one: getattr(subject.traits, one, None) for one in ("kept", "dropped", "spread")}
    return next((one for one, f in named.items() if getattr(f, "__code__", 0) in running), "")
