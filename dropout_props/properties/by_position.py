"""Counts of a block by how often each position of a mask was kept.

A property whose families depend on nothing else has them as a function of those numbers, so that
counts of the host and of a device go through one definition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropout_props.statistics import Trials

if TYPE_CHECKING:
    import numpy as np

    from dropout_props.properties.declaration import Positions
    from dropout_props.properties.sampler import Sampler
    from dropout_props.statistics import Interval

__all__ = ["all_units", "by_position"]


def by_position(families: Positions, sampler: Sampler, block: int) -> tuple[Trials, ...]:
    """Draw a block, and count these families in it.

    A property calls it from a function of its own: a replay program names what it runs.
    """
    kept = sampler.block(block)
    return families(sampler.keep, kept.sum(axis=0), len(kept))


def all_units(keep: Interval, kept: np.ndarray[Any, Any], num_masks: int) -> tuple[Trials, ...]:
    """Return one family, of all units of all masks."""
    return (Trials.of(int(kept.sum()), kept.size * num_masks, keep, label="all units"),)
