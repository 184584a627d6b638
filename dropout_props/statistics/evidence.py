"""Evidence for and against a property, valid at any stopping time.

Question: do these counts contradict the property, and do they rule out a fault as large as the
discrepancy that the property promises to see?
Guarantee: an e-value is never negative and has mean at most 1 when the property is true, and as
counts grow it is bounded by a martingale, so that (Ville) the chance that it *ever* reaches
1/alpha is at most alpha. Drawing may therefore stop, or go on, for any reason.
Cannot say: anything when the trials of a member were not independent of each other.

References:
    Ville 1939, Etude critique de la notion de collectif. Robbins 1970, "Statistical methods
    related to the law of the iterated logarithm", Ann. Math. Statist. 41 (the mixture). Wald 1945,
    "Sequential tests of statistical hypotheses", Ann. Math. Statist. 16 (the ratio in
    ``excluded``). Vovk and Wang 2021, "E-values: calibration, combination and applications",
    Ann. Statist. 49 (means of e-values). We differ from Robbins in the prior and in minimising
    over an interval null.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dropout_props.statistics.arguments import require_inside
from dropout_props.statistics.deviance import binomial_deviance, count_minus_mean
from dropout_props.statistics.mixture import log_mixture
from dropout_props.statistics.trials import EDGE_ROUNDING, Trials

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["excluded", "excluded_sides", "log_evalues", "log_mean_evalue"]


def log_evalues(trials: Trials, *, discrepancy: ArrayLike) -> Floats:
    """Return the evidence of each member against its null.

    The e-value is the probability of the counts' sequence under a prior for the success
    probability, over its largest probability under the null interval. The prior is the mean of

    - Beta(1/2 + v*p, 1/2 + v*(1 - p)) about the null's middle p, with v such that its spread is
      the discrepancy: the fault that is promised costs few more draws than a test that knew it;
    - Beta(1/2, 1/2), which knows nothing: a gross fault, as no dropout at all, is found within a
      few tens of draws, for which the narrow prior would need thousands.

    Taking the mean costs at most log 2 against the better of the two. The halves keep both proper
    at p = 0 and p = 1. Nothing in the prior depends on the counts.

    Args:
        trials: the counts and their nulls.
        discrepancy: float64[num_members] or a number: the shift of the success probability that
            should be found soonest, in (0, 1). It steers the power alone; any is valid.

    Returns:
        float64[num_members], natural logarithms. Where the null is exactly 0 or exactly 1, the
        value is 0 until an outcome that the null excludes, and then infinite.
    """
    narrow = _positive(discrepancy)
    successes = trials.successes.astype(np.float64)
    failures = (trials.trials - trials.successes).astype(np.float64)
    centre = trials.lowest + (trials.highest - trials.lowest) / 2
    # The spread that trials show at the discrepancy's far side: at p = 0 they show none.
    sides = [centre, np.minimum(centre + narrow, 1.0), np.maximum(centre - narrow, 0.0)]
    variance = np.max([side * (1 - side) for side in sides], axis=0)
    weight = variance / narrow**2
    # Of the two priors the first is the narrow one; the other is Beta(1/2, 1/2).
    points = np.stack([centre, np.full(len(trials), 0.5), trials.lowest, trials.highest])
    centre_off, half_off, lowest_off, highest_off = count_minus_mean(
        trials.successes, trials.trials, points
    )
    # The narrow prior's mean lies between the centre and 1/2: next to the centre, where narrow.
    off_mean = centre_off - (successes + failures) * ((0.5 - centre) / (1.0 + weight))
    weights = np.stack([weight, np.zeros_like(weight)])
    mixtures = log_mixture(
        successes,
        failures,
        0.5 + weights * points[:2],
        0.5 + weights * (1 - points[:2]),
        np.stack([off_mean, half_off]),
    )
    mixture = np.logaddexp(*mixtures) - math.log(2)
    outside = (lowest_off < 0) | (highest_off > 0)
    nearest = np.where(highest_off > 0, trials.highest, trials.lowest)
    distance = np.where(outside, binomial_deviance(trials.successes, trials.trials, nearest), 0.0)
    certain = (trials.lowest == 1.0) | (trials.highest == 0.0)
    evidence = np.where(certain, 0.0, mixture + distance)
    return np.where(np.isposinf(distance), np.inf, evidence)


def log_mean_evalue(families: Sequence[ArrayLike]) -> float:
    """Return the evidence of several families of counts at once: the mean of their e-values.

    It is the mean over families of the mean over the members of each, so that a family of one
    member has as much weight as one of a thousand. A mean of e-values is an e-value, whatever their
    dependence.

    Args:
        families: for each family, float64[num_members] of log e-values.

    Returns:
        The natural logarithm of the mean; 0 without members. Families without members are left
        out.

    Assumes: the families do not depend on the units drawn.
    """
    means = []
    for family in families:
        log_es = np.asarray(family, dtype=np.float64).ravel()
        if log_es.size:
            means.append(_log_mean(log_es))
    return _log_mean(np.array(means)) if means else 0.0


def excluded(
    trials: Trials, *, discrepancy: ArrayLike, false_pass_rate: float
) -> NDArray[np.bool_]:
    """Return for each member whether the counts rule out a fault as large as the discrepancy.

    They do when ``excluded_sides`` is true on both sides.
    """
    both = excluded_sides(trials, discrepancy=discrepancy, false_pass_rate=false_pass_rate)
    return np.asarray(both.all(axis=0))


def excluded_sides(
    trials: Trials, *, discrepancy: ArrayLike, false_pass_rate: float
) -> NDArray[np.bool_]:
    """Return for each side of each member whether a fault as large as the discrepancy is ruled out.

    Two e-values must reach 1/false_pass_rate: that of the null's upper end against "the success
    probability is highest + discrepancy or more", and that of its lower end against "it is
    lowest - discrepancy or less". Each is a likelihood ratio, and beyond its edge a
    supermartingale, so that by Ville the chance of *ever* returning True is at most
    false_pass_rate when the truth is at an edge or beyond it. So a side that was ruled out once may
    count as ruled out for good.

    An edge above 1 or below 0 is not a probability: no fault of that size exists on that side, so
    none has to be ruled out, and smaller ones are not promised to be detected. An edge at exactly
    0 or 1 exists, and one contrary trial rules it out.

    Args:
        trials: the counts and their nulls.
        discrepancy: float64[num_members] or a number, the promised shift of the success
            probability, in (0, 1).
        false_pass_rate: the allowed chance of ever ruling out what is the case, in (0, 1).

    Returns:
        bool[2, num_members]: above the null, and below it.

    Raises:
        ValueError: no probability is at that distance from the null of a member, so there is
            nothing to rule out.
    """
    shift = _positive(discrepancy)
    require_inside(false_pass_rate=false_pass_rate)
    above, below = trials.highest + shift, trials.lowest - shift
    no_above, no_below = above > 1 + EDGE_ROUNDING, below < -EDGE_ROUNDING
    if np.any(no_above & no_below):
        at = int(np.argmax(no_above & no_below))
        msg = (
            f"discrepancy={shift.flat[min(at, shift.size - 1)]}: no success probability is that "
            f"far from the null [{trials.lowest[at]}, {trials.highest[at]}] (member {at}), so "
            "there is nothing to rule out. Promise a smaller discrepancy."
        )
        raise ValueError(msg)
    needed = -math.log(false_pass_rate)
    ends = np.stack([trials.highest, trials.lowest])
    edges = np.stack([np.minimum(above, 1.0), np.maximum(below, 0.0)])
    of_null, of_edge = np.split(
        binomial_deviance(trials.successes, trials.trials, np.concatenate([ends, edges])), 2
    )
    # What neither allows (0 / 0) rules out neither.
    possible = ~(np.isposinf(of_null) & np.isposinf(of_edge))
    with np.errstate(invalid="ignore"):
        evidence_above, evidence_below = np.where(possible, of_edge - of_null, -np.inf)
    return np.stack([no_above | (evidence_above >= needed), no_below | (evidence_below >= needed)])


def _log_mean(log_values: Floats) -> float:
    largest = float(log_values.max())
    if math.isinf(largest):
        return largest
    return largest + math.log(float(np.exp(log_values - largest).mean()))


def _positive(discrepancy: ArrayLike) -> Floats:
    shift = np.asarray(discrepancy, dtype=np.float64)
    if not np.all((shift > 0) & (shift < 1)):
        msg = f"discrepancy={discrepancy!r}: it must lie strictly between 0 and 1."
        raise ValueError(msg)
    return shift
