"""The bridges of Flax between Linen and NNX, around the Dropout layer of the other API."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import flax
import flax.linen as nn
from flax import nnx

from dropout_props.subjects.errors import UnknownSubject
from dropout_props.subjects.subject import Subject


def to_linen() -> Subject:
    """Return `flax.nnx.bridge.ToLinen(nnx.Dropout)`, a Linen module, as a subject."""
    return Subject.linen(
        partial(_to_linen, _bridge("ToLinen")),
        name="nnx.bridge.ToLinen",
        mode_parameter="deterministic",
        mode_place="call",
        # nnx.Dropout raises its own error; which one depends on the release.
        missing_key_errors=("InvalidRngError", "ValueError", "KeyError", "AttributeError"),
        missing_key_names_stream=False,
    )


def to_nnx() -> Subject:
    """Return `flax.nnx.bridge.ToNNX(linen.Dropout(...))`, an NNX module, as a subject."""
    return Subject.nnx(
        partial(_to_nnx, _bridge("ToNNX")),
        name="nnx.bridge.ToNNX",
        mode_parameter="deterministic",
        mode_place="call",
        key_parameter=None,  # a key is taken for that of the parameters
        missing_key_errors=("InvalidRngError",),
    )


def _to_linen(
    bridge: Callable[..., Any],
    rate: float,
    broadcast_dims: tuple[int, ...] = (),
    rng_collection: str = "dropout",
) -> nn.Module:
    more = {"broadcast_dims": broadcast_dims, "rng_collection": rng_collection}
    return cast("nn.Module", bridge(nnx.Dropout, args=(rate,), kwargs=more))


def _to_nnx(
    bridge: Callable[..., Any],
    rate: float,
    rngs: Any,
    broadcast_dims: tuple[int, ...] = (),
    rng_collection: str = "dropout",
) -> nnx.Module:
    layer = nn.Dropout(rate, broadcast_dims=broadcast_dims, rng_collection=rng_collection)
    return cast("nnx.Module", bridge(layer, rngs=rngs))


def _bridge(name: str) -> Any:
    found = getattr(getattr(nnx, "bridge", None), name, None)
    if found is None:
        raise UnknownSubject(
            f"nnx.bridge.{name} is not in Flax {flax.__version__}. Install a later release of Flax."
        )
    return found
