"""JAX's persistent compilation cache, for the environments that the gate makes.

Compiling takes more than half of the time of a side. JAX's cache finds a compiled program by a hash
of the program, the compiler, its flags and the device, so the next gate does not compile it again.
Some releases of JAX take wrong machine code from the cache; there the gate switches it off.
"""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

__all__ = ["machine", "settings", "takes_wrong_code"]

_WRONG = SpecifierSet(">=0.5.1,<0.6.1")
"""Releases of JAX that take wrong code for some loops from the cache. The program in
docs/findings.md shows it on 0.5.1, 0.5.2, 0.5.3 and 0.6.0; 0.4.38, 0.5.0, 0.6.1, 0.6.2 and 0.7.0
are right."""

_FOLDER = "JAX_COMPILATION_CACHE_DIR"
_SWITCH = "JAX_ENABLE_COMPILATION_CACHE"
_PROCESSOR = ("flags", "model name", "Features")  # lines of Linux; the last one on ARM


def takes_wrong_code(jax: str | None) -> bool:
    """Return whether a release of JAX is known to take wrong code from its cache.

    Args:
        jax: its version. A release that cannot be read counts as one that does.
    """
    try:
        return Version(jax or "") in _WRONG
    except InvalidVersion:
        return True


def settings(folder: Path | None, jax: str | None) -> tuple[dict[str, str], str]:
    """Return the environment variables that set up the cache of a side, and a note for the user.

    Args:
        folder: where JAX keeps what it compiles; JAX makes it. None: the side has no such folder.
        jax: version of the side's JAX. Where it takes wrong code, every cache is switched off.

    Returns:
        The variables; a `JAX_COMPILATION_CACHE_DIR` of the caller is left as it is. The note is
        empty unless a cache is switched off.
    """
    is_callers = _FOLDER in os.environ
    if takes_wrong_code(jax):
        note = (
            f"jax {jax or 'of an unknown version'} may take wrong code from its compilation cache; "
            "the cache is off on this side"
        )
        return {_SWITCH: "false"}, note if folder or is_callers else ""
    if folder is None or is_callers:
        return {}, ""
    variables = {
        _FOLDER: str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",  # a thousand programs of 50 ms
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    return variables, ""


def machine() -> str:
    """Return a short hash of the processor: machine code of one kind may not run on another."""
    words = {platform.machine(), platform.processor()}
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        lines = listed.read_text(encoding="utf-8", errors="replace").splitlines()
        words |= {line for line in lines if line.startswith(_PROCESSOR)}
    return hashlib.blake2b("\n".join(sorted(words)).encode(), digest_size=4).hexdigest()
