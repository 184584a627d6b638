"""Counts of Bernoulli trials, which are all that a statistical property returns.

Question: how often did an event happen, and how often should it have happened?
Guarantee: a ``Trials`` record holds integers alone, so that adding the records of two batches,
examples, processes or devices gives exactly the record of the two together; no rounding, no order.
Cannot say: whether the trials were independent, or whether the null is right; the property that
counted guarantees both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["EDGE_ROUNDING", "Interval", "Trials", "as_probability"]

# A probability so little outside [0, 1] is a rounding error: 0.9 - 0.3 * 3 must count as 0.
EDGE_ROUNDING = 1e-14


class Interval(NamedTuple):
    """All numbers from ``lowest`` to ``highest``, both ends included."""

    lowest: float
    highest: float

    @property
    def midpoint(self) -> float:
        """The number halfway between the two ends."""
        return self.lowest + (self.highest - self.lowest) / 2


def as_probability(value: Interval | float) -> Interval:
    """Return a success probability as an interval; that of a number has width 0.

    Raises:
        ValueError: it is not an interval inside [0, 1], or not a number.
    """
    pair = value if isinstance(value, tuple) else (value, value)
    lowest, highest = (float(end) for end in pair)
    if not 0.0 <= lowest <= highest <= 1.0:
        msg = (
            f"probability={value!r} is not a probability: 0 <= lowest <= highest <= 1 must hold. "
            "Give a number, or an Interval(lowest, highest), inside [0, 1]."
        )
        raise ValueError(msg)
    return Interval(lowest, highest)


@dataclass(frozen=True, eq=False)
class Trials:
    """Counts of one or more kinds of trial (the members), each with its null.

    Args:
        successes: int64[num_members], number of trials that succeeded.
        trials: int64[num_members], number of independent trials.
        lowest: float64[num_members], the smallest success probability that the property allows.
        highest: float64[num_members], the largest success probability that it allows.
        label: kind of the members, as in "position" or "lag along axis 1".

    A scalar stands for one member; a scalar beside an array is repeated for every member.

    Raises:
        ValueError: a count is not an integer, or ``0 <= successes <= trials`` or
            ``0 <= lowest <= highest <= 1`` does not hold, or the lengths differ.

    Assumes: within a member, the trials are independent and each succeeds with one and the same
    probability, which lies in [lowest, highest] when the property is true. Members may depend on
    each other in any way.
    """

    successes: NDArray[np.int64]
    trials: NDArray[np.int64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    label: str = ""

    def __post_init__(self) -> None:
        """Convert and validate the fields."""
        fields = {
            "successes": _counts("successes", self.successes),
            "trials": _counts("trials", self.trials),
            "lowest": np.asarray(self.lowest, dtype=np.float64),
            "highest": np.asarray(self.highest, dtype=np.float64),
        }
        num_members = max((field.size for field in fields.values() if field.ndim), default=1)
        if any(field.ndim == 1 and field.size == 0 for field in fields.values()):
            num_members = 0
        for name, field in fields.items():
            if field.ndim > 1 or (field.ndim == 1 and field.size != num_members):
                shapes = ", ".join(f"{key}: {value.shape}" for key, value in fields.items())
                msg = (
                    f"the shapes of the fields differ ({shapes}): every field must be a scalar or "
                    "have one entry a member. Flatten the members, and give each its own entry."
                )
                raise ValueError(msg)
            full = np.array(np.broadcast_to(field, (num_members,)))
            full.setflags(write=False)  # the record is frozen, so must its arrays be
            object.__setattr__(self, name, full)
        if np.any(bad := (self.successes < 0) | (self.successes > self.trials)):
            at = int(np.argmax(bad))
            msg = (
                f"successes={self.successes[at]} of trials={self.trials[at]} (member {at}): "
                "0 <= successes <= trials must hold. Count each trial once."
            )
            raise ValueError(msg)
        inside = (self.lowest >= 0) & (self.lowest <= self.highest) & (self.highest <= 1)
        if not np.all(inside):
            at = int(np.argmin(inside))
            msg = (
                f"the null [{self.lowest[at]}, {self.highest[at]}] (member {at}) is no interval of "
                "probabilities: 0 <= lowest <= highest <= 1 must hold."
            )
            raise ValueError(msg)

    @classmethod
    def of(
        cls,
        successes: ArrayLike,
        trials: ArrayLike,
        probability: Interval | float,
        label: str = "",
    ) -> Trials:
        """Return counts of members that share one null, a number or an interval."""
        lowest, highest = as_probability(probability)
        fields: Any = (successes, trials, lowest, highest, label)  # arrays in __post_init__
        return cls(*fields)

    @classmethod
    def joined(cls, families: Sequence[Trials]) -> Trials:
        """Return the members of all families as one family, in order: see `parted`."""
        fields: Any = [
            np.concatenate([getattr(family, name) for family in families])
            for name in ("successes", "trials", "lowest", "highest")
        ]
        fields.append(repr([(family.label, len(family)) for family in families]))
        return cls(*fields)

    def parted(self, families: Sequence[Trials]) -> tuple[Trials, ...]:
        """Return the members as the families that were `joined`.

        Args:
            families: have the labels and the numbers of members; their counts do not matter.
        """
        ends = np.cumsum([len(family) for family in families])[:-1]
        fields: Any = (self.successes, self.trials, self.lowest, self.highest)
        labels = [family.label for family in families]
        parts: Any = zip(*(np.split(field, ends) for field in fields), labels, strict=True)
        return tuple(Trials(*part) for part in parts)

    def __len__(self) -> int:
        """The number of members."""
        return self.successes.size

    def __add__(self, other: Trials) -> Trials:
        """Add the counts of the same members in two batches of independent trials.

        Raises:
            ValueError: the members differ in number, null or label, or the sum is beyond 64 bits.
        """
        if not isinstance(other, Trials):
            return NotImplemented
        same_null = np.array_equal(self.lowest, other.lowest) and np.array_equal(
            self.highest, other.highest
        )
        if not same_null or self.label != other.label:
            msg = (
                f"cannot add {other!r} to {self!r}: only counts of the same members add up (same "
                "number, null and label). Keep different counts as different families."
            )
            raise ValueError(msg)
        if np.any(self.trials > np.iinfo(np.int64).max - other.trials):
            msg = (
                f"cannot add {other!r} to {self!r}: together they are more trials than 64 bits "
                "count. Keep them as two records."
            )
            raise ValueError(msg)
        return Trials(
            self.successes + other.successes,
            self.trials + other.trials,
            self.lowest,
            self.highest,
            self.label,
        )

    def __eq__(self, other: object) -> bool:
        """Return whether the members, their counts, nulls and label are the same."""
        if not isinstance(other, Trials):
            return NotImplemented
        return self.label == other.label and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("successes", "trials", "lowest", "highest")
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Return the sums, not the arrays: there may be a million members."""
        null = f"[{self.lowest.min()}, {self.highest.max()}]" if len(self) else "[]"
        return (
            f"Trials({len(self)} x {self.label or 'member'}: {sum(self.successes.tolist())} of "
            f"{sum(self.trials.tolist())}, null {null})"
        )


def _counts(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """Return counts as int64; a float is refused, since it may be an average."""
    read = np.asarray(values)
    if read.size == 0:
        return read.astype(np.int64)
    if read.dtype.kind not in "iu" or int(read.max()) > np.iinfo(np.int64).max:
        msg = (
            f"{name}={values!r} ({read.dtype}): counts must be integers that fit 64 bits. "
            "Count on integers, and do not average first."
        )
        raise ValueError(msg)
    return read.astype(np.int64)
