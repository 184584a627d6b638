"""Adapts the cases of a property to a subject: to cases that it accepts and that can be counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.engine.adapt_case import fit
from dropout_props.engine.probe import taken
from dropout_props.properties.declaration import Exact
from dropout_props.properties.mask_cases import countable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.cases.case import Case
    from dropout_props.properties import Statistical
    from dropout_props.subjects.subject import Subject

__all__ = ["explicit_cases", "fitted"]


def fitted(decision: Exact | Statistical, subject: Subject) -> Callable[[Case], Case]:
    """Return a function that adapts a case to the subject, and makes a counted one countable."""

    def nearest(case: Case) -> Case:
        return taken(fit(case, subject.traits), subject)

    if isinstance(decision, Exact):
        return nearest
    return lambda case: countable(nearest(case), subject.traits)


def explicit_cases(decision: Exact | Statistical, subject: Subject) -> tuple[Case, ...]:
    """Return the explicit cases of a property, adapted to the subject, each once."""
    return tuple(dict.fromkeys(map(fitted(decision, subject), decision.explicit)))
