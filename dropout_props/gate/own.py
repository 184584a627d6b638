"""Runs on a side: did it import the Flax, JAX and jaxlib of its own interpreter?

Guarantee: a side is refused if it imported another file, or another version than the metadata of
that file states. For an editable install, which may have another version since, the file decides.
"""

from __future__ import annotations

import os
import sys
from importlib import metadata, util
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

__all__ = ["difference"]


def difference(own: dict[str, dict[str, Any]]) -> str:
    """Return a sentence about a module that is not the interpreter's own, or "" if all are.

    Args:
        own: what `probe.module` returned for each module before this package was on the path.
    """
    for name, has in own.items():
        version, file = _imported(name)
        if file is None:  # nothing was imported; the smoke test reports that
            continue
        if _same_file(file, has["file"]) and not _moved(version, has):
            continue
        mine = f"{_named(name, has['version'])} in {has['file']}" if has["file"] else f"no {name}"
        return (
            f"it imported {_named(name, version)} from {file}, but {sys.executable} alone has "
            f"{mine}. This side would judge another {name} than it reports, so nothing was judged. "
            "Remove what puts the other one on its path, or install the environment again."
        )
    return ""


def _named(name: str, version: str | None) -> str:
    return f"{name} {version or 'of an unknown version'}"


def _imported(name: str) -> tuple[str | None, str | None]:
    """Return version and file of a loaded module, or of the one that an import would load."""
    module = sys.modules.get(name)
    if module is not None:
        file = getattr(module, "__file__", None) or ", ".join(getattr(module, "__path__", []))
        return getattr(module, "__version__", None) or _beside(name, file), file
    try:
        spec = util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    return (None, None) if spec is None else (_beside(name, spec.origin), spec.origin)


def _beside(name: str, file: str | None) -> str | None:
    """Return the version in the metadata beside a module."""
    folder = str(Path(file or "").parents[1]) if file else ""
    found = list(metadata.distributions(name=name, path=[folder])) if folder else []
    return found[0].version if found else None


def _same_file(one: str, other: str | None) -> bool:
    if other is None:
        return False
    real = [os.path.normcase(os.path.realpath(path)) for path in (one, other)]
    return real[0] == real[1]


def _moved(version: str | None, has: dict[str, Any]) -> bool:
    """Return whether the loaded version differs from the metadata that list the module's file."""
    if not has["listed"] or version is None:
        return False
    try:
        # Without the local part: jaxlib 0.4.30+cuda12 calls itself 0.4.30.
        return Version(version).public != Version(has["version"]).public
    except InvalidVersion:
        return bool(version != has["version"])
