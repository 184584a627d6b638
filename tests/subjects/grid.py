"""Right layers for a grid of traits: API, law, reference and shared axes, and more by turns.

Every combination of the first four is there, and an affine map for each API beside them. Least
rank, dtypes and parameters take turns, so that each of their values meets each value of the first
four.
"""

from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx

from dropout_props.subjects.subject import Subject


def _affine(x: Any, keep: float) -> Any:
    """Return the output of a kept unit, which is never that of a dropped one."""
    return 2.0 * x + (1.0 - keep) if keep < 1.0 else x


_LAWS: dict[str, dict[str, Any]] = {
    "plain": {},
    "unscaled": {"kept": "unscaled"},
    "minus one": {"dropped": -1.0, "kept": "unscaled", "rate_one": False},
    "noise": {"law": "noise", "rate_one": False},
    "hidden": {"law": "composite", "reference": "eval"},
}
_AFFINE: dict[str, Any] = {"dropped": -0.5, "kept": _affine, "rate_one": False}
_SHARED: dict[str, dict[str, Any]] = {
    "none": {},
    "axis 1": {"shared_axes": (1,)},
    "rest": {"shares_rest": True},
}


@dataclass(frozen=True)
class Spec:
    """What one layer of the grid does."""

    law: str
    reference: str
    shared: str
    least_rank: int
    floats: tuple[str, ...]
    params: bool
    options: dict[str, Any] = field(default_factory=dict, hash=False, compare=False)

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape in which coins are drawn."""
        if self.shared == "none":
            return shape
        alike = range(1, len(shape)) if self.shared == "rest" else (1,)
        return tuple(1 if axis in alike else n for axis, n in enumerate(shape))

    def output(self, key: Any, x: Any, rate: float, training: bool) -> Any:
        """Return the output; `key` makes a key where one is needed."""
        reference = x if self.reference == "input" else 4 * x
        y = self._masked(key, reference, rate, training)
        return y + reference if self.law == "hidden" else y

    def _masked(self, key: Any, x: Any, rate: float, training: bool) -> Any:
        if str(x.dtype) not in self.floats:
            raise TypeError(f"{x.dtype} is none of {self.floats}")
        if x.ndim < self.least_rank:
            raise ValueError(f"rank {x.ndim} is below {self.least_rank}")
        if not 0 <= rate <= 1:
            raise ValueError(f"rate={rate}")
        if not training or rate == 0.0:
            return x
        rate = float(rate)  # whatever its precision
        keep, shape = 1.0 - rate, self.mask_shape(x.shape)
        if self.law == "noise":
            spread = (rate / keep) ** 0.5
            noise = 1 + spread * jax.random.normal(key(), shape, jnp.float32)
            return (x * noise).astype(x.dtype)
        kept = jax.random.bernoulli(key(), keep, shape)
        if self.law in ("plain", "hidden"):
            value = x / keep if rate < 1.0 else jnp.zeros_like(x)
        elif self.law == "affine":
            value = _affine(x, keep)
        else:
            value = x
        other = jnp.full_like(x, {"minus one": -1.0, "affine": -0.5}.get(self.law, 0.0))
        return jnp.where(kept, value, other)


class LinenGrid(nn.Module):
    """A layer of the grid."""

    rate: float
    spec: Spec

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the output."""
        if self.spec.params:
            x = x * self.param("scale", nn.initializers.ones, ()).astype(x.dtype)
        return self.spec.output(
            lambda: self.make_rng("dropout"), x, self.rate, training=not deterministic
        )


class NNXGrid(nnx.Module):
    """The same in NNX."""

    def __init__(self, rate: float, *, spec: Spec, rngs: nnx.Rngs | None = None) -> None:
        self.rate, self.spec, self.rngs = rate, spec, rngs
        if spec.params:
            self.scale = nnx.Param(jnp.ones(()))

    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the output."""
        if self.spec.params:
            x = x * self.scale[...].astype(x.dtype)
        return self.spec.output(self._key, x, self.rate, training=not deterministic)

    def _key(self) -> Any:
        if self.rngs is None:
            raise ValueError("no rngs")
        return self.rngs.dropout()


def _function(spec: Spec, key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    return spec.output(lambda: key, x, rate, training=not deterministic)


def _subject(number: int, api: str, law: str, reference: str, shared: str) -> Subject:
    least_rank = 2 if shared == "axis 1" else (0, 2, 1)[number % 3]
    if shared == "rest":
        least_rank = max(1, least_rank)
    floats = (("float16", "bfloat16", "float32"), ("float32",))[number % 2]
    params = api != "function" and number // 2 % 2 == 0
    spec = Spec(law, reference, shared, least_rank, floats, params)
    options = {**(_AFFINE if law == "affine" else _LAWS[law]), **_SHARED[shared]}
    if reference == "eval":
        options["reference"] = "eval"
    if params and law != "hidden":
        options["kind"] = "layer"
    words = f"rank {least_rank}, {len(floats)} dtypes{', params' if params else ''}"
    name = f"{api}: {law}, {reference}, shared {shared}, {words}"
    if api == "function":
        return Subject.function(partial(_function, spec), name=name, **options)
    if api == "linen":
        return Subject.linen(partial(LinenGrid, spec=spec), name=name, **options)
    return Subject.nnx(partial(NNXGrid, spec=spec), name=name, **options)


_APIS = ("function", "linen", "nnx")
_COMBINED = [
    one
    for one in product(_APIS, _LAWS, ("input", "eval"), _SHARED)
    if not (one[1] == "hidden" and one[2] == "input")  # a hidden mask has no other reference
]
_COMBINED += product(_APIS, ("affine",), ("input",), ("none",))
GRID: dict[str, Subject] = {
    one.name: one for number, parts in enumerate(_COMBINED) for one in [_subject(number, *parts)]
}
"""The layers by their names."""
