"""The bridges of Flax between Linen and NNX, around the Dropout layer of the other API."""

from __future__ import annotations

from typing import Any, cast

import flax
import flax.linen as nn
from flax import nnx

from dropout_props.subjects.errors import UnknownSubject
from dropout_props.subjects.subject import Subject


def to_linen() -> Subject:
    """Return `flax.nnx.bridge.ToLinen(nnx.Dropout)`, a Linen module, as a subject."""
    _require("ToLinen")
    return Subject.linen(
        dropout_to_linen,
        name="nnx.bridge.ToLinen",
        mode_parameter="deterministic",
        mode_place="call",
        # nnx.Dropout raises its own error; which one depends on the release.
        missing_key_errors=("InvalidRngError", "ValueError", "KeyError", "AttributeError"),
        missing_key_names_stream=False,
    )


def to_nnx() -> Subject:
    """Return `flax.nnx.bridge.ToNNX(linen.Dropout(...))`, an NNX module, as a subject."""
    _require("ToNNX")
    return Subject.nnx(
        dropout_to_nnx,
        name="nnx.bridge.ToNNX",
        mode_parameter="deterministic",
        mode_place="call",
        key_parameter=None,  # a key is taken for that of the parameters
        missing_key_errors=("InvalidRngError",),
    )


def dropout_to_linen(
    rate: float,
    broadcast_dims: tuple[int, ...] = (),
    rng_collection: str = "dropout",
) -> nn.Module:
    """Return `nnx.Dropout` as a Linen module."""
    more: dict[str, Any] = {"broadcast_dims": broadcast_dims, "rng_collection": rng_collection}
    return cast("nn.Module", nnx.bridge.ToLinen(nnx.Dropout, args=(rate,), kwargs=more))


def dropout_to_nnx(
    rate: float,
    rngs: Any,
    broadcast_dims: tuple[int, ...] = (),
    rng_collection: str = "dropout",
) -> nnx.Module:
    """Return `linen.Dropout` as an NNX module."""
    layer = nn.Dropout(rate, broadcast_dims=broadcast_dims, rng_collection=rng_collection)
    return cast("nnx.Module", nnx.bridge.ToNNX(layer, rngs=rngs))


def _require(name: str) -> None:
    if not hasattr(getattr(nnx, "bridge", None), name):
        raise UnknownSubject(
            f"nnx.bridge.{name} is not in Flax {flax.__version__}. Install a later release of Flax."
        )
