"""Where the last result and the environments of gates are kept: one folder a user.

`DROPOUT_PROPS_CACHE` names another folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

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
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "dropout_props"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "dropout_props"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "dropout_props"
