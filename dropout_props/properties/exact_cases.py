"""Cases of the exact properties: of every shape, of few shapes, or decisive ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis.strategies import just

from dropout_props.cases import strategies

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from dropout_props.cases.case import Case
    from dropout_props.cases.profiles import Profile
    from dropout_props.properties.declaration import Cases
    from dropout_props.subjects.subject import Traits

__all__ = ["decisive_cases", "every_shape", "rate_one_cases", "transform_cases"]

_POOL = ((128,), (5, 3))  # each shape and rate is a compilation


def every_shape(**options: Any) -> Cases:
    """Return a strategy of cases of every shape, and of more shapes in slow profiles.

    Args:
        options: arguments of `strategies.cases`.
    """

    def cases(profile: Profile, _: Traits) -> st.SearchStrategy[Case]:
        pool = strategies.WIDE_SHAPES if profile.wide_pools else strategies.SHAPES
        return strategies.cases(pool=pool, **options)

    return cases


rate_one_cases = every_shape(rate=just(1.0), dtypes=strategies.DTYPES)
"""Cases of rate 1, of every shape and dtype."""


def transform_cases(profile: Profile, _: Traits) -> st.SearchStrategy[Case]:
    """Return cases of few shapes, because every shape and rate costs a compilation."""
    return strategies.cases(
        rate=strategies.inner_rates(0.1, 0.9),
        pool=strategies.WIDE_BLOCK_SHAPES if profile.wide_pools else _POOL,
        values=("distinct", "negative"),
    )


def decisive_cases(_: Profile, __: Traits) -> st.SearchStrategy[Case]:
    """Return cases in which masks of two keys are equal with probability below 2^-70."""
    return strategies.cases(
        rate=strategies.inner_rates(0.3, 0.7), pool=((128,),), values=("distinct", "negative")
    )
