"""A case has a stable digest, and inputs of its shape, dtype and kind."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from dropout_props.cases import strategies
from dropout_props.cases.case import VALUES, Case


def test_the_digest_depends_on_every_field() -> None:
    """A change of any field changes the digest, so that no two cases share their bits."""
    case = Case()
    others = [
        replace(case, seed=1),
        replace(case, shape=(127,)),
        replace(case, rate=0.5 + 2.0**-53),
        replace(case, dtype="float16"),
        replace(case, broadcast_dims=(0,)),
        replace(case, values="negative"),
    ]
    assert len({one.digest() for one in [case, *others]}) == len(others) + 1


def test_the_digest_is_the_same_in_another_process() -> None:
    """Python randomises hashes of strings in each process; the digest does not use them."""
    script = "from dropout_props.cases.case import Case; print(Case(seed=7, shape=(5, 3)).digest())"
    seen = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert seen.stdout.strip() == Case(seed=7, shape=(5, 3)).digest()


@given(case=strategies.cases(dtypes=strategies.DTYPES, broadcast=True))
@settings(deadline=None)
def test_inputs_have_the_shape_and_dtype_of_the_case(case: Case) -> None:
    """They have, and the mask has length 1 along the shared axes."""
    x = case.inputs()
    assert x.shape == case.shape
    assert x.dtype.name == case.dtype
    assert np.broadcast_shapes(case.mask_shape, case.shape) == case.shape
    for dim in case.broadcast_dims:
        assert case.mask_shape[dim] == 1


@pytest.mark.parametrize("values", VALUES)
def test_each_kind_of_input_has_the_numbers_of_its_name(values: str) -> None:
    """Inputs for counts have no zeros; special ones have NaN, both infinities and -0."""
    x = Case(shape=(128,), values=values).inputs()
    facts = {
        "distinct": bool(np.all(x > 0)) and len(set(x[:61].tolist())) == 61,
        "negative": bool(np.all(x < 0)),
        "zeros": not x.any(),
        "special": bool(
            np.isnan(x).any()
            and np.isposinf(x).any()
            and np.isneginf(x).any()
            and np.any((x == 0) & np.signbit(x))
        ),
    }
    assert facts[values]
