"""Every branch of a strategy is reached: a search finds an example of each."""

import pytest
from hypothesis import find, settings
from hypothesis.errors import NoSuchExample

from dropout_props.cases import strategies
from dropout_props.cases.case import VALUES, Case

_SEARCH = settings(max_examples=20_000, deadline=None, database=None)


@pytest.mark.parametrize(
    "rate", [rate for branch in strategies.RATE_BRANCHES.values() for rate in branch]
)
def test_every_named_rate_is_reached(rate: float) -> None:
    """The strategy draws 0, 1, the float32 edge, each decade and each 1 - 10^-k."""
    assert find(strategies.rates(), lambda drawn: drawn == rate, settings=_SEARCH) == rate


def test_free_rates_are_reached() -> None:
    """The strategy draws rates outside the named branches too."""
    named = {rate for branch in strategies.RATE_BRANCHES.values() for rate in branch}
    assert find(strategies.rates(), lambda drawn: drawn not in named, settings=_SEARCH) not in named


@pytest.mark.parametrize("shape", strategies.WIDE_SHAPES)
def test_every_shape_of_the_pool_is_reached(shape: tuple[int, ...]) -> None:
    """The strategy draws each shape of a pool."""
    drawn = strategies.cases(pool=strategies.WIDE_SHAPES)
    assert find(drawn, lambda case: case.shape == shape, settings=_SEARCH).shape == shape


def test_the_pools_have_the_corner_cases() -> None:
    """They have rank 0 to 5, an empty axis, size 1, a prime, 127 to 129, and unequal axes."""
    shapes = set(strategies.SHAPES)
    assert {len(shape) for shape in shapes} == {0, 1, 2, 3, 4, 5}
    assert {(0,), (1,), (7,), (127,), (128,), (129,)} <= shapes
    assert any(len(shape) > 1 and len(set(shape)) > 1 for shape in shapes)
    assert any(len(shape) > 1 and len(set(shape)) == 1 for shape in shapes)
    assert shapes <= set(strategies.WIDE_SHAPES)
    counted = strategies.BLOCK_SHAPES
    assert {len(shape) for shape in counted} == {1, 2, 3, 4, 5} - {3}
    assert any(len(shape) > 1 and len(set(shape)) == 1 for shape in counted)
    assert set(counted) <= set(strategies.WIDE_BLOCK_SHAPES)
    assert {len(shape) for shape in strategies.WIDE_BLOCK_SHAPES} == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("dtype", strategies.DTYPES)
def test_every_input_and_dtype_is_reached(values: str, dtype: str) -> None:
    """The strategy draws each kind of input in each dtype."""
    drawn = strategies.cases(dtypes=strategies.DTYPES)
    found = find(drawn, lambda c: (c.values, c.dtype) == (values, dtype), settings=_SEARCH)
    assert found.values == values


@pytest.mark.parametrize(
    "wanted",
    [(), (0,), (1,), (-3,), (0, 2), (-3, -2, -1)],
    ids=["none", "first", "middle", "negative", "two", "all, negative"],
)
def test_every_kind_of_broadcast_dims_is_reached(wanted: tuple[int, ...]) -> None:
    """The strategy draws no axis, one, several, all, from the front and from the back."""
    found = find(strategies.broadcast_dims(3), lambda dims: dims == wanted, settings=_SEARCH)
    assert found == wanted


def test_inner_rates_stay_inside_their_bounds() -> None:
    """The strategy draws no rate outside: there a count could be without dropped or kept units."""
    with pytest.raises(NoSuchExample):
        find(
            strategies.inner_rates(0.1, 0.9),
            lambda rate: not 0.1 <= rate <= 0.9,
            settings=settings(max_examples=2_000, deadline=None, database=None),
        )


def test_cases_have_at_least_the_given_rank_and_size() -> None:
    """`min_rank` and `min_size` exclude the other shapes of the pool."""
    drawn = strategies.cases(min_rank=2, min_size=6)
    smallest = find(drawn, lambda case: isinstance(case, Case), settings=_SEARCH)
    assert len(smallest.shape) >= 2
    assert smallest.size >= 6
