"""What a release of Flax was used with in its time: JAX, Python, and what they stand on.

Flax declares no upper bound on JAX, so a resolver picks pairs that import and then fail. The table
gives the JAX of each Flax's time; whoever names a JAX is not overruled.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

__all__ = [
    "BadSpec",
    "Release",
    "of_requirements",
    "parse",
    "row_at_or_below",
    "row_of",
    "suits",
    "supported",
]


class BadSpec(ValueError):
    """A side is not named by requirements."""


@dataclass(frozen=True)
class Release:
    """One row of the table.

    Args:
        flax: the release.
        python: a specifier of the Pythons that it runs on.
        jax: the JAX of its time.
        jaxlib: its jaxlib.
        at_most: newest release of that time, by distribution.
    """

    flax: str
    python: str
    jax: str
    jaxlib: str
    at_most: dict[str, str]

    @property
    def constraints(self) -> tuple[str, ...]:
        """The row as constraints for a resolver."""
        exact = (f"jax=={self.jax}", f"jaxlib=={self.jaxlib}")
        return (*exact, *(f"{name}<={version}" for name, version in self.at_most.items()))


def supported() -> tuple[str, ...]:
    """Return the releases of the table, oldest first."""
    return tuple(_table())


def _table() -> dict[str, Release]:
    text = resources.files("dropout_props.environment").joinpath("releases.json").read_text("utf-8")
    return {flax: Release(flax, **row) for flax, row in json.loads(text)["releases"].items()}


def row_of(flax: str) -> Release | None:
    """Return the row that a release goes with; None beyond either end of the table."""
    newest = max(map(Version, _table()))
    return row_at_or_below(flax) if Version(flax) <= newest else None


def row_at_or_below(flax: str) -> Release | None:
    """Return the newest row whose Flax is not newer than this one; None before the first row."""
    table = _table()
    wanted = Version(flax)
    below = [one for one in table if Version(one) <= wanted]
    return table[below[-1]] if below else None


def parse(text: str) -> tuple[Requirement, ...]:
    """Read requirements such as ``flax==0.12.12 jax==0.12.0.1``.

    Raises:
        BadSpec: one of them is none.
    """
    try:
        return tuple(Requirement(one) for one in text.replace(", ", " ").split())
    except InvalidRequirement as error:
        raise BadSpec(
            f"{text!r} names no requirement ({str(error).splitlines()[0]}): write it as in "
            "'flax==0.12.12', several with a space between."
        ) from error


def of_requirements(requirements: tuple[Requirement, ...]) -> Release | None:
    """Return the row for requirements that pin Flax and leave JAX open; None otherwise."""
    names = {one.name.lower() for one in requirements}
    if names & {"jax", "jaxlib"}:
        return None
    for one in requirements:
        if one.name.lower() == "flax":
            pinned = [s.version for s in one.specifier if s.operator == "=="]
            if len(pinned) == 1 and "*" not in pinned[0]:
                return row_of(pinned[0])
    return None


def suits(release: Release, python: str) -> bool:
    """Return whether a release runs on a version of Python, given as in ``3.12``."""
    return python in SpecifierSet(release.python)
