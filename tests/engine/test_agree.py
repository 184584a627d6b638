"""`agree` accepts differences by rounding between two outputs, and refuses larger ones."""

from dataclasses import replace

import numpy as np
import pytest

from dropout_props.cases.case import SMALL, Case
from dropout_props.properties import Violation
from dropout_props.properties.outputs import agree
from dropout_props.properties.sampler import Sampler
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel

_DROPOUT = Sampler(
    kernel_subject(Kernel(), api="linen", name="control.reference"), Case(values=SMALL), "DP501"
)
_TRAITS = replace(_DROPOUT.subject.traits, law="noise")
_NOISE = replace(_DROPOUT, subject=replace(_DROPOUT.subject, traits=_TRAITS))
_X = Case(values=SMALL).inputs()
_LARGEST = float(_X.max())


def test_noise_may_differ_by_rounding() -> None:
    """Noise may differ by a millionth of the largest unit, dropout by one in the last place."""
    seen = _X + np.float32(1e-6 * _LARGEST)
    agree(_NOISE, seen, _X, "case")
    with pytest.raises(Violation, match=r"^case: \d+ of 128 values differ"):
        agree(_DROPOUT, seen, _X, "case")


def test_a_unit_of_other_noise_is_refused() -> None:
    """A unit may not differ by a thousandth of the largest unit, nor be 0 or NaN."""
    for unit in (_X[5] + 1e-3 * _LARGEST, 0.0, np.nan):
        seen = _X.copy()
        seen[5] = unit
        with pytest.raises(Violation, match=r"^case: 1 of 128 values differ, at \(5,\)"):
            agree(_NOISE, seen, _X, "case")


def test_empty_noise_agrees() -> None:
    """Two empty outputs agree."""
    agree(_NOISE, _X[:0], _X[:0], "case")
