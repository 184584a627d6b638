"""DP805: the training output of a model that is linear in its masks has the right mean.

Such an output is y = eval + sum of a_i (m_i/keep - 1) over independent coins m_i; nothing is known
of the a_i. Two read-outs w . (y - eval) are judged: w along the evaluation output, and w along the
mean that other keys have shown. Each read-out is cut off at T on both sides and moved to [0, 1],
and a uniform number that is drawn beside it makes it a coin whose probability is the mean of the
cut read-out. So the mean of a float becomes a count, and the null is

- 1/2 at rate 1/2, where coins are symmetric and so is whatever is cut off on both sides alike;
- otherwise 1/2 to within what the cut can hide. E y^4 <= k sigma^4 for a sum of such coins, with
  k = 3 + max(0, (1 - 6pq)/(pq)), so that the cut moves the mean by at most 27 k sigma^4/(256 T^3),
  and sigma^2 is at most s^2/0.45, where s^2 is the mean square of 304 k keys, except with
  probability exp(-304 k 0.55^2/(2k)) < 2^-64 (Bernstein, for variables that are not negative).

The evidence that is needed has probability 2^-64 in a correct model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil, log
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, NotRun, Property, Violation
from dropout_props.properties.outputs import evaluation
from dropout_props.statistics import Interval, Trials, log_evalues, log_mean_evalue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.properties.sampler import Sampler

_RATES = (0.1, 0.9)
_KEYS = 2**15
_UNITS = 2**24  # fewer keys for larger outputs,
_BATCH = 2**10  # but no fewer than these
_HALF, _SYMMETRIC_CUT, _ROUNDING = 0.5, 1.5, 2.0**-12
_HIDDEN = 2.0**-11  # what a cut may hide at other rates
_DISCREPANCY = 0.05
_LOG_NEEDED = 64 * log(2)
_LOW = re.compile(r"\b(?:bf16|f16|f8_\w+)\[")


@dataclass(frozen=True)
class _Coins:
    """The law of centred coins at a rate, as far as a cut at a multiple of s needs it."""

    rate: float

    @property
    def kurtosis(self) -> float:
        """A bound of E y^4/sigma^4 for weighted sums of coins."""
        both = self.rate * (1.0 - self.rate)
        return 3.0 + max(0.0, (1.0 - 6.0 * both) / both)

    @property
    def cut(self) -> float:
        """T/s."""
        if self.rate == _HALF:
            return _SYMMETRIC_CUT
        return (27 * self.kurtosis / (512 * 0.45**2 * _HIDDEN)) ** 0.25

    @property
    def null(self) -> Interval:
        """The probability of the coin that stands for a read-out."""
        hidden = _ROUNDING + (0.0 if self.rate == _HALF else _HIDDEN)
        return Interval(0.5 - hidden, 0.5 + hidden)

    @property
    def num_keys_of_scale(self) -> int:
        """The number of keys that s is of."""
        return ceil(304 * self.kurtosis)


def _check(sampler: Sampler) -> None:
    low, high = _RATES
    if not low <= sampler.case.rate <= high:
        raise NotRun(f"the mean is judged at rates from {low} to {high}")
    with jax.default_matmul_precision("float32"):
        _check_mean(sampler)


def _check_mean(sampler: Sampler) -> None:
    evaluated = _evaluated(sampler)
    _require_float32(sampler, evaluated)
    is_looped = sampler.subject.traits.batching == "loop"
    count = _BATCH if is_looped else min(_KEYS, max(_BATCH, _UNITS // max(1, evaluated.size)))
    coins, shape = _Coins(sampler.case.rate), evaluated.shape
    evaluated = evaluated.reshape(-1).astype(np.float64)
    seen = np.concatenate(list(_outputs(sampler, _BATCH, "direction")))
    _require_finite(seen, evaluated, shape)
    off = (seen - evaluated).mean(axis=0)
    spread = np.sqrt(((seen - evaluated) ** 2).mean(axis=0))
    weights = np.stack([_direction(evaluated), _direction(off / np.maximum(spread, 1e-30) ** 2)])
    scale = _read(sampler, weights, evaluated, coins.num_keys_of_scale, "scale")
    cut = coins.cut * np.sqrt((scale**2).mean(axis=0))
    read = _read(sampler, weights, evaluated, count, "mask")
    inside = np.clip(read / np.where(cut > 0, cut, np.inf), -1.0, 1.0)
    uniform = sampler.words(2 * count, role="coin").astype(np.float64)[:, 0] / 2.0**32
    above = (uniform.reshape(count, 2) < (1.0 + inside) / 2.0).sum(axis=0)
    trials = [Trials.of(int(number), count, coins.null) for number in above]
    if log_mean_evalue([log_evalues(t, discrepancy=_DISCREPANCY) for t in trials]) >= _LOG_NEEDED:
        raise Violation(_words(seen, evaluated, spread, shape))


def _evaluated(sampler: Sampler) -> np.ndarray[Any, Any]:
    if sampler.subject.traits.reference == "input":
        return sampler.case.inputs()
    return evaluation(sampler, sampler.inputs())


def _require_float32(sampler: Sampler, evaluated: np.ndarray[Any, Any]) -> None:
    """Raise where numbers are rounded so coarsely that the rounding has a mean of its own.

    Raises:
        NotRun: the output, or a number on the way to it, has less than the precision of float32.
    """
    if evaluated.dtype not in (np.float32, np.float64):
        raise NotRun(f"outputs of {evaluated.dtype} are rounded, and so is their mean")
    if sampler.subject.traits.batching == "vmap":
        program = jax.make_jaxpr(lambda key: _call(sampler, key))(sampler.key("precision"))
        if found := _LOW.search(str(program)):
            raise NotRun(f"it computes in {found[0][:-1]}, and its mean is rounded")


def _require_finite(
    seen: np.ndarray[Any, Any], evaluated: np.ndarray[Any, Any], shape: tuple[int, ...]
) -> None:
    wrong = np.argwhere(~np.isfinite(seen) & np.isfinite(evaluated))
    if len(wrong):
        key, unit = map(int, wrong[0])
        raise Violation(
            f"{len({int(one) for one, _ in wrong})} of {len(seen)} keys give outputs without a "
            f"mean: at {_place(unit, shape)} it is {seen[key, unit]:g}, and "
            f"{evaluated[unit]:.4g} in evaluation"
        )


def _call(sampler: Sampler, key: Any) -> Any:
    return sampler.subject.call(
        sampler.inputs(), rate=sampler.case.rate, training=True, streams=sampler.streams(key)
    )


def _outputs(sampler: Sampler, count: int, role: str) -> Iterator[np.ndarray[Any, Any]]:
    """Yield float64[num_keys, units], the training outputs of `count` fresh keys, in batches.

    A model holds more numbers than it returns, so that batches are small.
    """
    size = min(_BATCH, sampler.num_keys)
    for number in range(ceil(count / size)):
        outputs = sampler.outputs(sampler.keys(size, role=role, block=number))
        yield outputs[: count - number * size].reshape(-1, outputs[0].size).astype(np.float64)


def _read(
    sampler: Sampler,
    weights: np.ndarray[Any, Any],
    evaluated: np.ndarray[Any, Any],
    count: int,
    role: str,
) -> np.ndarray[Any, Any]:
    """Return float64[count, 2], how far each read-out of fresh keys is from that of evaluation.

    An output that is not finite counts as none: `_require_finite` is about it.
    """
    parts = [
        np.nan_to_num(outputs - evaluated, nan=0.0, posinf=0.0, neginf=0.0) @ weights.T
        for outputs in _outputs(sampler, count, role)
    ]
    return np.concatenate(parts)


def _direction(weights: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return finite weights of length 1; equal ones where all are 0."""
    weights = np.nan_to_num(weights, nan=0.0, posinf=0.0, neginf=0.0)
    if not weights.any():
        weights = np.ones_like(weights)
    return np.asarray(weights / np.linalg.norm(weights))


def _place(unit: int, shape: tuple[int, ...]) -> list[int]:
    return [int(n) for n in np.unravel_index(unit, shape)]


def _words(
    seen: np.ndarray[Any, Any],
    evaluated: np.ndarray[Any, Any],
    spread: np.ndarray[Any, Any],
    shape: tuple[int, ...],
) -> str:
    mean = seen.mean(axis=0)
    unit = int(np.argmax(np.abs(mean - evaluated) / np.maximum(spread, 1e-30)))
    length = float(evaluated @ evaluated)
    times = f"{float(mean @ evaluated) / length:.3g} times " if length > 0 else "not "
    return (
        f"over {len(seen)} keys the mean training output is {times}the evaluation output; at "
        f"{_place(unit, shape)} it is {mean[unit]:.4g}, where evaluation gives "
        f"{evaluated[unit]:.4g}"
    )


PROPERTY = Property(
    id="DP805",
    name="the mean is the evaluation",
    level="core",
    sentence="The training output of a model that is linear in its masks is its evaluation output "
    "on average.",
    formula="E[train(x, k)] = eval(x), where train(x, k) = sum_i a_i m_i/keep + b",
    means="A model is trained on other values than it is evaluated on: dropout without the scale "
    "1/keep, or ahead of a softmax or a normalisation.",
    assumes="The trait linear=True holds: the output is a weighted sum of independent coins. The "
    "rate lies from 0.1 to 0.9, and nothing is computed in less than float32.",
    mutants=("mean_not_scaled", "mean_renormalised"),
    blocked_by=("DP201",),
    explained_by=("DP202", "DP203"),
    needs=("linear",),
    decision=Exact(
        cases=lambda _, __: strategies.cases(
            rate=strategies.inner_rates(*_RATES), pool=((128,),), values=("distinct", "negative")
        ),
        check=_check,
        one_program=True,
        explicit=(Case(shape=(128,), rate=0.5), Case(shape=(128,), rate=0.3)),
        weight=8,
    ),
)
