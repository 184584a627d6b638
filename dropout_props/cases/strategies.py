"""The Hypothesis strategies that generate cases: seeds, shapes, rates, dtypes, axes, inputs.

A run spends its time on compilation, not on sampling, and compiles each distinct shape. So shapes
come from pools that all properties share and that contain the corner cases; rates and seeds are
free. `tests/engine/test_strategies.py` shows that every branch of a pool is reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from dropout_props.cases.case import VALUES, Case

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BLOCK_SHAPES",
    "DTYPES",
    "RATE_BRANCHES",
    "SHAPES",
    "UNSCALABLE_DTYPES",
    "WIDE_BLOCK_SHAPES",
    "WIDE_SHAPES",
    "broadcast_dims",
    "cases",
    "inner_rates",
    "rates",
    "seeds",
    "shapes",
]

SHAPES: tuple[tuple[int, ...], ...] = (
    (), (0,), (1,), (7,), (127,), (128,), (129,), (3, 0), (5, 3), (3, 3), (2, 1, 3), (2, 3, 1, 2),
    (2, 1, 2, 3, 2),
)  # fmt: skip
"""Rank 0 to 5, empty axes, size 1, primes, 127 to 129, and one square."""

WIDE_SHAPES: tuple[tuple[int, ...], ...] = (
    *SHAPES, (2,), (3,), (17,), (257,), (1023,), (1024,), (1025,), (1, 1), (0, 4, 2), (31, 33),
    (128, 3), (4, 129), (7, 5, 3), (2, 2, 2, 2), (1, 7, 1, 5, 1), (3, 2, 1, 2, 4),
)  # fmt: skip
"""`SHAPES` and more of each kind, for slow profiles."""

BLOCK_SHAPES: tuple[tuple[int, ...], ...] = (
    (128,), (7,), (1024,), (16, 33), (12, 12), (2, 3, 4, 5), (2, 3, 2, 3, 4),
)  # fmt: skip
"""Shapes for statistical properties, which all share them: rank 1 to 5, one of them square."""

WIDE_BLOCK_SHAPES: tuple[tuple[int, ...], ...] = (*BLOCK_SHAPES, (), (257,), (6, 5, 8), (24, 24))
"""`BLOCK_SHAPES` and more, for slow profiles."""

DTYPES = ("float32", "float16", "bfloat16")
UNSCALABLE_DTYPES = ("int32", "uint8", "bool")

_EDGE = 2.0**-24
RATE_BRANCHES: dict[str, tuple[float, ...]] = {
    "zero": (0.0,),
    "one": (1.0,),
    "float32 edge": (_EDGE, 2 * _EDGE, 1.0 - _EDGE, 1.0 - 2 * _EDGE),
    "decade": tuple(10.0**-k for k in range(1, 8)),
    "one minus decade": tuple(1.0 - 10.0**-k for k in range(1, 8)),
    "half": (0.5,),
    "usual": (0.1, 0.15, 0.2, 0.25, 0.3, 0.4),
}
"""The named branches of `rates`; its last branch is any float in [0, 1]."""


def seeds() -> st.SearchStrategy[int]:
    """Draw any 32-bit seed; small ones are more frequent than under a uniform distribution."""
    return st.integers(min_value=0, max_value=2**32 - 1)


def shapes(pool: Sequence[tuple[int, ...]] = SHAPES) -> st.SearchStrategy[tuple[int, ...]]:
    """Draw a shape of `pool`; it shrinks towards the first."""
    return st.sampled_from(list(pool))


def rates() -> st.SearchStrategy[float]:
    """Draw any rate in [0, 1]: one of the `RATE_BRANCHES`, or a free float."""
    named = [st.sampled_from(list(branch)) for branch in RATE_BRANCHES.values()]
    return st.one_of(*named, st.floats(0.0, 1.0, allow_subnormal=False))


def inner_rates(lowest: float = 0.001, highest: float = 0.999) -> st.SearchStrategy[float]:
    """Draw a rate at which both kept and dropped units can be expected."""
    named = [r for branch in RATE_BRANCHES.values() for r in branch if lowest <= r <= highest]
    return st.one_of(st.sampled_from(named), st.floats(lowest, highest))


@st.composite
def broadcast_dims(draw: st.DrawFn, rank: int) -> tuple[int, ...]:
    """Draw a set of axes of an array of this rank, also counted from the end."""
    axes = draw(st.sets(st.integers(0, rank - 1), max_size=rank)) if rank else set()
    negative = draw(st.booleans())
    return tuple(axis - rank if negative else axis for axis in sorted(axes))


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    rate: st.SearchStrategy[float] | tuple[float, float] | None = None,
    pool: Sequence[tuple[int, ...]] = SHAPES,
    dtypes: Sequence[str] = ("float32",),
    values: Sequence[str] = VALUES,
    broadcast: bool = False,
    min_rank: int = 0,
    min_size: int = 0,
) -> Case:
    """Draw a case.

    Args:
        rate: strategy of the rate, or the ends of `inner_rates`; by default `rates()`.
        pool: shapes to choose from.
        dtypes: names of dtypes to choose from.
        values: kinds of input to choose from.
        broadcast: also draw non-empty `broadcast_dims`.
        min_rank: least rank of the shape.
        min_size: least number of units.
    """
    if isinstance(rate, tuple):
        rate = inner_rates(*rate)
    fitting = [s for s in pool if len(s) >= min_rank and Case(shape=s).size >= min_size]
    shape = draw(shapes(fitting))
    return Case(
        shape=shape,
        rate=draw(rates() if rate is None else rate),
        dtype=draw(st.sampled_from(list(dtypes))),
        values=draw(st.sampled_from(list(values))),
        broadcast_dims=draw(broadcast_dims(len(shape))) if broadcast else (),
        seed=draw(seeds()),
    )
