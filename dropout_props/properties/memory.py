"""How much memory is free, so that a case that would not fit is left out and reported."""

from __future__ import annotations

from pathlib import Path

__all__ = ["free_bytes"]

_MEMINFO = Path("/proc/meminfo")
_LIMITS = (  # what a container may use, and what it does use
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


def free_bytes() -> int | None:
    """Return the bytes that a process may still take, or None where the system does not say."""
    found = [free for limit, used in _LIMITS if (free := _below(limit, used)) is not None]
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return min(found, default=None)


def _below(limit: Path, used: Path) -> int | None:
    try:
        return max(0, int(limit.read_text(encoding="ascii")) - int(used.read_text("ascii")))
    except (OSError, ValueError):  # there is no such file, or it says "max"
        return None
