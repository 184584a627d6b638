"""Assertions about masks for tests that a project writes itself.

Question: is each unit of a mask kept with the given probability; are two masks independent?
Guarantee: an assertion fails for correct masks with a chance of at most ``false_fail_rate``, and
passes for masks that are off by ``discrepancy`` or more with a chance of at most
``false_pass_rate``. Both are sums of binomial probabilities. A mask that is too small for that is
refused, with the size that suffices.
Cannot say: whether the units within one mask are independent of each other, which both assertions
assume; `dropout_props check` judges that.

References:
    Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of
    the binomial", Biometrika 26 (the test is the one that their interval inverts: each tail of the
    binomial distribution has at most half of the rate). We differ in the null, which is an interval
    where float32 arithmetic makes it one.
"""

from __future__ import annotations

from decimal import ROUND_UP, Context
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dropout_props.statistics.design import (
    is_enough,
    min_discrepancy,
    min_num_trials,
    rejected_counts,
)
from dropout_props.statistics.interval import clopper_pearson
from dropout_props.statistics.keep import keep_interval
from dropout_props.statistics.probability import agreement
from dropout_props.statistics.trials import Interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["assert_bernoulli", "assert_independent"]

_LEAST_ERROR = 1e-12  # of a printed interval: 1 - error must differ from 1 in float64


def assert_bernoulli(
    kept: ArrayLike,
    *,
    keep_rate: float | tuple[float, float],
    discrepancy: float,
    false_fail_rate: float,
    false_pass_rate: float,
) -> None:
    """Assert that every unit of a mask is kept with the given probability.

    The test is the exact two-sided binomial test of the number of kept units.

    Args:
        kept: bool[...], True where a unit is kept; all units are independent trials. Masks of
            several keys can be stacked.
        keep_rate: the probability that a unit is kept, in [0, 1]. A number stands for every value
            that a correct construction in float32 gives it (it differs by about 1e-7). A pair
            ``(lowest, highest)`` is taken as it is, as masks drawn in bfloat16 need.
        discrepancy: the smallest shift of the keep rate, absolute, that must not pass.
        false_fail_rate: the allowed chance that a correct mask fails. It is the chance of one call:
            over the examples of a Hypothesis test the chances add up.
        false_pass_rate: the allowed chance that a mask passes whose keep rate is off by the
            discrepancy or more. A direction in which no keep rate is that far has no requirement.

    Raises:
        AssertionError: the number of kept units contradicts the keep rate.
        ValueError: the mask is too small for the discrepancy, and the message says which size
            suffices; or an argument is invalid.

    Assumes: the units are independent of each other.
    """
    __tracebackhide__ = True
    mask = _bools("kept", kept)
    null = _null("keep_rate", keep_rate)
    design = _design(
        mask.size,
        null,
        about="a keep rate",
        discrepancy=discrepancy,
        false_fail_rate=false_fail_rate,
        false_pass_rate=false_pass_rate,
    )
    _require(
        mask,
        design,
        false_fail_rate=false_fail_rate,
        expected=f"each unit is kept with probability {_shown(keep_rate)}",
        event="kept",
        rate="keep rate",
    )


def assert_independent(
    a: ArrayLike,
    b: ArrayLike,
    *,
    keep_rate: float | tuple[float, float],
    other_keep_rate: float | tuple[float, float] | None = None,
    discrepancy: float,
    false_fail_rate: float,
    false_pass_rate: float,
) -> None:
    """Assert that two masks are independent: their units agree as often as chance makes them.

    A pair of units agrees where both are kept or both dropped. Independent units agree with
    probability keep * other_keep + (1 - keep) * (1 - other_keep). For one keep rate, a correlation
    of r shifts that by 2 * keep * (1 - keep) * r, which gives the discrepancy to name. The test is
    the exact two-sided binomial test of the number of agreements.

    Args:
        a: bool[...], the first mask; its units are independent of each other.
        b: bool[...], of the same shape, the second one: of another key, call, layer or step. Two
            parts of one mask must not overlap.
        keep_rate: the keep rate of ``a``, and of ``b`` too, as in ``assert_bernoulli``. Of a pair
            ``(lowest, highest)``, each mask may have another rate.
        other_keep_rate: the keep rate of ``b``, where it is another one.
        discrepancy: the smallest shift of the probability to agree, absolute, that must not pass.
        false_fail_rate: the allowed chance that independent masks fail.
        false_pass_rate: the allowed chance that masks pass whose probability to agree is off by the
            discrepancy or more.

    Raises:
        AssertionError: the masks agree too often, or too rarely.
        ValueError: the masks are too small for the discrepancy, and the message says which size
            suffices; or an argument is invalid.

    Assumes: each mask keeps its units at its keep rate (``assert_bernoulli``), independently.
    """
    __tracebackhide__ = True
    one, two = _bools("a", a), _bools("b", b)
    if one.shape != two.shape:
        msg = (
            f"a has the shape {one.shape} and b {two.shape}: units are compared one by one. Give "
            "two masks of one shape."
        )
        raise ValueError(msg)
    if _overlap(one, two):
        msg = (
            "a and b are views of one array that overlap, so pairs share units and are not "
            "independent trials. Compare parts that have no unit in common, such as "
            "kept[..., 0::2] and kept[..., 1::2]."
        )
        raise ValueError(msg)
    null = _null("keep_rate", keep_rate)
    # Within a pair of rates, each mask can have another one.
    other = null if other_keep_rate is None else _null("other_keep_rate", other_keep_rate)
    null = agreement(null, other)
    design = _design(
        one.size,
        null,
        about="a probability to agree",
        discrepancy=discrepancy,
        false_fail_rate=false_fail_rate,
        false_pass_rate=false_pass_rate,
    )
    _require(
        one == two,
        design,
        false_fail_rate=false_fail_rate,
        expected="the two masks are independent",
        event="equal in both",
        rate="probability to agree",
    )


def _bools(name: str, mask: ArrayLike) -> NDArray[np.bool_]:
    read = np.asarray(mask)
    if read.dtype != np.bool_:
        msg = (
            f"{name} is an array of {read.dtype}: give booleans, True where a unit is kept, such "
            f"as output != 0 for an input without zeros."
        )
        raise ValueError(msg)
    if _repeats(read):
        msg = (
            f"{name} is a view that has units of its array more than once (shape {read.shape}, "
            f"strides {read.strides}), as np.broadcast_to makes: such units are not independent "
            "trials. Give each unit once, such as the mask before it is broadcast."
        )
        raise ValueError(msg)
    return read


def _repeats(mask: NDArray[np.bool_]) -> bool:
    """Return whether two places of a view are one unit of its array."""
    if mask.size == 0:
        return False
    axes = sorted((abs(s), n) for s, n in zip(mask.strides, mask.shape, strict=True) if n > 1)
    reach = 0  # of all axes so far, in bytes
    for stride, length in axes:
        if stride <= reach:
            break
        reach += stride * (length - 1)
    else:
        return False  # each step of an axis goes beyond all axes of smaller steps
    places = np.zeros(1, dtype=np.int64)
    for stride, length in axes:
        places = (places[:, None] + stride * np.arange(length)).reshape(-1)
    return bool(np.unique(places).size < mask.size)


def _null(name: str, keep_rate: float | tuple[float, float]) -> Interval:
    """Return the keep rates of correct masks."""
    pair = keep_rate if isinstance(keep_rate, tuple) else (keep_rate, keep_rate)
    try:
        lowest, highest = (float(one) for one in pair)
    except (TypeError, ValueError):
        lowest = highest = float("nan")
    if not 0.0 <= lowest <= highest <= 1.0:
        msg = (
            f"{name}={keep_rate!r}: give a probability from 0 to 1, or a pair (lowest, highest) of "
            "such, in this order. It is the keep rate, 1 - the drop rate."
        )
        raise ValueError(msg)
    return (
        Interval(lowest, highest) if isinstance(keep_rate, tuple) else keep_interval(1.0 - lowest)
    )


def _overlap(one: NDArray[np.bool_], two: NDArray[np.bool_]) -> bool:
    """Return whether units of one array occur at different places of both masks."""
    pair: Any = [(mask.__array_interface__["data"][0], mask.strides) for mask in (one, two)]
    if pair[0] == pair[1]:  # the very same units: each is compared with itself alone
        return False
    # The exact answer can take long for odd strides; such masks are then taken to overlap.
    # The stubs of NumPy 2.4 know no other bound than -1 and 0.
    shares_memory: Any = np.shares_memory
    try:
        return bool(shares_memory(one, two, max_work=10**6))
    except RuntimeError:
        return True


class _Design(NamedTuple):
    """The test of one assertion: it rejects ``low`` or fewer, ``high`` or more, of ``counted``."""

    counted: int
    low: int
    high: int


@lru_cache(maxsize=1024)  # a Hypothesis test asserts the same thing about many masks
def _design(
    size: int,
    null: Interval,
    *,
    about: str,
    discrepancy: float,
    false_fail_rate: float,
    false_pass_rate: float,
) -> _Design:
    """Return the test of that many trials.

    A larger number of trials can miss the promise by the height of a saw tooth (see ``design``).
    Then the first trials count, as many as the smallest sufficient number; the choice does not
    depend on the outcomes.

    Raises:
        ValueError: there are too few trials, or an argument is invalid.
    """
    __tracebackhide__ = True
    rates = {"false_fail_rate": false_fail_rate, "false_pass_rate": false_pass_rate}
    needed = min_num_trials(discrepancy=discrepancy, probability=null, **rates)
    if size < needed:
        msg = (
            f"{size:,} units are too few to see {about} that is off by "
            f"discrepancy={discrepancy!r} at false_fail_rate={false_fail_rate!r} and "
            f"false_pass_rate={false_pass_rate!r}. Give at least {needed:,} units: masks of more "
            f"keys, stacked, or of a larger shape.{_instead(size, null, rates)}"
        )
        raise ValueError(msg)
    enough = is_enough(size, discrepancy=discrepancy, probability=null, **rates)
    counted = size if enough else needed
    return _Design(
        counted, *rejected_counts(counted, probability=null, false_fail_rate=false_fail_rate)
    )


def _instead(size: int, null: Interval, rates: dict[str, float]) -> str:
    if size == 0:
        return ""
    try:
        seen = min_discrepancy(num_trials=size, probability=null, **rates)
    except ValueError:  # so few see no discrepancy
        return ""
    rounded = Context(prec=3, rounding=ROUND_UP).create_decimal(seen)  # up: it must suffice
    return f" Or ask for a discrepancy of {rounded}."


def _require(
    outcomes: NDArray[np.bool_],
    design: _Design,
    *,
    false_fail_rate: float,
    expected: str,
    event: str,
    rate: str,
) -> None:
    """Raise AssertionError where the count of successes is in the rejected region."""
    __tracebackhide__ = True
    count, total = int(np.count_nonzero(outcomes.reshape(-1)[: design.counted])), design.counted
    if design.low < count < design.high:
        return
    error = max(false_fail_rate, _LEAST_ERROR)
    shown = clopper_pearson(count, total, confidence=1.0 - error)
    msg = (
        f"Expected: {expected}.\n"
        f"Seen: {count:,} of {total:,} units were {event} ({count / total:.6g}).\n"
        f"Decided: if that holds, {design.low + 1:,} to {design.high - 1:,} units are {event}, "
        f"except with a chance of at most {false_fail_rate:.3g} (false_fail_rate). The {rate} is "
        f"between {shown.lowest:.6g} and {shown.highest:.6g}, with confidence 1 - {error:.3g}.\n"
        "Next: `dropout-props check` on the layer says what is wrong with its masks."
    )
    raise AssertionError(msg)


def _shown(keep_rate: float | tuple[float, float]) -> str:
    if isinstance(keep_rate, tuple):
        return f"{keep_rate[0]!r} to {keep_rate[1]!r}"
    return f"{keep_rate!r}"
