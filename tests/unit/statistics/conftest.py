"""A fixture of the tests of the statistics: exact walks over all counts."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

Stops = Callable[[NDArray[np.int64], int], NDArray[np.bool_]]
Walk = Callable[[Stops, ArrayLike, int], tuple[NDArray[np.float64], NDArray[np.float64]]]


@pytest.fixture
def walk() -> Walk:
    """Walk over every sequence of trials at once, and stop where a rule says so.

    ``walk(stops, probability, num_trials)`` returns, for each probability, the exact chance that
    ``stops(successes, n)`` holds at any n up to ``num_trials``, and the mean n at which it does
    (sequences that never stop count with ``num_trials``).
    """

    def _walk(
        stops: Stops, probability: ArrayLike, num_trials: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        success = np.atleast_1d(np.asarray(probability, dtype=np.float64))[:, None]
        going = np.ones((len(success), 1))
        stopped, mean = np.zeros(len(success)), np.zeros(len(success))
        for n in range(1, num_trials + 1):
            mean += going.sum(axis=1)
            after = np.zeros((len(success), n + 1))
            after[:, :-1] += going * (1 - success)
            after[:, 1:] += going * success
            here = stops(np.arange(n + 1), n)
            stopped += after[:, here].sum(axis=1)
            after[:, here] = 0.0
            going = after
        return stopped, mean

    return _walk
