"""Counts each position of a mask, or each pair, in many blocks at once, on all devices.

Guarantee: the integers are those of `Sampler.block`, block by block, on any number of devices: the
keys are the same, and a whole block is drawn by one device. The second matters for `rbg`, where the
masks of a batch depend on the batch. No float is counted: kept units are added as int32, at most
2**31 - 1 in one program with its sum over the devices, and as int64 on the host beyond that.
Cannot say: which units of a layer are kept whose dropped units are not 0, or whose outputs are
noise. Those, and layers that `jax.vmap` cannot batch, are counted on the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.properties.counting.kinds import kind_of
from dropout_props.subjects.keys import key_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dropout_props.properties.counting.kinds import Kind
    from dropout_props.properties.sampler import Sampler

__all__ = [
    "BLOCKS",
    "Counter",
    "DeviceCounter",
    "HostCounter",
    "blocks_of_device",
    "counts_on_device",
    "masks_on_device",
]

Counter: TypeAlias = Callable[[Sequence[int]], "NDArray[np.int64]"]
"""Returns the counts of all of some blocks, int64 of the shape of their `Kind`."""

BLOCKS = 64
"""Blocks of one device in one program, at most: enough that a launch costs nothing."""

_AXIS = "devices"
_MOST = 2**31 - 1  # what int32 counts


def counts_on_device(sampler: Sampler) -> bool:
    """Return whether a device can tell the kept units of this subject: those that are not 0."""
    traits = sampler.subject.traits
    law = traits.output_law
    return law.is_plain and law.has_two_values and traits.batching == "vmap"


def blocks_of_device(num_blocks: int, num_keys: int, devices: int) -> int:
    """Return how many blocks a device counts in one program.

    Args:
        num_blocks: blocks that are counted together.
        num_keys: masks in a block, and so the most that a position is kept in one.
        devices: number of devices.

    Raises:
        ValueError: one block on each device is more than int32 counts.
    """
    most = _MOST // (num_keys * devices)
    if most == 0:
        raise ValueError(
            f"{devices} devices with a block of {num_keys} masks each: their sum is more than "
            f"int32 counts, {_MOST}. Use a larger shape, whose blocks have fewer masks."
        )
    return max(1, min(BLOCKS, most, -(-num_blocks // devices)))


class HostCounter:
    """Counts block by block with NumPy, as a check does.

    Args:
        sampler: draws the masks.
    """

    where = "host"

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._kind = kind_of(sampler.property_id, sampler.mask_shape)

    def __call__(self, blocks: Sequence[int]) -> NDArray[np.int64]:
        """Return the counts of these blocks."""
        total = np.zeros(self._kind.shape, np.int64)
        for block in blocks:
            total += self._kind.of_host(self._sampler.block(block))
        return total


class DeviceCounter:
    """Counts under `jax.jit`; each device draws whole blocks, and only counts leave it.

    Args:
        sampler: derives the keys and calls the layer.
        num_blocks: how many blocks are usually counted together; it sets the size of the program.
        devices: the devices; by default all, of every process, as far as there is a block for each.
    """

    where = "device"

    def __init__(
        self, sampler: Sampler, *, num_blocks: int, devices: Sequence[Any] | None = None
    ) -> None:
        if devices is None:
            # Without others to wait for, one more would draw a block that nobody counts.
            devices = jax.devices()[: num_blocks if jax.process_count() == 1 else None]
        found = list(devices)
        self._sampler = sampler
        self._kind = kind_of(sampler.property_id, sampler.mask_shape)
        self._each = blocks_of_device(num_blocks, sampler.num_keys, len(found))
        self._at_once = self._each * len(found)
        mesh = jax.sharding.Mesh(np.asarray(found), (_AXIS,))
        self._spread = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(_AXIS))
        self._program = jax.jit(_sharded(_of_shard(sampler, self._kind), mesh))

    def __call__(self, blocks: Sequence[int]) -> NDArray[np.int64]:
        """Return the counts of these blocks."""
        total = np.zeros(self._kind.shape, np.int64)
        running = None
        for words, used in self._pieces(blocks):
            # One program runs while the keys of the next are derived here.
            started = self._program(self._placed(words), self._placed(used))
            total += _read(running)
            running = started
        return total + _read(running)

    def _pieces(self, blocks: Sequence[int]) -> Iterator[tuple[Any, Any]]:
        """Return key data, uint32[blocks, keys, width], and 1 for each block, 0 for a filling."""
        count = self._sampler.num_keys
        for at in range(0, len(blocks), self._at_once):
            piece = blocks[at : at + self._at_once]
            words = [self._sampler.words(count, role="mask", block=block) for block in piece]
            words += [words[0]] * (self._at_once - len(piece))
            used = np.arange(self._at_once) < len(piece)
            yield key_data(np.stack(words)), used.astype(np.int32)

    def _placed(self, array: NDArray[Any]) -> Any:
        """Spread an array over the devices; other processes hold the other parts of it."""
        return jax.make_array_from_callback(array.shape, self._spread, lambda at: array[at])


def masks_on_device(sampler: Sampler) -> Callable[[Any], Any]:
    """Return the function of the key data of a block that gives its masks, under `jax.jit`.

    Assumes:
        `counts_on_device` holds.
    """
    one = sampler.output_of()
    first = tuple(
        slice(0, n) for n in sampler.mask_shape
    )  # of units that share a mask, only one is drawn

    def drawn(words: Any) -> Any:
        outputs = jax.vmap(one)(jax.random.wrap_key_data(words))
        return (outputs != 0)[(slice(None), *first)]

    return drawn


def _of_shard(sampler: Sampler, kind: Kind) -> Callable[[Any, Any], Any]:
    """Return the function that counts the blocks of one device and adds those of the others."""
    drawn = masks_on_device(sampler)

    def counted(words: Any, used: Any) -> Any:
        def add(total: Any, block: Any) -> Any:
            return total + block[1] * kind.of_device(drawn(block[0])), None

        total, _ = jax.lax.scan(add, jnp.zeros(kind.shape, jnp.int32), (words, used))
        return jax.lax.psum(total, _AXIS)

    return counted


def _sharded(function: Callable[..., Any], mesh: Any) -> Callable[..., Any]:
    """Return `jax.shard_map` of the function: blocks are cut along axis 0, the sum is everywhere.

    Layers with state need its check of replication off.
    """
    spread, everywhere = jax.sharding.PartitionSpec(_AXIS), jax.sharding.PartitionSpec()
    specs: dict[str, Any] = {"in_specs": (spread, spread), "out_specs": everywhere}
    if hasattr(jax, "shard_map"):
        mapped: Callable[..., Any] = jax.shard_map(function, mesh=mesh, check_vma=False, **specs)
        return mapped
    from jax.experimental.shard_map import shard_map

    old: Callable[..., Any] = shard_map(function, mesh=mesh, check_rep=False, **specs)
    return old


def _read(counts: Any) -> Any:
    """Return counts as int64; 0 for none."""
    return 0 if counts is None else np.asarray(counts).astype(np.int64)
