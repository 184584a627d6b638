"""Adapts the cases of a property to a subject: to cases that it accepts and that can be counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jax
import numpy as np

from dropout_props.cases.case import SMALL, TOKENS, as_dtype
from dropout_props.engine.adapt_case import fit
from dropout_props.engine.probe import taken
from dropout_props.properties.declaration import Exact
from dropout_props.properties.mask_cases import countable
from dropout_props.subjects.rounding import are_close
from dropout_props.subjects.subject import SubjectError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.cases.case import Case
    from dropout_props.properties import Statistical
    from dropout_props.subjects.subject import Subject

__all__ = ["explicit_cases", "fitted"]

_CHOSEN = ("distinct", "negative")


def fitted(decision: Exact | Statistical, subject: Subject) -> Callable[[Case], Case]:
    """Return a function that adapts a case to the subject, and makes a counted one countable."""

    def nearest(case: Case) -> Case:
        return _told_apart(taken(fit(case, subject.traits), subject), subject)

    if isinstance(decision, Exact):
        return nearest
    return lambda case: countable(nearest(case), subject.traits)


def _told_apart(case: Case, subject: Subject) -> Case:
    """Return the case with inputs of which no kept unit looks like a dropped one, if there are any.

    A layer that drops to -1 and does not scale returns -1 for a kept -1 too.
    """
    law = subject.traits.output_law
    if law.is_plain or not law.has_two_values or case.values not in _CHOSEN or case.rate == 1.0:
        return case
    dropped, is_integer = law.dropped_output(case.keep), as_dtype(case.dtype).kind in "iu"
    if dropped is None:  # 0 and 1 are ids of special tokens, as such a unit is
        return replace(case, values=TOKENS) if is_integer else case
    if not dropped and not is_integer:  # 0 is the output of no kept unit of these inputs
        return case
    others = (TOKENS,) if is_integer else (*_CHOSEN, SMALL)
    for values in dict.fromkeys((case.values, *others)):
        other = replace(case, values=values)
        try:
            reference = np.asarray(subject.reference(jax.device_put(other.inputs())))
        except SubjectError:
            return case  # each property says what it raised
        if not are_close(law.kept_output(reference, case.keep), dropped).any():
            return other
    return case


def explicit_cases(decision: Exact | Statistical, subject: Subject) -> tuple[Case, ...]:
    """Return the explicit cases of a property, adapted to the subject, each once."""
    return tuple(dict.fromkeys(map(fitted(decision, subject), decision.explicit)))
