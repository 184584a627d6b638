"""Count pairs of units at a lag, and groups of units at a stride, within one mask.

Overlapping pairs or groups are not independent, so each member holds groups that share no unit;
members may depend on one another, and the engine averages their evidence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dropout_props.statistics import Interval, Trials

__all__ = ["lags", "parities"]

_NEAR = 8  # every stride up to this is counted; beyond it, powers of two


def lags(masks: np.ndarray[Any, Any], null: Interval, label: str) -> Trials:
    """Count agreements at every lag along axis 0 of bool[length, num_masks].

    At lag L the pairs (i, i + L) with i // L even share no unit, so each is one Bernoulli trial.
    """
    agree, pairs = [], []
    for lag in range(1, len(masks)):
        first = np.arange(len(masks) - lag)
        first = first[first // lag % 2 == 0]
        agree.append(int(np.count_nonzero(masks[first] == masks[first + lag])))
        pairs.append(first.size * masks.shape[1])
    return Trials.of(np.array(agree), np.array(pairs), null, label=label)


def parities(masks: np.ndarray[Any, Any], group: int, null: Interval, label: str) -> Trials:
    """Count groups of which an odd number is kept, along axis 0 of bool[length, num_masks].

    A group holds ``group`` units a stride apart. Runs of ``group * stride`` units are cut up
    into such groups without remainder; each phase of the runs is a member of its own.
    """
    odd, trials = [], []
    for stride in _strides(len(masks) // group):
        for phase in range(group):
            rest = masks[phase * stride :]
            runs = len(rest) // (group * stride)
            if runs == 0:
                break
            cut = rest[: runs * group * stride].reshape(runs, group, stride, -1)
            parity = np.bitwise_xor.reduce(cut, axis=1)
            odd.append(int(np.count_nonzero(parity)))
            trials.append(parity.size)
    return Trials.of(np.array(odd), np.array(trials), null, label=label)


def _strides(largest: int) -> list[int]:
    powers = {2**k for k in range(largest.bit_length())}
    return sorted({*range(1, min(_NEAR, largest) + 1), *powers, largest} - {0})
