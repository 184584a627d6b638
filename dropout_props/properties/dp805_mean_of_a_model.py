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

The evidence that is needed has probability 2^-64 at most in a correct model at rate 1/2, and below
2^-63 at other rates, where either s may be too small as well.

Float32 rounds the output, and what it rounds can have a mean of its own. A unit whose spread is not
far above its rounding has no weight in the second read-out, and a read-out is judged only where
rounding of all its units moves the probability of its coin by less than the null allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log

import jax
import numpy as np

from dropout_props.cases import strategies
from dropout_props.properties.catalogue import Case, NotRun, Sampler, Trials, Violation, exact
from dropout_props.properties.outputs import evaluation
from dropout_props.statistics import Interval, log_evalues, log_mean_evalue

_RATES = (0.1, 0.9)
_KEYS = 2**15
_UNITS = 2**24  # fewer keys for larger outputs,
_BATCH = 2**10  # but no fewer than these
_MOST_UNITS = 2**16  # the outputs of a batch are held in float64
_HALF, _SYMMETRIC_CUT, _ROUNDING = 0.5, 1.5, 2.0**-12
_ULP = float(np.finfo(np.float32).eps)  # relative
_CLEAR = 2.0**10  # times the rounding: a spread that masks make
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


@exact(
    "DP805",
    "the mean is the evaluation",
    statement="The training output of a model that is linear in its masks is its evaluation output "
    "on average.",
    formula="E[train(x, k)] = eval(x), where train(x, k) = sum_i a_i m_i/keep + b",
    if_broken="A model is trained on other values than it is evaluated on: dropout without the "
    "scale 1/keep, or ahead of a softmax or a normalisation.",
    assumes="The trait linear=True holds: the output is a weighted sum of independent coins. The "
    "rate lies from 0.1 to 0.9, and nothing is computed in less than float32.",
    level="core",
    needs=("linear",),
    explained_by=("DP202", "DP203"),
    killed_by=("mean_not_scaled", "mean_renormalised"),
    cases=strategies.cases(rate=_RATES, pool=((128,),), values=("distinct", "negative")),
    explicit=(Case(rate=0.5), Case(rate=0.3)),
    weight=8,
    one_program=True,
)
def mean_of_a_model(sampler: Sampler) -> None:
    low, high = _RATES
    if not low <= sampler.case.rate <= high:
        raise NotRun(f"the mean is judged at rates from {low} to {high}")
    with jax.default_matmul_precision("float32"):
        _check_mean(sampler)


def _check_mean(sampler: Sampler) -> None:
    evaluated = _evaluated(sampler)
    if evaluated.size > _MOST_UNITS:
        raise NotRun(
            f"its output has {evaluated.size:,} units: the mean of up to {_MOST_UNITS:,} is judged"
        )
    _require_float32(sampler, evaluated)
    coins, outputs = _Coins(sampler.case.rate), _Outputs.beside(sampler, evaluated)
    evaluated = outputs.evaluated
    is_looped = sampler.subject.traits.batching == "loop"
    count = _BATCH if is_looped else min(_KEYS, max(_BATCH, _UNITS // evaluated.size))
    seen = np.concatenate(list(outputs.of(_BATCH, "direction")))
    outputs.require_finite(seen)
    noise = _ULP * np.maximum(np.abs(evaluated), np.abs(seen).max(axis=0))
    off = (seen - evaluated).mean(axis=0)
    spread = np.sqrt(((seen - evaluated) ** 2).mean(axis=0))
    off = np.where(spread > _CLEAR * noise, off, 0.0)
    weights = np.stack([_direction(evaluated), _direction(off / np.maximum(spread, 1e-30) ** 2)])
    scale = outputs.read(weights, coins.num_keys_of_scale, "scale")
    cut = coins.cut * np.sqrt((scale**2).mean(axis=0))
    if not cut.any():
        return  # the training output is the evaluation output, bit for bit
    judged = (cut > 0.0) & (np.abs(weights) @ noise <= 2.0 * cut * _ROUNDING)
    if not judged.any():
        raise NotRun("its masks move the output by little more than float32 rounds it")
    read = outputs.read(weights[judged], count, "mask")
    inside = np.clip(read / cut[judged], -1.0, 1.0)
    uniform = sampler.words(2 * count, role="coin").astype(np.float64)[:, 0] / 2.0**32
    uniform = uniform.reshape(count, 2)[:, judged]
    above = (uniform < (1.0 + inside) / 2.0).sum(axis=0)
    trials = [Trials.of(int(number), count, coins.null) for number in above]
    if log_mean_evalue([log_evalues(t, discrepancy=_DISCREPANCY) for t in trials]) >= _LOG_NEEDED:
        raise Violation(outputs.words(seen, spread))


def _evaluated(sampler: Sampler) -> np.ndarray:
    if sampler.subject.traits.reference == "input":
        return sampler.case.inputs()
    return evaluation(sampler, sampler.inputs())


def _require_float32(sampler: Sampler, evaluated: np.ndarray) -> None:
    """Raise where numbers are rounded so coarsely that the rounding has a mean of its own.

    Raises:
        NotRun: the output, or a number on the way to it, has less than the precision of float32.
    """
    if evaluated.dtype not in (np.float32, np.float64):
        raise NotRun(f"outputs of {evaluated.dtype} are rounded, and so is their mean")
    if sampler.subject.traits.batching == "vmap":
        program = jax.make_jaxpr(sampler.output)(sampler.key("precision"), sampler.inputs())
        if found := _LOW.search(str(program)):
            raise NotRun(f"it computes in {found[0][:-1]}, and its mean is rounded")


@dataclass(frozen=True)
class _Outputs:
    """Training outputs of a model, at the units whose evaluation output is finite.

    Attributes:
        sampler: of the model.
        evaluated: float64[units], the evaluation output.
        units: the number of each unit in the whole output.
        shape: that of the whole output.
    """

    sampler: Sampler
    evaluated: np.ndarray
    units: np.ndarray
    shape: tuple[int, ...]

    @classmethod
    def beside(cls, sampler: Sampler, evaluated: np.ndarray) -> _Outputs:
        """Return those that are compared with an evaluation output."""
        flat = evaluated.reshape(-1).astype(np.float64)
        units = np.flatnonzero(np.isfinite(flat))
        if not units.size:
            raise NotRun("its evaluation output has no finite unit")
        return cls(sampler, flat[units], units, evaluated.shape)

    def of(self, count: int, role: str) -> Iterator[np.ndarray]:
        """Yield float64[num_keys, units], the outputs of `count` fresh keys, in batches.

        A model holds more numbers than it returns, so that batches are small.
        """
        size = min(_BATCH, self.sampler.num_keys)
        for number in range(ceil(count / size)):
            outputs = self.sampler.outputs(self.sampler.keys(size, role=role, block=number))
            flat = outputs[: count - number * size].reshape(-1, outputs[0].size)
            yield flat[:, self.units].astype(np.float64)

    def require_finite(self, seen: np.ndarray) -> None:
        """Raise unless the outputs are finite, as the evaluation output is."""
        wrong = np.argwhere(~np.isfinite(seen))
        if len(wrong):
            key, unit = map(int, wrong[0])
            raise Violation(
                f"{len({int(one) for one, _ in wrong})} of {len(seen)} keys give outputs without a "
                f"mean: at {self._place(unit)} it is {seen[key, unit]:g}, and "
                f"{self.evaluated[unit]:.4g} in evaluation"
            )

    def read(self, weights: np.ndarray, count: int, role: str) -> np.ndarray:
        """Return float64[count, read-outs], how far fresh keys are from evaluation in each.

        An output that is not finite counts as none: `require_finite` is about it.
        """
        parts = [
            np.nan_to_num(one - self.evaluated, nan=0.0, posinf=0.0, neginf=0.0) @ weights.T
            for one in self.of(count, role)
        ]
        return np.concatenate(parts)

    def words(self, seen: np.ndarray, spread: np.ndarray) -> str:
        """Return words for a mean that is not the evaluation output."""
        mean, evaluated = seen.mean(axis=0), self.evaluated
        unit = int(np.argmax(np.abs(mean - evaluated) / np.maximum(spread, 1e-30)))
        length = float(evaluated @ evaluated)
        times = f"{float(mean @ evaluated) / length:.3g} times " if length > 0 else "not "
        return (
            f"over {len(seen)} keys the mean training output is {times}the evaluation output; at "
            f"{self._place(unit)} it is {mean[unit]:.4g}, where evaluation gives "
            f"{evaluated[unit]:.4g}"
        )

    def _place(self, unit: int) -> list[int]:
        return [int(n) for n in np.unravel_index(int(self.units[unit]), self.shape)]


def _direction(weights: np.ndarray) -> np.ndarray:
    """Return finite weights of length 1; equal ones where all are 0."""
    weights = np.nan_to_num(weights, nan=0.0, posinf=0.0, neginf=0.0)
    if not weights.any():
        weights = np.ones_like(weights)
    return np.asarray(weights / np.linalg.norm(weights))
