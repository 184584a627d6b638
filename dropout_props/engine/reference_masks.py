"""A reference layer: masks of exact Bernoulli trials, drawn by NumPy.

Its bits depend on the keys that the real `Sampler` derives from run seed, property, digest, role
and block, so that a fault of these keys shows. It has the interface of a subject.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import jax
import numpy as np

from dropout_props.cases.case import Case
from dropout_props.properties.sampler import Sampler
from dropout_props.subjects.operations import Call
from dropout_props.subjects.subject import Traits

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.properties import Statistical
    from dropout_props.statistics import Trials
    from dropout_props.subjects.operations import Operation

__all__ = ["EXACT_UNITS", "Drawing", "ExactSampler", "ExactSubject", "families"]

_TRAITS = Traits(api="linen", takes="all", broadcast_dims=True)
EXACT_UNITS = 2**12
"""Number of units in one block: small, so that thousands of runs take minutes."""


Drawing: TypeAlias = "Callable[[Any, int, tuple[int, ...], float], np.ndarray[Any, Any]]"
"""Returns bool[copies, num_keys, *shape] from keys, copies, shape and keep probability."""


def _generator(keys: Any) -> np.random.Generator:
    words = np.asarray(jax.random.key_data(keys)).tobytes()
    seed = int.from_bytes(hashlib.blake2b(words, digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(seed))


def _masks(keys: Any, copies: int, shape: tuple[int, ...], keep: float) -> np.ndarray[Any, Any]:
    return _generator(keys).random((copies, len(keys), *shape)) < keep


@dataclass(frozen=True)
class ExactSubject:
    """A subject that handles a batch of keys at once, and returns masks in place of outputs.

    Args:
        name: name of the subject.
        source: place of its code: it has none.
        traits: its abilities.
        masks: draws all masks.
    """

    name: str = "selftest.exact"
    source: str = ""
    traits: Traits = _TRAITS
    masks: Drawing = _masks

    def reference(self, x: Any) -> Any:
        """Return the input."""
        return x

    def call(self, x: Any, *, rate: float, streams: dict[str, Any], **_: Any) -> Any:
        """Return float32[num_keys, *shape]: the input over keep where a unit is kept, else 0."""
        [masks] = self.run(Call(training=True), x, rate=rate, streams=streams)
        return np.where(masks, np.asarray(x / (1.0 - rate)), np.float32(0.0))

    def run(
        self, operation: Operation, x: Any, *, rate: float, streams: dict[str, Any]
    ) -> tuple[Any, ...]:
        """Return bool[num_keys, *shape], the units kept, for each output of an operation."""
        [keys] = streams.values()
        return tuple(self.masks(keys, operation.num_outputs, tuple(x.shape), 1.0 - rate))


@dataclass(frozen=True)
class ExactSampler(Sampler):
    """Draws from `ExactSubject`.

    Args:
        units: number of units in one block.
    """

    units: int = EXACT_UNITS

    @property
    def size(self) -> int:
        """Number of units in one mask."""
        return self.case.size

    @property
    def num_keys(self) -> int:
        """Keys in one block."""
        return max(2, self.units // max(1, self.size))

    def each(self, ask: Callable[[Any], Any], keys: jax.Array) -> np.ndarray[Any, Any]:
        """Call `ask` for all keys at once; the copies of one key are adjacent, as with vmap."""
        return np.moveaxis(np.asarray(ask(keys)), 0, 1)

    def performed(self, operation: Operation, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return bool[num_keys, num_answers, *shape]: each answer has a mask of its own."""
        masks = self._draw(keys, operation.num_outputs, self.case.shape)
        return np.moveaxis(masks, 0, 1)

    def kept(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return bool[num_keys, *shape], shared along the broadcast dims."""
        [masks] = self._draw(keys, 1, self.case.mask_shape)
        return np.broadcast_to(masks, (len(keys), *self.case.shape))

    def noise(self, keys: jax.Array) -> tuple[np.ndarray[Any, Any], float]:
        """Return the sizes of normal numbers, float64[number of units], and no rounding."""
        shape = (len(keys), *self.case.mask_shape)
        return np.abs(_generator(keys).standard_normal(shape)).reshape(-1), 0.0

    def _draw(self, keys: jax.Array, copies: int, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        exact: Any = self.subject
        return np.asarray(exact.masks(keys, copies, shape, self.case.keep))


def families(
    property_id: str, decision: Statistical, *, rate: float, run_seed: int = 0
) -> list[Trials]:
    """Return one block of a property's counts, for its members and their nulls; no layer is run.

    Of several families with one label, such as one for each axis, the last is returned.
    """
    explicit = next((case for case in decision.explicit if len(case.shape) > 1), None)
    case = Case(
        shape=explicit.shape if explicit else (128,),
        rate=rate,
        broadcast_dims=explicit.broadcast_dims if explicit else (),
    )
    sampler = ExactSampler(ExactSubject(), case, property_id, run_seed)  # type: ignore[arg-type]
    return list({family.label: family for family in decision.observe(sampler, 0)}.values())
