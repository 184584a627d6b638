"""Asking: seeded keys, blocks of one fixed size, batches by `jax.vmap`.

Every key depends on run seed, property, digest of the whole case, role and block, through a stable hash
and NumPy's Philox, not through `jax.random.split`: streams of JAX are prefix-stable in shape and
nested in rate under one key, and their derivation has changed between releases, so two cases must
never share a key. Masks come back as NumPy booleans, counted on the host: counting costs no
compilation there.
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
"""Units in one block: large enough that dispatch costs little, small enough to look often."""

LOOPED_UNITS = 2**13
"""The same for a subject that cannot be batched by vmap and is called once a key."""


def came_through(subject: Subject, outputs: Any, x: Any) -> np.ndarray[Any, Any]:
    """Return which units of training outputs came through, bool of the shape of `outputs`.

    Args:
        subject: whose outputs they are. Of a dropout a unit came through when it is not 0, of a
            noise when it lies above its reference.
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
        subject: who is asked.
        case: what is asked.
        property_id: id of the property; another property never sees the same bits.
        run_seed: integer that the whole run shares.
    """

    subject: Subject
    case: Case
    property_id: str
    run_seed: int = 0

    @property
    def size(self) -> int:
        """Number of units in one training output: the case's, or what the model makes of it."""
        if self.subject.traits.reference == "input":
            return self.case.size
        return int(np.size(self.subject.reference(jnp.asarray(self.case.inputs()))))

    @property
    def num_keys(self) -> int:
        """Keys in one block of this case; a constant of its shape."""
        looped = self.subject.traits.batching == "loop"
        return max(2, (LOOPED_UNITS if looped else BLOCK_UNITS) // max(1, self.size))

    def fresh(self) -> Sampler:
        """Return the same sampler, whose subject remembers nothing and can be sent elsewhere."""
        return replace(self, subject=self.subject.fresh())

    def words(self, count: int, *, role: str, block: int = 0) -> np.ndarray[Any, Any]:
        """Return fresh uniform words, uint32[count, 2], as raw key data.

        Args:
            count: how many keys.
            role: what the keys are for, so that two uses in one property never meet.
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
            role: what the keys are for.
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
                broadcast_dims=() if self.subject.traits.shares_rest else self.case.broadcast_dims,
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

    def each(self, ask: Callable[[Any], Any], keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the answer to each key, stacked along axis 0: by vmap, or one by one."""
        if self.subject.traits.batching == "loop":
            return np.stack([np.asarray(ask(key)) for key in keys])
        return np.asarray(jax.vmap(ask)(keys))

    def performed(self, operation: Operation, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the outputs of an operation, dtype[num_keys, num_outputs, *shape].

        It is compiled once a case.

        Args:
            operation: one of `dropout_props.subjects.operations`.
            keys: typed keys, one an application.
        """
        return self.each(_performing(self.subject, self.case, operation), keys)

    def kept(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return which units came through, bool[num_keys, *shape], independent along axis 0.

        Assumes:
            The input is nowhere zero, and DP201 (support) holds.
        """
        return came_through(self.subject, self.outputs(keys), self.case.inputs())

    def once(self, kept: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return bool[..., *mask_shape] of bool[..., *shape]: each shared unit once, the first."""
        if not self.case.broadcast_dims:
            return kept
        first: tuple[Any, ...] = (..., *(slice(0, n) for n in self.case.mask_shape))
        return np.asarray(kept[first])

    def masks_in(self, outputs: Any) -> np.ndarray[Any, Any]:
        """Return the masks that outputs show, bool[..., *mask_shape]."""
        return self.once(came_through(self.subject, outputs, self.case.inputs()))

    def masks(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the masks that were drawn, bool[num_keys, *mask_shape]."""
        return self.once(self.kept(keys))

    def block(self, block: int, *, role: str = "mask") -> np.ndarray[Any, Any]:
        """Return the masks of one whole block of fresh keys, bool[num_keys, *mask_shape]."""
        return self.masks(self.keys(self.num_keys, role=role, block=block))


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
    dims = () if subject.traits.shares_rest else case.broadcast_dims

    def one(key: Any, x: Any) -> Any:
        return subject.call(
            x, rate=case.rate, training=True, streams={stream: key}, broadcast_dims=dims
        )

    return jax.jit(jax.vmap(one, in_axes=(0, None)))
