"""What the user declares about sites, by pattern: rates, batch axes, exceptions with a reason.

A pattern is one of `fnmatch`, matched against the path of a site, with and without its root:
`layer_0/*` and `Model/layer_0/*` name the same sites. Outside of modules the path is the name of
the function.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TypeAlias

from dropout_props.recording import Place

__all__ = ["Axes", "Options", "Rate", "matches", "unmatched"]

Rate: TypeAlias = float | Callable[[int], float]
Axes: TypeAlias = tuple[int, ...]


def unmatched(options: Options, property_id: str, places: Collection[Place]) -> list[str]:
    """Write which patterns name no place, of the declarations that no property asks to come true.

    Args:
        options: what was declared.
        property_id: the property that the declarations are about.
        places: of every site and every call.

    Returns:
        A sentence for each; none for the pattern `*`.
    """
    declared: dict[str, list[str]] = {
        "ignore": [p for p, (ids, _) in options.ignore.items() if property_id in ids],
        "batch_axis": list(options.batch_axis) if property_id == "DP908" else [],
        "expect_inactive": list(options.expect_inactive) if property_id == "DP901" else [],
    }
    return [
        f"{name} names {pattern!r}, and no dropout has such a path"
        for name, patterns in declared.items()
        for pattern in patterns
        if pattern != "*" and not any(matches(pattern, place) for place in places)
    ]


def matches(pattern: str, place: Place) -> bool:
    """Say whether a pattern names a place."""
    names = {place.name, "/".join(place.path[1:]) or place.name}
    if place.path:
        names.add(place.function)
    return any(fnmatchcase(name, pattern) for name in names)


@dataclass(frozen=True)
class Options:
    """Declarations by pattern of site; they are checked where they are made.

    Args:
        training: whether what was recorded was meant to drop units.
        rates: the rate of the sites, or a function from the number of a step, from 0, to it.
        batch_axis: the axis of the examples; the pattern `*` is for all others.
        ignore: properties that sites are not judged against, with the reason.
        expect_shared: axes along which a mask is one, and the reason for which keys may be shared.
        expect_inactive: the reason for which sites draw nothing.
        run_seed: enters the keys with which a layer is called alone.
    """

    training: bool = True
    rates: Mapping[str, Rate] = field(default_factory=dict)
    batch_axis: Mapping[str, int] = field(default_factory=dict)
    ignore: Mapping[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)
    expect_shared: Mapping[str, tuple[Axes, str]] = field(default_factory=dict)
    expect_inactive: Mapping[str, str] = field(default_factory=dict)
    run_seed: int = 0

    def batch_axis_of(self, place: Place) -> int:
        """Return the axis of the examples at a place."""
        found = [axis for pattern, axis in self.batch_axis.items() if matches(pattern, place)]
        return found[-1] if found else 0

    def ignores(self, property_id: str, place: Place) -> bool:
        """Say whether a place is not judged against a property."""
        return any(
            property_id in properties and matches(pattern, place)
            for pattern, (properties, _) in self.ignore.items()
        )

    def shared_axes_of(self, place: Place) -> Axes:
        """Return the axes along which a mask is declared to be shared."""
        return tuple(
            axis
            for pattern, (axes, _) in self.expect_shared.items()
            if matches(pattern, place)
            for axis in axes
        )

    def shares_keys(self, place: Place) -> bool:
        """Say whether a place is declared to share whole masks: by a reason without axes."""
        return any(
            not axes and matches(pattern, place)
            for pattern, (axes, _) in self.expect_shared.items()
        )

    def inactive(self, place: Place) -> bool:
        """Say whether a place is declared to draw nothing."""
        return any(matches(pattern, place) for pattern in self.expect_inactive)
