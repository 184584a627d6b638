"""What the machine holds: objects, what was kept of them, and what is known of this Flax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dropout_props.engine.deviations import SHIPPED_LIST
from dropout_props.environment.versions import version_of
from tests.suite.streams.ledger import Stream
from tests.suite.streams.moves import NAMES

__all__ = ["LISTED", "Held", "Kept"]

LISTED = frozenset(
    property_id
    for property_id in ("DP412", "DP413", "DP414")
    for entry in SHIPPED_LIST
    if entry.concerns("nnx.Dropout", "nnx", property_id, {"flax": version_of("flax")})
)
"""Properties whose moves the installed Flax is known to get wrong: going back to a snapshot, reseeding
what was built on 'default', passing a stream on."""


@dataclass
class Held:
    """One object that lives, and the streams that the model says it draws from."""

    thing: Any
    streams: dict[str, Stream]
    named: bool  # whether the streams have names, or one 'default' serves them all
    training: bool = True

    @property
    def is_model(self) -> bool:
        """Whether it is a model; else it is a set of streams."""
        return NAMES[0] in self.streams

    def stream(self, name: str) -> Stream:
        """Return the stream of a name, or the one that stands in for it."""
        return self.streams.get(name) or self.streams["default"]


@dataclass(frozen=True)
class Kept:
    """What was kept of an object, to go back to."""

    held: Held
    parts: Any
    streams: dict[str, Stream]
    training: bool
