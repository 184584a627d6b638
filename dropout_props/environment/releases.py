"""The table of Flax releases: the JAX, the Python and the dependencies of the time of each.

Flax declares no upper bound on JAX, so a resolver picks pairs that import and then fail. The table
gives a JAX that was current when a Flax was released; a JAX that the user names takes precedence.
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
    """The text of a side is not a list of requirements."""


@dataclass(frozen=True)
class Release:
    """One row of the table.

    Args:
        flax: version of Flax.
        python: specifier of the versions of Python that it supports.
        jax: version of JAX at the time of that release.
        jaxlib: version of jaxlib for that JAX.
        at_most: newest version at that time, by distribution.
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
    """Return the Flax releases of the table, oldest first."""
    return tuple(_table())


def _table() -> dict[str, Release]:
    text = resources.files("dropout_props.environment").joinpath("releases.json").read_text("utf-8")
    return {flax: Release(flax, **row) for flax, row in json.loads(text)["releases"].items()}


def row_of(flax: str) -> Release | None:
    """Return the row for a Flax release; None beyond either end of the table."""
    newest = max(map(Version, _table()))
    return row_at_or_below(flax) if Version(flax) <= newest else None


def row_at_or_below(flax: str) -> Release | None:
    """Return the newest row whose Flax is not newer than this one; None before the first row."""
    table = _table()
    wanted = Version(flax)
    below = [one for one in table if Version(one) <= wanted]
    return table[below[-1]] if below else None


def parse(text: str) -> tuple[Requirement, ...]:
    """Parse requirements such as `flax==0.12.12 jax==0.12.0.1`.

    Raises:
        BadSpec: one of them is not a requirement.
    """
    try:
        return tuple(Requirement(one) for one in text.replace(", ", " ").split())
    except InvalidRequirement as error:
        raise BadSpec(
            f"{text!r} is not a list of requirements ({str(error).splitlines()[0]}): write it like "
            "'flax==0.12.12', with a space between requirements."
        ) from error


def of_requirements(requirements: tuple[Requirement, ...]) -> Release | None:
    """Return the row for requirements that pin Flax and choose no JAX; None otherwise.

    `jax[cuda12]` chooses none: it says what else comes with the JAX of that Flax's time.
    """
    chosen = (one for one in requirements if one.specifier or one.url or not one.extras)
    names = {one.name.lower() for one in chosen}
    if names & {"jax", "jaxlib"}:
        return None
    for one in requirements:
        if one.name.lower() == "flax":
            pinned = [s.version for s in one.specifier if s.operator == "=="]
            if len(pinned) == 1 and "*" not in pinned[0]:
                return row_of(pinned[0])
    return None


def suits(release: Release, python: str) -> bool:
    """Return whether a release supports a version of Python, such as `3.12`."""
    return python in SpecifierSet(release.python)
