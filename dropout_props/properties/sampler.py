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
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.statistics import Interval
from dropout_props.subjects.compiled.adapter import runs_in_one_program
from dropout_props.subjects.compiled.one_program import Repeated, one_program
from dropout_props.subjects.keys import key_of

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.subjects.operations import Operation
    from dropout_props.subjects.subject import Subject

__all__ = [
    "BLOCK_UNITS",
    "KEYS",
    "LOOPED_UNITS",
    "Sampler",
    "came_through",
    "folded",
    "in_pieces",
]

BLOCK_UNITS = 2**18
"""Units in one block: large enough that dispatch costs little, small enough to stop early."""

KEYS = "1"
"""Names how `Sampler.words` derives keys. Counts of campaigns add up under one value alone."""

_PIECE = 1024  # keys that are derived at once
_of_pieces = Repeated()

_ROUNDINGS = 8  # of one output, each of half a unit in the last place
_KEPT = 2**22  # units of an input that a sampler keeps on the device

LOOPED_UNITS = 2**13
"""Units in one block of a subject that vmap cannot batch, and that is called once a key."""


def came_through(
    subject: Subject, outputs: Any, x: Any, *, keep: float = 0.5
) -> np.ndarray[Any, Any]:
    """Return which units of training outputs are kept: see `OutputLaw.kept_units`.

    Args:
        subject: the subject that gave the outputs.
        outputs: one training output, or several along leading axes.
        x: the input of all of them.
        keep: the keep probability, where the layer says what a kept unit is.
    """
    law = subject.traits.output_law
    return law.kept_units(outputs, lambda: subject.reference(jax.device_put(x)), keep=keep)


@dataclass(frozen=True)
class Sampler:
    """Draws the masks of one case for one property.

    Args:
        subject: the layer or model that draws them.
        case: its input, rate and shape.
        property_id: id of the property; no two properties see the same bits.
        run_seed: integer that the whole run shares.

    Attributes:
        drawn: the number of units of each array of masks that was drawn so far.
        repeated: runs the functions of this case, which its blocks call again and again.
    """

    subject: Subject
    case: Case
    property_id: str
    run_seed: int = 0
    drawn: list[int] = field(default_factory=list, init=False, repr=False, compare=False)
    repeated: Repeated = field(default_factory=Repeated, init=False, repr=False, compare=False)

    @property
    def size(self) -> int:
        """Number of units in one training output: of the case, or of the model's own output."""
        if self.subject.traits.reference == "input":
            return self.case.size
        return int(np.size(self.subject.reference(self.inputs())))

    def inputs(self) -> jax.Array:
        """Return the input of the case, as an array on the device; it compiles nothing."""
        return self._inputs if self.case.size <= _KEPT else jax.device_put(self.case.inputs())

    @cached_property
    def _inputs(self) -> jax.Array:
        return jax.device_put(self.case.inputs())

    @property
    def mask_shape(self) -> tuple[int, ...]:
        """Shape of a mask that was drawn: of the case, or of the model's own output."""
        if self.subject.traits.reference == "input":
            return self.case.mask_shape
        return tuple(np.shape(self.subject.reference(self.inputs())))

    @property
    def keep(self) -> Interval:
        """The keep probabilities that correct arithmetic may give (noise: of lying above)."""
        return self.subject.traits.output_law.null(self.case.rate)

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
        return self.wrapped(self.words(count, role=role, block=block))

    def wrapped(self, words: np.ndarray[Any, Any]) -> jax.Array:
        """Return typed keys of the default implementation, key[...], from uint32[..., 2]."""
        return key_of(words)

    def batches(self, keys: jax.Array) -> list[jax.Array]:
        """Return the keys in batches of `num_keys`, so that no other size is compiled.

        The last batch is filled with its first key: cut what is drawn to `len(keys)`.
        """
        if self.subject.traits.batching == "loop" or len(keys) == self.num_keys:
            return [keys]
        words = np.asarray(jax.random.key_data(keys))
        implementation = jax.random.key_impl(keys)
        parts = [words[at : at + self.num_keys] for at in range(0, len(words), self.num_keys)]
        fill = np.repeat(parts[-1][:1], self.num_keys - len(parts[-1]), axis=0)
        parts[-1] = np.concatenate([parts[-1], fill])
        return [
            jax.random.wrap_key_data(jax.device_put(part), impl=implementation) for part in parts
        ]

    def key_list(self, count: int, *, role: str) -> list[jax.Array]:
        """Return the keys that `keys` returns one by one, without a program that takes it apart."""
        return [self.wrapped(words) for words in self.words(count, role=role)]

    def key(self, role: str = "mask") -> jax.Array:
        """Return one fresh typed key."""
        return self.key_list(1, role=role)[0]

    def streams(self, key: Any) -> dict[str, Any]:
        """Return `key` as the mapping of streams that the subject's operations take."""
        return {self.subject.traits.stream or "dropout": key}

    def output(self, key: Any, x: Any, **changes: Any) -> Any:
        """Return one training output as the subject gives it, so that a transform may trace it.

        Args:
            key: the key of the layer's own stream.
            x: the input.
            changes: other arguments of the call: `rate`, `training`, all `streams`,
                `broadcast_dims`, `expect_errors`.
        """
        given = {"rate": self.case.rate, "training": True, **changes}
        given.setdefault("streams", self.streams(key))
        return self.subject.call(x, **given)

    def train(self, x: Any = None, *, key: Any = None, **changes: Any) -> np.ndarray[Any, Any]:
        """Return `output` as an array of NumPy.

        Args:
            x: the input; by default that of the case.
            key: the key of the layer's own stream; by default the first of `keys`.
            changes: as of `output`.
        """
        key, x = self.key() if key is None else key, self.inputs() if x is None else x
        return np.asarray(self.output(key, x, **changes))

    def run(self, operation: Operation, *, key: Any = None, **changes: Any) -> tuple[Any, ...]:
        """Return the outputs of an operation on the input of the case.

        Args:
            operation: one of `dropout_props.subjects.operations`.
            key: the key of the layer's own stream; by default the first of `keys`.
            changes: other arguments of `Subject.run`: `rate`, all `streams`, `expect_errors`.
        """
        given = {"rate": self.case.rate, **changes}
        given.setdefault("streams", self.streams(self.key() if key is None else key))
        return self.subject.run(operation, self.inputs(), **given)

    def outputs(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the training outputs, dtype[num_keys, *shape], one application a key."""
        return self.each(self.output_of(), keys)

    def single_outputs(self, count: int) -> np.ndarray[Any, Any]:
        """Return the outputs of the first keys of `outputs`, by calls of one key each."""
        output = self.output_of()
        return np.stack([np.asarray(output(key)) for key in self.key_list(count, role="mask")])

    def output_of(self) -> Callable[[Any], Any]:
        """Return the function of one typed key that gives its training output."""
        x = self.inputs()

        def one(key: Any) -> Any:
            return self.output(key, x, broadcast_dims=_asked(self.subject, self.case))

        return one

    def each(self, function: Callable[[Any], Any], keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the function of each key, stacked along axis 0: by vmap, or key by key."""
        if self.subject.traits.batching == "loop":
            return np.stack([np.asarray(function(key)) for key in keys])
        if runs_in_one_program(self.subject):
            if self.case.size > _KEPT:  # `repeated` would keep each input, and a copy of its bytes
                return np.asarray(one_program(partial(_in_batch, function, keys), split=True))
            return np.asarray(self.repeated(partial(_in_batch, function), keys))
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
        return came_through(
            self.subject, self.outputs(keys), self.case.inputs(), keep=self.case.keep
        )

    def noise(self, keys: jax.Array) -> tuple[np.ndarray[Any, Any], float]:
        """Return the sizes of the noise of training outputs, and how far rounding may move them.

        Assumes:
            The traits have a spread. Where it is 0, as at an input of 0, a unit is left out.

        Returns:
            The distances from the reference in standard deviations, float64[number of units], and
            the largest change of one by the rounding of float32.
        """
        spread_of = self.subject.traits.spread
        assert spread_of is not None
        outputs = self.outputs(keys).astype(np.float64)
        reference = np.asarray(self.subject.reference(self.inputs()), np.float64)
        spread = np.broadcast_to(np.asarray(spread_of(reference, self.case.rate)), reference.shape)
        has_noise = spread > 0
        units = np.where(has_noise, spread, 1.0)
        sizes = self.once(np.abs(outputs - reference) / units)
        counted = np.broadcast_to(self.once(has_noise), sizes.shape)
        largest = np.max((np.abs(reference) + units) / units, initial=1.0)
        sizes = self._counted(sizes[counted])
        return sizes, _ROUNDINGS * float(largest) * float(np.finfo(np.float32).eps) / 2

    def once(self, kept: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return bool[..., *mask_shape] of bool[..., *shape]: the first of each shared unit."""
        if not self.case.broadcast_dims:
            return kept
        first: tuple[Any, ...] = (..., *(slice(0, n) for n in self.case.mask_shape))
        return np.asarray(kept[first])

    def masks_in(self, outputs: Any) -> np.ndarray[Any, Any]:
        """Return the masks that the outputs show, bool[..., *mask_shape]."""
        return self._counted(
            self.once(came_through(self.subject, outputs, self.case.inputs(), keep=self.case.keep))
        )

    def masks(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the masks that were drawn, bool[num_keys, *mask_shape]."""
        return self._counted(self.once(self.kept(keys)))

    def _counted(self, masks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        self.drawn.append(masks.size)
        return masks

    def many_masks(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return the masks of any number of keys as `masks` does, drawn in `batches`."""
        return self._counted(self.once(self.many_kept(keys)))

    def many_kept(self, keys: jax.Array) -> np.ndarray[Any, Any]:
        """Return which units of any number of keys are kept as `kept` does, drawn in `batches`."""
        return np.concatenate([self.kept(batch) for batch in self.batches(keys)])[: len(keys)]

    def block(self, block: int, *, role: str = "mask") -> np.ndarray[Any, Any]:
        """Return the masks of one whole block of fresh keys, bool[num_keys, *mask_shape]."""
        return self.masks(self.keys(self.num_keys, role=role, block=block))


def folded(words: Any, number: Any) -> Any:
    """Return the key of these words with a number folded in, for `in_pieces`."""
    return jax.random.fold_in(jax.random.wrap_key_data(words), number)


def in_pieces(function: Callable[..., Any], *arrays: Any) -> jax.Array:
    """Return the keys that a function makes of each element of arrays, flat.

    The arrays are cut into pieces of one size, so that one program serves every number of keys.
    """
    count = len(arrays[0])
    filled = [
        np.resize(np.asarray(one), (-(-count // _PIECE) * _PIECE, *np.shape(one)[1:]))
        for one in arrays
    ]
    found = []
    for at in range(0, len(filled[0]), _PIECE):
        piece = [jax.device_put(one[at : at + _PIECE]) for one in filled]
        found.append(np.asarray(_of_pieces(partial(_key_data_of, function), *piece)))
    data = np.concatenate(found)[:count]
    return jax.random.wrap_key_data(jax.device_put(data.reshape(-1, data.shape[-1])))


def _key_data_of(function: Callable[..., Any], *arrays: jax.Array) -> jax.Array:
    return jax.random.key_data(jax.vmap(function)(*arrays))


def _in_batch(function: Callable[[Any], Any], keys: jax.Array) -> Any:
    return jax.vmap(function)(keys)


def _asked(subject: Subject, case: Case) -> tuple[int, ...]:
    """Return the axes that a call asks the layer to share; none where it always shares its own."""
    traits = subject.traits
    return () if traits.shares_rest or traits.shared_axes else case.broadcast_dims


@lru_cache(maxsize=64)
def _performing(subject: Subject, case: Case, operation: Operation) -> Callable[[Any], Any]:
    x, fresh = jax.device_put(case.inputs()), subject.fresh()  # what was asked before is DP410's

    def answers(key: Any) -> Any:
        streams = {subject.traits.stream or "dropout": key}
        return jnp.stack(fresh.run(operation, x, rate=case.rate, streams=streams))

    return answers if subject.traits.batching == "loop" else jax.jit(answers)
