"""The law of a training output: what it says about the mask, and how exactly.

Question: which units of an output are kept, with which probability, and when are two outputs equal?
Guarantee: nothing else in the package knows what distinguishes one law from another; a property
uses the object, and never compares the name of a law.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.statistics import Interval, keep_interval
from dropout_props.subjects.rounding import are_close, are_one_quotient, epsilon

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.subjects.traits import Dropped, Kept, LawName

__all__ = ["OutputLaw"]

# Symmetric noise lies above its reference with probability 1/2. The margin exceeds what 1 + noise
# loses by rounding next to 1 at the smallest rate that is counted, 0.001.
_ABOVE = Interval(0.5 - 2.0**-20, 0.5 + 2.0**-20)

_BEHIND_ARITHMETIC = 1e-4  # relative, of outputs behind a matrix product or a declared map,
_ULPS = 16  # and at least so many units in the last place of its dtype


@dataclass(frozen=True)
class OutputLaw:
    """How a training output depends on its mask; `Traits` documents the fields.

    Attributes:
        name: which of the laws, `Traits.law`.
        dropped: the output of a dropped unit, `Traits.dropped`.
        kept: the output of a kept unit, `Traits.kept`.
    """

    name: LawName = "dropout"
    dropped: Dropped = 0.0
    kept: Kept = "scaled"

    @property
    def is_noise(self) -> bool:
        """Whether a unit lies on either side of its reference, instead of being dropped or kept."""
        return self.name == "noise"

    @property
    def has_two_values(self) -> bool:
        """Whether each unit has the value of a dropped or of a kept unit, which show the mask."""
        return self.name == "dropout"

    @property
    def shows_mask(self) -> bool:
        """Whether the output shows a mask at all; noise shows one of its own."""
        return self.name != "composite"

    @property
    def is_plain(self) -> bool:
        """Whether a dropped unit is 0 and a kept one reference/keep, in a layer that drops."""
        return self.dropped == 0.0 and self.kept == "scaled"

    @property
    def counts_half_precision(self) -> bool:
        """Whether units of 16 bits can be counted.

        Half precision rounds much of a noise away, and a unit that is neither above nor below its
        reference cannot be counted.
        """
        return not self.is_noise

    def kept_output(self, reference: Any, keep: float) -> Any:
        """Return the outputs of a layer that keeps every unit."""
        if callable(self.kept):
            with np.errstate(all="ignore"):  # half precision overflows, as in the layer itself
                return self.kept(reference, keep)
        return reference / keep if self.kept == "scaled" else reference

    def dropped_output(self, keep: float) -> float | None:
        """Return the output of a dropped unit; None where it may be any other than a kept one."""
        return self.dropped(keep) if callable(self.dropped) else self.dropped

    def kept_units(
        self, outputs: Any, reference: Callable[[], Any], *, keep: float
    ) -> np.ndarray[Any, Any]:
        """Return which units of training outputs are kept, bool of the shape of `outputs`.

        Dropout keeps a unit that is not 0; noise counts as keeping one that lies above its
        reference. A layer that says what a kept unit is keeps those that are it, to a few units in
        the last place.

        Args:
            outputs: one training output, or several along leading axes.
            reference: returns the reference of all of them; called where it is needed.
            keep: the keep probability, where the layer says what a kept unit is.
        """
        outputs = np.asarray(outputs)
        if not self.is_plain:
            return are_close(outputs, self.kept_output(np.asarray(reference()), keep))
        if self.is_noise:
            return np.asarray(outputs > np.asarray(reference()))
        return outputs != 0

    def keep_rate(self, rate: float) -> float:
        """Return the intended probability that a unit is kept."""
        return 0.5 if self.is_noise else 1.0 - rate

    def null(self, rate: float) -> Interval:
        """Return the probabilities of a kept unit that correct arithmetic may give."""
        return _ABOVE if self.is_noise else keep_interval(rate)

    def unlike_masks(self, seen: Any, expected: Any) -> np.ndarray[Any, Any]:
        """Return where one of two outputs is 0 and the other is not, if that shows the mask."""
        if self.is_noise or callable(self.kept):
            return np.zeros(np.shape(seen), dtype=bool)
        return np.asarray((seen != 0) != (expected != 0))

    def unlike_values(
        self, seen: Any, expected: Any, *, keep: float, of_input: bool
    ) -> np.ndarray[Any, Any]:
        """Return where two outputs of one key differ by more than rounding.

        The values of plain dropout may differ by the rounding of one quotient. Noise, outputs of a
        model, and values that a layer declares take several steps, which XLA may join.

        Args:
            seen: the one output.
            expected: the other, of the same shape and dtype.
            keep: the keep probability.
            of_input: the reference is the input, and not the output of a model.
        """
        if of_input and self.is_plain and not self.is_noise:
            off = ~are_one_quotient(seen, expected, keep)
        else:
            near = max(_BEHIND_ARITHMETIC, 0 if self.is_noise else _ULPS * epsilon(seen.dtype))
            one, other = _comparable(seen), _comparable(expected)
            # Noise may be off by a fraction of its largest unit.
            largest = np.max(np.abs(other), initial=0.0) if self.is_noise else 1.0
            off = ~np.isclose(one, other, rtol=near, atol=near * largest)
        return np.asarray(off & ~(np.isnan(seen) & np.isnan(expected)))


def _comparable(outputs: Any) -> Any:
    """Return outputs in a dtype of NumPy: NumPy 1 compares no bfloat16 or float8 with a number."""
    return outputs if outputs.dtype.isbuiltin == 1 else outputs.astype(np.float32)
