"""One measured figure beside the bound that it must keep."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Measured", "at_most", "upper_bound"]


@dataclass(frozen=True)
class Measured:
    """A figure, and what it must not exceed.

    Args:
        part: which measurement, as ``(a) enumeration``.
        what: of what.
        figure: the estimate, or the exact value.
        upper: its upper confidence bound; the figure itself where it is exact.
        bound: what ``upper``, or the figure, may be at most.
        held: whether it is.
        note: how it was obtained.
    """

    part: str
    what: str
    figure: float
    upper: float
    bound: float
    held: bool
    note: str = ""


def at_most(
    part: str,
    what: str,
    figure: float,
    bound: float,
    *,
    upper: float | None = None,
    lower: float | None = None,
    note: str = "",
) -> Measured:
    """Hold a figure against its bound.

    Args:
        part: which measurement.
        what: of what.
        figure: estimate or exact value.
        bound: what it may be at most.
        upper: upper confidence bound, which must keep the bound, when it can be told apart.
        lower: lower confidence bound: only when that exceeds the bound is it refuted.
        note: how it was obtained.
    """
    top = figure if upper is None else upper
    held = (top if lower is None else lower) <= bound
    return Measured(part, what, figure, top, bound, held, note)


def upper_bound(successes: int, trials: int, *, confidence: float = 0.999) -> tuple[float, float]:
    """Return the exact (Clopper-Pearson) confidence interval of a share that was counted."""
    from dropout_props.statistics import clopper_pearson

    interval = clopper_pearson(successes, trials, confidence=confidence)
    return interval.lowest, interval.highest
