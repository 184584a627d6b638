"""The sampler draws the masks of a case: fresh keys, blocks of one size, batches by `jax.vmap`.

Every key depends on the run seed, the property, the digest of the whole case, the role and the
block, through a stable hash and NumPy's Philox, not through `jax.random.split`. Under one key,
masks of JAX are prefix-stable in shape and nested in rate, and their derivation has changed between
releases, so two cases must never share a key. Masks are NumPy booleans, because counting them on
the host costs no compilation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.subjects.operations import Operation
    from dropout_props.subjects.subject import Subject

__all__ = ["BLOCK_UNITS", "LOOPED_UNITS", "Sampler", "came_through"]

BLOCK_UNITS = 2**18
"""Units in one block: large enough that dispatch costs little, small enough to stop early."""

_LARGE = 2**12
"""Units of a mask beyond which a shape belongs to one case alone, and is compiled as a whole."""

LOOPED_UNITS = 2**13
"""Units in one block of a subject that vmap cannot batch, and that is called once a key."""


def came_through(subject: Subject, outputs: Any, x: Any) -> np.ndarray[Any, Any]:
    """Return which units of training outputs are kept, bool of the shape of `outputs`.

    Dropout keeps a unit that is not 0; noise counts as keeping one that lies above its reference.

    Args:
        subject: the subject that gave the outputs.
        outputs: one training output, or several along leading axes.
        x: the input of all of them.
    """
    if subject.traits.law == "noise":
        return np.asarray(np.asarray(outputs) > np.asarray(subject.reference(jnp.asarray(x))))
    return np.asarray(outputs) != 0


@dataclass(frozen=True)
class Sampler:
    """Draws the masks of one case for one property.

    Args:
        subject: the layer or model that draws them.
        case: its input, rate and shape.
        property_id: id of the property; no two properties see the same bits.
        run_seed: integer that the whole run shares.
    """

    subject: Subject
    case: Case
    property_id: str
    run_seed: int = 0

    @property
    def size(self) -> int:
        """Number of units in one training output: of the case, or of the model's own output."""
        if self.subject.traits.reference == "input":
            return self.case.size
        return int(np.size(self.subject.reference(jnp.asarray(self.case.inputs()))))

    @property
    def mask_shape(self) -> tuple[int, ...]:
        """Shape of a mask that was drawn: of the case, or of the model's own output."""
        if self.subject.traits.reference == "input":
            return self.case.mask_shape
        return tuple(np.shape(self.subject.reference(jnp.asarray(self.case.inputs()))))

    @property
    def num_keys(self) -> int:
        """Number of keys in one block of this case; it depends on the shape alone."""
        looped = self.subject.traits.batching == "loop"
        return max(2, (LOOPED_UNITS if looped else BLOCK_UNITS) // max(1, self.size))

    def fresh(self) -> Sampler:
        """Return the sampler with a subject that has no history and can go to another process."""
        return replace(self, subject=self.subject.fresh())

    def words(self, count: int, *, role: str, block: int = 0) -> np.ndarray[Any, Any]:
        """Return fresh uniform words, uint32[count, 2], as raw key data.

        Args:
            count: how many keys.
            role: the purpose of the keys, so that no two uses in one property share any.
            block: number of the block, from 0.
        """
        text = f"{self.run_seed}|{self.property_id}|{self.case.digest()}|{role}|{block}"
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        generator = np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
        return generator.integers(2**32, size=(count, 2), dtype=np.uint32)

    def keys(self, count: int, *, role: str = "mask", block: int = 0) -> jax.Array:
        """Return typed keys of the default implementation, key[count], independent of all others.

        Args:
            count: how many keys.
            role: the purpose of the keys.
            block: number of the block, from 0.
        """
        words = self.words(count, role=role, block=block)
        width = jax.random.key_data(jax.random.key(0)).shape[-1]
        return jax.random.wrap_key_data(jnp.asarray(np.tile(words, (1, width // 2))))

    def key(self, role: str = "mask") -> jax.Array:
        """Return one fresh typed key."""
        return self.keys(1, role=role)[0]

    def streams(self, key: Any) -> dict[str, Any]:
        """Return `key` as the mapping of streams that the subject's operations take."""
        return {self.subject.traits.stream or "dropout": key}

    def outputs(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the training outputs, dtype[num_keys, *shape], one application a key."""
        x = jnp.asarray(self.case.inputs())

        def one(key: Any) -> Any:
            return self.subject.call(
                x,
                rate=self.case.rate,
                training=True,
                streams=self.streams(key),
                broadcast_dims=() if self.subject.traits.shares else self.case.broadcast_dims,
            )

        return self.each(one, keys)

    def compiled_masks(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the masks of `keys` as `masks` does, by a program that is compiled for this case.

        It is one compilation; operation by operation it would be about ten for a shape that no
        other case has, and those do not depend on the rate.
        """
        if self.subject.traits.batching == "loop":
            return self.masks(keys)
        x = jnp.asarray(self.case.inputs())
        return self.masks_in(_drawing(self.subject, self.case)(keys, x))

    def each(self, function: Callable[[Any], Any], keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the function of each key, stacked along axis 0: by vmap, or key by key."""
        if self.subject.traits.batching == "loop":
            return np.stack([np.asarray(function(key)) for key in keys])
        return np.asarray(jax.vmap(function)(keys))

    def performed(self, operation: Operation, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the outputs of an operation, dtype[num_keys, num_outputs, *shape].

        It is compiled once a case.

        Args:
            operation: one of `dropout_props.subjects.operations`.
            keys: typed keys, one an application.
        """
        return self.each(_performing(self.subject, self.case, operation), keys)

    def kept(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return which units are kept, bool[num_keys, *shape], independent along axis 0.

        Assumes:
            The input is nowhere zero, and DP201 holds.
        """
        return came_through(self.subject, self.outputs(keys), self.case.inputs())

    def once(self, kept: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return bool[..., *mask_shape] of bool[..., *shape]: the first of each shared unit."""
        if not self.case.broadcast_dims:
            return kept
        first: tuple[Any, ...] = (..., *(slice(0, n) for n in self.case.mask_shape))
        return np.asarray(kept[first])

    def masks_in(self, outputs: Any) -> np.ndarray[Any, Any]:
        """Return the masks that the outputs show, bool[..., *mask_shape]."""
        return self.once(came_through(self.subject, outputs, self.case.inputs()))

    def masks(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the masks that were drawn, bool[num_keys, *mask_shape]."""
        return self.once(self.kept(keys))

    def block(self, block: int, *, role: str = "mask") -> np.ndarray[Any, Any]:
        """Return the masks of one whole block of fresh keys, bool[num_keys, *mask_shape]."""
        draw = self.compiled_masks if self.size > _LARGE else self.masks
        return draw(self.keys(self.num_keys, role=role, block=block))


@lru_cache(maxsize=64)
def _performing(subject: Subject, case: Case, operation: Operation) -> Callable[[Any], Any]:
    x, fresh = jnp.asarray(case.inputs()), subject.fresh()  # what was asked before is DP410's

    def answers(key: Any) -> Any:
        streams = {subject.traits.stream or "dropout": key}
        return jnp.stack(fresh.perform(x, operation, rate=case.rate, streams=streams))

    return answers if subject.traits.batching == "loop" else jax.jit(answers)


@lru_cache(maxsize=64)
def _drawing(subject: Subject, case: Case) -> Callable[[Any, Any], Any]:
    stream = subject.traits.stream or "dropout"
    dims = () if subject.traits.shares else case.broadcast_dims

    def one(key: Any, x: Any) -> Any:
        return subject.call(
            x, rate=case.rate, training=True, streams={stream: key}, broadcast_dims=dims
        )

    return jax.jit(jax.vmap(one, in_axes=(0, None)))
