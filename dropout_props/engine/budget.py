"""The error budget of a run, and the share of one property of one subject.

Guarantee: the share is a constant, budget / (statistical properties of the catalogue x
`SUBJECT_CAPACITY`). It does not depend on the selected properties and subjects, on their order or
on the number of workers, so no verdict does. A run is red when a property fails, and also when it
is left undecided: each of the two has a part of the share.

The properties that a project declares share what one subject would have: `own_share`, a constant
too. A project with some has `room` for one subject fewer, so all shares together stay in the
budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropout_props.properties.own import CAPACITY, own_properties

if TYPE_CHECKING:
    from dropout_props.properties import Property

__all__ = [
    "SUBJECT_CAPACITY",
    "UNDECIDED_PART",
    "Budget",
    "no_room",
    "own_share",
    "room",
    "undecided_share",
]

UNDECIDED_PART = 1 / 64
"""The part of a share that covers being left undecided: small, as it only caps the longest runs."""

SUBJECT_CAPACITY = 64
"""The number of subjects that the budget is divided by; `room` is how many a run may have."""


@dataclass(frozen=True)
class Budget:
    """Both error rates of a run.

    Args:
        false_fail_rate: upper bound on the chance that a run of correct code is red at all: that a
            property fails or is left undecided.
        num_properties: number of statistical properties in the catalogue.
        false_pass_rate: upper bound on the chance that a property passes an example with the
            discrepancy that it promises to detect.
        capacity: number of subjects that share the budget.

    Raises:
        ValueError: a rate is outside (0, 1).
    """

    false_fail_rate: float = 1e-9
    num_properties: int = 1
    false_pass_rate: float = 1e-3
    capacity: int = SUBJECT_CAPACITY

    def __post_init__(self) -> None:
        """Check both rates."""
        for name in ("false_fail_rate", "false_pass_rate"):
            value = getattr(self, name)
            if not 0.0 < value < 1.0:
                raise ValueError(
                    f"{name}={value!r} (float): an error rate lies strictly between 0 and 1; "
                    "the usual budget is 1e-9."
                )

    @property
    def share(self) -> float:
        """The chance at most that one statistical property of one correct subject fails."""
        return self._whole_share * (1.0 - UNDECIDED_PART)

    @property
    def undecided_share(self) -> float:
        """The chance at most that one property of one correct subject is left undecided."""
        return self._whole_share * UNDECIDED_PART

    def share_of(self, prop: Property) -> float:
        """Return the chance at most that this property of one correct subject fails."""
        return own_share(self.share, self.num_properties) if prop.is_own else self.share

    @property
    def _whole_share(self) -> float:
        return self.false_fail_rate / (self.num_properties * self.capacity)


def room(capacity: int = SUBJECT_CAPACITY) -> int:
    """Return how many subjects one run may have.

    Args:
        capacity: number of subjects that share the budget.

    Returns:
        The capacity, less one where the project has declared a statistical property, selected or
        not.
    """
    return capacity - any(prop.is_statistical for prop in own_properties())


def no_room(
    num_subjects: int, capacity: int = SUBJECT_CAPACITY, *, split_over: str = "runs"
) -> str:
    """Return why one run cannot have so many subjects; an empty text where it can.

    Args:
        num_subjects: the number of subjects.
        capacity: number of subjects that share the budget.
        split_over: noun for several runs.
    """
    most = room(capacity)
    if num_subjects <= most:
        return ""
    beside = "" if most == capacity else " beside the statistical properties of the project"
    return (
        f"{num_subjects} subjects: the error budget has room for {most}{beside}. Split them over "
        f"several {split_over}, each with a budget of its own."
    )


def own_share(share: float, num_properties: int, capacity: int = SUBJECT_CAPACITY) -> float:
    """Return the share of a property that a project declares.

    The catalogue spends ``num_properties * share`` on one subject. Divided by the most statistical
    properties that a project may declare, on as many subjects, that is the share of each.

    Args:
        share: that of a property of the catalogue.
        num_properties: number of statistical properties in the catalogue.
        capacity: number of subjects that share the budget.
    """
    return share * num_properties / (CAPACITY * capacity)


def undecided_share(share: float) -> float:
    """Return the `Budget.undecided_share` that goes with a stored `Budget.share`."""
    return share * UNDECIDED_PART / (1.0 - UNDECIDED_PART)
