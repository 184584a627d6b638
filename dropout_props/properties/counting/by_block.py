"""Counts each of many blocks by itself, on one device, in one program.

Guarantee: the integers are those of `Sampler.block`, block by block. Each operation is rounded to
its dtype, as it is on the host.
Cannot say: what `counters` cannot either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from dropout_props.properties.counting.counters import masks_on_device
from dropout_props.subjects.keys import key_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dropout_props.properties.counting.kinds import Kind
    from dropout_props.properties.sampler import Sampler

__all__ = ["BlockCounter", "blocks_at_once"]

_BLOCKS = 16  # a launch costs nothing beside them, and drawing some in vain costs little
_MOST_INTEGERS = 2**22  # in the counts of one program
_OPTIONS: dict[str, str | bool] = {"xla_allow_excess_precision": False}


def blocks_at_once(size: int) -> int:
    """Return how many blocks one program counts, at most, given how many integers each has."""
    return max(1, min(_BLOCKS, _MOST_INTEGERS // size))


class BlockCounter:
    """Counts each block by itself under `jax.jit`; only counts leave the device.

    Args:
        sampler: derives the keys and calls the layer.
        kind: what is counted in each mask.
        num_blocks: how many blocks each call counts.
    """

    def __init__(self, sampler: Sampler, kind: Kind, *, num_blocks: int) -> None:
        self._sampler = sampler
        drawn = masks_on_device(sampler)

        def counted(blocks: Any) -> Any:
            def one(_: None, words: Any) -> Any:
                return None, kind.of_device(drawn(words))

            return jax.lax.scan(one, None, blocks)[1]

        words = self._words(range(num_blocks))
        self._program = jax.jit(counted).lower(words).compile(compiler_options=_OPTIONS)

    def __call__(self, blocks: Sequence[int]) -> NDArray[np.int64]:
        """Return the counts of these blocks, int64[num_blocks, *kind.shape]."""
        return np.asarray(self._program(self._words(blocks))).astype(np.int64)

    def _words(self, blocks: Sequence[int]) -> Any:
        sampler = self._sampler
        words = [sampler.words(sampler.num_keys, role="mask", block=block) for block in blocks]
        return jax.device_put(key_data(np.stack(words)))
