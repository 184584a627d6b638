"""Steps at the end of a record in which no mask was drawn, and why.

A step in which a program ran that was compiled before the record is none of them. Nor is a site one
that stopped if its draws may be missed, if it may not have run, or if its rate has become 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.properties.recorded.missed import ran_unseen

if TYPE_CHECKING:
    from dropout_props.properties.recorded.seen import Seen
    from dropout_props.recording import Site

__all__ = ["silent_tail", "stopped", "switched_off"]

ENOUGH = 2
"""One empty step at the end may be a mark too many."""


def silent_tail(seen: Seen) -> list[int]:
    """List the marked steps after the last one in which a mask was drawn; empty if they are few."""
    if not seen.marked or not seen.drawn_steps:
        return []
    last = seen.drawn_steps[-1]
    silent = [step for step in seen.all_steps if step > last and not ran_unseen(seen, step)]
    return silent if len(silent) >= ENOUGH else []


def stopped(seen: Seen) -> list[Site]:
    """List the sites that drew, and that should have drawn in the silent steps as well."""
    if not silent_tail(seen):
        return []
    return [
        site
        for draws in seen.of_site.values()
        for site in [draws[0].site]
        if site.id not in seen.conditional and not _missed(seen, site) and not _zero(seen, site)
    ]


def _missed(seen: Seen, site: Site) -> bool:
    """Say whether draws at the place of a site do not report; `silent_tail` heeds programs."""
    return any(note.kind == "draw" and note.place == site.place for note in seen.notes)


def _zero(seen: Seen, site: Site) -> bool:
    """Say whether the layer of a site was called at rate 0, too."""
    path = site.place.path
    return bool(path) and any(c.declared_rate == 0 and c.place.path == path for c in seen.calls)


def switched_off(seen: Seen) -> bool:
    """Say whether some layer that drew was traced again and drew nothing: its mode changed."""
    return any(0 < call.drew < call.traced for call in seen.calls)
