"""The user's cache folder, which holds the last result and the environments of gates.

It is the cache folder of the operating system, which platformdirs knows, unless the environment
variable `DROPOUT_PROPS_CACHE` names another.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["folder", "last_result"]


def folder(*parts: str) -> Path:
    """Return a folder of the cache; a missing one is made."""
    path = _root().joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def last_result() -> Path:
    """Return the path of the result of the last `check`; the file may not exist."""
    return _root() / "last-result.json"


def _root() -> Path:
    named = os.environ.get("DROPOUT_PROPS_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    return platformdirs.user_cache_path("dropout_props", appauthor=False)
