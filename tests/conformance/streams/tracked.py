"""The objects that the machine tracks, their snapshots, and the known deviations of this Flax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dropout_props.engine.deviations import SHIPPED_LIST
from dropout_props.environment.versions import version_of
from tests.conformance.streams.ledger import Stream
from tests.conformance.streams.moves import NAMES

__all__ = ["KNOWN", "Snapshot", "Tracked"]

KNOWN = frozenset(
    property_id
    for property_id in ("DP412", "DP413", "DP414")
    for entry in SHIPPED_LIST
    if entry.concerns("nnx.Dropout", "nnx", property_id, {"flax": version_of("flax")})
)
"""Properties with a known deviation in the installed Flax: going back to a snapshot, reseeding an
object on the stream 'default', passing a stream on. The machine leaves their moves out."""


@dataclass
class Tracked:
    """An object of Flax, and the model of the streams that it draws from."""

    thing: Any
    streams: dict[str, Stream]
    named: bool  # False if one stream 'default' serves every name
    training: bool = True

    @property
    def is_model(self) -> bool:
        """Whether the object is a model; otherwise it is a set of streams."""
        return NAMES[0] in self.streams

    def stream(self, name: str) -> Stream:
        """Return the stream of a name, or the default stream."""
        return self.streams.get(name) or self.streams["default"]


@dataclass(frozen=True)
class Snapshot:
    """A saved state of an object."""

    tracked: Tracked
    parts: Any
    streams: dict[str, Stream]
    training: bool
