"""The parts of a subject, as the builder of each framework returns them."""

from __future__ import annotations

from typing import NamedTuple

from dropout_props.subjects.protocol import Adapter
from dropout_props.subjects.traits import Traits


class Parts(NamedTuple):
    """Everything that `Subject` holds.

    Attributes:
        name: the name that reports print.
        traits: what the layer is built to do.
        adapter: runs the layer.
        source: where the layer comes from, as `module:attr`; empty when it has no such place.
    """

    name: str
    traits: Traits
    adapter: Adapter
    source: str
