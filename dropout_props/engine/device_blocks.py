"""Draws the blocks of an example on the device, where its forecast says that this is quicker.

Guarantee: the counts are those of the host, block by block. The first and the last block of an
example are drawn on the host too, and must be equal; the sequential test goes back to the host
where they are not, where the device path raises anything, and to refute a layer.
Cannot say: the mask of a layer that runs other Python code in a block between these two, which the
device traces once. DP410 judges whether a layer remembers its calls.
"""

from __future__ import annotations

from math import ceil, exp, prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from dropout_props.properties.counting.by_block import BlockCounter, blocks_at_once
from dropout_props.properties.counting.counters import counts_on_device
from dropout_props.properties.counting.kinds import Kind, PairsOfPositions, kind_in
from dropout_props.properties.mask_statistics import MOST_PAIRED
from dropout_props.properties.sampler import Sampler
from dropout_props.statistics import Trials, expected_num_trials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dropout_props.properties import Statistical

__all__ = [
    "LEAST_UNITS",
    "LEAST_UNITS_OF_PAIRS",
    "DeviceBlocks",
    "Families",
    "device_blocks",
    "forecast",
]

LEAST_UNITS = 3e7
"""Units of a case from which on the device is quicker, for counts by position. In
`python benchmarks/check_counting.py`, 0.8e7 to 2.8e7 units paid the compilation back."""

LEAST_UNITS_OF_PAIRS = 6e6
"""The same for counts of pairs, which take the host longer: 0.12e7 to 0.48e7 units."""

Families: TypeAlias = tuple[Trials, ...]


def forecast(
    families: Families,
    discrepancies: Sequence[NDArray[np.float64]],
    *,
    log_threshold: float,
    false_pass_rate: float,
) -> int:
    """Return how many blocks a correct layer takes on average, for the slowest family.

    Args:
        families: the counts of one block; for each, the member with the fewest trials counts.
        discrepancies: the promised discrepancy of each member.
        log_threshold: natural log of the evidence that refutes.
        false_pass_rate: bound on the chance that an existing discrepancy is excluded.
    """
    blocks = [1]
    for family, discrepancy in zip(families, discrepancies, strict=True):
        rarest = int(np.argmin(family.trials))
        trials = expected_num_trials(
            discrepancy=float(discrepancy[rarest]),
            probability=(float(family.lowest[rarest]), float(family.highest[rarest])),  # type: ignore[arg-type]
            false_fail_rate=exp(-log_threshold),
            false_pass_rate=false_pass_rate,
        )
        blocks.append(ceil(trials / max(1, int(family.trials[rarest]))))
    return max(blocks)


def device_blocks(
    sampler: Sampler, decision: Statistical, first: Families, *, num_blocks: int
) -> DeviceBlocks | None:
    """Return what draws the blocks of an example on the device; None where the host is to do it.

    Args:
        sampler: draws on the host.
        decision: the counts of the property.
        first: the counts of block 0, drawn on the host.
        num_blocks: the forecast of the example.
    """
    # A sampler of another class draws no layer, or not as this one does.
    if type(sampler) is not Sampler or not counts_on_device(sampler):
        return None
    kind = kind_in(decision, sampler.mask_shape)
    if kind is None:
        return None
    pairs = isinstance(kind, PairsOfPositions)
    if pairs and not 1 < prod(sampler.mask_shape) <= MOST_PAIRED:
        return None
    units = num_blocks * sampler.num_keys * prod(sampler.mask_shape)
    if units < (LEAST_UNITS_OF_PAIRS if pairs else LEAST_UNITS):
        return None
    try:
        found = DeviceBlocks(sampler, decision, kind)
        return found if found.count(0) == first else None
    except Exception:  # noqa: BLE001 (whatever it is, the host says what the layer does)
        return None


class DeviceBlocks:
    """Counts blocks in their order, many in one program.

    Args:
        sampler: derives the keys; the units that it has drawn grow as they do on the host.
        decision: the counts of the property.
        kind: what is counted in each mask.
    """

    def __init__(self, sampler: Sampler, decision: Statistical, kind: Kind) -> None:
        self._sampler, self._decision, self._kind = sampler, decision, kind
        self._units = sampler.num_keys * prod(sampler.mask_shape)
        self._each = blocks_at_once(prod(kind.shape))
        self._counter = BlockCounter(sampler.fresh(), kind, num_blocks=self._each)
        self._piece, self._counts = -1, np.zeros(0, np.int64)

    def count(self, block: int) -> Families:
        """Return the counts of a block, without families of which the case has no trial."""
        piece, at = divmod(block, self._each)
        if piece != self._piece:
            start = piece * self._each
            self._counts = self._counter(range(start, start + self._each))
            self._piece = piece
        found = self._kind.families(
            self._sampler.keep, self._kind.stored(self._counts[at]), self._sampler.num_keys
        )
        return tuple(one for one in found if one.trials.any())

    def draw(self, block: int) -> Families:
        """Return the counts of a block, and count its units as drawn."""
        found = self.count(block)
        self._sampler.drawn.append(self._units)
        return found
