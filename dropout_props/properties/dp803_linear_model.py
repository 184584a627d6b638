"""DP803: what a linear model makes of a layer's training output is right on average.

Units y are 0 or e/keep, where e is the eval output. A read-out w . y, with weight w = 1/e on the
units it reads and 0 elsewhere, is the number of these that are kept, over keep. So w . y times
keep is a whole number to float32 rounding, and the expectation of a float becomes a count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.cases import strategies
from dropout_props.properties.catalogue import Case, Exact, Sampler, Trials, Violation, statistical
from dropout_props.properties.mask_cases import block_cases

_UNITS = 1024  # read at most: a longer sum could round to another whole number
_TERM = 8  # roundings of 2^-24 that one term may carry: of e, keep, 1/e, and two operations
_KEYS = 16


@dataclass(frozen=True, eq=False)  # by identity, so that jit can hash it
class _Head:
    """A linear model behind the layer: float32[num_read_outs, size], and what it reads."""

    sampler: Sampler
    sizes: dict[str, int]
    weights: np.ndarray
    rank: int

    @classmethod
    def of(cls, sampler: Sampler) -> _Head:
        x = sampler.inputs()
        evaluated = np.asarray(sampler.subject.reference(x), dtype=np.float64)
        places = sampler.once(np.arange(evaluated.size).reshape(evaluated.shape)).reshape(-1)
        places = places[:: -(-places.size // _UNITS)]
        order = np.argsort(sampler.words(places.size, role="read-out")[:, 0])
        read = {
            "all units": places,
            "every second unit": places[::2],
            "a random half": places[order[: -(-places.size // 2)]],
        }
        weights = np.zeros((len(read), evaluated.size))
        for row, units in zip(weights, read.values(), strict=True):
            row[units] = 1.0 / evaluated.reshape(-1)[units]
        sizes = {label: units.size for label, units in read.items()}
        return cls(sampler, sizes, weights.astype(np.float32), evaluated.ndim)

    def __call__(self, key: Any, x: Any) -> Any:
        """Return the training output of the whole model, float32[num_read_outs]."""
        y = self.sampler.output(key, x)
        units = jnp.reshape(y, (*y.shape[: y.ndim - self.rank], -1))
        return jnp.moveaxis(jnp.matmul(units, self.weights.T, precision="highest"), -1, 0)


def _check(sampler: Sampler) -> None:
    head, x = _Head.of(sampler), sampler.inputs()
    program = jax.jit(head) if sampler.subject.traits.batching == "vmap" else head
    outputs = sampler.each(lambda key: program(key, x), sampler.keys(_KEYS))
    for column, (label, size) in zip(outputs.T, head.sizes.items(), strict=True):
        kept = column.astype(np.float64) * sampler.case.keep
        rounding = size * (size + _TERM) * 2.0**-24
        whole = (np.abs(kept - np.rint(kept)) <= rounding) & (kept > -1) & (kept < size + 1)
        if not whole.all():
            raise Violation(
                f"in one traced program the read-out of {label} is {kept[~whole][0]:.9g}/keep, "
                f"not a whole number of {size} units to within {rounding:.1g}"
            )


@statistical(
    "DP803",
    "linear models keep the mean",
    statement="The expected training output of a linear model behind the layer is its evaluation "
    "output.",
    formula="E[w . y] = w . eval(x), where keep (w . y) is a count of kept units",
    if_broken="A layer behind dropout is trained on larger or smaller values than it is evaluated "
    "on.",
    assumes="DP201 holds. Units of one mask are independent (DP301).",
    needs=("mask", "scaled"),
    explained_by=("DP202", "DP203"),
    killed_by=("bias_1pct", "bias_0.3pct", "bias_0.1pct", "comb", "coarse_where_traced"),
    cases=block_cases,
    discrepancies={"all units": 0.003, "every second unit": 0.005, "a random half": 0.005},
    relative="all units",
    also=Exact(
        cases=lambda _, __: strategies.cases(
            rate=strategies.inner_rates(), pool=((128,),), values=("distinct", "negative")
        ),
        check=_check,
        explicit=(Case(shape=(128,), rate=0.3),),
        weight=4,  # each rate is a compilation
    ),
)
def linear_model(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    head, x = _Head.of(sampler), sampler.inputs()
    keys = sampler.keys(sampler.num_keys, block=block)
    outputs = sampler.each(lambda key: head(key, x), keys).astype(np.float64)
    sampler.drawn.append(len(keys) * sampler.size)
    kept = np.rint(np.nan_to_num(outputs * sampler.case.keep))
    return tuple(
        Trials.of(int(np.clip(column, 0, size).sum()), size * len(keys), sampler.keep, label=label)
        for column, (label, size) in zip(kept.T, head.sizes.items(), strict=True)
    )
