"""Finds whether a subject refuses NaN and infinity, by calling it on them.

Question: does the layer raise on numbers that are not finite, where it takes others?
Guarantee: it is called eagerly, in both modes, since a trace has no values. An error that finite
numbers of the same shape and dtype raise too is no refusal of these.
Cannot say: whether it refuses other values, such as negative ones: `inputs=` declares its inputs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jax
import numpy as np

from dropout_props.cases.case import as_dtype
from dropout_props.subjects.inputs import Given
from dropout_props.subjects.keys import key_of_seed
from dropout_props.subjects.operations import Call
from dropout_props.subjects.subject import Unsupported

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.subjects.subject import Subject, Traits

__all__ = ["error_text", "refusal_of_nonfinite"]

_SAID = 90  # characters of an error


def error_text(error: BaseException) -> str:
    """Return the name of an error, and the beginning of its text on one line."""
    text = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {text[:_SAID]}"


def refusal_of_nonfinite(subject: Subject, case: Case) -> str:
    """Return the error of a call on NaN and infinity; empty where the subject takes them.

    Args:
        subject: the subject.
        case: an input that it takes, of any values.
    """
    traits = subject.traits
    if not traits.nonfinite or _declares_nonfinite(traits):
        return ""
    if as_dtype(case.dtype).kind in "iub":
        return ""
    if _error(subject, replace(case, values="distinct")):
        return ""  # each property says what it raised
    return _error(subject, replace(case, values="special"))


def _declares_nonfinite(traits: Traits) -> bool:
    """Return whether a declared input has such a number, so that the layer promises to take it."""
    given = [one.array for one in traits.inputs or () if isinstance(one, Given)]
    return any(not np.isfinite(array.astype(np.float64)).all() for array in given)


def _error(subject: Subject, case: Case) -> str:
    """Return the first error of an evaluation and of a training call."""
    x, streams = jax.device_put(case.inputs()), {subject.traits.stream or "dropout": key_of_seed(0)}
    modes = (False, True) if subject.traits.eval_mode else (True,)
    try:
        for training in modes:
            subject.adapter.run(Call(training=training), x, rate=case.rate, streams=streams)
    except Unsupported:
        return ""
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever it is, it is refused)
        return error_text(error)
    return ""
