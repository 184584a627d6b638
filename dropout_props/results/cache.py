"""The cache folder of a user: the last result, and the environments of gates.

platformdirs chooses the folder of the operating system; the environment variable
`DROPOUT_PROPS_CACHE` names another.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["folder", "last_result"]


def folder(*parts: str) -> Path:
    """Return a folder of the cache, made where it is missing."""
    path = _root().joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def last_result() -> Path:
    """Return the file that holds the result of the last `check`, whether it is there or not."""
    return _root() / "last-result.json"


def _root() -> Path:
    named = os.environ.get("DROPOUT_PROPS_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    return platformdirs.user_cache_path("dropout_props", appauthor=False)
