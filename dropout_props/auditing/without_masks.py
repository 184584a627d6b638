"""The places of a record that drew no mask that was seen: what each is, and why it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropout_props.properties.recorded.missed import missed_at
from dropout_props.properties.recorded.seen import declared, is_dropout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.properties.recorded.seen import Seen
    from dropout_props.recording import Place

__all__ = ["WithoutMasks", "without_masks"]


@dataclass(frozen=True)
class WithoutMasks:
    """A dropout that was called, or a site that was traced.

    Attributes:
        place: where it is.
        rate: the rate that it declares; None where it declares none.
        why: `rate 0`, `not seen`, `not executed` or `draws nothing`.
    """

    place: Place
    rate: float | None
    why: str


def without_masks(seen: Seen) -> Iterator[WithoutMasks]:
    """Yield each place once: dropouts that were called, then sites outside of them."""
    names = {draws[0].site.place.name for draws in seen.of_site.values()}
    for call in seen.calls:
        name = call.place.name
        if name in names or any(other.startswith(f"{name}/") for other in names):
            continue
        names.add(name)
        why = "rate 0" if call.declared_rate == 0 else _why(seen, name)
        if why == "draws nothing" and call.missed:
            why = "not seen"
        yield WithoutMasks(call.place, call.declared_rate, why)
    for site in seen.sites:
        if is_dropout(site) and site.place.name not in names:
            names.add(site.place.name)
            yield WithoutMasks(site.place, declared(site), _why(seen, site.place.name))


def _why(seen: Seen, name: str) -> str:
    """Say why a place that is not at rate 0 drew no mask that was seen."""

    def inside(place: Place) -> bool:
        return f"{place.name}/".startswith(f"{name}/")

    traced = any(is_dropout(site) and inside(site.place) for site in seen.sites)
    if traced and missed_at(seen, inside):
        return "not seen"
    return "not executed" if traced else "draws nothing"
