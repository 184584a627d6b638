"""See the masks that a program draws, by hand: a patched jax.random.bernoulli and a callback.

This is evidence about the programs that a recorder is tested with, and so it shares no code with
the recorder. It sees less: a draw that a compiler hoists out of a loop is seen once, a dead draw
not at all, and the sites are not told apart. Counting *different* masks is all that it is for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest


@dataclass
class Spy:
    """The masks drawn so far.

    Attributes:
        rates: 1 - p of each call, in the order in which the calls were traced.
        draws: the key words and the mask of each call that was run.
    """

    rates: list[float] = field(default_factory=list)
    draws: list[tuple[tuple[int, ...], np.ndarray[Any, Any]]] = field(default_factory=list)

    @property
    def masks(self) -> int:
        """Count the different masks."""
        return len({(mask.shape, mask.tobytes()) for _, mask in self.draws})

    @property
    def keys(self) -> set[tuple[int, ...]]:
        """Return the different keys."""
        return {key for key, _ in self.draws}

    @property
    def shapes(self) -> set[tuple[int, ...]]:
        """Return the different shapes of masks."""
        return {mask.shape for _, mask in self.draws}

    def note(self, key: Any, mask: Any) -> Any:
        """Note one executed draw, and give the mask back."""
        words = tuple(int(word) for word in np.asarray(key))
        self.draws.append((words, np.array(mask)))
        return np.asarray(mask)


def words_of(key: Any) -> tuple[int, ...]:
    """Return the words of one key, typed or raw."""
    data = jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key
    return tuple(int(word) for word in np.asarray(data))


@contextmanager
def spying() -> Iterator[Spy]:
    """Watch jax.random.bernoulli until the block ends."""
    spy = Spy()
    original = jax.random.bernoulli
    one_by_one: Any = (
        {"vectorized": False}
        if jax.__version_info__ < (0, 4, 34)
        else {"vmap_method": "sequential"}
    )

    def bernoulli(key: Any, p: Any = 0.5, shape: Any = None, **options: Any) -> Any:
        mask = original(key, p, shape, **options)
        spy.rates.append(round(float(1 - p), 6))
        typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
        data = jax.random.key_data(key) if typed else key
        result = jax.ShapeDtypeStruct(mask.shape, mask.dtype)
        return jax.pure_callback(spy.note, result, data, mask, **one_by_one)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jax.random, "bernoulli", bernoulli)
        yield spy
        jax.effects_barrier()
