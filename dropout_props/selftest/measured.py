"""A measured figure, and the bound that it must not exceed."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Measured", "at_most", "upper_bound"]


@dataclass(frozen=True)
class Measured:
    """A figure with its bound.

    Args:
        part: the measurement, such as `(a) enumeration`.
        what: the measured quantity.
        figure: the estimate, or the exact value.
        upper: upper confidence bound of the figure; the figure itself if it is exact.
        bound: the bound.
        held: whether the figure keeps the bound.
        note: how the figure was obtained.
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
    """Compare a figure with its bound.

    Args:
        part: the measurement.
        what: the measured quantity.
        figure: the estimate, or the exact value.
        bound: the bound.
        upper: upper confidence bound of the figure, which must be at most `bound`; by default the
            figure itself.
        lower: lower confidence bound of the figure. If given, it must be at most `bound` in place
            of `upper`: for figures that too few trials resolve.
        note: how the figure was obtained.
    """
    top = figure if upper is None else upper
    held = (top if lower is None else lower) <= bound
    return Measured(part, what, figure, top, bound, held, note)


def upper_bound(successes: int, trials: int, *, confidence: float = 0.999) -> tuple[float, float]:
    """Return the ends of the exact (Clopper-Pearson) confidence interval of a proportion."""
    from dropout_props.statistics import clopper_pearson

    interval = clopper_pearson(successes, trials, confidence=confidence)
    return interval.lowest, interval.highest
