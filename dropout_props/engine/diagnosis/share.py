"""The explanation of a wrong share of kept units: the rate has taken the place of keep."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import TYPE_CHECKING

from dropout_props.engine.diagnosis.evidence import enough

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

__all__ = ["mixed_up"]

_RATE = 0.3  # at 1/2 both are equal
_UNITS = 2**20
_MOST_KEYS, _FEWEST_KEYS = 256, 4


def mixed_up(sampler: Sampler) -> str:
    """Return that units are kept with the probability at which they should be dropped, or nothing.

    Args:
        sampler: of a layer whose units are independent of one another.
    """
    traits = sampler.subject.traits
    rate = _RATE if traits.rate is None else traits.rate
    keep = 1.0 - rate
    drawn = replace(sampler, case=replace(sampler.case, rate=rate))
    count = max(_FEWEST_KEYS, min(_MOST_KEYS, _UNITS // max(1, drawn.case.size)))
    kept = drawn.many_masks(drawn.keys(count, role="share"))
    share = float(kept.mean())
    if abs(share - rate) > abs(keep - rate) / 4 or not enough(kept.size * _surprise(share, keep)):
        return ""
    return f"{share:.2g} of all units are kept at rate {rate:g}: rate and 1 - rate are mixed up"


def _surprise(seen: float, expected: float) -> float:
    """Return the bits by which one unit speaks against the expected share, on average."""
    sides = ((seen, expected), (1.0 - seen, 1.0 - expected))
    return sum(one * log2(one / other) for one, other in sides if one > 0.0)
