"""Masks as large as those of real models, which the properties of large masks look at.

Eight in a case, or one where a mask is very large: half of them of consecutive seeds, half of one
key folded with consecutive numbers, so that whatever repeats from mask to mask is there to be seen.
Both properties draw them in the same way, so that each shape is compiled once.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from hypothesis import strategies as st

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import NotRun
from dropout_props.properties.memory import free_bytes
from dropout_props.subjects.compiled.one_program import one_program

if TYPE_CHECKING:
    from dropout_props.cases.profiles import Profile
    from dropout_props.properties.sampler import Sampler
    from dropout_props.subjects.subject import Traits

__all__ = ["LARGE", "large_cases", "large_masks", "place"]

LARGE = tuple(
    Case(shape=shape, rate=0.5) for shape in ((8, 4096), (4, 16, 16, 64), (512, 1024), (4096, 1024))
)
"""Cases that both properties always try: rows, images, and two as large as activations are.

Of every model an axis of features, the last one, is as long as real ones are: it sizes its weights.
"""

_NIGHTLY = (Case(shape=(2**18, 2**10), rate=0.5), Case(shape=(2**23, 2**10), rate=0.5))
_MASKS = 8
_MANY = 2**16  # units of a mask, up to which there are eight
_BYTES_A_UNIT = 28  # random bits, uniforms, the mask, input, output, hashes of windows: 22 measured


def large_cases(
    profile: Profile,
    traits: Traits,  # noqa: ARG001 (the signature is the protocol)
) -> st.SearchStrategy[Case]:
    """Cases beside those that are always tried: of 2**28 and of 2**33 units, in nightly alone."""
    return st.sampled_from(_NIGHTLY if profile.wide_pools else LARGE)


def large_masks(sampler: Sampler) -> dict[str, np.ndarray[Any, Any]]:
    """Return masks of related keys, bool[*mask_shape] each, by what to call them.

    Raises:
        NotRun: the machine has too little memory for masks of this size.
    """
    needed = sampler.size * _BYTES_A_UNIT
    if (free := free_bytes()) is not None and free < needed:
        raise NotRun(
            f"{sampler.case.shape}: it needs {_gib(needed)} of memory, and {_gib(free)} are free"
        )
    count = _MASKS if sampler.size <= _MANY else 1
    seed = int(sampler.words(1, role="seed")[0, 0]) >> 1  # so that all seeds fit 32 bits
    number = int(sampler.words(1, role="number")[0, 0]) >> 1
    if count == 1:
        return {"the mask": sampler.masks(sampler.keys(1))[0]}
    seeds = np.arange(seed, seed + count // 2, dtype=np.uint32)
    numbers = np.arange(number, number + count - count // 2, dtype=np.uint32)
    parent = sampler.key("parent")
    seeded = one_program(lambda: jax.vmap(jax.random.key)(seeds))
    folded = one_program(lambda: jax.vmap(partial(jax.random.fold_in, parent))(numbers))
    data = np.concatenate([jax.random.key_data(keys) for keys in (seeded, folded)])
    masks = sampler.masks(jax.random.wrap_key_data(jax.device_put(data)))
    names = [f"the mask of seed {one}" for one in seeds]
    names += [f"the mask of one key folded with {one}" for one in numbers]
    return dict(zip(names, masks, strict=True))


def place(flat: int, shape: tuple[int, ...]) -> str:
    """Return the position of a unit, as indices into a mask of that shape."""
    at = [int(one) for one in np.unravel_index(flat, shape)]
    return str(at[0]) if len(at) == 1 else str(tuple(at))


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
