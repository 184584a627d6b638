"""Two outputs of one question: which differences are rounding, and which are refused."""

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


def test_noise_may_be_rounded_otherwise() -> None:
    """By a millionth of the largest unit; in dropout, one unit in the last place is all."""
    seen = _X + np.float32(1e-6 * _LARGEST)
    agree(_NOISE, seen, _X, "here")
    with pytest.raises(Violation, match=r"^here: \d+ of 128 values differ"):
        agree(_DROPOUT, seen, _X, "here")


def test_a_unit_of_other_noise_is_refused() -> None:
    """However small the input: here by a thousandth of the largest unit, and by none at all."""
    for unit in (_X[5] + 1e-3 * _LARGEST, 0.0, np.nan):
        seen = _X.copy()
        seen[5] = unit
        with pytest.raises(Violation, match=r"^here: 1 of 128 values differ, at \(5,\)"):
            agree(_NOISE, seen, _X, "here")


def test_empty_noise_agrees() -> None:
    """There is nothing to differ."""
    agree(_NOISE, _X[:0], _X[:0], "here")
