"""Steps at the end of a record in which no mask was drawn, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropout_props.properties.recorded.seen import Seen

__all__ = ["silent_tail", "switched_off"]

ENOUGH = 2
"""One empty step at the end may be a mark too many."""


def silent_tail(seen: Seen) -> list[int]:
    """List the marked steps after the last one in which a mask was drawn; empty if they are few."""
    if not seen.marked or not seen.drawn_steps:
        return []
    silent = [step for step in seen.all_steps if step > seen.drawn_steps[-1]]
    return silent if len(silent) >= ENOUGH else []


def switched_off(seen: Seen) -> bool:
    """Say whether some layer that drew was traced again and drew nothing: its mode changed."""
    return any(0 < call.drew < call.traced for call in seen.calls)
