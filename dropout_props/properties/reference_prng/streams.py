"""The keys that Linen and NNX derive for a layer from the key of its stream, release by release.

Linen (all supported releases): fold_in(key, first four bytes of the SHA-1 of the path's names and
of the number of the call, from 1). NNX: the stream of a Dropout issues fold_in(key, number), from
0; from Flax 0.11 on each layer forks the stream when it is built, so the key is first folded with
the number of the fork.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dropout_props.properties.reference_prng.threefry import fold_in

if TYPE_CHECKING:
    from dropout_props.properties.reference_prng.threefry import Words

__all__ = ["linen_key", "nnx_key"]

_BITS = 8


def linen_key(key: Words, path: Sequence[str], call: int) -> Words:
    """Return the key of one call of a Linen layer.

    Args:
        key: uint32[2], of the stream.
        path: names from the root to the layer; empty for a layer that is the root.
        call: 1 for its first call.
    """
    digest = hashlib.sha1(usedforsecurity=False)
    for name in path:
        digest.update(name.encode())
    digest.update(call.to_bytes((call.bit_length() + _BITS - 1) // _BITS, "big"))
    return fold_in(key, int.from_bytes(digest.digest()[:4], "big"))


def nnx_key(key: Words, *, layer: int, call: int, forks: bool) -> Words:
    """Return the key of one call of an NNX layer that shares its stream with other such layers.

    Args:
        key: uint32[2], of the stream.
        layer: how many layers were built on the stream before this one.
        call: 0 for its first call.
        forks: whether a layer forks the stream when it is built (Flax 0.11 and later); else
            layers are assumed to be called once each, in the order in which they were built.
    """
    return fold_in(fold_in(key, layer), call) if forks else fold_in(key, layer + call)
