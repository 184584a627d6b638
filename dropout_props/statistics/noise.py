"""The laws of noise that can be named, and their central regions.

Guarantee: every law has the standard deviation 1 and is symmetric around 0.
"""

from __future__ import annotations

from math import log, sqrt

from dropout_props.statistics.binomial import normal_isf

__all__ = ["CENTRES", "within"]

CENTRES = {"within one half": 0.5, "within nine tenths": 0.9}
"""The central regions that are counted, and the probability of each."""


def within(law: str, mass: float) -> float:
    """Return the bound that the size of the noise does not exceed with probability `mass`.

    Args:
        law: `normal`, `uniform` or `laplace`.
        mass: a probability below 1.
    """
    if law == "uniform":
        return sqrt(3.0) * mass
    if law == "laplace":
        return -log(1.0 - mass) / sqrt(2.0)
    return normal_isf((1.0 - mass) / 2)
