"""The error budget of a run, and the share that one property about one subject gets.

The share is a constant of the catalogue: budget / (statistical properties x subjects there is room
for). It does not depend on which properties or subjects were selected, in which order they run, or on
how many workers, so neither does any verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SUBJECT_CAPACITY", "Budget"]

SUBJECT_CAPACITY = 64
"""Subjects that one run has room for; more are refused, since the sum would pass the budget."""


@dataclass(frozen=True)
class Budget:
    """Both error rates of a run.

    Args:
        false_fail_rate: chance that a run of correct code raises any false alarm at all.
        num_properties: statistical properties in the catalogue.
        false_pass_rate: chance that a property passes an example with the promised discrepancy.
        capacity: subjects that share the budget.

    Raises:
        ValueError: a rate outside (0, 1).
    """

    false_fail_rate: float = 1e-9
    num_properties: int = 1
    false_pass_rate: float = 1e-3
    capacity: int = SUBJECT_CAPACITY

    def __post_init__(self) -> None:
        """Refuse rates that are no rates."""
        for name in ("false_fail_rate", "false_pass_rate"):
            value = getattr(self, name)
            if not 0.0 < value < 1.0:
                raise ValueError(
                    f"{name}={value!r} (float): an error rate lies strictly between 0 and 1; "
                    "the usual budget is 1e-9."
                )

    @property
    def share(self) -> float:
        """The false alarm rate of one statistical property about one subject."""
        return self.false_fail_rate / (self.num_properties * self.capacity)
