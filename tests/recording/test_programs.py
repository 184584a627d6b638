"""Are the right programs right? Shown by hand: they train, and no key of theirs is drawn twice."""

from __future__ import annotations

from collections import Counter

import flax
import numpy as np
import pytest
from packaging.version import Version

from dropout_props.selftest.wirings import NoRecord
from tests.recording.programs import PROGRAMS
from tests.recording.several_devices import with_devices
from tests.recording.spy import spying

pytestmark = pytest.mark.nightly  # test_judged.py runs the same programs under record

STEPS = 4
TWICE = {
    # programs that rightly draw from one key twice
    "linen/first_contact": "init and the first apply",
    "jax/cond_under_vmap": "both branches",
    "linen/sharpness_aware_minimisation": "both passes",
    "jax/sharpness_aware_minimisation": "both passes",
    "jax/tensor_parallel": "both devices, where the model is not split",
    "jax/tensor_parallel_along_another_axis": "both devices, where the model is not split",
    "linen/remat": "forward and backward",
    "linen/remat_over_scan": "forward and backward",
    "nnx/remat": "forward and backward",
    "jax/remat": "forward and backward",
    "jax/remat_in_scan": "forward and backward",
}
UNSEEN = {"linen/uniform": "draws without jax.random.bernoulli"}


BY_NAME = {str(program): program for program in PROGRAMS}


def keys_of(name: str) -> str:
    """Run a program, check that it trains, and say how often it drew from one key, at most."""
    with spying() as spy:
        outcome = BY_NAME[name].run(NoRecord(), STEPS)
    assert np.isfinite(outcome.losses).all()
    return str(max(Counter(key for key, _ in spy.draws).values(), default=0))


@pytest.mark.nightly
@pytest.mark.parametrize("name", BY_NAME)
def test_a_right_program_trains_and_repeats_no_key(name: str) -> None:
    """The losses are finite, and each key is drawn from once, or twice where that is right."""
    program = BY_NAME[name]
    if program.needs and Version(flax.__version__) < Version(program.needs):
        pytest.skip(f"needs Flax {program.needs}")
    expected = 0 if name in UNSEEN else 2 if name in TWICE else 1
    if program.devices == 1:
        assert int(keys_of(name)) == expected
    else:
        assert int(with_devices(program.devices, __name__, "keys_of", name)) == expected


def test_names_are_unique() -> None:
    """No two programs have one name, and each exception above names a program."""
    names = [str(program) for program in PROGRAMS]
    assert len(set(names)) == len(names)
    assert TWICE.keys() | UNSEEN.keys() <= set(names)
