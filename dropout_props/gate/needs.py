"""The dependencies of this package, and which of them an environment lacks.

They are read from the metadata of the running package, extras left out.
"""

from __future__ import annotations

import re
import shlex
from importlib import metadata
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from pathlib import Path

    from dropout_props.gate.interpreter import Found

__all__ = ["NotInstalled", "lacking", "needs"]

_PACKAGE = "dropout-props"


class NotInstalled(RuntimeError):
    """The running package has no metadata, so its dependencies are not known."""


def needs() -> tuple[Requirement, ...]:
    """Return the requirements of the running package, in order of their names.

    Raises:
        NotInstalled: the package runs from a folder that nobody installed.
    """
    try:
        listed = metadata.requires(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise NotInstalled(
            "dropout_props runs from a folder that is not installed, so its dependencies are not "
            "known. Install it first: `pip install .` in its folder."
        ) from None
    every = [Requirement(one) for one in listed]
    plain = [one for one in every if not re.search(r"\bextra\b", str(one.marker or ""))]
    return tuple(sorted(plain, key=str))


def lacking(interpreter: Path, found: Found) -> str:
    """Return a sentence about missing dependencies with the command that installs them, or "".

    Args:
        interpreter: Python of the environment.
        found: packages of the environment.
    """
    try:
        required = needs()
        found_metadata: Any = metadata.metadata(_PACKAGE)  # typed as a mapping from 3.12 on
        python = found_metadata.get("Requires-Python") or ""
    except (NotInstalled, metadata.PackageNotFoundError):
        return ""  # the dependencies are not known; a missing one shows at its import
    if not SpecifierSet(python).contains(found.python, prereleases=True):
        return (
            f"{interpreter} is Python {found.python}, and dropout_props needs Python {python}: "
            "name another interpreter."
        )
    missing = [
        one
        for one in required
        if (one.marker is None or one.marker.evaluate(found.markers)) and not _has(found, one)
    ]
    if not missing:
        return ""
    words = [f"{one.name}{one.specifier}{_instead(found, one)}" for one in missing]
    plain = [f"{one.name}{one.specifier}" for one in missing]
    command = shlex.join([str(interpreter), "-m", "pip", "install", *plain])
    return (
        f"{interpreter} lacks dependencies of dropout_props: {', '.join(words)}. Install them with "
        f"`{command}`."
    )


def _has(found: Found, one: Requirement) -> bool:
    version = found.installed.get(one.name)
    try:
        return version is not None and one.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:  # "" of a checkout without metadata, or a version in a private scheme
        return True


def _instead(found: Found, one: Requirement) -> str:
    version = found.installed.get(one.name)
    return f" (it has {version})" if version else ""
