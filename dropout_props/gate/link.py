"""Makes the running package, and nothing else, importable in the environment of a side.

Guarantee: the folder that is added to the path of a side holds one entry, `dropout_props`. So both
sides run this version of the package, and import everything else from their own environments. The
entry is a symbolic link, or a copy where the platform makes no links.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
from pathlib import Path

import dropout_props
from dropout_props.results import cache

__all__ = ["folder"]

_NAME = "dropout_props"


def folder() -> Path:
    """Return a folder of the cache that holds the running package and nothing else."""
    source = Path(dropout_props.__file__).parent.resolve()
    try:
        return _linked(source)
    except OSError:  # Windows without the right to make links, or a file system that has none
        return _copied(source)


def _linked(source: Path) -> Path:
    name = hashlib.blake2b(str(source).encode(), digest_size=8).hexdigest()
    place = cache.folder("packages", name)
    link = place / _NAME
    if not (link.is_symlink() and link.exists() and link.samefile(source)):
        # Both sides of a gate may run this at once: each makes a link and renames it.
        own = place.with_name(f".{name}-{os.getpid()}-{threading.get_ident()}")
        own.symlink_to(source, target_is_directory=True)
        try:
            own.replace(link)
        finally:
            own.unlink(missing_ok=True)
    return place


def _copied(source: Path) -> Path:
    """Copy the package to a folder named after its content, so that an edit makes another copy."""
    files = [
        path
        for path in sorted(source.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    digest = hashlib.blake2b(digest_size=8)
    for path in files:
        name = path.relative_to(source).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    place = cache.folder("packages") / f"copy-{digest.hexdigest()}"
    if not place.exists():
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".making-") as temporary:
            whole = Path(temporary) / "folder"
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, whole / _NAME, ignore=ignored)
            try:
                whole.rename(place)
            except OSError:  # another gate has copied it in the meantime
                if not place.exists():
                    raise
    return place
