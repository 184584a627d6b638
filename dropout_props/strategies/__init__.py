"""Strategies: what to draw in Hypothesis tests that a project writes about its own dropout.

Holds: the strategies by which the suite itself draws its cases, under public names.
Guarantees: every named branch can be drawn: rates 0 and 1, the ends of float32, empty axes, and
seeds of 32 bits. docs/your-own-tests.md shows them in use.
Cannot say: how large a mask must be; `dropout_props.assert_bernoulli` says so.
Imports: `cases/`, and with it Hypothesis and NumPy.
"""

from dropout_props.cases.case import Case
from dropout_props.cases.strategies import (
    broadcast_dims,
    cases,
    inner_rates,
    rates,
    seeds,
    shapes,
)

__all__ = ["Case", "broadcast_dims", "cases", "inner_rates", "rates", "seeds", "shapes"]
